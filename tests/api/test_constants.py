"""Arrays as constants: bound when a formula is compiled, by value."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from tables import each

import symdiff

MATRIX = np.array([[1.0, 2.0], [3.0, 4.0]])
LARGE = np.cos(np.arange(60.0)).reshape(15, 4)


def quadratic(matrix=MATRIX, **options):
    return symdiff.compile("x @ A @ x", args="x[2]", constants={"A": matrix}, **options)


def run(f, *args):
    """Return the result of the source of a Function, as a reader runs it."""
    scope = {"np": np, "constants": f.constants}
    exec(f.source, scope)
    return scope[f.name](*args)


def test_value_and_derivatives():
    f, x = quadratic(), np.array([1.0, -2.0])
    assert f(x) == x @ MATRIX @ x
    np.testing.assert_allclose(f.grad(x).x, (MATRIX + MATRIX.T) @ x)
    np.testing.assert_allclose(f.hessian(x), MATRIX + MATRIX.T)
    np.testing.assert_allclose(f.jvp(x, [1.0, 0.0]), (f(x), f.grad(x).x[0]))
    np.testing.assert_allclose(f(np.stack([x, 2 * x])), [f(x), 4 * f(x)])
    assert f.check(x).ok


def test_a_later_change_of_the_array_has_no_effect_and_equal_calls_are_one():
    mine = MATRIX.copy()
    f = quadratic(mine)
    mine[0, 0] = 100.0
    assert f([1.0, 0.0]) == 1.0
    assert quadratic() is f
    assert quadratic(MATRIX.tolist()) is f
    assert quadratic(mine) is not f
    assert quadratic(mine) != f
    assert pickle.loads(pickle.dumps(f.hessian)) == f.hessian
    assert f.constants["A"].tolist() == MATRIX.tolist()
    with pytest.raises(ValueError, match="read-only"):
        f.constants["A"][0] = 1.0


def test_signed_zeros_and_infinities_are_values():
    f = symdiff.compile("1/z", constants={"z": [0.0, -0.0, np.inf, np.nan]})
    g = symdiff.compile("1/z", constants={"z": [-0.0, 0.0, np.inf, np.nan]})
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(f(), [np.inf, -np.inf, 0.0, np.nan])
        np.testing.assert_array_equal(g(), [-np.inf, np.inf, 0.0, np.nan])
    assert "np.array([0.0, -0.0, np.inf, np.nan], dtype)" in f.source


def test_a_small_array_stands_in_the_source():
    assert quadratic().source == (
        "def value(x):\n    dtype = x.dtype.type\n    A = np.array([[1.0, 2.0], [3.0, 4.0]], dtype)\n"
        "    out = (x @ A).dot(x)\n    return out\n"
    )
    zero = symdiff.compile("A @ x", args="x[2]", constants={"A": np.zeros((0, 2))})
    assert zero([1.0, 2.0]).shape == (0,)
    np.testing.assert_array_equal(run(zero, np.ones(2)), [])


def test_a_large_array_has_a_name_in_the_source():
    f = symdiff.compile("L @ x + s", args="x[4]", constants={"L": LARGE, "s": 2.0, "unused": [1.0]})
    assert f.source.startswith("# constants = f.constants, for L of shape (15, 4)\n")
    assert 'L = np.asarray(constants["L"], dtype)' in f.source
    x = np.arange(4.0)
    np.testing.assert_allclose(f(x), LARGE @ x + 2)
    np.testing.assert_array_equal(run(f, x), f(x))
    np.testing.assert_array_equal(f.jacobian(x), LARGE)
    assert f.jacobian(x) is not f.jacobian(x)
    user = symdiff.compile("sum(L @ x)*constants", args="x[4], constants", constants={"L": LARGE})
    assert user(x, 2.0) == 2 * (LARGE @ x).sum()


def test_names_that_a_source_needs_for_something_else():
    f = symdiff.compile("np @ x + dtype + v1", args="x[2]", constants={"np": MATRIX, "dtype": [1, 2], "v1": [3, 4]})
    np.testing.assert_array_equal(f([1.0, 1.0]), [7.0, 13.0])


def test_results_are_never_the_constant_itself():
    f = symdiff.compile("L, L.T, L[0]", constants={"L": LARGE})
    first = f()
    first.out0[...] = 0.0
    first.out1[...] = 0.0
    np.testing.assert_array_equal(f().out0, LARGE)
    np.testing.assert_array_equal(f().out1, LARGE.T)


@each("array", [MATRIX, LARGE])
def test_precision_is_that_of_the_arguments(array):
    f = symdiff.compile("A @ x", args=f"x[{array.shape[1]}]", constants={"A": array})
    for dtype in (np.float32, np.float64, np.complex64, np.complex128):
        x = np.ones(array.shape[1], dtype)
        assert f(x).dtype == run(f, x).dtype == dtype
        assert f.jacobian(x).dtype == dtype
        np.testing.assert_allclose(f(x), array.sum(1), rtol=1e-5, atol=1e-5)


def test_an_element_is_a_number():
    f = symdiff.compile("A[1]*x + A[-1]", constants={"A": [1, 2, 3]})
    assert f(2.0) == 7.0
    assert f.source_for("math") == "def value(x):\n    out = 2.0 * x + 3.0\n    return out\n"


def test_integers_are_numbers_and_booleans_are_conditions():
    f = symdiff.compile(
        "where(m and x > 0, k*x, -x)", args="x[3]", constants={"m": [True, False, True], "k": [2, 3, 4]}
    )
    np.testing.assert_array_equal(f([1.0, 1.0, -1.0]), [2.0, -1.0, 1.0])
    assert f.constants["k"].dtype == np.int64
    assert symdiff.compile("2*g", constants={"g": np.array(3)})() == 6.0


def test_texts_for_people_have_the_name():
    f = quadratic()
    assert f.latex == r"x^{\mathsf{T}} A x"
    assert "A_{" in f.hessian.latex
    assert [step.expression for step in f.trace([1.0, 2.0]).steps][1] == "x @ A"
    assert "A[2, 2]" in str(f.graph())


def test_an_exported_module_has_the_numbers(tmp_path):
    f = symdiff.compile("L @ x", args="x[4]", constants={"L": LARGE})
    scope = {"__name__": "module"}
    exec(f.export(), scope)
    np.testing.assert_allclose(scope["value"](np.arange(4.0)), LARGE @ np.arange(4.0))
    assert "Constants: L = array of shape (15, 4)" in scope["__doc__"]
    assert "np.array([[1.0, 2.0], [3.0, 4.0]], dtype)" in quadratic().export()


def test_native_code_leaves_them_to_numpy():
    pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")
    f = symdiff.compile("sum(A*x)", args="x[2]", constants={"A": [1.0, 2.0]}, backend="llvm")
    assert f([1.0, 1.0]) == 3.0
    if f.backend == "numpy":
        with pytest.raises(ValueError, match="constant arrays"):
            f.source_for("llvm")


def test_limits():
    with pytest.raises(symdiff.LimitError, match="60 elements"):
        symdiff.compile("sum(L)", constants={"L": LARGE}, limits=symdiff.Limits(elements=50))


def test_large_arrays_leave_the_cache():
    arrays = [np.full(400_000, float(k)) for k in range(3)]
    made = [symdiff.compile("sum(L)*x", constants={"L": a}) for a in arrays]
    assert symdiff.compile("sum(L)*x", constants={"L": arrays[2]}) is made[2]
    assert symdiff.compile("sum(L)*x", constants={"L": arrays[0]}) is not made[0]


@each(
    ("value", "message"),
    [
        (np.array(["a"]), "constant 'A' is text"),
        (np.array([None, 1]), "constant 'A' is of dtype object"),
        ([1j], "constant 'A' is an array of complex128, not of real numbers"),
        ([[1], [1, 2]], "constant 'A' is not an array: it has lists of 1 and of 2 elements"),
        (np.ma.array([1.0]), "constant 'A' is a masked array"),
        ({1: 2}, "constant 'A' is dict, not a real number or an array of such"),
        (sparse.eye_array(2), "constant 'A' is dia_array, not a real number or an array of such: pass A.toarray()"),
        (np.array(1j), "constant 'A' is an array of complex128"),
    ],
)
def test_what_is_no_constant(value, message):
    with pytest.raises(TypeError) as caught:
        symdiff.compile("x*A", constants={"A": value})
    assert str(caught.value).startswith(message)


def test_errors_about_names_and_shapes():
    with pytest.raises(symdiff.ParseError, match="did you mean 'matrix'"):
        symdiff.compile("matrix*x", constants={"matrx": MATRIX})
    with pytest.raises(symdiff.ParseError, match="both in args and in constants"):
        symdiff.compile("A", args="A[2,2]", constants={"A": MATRIX})
    with pytest.raises(symdiff.ParseError, match="'A' is a constant and cannot be assigned to"):
        symdiff.compile("A = 1\nA", constants={"A": MATRIX})
    for size in (3, "n"):
        with pytest.raises(symdiff.ShapeError, match=f"2 and {size} are different"):
            symdiff.compile("A @ x", args=f"x[{size}]", constants={"A": MATRIX})


def test_a_constant_mask_is_given_by_its_places():
    mask = np.array([True, False, True])
    with pytest.raises(symdiff.ShapeError, match=r"a mask among the constants by its places, numpy.flatnonzero"):
        symdiff.compile("sum(x[m])", args="x[n]", constants={"m": mask})
    assert symdiff.compile("sum(x[m])", args="x[n]", constants={"m": np.flatnonzero(mask)})([1.0, 2.0, 4.0]) == 5.0
