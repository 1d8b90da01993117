"""The native target in processes that end, fork, and have many threads."""

import os
from textwrap import dedent

import pytest
from processes import clean

pytestmark = pytest.mark.long

pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")


USE = """
import gc, threading
import numpy as np, symdiff
x = np.linspace(1, 2, 300_000)
kept = []
class Cycle:
    pass
for k in range(2):
    f = symdiff.compile(f"exp(x)*{k + 2} + log(x)*x", backend="llvm", threads=2)
    g = symdiff.compile(f"sum((a*x - {k + 2})**2)", args="x[n], a", backend="llvm", threads=2)
    f.value_and_grad(x), g.value_and_grad(x, 2.0), f(x[:5]), f(1.5)
    cycle = Cycle()
    cycle.own, cycle.held = cycle, [f, g, f.value_and_grad, f.__call__, f.kernel.first, f.kernel.__dict__]
    kept += [f, g, cycle, f.__call__]
"""


def test_the_interpreter_shuts_down_with_functions_in_globals_and_cycles():
    clean(USE)
    clean(USE + "gc.disable()\ndel f, g, cycle, kept\n")


def test_it_shuts_down_while_threads_compute():
    """Daemons, in native code and out of it, when the main thread ends."""
    clean(
        USE
        + dedent("""
            begun = threading.Barrier(5)
            def work(k):
                first = True
                while True:
                    kept[0](x), kept[1](x, 1.0), kept[0](1.5), kept[0](x[:9])
                    if first:
                        begun.wait()
                        first = False
            for k in range(4):
                threading.Thread(target=work, args=(k,), daemon=True).start()
            begun.wait()
        """),
        times=2,
    )


def test_it_shuts_down_while_threads_compile():
    clean(
        USE
        + dedent("""
            begun = threading.Barrier(4)
            def work(k):
                n = 0
                while True:
                    n += 1
                    symdiff.compile(f"sin(x)*{k}.{n}", backend="llvm")(x[:9])
                    if n == 1:
                        begun.wait()
            for k in range(3):
                threading.Thread(target=work, args=(k,), daemon=True).start()
            begun.wait()
        """),
        times=2,
    )


def test_it_shuts_down_when_functions_are_used_at_exit():
    clean(
        USE
        + dedent("""
            import atexit
            want = kept[0](x)
            def last():
                assert np.array_equal(kept[0](x), want)
                assert symdiff.compile("x*3 + 7", backend="llvm")(x[:8])[0] == 10
            atexit.register(last)
            class Late:
                def __del__(self):
                    self.f(self.x[:8])
            late = Late()
            late.f, late.x, late.late = kept[0], x, late
        """)
    )


def test_many_threads_compile_and_call_at_once():
    """Each its own formulas, all the same ones, and derivatives of one Function."""
    clean("""
        import threading
        import numpy as np, symdiff
        x = np.linspace(1, 2, 50_000)
        shared = symdiff.compile("x**3*sin(y)", backend="llvm", threads=2)
        begun, wrong = threading.Barrier(5), []
        def work(k):
            try:
                begun.wait()
                for n in range(4):
                    for f in (
                        symdiff.compile(f"x*{n + 2}", backend="llvm", threads=2),
                        symdiff.compile(f"x*{n + 2} + 0*{k}*x", backend="llvm", threads=2),
                    ):
                        assert np.array_equal(f(x), x*(n + 2)), (k, n)
                        assert f(1.5) == 1.5*(n + 2)
                    g = symdiff.compile(f"sum(x*{n + 1}.5)", args="x[n]", backend="llvm", threads=2)
                    assert np.isclose(g(x), x.sum()*(n + 1.5), rtol=1e-13)
                    assert np.array_equal(g.grad(x).x, np.full(x.size, n + 1.5))
                for member in ("grad", "hvp", "value_and_grad", "hessian"):
                    args = [x] * (4 if member == "hvp" else 2)
                    getattr(shared, member)(*args)
                assert np.allclose(shared.grad(x, x).x, 3*x*x*np.sin(x), rtol=1e-13)
            except BaseException as error:
                wrong.append(repr(error))
        threads = [threading.Thread(target=work, args=(k,)) for k in range(5)]
        for t in threads: t.start()
        for t in threads: t.join()
        assert not wrong, wrong[:2]
    """)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_children_of_a_process_whose_threads_compile_and_compute():
    """Python 3.12 warns of a fork with threads; that is the user's, and other warnings are errors."""
    clean(
        USE
        + dedent("""
            import os, sys, warnings
            warnings.simplefilter("ignore", DeprecationWarning)
            done = threading.Event()
            def work(k):
                n = 0
                while not done.is_set():
                    n += 1
                    symdiff.compile(f"cos(x)*{k}.{n}", backend="llvm", threads=2)(x)
            threads = [threading.Thread(target=work, args=(k,), daemon=True) for k in range(2)]
            for t in threads: t.start()
            want = kept[0](x)
            for k in range(3):
                pid = os.fork()
                if pid == 0:
                    good = np.array_equal(kept[0](x), want) and np.isfinite(kept[1].grad(x, 2.0).x).all()
                    fresh = symdiff.compile(f"x*2 + {k + 100}", backend="llvm", threads=2)
                    os._exit(0 if good and np.array_equal(fresh(x), x*2 + (k + 100)) else 3)
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            done.set()
            for t in threads: t.join()
        """)
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_may_call_what_a_thread_compiled_when_the_process_forked():
    """The thread that holds the lock of the Function is not there in the child."""
    clean("""
        import os, threading, time, warnings
        import numpy as np, symdiff
        warnings.simplefilter("ignore", DeprecationWarning)
        f = symdiff.compile(" + ".join(f"sin({k}*x)" for k in range(1, 600)), backend="llvm")
        x = np.linspace(0, 1, 50)
        thread = threading.Thread(target=f, args=(x,))
        thread.start()
        while not f.kernel.made.get("native"):
            time.sleep(0.001)
        while not f.kernel.native_points.codes._lock.locked():
            time.sleep(0.001)
        pid = os.fork()
        if pid == 0:
            os._exit(0 if np.isfinite(f(x)).all() else 3)
        end = time.monotonic() + 60
        while (found := os.waitpid(pid, os.WNOHANG))[0] == 0 and time.monotonic() < end:
            time.sleep(0.01)
        if not found[0]:
            os.kill(pid, 9)
        assert found == (pid, 0)
        thread.join()
    """)


def test_threads_that_need_the_crew_at_the_same_time_get_the_same_code():
    """The code of a second crew would be freed while its threads run it."""
    clean("""
import threading
from symdiff.runtime import native
begun, found = threading.Barrier(4), []
def work():
    begun.wait()
    found.append(native.crew_code())
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(found) == 4 and len(set(map(id, found))) == 1
""")
