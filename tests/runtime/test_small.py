"""Small arrays and numbers of all kinds give what one call on plain arrays gives."""

import itertools
import pickle
import warnings

import numpy as np
import pytest

import symdiff

X = np.array([1.5, -2.0, 3.0])
KINDS = [2.0, 3, True, np.float64(2.5), np.float32(1.5), np.int8(3), np.array(2.0), np.array(3)]
KINDS += [X, X.astype("f4"), X.astype("i4"), X.astype(">f8"), X[:, None], X[:1].astype("f4"), X[::-1]]
KINDS += [X.astype(np.dtype("f8").newbyteorder("=")), pickle.loads(pickle.dumps(X))]


@pytest.mark.parametrize("text", ["exp(x/4)*y + 2*x - x^2*1.5", "3*x + y"])
def test_mixtures_of_arrays_and_numbers(text):
    f = symdiff.compile(text).value_and_grad
    scope = {"np": np}
    exec(f.source, scope)
    for x, y in itertools.product(KINDS, repeat=2):
        if not any(isinstance(a, np.ndarray | np.generic) for a in (x, y)):
            continue
        dtype = np.result_type(*[a.dtype if a.dtype.kind == "f" else float for a in (x, y) if hasattr(a, "dtype")])
        out, grad = scope["value_and_grad"](*[np.asarray(a, dtype)[()] for a in (x, y)])
        shape = np.broadcast_shapes(np.shape(x), np.shape(y))
        for _ in range(3):  # later calls take shorter ways
            found = f(x, y)
            for made, value in zip((found[0], *found[1]), (out, *grad), strict=True):
                assert np.shape(made) == shape
                assert made.dtype == dtype
                assert isinstance(made, np.ndarray if shape else np.generic)
                np.testing.assert_array_equal(made, np.broadcast_to(np.asarray(value, dtype), shape))


def test_mixtures_that_are_refused():
    f = symdiff.compile("x*y")
    for _ in range(3):
        np.testing.assert_array_equal(f(X, 2), 2 * X)
        with pytest.raises(TypeError, match="'y' is an int too large for a float"):
            f(X, 10**400)
        with pytest.raises(TypeError, match="y"):
            f(X, None)
        with pytest.raises(symdiff.ShapeError, match="do not broadcast"):
            f(X, X[:2])
        with pytest.raises(TypeError, match="takes 2 arguments"):
            f(X)
    np.testing.assert_array_equal(f(X, y=np.float64(2.0)), 2 * X)


def test_constants_of_small_arrays_are_the_callers_own():
    g = symdiff.compile("3*x + 2*y + 0*x").grad
    for _ in range(3):
        found = g(X, X)
        found.x[...] = 5.0
        np.testing.assert_array_equal(found.y, [2.0, 2.0, 2.0])


def test_warnings_of_mixtures_are_those_of_numpy():
    f = symdiff.compile("log(x)*y")
    for _ in range(3):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            f(np.array([0.0, 1.0]), np.float64(2.0))
        assert [str(w.message) for w in found] == ["divide by zero encountered in log"]


def test_results_that_share_memory_with_arguments():
    """Arguments and results are parts of one array, or lie apart: the results are those of separate arrays."""
    f = symdiff.compile("x*y + sin(x)").value_and_grad
    rng = np.random.default_rng(0)
    shared = 0
    for _ in range(150):
        buffer = rng.random(60)
        ways = [
            lambda: rng.random(20),
            lambda buffer=buffer: buffer[(start := rng.integers(0, 40)) : start + 20],
            lambda buffer=buffer: buffer[:40:2],
            lambda buffer=buffer: buffer[20:40][::-1],
        ]
        x, y, *outs = [ways[rng.integers(len(ways))]() for _ in range(5)]
        if any(np.shares_memory(a, b) for a, b in itertools.combinations(outs, 2)):
            continue
        shared += any(np.shares_memory(a, b) for a in (x, y) for b in outs)
        value, grad = f(x.copy(), y.copy())
        f(x, y, out=(outs[0], tuple(outs[1:])))
        for found, wanted in zip(outs, (value, *grad), strict=True):
            np.testing.assert_array_equal(found, wanted)
    assert shared > 10


def test_linear_algebra_of_small_arrays_names_its_errors():
    f = symdiff.compile("inv([[x, 1], [1, y]])[0, 0]")
    for _ in range(3):
        np.testing.assert_allclose(f(X, 3.0), 3.0 / (3.0 * X - 1.0), rtol=1e-14)
        with pytest.raises(symdiff.LinAlgError, match="inv"):
            f(1.0, np.ones(2))
