"""The native target: the numbers, shapes, warnings and errors of the NumPy target."""

import gc
import os
import random
import subprocess
import sys
import threading
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from backends import both, leaves
from native_code import EXAMPLE, SPECIAL, USERS, agree, check_operations, reported
from primitives import call_of
from random_formulas import NAMES as SMOOTH_NAMES
from random_formulas import problems
from strategies import NAMES
from tables import each

import symdiff
from symdiff.runtime.strips import run_in_one_piece

pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")

ids = {"ids": lambda p: p.name}


@each("arity", [1, 2, 3])
def test_every_operation(arity):
    assert "define i32 @run" in check_operations(arity)


@pytest.mark.usefixtures("unoptimised")
@each("primitive", [p for p in USERS if p.partials[0] != "0"], **ids)
def test_the_gradient_of_every_operation_at_special_values(primitive):
    """Infinities, NaN, signed zeros, subnormal and huge numbers, in vectors and in what is left of one."""
    if primitive.name in ("gamma", "lgamma"):
        pytest.skip("there are no native derivatives")
    f, g = both(call_of(primitive), args=primitive.parameters)
    values = SPECIAL[::2] if primitive.arity == 3 else SPECIAL
    args = [np.append(a.ravel(), [1.0] * 3) for a in np.meshgrid(*[values] * primitive.arity)]
    assert f.value_and_grad.backend == "llvm"
    agree(f.value_and_grad, g.value_and_grad, args, most=16)


@pytest.mark.usefixtures("unoptimised")
@each("primitive", [p for p in USERS if p.kinks], **ids)
def test_kinks(primitive):
    f = symdiff.compile(call_of(primitive), args=primitive.parameters, backend="llvm")
    for point, expected in primitive.kinks:
        with np.errstate(all="ignore"):
            for dtype in (np.float64, np.float32):
                found = f.grad(*[np.full(19, a, dtype) for a in point])
                np.testing.assert_array_equal([[d[2], d[18]] for d in found], [[e, e] for e in expected])


@each(
    ("text", "args"),
    [
        ("A @ x", "A[m,n], x[n]"),
        ("[x, y] @ [y, x]", "x, y"),
        ("A.T @ A", "A[m,n]"),
    ],
)
def test_arrays_inside_of_a_formula_fall_back(text, args):
    f, g = both(text, args=args)
    assert f.backend == f.vjp.backend == "numpy"
    draw = np.random.default_rng(0)
    sizes = {"n": 5, "m": 4, "k": 3}
    for loop in ((), (6,)):
        cores = [tuple([sizes[str(dim)] for dim in core]) for core in f.cores]
        arguments = [draw.uniform(1, 2, loop + core) for core in cores]
        np.testing.assert_array_equal(f(*arguments), g(*arguments))


def test_what_has_no_native_spelling_falls_back():
    f, g = both("digamma(x)*y")
    assert f.backend == "numpy"
    args = np.linspace(1, 2, 50), np.ones(50)
    np.testing.assert_array_equal(f(*args), g(*args))
    with pytest.raises(ValueError, match="digamma"):
        f.source_for("llvm")
    assert symdiff.compile("gamma(x)", backend="llvm").backend == "llvm"
    assert symdiff.compile("gamma(x)", backend="llvm").grad.backend == "numpy"


def test_backend_is_inherited_and_part_of_the_key():
    f, g = both(EXAMPLE)
    assert f is not g
    assert f is symdiff.compile(EXAMPLE, backend="llvm")
    assert g.backend == g.grad.backend == "numpy"
    for made in (f.grad, f.jvp, f.vjp, f.hvp, f.diff("x1"), f.grad.vjp, f.value_and_grad):
        assert made.backend == "llvm"
        assert "define i32 @run" in made.source_for("llvm")
        assert made.source_for("llvm") == made.source_for("llvm")
    assert f(2.0, 5.0) == g(2.0, 5.0)
    assert f.source == g.source


@pytest.mark.usefixtures("unoptimised")
def test_random_smooth_programs():
    for text, point in islice(problems(random.Random(7)), 24):  # noqa: S311 - not cryptography
        f, g = both(text, args=SMOOTH_NAMES)
        args = [np.full(9, p) for p in point]
        for one, other in ((f, g), (f.grad, g.grad)):
            with np.errstate(all="ignore"):
                got, want = np.array(leaves(one(*args))), np.array(leaves(other(*args)))
            assert np.allclose(got, want, rtol=1e-9, atol=1e-9 * np.max(np.abs(want), initial=1), equal_nan=True), text


SHAPES = [
    [(40, 30), (40, 30)],
    [(400, 1), (1, 500)],
    [(40, 500), (500,)],
    [(500, 40), (500, 1)],
    [(), (70000,)],
    [(70000,), ()],
    [(1,), (700,)],
    [(11, 1, 1), (1, 13, 1)],
    [(11, 1, 90), (13, 90)],
    [(3, 1, 100), (1, 7, 1)],
    [(2, 3, 1, 5), (4, 1)],
    [(300, 70, 3), (70, 1)],
    [(0, 400), (400,)],
    [(1, 1), (1,)],
    [(7,), (7,)],
    [(8,), (8,)],
]


@each("threads", [1, 3])
@each("shapes", SHAPES, ids=str)
def test_shapes(shapes, threads):
    f, g = both("exp(-x1)*x2 + 2, x1, 3, x1, x2 - 1", threads=threads)
    draw = np.random.default_rng(0)
    args = [draw.uniform(0.5, 2, shape) for shape in shapes]
    agree(f, g, args)
    agree(f.vjp, g.vjp, [*args, *[np.ones(np.broadcast_shapes(*shapes))] * 5])


LAYOUTS = {
    "fortran": np.asfortranarray,
    "every other": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "backwards": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "read-only": lambda a: np.lib.stride_tricks.as_strided(a, writeable=False),
    "single": lambda a: a.astype(np.float32),
    "integer": lambda a: (10 * a).astype(np.int16),
    "bool": lambda a: a > 1,
    "unaligned": lambda a: np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape),
    "list": lambda a: a.tolist(),
}


PLACES = [(6, 5), (300, 200), (3, 20_000)]


@each(("layout", "shape"), [(layout, PLACES[(k + j) % 3]) for k, layout in enumerate(LAYOUTS) for j in (0, 1)])
def test_layouts_and_dtypes(layout, shape):
    f, g = both(EXAMPLE)
    draw = np.random.default_rng(0)
    x1, x2 = draw.uniform(1.1, 3, shape), draw.uniform(1.1, 3, shape)
    changed = LAYOUTS[layout]
    for args in (
        (changed(x1), x2),
        (x1, changed(x2)),
        (changed(x1), changed(x2)),
        (changed(x1), 2),
        (1.5, changed(x2)),
    ):
        for one, other in ((f, g), (f.value_and_grad, g.value_and_grad)):
            with np.errstate(all="ignore"):
                got, want = leaves(one(*args)), leaves(other(*args))
            for a, b in zip(got, want, strict=True):
                assert (a.shape, a.dtype) == (b.shape, b.dtype)
                np.testing.assert_allclose(a, b, rtol=1e-5 if a.dtype == np.float32 else 1e-13, atol=1e-13)


@each("text", ["x**2*y + sin(z)", "exp(x*y*z)", "x + y", "x*y + where(z > 0, z**3, y*z)"])
@each("shape", [(50,), (3, 70), (40_000,), (0,)])
def test_matrices_of_derivatives(text, shape):
    f, g = both(text, args="x, y, z")
    args = np.random.default_rng(0).uniform(-1, 1, (3, *shape))
    for name in ("jacobian", "hessian", "value_and_jacobian"):
        one, other = getattr(f, name), getattr(g, name)
        assert one.backend == "llvm"
        for some in (args, [args[0], 0.5, args[2]]):
            agree(one, other, some, most=16, least=1)
    agree(f.hessian.coo, g.hessian.coo, args, most=16, least=1)
    want = g.hessian(*args)
    for out in (
        np.full((*shape, 3, 3), np.nan),
        np.full((*shape, 3, 6), np.nan)[..., ::2],
        np.full((*shape, 3, 3), np.nan).swapaxes(-1, -2),
        np.full((3, 3, *shape), np.nan).transpose(*range(2, len(shape) + 2), 0, 1),
        np.full((*shape, 3, 3), np.nan, np.float32),
    ):
        assert f.hessian(*args, out=out) is out
        close = 1e-6 if out.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(out, want, rtol=close, atol=close)
    room = np.empty((*shape, 3, 3))
    room[..., 1, 2] = args[0]
    assert f.hessian(room[..., 1, 2], *args[1:], out=room) is room
    np.testing.assert_allclose(room, want, rtol=1e-12, atol=1e-12)


def test_refused_dtypes_and_complex():
    f, g = both("exp(x)*x")
    with pytest.raises(TypeError, match="float16"):
        f(np.ones(3, np.float16))
    with pytest.raises(TypeError, match="is text"):
        f(np.array(["a"]))
    x = np.linspace(0, 1, 40) * (1 + 2j)
    np.testing.assert_array_equal(f(x), g(x))


@each("size", [5, 1000, 200_000])
def test_out(size):
    f, g = both(EXAMPLE)
    x1, x2 = np.linspace(1, 2, size), np.linspace(2, 3, size)
    want = g(x1, x2)
    for out in (np.empty(size), np.empty(2 * size)[::2], np.empty(size, ">f8"), np.empty((2, size))[1]):
        assert f(x1, x2, out=out) is out
        np.testing.assert_allclose(out, want, rtol=1e-13)
    single = np.empty(size, np.float32)
    f(x1, x2, out=single)
    np.testing.assert_allclose(single, want, rtol=1e-6)
    own, shifted = x1.copy(), np.append(x1, 9.0)
    f(own, x2, out=own)
    np.testing.assert_allclose(own, want, rtol=1e-13)
    f(shifted[:-1], x2, out=shifted[1:])
    np.testing.assert_allclose(shifted[1:], want, rtol=1e-13)
    with pytest.raises(symdiff.ShapeError, match="out="):
        f(x1, x2, out=np.empty(size + 1))
    with pytest.raises(TypeError, match="read-only"):
        f(x1, x2, out=np.broadcast_to(0.0, size))
    value, grad = np.empty(size), tuple(np.empty((2, size)))
    made = f.value_and_grad(x1, x2, out=(value, grad))
    assert made.value is value
    assert made.grad[1] is grad[1]


def test_results_have_their_own_memory():
    f, _ = both("x, x, 2, x*y, x*y")
    for size in (5, 5, 100_000):
        x, y = np.ones(size), np.ones(size)
        made = f(x, y)
        for k, one in enumerate(made):
            assert one.flags.owndata
            assert not any(np.shares_memory(one, other) for other in (x, y, *made[:k]))


# Floating-point errors: what NumPy reports, where it reports it


@each("size", [7, 1000, 100_000, 600_000])
@each("text", ["log(x)", "1/x + exp(1000*x)", "where(x > 0, log(x), 0)", "sqrt(x - 1)*x", "x**2.5", "x*1e308*10"])
def test_warnings_are_those_of_numpy(text, size):
    f, g = both(text)
    good, bad = np.linspace(1.0, 1.5, size) / 2.2, np.linspace(1, 2, size)
    bad[size // 2] = 0.0
    bad[size // 3] = -1.0
    for x in (bad, good, bad):
        for one, other in ((f, g), (f.grad, g.grad)):
            assert sorted(reported(one, x)) == sorted(reported(other, x))


@each("size", [10, 100_000])
def test_errors_are_raised_and_ignored_as_the_caller_asks(size):
    f, _ = both("log(x) + exp(-1000*x)")
    x = np.ones(size)
    for bad, kind in ((0.0, "divide"), (-0.5, "invalid"), (1.0, "under"), (-1.0, "over")):
        x[-1] = bad
        f(x[:5])  # the entry has been opened
        with np.errstate(all="ignore"):
            assert reported(f, x) == []
        with np.errstate(**{"all": "ignore", kind: "raise"}), pytest.raises(FloatingPointError):
            f(x)
        seen = []
        with np.errstate(**{"all": "ignore", kind: "call"}, call=lambda *a, seen=seen: seen.append(a)):
            f(x)
        assert seen


def test_no_error_where_there_is_none():
    f, _ = both("where(x > 0, log(x)/x, maximum(x, -1)*sinc(x)) + hypot(x, y) % 3 + round(y)*arctan2(x, y)")
    x, y = np.linspace(-2, 2, 1001), np.linspace(0.1, 1, 1001)
    with np.errstate(all="raise", under="ignore"):
        for g in (f, f.grad):
            g(x, y)
            g(x, 0.5)
            g(x[:, None], y[:50])


# Long programs, threads, processes, memory


def test_long_programs_are_cut(monkeypatch):
    monkeypatch.setattr("symdiff.emit.llvm.PART", 7)
    text = "+".join(f"sin({k + 1}*x*y)*where(x > {k}, exp(y), z/{k + 2})" for k in range(9))
    f, g = (symdiff.compile(text, args=NAMES, backend=b, threads=5).value_and_grad for b in ("llvm", "numpy"))
    assert "@part0.9" in f.source_for("llvm")
    draw = np.random.default_rng(0)
    for args in (draw.uniform(-1, 9, (3, 100)), [2.0, draw.uniform(0, 1, 77), 3.0], [draw.uniform(0, 1, 77), 1.0, 2.0]):
        with np.errstate(all="ignore"):
            for one, other in zip(leaves(f(*args)), leaves(g(*args)), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.usefixtures("unoptimised")
def test_a_very_long_program():
    text = " + ".join(f"sin({k}*x)*y" for k in range(1, 2500))
    f, g = both(text)
    assert f.source_for("llvm").count("define") > 4
    x, y = np.linspace(0, 1, 20), np.linspace(1, 2, 20)
    np.testing.assert_allclose(f(x, y), g(x, y), rtol=1e-9, atol=1e-9)


@each("threads", [1, 2, 5, None])
def test_threads_agree(threads):
    f, g = both("sin(x)*exp(y)", threads=threads)
    x, y = np.random.default_rng(0).uniform(-1, 1, (2, 500_003))
    agree(f.value_and_grad, g.value_and_grad, (x, y), most=16)


@each("threads", [1, 2, 3, 7])
@each("count", [1, 65, 4096, 4097, 8192, 70_001, 2**18 + 1, 2**19])
def test_strips_meet_at_their_edges(count, threads):
    f = symdiff.compile("x*y + 1", backend="llvm")
    code = f.kernel.native_points.code(np.dtype(float), (True, True))
    room = [np.full(count + 8, 7.0) for _ in range(3)]
    x, y, out = (a[3 + k : 3 + k + count] for k, a in enumerate(room))  # of which none is aligned as another is
    x[:], y[:] = np.arange(count), np.arange(count)[::-1]
    options = {"share": 1, "threads": threads, "judge": None}
    for _ in range(5):
        out[:] = 0
        run_in_one_piece(code, [x, y], [(out, None)], count, **options)
        assert np.array_equal(out, x * y + 1)
    assert np.all(room[2][:5] == 7)
    assert np.all(room[2][5 + count :] == 7)


def test_many_threads_at_once():
    f = symdiff.compile("x*cos(y) + 12345", backend="llvm")
    x, y = np.random.default_rng(0).uniform(-1, 1, (2, 50_000))
    want = x * np.cos(y) + 12345
    wrong = []

    def run(k):
        for size in (100 + k, 50_000):
            wrong.extend([size] * (not np.allclose(f(x[:size], y[:size]), want[:size])))
        g = symdiff.compile(f"x*{k + 2}.5", backend="llvm")
        if not np.array_equal(g(x), x * (k + 2.5)):
            wrong.append(k)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_fork():
    code = (
        "import os, sys, numpy as np, symdiff\n"
        "x = np.linspace(1, 2, 300_000)\n"
        "f = symdiff.compile('log(x)*x', backend='llvm', threads=2)\n"
        "want = f(x)\n"
        "pid = os.fork()\n"
        "good = np.array_equal(f(x), want) and np.allclose(symdiff.compile('x+7', backend='llvm')(x), x + 7)\n"
        "if pid == 0:\n"
        "    os._exit(0 if good else 3)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) or (0 if good else 4))\n"
    )
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert not run.stderr


STATM = Path("/proc/self/statm")


def resident():
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.usefixtures("unoptimised")
@pytest.mark.skipif(not STATM.exists(), reason="the system does not tell the memory of a process")
def test_dropped_functions_leave_no_code_behind():
    from symdiff.api.compiler import function_of
    from symdiff.pipeline import recipe_of

    def make(k):
        function_of(recipe_of(f"exp(x)*{k}.25 + log(x)", backend="llvm"))(np.ones(10))

    for k in range(20):
        make(k)
    gc.collect()
    before = resident()
    for k in range(60):
        make(k + 1000)
    gc.collect()
    assert resident() - before < 4e6  # 60 engines take some 7.5 MB


def test_without_llvmlite():
    code = (
        "import sys\n"
        "sys.modules['llvmlite'] = None\n"
        "import symdiff\n"
        "print(symdiff.compile('x*2')(3))\n"
        "try:\n"
        "    symdiff.compile('x*2', backend='llvm')\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[0] == "6.0"
    assert "pip install 'llvmlite" in run.stdout


def test_special_functions_without_scipy():
    code = (
        "import sys\n"
        "sys.modules['scipy'] = None\n"
        "import math, numpy as np, symdiff\n"
        "f = symdiff.compile('erf(x) + lgamma(x)', backend='llvm')\n"
        "print(np.ptp(f(np.ones(11)) - math.erf(1)) < 1e-15)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "True"


def test_llvmlite_is_imported_when_it_is_asked_for():
    code = (
        "import sys, symdiff, numpy as np\n"
        "symdiff.compile('x*2')(np.ones(5))\n"
        "assert 'llvmlite' not in sys.modules\n"
        "symdiff.compile('x*2', backend='llvm')(np.ones(5))\n"
        "assert 'llvmlite' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_processor_without_vector_functions(monkeypatch):
    """Where the C library has none, its scalar functions are called for each lane."""
    from symdiff.emit.llvm import Machine
    from symdiff.runtime import native

    monkeypatch.setattr(native, "machine", Machine)
    text = "log(x) + erf(y)*tanh(x*y) + hypot(x, y) + lgamma(x)"
    f = symdiff.compile(text, args="x, y", backend="llvm", threads=7)
    g = symdiff.compile(text, args="x, y")
    assert "@each.log" in f.source_for("llvm")
    assert "<2 x double>" in f.source_for("llvm")
    args = np.random.default_rng(0).uniform(0.5, 2, (2, 101))
    for _ in range(2):
        np.testing.assert_allclose(f(*args), g(*args), rtol=1e-14)


@each("pattern", [(True, False), (False, True)])
def test_what_is_the_same_along_a_row_is_computed_in_front_of_the_loop(pattern):
    f = symdiff.compile("exp(a)*x", args="a, x", backend="llvm")
    text = f.kernel.native_points.source(varying=pattern)
    start = text.index("define internal void @vectors")
    call, loop = text.index("call <", start), text.index("\nloop:\n", start)
    assert (call < loop) is (pattern == (False, True))


class Own(np.ndarray):
    """A class of arrays of its own."""


def test_arguments_that_are_not_alike_take_the_long_way():
    f, g = both("x*y + exp(x)")
    x = np.linspace(0.1, 1, 12)
    f(x, x)  # the entry has been opened
    others = (0.5, 2, True, np.float64(0.5), np.float32(0.5), np.array(0.5), [0.5] * 12, x[:1], x.reshape(1, 12))
    others += (x.astype(">f8"), x.astype(np.float32), np.arange(12), x + 0j, np.repeat(x, 2)[::2], x[::-1])
    for other in others:
        for args in ((x, other), (other, x)):
            got, want = f.value_and_grad(*args), g.value_and_grad(*args)
            for one, expected in zip(leaves(got), leaves(want), strict=True):
                assert one.dtype == expected.dtype
                np.testing.assert_allclose(one, expected, rtol=1e-14)
    np.testing.assert_allclose(f(x, x.view(Own)), g(x, x))
    for wrong in (None, object(), "text", (), x[:5]):
        with pytest.raises((TypeError, ValueError)):
            f(x, wrong)
    with pytest.raises(TypeError):
        f(x)
    with pytest.raises(TypeError):
        f(x, x, x)
    assert f(x[:0], x[:0]).shape == (0,)


def test_code_is_compiled_in_threads_of_small_stacks():
    code = """
import threading
import numpy as np
import symdiff
f = symdiff.compile(" + ".join(f"sin(x{k})*x{(k + 1) % 100}" for k in range(100)), backend="llvm").grad
threading.stack_size(1 << 16)
threads = [threading.Thread(target=lambda: f(*[0.5]*100)) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert threading.stack_size() == 1 << 16
for count in (128, 250):
    g = symdiff.compile(" + ".join(f"sin(x{k})*x{(k + 1) % count}" for k in range(count)), backend="llvm").grad
    thread = threading.Thread(target=lambda: g(*[np.full(500, 0.5)]*count))
    thread.start()
    thread.join()
print(f(*[0.5]*100)[0])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(run.stdout) == pytest.approx(np.cos(0.5) * 0.5 + np.sin(0.5))
