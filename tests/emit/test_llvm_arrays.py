"""Native loops over the elements of core arrays: the numbers, shapes, warnings and errors of the NumPy target."""

import itertools
import math
import random
import re
import warnings

import numpy as np
import pytest
from backends import both, leaves
from native_code import FUSED, LOOPS, LOSS, LOSS_ARGS, agree_to_rounding, close, drawn
from tables import each

import symdiff
from symdiff.emit.fuse import UnfusableError, fuse

pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")


MEMBERS = ["value", "value_and_grad", "jvp", "vjp"]


# Two members of each formula, in turn.
@pytest.mark.usefixtures("unoptimised")
@each(
    ("text", "args", "loops", "member"),
    [(*case, MEMBERS[(k + j) % 4]) for k, case in enumerate(FUSED) for j in (0, 2 if k % 2 else 1)],
)
def test_sizes_and_loop_dimensions(text, args, loops, member):
    f, g = both(text, args=args)
    if member != "value":
        f, g = getattr(f, member), getattr(g, member)
    if loops is not None:
        assert f.backend == "llvm"
    most = 1e5 if "softmax" in text else 100  # the entropy of nearly equal chances cancels
    for n, loop in itertools.product([2, 3, 7, 8, 9, 16, 70, 513, 1100], LOOPS):
        agree_to_rounding(f, g, drawn(f, n, loop), most)
    for n, loop in itertools.product([9, 600], [(), (4,)]):
        agree_to_rounding(f, g, drawn(f, n, loop, np.float32), most)


@each(("text", "args", "loops"), [case for case in FUSED if case[2] is not None])
def test_value_and_gradient_take_as_few_loops_as_there_can_be(text, args, loops):
    f = symdiff.compile(text, args=args, backend="llvm").value_and_grad
    source = f.source_for("llvm")
    assert source.count("define internal void @vectors") == loops


@each(
    ("text", "args"),
    [
        ("logsumexp(x)", "x[n]"),
        ("sum(x*softmax(x))", "x[n]"),
        ("a = max(x)\na + log(sum(exp(x - a)))", "x[n]"),
        ("sum(exp(x)*sin(y))**2", "x[n], y[n]"),  # one array for each function that both gradients need
    ],
)
def test_value_and_gradient_compute_exponentials_once(text, args):
    f = symdiff.compile(text, args=args, backend="llvm").value_and_grad
    loops = re.findall(r"define internal void @vectors.*?^}", f.source_for("llvm"), re.DOTALL | re.MULTILINE)
    assert len(loops) > 1
    assert [len(re.findall(r"call .*[._]exp\(", loop)) for loop in loops if "exp" in loop] == [1]
    assert sum([len(re.findall(r"call .*[._]sin\(", loop)) for loop in loops]) == ("sin" in text)


@each(("text", "args"), [case[:2] for case in FUSED[:8:2]])
def test_threads(text, args):
    """In strips of few rows, in many rows; the same numbers for all numbers of threads."""
    g = symdiff.compile(text, args=args).value_and_grad
    natives = {
        threads: symdiff.compile(text, args=args, threads=threads, backend="llvm").value_and_grad
        for threads in (1, 2, 3, 8)
    }
    for n, loop in [(300_001, ()), (150_000, (2,)), (5000, (70,))]:
        given = drawn(g, n, loop)
        want = leaves(g(*given))
        found = {threads: leaves(f(*given)) for threads, f in natives.items()}
        for got in found.values():
            close(got, want, most=1e6 if "softmax" in text else 1000)
        for threads in (3, 8):
            for one, other in zip(found[threads], found[2], strict=True):
                np.testing.assert_array_equal(one, other, err_msg=f"{threads} threads")


def test_sums_are_pairwise():
    """Ten million numbers sum up to a few roundings, on one thread and on two."""
    x = np.random.default_rng(0).uniform(0, 1, 10_000_000)
    exact = math.fsum(x)
    for threads in (1, 2):
        f = symdiff.compile("sum(x)", args="x[n]", backend="llvm", threads=threads)
        assert abs(f(x) - exact) <= 4 * np.spacing(exact)


SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308, -1e308, 5e-324]


@pytest.mark.usefixtures("unoptimised")
@each("text", ["sum(x)", "max(x)", "min(x)", "prod(x)", "mean(x*x)", "norm(x)", "logsumexp(x)"])
@each("at", [0, 7, 8, 70, 74])
def test_special_values(text, at):
    f, g = both(text, args="x[n]")
    for one, other in itertools.product(SPECIAL, SPECIAL):
        if text in ("sum(x)", "prod(x)") and np.isfinite(one) and np.isfinite(other):
            continue  # which of huge numbers meet first decides
        x = np.linspace(-1, 1, 75)
        x[at], x[30] = one, other
        with np.errstate(all="ignore"):
            got, want = f(x), g(x)
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)
        if text != "norm(x)":  # the gradient of an infinite norm is the same only where products are taken in one order
            agree_to_rounding(f.grad, g.grad, [x]) if f.grad.backend == "llvm" else None


def test_every_element_is_taken_once():
    """At each number of elements a sum of powers of two shows which were taken."""
    f = symdiff.compile("sum(x)", args="x[n]", backend="llvm")
    for n in range(1, 54):
        assert f(2.0 ** np.arange(n)) == 2.0**n - 1


def test_no_elements():
    f, g = both("sum(x*w) + w", args="x[n], w")
    for loop in ((), (3,), (0,)):
        agree_to_rounding(f.value_and_grad, g.value_and_grad, [np.ones((*loop, 0)), 2.0])
    for loop in ((0,), (2, 0)):
        agree_to_rounding(f, g, [np.ones((*loop, 5)), np.ones(loop)])
    with pytest.raises(symdiff.ShapeError):
        symdiff.compile("max(x)", args="x[n]", backend="llvm")(np.ones(0))


LAYOUTS = {
    "reversed": lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1],
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "fortran": np.asfortranarray,
    "swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "integers": lambda a: np.round(a * 5).astype(int),
    "misaligned": lambda a: np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape),
    "lists": lambda a: a.tolist(),
    "single": lambda a: a.astype(np.float32),
}


@each("layout", LAYOUTS)
@each("loop", LOOPS)
def test_layouts_and_dtypes(layout, loop):
    f, g = both(LOSS, args=LOSS_ARGS)
    x, t, *rest = drawn(f, 37, loop)
    for args in ([LAYOUTS[layout](x), t, *rest], [x, LAYOUTS[layout](t), *rest]):
        agree_to_rounding(f.value_and_grad, g.value_and_grad, args)
    agree_to_rounding(
        f.value_and_grad, g.value_and_grad, [LAYOUTS[layout](a) if np.ndim(a) else a for a in (x, t, *rest)]
    )


def test_loop_shapes_broadcast():
    f, g = both(LOSS, args=LOSS_ARGS)
    draw = np.random.default_rng(0)
    x, t = draw.uniform(size=(4, 1, 9)), draw.uniform(size=9)
    w1, b1, w2 = draw.uniform(size=(5,)), draw.uniform(size=(4, 1)), draw.uniform(size=(2, 1, 1))
    agree_to_rounding(f.value_and_grad, g.value_and_grad, [x, t, w1, b1, w2, 0.5])
    agree_to_rounding(f.value_and_grad, g.value_and_grad, [np.broadcast_to(x[0, 0], (6, 9)), t, 1, 2, 3, 4])


@each("loop", LOOPS)
def test_out(loop):
    f, g = both(LOSS, args=LOSS_ARGS)
    args = drawn(f, 40, loop)
    want = leaves(g.value_and_grad(*args))
    outs = [np.full(np.shape(w), 7.0) for w in want]
    f.value_and_grad(*args, out=tuple(outs))
    for one, other in zip(outs, want, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    wide = np.zeros((*loop, 40, 2))
    f.value_and_grad(*args, out=(None, wide[..., 0], *[None] * 5))
    np.testing.assert_allclose(wide[..., 0], want[1], rtol=1e-12)
    assert not wide[..., 1].any()


def test_out_may_be_an_argument():
    f, g = both("sum(x**2) * x", args="x[n]")
    assert f.backend == "llvm"
    x = np.linspace(1, 2, 50)
    want = g(x)
    f(x, out=x)
    np.testing.assert_allclose(x, want, rtol=1e-14)


@each("size", [3, 400_000])
def test_errors_of_what_is_written_over(size):
    f = symdiff.compile("1/x + 0*sum(x)", args="x[n]", backend="llvm", threads=2)
    x = np.ones(size)
    x[1] = 0
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        f(x.copy(), out=np.empty(size))
    y = x.copy()
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        f(y, out=y)
    assert y[1] == np.inf


def test_many_arrays_are_for_numpy():
    """Native code keeps vectors of each on the stack."""
    f, g = both("+".join(f"x{k}*x{k}" for k in range(400)))
    assert f.backend == f.grad.backend == "numpy"
    args = [np.full(3, 1.0 + k) for k in range(400)]
    np.testing.assert_array_equal(f(*args), g(*args))
    h = symdiff.compile(f"exp({'+'.join(f'x{k}' for k in range(30))})", backend="llvm")
    assert h.backend == h.grad.backend == "llvm"
    assert h.hessian.backend == "numpy"


def test_results_have_their_own_memory():
    f = symdiff.compile("sum(x) + sum(y)", args="x[n], y[n]", backend="llvm").grad
    for n in (5, 100_000):
        one, other = f(np.ones(n), np.ones(n))
        one[:] = 7
        assert other.sum() == n
        assert not np.shares_memory(one, other)


@each("size", [11, 200_000])
@each("loop", [(), (3,)])
def test_warnings_are_those_of_numpy(size, loop):
    f, g = both("sum(log(x)) + a", args="x[n], a")
    x = np.ones((*loop, size))
    x[..., 5] = 0

    def caught(call):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            value = call(x, 1.0)
        return [str(w.message) for w in found], value

    assert caught(f)[0] == caught(g)[0] == ["divide by zero encountered in log"]
    assert np.all(caught(f)[1] == -np.inf)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        f(x, 1.0)
    with np.errstate(divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        f(x, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f(x + 1, 1.0)


def test_a_sum_that_overflows_warns_on_threads_too():
    f = symdiff.compile("sum(x)", args="x[n]", backend="llvm", threads=2)
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert f(np.full(300_000, 1e304)) == np.inf


def test_calls_by_name_and_with_integers():
    f, g = both(LOSS, args=LOSS_ARGS)
    x = np.arange(9.0)
    assert f(x, t=x, w1=1, b1=2, w2=True, b2=np.float64(3)) == g(x, x, 1, 2, 1, 3)
    with pytest.raises(TypeError, match="missing"):
        f(x)
    with pytest.raises(symdiff.ShapeError):
        f(x, x[1:], 1, 2, 3, 4)
    with pytest.raises(symdiff.ShapeError):
        f(1.0, x, 1, 2, 3, 4)
    with pytest.raises(TypeError):
        symdiff.compile("max(x)", args="x[n]", backend="llvm")(x * 1j)
    assert symdiff.compile("sum(x*x)", args="x[n]", backend="llvm")(x * 1j) == -204


@each(
    ("text", "args", "why"),
    [
        ("A @ x", "A[m,n], x[n]", "product of arrays along an axis"),
        ("sum(A, axis=0)", "A[m,n]", "sum along some of the axes"),
        ("sum(digamma(x))", "x[n]", "digamma"),
    ],
)
def test_what_loops_do_not_have_falls_back_and_is_named(text, args, why):
    f, g = both(text, args=args)
    assert f.backend == "numpy"
    with pytest.raises(ValueError, match=why.replace("(", r"\(").replace(")", r"\)")):
        f.source_for("llvm")
    given = drawn(f, 5)
    np.testing.assert_array_equal(f(*given), g(*given))


@each(
    ("text", "args", "why"),
    [
        ("sum(x) + sum(y)", "x[n], y[m]", "different shapes"),
        ("sum([x, y])", "x[n], y[n]", "assemble"),
        ("sum(exp(x)[1:])", "x[n]", "index of what is computed"),
    ],
)
def test_what_one_set_of_loops_cannot_do_is_a_routine(text, args, why):
    f, g = both(text, args=args)
    assert f.backend == "llvm"
    with pytest.raises(UnfusableError, match=why):
        fuse(f.kernel.prepared)
    assert "native1(" in f.source_for("llvm")
    given = drawn(f, 5)
    np.testing.assert_allclose(f(*given), g(*given), rtol=1e-14)


def test_a_chain_of_reductions_is_limited():
    chain = "x"
    for _ in range(9):
        chain = f"({chain}/norm({chain}))"
    f, g = both(f"sum({chain})", args="x[n]")
    with pytest.raises(UnfusableError, match="chain"):
        fuse(f.kernel.prepared)
    np.testing.assert_allclose(f(np.arange(1.0, 6)), g(np.arange(1.0, 6)), rtol=1e-13)


def element(draw, depth):
    """A random formula of the shape of x."""
    if not depth:
        return draw.choice(["x", "y", "x[::-1]", "a", "p[1]", "2"])
    one, other = element(draw, depth - 1), element(draw, depth - 1)
    return draw.choice(
        [
            f"({one} + {other})",
            f"({one} - {other})",
            f"{one}*{other}",
            f"({one}/(1 + ({other})**2))",
            f"sin({one})",
            f"tanh({one})",
            f"exp(-({one})**2)",
            f"maximum({one}, {other})",
            f"where({one} > 0.4, {other}, {one})",
            f"({one} - {number(draw, depth - 1)})",
            f"{number(draw, depth - 1)}*{one}",
        ]
    )


def number(draw, depth):
    """A random formula that is a number."""
    kind = draw.choice(["sum", "mean", "max", "min", "norm", "logsumexp"])
    return f"{kind}(x + {element(draw, depth)})" if depth > 0 else draw.choice(["a", "p[0]", "mean(x*y)"])


@pytest.mark.usefixtures("unoptimised")
@each("seed", range(10))
def test_random_formulas(seed):
    draw = random.Random(seed)  # noqa: S311 - a test
    f, g = both(number(draw, 3), args="x[n], y[n], a, p[3]")
    assert f.backend == "llvm"
    for n, loop in [(17, ()), (1030, ()), (19, (3,))]:
        given = drawn(f, n, loop, seed=seed)
        agree_to_rounding(f, g, given, most=1e6)  # means of large numbers cancel
        got, want = leaves(f.grad(*given)), leaves(g.grad(*given))
        scale = max(np.max(np.abs(w)) for w in want)
        for one, other in zip(got, want, strict=True):
            assert np.all(np.abs(one - other) <= 1e-10 * scale)  # sums of a thousand numbers cancel
    tangents = [*given, *drawn(f, n, loop, seed=seed + 1)]
    agree_to_rounding(f.jvp, g.jvp, tangents, most=1e6)
