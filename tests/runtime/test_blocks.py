"""Large elementwise calls in blocks: the numbers, shapes, warnings and errors of one call on whole arrays."""

import linecache
import os
import threading
import tracemalloc
import warnings

import numpy as np
import pytest
from backends import assert_same
from tables import each

import symdiff
from symdiff.emit.cost import Cost, cost_of
from symdiff.runtime import blocks, threads
from symdiff.runtime.results import flatten

pytestmark = pytest.mark.usefixtures("backend")

SCALARS = "log(x1) + x1*x2 - sin(x2)"
FORMULAS = [
    SCALARS,
    "where(x1 > x2, sqrt(x1 - x2), x1**3)",
    "hypot(x1, x2)**1.5 + maximum(x1, x2)",
    "2*x1",  # the derivative is a constant
    "x2, x1, 3, x1, x1*x2",  # arguments, constants and equal results
    "x1 % x2, floor(x1)",
]
KINDS = ["value", "jacobian", "jvp", "vjp"]


@pytest.fixture
def small(monkeypatch):
    """Blocks of some 60 points, for Functions made from now on."""
    monkeypatch.setattr("symdiff.api.kernel.block_sizes", lambda *_: blocks.BlockSizes(points=60, share=60, limit=60))
    symdiff.clear_cache()
    yield
    symdiff.clear_cache()


def arguments(f, *shapes, seed=0):
    draw = np.random.default_rng(seed)
    return [draw.uniform(0.5, 3.0, shapes[k % len(shapes)]) for k in range(len(f.args))]


def member(f, kind):
    return f if kind == "value" else getattr(f, kind)


def whole(f, args):
    """The results of the generated function on whole arrays, broadcast to the shapes of the contract."""
    loop = np.broadcast_shapes(*map(np.shape, args))
    values = flatten(f.kernel.function("numpy")(*args), f.kernel.nest)
    return [np.broadcast_to(v, loop + core) for v, core in zip(values, f.results, strict=True)]


def same(got, expected, backend):
    got = [np.asarray(g) for g in (flatten(got, tuple(range(len(got)))) if isinstance(got, tuple) else [got])]
    assert len(got) == len(expected)
    for g, e in zip(got, expected, strict=True):
        assert g.shape == e.shape
        assert g.dtype == e.dtype
        assert_same(g, e, backend)


@each(
    ("text", "kind", "threads"),
    [(text, kind, 1 + 2 * ((i + j) % 2)) for i, text in enumerate(FORMULAS) for j, kind in enumerate(KINDS)],
)
def test_blocks_change_nothing(small, text, kind, threads):
    f = member(symdiff.compile(text, args="x1, x2", threads=threads), kind)
    for size in (59, 60, 61, 500, 1201):
        args = arguments(f, size)
        for _ in range(2):  # the second call goes through the entry
            same(f(*args), whole(f, args), f.backend)


SHAPES = [
    [(40, 30), (40, 30)],
    [(400, 1), (1, 50)],
    [(400, 50), (50,)],
    [(50, 400), (50, 1)],
    [(), (700,)],
    [(1,), (700,)],
    [(11, 1, 1), (1, 13, 1)],
    [(11, 1, 9), (13, 9)],
    [(3, 1, 100), (1, 7, 1)],
    [(0, 400), (400,)],
]


@each(("k", "shapes", "threads"), [(k, shapes, 1 + k % 2) for k, shapes in enumerate(SHAPES)], ids=str)
def test_broadcast_arguments(small, k, shapes, threads):
    for text in FORMULAS[k // 2 % 2 :: 2]:
        f = symdiff.compile(text, args="x1, x2", threads=threads)
        for g in (f, f.jacobian):
            args = arguments(g, *shapes)
            same(g(*args), whole(g, args), g.backend)


def test_layouts(small):
    """Ufuncs may have one loop for contiguous elements and another, so each layout is held against itself."""
    f = symdiff.compile(SCALARS).value_and_grad
    x1, x2 = arguments(f, (60, 50))
    expected = whole(f, [x1, x2])
    for layout in (
        np.asfortranarray,
        lambda a: np.repeat(a, 2, axis=1)[:, ::2],
        lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
        lambda a: a.astype(">f8"),
        lambda a: np.ascontiguousarray(a.T).T,
    ):
        args = layout(x1), layout(x2)
        native = [a.astype(a.dtype.newbyteorder("=")) if not a.dtype.isnative else a for a in args]
        same(tuple(flatten(f(*args), f.kernel.nest)), whole(f, native), f.backend)
    x1.flags.writeable = False
    same(tuple(flatten(f(x1, x2), f.kernel.nest)), expected, f.backend)


def test_the_source_for_blocks():
    f = symdiff.compile("3*x1, x1, sin(x2), where(x1 > x2, 1, 2), x1**3 - x2, 4, x1")
    scope = {"np": np}
    exec(f.source_for("blocks"), scope)
    args = arguments(f, 50)
    out = [np.empty(50) for _ in f.outputs]
    assert scope["value"](*args, *out) is None
    same(tuple(out), whole(f, args), "numpy")
    assert "np.sin(x2, out=out2)" in f.source_for("blocks")
    for g in (f.jacobian, symdiff.compile("sum(x)", args="x[n]")):
        with pytest.raises(ValueError, match="only functions of scalars"):
            g.source_for("blocks")


@each("dtype", ["int64", "int8", "bool", "uint32"])
def test_integers_are_float64_in_blocks_too(small, dtype):
    f = symdiff.compile("x1**20 + x2").value_and_grad
    x1, x2 = np.arange(900) % 2 + (dtype != "bool"), np.linspace(0, 1, 900)
    same(tuple(flatten(f(x1.astype(dtype), x2), f.kernel.nest)), whole(f, [x1.astype(float), x2]), f.backend)


def test_single_precision_and_complex(small):
    f = symdiff.compile("exp(x1)*x2 + 1").value_and_grad
    x1, x2 = arguments(f, 800)
    single = [x1.astype(np.float32), x2.astype(np.float32)]
    same(tuple(flatten(f(*single), f.kernel.nest)), whole(f, single), f.backend)
    value, grad = f(x1 + 1j * x2, x2)
    assert value.dtype == grad.x1.dtype == complex
    assert np.array_equal(value, np.exp(x1 + 1j * x2) * x2 + 1)


def test_results_into_given_arrays(small, tmp_path):
    f = symdiff.compile(SCALARS).value_and_grad
    args = arguments(f, 1000)
    expected = whole(f, args)
    out = tuple(np.memmap(tmp_path / str(k), float, "w+", shape=1000) for k in range(3))
    assert f(*args, out=out).value is out[0]
    same(out, expected, f.backend)
    # Strided, of another dtype, or left to be made.
    strided, single = np.zeros((1000, 2))[:, 0], np.zeros(1000, np.float32)
    _, (grad, made) = f(*args, out=(strided, single, None))
    assert grad is single
    assert_same(strided, expected[0], f.backend)
    assert_same(single, expected[1].astype(np.float32), f.backend)
    assert_same(made, expected[2], f.backend)


def test_results_into_arguments(small):
    swap = symdiff.compile("x2, x1 + 0*x2", args="x1, x2")
    x1, x2 = arguments(swap, 1000)
    first, second = x1.copy(), x2.copy()
    swap(x1, x2, out=(x1, x2))
    assert np.array_equal(x1, second)
    assert np.array_equal(x2, first)
    # An output that overlaps an argument, but not element by element.
    g = symdiff.compile("2*x")
    data = np.arange(1001.0)
    g(data[:-1], out=data[1:])
    assert np.array_equal(data[1:], 2 * np.arange(1000.0))
    data = np.arange(1000.0)
    g(data[::-1], out=data)
    assert np.array_equal(data, 2 * np.arange(1000.0)[::-1])


def test_results_into_arrays_where_the_entry_knows_small_arrays():
    f = symdiff.compile(SCALARS).value_and_grad
    args = arguments(f, 90)
    expected = [f(*args) for _ in range(2)][1]
    plain = [np.empty(90) for _ in range(3)]
    for given in (args, [args[0], 2.0], [args[0].astype(np.float32), args[1]]):
        made = f(*given, out=(plain[0], (plain[1], plain[2])))
        assert made.value is plain[0]
        assert made.grad[1] is plain[2]
        same(tuple(flatten(made, f.kernel.nest)), tuple(flatten(f(*given), f.kernel.nest)), f.backend)
    # An argument is a part of a result, a result of another, or a result an argument.
    room = np.empty(270)
    room[:90] = args[0]
    made = f(room[:90], args[1], out=(plain[0], (room[45:135], room[135:225])))
    same(tuple(flatten(made, f.kernel.nest)), tuple(flatten(expected, f.kernel.nest)), f.backend)
    own = args[1].copy()
    made = f(args[0], own, out=(plain[0], (own, plain[2])))
    same(tuple(flatten(made, f.kernel.nest)), tuple(flatten(expected, f.kernel.nest)), f.backend)
    locked = np.empty(90)
    locked.flags.writeable = False
    for wrong, error in [
        ((plain[0], np.empty((2, 90))), TypeError),
        ([plain[0], (plain[1], plain[2])], TypeError),
        ((plain[0], (plain[1], locked)), TypeError),
        ((plain[0], (plain[1], np.empty(90, int))), TypeError),
        ((plain[0], (plain[1], np.empty(91))), symdiff.ShapeError),
    ]:
        with pytest.raises(error, match="out="):
            f(*args, out=wrong)


OPERATORS = {"divide": "/", "add": "+", "subtract": "-", "multiply": "*", "square": "**2", "power": "**"}


def test_results_into_arrays_of_shapes_of_their_own(small):
    for f in (symdiff.compile("x1**2*x2").hessian, symdiff.compile("x1*x2, x1/x2").jacobian):
        for size in (5, 500):
            args = arguments(f, size)
            expected = f(*args)
            out = np.empty_like(expected)
            assert f(*args, out=out) is out
            assert np.array_equal(out, expected)
            assert np.array_equal(f(args[0], 2.0, out=out), f(args[0], 2.0))
            with pytest.raises(symdiff.ShapeError, match=rf"the result has shape \({size}, 2, 2\)"):
                f(*args, out=np.empty(size))


def test_results_into_arrays_that_overlap(small):
    f = symdiff.compile("p = sin(x); q = cos(x); p, q, p*q")
    for size in (5, 500):
        x = np.linspace(0, 1, size)
        for _ in range(2):
            shared, last = np.zeros(size), np.zeros(size)
            f(x, out=(shared, shared, last))
            assert_same(last, np.sin(x) * np.cos(x), f.backend)
            assert_same(shared, np.cos(x), f.backend)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # NumPy's, of matrices
def test_a_matrix_for_results(small):
    f = symdiff.compile("x*2")
    x = np.arange(600.0).reshape(20, 30)
    for _ in range(2):
        out = np.asmatrix(np.zeros((20, 30)))
        assert f(x, out=out) is out
        assert np.array_equal(np.asarray(out), 2 * x)


def caught(call, *args):
    """The warnings of a call, each with its line in the source, which shows the operation."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call(*args)
    for w in found:
        line = linecache.getline(w.filename, w.lineno)
        assert OPERATORS.get(ufunc := str(w.message).split()[-1], ufunc) in line or ufunc in line
    return [(str(w.message), w.category, w.lineno) for w in found]


@each("threads", [1, 3])
def test_warnings_are_those_of_one_call(small, threads):
    f = symdiff.compile("log(x) + 1/x + exp(1000*x) + sqrt(x) + 0*sinc(x*inf)", threads=threads).value_and_grad
    x = np.linspace(-3, 3, 1201)
    expected = caught(f.kernel.function("numpy"), x)
    assert len(expected) > 5
    assert caught(f, x) == expected
    # Only in the last block.
    x = np.append(np.ones(1000), 0.0)
    assert caught(f, x) == caught(f.kernel.function("numpy"), x)
    assert caught(f, np.ones(1000)) == caught(f.kernel.function("numpy"), np.ones(1000))
    with np.errstate(all="ignore"):
        assert caught(f, x) == []


@each("threads", [1, 3])
def test_errors_are_those_of_one_call(small, threads):
    f = symdiff.compile("sqrt(y) + log(x)", args="x, y", threads=threads)
    x = np.append(np.zeros(100), np.ones(900))
    y = np.append(np.ones(900), -np.ones(100))
    with np.errstate(all="raise"):  # log is wrong in an earlier block, but sqrt stands before it
        with pytest.raises(FloatingPointError, match="invalid value encountered in sqrt"):
            f(x, y)
        with pytest.raises(FloatingPointError, match="divide by zero encountered in log"):
            f(x, x)
    with np.errstate(invalid="warn", divide="raise"), warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with pytest.raises(FloatingPointError, match="divide by zero encountered in log"):
            f(x, y)
    assert [str(w.message) for w in found] == ["invalid value encountered in sqrt"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="invalid value encountered in sqrt"):
            f(x, y)


@each("text", ["x**2", "x**1.5", "x**3", "y = x**2; y, y*x"])
def test_powers_warn_as_in_one_call(small, text):
    f = symdiff.compile(text, threads=2)
    x = np.linspace(-2, 2, 701) * 1e300
    assert caught(f, x) == caught(f.kernel.function("numpy"), x)
    assert caught(f, x) == caught(f.kernel.function("numpy"), x)  # through the entry, had it been small


def test_a_cast_is_reported_once(small):
    f = symdiff.compile("x*y + 0*sin(x)", threads=3)
    big = np.full(2000, 1e200)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        f(big, np.ones(2000), out=np.zeros(2000, np.float32))
    assert [str(w.message) for w in found] == ["overflow encountered in cast"]


def test_a_handler_of_the_callers_is_called_as_by_one_call(small):
    f = symdiff.compile("log(x)")
    found = []
    with np.errstate(all="call", call=lambda text, flag: found.append((text, flag))):
        f(np.zeros(500))
    assert found == [("divide by zero", 1)]


def test_an_exception_in_a_block_reaches_the_caller():
    calls = []

    def broken(x):
        calls.append(threading.get_ident())
        if len(calls) == 3:
            raise MemoryError("no room")
        return x + 1

    x = np.zeros(10_000)
    options = {"nest": 0, "fresh": [True], "dtype": x.dtype, "cut": blocks.BlockSizes(points=10, share=10, limit=10)}
    with pytest.raises(MemoryError, match="no room"):
        blocks.run_in_blocks(broken, [x], [np.empty_like(x)], x.shape, threads=3, **options)
    assert len(calls) < 10
    blocks.run_in_blocks(lambda x: x + 1, [x], [x], x.shape, threads=3, **options)
    assert (x == 1).all()


def test_one_thread_is_the_callers():
    before = threading.active_count()
    f = symdiff.compile("sin(x)*x + 1.25", threads=1)
    f(np.ones(200_000))
    assert threading.active_count() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_process_has_threads_of_its_own(small):
    f = symdiff.compile(SCALARS, threads=2)
    args = arguments(f, 5000)
    expected = f(*args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork in a process with threads
        child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(f(*args), expected) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_nobody_waits_for_a_thread_when_all_is_done():
    here, begun, go = threading.get_ident(), threading.Event(), threading.Event()

    def work():
        if threading.get_ident() != here:
            begun.set()
            return go.wait(60)
        return begun.wait(60)

    threads.together(work, 2)
    go.set()


def test_what_a_thread_raises_is_raised_to_the_caller():
    here, begun = threading.get_ident(), threading.Event()

    def work():
        if threading.get_ident() != here:
            begun.set()
            raise KeyError("elsewhere")
        assert begun.wait(60)

    with pytest.raises(KeyError, match="elsewhere"):
        threads.together(work, 2)


def test_calls_at_the_same_time(small):
    functions = [symdiff.compile(f"{SCALARS} + {k}*x1", threads=3).value_and_grad for k in range(4)]
    wrong = []

    def work(seed):
        for f in functions:
            args = arguments(f, 3000, seed=seed)
            value, grad = f(*args)
            try:
                same((value, *grad), whole(f, args), f.backend)
            except AssertionError:
                wrong.append(seed)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_memory_does_not_grow_with_the_points():
    f = symdiff.compile("log(x1)*x2 + exp(-x1*x2)*sin(x1)", threads=2).value_and_grad
    x1, x2 = np.arange(1, 1_000_001), np.linspace(1, 2, 1_000_000)  # integers are converted block by block
    out = tuple(np.zeros(1_000_000) for _ in range(3))
    f(x1, x2, out=out)
    tracemalloc.start()
    f(x1, x2, out=out)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16e6


def test_boxes_cover_the_loop_shape_and_are_not_too_large():
    for loop in [(1000,), (7, 1000), (300, 300), (20, 30, 40), (5, 1, 9000), (1, 1, 1)]:
        for axes in range(2 ** len(loop)):
            uneven = {k for k in range(len(loop)) if axes >> k & 1}
            box = blocks._box(loop, uneven, 512, 2)
            assert all(1 <= b <= n for b, n in zip(box, loop, strict=True))
            assert np.prod(box) <= 2 * 512
            assert np.prod(box) >= min(512, np.prod(loop)) / 4


def costs(f, *axes):
    return cost_of(f.kernel.prepared, axes or [1] * len(f.args))


def test_the_cost_of_a_program():
    f = symdiff.compile("x*y")
    assert costs(f) == Cost(alive=4, operations=1, work=1)  # the last array is the one in the making
    chain = symdiff.compile("sin(cos(sin(cos(x))))")
    assert costs(chain).alive <= 5
    assert costs(chain).work > 10 * costs(chain).operations
    wide = symdiff.compile(" + ".join(f"s{k}" for k in range(20)), args=[f"s{k}" for k in range(20)])
    assert costs(wide).alive >= 22
    matrix = symdiff.compile("x*y*z").hessian
    assert (costs(matrix).wide, costs(chain).wide) == (9, 0)
    assert costs(matrix).alive >= 9 + 3


def test_what_varies_along_fewer_axes_costs_nothing():
    f = symdiff.compile("exp(x)*sin(y)")
    assert costs(f, 1, 2) == Cost(alive=2, operations=1, work=1)
    assert costs(f, 3, 2).operations == 2
    assert costs(f, 3, 3).operations == 3


def test_plans():
    light, heavy = Cost(alive=10, operations=20, work=25), Cost(alive=500, operations=100, work=2000)
    for given in (light, heavy):
        one, two = (blocks.block_sizes(given, 8, threads) for threads in (1, 2))
        assert one.points == two.points
        assert one.limit >= one.points  # nothing is cut that fits
        assert two.limit <= one.limit
    assert blocks.block_sizes(light, 8, 1).points > blocks.block_sizes(heavy, 8, 1).points
    assert blocks.block_sizes(light, 8, 2).share > blocks.block_sizes(heavy, 8, 2).share
    assert blocks.block_sizes(light, 4, 1).limit > blocks.block_sizes(light, 8, 1).limit
    matrices = Cost(alive=110, operations=120, work=425, wide=100)
    assert blocks.block_sizes(matrices, 8, 1).points < blocks.block_sizes(light, 8, 1).points


def test_what_is_read_of_the_machine():
    assert 1 << 14 <= blocks.cache_size(2) <= blocks.cache_size(3) <= 1 << 34
    assert blocks.cache_size(9) == 8 << 20  # there is none
    assert threads.usable_cpus() >= 1
