"""Results that nothing computes, as constants, arguments and views are: they cost nothing, and are the caller's own."""

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff.api.kernel import Kernel
from symdiff.runtime.results import leaves

X3, Y2, Z3, SQUARE = (
    np.array([1.0, -2.0, 3.0]),
    np.array([0.5, 2.0]),
    np.array([4.0, 5.0, 0.25]),
    np.arange(9.0).reshape(3, 3),
)
K = {"a": 3.0, "b": 4.0}


def made(text, member, constants=None, **options):
    f = symdiff.compile(text, constants=constants, **options)
    for name in member.split("."):
        f = f.diff(name[5:]) if name.startswith("diff ") else getattr(f, name) if name else f
    return f


# Each with arguments of exactly the core shapes, some results of which are not computed.
AT_A_POINT = [
    ("[a*y[0] + y[1], b*y[1]]", "jacobian", K, "y[2]", [Y2]),
    ("[a*y[1], -a*y[0]]", "value_and_jacobian", K, "y[2]", [Y2]),
    ("[a*y[0]*y[1], b*y[1]]", "jacobian.coo", K, "y[2]", [Y2]),
    ("[a*y[0] + y[1], b*y[1]]", "jacobian.coo", K, "y[2]", [Y2]),
    ("a*x[0]*x[1] + b*x[2]^2", "hessian", K, "x[3]", [X3]),
    ("sum(x*x)", "hessian", None, "x[n]", [X3]),
    ("sum(x*x)", "hessian.coo", None, "x[3]", [X3]),
    ("x", "jacobian", None, "x[3]", [X3]),
    ("a*x + b", "jacobian", K, "x[3]", [X3]),
    ("a*sum(x) + b*z*z", "grad", K, "x[3] z", [X3, 2.0]),
    ("a*sum(x) + b*z", "grad", K, "x[3] z", [X3, 2.0]),
    ("a*sum(x) + c*z", "value_and_grad", {"a": 3.0}, "x[3] z c", [X3, 2.0, np.float64(7.0)]),
    ("sum(x*x) + b*z", "grad", K, "x[n] z", [X3, 2.0]),
    ("x @ w + z", "grad", None, "x[n] w[n] z", [X3, Z3, 2.0]),
    ("A @ x", "jacobian", None, "A[3,3] x[3]", [SQUARE, X3]),
    ("x @ A @ x", "hessian", None, "x[3] A[3,3]", [X3, SQUARE]),
    ("sum(A.T)", "grad", None, "A[3,3]", [SQUARE]),
    ("A.T, A, A", "", None, "A[3,3]", [SQUARE]),
    ("A[1], A[:, 1], A[1, 1]", "", None, "A[3,3]", [SQUARE]),
    ("x, x, 2, z, z", "", None, "x[3] z", [X3, 1.5]),
    ("a*z + sum(y)", "diff z", K, "z y[3]", [1.0, X3]),
    ("a*z + sum(y)", "diff y", K, "z y[3]", [1.0, X3]),
    ("where(z > 0, z, a), inf, sum(y^0)", "", K, "z y[3]", [1.0, X3]),
    ("[z, a]", "", K, "z y[3]", [1.0, X3]),
    ("A*2", "jvp", None, "A[3,3]", [SQUARE, SQUARE + 1]),
    ("a*sum(x) + b*z", "hvp", K, "x[3] z", [X3, 2.0, X3, 1.0]),
]
ON_ARRAYS = [
    ("a*x*y + b*z", "grad", K, [X3, Z3, X3]),
    ("a*x*y + b*z", "jacobian", K, [X3, Z3, X3]),
    ("a*x + b*z", "jacobian", K, [X3, Z3]),
    ("a*x + b*z", "grad", K, [X3, Z3]),
    ("a*x*y + b*z*z", "hessian", K, [X3, Z3, X3]),
    ("a*x*y + b*z*z", "hessian.coo", K, [X3, Z3, X3]),
    ("a*x + b*z", "diff x", K, [X3, Z3]),
    ("x*y + z", "value_and_grad", None, [X3, Z3, X3]),
    ("x, x, y, 2", "", None, [X3, Z3]),
    ("x, x, y, 2", "jacobian", None, [SQUARE, SQUARE.T]),
    ("a*x + y", "jvp", K, [X3, Z3, X3, Z3]),
]


def general(f, args):
    """What the path for arguments of any kind returns."""
    return f.kernel.by_arrays(tuple(args))


def same(result, expected, args):
    """Equal, of the same classes, and of memory that nobody else has."""
    results = leaves(result)
    assert type(result) is type(expected)
    for got, want in zip(results, leaves(expected), strict=True):
        np.testing.assert_array_equal(got, want)
        assert type(got) is type(want)
        assert got.dtype == want.dtype
    arrays = [v for v in results if isinstance(v, np.ndarray)]
    for k, array in enumerate(arrays):
        assert array.flags.writeable
        assert not any(np.shares_memory(array, other) for other in [*arrays[:k], *args])
        array[...] = np.nan


def only_straight(monkeypatch):
    """Forbid the path for arguments of any kind."""
    monkeypatch.setattr(Kernel, "run", lambda *_: pytest.fail("the call went the long way"))


@each("optimize", [True, False])
@each(("text", "member", "constants", "args", "point"), AT_A_POINT)
def test_a_result_that_is_not_computed_takes_no_longer_way_at_a_point(
    text, member, constants, args, point, optimize, monkeypatch
):
    f = made(text, member, constants, args=args, optimize=optimize, wrt=None)
    expected = general(f, point)
    only_straight(monkeypatch)
    for _ in range(3):  # what a caller does to a result changes no later one
        same(f(*point), expected, point)


@each("optimize", [True, False])
@each(("text", "member", "constants", "point"), ON_ARRAYS)
def test_a_result_that_is_not_computed_takes_no_longer_way_on_arrays(
    text, member, constants, point, optimize, monkeypatch
):
    f = made(text, member, constants, optimize=optimize)
    expected = general(f, point)
    f(*point)  # the first call with arrays makes the code for them
    only_straight(monkeypatch)
    for _ in range(3):
        same(f(*point), expected, point)
    single = [a.astype(np.float32) for a in point]
    for mixed in (single, [2.0, *point[1:]], [*point[:-1], 2], [np.float32(2), *single[1:]]):
        kind = np.result_type(*[a for a in mixed if isinstance(a, np.ndarray)])
        assert {leaf.dtype for leaf in leaves(f(*mixed))} == {kind}
        if optimize:  # else numbers that are not folded are double inside
            for got, want in zip(
                leaves(f(*mixed)), leaves(f(*[np.broadcast_to(a, point[0].shape) for a in mixed])), strict=True
            ):
                np.testing.assert_allclose(got, want, rtol=1e-6)
                assert got.shape == want.shape


@each("backend", ["numpy", "llvm"])
@each(
    ("text", "args", "shape"),
    [("sum(X, axis=0)", "X[1,3]", (1, 3)), ("sum(X, axis=1)", "X[3,1]", (3, 1)), ("sum(X)", "X[1,1]", (1, 1)), ("X.T", "X[2,2]", (2, 2)),
     ("X[0]", "X[2,2]", (2, 2)), ("X", "X[2,2]", (2, 2)), ("sum(X, axis=(0, 1))", "X[1,1,3]", (1, 1, 3))],
)  # fmt: skip
def test_a_result_never_shares_the_memory_of_an_argument(text, args, shape, backend):
    f = symdiff.compile(text, args=args, backend=backend)
    scope = {"__name__": "exported"}
    exec(f.export(include="value"), scope)
    for loop in ((), (4,)):
        array = np.ones(loop + shape)
        for result in (f(array), scope["value"](array)):
            assert not np.shares_memory(result, array)
            if loop or np.ndim(result):
                result[...] = 5.0
        assert np.all(array == 1.0)


def test_results_of_large_calls_are_written_where_they_belong():
    """A constant among the results does not keep the others from being written into their arrays."""
    f = symdiff.compile("a*x*y + b*z", constants=K).grad
    x = np.linspace(0.0, 1.0, 300_000)
    g = f(x, x, x)
    np.testing.assert_array_equal(g.x, 3.0 * x)
    np.testing.assert_array_equal(g.z, np.full_like(x, 4.0))
    outs = tuple([np.empty(5) for _ in range(3)])
    assert f.kernel.at_once((x[:5],) * 3, outs, (5,), np.dtype(np.float64), (True,) * 3) is not None
    np.testing.assert_array_equal(outs[2], np.full(5, 4.0))
