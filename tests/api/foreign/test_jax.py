"""Arrays of JAX: transformations, which take our derivatives in both modes."""

import numpy as np
import pytest
from tables import each

import symdiff

jax = pytest.importorskip("jax")
jnp = jax.numpy

MIXED = symdiff.compile("where(x > 0, sqrt(x), cbrt(y)*2) + hypot(x, y)*A[1] + erf(x)", constants={"A": [1.0, 2.0]})
LOSS = symdiff.compile("sum((X@w - y)^2) + sum(abs(w))", args="X[m,n], w[n], y[m]", wrt="w")
X = np.array([1.0, -2.0, 3.0])
Y = np.array([[1.0], [2.0]])


@pytest.fixture(autouse=True)
def _double():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def problem():
    rng = np.random.default_rng(0)
    return [jnp.asarray(rng.normal(size=shape)) for shape in ((5, 3), (3,), (5,))]


def close(a, b, rtol=1e-14, atol=1e-14):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=rtol, atol=atol)


@each("f", [MIXED, MIXED.jacobian, MIXED.hessian], ids=lambda f: f.name)
def test_results_are_arrays_of_jax(f):
    for made in (f, jax.jit(f)):
        got = made(jnp.asarray(X), jnp.asarray(Y))
        assert isinstance(got, jax.Array)
        close(got, f(X, Y))
    assert f(jnp.asarray(X, jnp.float32), 2).dtype == jnp.float32
    assert f(jnp.asarray([1, 2]), 2).dtype == jnp.float64


def test_without_double_precision_integers_count_as_single():
    jax.config.update("jax_enable_x64", False)
    assert MIXED(jnp.asarray([1, 2]), 2.5).dtype == jnp.float32
    test_index_arrays_under_jit()  # the indices are int32


def test_numbers_take_the_dtype_of_the_arrays_also_where_jax_traces_them():
    x = jnp.asarray(X, jnp.float32)
    for made in (jax.jit(MIXED), jax.vmap(MIXED, in_axes=(0, None)), jax.jit(jax.vmap(MIXED.grad, in_axes=(0, None)))):
        assert {leaf.dtype for leaf in jax.tree_util.tree_leaves(made(x, 2.0))} == {np.dtype("float32")}
    assert jax.jvp(MIXED, (x, 2.0), (x, 1.0))[1].dtype == jnp.float32
    assert jax.jit(MIXED)(1.0, 2.0).dtype == jnp.float64


def test_records_pass_through_jit():
    got = jax.jit(MIXED.grad)(jnp.asarray(X), jnp.asarray(Y))
    assert type(got).__name__ == "grad"
    close(got.x, MIXED.grad(X, Y).x)


def test_vmap_has_the_batch_in_front():
    got = jax.vmap(lambda x: MIXED(x, jnp.asarray(Y)))(jnp.asarray(X))
    assert got.shape == (3, 2, 1)
    A, w, y = problem()
    got = jax.vmap(LOSS.grad, in_axes=(None, 1, None))(A, jnp.stack([w, 2 * w], axis=1), y)
    close(got.w, LOSS.grad(A, jnp.stack([w, 2 * w]), y).w)


def test_first_derivatives_are_ours_in_both_modes():
    want = MIXED.grad(X, Y)
    gx, gy = jax.grad(lambda x, y: MIXED(x, y).sum(), (0, 1))(jnp.asarray(X), jnp.asarray(Y))
    close(gx, want.x.sum(0))
    close(gy, want.y.sum(1, keepdims=True))
    _, dot = jax.jvp(lambda x: MIXED(x, 2.0), (jnp.asarray(X),), (jnp.ones(3),))
    close(dot, MIXED.grad(X, 2.0).x)


MODES = [
    jax.hessian,
    lambda f: jax.jacfwd(jax.jacfwd(f)),
    lambda f: jax.jacrev(jax.jacrev(f)),
    lambda f: jax.jacrev(jax.jacfwd(f)),
]


@each("twice", MODES, ids=["over reverse", "forward", "reverse", "over forward"])
def test_second_derivatives_in_all_modes(twice):
    got = jax.jit(twice(lambda p: MIXED(p[0], p[1])))(jnp.array([1.0, 2.0]))
    close(got, MIXED.hessian(1.0, 2.0))
    A, w, y = problem()
    close(twice(lambda w: LOSS(A, w, y))(w), 2 * A.T @ A, rtol=1e-12, atol=1e-12)


def test_derivatives_of_a_vmap_and_of_mixed_batches():
    A, w, y = problem()
    got = jax.grad(lambda w: jax.vmap(lambda a: LOSS(A, a * w, y))(jnp.arange(3.0)).sum())(w)
    close(got, sum(k * LOSS.grad(A, k * w, y).w for k in range(3)), rtol=1e-12)
    f = symdiff.compile("dot(x, y)*a", args="x[n], y[n], a")
    x, a = jnp.ones((4, 3)), jnp.arange(4.0)
    got = jax.vmap(jax.grad(f, argnums=(0, 1, 2)), in_axes=(0, None, 0))(x, jnp.arange(3.0), a)
    want = f.grad(np.ones((4, 3)), np.arange(3.0), np.arange(4.0))
    for one, other in zip(got, want, strict=True):
        close(one, other)


def test_edges_are_ours():
    r = symdiff.compile("sqrt(x^2 + y^2)")
    assert jax.grad(lambda x: r(x, 0.0).sum())(jnp.zeros(2)).tolist() == [0, 0]
    assert float(jax.grad(lambda x: r(x, 0.0))(0.0)) == 0
    choice = symdiff.compile("where(x > 0, log(x), x)")
    at = jnp.array([0.0, -1.0, 2.0])
    assert jax.jit(jax.grad(lambda x: choice(x).sum()))(at).tolist() == [1, 1, 0.5]
    # the sum hides the choice from JAX; the infinite partial of the branch not taken must stay out
    hidden = symdiff.compile("sum(where(x > 0, sqrt(x), 0)*x)", args="x[n]")
    assert jax.grad(hidden)(jnp.array([0.0, 1.0])).tolist() == [0, 1.5]
    assert jax.jvp(hidden, (jnp.array([0.0, 1.0]),), (jnp.ones(2),))[1] == 1.5


def test_index_arrays_under_jit():
    f = symdiff.compile("sum(x[i]^2)", args="x[n], i[m]: int")
    assert f(jnp.arange(300.0), jnp.asarray([-1, 2], jnp.int8)) == 299**2 + 4
    got = jax.jit(jax.grad(lambda x: f(x, jnp.array([0, -1, -1]))))(jnp.arange(4.0))
    assert got.tolist() == [0, 0, 0, 12]
    with pytest.raises(symdiff.SymdiffError, match="out of bounds"):
        f(jnp.arange(4.0), jnp.array([4]))


def test_complex_arguments():
    f = symdiff.compile("exp(z)*z^2 + c*z")
    got = jax.grad(lambda z: f(z, 2.0), holomorphic=True)(jnp.asarray(1 + 2j))
    close(got, f.grad(1 + 2j, 2.0).z)


def test_third_derivatives():
    f = symdiff.compile("exp(x)*y^3")
    third = jax.grad(jax.grad(jax.grad(f), argnums=1))(1.0, 2.0)
    close(third, f.diff("x", "y", "x")(1.0, 2.0))
    close(jax.jacfwd(jax.grad(jax.grad(f, argnums=1), argnums=1), argnums=1)(jnp.asarray(1.0), 2.0), 6 * np.e)


def test_loops_trace():
    f = symdiff.compile("step(s, e) = 0.5*s + sin(e)\nfold(step, 1.0, x)", args="x[n]")
    x = jnp.linspace(0.1, 1.0, 5)
    close(jax.jit(f)(x), f(np.asarray(x)))
    close(jax.jit(jax.grad(f))(x), f.grad(np.asarray(x)).x)


def test_errors_while_tracing():
    with pytest.raises(symdiff.ShapeError, match="do not broadcast"):
        jax.jit(MIXED)(jnp.asarray(X), jnp.ones(2))
    with pytest.raises(TypeError, match=r"'y' is an array of NumPy.*pass jax.numpy.asarray\(y\)"):
        MIXED(jnp.asarray(X), Y)
    with pytest.raises(TypeError, match="out= takes arrays of NumPy"):
        MIXED(jnp.asarray(X), 1.0, out=np.zeros(3))
