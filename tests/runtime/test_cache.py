"""What a process keeps is bounded: Functions, native code, and what is known of patterns of arguments; `clear_cache`."""

import gc
import itertools
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from processes import clean
from tables import each

import symdiff
from symdiff.api import compiler
from symdiff.runtime import native

pytestmark = pytest.mark.long

X = np.linspace(0.5, 1.5, 20)
needs_llvm = pytest.mark.skipif(
    pytest.importorskip("importlib.util").find_spec("llvmlite") is None,
    reason="the extra symdiff-compiler[llvm] is not installed",
)


@pytest.fixture(autouse=True, scope="module")
def _without_what_other_tests_left():
    """Leave what other tests made out of the collections of garbage, of which there are many here."""
    symdiff.clear_cache()
    gc.collect()
    gc.freeze()


def engines():
    """How many engines of native code there are, whoever refers to them."""
    gc.collect()
    return len(native._engines)


def patterns(count):
    return itertools.islice((p for p in itertools.product([True, False], repeat=8) if any(p)), count)


def called_with_patterns(f, count):
    for pattern in patterns(count):
        given = [X + k if varies else 1.0 + k for k, varies in enumerate(pattern)]
        np.testing.assert_allclose(f(*given), sum((k + 1) * np.exp(a) for k, a in enumerate(given)), rtol=1e-12)


MANY = " + ".join(f"{k + 1}*exp(x{k})" for k in range(8))


# Native code


@needs_llvm
def test_a_finalizer_can_call_code_that_is_garbage_together_with_its_object():
    found = []

    class Holder:
        def __init__(self):
            self.f, self.own = symdiff.compile("x*y + sin(x)/7", backend="llvm"), self
            self.f(0.0, 1.0)
            self.f(X, X)

        def __del__(self):
            found.extend([self.f(0.0, 3.0), self.f(0 * X, X).tolist()])

    Holder()
    compiler._CACHE.clear()
    gc.collect()
    assert found == [0.0, [0.0] * len(X)]


@needs_llvm
def test_a_function_keeps_code_for_the_patterns_of_arguments_that_came_last(monkeypatch):
    monkeypatch.setattr(native, "_MOST", 4)
    symdiff.clear_cache()
    before = engines()
    f = symdiff.compile(MANY, backend="llvm")
    called_with_patterns(f, 12)
    f(*[1.0] * 8)
    f(*[X.astype(np.float32)] * 8)
    assert engines() - before == len(f.kernel.native_points.codes.kept) == 4
    called_with_patterns(f, 12)  # what was dropped is made again
    assert engines() - before == 4


@needs_llvm
def test_the_bounds_are_those_that_the_documentation_gives():
    assert (native._MOST, native._ROOM, compiler._CACHED, compiler._ROWS) == (32, 64 << 20, 512, 1_000_000)


@needs_llvm
def test_a_process_keeps_the_code_that_was_asked_for_last(monkeypatch):
    symdiff.clear_cache()
    f = symdiff.compile("x*1.25", backend="llvm")
    f(X)
    size = next(iter(f.kernel.native_points.codes.kept.values())).size
    monkeypatch.setattr(native, "_ROOM", 10 * size)
    held = []
    for k in range(30):
        g = symdiff.compile(f"x*{k}.5 + 1", backend="llvm")
        np.testing.assert_array_equal(g(X), X * (k + 0.5) + 1)
        held.append(g)
        f(X[:, None], 2.0) if len(f.args) == 2 else f(X.astype(np.float32))  # it stays in use
    assert native.pieces() == engines() <= 10
    assert len(f.kernel.native_points.codes.kept) >= 1
    assert held[-1].kernel.native_points.codes.kept
    assert not held[0].kernel.native_points.codes.kept
    for k, g in enumerate(held):
        np.testing.assert_array_equal(g(X), X * (k + 0.5) + 1)
        assert g(2.0) == 2 * (k + 0.5) + 1
    assert native.pieces() == engines() <= 10


@needs_llvm
def test_code_that_is_larger_than_the_room_is_kept_alone(monkeypatch):
    symdiff.clear_cache()
    monkeypatch.setattr(native, "_ROOM", 1)
    f, g = (symdiff.compile(text, backend="llvm") for text in ("x*3", "x*4"))
    for _ in range(3):
        np.testing.assert_array_equal(f(X), 3 * X)
        np.testing.assert_array_equal(g(X), 4 * X)
        assert engines() == 1


WAYS = {
    "floats": ("x*exp(y) + 2", None, (1.5, 0.5)),
    "arrays": ("x*exp(y) + 2", None, (X, X)),
    "arrays and numbers": ("x*exp(y) + 2", None, (X, 0.5)),
    "rows": ("x*exp(y) + 2", None, (X[:, None], X)),
    "single precision": ("x*exp(y) + 2", None, (X.astype(np.float32), X.astype(np.float32))),
    "strips": ("x*exp(y) + 2", None, (np.linspace(0, 1, 300_000), np.linspace(0, 1, 300_000))),
    "a point": ("sum(x*exp(y)) + 2", "x[n], y", (X, 0.5)),
    "elements": ("sum(x*exp(y)) + 2", "x[n], y", (np.tile(X, (5, 1)), 0.5)),
    "elements in strips": ("sum(x*exp(y)) + 2", "x[n], y", (np.linspace(0, 1, 300_000), 0.5)),
}


@needs_llvm
@each(("text", "args", "point"), WAYS.values(), ids=WAYS)
def test_clearing_frees_code_on_every_way_to_it_and_functions_make_it_again(text, args, point):
    symdiff.clear_cache()
    assert native.pieces() == engines() == 0
    f = symdiff.compile(text, args=args, backend="llvm").value_and_grad
    expected = symdiff.compile(text, args=args).value_and_grad(*point)
    rtol = 1e-5 if point[0] is WAYS["single precision"][2][0] else 1e-12
    for _ in range(3):
        for _ in range(3):
            got = f(*point)
            np.testing.assert_allclose(got.value, expected.value, rtol=rtol)
            np.testing.assert_allclose(np.asarray(got.grad[0]), expected.grad[0], rtol=rtol)
        assert native.pieces() == engines() >= 1
        symdiff.clear_cache()
        assert native.pieces() == engines() == 0


@needs_llvm
def test_code_that_a_call_is_running_is_not_freed(monkeypatch):
    """In native code that runs on several threads, the caller's too, everything is dropped."""
    symdiff.clear_cache()
    f = symdiff.compile("exp(sin(x)*cos(x)) + log(x)", backend="llvm", threads=2)
    x = np.linspace(1, 2, 2_000_000)
    expected = f(x)
    wrong = []

    def work():
        for _ in range(5):
            wrong.extend([1] * (not np.array_equal(f(x), expected)))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        symdiff.clear_cache()
    for thread in threads:
        thread.join()
    assert not wrong
    symdiff.clear_cache()
    assert engines() == 0


@needs_llvm
def test_threads_call_compile_and_clear_at_once():
    clean("""
        import threading, random
        import numpy as np, symdiff
        from symdiff.runtime import native
        native._ROOM, native._MOST = 20 * native._AROUND, 3
        x = np.linspace(1, 2, 500)
        big = np.linspace(1, 2, 300_000)
        fs = [symdiff.compile(f"x*y + {k}*x", backend="llvm", threads=2) for k in range(8)]
        gs = [symdiff.compile(f"sum(x*y) + {k}", args="x[n] y", backend="llvm", threads=2) for k in range(8)]
        done, wrong = threading.Event(), []
        def work(seed):
            draw = random.Random(seed)
            try:
                for n in range(8):
                    k = draw.randrange(8)
                    f, g = fs[k], gs[k]
                    a, b = draw.choice([(x, x), (x, 2.0), (2.0, x), (1.5, 2.5), (big, big), (x[:, None], x[:9])])
                    assert np.array_equal(f(a, b), a*b + k*a), (k, a, b)
                    assert np.isclose(g(x, 2.0), x.sum()*2 + k, rtol=1e-13)
                    assert np.isclose(g(big, 2.0), big.sum()*2 + k, rtol=1e-13)
            except BaseException as error:
                wrong.append(repr(error))
        def clear():
            while not done.wait(0.02):
                symdiff.clear_cache()
        threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
        clearing = threading.Thread(target=clear)
        clearing.start()
        for t in threads: t.start()
        for t in threads: t.join()
        done.set()
        clearing.join()
        assert not wrong, wrong[:2]
        assert native.pieces() <= 20
    """)


@needs_llvm
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_clears_without_its_parent():
    clean("""
        import os, threading, warnings
        import numpy as np, symdiff
        from symdiff.runtime import native
        warnings.simplefilter("ignore", DeprecationWarning)
        x = np.linspace(1, 2, 300_000)
        fs = [symdiff.compile(f"x*{k} + 1", backend="llvm", threads=2) for k in range(2, 6)]
        want = [f(x) for f in fs]
        done = threading.Event()
        def work():
            n = 0
            while not done.is_set():
                n += 1
                symdiff.compile(f"cos(x)*1.{n}", backend="llvm", threads=2)(x[:100])
                symdiff.clear_cache()
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        for k in range(3):
            pid = os.fork()
            if pid == 0:
                symdiff.clear_cache()
                good = native.pieces() == 0 and all(np.array_equal(f(x), w) for f, w in zip(fs, want))
                os._exit(0 if good and native.pieces() == 4 else 3)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            assert all(np.array_equal(f(x), w) for f, w in zip(fs, want))
        done.set()
        thread.join()
    """)


@needs_llvm
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell the memory of a process")
def test_native_code_takes_little_memory_and_clearing_gives_it_back():
    """Sixty engines with a target machine each took 55 MB."""
    clean("""
        import os, pathlib
        import numpy as np, symdiff
        def resident():
            return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        x = np.linspace(1, 2, 50)
        def use(first, count):
            for k in range(first, first + count):
                f = symdiff.compile(f"exp(x)*{k}.5 + sin(y)*x", backend="llvm")
                f(x, x), f(x, 1.0), f(1.0, 1.0)
        use(0, 3)
        before = resident()
        use(100, 20)
        grown = resident() - before
        assert grown < 20e6, grown
        symdiff.clear_cache()
        left = resident() - before
        assert left < grown / 2 + 1e6, (left, grown)
    """)


# Functions, and what is known of patterns


def test_functions_are_kept_up_to_a_number_of_rows(monkeypatch):
    monkeypatch.setattr(compiler, "_CACHE", compiler._Cache())
    monkeypatch.setattr(compiler, "_ROWS", 100)
    small = symdiff.compile("x + 1")
    texts = [" + ".join(f"x{j}" for j in range(20 + k)) for k in range(10)]
    last = [symdiff.compile(text) for text in texts][-1]
    assert symdiff.compile(texts[-1]) is last
    assert symdiff.compile("x + 1") is not small
    assert sum(len(f.program.graph.rows) for f in compiler._CACHE._kept.values()) <= 100
    large = " + ".join(f"x{j}" for j in range(500))
    assert symdiff.compile(large) is symdiff.compile(large)
    assert len(compiler._CACHE._kept) == 1
    f = symdiff.compile("x + 1")
    assert symdiff.compile("x + 1") is f
    assert compiler._CACHE._rows == len(f.program.graph.rows)


def test_clearing_forgets_functions_and_leaves_them_as_they_are():
    f = symdiff.compile("x*y")
    gradient = f.grad
    assert f(2.0, 3.0) == 6.0
    symdiff.clear_cache()
    assert symdiff.compile("x*y") is not f
    assert symdiff.compile("x*y") == f
    assert f(2.0, 3.0) == 6.0
    assert f.grad is gradient


def test_clearing_frees_functions():
    f = symdiff.compile("cleared*x + 1")
    f.grad(1.0, 2.0)
    f.grad(X, 2.0)
    seen = "<symdiff grad "
    import linecache

    count = sum(name.startswith(seen) for name in linecache.cache)
    assert count
    del f
    symdiff.clear_cache()
    assert sum(name.startswith(seen) for name in linecache.cache) < count


def test_what_is_known_of_patterns_of_arguments_is_bounded():
    f = symdiff.compile(MANY)
    called_with_patterns(f, 200)
    assert len(f.kernel.made) < 20


def test_the_nearest_name_of_a_module_is_shown():
    with pytest.raises(AttributeError, match="did you mean 'clear_cache'"):
        symdiff.clear_caches  # noqa: B018
