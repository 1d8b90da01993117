"""Tensors of PyTorch: autograd, `torch.func` and compilation."""

import numpy as np
import pytest
from tables import each

import symdiff

torch = pytest.importorskip("torch")
pytest.importorskip("array_api_compat")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # of torch itself

MIXED = symdiff.compile("where(x > 0, sqrt(x), cbrt(y)*2) + hypot(x, y)*A[1] + erf(x)", constants={"A": [1.0, 2.0]})
LOSS = symdiff.compile("sum((X@w - y)^2) + sum(abs(w))", args="X[m,n], w[n], y[m]", wrt="w")
X = np.array([1.0, -2.0, 3.0])
Y = np.array([[1.0], [2.0]])


def problem():
    rng = np.random.default_rng(0)
    return [torch.asarray(rng.normal(size=shape)) for shape in ((5, 3), (3,), (5,))]


def close(a, b, rtol=1e-14, atol=1e-14):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=rtol, atol=atol)


@each("f", [MIXED, MIXED.jacobian, MIXED.hessian], ids=lambda f: f.name)
def test_results_are_tensors(f):
    got = f(torch.asarray(X), torch.asarray(Y))
    assert isinstance(got, torch.Tensor)
    assert not got.requires_grad
    close(got, f(X, Y))
    assert f(torch.asarray(X, dtype=torch.float32), 2).dtype == torch.float32
    assert f(torch.asarray([1, 2]), 2).dtype == torch.get_default_dtype()


def test_results_have_memory_of_their_own():
    x = torch.ones(3)
    out = symdiff.compile("x")(x)
    out += 1
    assert x.tolist() == [1, 1, 1]
    wide = symdiff.compile("2*x").grad(x).x
    wide[0] = 5
    assert wide.tolist() == [5, 2, 2]


def test_backward_takes_our_gradient():
    x, y = (torch.asarray(a, dtype=torch.float64).requires_grad_() for a in (X, Y))
    MIXED(x, y).sum().backward()
    want = MIXED.grad(X, Y)
    close(x.grad, want.x.sum(0))
    close(y.grad, want.y.sum(1, keepdims=True))
    x = torch.asarray(X).requires_grad_()
    assert not MIXED(x.detach(), 1).requires_grad
    with torch.no_grad():
        assert not MIXED(x, 1).requires_grad


def test_second_derivatives_by_torch():
    A, w, y = problem()
    w.requires_grad_()
    assert torch.autograd.gradcheck(lambda w: LOSS(A, w, y), w)
    assert torch.autograd.gradgradcheck(lambda w: LOSS(A, w, y), w)
    x, y = (torch.asarray(a).requires_grad_() for a in (X + 0.5, Y))
    assert torch.autograd.gradcheck(MIXED, (x, y), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(MIXED, (x, y))


def test_func_transforms():
    A, w, y = problem()
    func = torch.func
    loss = lambda w: LOSS(A, w, y)  # noqa: E731
    close(func.grad(loss)(w), LOSS.grad(A, w, y).w)
    close(func.jacfwd(loss)(w), LOSS.grad(A, w, y).w)
    for twice in (func.hessian, lambda f: func.jacrev(func.jacrev(f)), lambda f: func.jacfwd(func.jacfwd(f))):
        close(twice(loss)(w), 2 * A.T @ A, rtol=1e-12, atol=1e-12)
    got = func.vmap(func.grad(loss), in_dims=1)(torch.stack([w, 2 * w], dim=1))
    close(got, LOSS.grad(A, torch.stack([w, 2 * w]), y).w)
    close(func.vmap(lambda x: MIXED(x, torch.asarray(Y)))(torch.asarray(X)), MIXED(X[:, None, None], Y))


def test_autograd_follows_bound_arguments():
    A, w, y = problem()
    w.requires_grad_()
    LOSS.bind(w=w * 2)(A, y=y).backward()
    close(w.grad, 2 * LOSS.grad(A, 2 * w.detach(), y).w, rtol=1e-12)


def test_complex_gradients_are_those_of_torch():
    f = symdiff.compile("exp(z)*z^2 + c*z")
    z = torch.tensor([1 + 2j, 0.5 - 1j], dtype=torch.complex128, requires_grad=True)
    c = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(f, (z, c))


def test_edges_are_ours():
    r = symdiff.compile("sqrt(x^2 + y^2)")
    x = torch.zeros(2, requires_grad=True)
    r(x, 0).sum().backward()
    assert x.grad.tolist() == [0, 0]
    choice = symdiff.compile("where(x > 0, log(x), x)")
    x = torch.tensor([0.0, -1.0, 2.0], requires_grad=True)
    choice(x).sum().backward()
    assert x.grad.tolist() == [1, 1, 0.5]


def test_index_arrays():
    f = symdiff.compile("sum(x[i]^2)", args="x[n], i[m]: int")
    x = torch.arange(4.0, requires_grad=True)
    f(x, torch.tensor([0, -1, -1])).backward()
    assert x.grad.tolist() == [0, 0, 0, 12]
    for dtype in (torch.int8, torch.uint8, torch.int32):
        assert f(torch.arange(400.0), torch.tensor([100, 2, 3], dtype=dtype)) == 100**2 + 13
    with pytest.raises(symdiff.SymdiffError, match="out of bounds"):
        f(x, torch.tensor([4]))


def test_a_module_with_a_formula_trains():
    A, w, y = problem()
    parameter = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
    optimizer = torch.optim.LBFGS([parameter], max_iter=50)

    def closure():
        optimizer.zero_grad()
        loss = LOSS(A, parameter, y)
        loss.backward()
        return loss

    optimizer.step(closure)
    assert float(LOSS(A, parameter.detach(), y)) < float(LOSS(A, w, y))


def test_errors():
    x = torch.asarray(X)
    with pytest.raises(TypeError, match=r"'y' is an array of NumPy.*pass torch.asarray\(y\)"):
        MIXED(x, Y)
    with pytest.raises(symdiff.ShapeError, match="do not broadcast"):
        MIXED(x, torch.ones(2))
    with pytest.raises(TypeError, match="gamma, which PyTorch lacks"):
        symdiff.compile("gamma(x)")(x)
    with pytest.raises(TypeError, match="declared as an integer"):
        symdiff.compile("x[i]", args="x[n], i: int")(x, torch.ones(()))


def test_compile():
    x = torch.asarray(X)
    f = torch.compiler.allow_in_graph(MIXED)
    compiled = torch.compile(lambda x: 2 * f(x, 2.0).sum(), backend="aot_eager", fullgraph=True)
    x.requires_grad_()
    compiled(x).backward()
    close(compiled(x).detach(), 2 * MIXED(X, 2.0).sum(), rtol=1e-13)
    close(x.grad, 2 * MIXED.grad(X, 2.0).x)
    grad = torch.compiler.allow_in_graph(MIXED.grad)
    for compiled in (grad, lambda x, y: grad(x, y=y)):
        found = torch.compile(compiled, backend="aot_eager", fullgraph=True)(x.detach(), 2.0)
        assert type(found).__name__ == "grad"
        close(found.x, MIXED.grad(X, 2.0).x, rtol=1e-13)


@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")  # of torch itself, at a broken graph
def test_compiled_code_that_calls_a_function_without_registration_has_the_same_results():
    f = symdiff.compile("sin(x)*y")
    x = torch.asarray(X).requires_grad_()
    compiled = torch.compile(lambda x: 2 * f(x, 2.0).sum(), backend="aot_eager")
    compiled(x).backward()
    close(x.grad, 2 * f.grad(X, 2.0).x)
