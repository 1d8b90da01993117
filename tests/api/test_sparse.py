"""Sparse Jacobians and Hessians: equal to the dense ones, no larger than they need be, and taken by SciPy's solvers."""

import pathlib
import random
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.integrate import solve_ivp
from scipy.optimize import LinearConstraint, NonlinearConstraint, least_squares, minimize, root
from tables import each

import symdiff
from symdiff import ShapeError
from symdiff.api import sparse as module

sys.path.append(str(pathlib.Path(__file__).parents[1] / "properties"))
from test_random_arrays import LEAVES, declared, formula, point

VARIANTS = [{}, {"optimize": False}, {"backend": "llvm"}]
ROSENBROCK = "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
BRUSSELATOR = """
lu = roll(u, 1, 0) + roll(u, -1, 0) + roll(u, 1, 1) + roll(u, -1, 1) - 4*u
lv = roll(v, 1, 0) + roll(v, -1, 0) + roll(v, 1, 1) + roll(v, -1, 1) - 4*v
1 + u**2*v - 4.4*u + 50*lu, 3.4*u - u**2*v + 50*lv
"""
COLLOCATION = """
p = X[:, 0]; q = X[:, 1]; s = X[:, 2]
fp = q*s + u; fq = sin(p) - q; fs = -p*s**2
stack([p[1:] - p[:-1] - h/2*(fp[1:] + fp[:-1]),
       q[1:] - q[:-1] - h/2*(fq[1:] + fq[:-1]),
       s[1:] - s[:-1] - h/2*(fs[1:] + fs[:-1])])
"""
CASES = {  # a formula, its arguments, and the entries of its Jacobian, and of its Hessian if it has one
    "sum of two slices": ("sum(x[1:]**2 + sin(x[:-1]))", "x[7]", 7, 7),
    "chain": (ROSENBROCK, "x[7]", 7, 19),
    "two slices": ("x[1:]**2 + sin(x[:-1])", "x[7]", 12, None),
    "products": ("sum(a*x)", "a[5], x[5]", 10, 10),
    "outer": ("sum(outer(a, x)**2)", "a[3], x[4]", 7, 12 + 12 + 3 + 4),
    "pairs": ("sum((x[:, None] - x[None, :])**4)", "x[6]", 6, 36),
    "all parameters": ("p**2*x + q*x[0]", "x[6], p, q", 6 + 5 + 6 + 6, None),
    "a parameter of a sum": ("sum(sin(p**2*x))", "x[6], p", 7, 6 + 12 + 1),
    "matrix": ("A @ x", "A[4,3], x[3]", 12 + 12, None),
    "matrices": ("A @ B", "A[2,3], B[3,4]", 8 * 6, None),
    "grid": (BRUSSELATOR, "u[4,5], v[4,5]", 2 * 20 * 6, None),
    "nodes": (COLLOCATION, "X[6,3], u[6], h", 5 * (2 * 4 + 2 * 2 + 2 * 2) + 15, None),
    "joined": ("concatenate([x[1:]*x[:-1], sin(x), x[:2], [a]])", "x[6], a", 10 + 6 + 2 + 1, None),
    "edges padded with zeros": ("y = concatenate([[0], x, [0]]); sum((y[1:] - y[:-1])**4)", "x[6]", 6, 16),
    "scalars": ("[a*b, b*sin(c), c]", "a, b, c", 5, None),
    "elements": ("x[0]*x[1] + x[2]**3", "x[4]", 3, 3),
    "several outputs": ("x[1:]*x[:-1], a*x, sum(x)", "x[5], a", 8 + 10 + 5, None),
    "sums so far": ("cumsum(sin(x))", "x[5]", 15, None),
    "recurrence": ("sum(cumprod(x))", "x[4]", 4, 12),
    "norms": ("sum(norm(X[1:] - X[:-1], axis=1))", "X[4,2]", 8, 4 * 4 + 3 * 2 * 4),
    "choice": ("sum(where(x[1:] > 0, x[1:]**3*x[:-1], sqrt(2 + x[:-1])))", "x[6]", 6, 16),
    "largest": ("[max(x), max(a)]", "x[3], a[2]", 5, None),
    "solve": ("solve(A, b)", "A[3,3], b[3]", 3 * 12, None),
    "einsum": ('einsum("kij,kj->ki", R, X)', "R[4,2,3], X[4,3]", 8 * 6, None),
    "nothing": ("3*ones(2)", "x[3]", 0, None),
    "linear": ("sum(x)", "x[3]", 3, 0),
    "constant matrix": ("(eye(6) - 2*diag(ones(5), 1)) @ sin(x)", "x[6]", 11, None),
    "diagonal": ("diag(a) @ x", "a[4], x[4]", 8, None),
}


@pytest.fixture(params=VARIANTS, ids=["numpy", "textbook", "llvm"])
def options(request):
    if request.param.get("backend") == "llvm":
        pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")
    return request.param


def arguments(f, sizes=None, seed=0):
    generator = np.random.default_rng(seed)
    shapes = [tuple(d if isinstance(d, int) else (sizes or {})[str(d)] for d in core) for core in f.cores]
    return [generator.uniform(0.3, 1.7, shape) for shape in shapes]


def agree(member, *at, **tolerance):
    """Hold a sparse matrix against the dense one, and return it."""
    got, want = member.sparse(*at), np.atleast_2d(member(*at))
    assert isinstance(got, sparse.csr_array)
    assert got.has_canonical_format
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    assert_allclose(got.toarray(), want, **({"rtol": 1e-10, "atol": 1e-10} | tolerance))
    if member.name == "hessian":
        assert_array_equal(got.toarray(), got.toarray().T)
    return got


@each("case", CASES)
def test_equal_to_dense_with_no_more_entries(case, options):
    text, args, first, second = CASES[case]
    f = symdiff.compile(text, args=args, **options)
    at = arguments(f)
    assert agree(f.jacobian, *at).nnz == first
    if second is not None:
        assert agree(f.hessian, *at).nnz == second


PADDED = [  # elements of other arguments, or constants, beside the variables
    ("A @ (c*concatenate([y[1:], x[:1]]))", "A[4,4], c[4], x[4], y[4]", "x"),
    ("A @ (c*concatenate([y[1:], x[:1]]))", "A[4,4], c[4], x[4], y[4]", "y"),
    ("z = concatenate([[a], u, [1]]); z[2:]*z[:-2] + sum(c*z)", "a, u[5], c[7]", "u"),
    ("z = concatenate([y[:1], u, [2]]); A @ sin(z) + z", "A[7,7], u[5], y[3]", "u"),
    ("z = concatenate([[a], u, [1]]); sum((A @ z)**3) + sum(z[1:]**2*z[:-1]**2)", "A[2,7], a, u[5]", "u"),
]


@each(("text", "args", "wrt"), PADDED)
def test_what_stands_beside_the_variables_has_no_seed(text, args, wrt):
    f = symdiff.compile(text, args=args, wrt=wrt)
    for member in (f.jacobian, f.hessian) if text.count("sum((") else (f.jacobian,):
        agree(member, *arguments(f))


@each("seed", range(25))
def test_random_formulas(seed):
    rng = random.Random(seed)  # noqa: S311 - not cryptography
    text = formula(rng, rng.choice([(), (), *LEAVES]), rng.choice([2, 3]))
    if not (args := declared(text)):
        return
    f = symdiff.compile(text, args=args, optimize=seed % 3 > 0)
    at = point(seed, f)
    with np.errstate(all="ignore"):
        for member in (f.jacobian, f.hessian) if f.results == ((),) else (f.jacobian,):
            want = np.atleast_2d(member(*at))
            if np.all(np.isfinite(want)):
                agree(member, *at, atol=1e-9 * np.max(np.abs(want), initial=1.0))


def test_every_way_to_the_values(monkeypatch):
    """One seed at a time; without selections as variables; with colours one by one; for each size of its own."""
    cases = [
        (ROSENBROCK, "x[n]", "hessian"), (COLLOCATION, "X[n,3], u[n], h", "jacobian"), (BRUSSELATOR, "u[n,m], v[n,m]", "jacobian"),
        ("sum((x[:, None] - x[None, :])**4*a)", "x[n], a", "hessian"), ("A @ x", "A[n,m], x[m]", "jacobian"),
        ("z = x[1:]*x[:-1]; sum((z[1:] - z[:-1])**2)", "x[n]", "hessian"), ("cumsum(x)**2", "x[n]", "jacobian"),
        ("y = sum(x); z = sin(x); sum((z[2:] - z[:-2])*z[1:-1])/(1 + y**2)", "x[n]", "hessian"),
    ]  # fmt: skip
    for name, value in (("_BATCH", 1), ("_SELECTIONS", 0), ("_SEARCHED", 0), ("_BATCH", 60)):
        monkeypatch.setattr(module, name, value)
        for text, args, kind in cases:
            symdiff.clear_cache()
            member = getattr(symdiff.compile(text, args=args), kind)
            for sizes in ({"n": 6, "m": 4}, {"n": 9, "m": 3}, {"n": 6, "m": 4}, {"n": 4, "m": 1}):
                agree(member, *arguments(member, sizes))


def test_dtypes_and_forms():
    f = symdiff.compile(ROSENBROCK, args="x[n]")
    x = np.linspace(0.5, 1.5, 6)
    assert agree(f.hessian, x.astype(np.float32), rtol=1e-5, atol=1e-3).dtype == np.float32
    assert agree(f.hessian, np.arange(6)).dtype == np.float64
    assert agree(f.hessian, x + 0.5j).dtype == np.complex128
    assert agree(symdiff.compile("x[1:]*sum(x*x)", args="x[n]").jacobian, x - 1j).dtype == np.complex128
    assert agree(symdiff.compile("a*b**2 + c").hessian, 1, 2, 3).dtype == np.float64
    for form in module.FORMATS:
        got = f.hessian.sparse(x, format=form)
        assert got.format == form
        assert isinstance(got, sparse.sparray)
        assert_allclose(got.toarray(), f.hessian(x))
    assert f.hessian.sparse([1.0, 2.0, 3.0]).nnz == 7
    assert f.hessian.sparse(x=x).nnz == 16
    assert agree(f.grad.jacobian, x).nnz == 16
    assert agree(f.hessian, x[:1]).nnz == 0
    assert agree(symdiff.compile("x[1:]", args="x[n]").jacobian, x[:1]).shape == (0, 1)
    assert agree(symdiff.compile("x**2", args="x[n]").jacobian, x[:0]).shape == (0, 0)
    assert agree(symdiff.compile("x[-1]*x[0]", args="x[n]").hessian, x).nnz == 2
    assert symdiff.compile("3*a").jacobian.sparse(2.0).toarray().tolist() == [[3.0]]


@each(("text", "kind"), [("sum(max(x)*x)", "jacobian"), ("max(x)", "hessian"), ("sum(floor(x))", "jacobian")])
def test_complex_arguments_are_refused_even_if_there_are_no_entries(text, kind):
    member = getattr(symdiff.compile(text, args="x[n]"), kind)
    for call in (member, member.sparse):
        with pytest.raises(TypeError, match="not defined for complex arguments"):
            call(np.ones(3, complex))


def test_what_is_kept_belongs_to_symdiff():
    f = symdiff.compile(ROSENBROCK, args="x[n]")
    x = np.linspace(0.5, 1.5, 6)
    first = f.hessian.sparse(x)
    first.data[:], first.indices[:], first.indptr[:] = 0, 0, 0
    agree(f.hessian, x)


def test_packed_arguments_and_names():
    f = symdiff.compile("sum((a[1:] - c*a[:-1])**2)*b", args="a[5], b, c", wrt="a, c").pack("a c")
    agree(f.hessian, *arguments(f))
    g = symdiff.compile("sum(x**2*format)", args="x[n], format")
    assert_allclose(g.jacobian.sparse(np.ones(2), format=3.0).toarray(), [[6.0, 6.0, 2.0]])


def test_arguments_with_fixed_values():
    f = symdiff.compile("a*x[1:]*x[:-1] + b[1:]**2", args="a, x[n], b[n]")
    a, x, b = 2.0, np.arange(1.0, 5.0), np.ones(4)
    assert agree(f.bind(a=a, b=b).jacobian, x).shape == (3, 4)
    assert agree(f.jacobian.bind(a=a), x, b).shape == (3, 9)
    assert agree(f.bind(x=x).jacobian, a, b).nnz == 6


def test_limits_are_those_of_the_program():
    f = symdiff.compile(ROSENBROCK, args="x[n]", limits=symdiff.Limits(elements=1000))
    assert f.hessian.sparse(np.ones(900)).nnz == 2698
    with pytest.raises(symdiff.LimitError):
        f.hessian.sparse(np.ones(2000))


def test_packed_matrices():
    f = symdiff.compile("a*x[1:]*x[:-1]", args="a, x[4]")
    agree(f.pack("a x").jacobian, np.arange(1.0, 6.0))
    with pytest.raises(AttributeError, match="pack first, then take the derivative"):
        f.jacobian.pack("a x").sparse(np.arange(5.0))
    assert f.jacobian.pack("a x").sparsity.shape == (3, 5)


def test_patterns_of_few_sizes_are_kept(monkeypatch):
    made = []
    find = module.dependence
    monkeypatch.setattr(module, "dependence", lambda *args: made.append(1) or find(*args))
    f = symdiff.compile(ROSENBROCK + " + sum(x)/3", args="x[n]").hessian
    for n in (5, 6, 7, 5, 6, 7):
        agree(f, np.ones(n))
    count = len(made)
    for n in (5, 6, 7):
        agree(f, np.ones(n))
    assert len(made) == count
    monkeypatch.setattr(module, "_ROOM", 0)
    agree(f, np.ones(8))
    assert len(made) > count
    count = len(made)
    agree(f, np.ones(8))
    assert len(made) == count
    agree(f, np.ones(5))
    assert len(made) > count


def test_a_matrix_is_of_one_point():
    f = symdiff.compile(ROSENBROCK, args="x[n]")
    with pytest.raises(ShapeError, match=r"of one point, and hessian\(x\[n\]\) has the loop shape \(2,\)"):
        f.hessian.sparse(np.ones((2, 3)))
    with pytest.raises(ShapeError, match="loop shape"):
        symdiff.compile("[a, a*b]").jacobian.sparse(np.ones(3), 2.0)


def test_errors(monkeypatch):
    f = symdiff.compile(ROSENBROCK, args="x[n]")
    with pytest.raises(AttributeError, match=r"only .* has sparse, not grad\(x\[n\]\): write f.jacobian.sparse"):
        f.grad.sparse(np.ones(3))
    with pytest.raises(ValueError, match="no sparse format 'CSR'; there are csr, csc"):
        f.hessian.sparse(np.ones(3), format="CSR")
    with pytest.raises(TypeError, match=r"hessian\(x\[n\]\) takes 1 argument, 2 given"):
        f.hessian.sparse(np.ones(3), 1.0)
    with pytest.raises(TypeError, match="has no argument 'y'"):
        f.hessian.sparse(y=np.ones(3))
    with pytest.raises(TypeError, match="argument 'x'"):
        f.hessian.sparse("text")
    with pytest.raises(TypeError, match="complex"):
        symdiff.compile("sum(abs(x[1:])*x[:-1])", args="x[n]").hessian.sparse(np.ones(3) * 1j)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ImportError, match=r"sparse matrices need SciPy: pip install 'scipy>=1.13'"):
        f.hessian.sparse(np.ones(3))


def test_no_other_entry_is_spoilt_by_an_infinite_one():
    f = symdiff.compile("sqrt(x[1:]) + x[:-1]", args="x[n]")
    with np.errstate(divide="ignore"):
        assert f.jacobian.sparse(np.zeros(3)).toarray().tolist() == [[1, np.inf, 0], [0, 1, np.inf]]


# Index arrays

BUNDLE = """
c = cameras[i]; p = points[j]; r = c[:, :3]
theta = norm(r, axis=1)[:, None]; w = r/theta
turned = stack([w[:, 1]*p[:, 2] - w[:, 2]*p[:, 1], w[:, 2]*p[:, 0] - w[:, 0]*p[:, 2],
                w[:, 0]*p[:, 1] - w[:, 1]*p[:, 0]], axis=1)
q = p*cos(theta) + turned*sin(theta) + w*(1 - cos(theta))*sum(w*p, axis=1)[:, None] + c[:, 3:6]
(c[:, 6, None]*q[:, :2]/q[:, 2:] - seen)*weights[:, None], 1 - weights**2
"""
INDEXED = {  # a formula, arguments, names to differentiate by, lengths of the axes of the integers, entries
    "bundle adjustment": (
        BUNDLE, "cameras[4,7], points[5,3], weights[9], seen[9,2], i[9]: int, j[9]: int", "cameras, points, weights",
        {"i": 4, "j": 5}, "jacobian",
    ),
    "edges": ("sum((sqrt(0.1 + sum((x[i] - x[j])**2, axis=1)) - rest)**2*k)/2", "x[6,3], i[8]: int, j[8]: int, rest[8], k", "x, k", {"i": 6, "j": 6}, "hessian"),
    "stiffness": ("e = x[i] - x[j]; sum(k*e**2)", "x[6], k[9], i[9]: int, j[9]: int", "x, k", {"i": 6, "j": 6}, "hessian"),
    "a mesh": ("c = x[t]; sum((c[:, 0] - c[:, 1])**2*(c[:, 2] - c[:, 0])**2)", "x[7], t[5,3]: int", "x", {"t": 7}, "hessian"),
    "two indices": ("sum(A[i, j]**2*x[j])", "A[3,4], x[4], i[5]: int, j[5]: int", "A, x", {"i": 3, "j": 4}, "hessian"),
    "gathered twice": ("y = x[i]; sum(y[j]**2*y[0])", "x[6], i[5]: int, j[4]: int", "x", {"i": 6, "j": 5}, "hessian"),
    "after a computation": ("y = sin(x); y[i]*y[j]", "x[6], i[5]: int, j[5]: int", "x", {"i": 6, "j": 6}, "jacobian"),
    "segments": ("segment_sum(v*x[i], i, 6)**2", "v[8], x[6], i[8]: int", "v, x", {"i": 6}, "jacobian"),
    "sum of segments": ("sum(segment_sum(v**2, i, 6)**2)", "v[8], i[8]: int", "v", {"i": 6}, "hessian"),
    "shares of segments": ("segment_softmax(v, i, 3)*a[i]", "v[8], a[3], i[8]: int", "v, a", {"i": 3}, "jacobian"),
    "largest of segments": ("segment_max(v, i, 3)", "v[8], i[8]: int", "v", {"i": 3}, "jacobian"),
    "places of the largest": ("x[argsort(t)]*x", "x[5], t[5]", "x", {}, "jacobian"),
    "own order": ("x[argsort(x)]**2", "x[5]", "x", {}, "jacobian"),
    "known integers": ("x[[0, 2, 2]]*a", "x[4], a", "x, a", {}, "jacobian"),
    "integers in a condition": ("where(i > 2, x, x[0]*x)", "x[5], i[5]: int", "x", {"i": 5}, "jacobian"),
}  # fmt: skip


def with_integers(f, lengths, seed):
    """Return arguments, with integers that are indices of axes of some lengths, some of them negative."""
    generator = np.random.default_rng(seed)
    found = arguments(f, seed=seed)
    for k, name in enumerate(f.args):
        if name in lengths:
            first = 0 if "segment" in f.text else -lengths[name]
            found[k] = generator.integers(first, lengths[name], found[k].shape)
    return found


@each("case", INDEXED)
def test_index_arrays(case):
    """The pattern is that of the integers of each call, and not that of the call before."""
    text, args, wrt, lengths, kind = INDEXED[case]
    for options in ({}, {"optimize": False}):
        member = getattr(symdiff.compile(text, args=args, wrt=wrt, **options), kind)
        counts = set()
        for seed in (0, 1, 2, 0):
            at = with_integers(member, lengths, seed)
            got = agree(member, *at)
            counts.add(got.nnz)
            assert got.nnz < got.shape[0] * got.shape[1] or not lengths
            places = np.zeros(got.shape, bool)
            places[member.coo.rows, member.coo.cols] = True  # whatever the integers are
            assert np.all(places[got.nonzero()])
            dense = np.zeros(got.shape)
            dense[member.coo.rows, member.coo.cols] = member.coo(*at)
            assert_allclose(dense, got.toarray(), rtol=1e-10, atol=1e-10)


def test_index_arrays_that_change_in_place():
    f = symdiff.compile("x[i]**2", args="x[4], i[3]: int")
    i, x = np.array([0, 1, 2]), np.arange(1.0, 5.0)
    agree(f.jacobian, x, i)
    i[:] = [3, 3, 0]
    assert agree(f.jacobian, x, i).indices.tolist() == [3, 3, 0]
    with pytest.raises(IndexError, match="4"):
        f.jacobian.sparse(x, np.array([0, 1, 4]))


# Solvers


def test_minimize_with_a_sparse_hessian():
    f = symdiff.compile(ROSENBROCK, args="x[n]")
    found = minimize(f, np.full(30, 0.8), jac=f.jacobian, hess=f.hessian.sparse, method="trust-constr", tol=1e-9)
    assert_allclose(found.x, 1.0, atol=1e-4)
    constrained = minimize(
        f, np.full(30, 0.8), jac=f.jacobian, hess=f.hessian.sparse, method="trust-constr",
        constraints=LinearConstraint(np.eye(1, 30), 0.5, 0.5),
    )  # fmt: skip
    assert_allclose(constrained.x[0], 0.5, atol=1e-6)


def test_least_squares_with_a_sparse_jacobian():
    f = symdiff.compile("concatenate([10*(x[1:] - x[:-1]**2), 1 - x])", args="x[n]")
    found = least_squares(f, np.full(40, 0.7), jac=f.jacobian.sparse, tr_solver="lsmr", xtol=1e-12, ftol=1e-12)
    assert found.success
    assert_allclose(found.x, 1.0, atol=1e-5)


def test_an_implicit_solver_with_a_sparse_jacobian():
    n = 6
    text = "u = reshape(y[:n*n], (n, n)); v = reshape(y[n*n:], (n, n))" + BRUSSELATOR
    *lines, last = text.replace("n*n", str(n * n)).replace("(n, n)", f"({n}, {n})").strip().splitlines()
    du, dv = last.split(", ")
    f = symdiff.compile(
        "\n".join([*lines, f"concatenate([ravel({du}), ravel({dv})])"]), args=f"t, y[{2 * n * n}]", wrt="y"
    )
    start = 1 + np.random.default_rng(0).random(2 * n * n)
    agree(f.jacobian, 0.0, start)
    for method in ("BDF", "Radau"):
        found = solve_ivp(f, (0, 0.5), start, method=method, jac=f.jacobian.sparse, rtol=1e-6)
        want = solve_ivp(f, (0, 0.5), start, method=method, jac=f.jacobian, rtol=1e-6)
        assert found.success
        assert_allclose(found.y[:, -1], want.y[:, -1], rtol=1e-6)


def test_a_newton_step_by_a_sparse_factorisation():
    f = symdiff.compile("concatenate([x[1:]**3 - x[:-1], x[:1] - 1])", args="x[n]")
    x = np.full(50, 1.3)
    for _ in range(30):
        x = x - sparse.linalg.spsolve(f.jacobian.sparse(x, format="csc"), f(x))
    assert_allclose(x, 1.0, atol=1e-12)
    assert root(f, np.full(5, 1.3), jac=f.jacobian).success


# Entries without SciPy


@each("case", CASES)
def test_the_entries_of_known_sizes_are_those_of_coo(case):
    text, args, first, second = CASES[case]
    f = symdiff.compile(text, args=args)
    at = arguments(f)
    for member, count in ((f.jacobian, first), (f.hessian if second is not None else None, second)):
        if member is None:
            continue
        coo = member.coo
        places = np.zeros(np.atleast_2d(member(*at)).shape, bool)
        places[coo.rows, coo.cols] = True
        assert len(coo.rows) == count == places.sum()
        assert_array_equal(np.atleast_2d(member.sparsity), places)
        dense = np.zeros(places.shape)
        dense[coo.rows, coo.cols] = coo(*at)
        assert_allclose(dense, member.sparse(*at).toarray(), rtol=1e-10, atol=1e-10)
        loops = [np.stack([a, a]) for a in at]
        assert_allclose(coo(*loops)[1], coo(*at), rtol=1e-10, atol=1e-10)


def test_entries_need_no_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    f = symdiff.compile("x**2", args="x[3]")
    assert f.jacobian.sparsity.tolist() == np.eye(3, dtype=bool).tolist()
    assert f.jacobian.coo([1.0, 2.0, 3.0]).tolist() == [2.0, 4.0, 6.0]


def test_optimal_control_with_sparse_constraints():
    """Move a mass from rest to rest in unit time, with the least effort: 12 at the start, in the limit of many nodes."""
    n = 41
    states = f"p = z[:{n}]; q = z[{n}:{2 * n}]; u = z[{2 * n}:]; h = 1/{n - 1}"
    defects = "p[1:] - p[:-1] - h/2*(q[1:] + q[:-1]), q[1:] - q[:-1] - h/2*(u[1:] + u[:-1])"
    ends = "[p[0], q[0], p[-1] - 1, q[-1]]"
    constraints = symdiff.compile(f"{states}; concatenate([{defects}, {ends}])", args=f"z[{3 * n}]")
    effort = symdiff.compile(f"u = z[{2 * n}:]; (sum(u[1:-1]**2) + (u[0]**2 + u[-1]**2)/2)/{n - 1}", args=f"z[{3 * n}]")
    z = np.zeros(3 * n)
    assert agree(constraints.jacobian, z).nnz == 2 * (n - 1) * 4 + 4
    found = minimize(
        effort, z, jac=effort.jacobian, hess=effort.hessian.sparse, method="trust-constr",
        constraints=NonlinearConstraint(constraints, 0, 0, jac=constraints.jacobian.sparse, hess=lambda z, _: 0 * np.eye(len(z))),
    )  # fmt: skip
    assert np.abs(constraints(found.x)).max() < 1e-8
    assert abs(found.fun - 12) < 0.05


@each("n", [1, 2, 3])
def test_selections_of_what_is_no_argument_take_no_seeds(n):
    x, y = np.arange(n) + 1.5, np.array([0.5, 2.0])
    for text in (
        "diff(concatenate([x, y]))",
        "diff(concatenate([[1], x, y, x]))",
        "diff(concatenate([x, x**2, y]), n=2)",
    ):
        f = symdiff.compile(text, args="x[n], y[2]", wrt="x")
        np.testing.assert_array_equal(f.jacobian.sparse(x, y).toarray(), f.jacobian(x, y))
        g = symdiff.compile(f"sum(({text})**3)", args="x[n], y[2]", wrt="x")
        np.testing.assert_allclose(g.hessian.sparse(x, y).toarray(), g.hessian(x, y), rtol=1e-13)


def test_arrays_of_other_libraries_are_refused():
    da = pytest.importorskip("dask.array")
    f = symdiff.compile("x**2", args="x[n]")
    x = da.from_array(np.arange(4.0), chunks=2)
    said = r"argument 'x' is an array of Dask: pass numpy.asarray\(x\), or call jacobian\(...\), which is dense"
    with pytest.raises(TypeError, match=said):
        f.jacobian.sparse(x)
    with pytest.raises(TypeError, match=r"an array of symbols: call jacobian\(...\), which is dense"):
        symdiff.compile(lambda x: f.jacobian.sparse(x).sum(), args="x[n]")
    assert f.jacobian.sparse(np.asarray(x)).nnz == 4
