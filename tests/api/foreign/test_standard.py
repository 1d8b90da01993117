"""Arrays of the array API standard, by the package that checks that a caller keeps to it."""

import subprocess
import sys

import array_api_strict as xp
import numpy as np
import pytest
from tables import each

import symdiff
from symdiff.runtime.results import leaves

MIXED = symdiff.compile("where(x > 0, sqrt(x), cbrt(y)*2) + hypot(x, y)*A[1] + erf(x)", constants={"A": [1.0, 2.0]})
LOSS = symdiff.compile("sum((X@w - y)^2) + sum(abs(w))", args="X[m,n], w[n], y[m]", wrt="w")
X = np.array([1.0, -2.0, 3.0])
Y = np.array([[1.0], [2.0]])


def strict(*arrays):
    return [xp.asarray(a) for a in arrays]


def same(got, want, rtol=1e-14):
    for one, other in zip(leaves(got), leaves(want), strict=True):
        assert isinstance(one, type(xp.asarray(0.0)))
        assert one.shape == np.shape(other)
        np.testing.assert_allclose(np.asarray(one), other, rtol=rtol)


@each("member", ["grad", "value_and_grad", "jacobian", "hessian"])
def test_every_member_takes_the_arrays(member):
    f = getattr(MIXED, member)
    same(f(*strict(X, Y)), f(X, Y))
    same(f(x=xp.asarray(X), y=2), f(X, 2.0))


def test_core_shapes_and_products():
    rng = np.random.default_rng(0)
    A, w, y = rng.normal(size=(4, 5, 3)), rng.normal(size=3), rng.normal(size=(2, 1, 5))
    same(LOSS.value_and_grad(*strict(A, w, y)), LOSS.value_and_grad(A, w, y), rtol=1e-12)
    same(LOSS.hessian(*strict(A, w, y)), LOSS.hessian(A, w, y), rtol=1e-12)
    dot = rng.normal(size=3)
    same(LOSS.hvp(*strict(A, w, y, dot)), LOSS.hvp(A, w, y, dot), rtol=1e-12)


FORMULAS = [
    ("einsum('ij,kj->ik', X, X)[0, 1]*sum(cumsum(w))", "X[m,n], w[n]"),
    ("logdet(X@X.T + eye(m))", "X[m,n]"),
    ("sum(solve(X@X.T + eye(m), b)^2)", "X[m,n], b[m]"),
    ("sum(cholesky(X@X.T + eye(m)))", "X[m,n]"),
    ("logsumexp(w) + max(w) + prod(w) + norm(w)", "w[n]"),
    ("sum(sort(w)*w) + sum(cumprod(w)) + w[-1]*sum(w[::-1]*w)", "w[n]"),
    ("sum(diag(w)@X.T) + sum(tril(X@X.T))", "X[m,n], w[n]"),
    ("sum(softmax(w)*w) + sum(stack([w, w^2]))", "w[n]"),
    ("step(s, e) = 0.5*s + sin(e)\nfold(step, 1.0, w)", "w[n]"),
    ("step(s, e) = s*e + w[0]\nsum(scan(step, 1.0, w))", "w[n]"),
    ("sum(gamma_lpdf(w, 2, 3) + betaln(w, 2)) + sum(fresnel_s(w)*j1(w) + kl_div(w, 2) + binom(5, w))", "w[n]"),
]


@each(("text", "args"), FORMULAS, ids=lambda p: p[:25])
def test_formulas_with_arrays(text, args):
    f = symdiff.compile(text, args=args)
    rng = np.random.default_rng(1)
    sizes = {"m": 2, "n": 3}
    for loop in ((), (4,)):
        given = [
            rng.uniform(0.5, 1.5, (*loop, *[sizes[d] for d in core])) for core in [tuple(map(str, c)) for c in f.cores]
        ]
        same(f.value_and_grad(*strict(*given)), f.value_and_grad(*given), rtol=1e-10)
        if not loop:
            same(f.hessian(*strict(*given)), f.hessian(*given), rtol=1e-9)


def test_index_arrays_and_segments():
    f = symdiff.compile("sum(x[i]^2)", args="x[n], i[m]: int")
    i = np.array([0, -1, -1])
    same(f.grad(*strict(X, i)), f.grad(X, i))
    many = np.array([[0, 1], [2, 2]])
    same(f.grad(*strict(X, many)), f.grad(X, many))
    g = symdiff.compile("sum(segment_sum(x, i, 3)*exp(segment_max(x, i, 3)))", args="x[n], i[n]: int")
    same(f.grad(*strict(np.arange(300.0), i.astype("int8"))), f.grad(np.arange(300.0), i))
    i = np.array([2, 0, 2])
    same(g.value_and_grad(*strict(X, i)), g.value_and_grad(X, i))
    with pytest.raises(symdiff.SymdiffError, match="index 3, which is out of bounds for axis 0 of x with size 3"):
        f(*strict(X, np.array([3])))
    with pytest.raises(TypeError, match="declared as an integer"):
        f(*strict(X, np.array([1.0])))


def test_dtypes():
    x32, x64 = xp.asarray(X, dtype=xp.float32), xp.asarray(X)
    assert MIXED(x32, 2).dtype == xp.float32
    assert MIXED(x32, x64).dtype == xp.float64
    assert MIXED(xp.asarray([1, 2]), 2).dtype == xp.float64
    assert MIXED(xp.asarray([1, 2]), x32[:2]).dtype == xp.float32
    assert MIXED(xp.asarray([True, False]), 2).dtype == xp.float64
    assert MIXED.hessian(x32, 2).dtype == xp.float32
    assert LOSS.grad(xp.ones((2, 3), dtype=xp.float32), x32, xp.ones(2, dtype=xp.float32)).w.dtype == xp.float32
    assert MIXED(xp.asarray(2), 1).shape == ()


def test_complex_arguments():
    f = symdiff.compile("exp(z)*z^2 + c*z")
    z = np.array([1 + 2j, 3])
    same(f(xp.asarray(z), 2.0), f(z, 2.0))
    same(f.grad(xp.asarray(z), 2j), f.grad(z, 2j))
    assert f(xp.asarray(X), 1j).dtype == xp.complex128
    with pytest.raises(TypeError, match="not defined for complex"):
        symdiff.compile("abs(z)")(xp.asarray(z))


def test_edges_are_those_of_numpy():
    for text in ("abs(x)", "relu(x)", "x^0.5", "where(x > 0, log(x), x)", "sqrt(x^2)", "max(x, 0)", "x*sqrt(x)"):
        f = symdiff.compile(text)
        at = np.array([0.0, -1.0, 2.0, np.inf, np.nan])
        with np.errstate(all="ignore"):
            want = f.grad(at), f.diff("x", "x")(at)
        same((f.grad(xp.asarray(at)), f.diff("x", "x")(xp.asarray(at))), want)


def test_results_have_memory_of_their_own_and_the_full_shape():
    x = xp.asarray(X)
    out = symdiff.compile("x")(x)
    assert out is not x
    out[0] = 7.0
    assert float(x[0]) == 1.0
    wide = symdiff.compile("2*x").grad(x).x
    assert wide.shape == (3,)
    wide[0] = 5.0
    assert float(wide[1]) == 2.0
    a, b = symdiff.compile("y = x + 1\ny, y")(x)
    a[0] = 0.0
    assert float(b[0]) == 2.0


def test_device_is_kept():
    device = xp.Device("device1")
    x = xp.asarray(X, device=device)
    f = symdiff.compile("cbrt(x)*A[1] + y", constants={"A": np.arange(40.0)})
    for made in (f, f.jacobian, f.hessian):
        assert made(x, 2.0).device == device


def test_the_source_runs_by_itself():
    for f in (MIXED, LOSS.grad):
        assert "symdiff" not in f.source_for("array_api")
    source = symdiff.compile("x*cbrt(y)").hessian.source_for("array_api")
    scope = {}
    exec(source, scope)
    same(scope["hessian"](*strict(X, X)), symdiff.compile("x*cbrt(y)").hessian(X, X))
    same(scope["hessian"](*strict(X, X), xp=xp, device=None), symdiff.compile("x*cbrt(y)").hessian(X, X))


def test_names_of_the_source_are_names_of_arguments_too():
    f = symdiff.compile("xp*device + special/dtype + cbrt(np)")
    given = [2.0, 3.0, 4.0, 5.0, 6.0]
    same(f.value_and_grad(*strict(*given)), f.value_and_grad(*given))


def test_bound_arguments():
    f = LOSS.bind(X=xp.ones((2, 3)), y=xp.ones(2))
    same(f.grad(xp.asarray(X)), LOSS.bind(X=np.ones((2, 3)), y=np.ones(2)).grad(X))
    with pytest.raises(symdiff.ShapeError, match="'X' has shape"):
        LOSS.bind(X=xp.ones(3))


def test_mixed_libraries_are_an_error():
    x, y = strict(X, X)
    with pytest.raises(
        TypeError,
        match=r"'y' is an array of NumPy, and 'x' an array of array_api_strict: pass array_api_strict.asarray\(y\)",
    ):
        MIXED(x, Y)
    with pytest.raises(TypeError, match="'x' is a list, and 'y' an array of array_api_strict"):
        MIXED([1.0, 2.0], y)
    with pytest.raises(
        TypeError, match=r"'x' is a NoneType, and 'y' an array of .*: pass a number or one of array_api_strict"
    ):
        MIXED(None, y)
    assert MIXED(x, np.float64(2.0)).shape == (3,)  # numbers mix with everything
    assert MIXED(x, np.array(2)).dtype == xp.float64

    class Other:
        def __array_namespace__(self):
            raise AssertionError

    with pytest.raises(
        TypeError, match=r"'y' is an array of .*, and 'x' one of array_api_strict: pass arrays of one library"
    ):
        MIXED(x, Other())


def test_errors():
    x = xp.asarray(X)
    with pytest.raises(symdiff.ShapeError, match=r"do not broadcast together: x \(3,\), y \(2,\)"):
        MIXED(x, xp.ones(2))
    with pytest.raises(symdiff.ShapeError, match="does not fit"):
        LOSS(xp.ones((2, 3)), xp.ones(4), xp.ones(2))
    with pytest.raises(TypeError, match="out= takes arrays of NumPy"):
        MIXED(x, 1.0, out=np.zeros(3))
    with pytest.raises(TypeError, match="takes 2 arguments, 1 given"):
        MIXED(x)
    with pytest.raises(symdiff.LimitError):
        symdiff.compile("x@x.T", args="x[n,1]", limits=symdiff.Limits(elements=10))(xp.ones((5, 1)))


def test_what_a_library_lacks_is_named():
    flags = xp.get_array_api_strict_flags()
    xp.set_array_api_strict_flags(enabled_extensions=())
    try:
        with pytest.raises(TypeError, match="which array_api_strict lacks"):
            symdiff.compile("det(X)", args="X[n,n]")(xp.eye(2))
    finally:
        xp.set_array_api_strict_flags(enabled_extensions=flags["enabled_extensions"])


def test_no_library_is_imported_for_arrays_of_numpy():
    code = (
        "import sys, numpy, symdiff; f = symdiff.compile('x*y'); f(numpy.ones((2, 1)), numpy.ones(3));"
        "f.grad(numpy.float32(1), [1.0]);"
        "print(*[m for m in sys.modules if m.split('.')[0] in ('torch', 'jax', 'cupy', 'array_api_compat', 'scipy')"
        " or m.startswith('symdiff.api.foreign.')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not run.stdout.strip()
