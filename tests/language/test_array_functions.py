"""Functions of arrays, against NumPy: values, both modes, second derivatives, loop dimensions, small sizes, float32."""

import re

import numpy as np
import pytest
from backends import one_in_turn
from tables import each

import symdiff
from symdiff import ParseError, ShapeError

SIZES = {"n": 4, "m": 3, "k": 2}

# A formula, its arguments, and the same in NumPy where that is written otherwise.
CASES = [
    # subscripts and lengths
    ("x[:, None]*x", "x[n]"),
    ("A[..., 0]*A[..., -1]", "A[m,n]"),
    ("A[None, ..., 0, None] + A[:1, :1, None]", "A[m,n]"),
    ("sin(A)[1:, None, ::2]", "A[m,n]"),
    ("x[...]*x[None][0]", "x[n]"),
    ("A*n/(m + 1)", "A[m,n]"),
    ("sum(A**2, axis=1, keepdims=True)*A", "A[m,n]"),
    ("A - mean(A, axis=0, keepdims=True)", "A[m,n]"),
    ("max(A, keepdims=True) - prod(A, axis=(0, 1), keepdims=True)", "A[m,n]"),
    ("norm(A, axis=1, keepdims=True)", "A[m,n]", "np.linalg.norm(A, axis=1, keepdims=True)"),
    # shapes
    ("reshape(x*x, (2, 2)) @ [1, 2]", "x[4]"),
    ("reshape(A, (n, m))*reshape(A, (-1, m))", "A[m,n]"),
    ("reshape(A, -1)*ravel(A)", "A[m,n]"),
    ("transpose(A) + transpose(A, (1, 0))", "A[m,n]"),
    ("transpose(T, (2, 0, 1))", "T[k,m,n]"),
    ("swapaxes(T, 0, -1)*swapaxes(T, axis1=2, axis2=0)", "T[k,m,n]"),
    ("moveaxis(T, 0, -1)", "T[k,m,n]"),
    ("moveaxis(T, (0, 1), (2, 0))", "T[k,m,n]"),
    ("squeeze(A[:1])*squeeze(A[:1], axis=0)", "A[m,n]"),
    ("expand_dims(x, 0)*expand_dims(x, axis=(1,))", "x[n]", "x[None]*x[:, None]"),
    ("expand_dims(A, (0, -1))", "A[m,n]"),
    ("broadcast_to(x, (m, n))*A", "x[n], A[m,n]"),
    # joins
    ("concatenate([A, A[:1]**2])", "A[m,n]"),
    ("concatenate((A, x[:, None]), axis=-1)", "x[m], A[m,n]"),
    ("concatenate([A, B], axis=None)", "A[m,n], B[n,m]"),
    ("stack([x, x**2, y], axis=1)", "x[n], y[n]"),
    ("stack((x, y))", "x[n], y[n]"),
    ("hstack([x, y**2])", "x[n], y[m]"),
    ("hstack([x[0], x, 2])", "x[n]"),
    ("hstack([A, B.T])", "A[m,n], B[n,m]"),
    ("vstack([x, A])*vstack((A, x))", "x[n], A[m,n]"),
    ("tile(x*x, 3)", "x[n]"),
    ("tile(x, (3, 2))", "x[n]"),
    ("tile(A, (1, 2))", "A[m,n]"),
    ("repeat(x*x, 3)", "x[n]"),
    ("repeat(A, 2, axis=0)*repeat(A, 2, 0)", "A[m,n]"),
    ("repeat(A, 2, axis=None)", "A[m,n]"),
    ("repeat(x*x, n)*tile(x, n) + tile(x, (m, n, 2))[0, 0, 0]", "x[n], y[m]"),
    ("prod(A, axis=(-1, 0), keepdims=True)*max(A, axis=(-1, 0))", "A[m,n]"),
    ("outer(A, x)*outer(A*A, x[::-1])", "A[m,n], x[k]"),
    ("eye(n, m) + eye(m, n, 1).T*A + eye(n, M=m, k=-2)", "A[n,m]"),
    ("eye(3, k=1) @ x + eye(2, 3) @ x @ [1, 2]", "x[3]"),
    ("std(A, axis=0, ddof=2)", "A[m,n]"),
    ("flip(x)*x", "x[n]"),
    ("flip(A)*flip(A, axis=0) + flip(A, (0, 1))", "A[m,n]"),
    ("roll(x, 1)*x", "x[n]"),
    ("roll(A, -7)*roll(A, 2, axis=1)", "A[m,n]"),
    ("roll(A, (1, -1), axis=(0, 1))", "A[m,n]"),
    # matrices
    ("trace(S @ S)*x", "x[m], S[n,n]"),
    ("trace(T3, offset=1)*x", "T3[2,3,5], x[5]"),
    ("diag(x**2) @ S", "x[n], S[n,n]"),
    ("diag(x**2, k=-1)", "x[n]"),
    ("diag(S)*diag(S**2)", "S[n,n]"),
    ("diag(A3, 1)", "A3[2,3]"),
    ("tril(A)*triu(A, k=-1) + tril(A, -1)", "A[m,n]"),
    ("kron(A, B**2)", "A[m,n], B[k,m]"),
    ("kron(x, A)", "x[n], A[k,m]"),
    ("cross(p, q)*p", "p[3], q[3]"),
    ("cross(P, q)", "P[n,3], q[3]"),
    ("tensordot(A, T, axes=1)", "A[n,k], T[k,m,n]"),
    ("tensordot(A, A)*A", "A[m,n]"),
    ("tensordot(A, B, axes=(0, 1))", "A[m,n], B[k,m]"),
    ("tensordot(A, B, 0)", "A[m,n], B[k,m]"),
    ('einsum("ij,jk->ik", A, B)', "A[m,n], B[n,k]"),
    ('einsum("ij, kj", A, B)', "A[m,n], B[k,n]"),
    ("einsum('ij,ij,j->i', A, A, x)", "A[m,n], x[n]"),
    ('einsum("ii->i", S)*einsum("ii", S)', "S[n,n]"),
    ('einsum("ijk->kij", T)', "T[k,m,n]"),
    ('einsum("ijk->k", T)', "T[k,m,n]"),
    ('einsum("i,j,k->kij", x, y, z)', "x[n], y[m], z[k]"),
    ('einsum("ij,kl->il", A, B)', "A[m,n], B[k,n]"),
    ('einsum("ijj,j->i", T3, x)', "T3[2,3,3], x[3]"),
    ("eye(n) @ x + zeros(n) + ones(n)*x", "x[n]"),
    ("A*zeros((m, n)) + ones((2, n))[:1]*A", "A[m,n]"),
    ("x*arange(n) - x*arange(1, n + 1) + x*arange(n, 0, -1)", "x[n]"),
    ("x*arange(0, 2*n, 2)*arange(7, 3, -1)[0]", "x[n]"),
    ("x*linspace(0, 1, n) + linspace(-1.5, 2, 5)[2]", "x[n]"),
    ("linspace(a[0], a[1], n)*x", "a[2], x[n]"),
    # statistics and order
    ("var(A, axis=1)*x + var(A)", "A[m,n], x[m]"),
    ("var(A, axis=0, ddof=1, keepdims=True)*A", "A[m,n]"),
    ("std(A, axis=1)*x + std(A)", "A[m,n], x[m]"),
    ("std(x*x, ddof=1)*x", "x[n]"),
    ("average(A, axis=0)*x", "A[m,n], x[n]"),
    ("average(A, axis=0, weights=y)*x + average(A, weights=A*A)", "A[m,n], x[n], y[m]"),
    ("average(A, axis=1, weights=x)*y", "A[m,n], x[n], y[m]"),
    ("sort(x)*x", "x[n]"),
    ("sort(sin(A), axis=0)*sort(A)", "A[m,n]"),
    ("sort(A, axis=None)", "A[m,n]"),
    ("argmax(A, axis=0)*x + argmin(x)*x + argmax(A)", "A[m,n], x[n]"),
    ("logsumexp(A, axis=1, b=w)*x", "A[m,n], w[n], x[m]", "np.log(np.sum(w*np.exp(A), axis=1))*x"),
    ("logsumexp(A, b=A*A)*A", "A[m,n]", "np.log(np.sum(A*A*np.exp(A)))*A"),
    ("logsumexp(A, 0, keepdims=True)*A", "A[m,n]", "np.log(np.sum(np.exp(A), axis=0, keepdims=True))*A"),
    # cumulative
    ("diff(x)*x[1:]", "x[n]"),
    ("diff(sin(A), n=2) + diff(A, 2, axis=1)", "A[m,n]"),
    ("diff(A**2, axis=0)*diff(A, n=0)[1:]", "A[m,n]"),
    ("cumsum(x**2)*x", "x[n]"),
    ("cumsum(A, axis=0)*cumsum(A, axis=1)", "A[m,n]"),
    ("cumsum(A)", "A[m,n]"),
    ("cumprod(x)*x", "x[n]"),
    ("cumprod(A, axis=0) - cumprod(2*A, axis=-1)", "A[m,n]"),
    ("cumprod(A - A[0, 0])", "A[m,n]"),
    ("logcumsumexp(x)*x", "x[n]", "np.logaddexp.accumulate(x)*x"),
    ("logcumsumexp(100*A, axis=0)/100", "A[m,n]", "np.logaddexp.accumulate(100*A, axis=0)/100"),
]  # fmt: skip
CASES = [(text, args, written) for text, args, written in [(*case, case[0])[:3] for case in CASES]]
IDS = [text for text, _, _ in CASES]
cases = each(("text", "args", "written"), CASES, ids=IDS)


def in_numpy(written, values, sizes):
    """Return the value of a formula that is NumPy's expression, too."""
    scope = {name: getattr(np, name, None) for name in re.findall(r"[a-z_0-9]+", written)} | {"np": np}
    return eval(written, scope | sizes | values)


def draw(args, sizes=SIZES, seed=0, loop=()):
    """Return arguments, all of whose elements are different."""
    random = np.random.default_rng(seed)
    values = {}
    for name, dims in re.findall(r"(\w+)\[([^]]*)\]", args):
        shape = (*loop, *[sizes[d] if d in sizes else int(d) for d in dims.split(",")])
        count = int(np.prod(shape))
        values[name] = 0.3 + 0.8 * random.permutation(count).reshape(shape) / max(count, 1) + 0.2 * random.random()
    return values


def compiled(text, args, **options):
    return symdiff.compile(text, args=args, **options)


@each(("text", "args", "written", "options"), one_in_turn(CASES))
def test_values_are_those_of_numpy(text, args, written, options):
    f, values = compiled(text, args, **options), draw(args)
    np.testing.assert_allclose(f(**values), in_numpy(written, values, SIZES), rtol=1e-14)
    stacked = draw(args, loop=(2,), seed=1)
    got = f(**stacked)
    for k in range(2):
        point = {name: value[k] for name, value in stacked.items()}
        np.testing.assert_allclose(got[k], in_numpy(written, point, SIZES), rtol=1e-14)


@cases
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@each("size", [1, 0])
def test_small_sizes_are_those_of_numpy(text, args, written, size):
    sizes = dict.fromkeys(SIZES, size)
    f, values = compiled(text, args), draw(args, sizes)
    try:
        got = f(**values)
    except ShapeError:  # it says which elements are not there
        assert size == 0 or "::2" in text or "n=2" in text or "0, 0, 0" in text
        with pytest.raises(ShapeError, match=r"out of range|at least \w+ element"):
            f(**values)
        return
    if "-1, m" not in text:  # NumPy cannot tell what remains of no elements
        np.testing.assert_allclose(got, in_numpy(written, values, sizes), rtol=1e-14)
    derived = f.vjp(**values, out_bar=got)._asdict()
    assert all(derived[f"{name}_bar"].shape == value.shape for name, value in values.items())
    assert f.jvp(**values, **{f"{name}_dot": value for name, value in values.items()})[1].shape == got.shape


@cases
def test_float32_stays(text, args, written):
    values = {name: value.astype(np.float32) for name, value in draw(args).items()}
    f = compiled(text, args)
    assert f(**values).dtype == np.float32
    np.testing.assert_allclose(f(**values), in_numpy(written, values, SIZES), rtol=1e-5, atol=1e-6)
    scalar = compiled(f"sum(sin({text}))", args)
    assert all(part.dtype == np.float32 for part in scalar.grad(**values))


def flat(parts):
    return np.concatenate([np.ravel(part) for part in parts])


@each(("text", "args", "written", "options"), one_in_turn(CASES, 1))
def test_forward_is_reverse_is_differences(text, args, written, options):
    f, values = compiled(text, args, **options), draw(args)
    point, along = [*values.values()], [*draw(args, seed=5).values()]
    out = f(*point)
    bar = np.cos(np.arange(out.size, dtype=float)).reshape(out.shape)
    dot = f.jvp(*point, *along)[-1]
    bars = f.vjp(*point, bar)[1:]
    np.testing.assert_allclose(np.sum(dot * bar), flat(bars) @ flat(along), rtol=1e-11)

    def at(h):
        return in_numpy(written, {name: a + h * d for (name, a), d in zip(values.items(), along, strict=True)}, SIZES)

    h = 1e-3
    want = (4 * (at(h / 2) - at(-h / 2)) / h - (at(h) - at(-h)) / (2 * h)) / 3
    np.testing.assert_allclose(dot, want, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(
        f.jacobian(*point).reshape(out.size, -1) @ flat(along), np.ravel(dot), rtol=1e-11, atol=1e-13
    )


@cases
def test_second_derivatives(text, args, written):
    f, values = compiled(f"sum(sin({text}))", args), draw(args)
    point, along = [*values.values()], [*draw(args, seed=5).values()]
    hessian = f.hessian(*point)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(hessian @ flat(along), flat(f.hvp(*point, *along)), rtol=1e-10, atol=1e-10)
    h = 1e-4
    ends = [flat(f.grad(*[a + s * d for a, d in zip(point, along, strict=True)])) for s in (h, -h, h / 2, -h / 2)]
    want = (8 * (ends[2] - ends[3]) - (ends[0] - ends[1])) / (6 * h)
    np.testing.assert_allclose(hessian @ flat(along), want, rtol=1e-7, atol=1e-7)
    stacked = [np.stack([a, b]) for a, b in zip(point, along, strict=True)]
    np.testing.assert_allclose(f.hessian(*stacked)[0], hessian, rtol=1e-11, atol=1e-11)


@cases
def test_texts_for_people(text, args, written):
    f = compiled(text, args)
    assert f.latex
    assert f.jacobian.latex
    assert "np." not in str(f.trace(*draw(args).values()))
    assert str(f.graph())


@each(
    ("text", "said", "position"),
    [
        ("x[..., ...]", "'...' at most once", 10),
        ("x[None None]", "an index is a whole number or a slice", 7),
        ("x[None:]", "an index is a whole number or a slice", 6),
        ("x[0, 0, None]", "2 indices of an array of shape (n,)", 1),
        ("a[None]", "a scalar has no elements", 1),
        ("reshape(x)", "reshape takes an array and a shape, as in reshape(x, (m, n))", 0),
        ("reshape(A, n, m)", "reshape takes an array and a shape, as in reshape(x, (m, n))", 0),
        ("reshape(A, (n, m), order=1)", "reshape has no argument 'order'; leave it out", 0),
        ("reshape(A, (n, 2))", "shape (m, n) cannot become (n, 2): it has m*n elements", 0),
        ("reshape(A, (-1, -1))", "one length may be -1", 0),
        ("reshape(A, (-1, 2*m + 1))", "the length for -1 is not clear; write it", 0),
        ("reshape(x, x[0])", "whole numbers and dimensions that args declares", 0),
        ("reshape(x, (n*n*n*n*n*n*n*n*n, 1))", "whole numbers and dimensions that args declares", 0),
        ("reshape(x, 2.5)", "whole numbers and dimensions that args declares", 0),
        ("reshape(a, (1, 1))", "reshape needs an array, not a scalar", 0),
        ("transpose(A, (0, 0))", "an axis is named twice", 0),
        ("transpose(A, 0)", "transpose names each axis once", 0),
        ("swapaxes(A, 0, 5)", "axis 5 of shape (m, n) is out of range", 0),
        ("moveaxis(A, 0, (0, 1))", "as many sources as destinations", 0),
        ("squeeze(A, axis=0)", "squeeze drops axes of length 1, not one of shape (m, n)", 0),
        ("expand_dims(A, 7)", "axis 7 of a result of 3 axes is out of range", 0),
        ("broadcast_to(A, n)", "shape (m, n) does not broadcast to (n,)", 0),
        ("1 + concatenate(A)", "concatenate takes a list of arrays", 4),
        ("concatenate([A, x])", "the other axes must agree", 0),
        ("concatenate([a, a])", "write [a, b] for scalars", 0),
        ("concatenate([A, A]*2)", "a list in parentheses is not a value", 18),
        ("concatenate([A, A], axis=0, axis=1)", "concatenate got axis twice", 0),
        ("stack([a, x])", "the arrays must have the same shape", 0),
        ("tile(x, -1)", "a number of repetitions that is not negative, not -1", 0),
        ("tile(x, a)", "tile takes whole numbers and dimensions that args declares", 0),
        ("repeat(x, x)", "repeat takes whole numbers and dimensions that args declares", 0),
        ("roll(x, (1, 2), axis=0)", "as many shifts as axes", 0),
        ("trace(x)", "trace takes a matrix, not shape (n,)", 0),
        ("diag(A)", "the diagonal of shape (m, n): it needs equal axes", 0),
        ("diag([A, A])", "diag takes a vector or a matrix, not shape (2, m, n)", 0),
        ("cross(x, x)", "cross takes vectors of 3 elements, not n", 0),
        ("tensordot(A, A, axes=3)", "tensordot along 3 axes of shapes (m, n) and (m, n)", 0),
        ("tensordot(A, A, axes=1)", "n and m are different", 0),
        ("tensordot(A, A, axes=(0, 1, 2))", "for more write einsum", 0),
        ('einsum("ij,jk->ik", A)', "einsum got subscripts for 2 arrays, and 1 arrays", 0),
        ('einsum("ij,jk->ik", A, A)', "different lengths for j, n and m", 0),
        ('einsum("ij->ik", A)', "einsum got the result 'ik'", 0),
        ('einsum("...j->j", A)', "a letter for each axis, no points", 0),
        ('einsum("i1->i", A)', "write letters, as in einsum", 0),
        ('einsum("ijk", A)', "einsum got 'ijk' for an array of shape (m, n)", 0),
        ("einsum(A, A)", "einsum takes subscripts in quotes and arrays", 0),
        ('einsum("ij")', "einsum takes subscripts in quotes and arrays", 0),
        ("eye(2.5)", "whole numbers and dimensions that args declares", 0),
        ("eye(-1)", "a length is negative", 0),
        ("zeros((2, -n + n - 1))", "a length is negative", 0),
        ("arange(0, 1, 0.1)", "whole numbers and dimensions that args declares", 0),
        ("arange(n, 0, 0)", "the step of arange is a whole number, not 0", 0),
        ("linspace(x, 1, 3)", "linspace takes two numbers", 0),
        ("diff(x, -1)", "n is not negative", 0),
        ("cumsum(x, axis=1)", "axis 1 of shape (n,) is out of range", 0),
        ("var(x, 0, 1)", "var takes an array and optionally axis=...", 0),
        ("zeros(n, dtype=1)", "zeros has no argument 'dtype'; leave it out: results have the dtype of the arguments", 0),
        ("diff(x, prepend=0)", "diff has no argument 'prepend'; write diff(concatenate([[0], x]))", 0),
        ("max(x, initial=0)", "max has no argument 'initial'; write maximum(max(x), initial)", 0),
        ("outer(a, x)", "outer takes vectors, not scalars; for scalars write x*y", 0),
        ("average(x, weights=A)", "average of shape (n,) with weights of shape (m, n)", 0),
        ("argmax(A, axis=(0, 1))", "the axis of argmax is a whole number", 0),
        ("logsumexp(x, b=A)", "logsumexp of shape (n,) with weights of shape (m, n)", 0),
        ("len(x)", "write the name of a dimension, as in sum(x)/n with args='x[n]'", 0),
        ("x[:, np.newaxis]", "write None for a new axis, as in x[:, None]", 5),
        ("sum(x, keepdims=1)", "keepdims is True or False", 0),
        ("sum(x, keepdim=True)", "its named arguments are axis, keepdims", 0),
        ("ravel(x, x)", "ravel takes an array", 0),
        ('f("ij", x)', "the language has no strings", 2),
        ("(a,)", "a value is missing before ')'", 3),
    ],
)  # fmt: skip
def test_errors_say_what_to_write_and_where(text, said, position):
    with pytest.raises((ParseError, ShapeError)) as caught:
        symdiff.compile(text, args="a, x[n], A[m,n]")
    message = str(caught.value)
    assert said in message
    assert message.splitlines()[-1].index("^") - 2 == position


@each(
    ("text", "said"),
    [("zeros(n - 5) + 1", "a length is negative"), ("arange(5, n)", "goes the other way"), ("linspace(0, 1, n - 5)", "of n - 5 numbers"),
     ("reshape(x, (-1, 2))", "shape (n,) cannot become"), ("diag(eye(n), k=5)", "there is no diagonal 5")],
)  # fmt: skip
def test_what_only_a_call_can_check(text, said):
    f = symdiff.compile(text, args="x[n]")
    with pytest.raises(ShapeError, match=re.escape(said)):
        f(np.ones(3))
    assert f(np.ones(8)).ndim >= 1


@each("text", ["diag(A)", "A.T", "squeeze(A[:1])", "broadcast_to(A, (2, n, n))", "reshape(A, n*n)"])
def test_results_have_memory_of_their_own(text):
    a = np.ones((3, 3))
    out = symdiff.compile(text, args="A[n,n]")(a)
    assert out.flags.writeable
    assert not np.shares_memory(out, a)


@each("text", ["cumprod(x)", "cumprod(x, axis=0)*x"])
def test_derivatives_of_products_with_zeros(text):
    f = symdiff.compile(text, args="x[n]")
    for x in ([0.0, 2.0, 3.0, 4.0], [2.0, 0.0, 3.0, 0.0], [2.0, 0.0, 0.0, 4.0]):
        h = 1e-3 * np.eye(4)
        want = np.array([(f(np.array(x) + d) - f(np.array(x) - d)) / 2e-3 for d in h]).T
        np.testing.assert_allclose(f.jacobian(np.array(x)), want, atol=1e-5)


@each("dtype", ["float64", "float32"])
def test_logarithms_of_sums_at_infinities(dtype):
    f = symdiff.compile("logcumsumexp(x)", args="x[n]")
    inf = np.inf
    with np.errstate(all="raise", under="ignore"):
        for x, weights in [
            ([-inf, -inf, 1.0], [[0, 0, 0], [0, 0, 0], [0, 0, 1]]),
            ([800.0, -900.0, 3.0], [[1, 0, 0], [1, 0, 0], [1, 0, 0]]),
            ([0.0, -inf, 0.0], [[1, 0, 0], [1, 0, 0], [0.5, 0, 0.5]]),
            ([1.0, inf, 3.0], [[1, 0, 0], [0, 1, 0], [0, 1, 0]]),
        ]:
            got = f.jacobian(np.array(x, dtype))
            assert got.dtype == dtype
            np.testing.assert_allclose(got, weights, atol=1e-7)


@each("dtype", ["float64", "float32"])
def test_weighted_sums_of_exponentials_at_the_edges(dtype):
    f = symdiff.compile("logsumexp(x, b=w)", args="x[n], w[n]")
    for given, weights, value in [
        ([1000.0, 0.0], [0.0, 1.0], 0.0),
        ([1000.0, 1000.0], [3.0, -2.0], 1000.0),
        ([-np.inf, 2.0], [1.0, 1.0], 2.0),
        ([-1000.0, -1000.0], [0.5, 0.5], -1000.0),
        ([np.inf, 2.0], [0.0, 2.0], 2 + np.log(2)),
    ]:
        x, w = np.array(given, dtype), np.array(weights, dtype)
        assert f(x, w).dtype == dtype
        np.testing.assert_allclose(f(x, w), value, rtol=1e-6, atol=1e-7)
        with np.errstate(all="ignore"):
            shares = np.nan_to_num(w * np.exp(np.minimum(x - value, 80)))
        np.testing.assert_allclose(f.grad(x, w).x, shares, rtol=1e-5)
    np.testing.assert_allclose(f.grad(np.array([0.5, 0.0]), np.array([0.0, 1.0])).w, [np.exp(0.5), 1.0])
