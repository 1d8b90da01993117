"""Subscripts with index arrays are NumPy's; functions of segments; errors of both."""

import re

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff import BoundsError, ParseError, ShapeError

SIZES = {"n": 5, "k": 4, "m": 3, "p": 2}
ARRAYS = "x[n], X[n,k], T[n,k,p]"
INTEGERS = "i[m]: int, j[m]: int, E[m,2]: int, q: int"


def drawn(f, loop=(), seed=0):
    """Return arguments by name: numbers, and integers that are indices of any axis."""
    draw = np.random.default_rng(seed)
    shapes = [loop + tuple(SIZES.get(str(d), d) for d in core) for core in f.cores]
    return {
        name: draw.integers(-2, 2, shape) if integer else draw.standard_normal(shape)
        for name, shape, integer in zip(f.args, shapes, f.integers, strict=True)
    }


def compiled(text, **options):
    """Return a formula of those of the arrays and integers that it has."""
    every = f"{ARRAYS}, {INTEGERS}".split(", ")
    used = [one for one in every if re.search(rf"(?<![.\w]){one[0]}\b", text)]
    return symdiff.compile(text, args=used, **options)


SUBSCRIPTS = [
    "x[i]", "x[E]", "x[q]", "x[-i]", "x[i + 1]", "x[2*i - j]", "x[i*j]", "x[i[:, None] - j]", "x[E[:, 0]]", "x[i[j]]",
    "x[[0, 2, 1]]", "x[[-1, 0]]", "x[1:][i]", "x[::2][i]", "X[i]", "X[E]", "X[q]", "X[:, i]", "X[i, j]", "X[i, 1]",
    "X[1, i]", "X[q, i]", "X[i, 1:]", "X[::2, i]", "X[i, j + 1]", "X[i[:, None], j]", "X.T[i]", "X[[0, 2], [1, -1]]",
    "X[None, i]", "X[i, None]", "X[..., i]", "X[i, ...]", "T[i]", "T[:, i]", "T[i, j]", "T[i, :, j]",
    "T[i, 0]", "T[0, i]", "T[0, :, i]", "T[:, 0, i]", "T[i, :, 0]", "T[i, None, j]", "T[i, j, None]", "T[q, :, i]",
    "T[i][:, j]", "T[:, i, 0]", "T[..., i, :]", "T[i, j, i]", "T[E, 0]", "T[q, q]", "T[q, :, 1]", "T[None, i, :, j]",
]  # fmt: skip


def written(text, values):
    """Return the value of the formula by NumPy; a list stands for an array."""
    return eval(text, {**values, "np": np})


@each("text", SUBSCRIPTS)
def test_subscripts_are_those_of_numpy(text):
    for options in ({}, {"optimize": False}):
        f = compiled(text, **options)
        values = drawn(f)
        want = written(text, values)
        np.testing.assert_array_equal(f(**values), want)
        assert np.shape(f(**values)) == want.shape


@each("text", SUBSCRIPTS)
def test_loop_dimensions_of_numbers_and_of_indices(text):
    f = compiled(text)
    values = drawn(f, (2, 3))
    for name in f.args:  # one argument at a time, and all
        some = {key: value if key == name else value[0, 0] for key, value in values.items()}
        for given in (some, values):
            got = f(**given)
            at = {key: np.broadcast_to(v, values[key].shape) for key, v in given.items()}
            want = [written(text, {key: v[point] for key, v in at.items()}) for point in np.ndindex(2, 3)]
            np.testing.assert_array_equal(got, np.reshape(want, got.shape))


@each("text", SUBSCRIPTS)
def test_derivatives_are_exact(text):
    """A subscript is linear: its Jacobian has the results for unit vectors as its columns, in both modes."""
    f = compiled(text)
    values = drawn(f)
    array = values[f.wrt[0]]
    columns = [np.ravel(written(text, {**values, f.wrt[0]: e.reshape(array.shape)})) for e in np.eye(array.size)]
    np.testing.assert_array_equal(f.jacobian(**values), np.transpose(columns).squeeze())
    bar = np.arange(1.0, 1.0 + np.size(f(**values))).reshape(np.shape(f(**values)))
    got = f.vjp(**values, out_bar=bar)[1]
    np.testing.assert_allclose(np.ravel(got), np.array(columns) @ np.ravel(bar), rtol=1e-14)
    loop = drawn(f, (2,))
    rows = f.vjp(**loop, out_bar=np.stack([bar, 2 * bar]))[1]
    for k in range(2):
        one = {name: value[k] for name, value in loop.items()}
        np.testing.assert_allclose(rows[k], f.vjp(**one, out_bar=(k + 1) * bar)[1], rtol=1e-14)


def test_second_derivatives_of_a_sum_over_observations():
    f = symdiff.compile("sum((a[i]*b[j] - y)^2)", args="a[n], b[k], y[m], i[m]: int, j[m]: int", wrt="a, b")
    draw = np.random.default_rng(1)
    a, b, y = draw.standard_normal(4), draw.standard_normal(3), draw.standard_normal(20)
    i, j = draw.integers(0, 4, 20), draw.integers(0, 3, 20)
    P, Q = np.eye(4)[i], np.eye(3)[j]
    J = np.hstack([P * b[j][:, None], Q * a[i][:, None]])
    r = a[i] * b[j] - y
    want = 2 * J.T @ J
    cross = 2 * P.T @ (r[:, None] * Q)
    want[:4, 4:] += cross
    want[4:, :4] += cross.T
    given = (a, b, y, i, j)
    np.testing.assert_allclose(f.hessian(*given), want, rtol=1e-12)
    v = draw.standard_normal(7)
    np.testing.assert_allclose(np.concatenate(f.hvp(*given, v[:4], v[4:])), want @ v, rtol=1e-12)
    np.testing.assert_allclose(np.concatenate(f.grad(*given)), 2 * r @ J, rtol=1e-12)
    np.testing.assert_allclose(f.jvp(*given, v[:4], v[4:]).out_dot, 2 * r @ J @ v, rtol=1e-12)


# Segments


def by_loop(name, x, i, count):
    """Return a reduction of the elements with equal indices, one segment at a time."""
    empty = {"sum": 0.0, "max": -np.inf, "min": np.inf, "mean": np.nan, "logsumexp": -np.inf}[name]
    rows = [x[i == k] for k in range(count)]
    reduce = np.logaddexp.reduce if name == "logsumexp" else getattr(np, name)
    return np.array([reduce(row, axis=0) if len(row) else np.full(x.shape[i.ndim :], empty) for row in rows])


@each("name", ["sum", "max", "min", "mean", "logsumexp"])
@each("core", ["n", "n,2", "n,1,2"])
def test_segments(name, core):
    f = symdiff.compile(f"segment_{name}(v, i, 4)", args=f"v[{core}], i[n]: int")
    draw = np.random.default_rng(2)
    v = draw.standard_normal((7, *[int(d) for d in core.split(",")[1:]]))
    i = np.array([0, 3, 3, 0, 0, 3, 1])
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(f(v, i), by_loop(name, v, i, 4), rtol=1e-14)
        np.testing.assert_allclose(f(np.stack([v, 2 * v]), i)[1], f(2 * v, i), rtol=1e-14)
        both = f(v, np.stack([i, i[::-1]]))
        np.testing.assert_allclose(both[1], f(v, i[::-1]), rtol=1e-14)
        assert f(v.astype(np.float32), i).dtype == np.float32
    g = symdiff.compile(f"sum(w*segment_{name}(v, i, 2))", args=f"v[{core}], i[n]: int, w[{core.replace('n', '2')}]")
    assert g.check(v[:3], np.array([1, 0, 1]), draw.standard_normal((2, *v.shape[1:]))).ok


@each("name", ["sum", "max", "min", "mean", "logsumexp", "softmax"])
def test_sparse_derivatives_of_segments(name):
    pytest.importorskip("scipy", reason="SciPy is not installed")
    f = symdiff.compile(f"segment_{name}(x[j], i, 3)", args="x[n], i[m]: int, j[m]: int")
    given = [1.0, 2.0, 4.0, 3.0], [0, 2, 2, 0, 1], [0, 1, 2, 1, -1]
    got = f.jacobian.sparse(*given)
    np.testing.assert_allclose(got.toarray(), f.jacobian(*given), rtol=1e-14)
    assert got.nnz < 12


def test_the_number_of_segments_is_a_number_or_a_dimension_of_any_argument():
    v, i = np.arange(4.0), [2, 0, 0, 2]
    for text, more, given in (
        ("segment_sum(v, i, 3)", "", ()),
        ("segment_sum(v, i, num_segments=3)", "", ()),
        ("segment_sum(v, i, n)", ", x[n]", (np.zeros(3),)),
        ("segment_sum(v, i, n - 1)", ", x[n]", (np.zeros(4),)),
    ):
        np.testing.assert_array_equal(symdiff.compile(text, args=f"v[m], i[m]: int{more}")(v, i, *given), [3, 0, 3])
    counts = symdiff.compile("segment_sum(1, i, 3)", args="i[m]: int")
    np.testing.assert_array_equal(counts(i), [2, 0, 2])
    E = np.array([[0, 1], [1, 1]])
    f = symdiff.compile("segment_sum(W, E, 2)", args="W[m,2], E[m,2]: int")
    np.testing.assert_array_equal(f([[1.0, 2], [4, 8]], E), [1, 14])


def test_a_negative_number_of_segments_is_an_error():
    with pytest.raises(symdiff.ShapeError, match="segment_max of -2 segments: the number is negative"):
        symdiff.compile("segment_max(v, i, -2)", args="v[m], i[m]: int")
    f = symdiff.compile("segment_mean(v, i, n - 3)", args="v[m], i[m]: int, x[n]")
    with pytest.raises(symdiff.ShapeError, match="segment_mean of n - 3 segments: the number is negative, where n = 2"):
        f([], np.zeros(0, int), [1.0, 2.0])


def test_softmax_of_segments_adds_up_to_one():
    f = symdiff.compile("segment_sum(segment_softmax(x, i, 3), i, 3)", args="x[n], i[n]: int")
    np.testing.assert_allclose(f([1.0, 700.0, np.inf, -np.inf, 3.0], [0, 0, 1, 1, 0]), [1, 1, 0], rtol=1e-14)


def test_infinities_in_segments_have_the_derivatives_of_a_softmax():
    f = symdiff.compile("sum(segment_logsumexp(x, i, 4))", args="x[n], i[n]: int")
    x = [np.inf, np.inf, 1.0, -np.inf, -np.inf, 2.0]
    np.testing.assert_array_equal(f.grad(x, [0, 0, 0, 1, 1, 2]).x, [0.5, 0.5, 0, 0, 0, 1])


def test_ties_share_the_derivative_equally():
    f = symdiff.compile("sum(segment_max(x, i, 2) + 10*segment_min(x, i, 2))", args="x[n], i[n]: int")
    np.testing.assert_array_equal(f.grad([1.0, 1.0, 0.0, 4.0], [0, 0, 0, 1]).x, [0.5, 0.5, 10, 11])


def test_only_the_chosen_branch_has_a_derivative():
    f = symdiff.compile("sum(where(x[i] > 0, sqrt(x[i]), 0))", args="x[n], i[m]: int")
    np.testing.assert_allclose(f.grad([4.0, 0.0, -1.0], [0, 1, 2, 0]).x, [0.5, 0, 0])
    g = symdiff.compile("sum(where(c > 0, segment_sum(1/v, i, 2), 0))", args="c[2], v[n], i[n]: int", wrt="v")
    np.testing.assert_array_equal(g.grad([1.0, -1.0], [0.5, 0.0], [0, 1]).v, [-4, 0])


# Places of elements as indices


def test_places_of_elements_are_indices():
    x, y = np.array([3.0, 1.0, 2.0]), np.array([10.0, 20.0, 30.0])
    for text, want in (
        ("y[argmax(x)]", 10), ("y[argmin(x)]", 20), ("y[argsort(x)]", [20, 30, 10]), ("y[argmin(x) + 1]", 30),
        ("y[n - 1]", 30), ("y[arange(n)]", y), ("y[arange(1, n)]", y[1:]), ("argsort(x) + 0.5", [1.5, 2.5, 0.5]),
    ):  # fmt: skip
        f = symdiff.compile(text, args="x[n], y[n]")
        np.testing.assert_array_equal(f(x, y), want)
    f = symdiff.compile("X[arange(m), i]", args="X[m,k], i[m]: int")
    np.testing.assert_array_equal(f(np.arange(6.0).reshape(3, 2), [1, 0, 1]), [1, 2, 5])
    assert symdiff.compile("y[argmax(x)]", args="x[n], y[n]").grad(x, y).y.tolist() == [1, 0, 0]


def test_constant_arrays_of_whole_numbers_are_indices():
    for idx in ([0, 2, 2], np.arange(100) % 3):
        f = symdiff.compile("x[idx]", args="x[n]", constants={"idx": idx})
        np.testing.assert_array_equal(f([5.0, 6.0, 7.0]), np.array([5.0, 6.0, 7.0])[idx])
    with pytest.raises(ShapeError, match="an index is made of integers"):
        symdiff.compile("x[idx]", args="x[n]", constants={"idx": [0.0, 1.0]})


# Errors


@each(
    ("text", "error", "said"),
    [
        ("x[y]", ShapeError, "an index is made of integers"),
        ("x[i/2]", ShapeError, "an index is made of integers"),
        ("x[0.5*i]", ShapeError, "an index is made of integers"),
        ("x[floor(y)]", ShapeError, "an index is made of integers"),
        ("x[x > 0]", ShapeError, "write where"),
        ("x[i:]", ParseError, "ends of a slice are constant"),
        ("x[q:q + 2]", ParseError, "ends of a slice are constant"),
        ("x[i, i]", ShapeError, "2 indices of an array of shape"),
        ("x[i, ]", ParseError, "an index is a whole number"),
        ("x[(i]", ParseError, "does not match"),
        ("x[1:i]", ParseError, "ends of a slice are constant"),
        ("x[i 1]", ParseError, "operator"),
        ("x[i;]", ParseError, "never closed"),
        ("x[i]]", ParseError, "never opened"),
        ("x[i", ParseError, "never closed"),
        ("x[[q, 0]]", ShapeError, "an index is made of integers"),
        ("q[i]", ParseError, "a scalar has no elements"),
        ("x[i + E]", ShapeError, "do not broadcast"),
        ("segment_sum(x, i)", ParseError, "as in segment_sum"),
        ("segment_sum(x, i, q)", ParseError, "dimensions that args declares"),
        ("segment_sum(x, i, 3)", ShapeError, "the first axes have to agree"),
        ("segment_sum(x, y, 3)", ShapeError, "an index is made of integers"),
        ("sin[i]", ParseError, "round parentheses"),
    ],
)
def test_errors_say_what_to_write(text, error, said):
    with pytest.raises(error, match=said):
        symdiff.compile(text, args="x[n], y[n], i[m]: int, q: int, E[k,2]: int")


@each(
    ("text", "given", "said"),
    [
        ("x[i]", {"i": [0, 5]}, "argument 'i' has the index 5, which is out of bounds for axis 0 of x with size 5"),
        ("x[i]", {"i": [0, -6]}, "argument 'i' has the index -6"),
        ("x[1:][i]", {"i": [4, 0]}, "argument 'i' has the index 4"),
        ("y = 2*x; y[i]", {"i": [9]}, "axis 0 of y with size 5"),
        ("X[i, 1]", {"i": [5]}, "axis 0 of"),
        ("X[:, i]", {"i": [4]}, "axis 1 of X with size 4"),
        ("x[i + 1]", {"i": [4]}, r"i \+ 1 has the index 5"),
        ("x[i*j]", {"i": [3], "j": [3]}, r"i\*j has the index 9"),
        ("x[i*j]", {"i": [2**40], "j": [2**40]}, "more than 64 bits"),
        ("x[i[j]]", {"i": [0, 1], "j": [2, 0]}, "argument 'j' has the index 2"),
        ("segment_sum(x, i, 3)", {"i": [0, 1, 2, 3, 0]}, "argument 'i' has the segment 3; segment_sum has 3"),
        ("segment_sum(x, i, 3)", {"i": [0, 1, 2, -1, 0]}, "argument 'i' has the segment -1"),
        ("x[argmax(X[0])]*X[i, 0]", {"i": [5]}, "index 5"),
    ],
)
def test_indices_out_of_bounds(text, given, said):
    i, j = np.shape(given["i"]), np.shape(given.get("j", given["i"]))
    same = i == j and "[j]" not in text
    core = "n" if "segment" in text else "m"
    args = f"x[n], X[n,4], i[{core}]: int, j[{core if same else 'l'}]: int"
    f = symdiff.compile(text, args=args)
    values = {"x": np.arange(5.0), "X": np.ones((5, 4)), "j": np.zeros(j, int), **given}
    bar = np.ones([{"m": len(given["i"]), "l": len(values["j"]), "n": 5}.get(str(d), d) for d in f.results[0]])
    for g, more in ((f, {}), (f.vjp, {"out_bar": bar}), (f.jacobian, {})):
        with pytest.raises(BoundsError, match=said):
            g(**values, **more)
    loop = {name: np.stack([np.zeros_like(v), v]) for name, v in values.items()}
    with pytest.raises(IndexError):
        f(**loop)


def test_an_index_that_only_seems_out_of_bounds_is_computed():
    f = symdiff.compile("x[i - j]", args="x[n], i[m]: int, j[m]: int")
    np.testing.assert_array_equal(f([1.0, 2.0], [0, 10, 20], [0, 9, 20]), [1, 2, 1])


def test_every_index_of_an_empty_array_is_out_of_bounds_and_no_index_is_in_bounds():
    f = symdiff.compile("sum(x[i])", args="x[n], i[m]: int")
    assert f([], []) == 0
    assert f.grad([], []).x.shape == (0,)
    assert f.grad([1.0], []).x.tolist() == [0]
    with pytest.raises(BoundsError):
        f([], [0])


COMPUTED = {
    "x[(i + 1) % n]": "x[(i + 1) % n]",
    "x[i % 3]": "x[i % 3]",
    "x[(2*i + j) % n - 1]": "x[(2 * i + j) % n - 1]",
    "x[floor(i/2)]": "x[i // 2]",
    "x[floor((i + n)/3)]": "x[(i + n) // 3]",
    "x[clip(3*i, 0, n - 1)]": "x[np.clip(3 * i, 0, n - 1)]",
    "x[minimum(i, j)]": "x[np.minimum(i, j)]",
    "x[maximum(i[:, None], j)]": "x[np.maximum(i[:, None], j)]",
    "x[where(i > 0, i, 0)]": "x[np.where(i > 0, i, 0)]",
    "x[where(x[i] > 0, i, j)]": "x[np.where(x[i] > 0, i, j)]",
    "X[i % 4, floor(j/2) % k]": "X[i % 4, j // 2 % k]",
    "x[(arange(n) + 1) % n]": "np.roll(x, -1)",
    "x[n % 2 + i]": "x[n % 2 + i]",
    "segment_sum(x[i], i % 3, 3)": "np.bincount(i % 3, x[i], 3)",
}


@each("text", COMPUTED)
def test_indices_that_are_functions_of_integers(text):
    name, core = ("X", "n,k") if "X" in text else ("x", "n")
    args = f"{name}[{core}], i[m]: int, j[m]: int"
    draw = np.random.default_rng(3)
    x = draw.standard_normal((5, 4)[: 1 + core.count(",")])
    i, j = draw.integers(-2, 2, (2, 6))
    n, k = x.shape[0], x.shape[-1]
    want = written(COMPUTED[text], {name: x, "i": i, "j": j, "n": n, "k": k})
    for options in ({}, {"optimize": False}):
        f = symdiff.compile(text, args=args, **options)
        np.testing.assert_array_equal(f(x, i, j), want)
        np.testing.assert_array_equal(f(np.stack([x, 2 * x]), i, np.stack([j, j]))[0], want)
    assert symdiff.compile(f"sum(({text})^2)", args=args).check(x, i, j).ok


def test_functions_of_integers_out_of_bounds():
    f = symdiff.compile("x[i % 9]", args="x[n], i[m]: int")
    with pytest.raises(BoundsError, match=r"i % 9 has the index 8.* of x with size 5"):
        f(np.ones(5), [1, 17])
    np.testing.assert_array_equal(f(np.arange(5.0), [9, 13]), [0, 4])
