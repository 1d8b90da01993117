"""Python functions as formulas: NumPy's functions, operators, subscripts and assignments, against the function itself."""

import functools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import special
from tables import each
from traced import same

import symdiff

RNG = np.random.default_rng(0)
SQUARE = RNG.normal(size=(3, 3))
SQUARE = SQUARE @ SQUARE.T + np.eye(3)
WHERE = np.array([2, 0, 1, 1])
MASK = np.array([True, False, True])
X, Y = np.array([0.4, -1.3, 2.1]), np.array([1.5, 0.2, -0.7])
LONG = np.array([0.5, -1.2, 2.0, 0.3, 1.4])
MATRIX = RNG.normal(size=(3, 4))


def elementwise(x, y):
    return (
        np.hypot(x, y),
        np.arctan2(x, y),
        np.maximum(x, y),
        np.fmin(x, y),
        np.fmax(x, 0.5),
        np.where(x > y, x, y),
        np.select([x > 1, x > 0], [x, y], default=-1),
        np.piecewise(x, [x < 0, x >= 0], [lambda t: -t, lambda t: t**2]),
        np.piecewise(x, [x > 0, x > 0.1], [1.0, 2.0, 3.0]),
        np.logaddexp(x, y),
        np.logaddexp2(x, y),
        np.sign(x),
        np.sinc(x),
        np.degrees(x),
        np.radians(x),
        np.square(x),
        np.reciprocal(y),
        np.fabs(-x),
        np.rint(7 * x),
        np.round(x, 2),
        np.round(123 * x, -1),
        np.clip(x, 0, 0.5),
        np.clip(x, None, 0.5),
        x % y,
        np.float_power(x, y),
        2**x,
        2 / y,
        3 - x,
        +x,
        -x,
        abs(-x),
        np.float64(2) * x,
        np.int64(3) * x,
        np.bool_(1) * x,
        x * True,
        np.pi * x,
        x + np.nan,
        x * np.inf,
        np.logical_and(x > 0, y > 0) * x,
        np.logical_or(x < 0, np.logical_not(y > 0)) + 1,
        np.logical_xor(x > 0, y > 5),
        np.copysign(x, -y),
        np.heaviside(x, 0.5),
        np.exp2(x),
        np.cbrt(y),
        np.isnan(x),
        special.erf(x),
        special.expit(x),
        special.gammaln(y),
        special.digamma(y),
        special.xlogy(x, y),
        special.ndtr(x),
        math.floor(x),
        math.ceil(x),
        math.trunc(x),
        round(x),
        sum([x, y, 2 * x]),
        math.pi * y,
    )


def test_elementwise_functions():
    same(elementwise, None, 0.7, 1.3)


ARRAYS = {
    "joined": lambda x, y: (
        np.stack([x, y]),
        np.stack([x, y], axis=1),
        np.concatenate([x, y]),
        np.hstack([x, y]),
        np.vstack([x, y]),
        np.column_stack([x, y]),
        np.append(x, y),
        np.append(x, 3.0),
        np.block([[x, y], [y, x]]),
        np.array([x, y]),
        np.array([x[0], y[1], 2.0]),
        np.full(2, x[0]),
    ),
    "products": lambda x, y: (
        np.outer(x, y),
        np.dot(x, y),
        np.inner(x, y),
        np.vdot(x, y),
        np.cross(x, y),
        np.kron(x, y),
        x @ SQUARE @ y,
        SQUARE @ x,
        x.dot(y),
        np.matmul(SQUARE, x),
        np.einsum("i,ij,j", x, SQUARE, y),
        np.tensordot(x, y, axes=1),
        np.multiply.outer(x, y),
    ),
    "norms": lambda x, y: (
        np.linalg.norm(x),
        np.linalg.norm(x - y, ord=1),
        np.linalg.norm(x, np.inf),
        np.linalg.norm(np.outer(x, y), "fro"),
        np.linalg.norm(np.outer(x, y), axis=1),
        np.linalg.norm(np.outer(x, y), axis=0, keepdims=True),
    ),
    "lists": lambda x, y: ([1, 2, 3] - x, [1.0, 2.0, 3.0] * y, [x, y], np.sum([x, y], axis=0)),
    "masks": lambda x, y: (x[MASK], y[[0, 2]], x[WHERE], x[[True, True, False]], np.where(MASK, x, y)),
    "ufunc methods": lambda x, y: (
        np.add.reduce(x),
        np.multiply.reduce(x),
        np.maximum.reduce(np.stack([x, y])),
        np.logaddexp.reduce(x),
        np.add.accumulate(y),
        np.logical_and.reduce(x > -9),
    ),
    "attributes": lambda x, y: (len(x) * y, x.ndim * y, x.size * y, x.shape[0] * y, x.T, x.real, x.imag, x.dtype.itemsize + x),
    "iteration": lambda x, y: ([a * b for a, b in zip(x, y, strict=True)], sum(a**2 for a in x), [*x][1], list(x.flat)[2], x.tolist()[0]),
    "conditions": lambda x, y: (
        np.any(x > 2),
        np.all(x > 2),
        (x > 0).any(),
        np.count_nonzero(x > 0),
        (x > 0).sum(),
        ((x > 0) & (y > 0)) * 1.0,
        ((x > 0) | ~(y > 0)).astype(float),
        (x > 0) ^ (y > 0),
        (x > 0) * (y > 0),
    ),
}  # fmt: skip


@each("name", ARRAYS)
def test_functions_of_vectors(name):
    same(ARRAYS[name], "x[3], y[3]", X, Y)


def of_a_matrix(X):
    return (
        X.sum(),
        X.sum(axis=0),
        np.sum(X, 1, keepdims=True),
        np.sum(X, dtype=float, axis=None),
        X.mean(1),
        X.std(),
        X.var(axis=0, ddof=1),
        X.prod(axis=1),
        X.max(),
        X.min(axis=0),
        np.max(X, axis=(0, 1)),
        np.ptp(X),
        np.average(X, axis=0, weights=[1, 2, 3]),
        X.cumsum(),
        X.cumsum(axis=1),
        np.cumprod(X, axis=0),
        np.trapezoid(X),
        np.trapezoid(X, np.arange(4.0) ** 2),
        np.trapezoid(X, dx=2.0, axis=0),
        np.polyval([1, 2, 3], X),
        np.diff(X, axis=0),
        np.sort(X, axis=1),
        X.argmax(axis=1),
        X.ravel(),
        X.flatten(),
        X.reshape(4, 3),
        X.reshape((2, -1)),
        X.T,
        X.mT,
        X.transpose(),
        X.transpose(1, 0),
        np.transpose(X, (1, 0)),
        X.swapaxes(0, 1),
        np.moveaxis(X, 0, -1),
        np.expand_dims(X, 0),
        X[None],
        X[:, None],
        X[..., 0],
        X[-1, ::2],
        X[1],
        X[1][2],
        X[np.int64(1), 1:3],
        X[:, WHERE],
        X[MASK],
        X[WHERE[:3], WHERE[1:]],
        X[[0, 1]],
        np.take(X, WHERE, axis=1),
        np.squeeze(X[:1]),
        np.broadcast_to(X, (2, 3, 4)),
        np.tile(X, (2, 1)),
        np.repeat(X, 2, axis=1),
        np.flip(X, 0),
        np.flipud(X),
        np.fliplr(X),
        np.roll(X, 1, axis=1),
        X.clip(0, 1),
        X.dot(np.ones(4)),
        X @ X.T,
        np.diag(X @ X.T),
        (X @ X.T).diagonal(),
        np.trace(X @ X.T),
        np.tril(X, -1),
        np.triu(X),
        X + np.zeros((3, 4)),
        X * np.ones(4),
        X.copy(),
    )


def test_functions_of_a_matrix():
    same(of_a_matrix, "X[3,4]", MATRIX)


def linear_algebra(X, y):
    A = X @ X.T + SQUARE
    found = np.linalg.slogdet(A)
    sign, size = found
    return (
        np.linalg.inv(A),
        np.linalg.det(A),
        np.linalg.solve(A, y),
        found.logabsdet,
        sign * size,
        np.linalg.cholesky(A),
        np.linalg.eigvalsh(A),
        np.linalg.matrix_power(X, 3),
        np.linalg.multi_dot([X, A, X]),
        np.tensordot(X, A, axes=([1], [0])),
    )


def test_linear_algebra():
    same(linear_algebra, "X[3,3], y[3]", MATRIX[:, :3], Y)


# Shapes


def lengths(x, A):
    n = x.shape[0]
    m, k = A.shape
    return (
        np.sum(x) / n,
        np.mean(A) * m * k,
        A.size + x.size,
        x[: n - 1],
        x[n - 2 :],
        np.reshape(x, (n, 1)) * np.ones_like(x),
        np.zeros_like(x, shape=(n, 2)),
        np.full_like(x, 2.5),
        np.broadcast_to(A[0], (n, k)),
    )


def test_lengths_that_a_call_knows():
    f = same(lengths, "x[n], A[m,k]", LONG, MATRIX)
    assert f.signature == "(n),(m,k)->(),(),(),(n - 1),(2),(n,n),(n,2),(n),(n,k)"


def test_integers():
    table = np.arange(6.0).reshape(2, 3)

    def chosen(x, i):
        return x[i] * i + np.asarray(table[1], like=i)[i]

    f = symdiff.compile(chosen, args="x[n], i[m]: int")
    np.testing.assert_array_equal(f(LONG, np.array([2, 0])), chosen(LONG, np.array([2, 0])))


# Assignments


def elements(x):
    y = np.zeros_like(x)
    for k in range(3):
        y[k] = x[k] ** 2 + k
    y[1] += y[0]
    y[-1] = 2 * y[-1]
    return y * 2


def aliases(x):
    y = x * 2
    z = y
    z[0] = 7
    v = y[1:]
    y[1] = 5
    v[1] = x[0]
    return y, z, v, v[0] + y[2]


def views(x):
    y = np.copy(x)
    v = y[1:3]
    v += 10
    t = y[::-1]
    y[0] = -1
    y[2] = 3.5
    w = y * 1
    w *= x
    w[:] -= 1
    return y, v, t, w


def rows_and_columns(x):
    K = np.outer(x, x)
    for i in range(3):
        for j in range(3):
            K[i, j] = K[i, j] * (i + 1) + j
    K[1] = K[0] * 2
    K[:, 2] = x
    K[2, 1:3] += 1
    K[::2, 0] = 9
    K[0][1] = x[2]
    K[[0, 2], 1] = x[:2]
    return K, K[1, 2], K.T @ K


def masked(x):
    y = x.copy()
    y[y < 0] = 0
    y[x > 1] = 1.0
    z = x + 0.0
    z[MASK] = 4.0
    z[[1, 2]] *= 3
    z[MASK] = x[:2]
    return y, z


def reshaped(x):
    A = np.zeros_like(x, shape=6).reshape(2, 3)
    A[0, 1] = x[0]
    B = (x * 1.0)[:, None]
    B += 2
    flat = np.copy(np.ravel(A))
    flat[5] = x[1]
    D = np.diag(x)
    y = x * 1
    E = np.diag(y)
    y[0] = 4
    C = np.zeros((2, 2), dtype=x.dtype)
    C[0, 1] = x[2]
    return A, B, flat, C, D, E, y


def written_whole(x):
    y = np.empty_like(x)
    y[...] = 3.0
    y.fill(x[0])
    z = np.ones_like(x, shape=(2, 3))
    z[0] = x
    np.copyto(y, x)
    np.add(x, 1.0, out=y)
    return y, z


@each("function", [elements, aliases, views, rows_and_columns, masked, reshaped, written_whole])
def test_assignments(function):
    same(function, "x[3]", X, derivative=True)


def diffusion(u):
    for _ in range(3):
        v = np.zeros_like(u)
        v[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
        v[0] = v[1]
        v[-1] = v[-2]
        u = v
    return u


def of_any_length(A, x):
    B = np.zeros_like(A)
    B[0] = x
    B[1:-1] = A[1:-1] * x
    B[-1, 0] = 3.0
    B[:, 1:] += 1
    return B


def test_assignments_to_arrays_of_any_length():
    same(diffusion, "u[n]", LONG, derivative=True)
    same(of_any_length, "A[m,n], x[n]", MATRIX, MATRIX[0] + 1)


def test_elements_that_are_assigned_stand_in_one_list():
    def squares(x):
        y = np.zeros_like(x)
        for k in range(3):
            y[k] = x[k] ** 2
        return y

    assert symdiff.compile(squares, args="x[3]").text == "# squares\ny = [x[0]**2, x[1]**2, x[2]**2]\ny"


# Texts


def test_the_names_of_variables():
    def shells(a, b):
        r = np.sqrt(a**2 + b**2)
        ratio = helper(r, a)
        for _ in range(3):
            r = r * ratio + 1
        return r

    def helper(p, q):
        inner = p / q
        return inner - 1

    assert symdiff.compile(shells).text.splitlines() == [
        "# shells",
        "r = sqrt(a**2 + b**2)",
        "inner = r/a",
        "ratio = inner - 1",
        "r = r*ratio + 1",
        "r = r*ratio + 1",
        "r = r*ratio + 1",
        "r",
    ]


def test_a_name_that_is_still_needed_is_not_assigned_again():
    def swapped(x):
        a, b = x, 2 * x
        for _ in range(3):
            a, b = b, a + b
        return a, b

    f = same(swapped, None, 1.7)
    assert f.outputs == ("a", "b")

    def shadowed(x, y):
        x = x * y
        x = x + y
        return x * x

    assert symdiff.compile(shadowed).text == "# shadowed\nx1 = x*y\nx1 = x1 + y\nx1*x1"


def test_names_of_the_language():
    def taken(gamma, N, beta, E):
        norm = gamma * N
        fold, pi, max, n = norm * 2, norm * 3, norm * 4, norm * E  # noqa: A001
        lambda_ = np.sum(np.stack([fold, pi, max, n]))
        return lambda_ * norm + beta * n

    f = same(taken, None, 0.3, 1.2, 0.4, 2.0)
    assert f.text.startswith("# taken\nnorm_ = gamma*N\n")

    def dimension(x):
        n = np.sum(x)
        return n * x.shape[0] + n

    same(dimension, "x[n]", LONG)


def test_values_that_are_used_again_get_a_name():
    def anonymous(x):
        parts = [np.sin(x), np.cos(x)]
        return parts[0] * parts[1] + parts[0]

    assert symdiff.compile(anonymous).text == "# anonymous\nv1 = sin(x)\nv1*cos(x) + v1"


def test_deep_expressions_are_cut():
    def deep(x):
        values = [x]
        for _ in range(500):
            values[0] = np.sin(values[0])
        return values[0]

    f = same(deep, None, 0.7)
    assert max(line.count("(") for line in f.text.splitlines()) < 60


def test_constants_have_the_names_of_variables():
    weights = np.array([1.0, 2.0, 3.0])

    class Model:
        def __init__(self):
            self.matrix = SQUARE

        def apply(self, x):
            return self.matrix @ x + weights + RNG_FREE

    f = symdiff.compile(Model().apply, args="x[3]")
    assert f.text == "# apply\nmatrix @ x + weights + RNG_FREE"
    np.testing.assert_array_equal(f.constants["matrix"], SQUARE)
    same(lambda x: x @ SQUARE[:, ::2] + np.cos(weights)[:2], "x[3]", X)


RNG_FREE = np.array([0.1, 0.2, 0.4])


def test_constants_are_copies():
    scale = np.array([1.0, 2.0, 3.0])

    def scaled(x):
        first = np.sum(x * scale)
        scale[0] += 1
        return first + np.sum(x * scale)

    f = symdiff.compile(scaled, args="x[3]")
    assert f(X) == pytest.approx(np.sum(X * [1, 2, 3]) + np.sum(X * [2, 2, 3]))
    assert scale[0] == 2


def test_arrays_of_objects():
    def rotated(t, x, y):
        R = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
        v = np.array([x, y])
        moved = R @ v
        return (
            moved,
            np.sum(v**2),
            np.linalg.norm(v),
            np.sin(v) @ v,
            v[::-1] + moved,
            np.exp(v).sum() * np.array(t),
            v.mean(),
            np.std(v),
        )

    same(rotated, None, 0.3, 1.2, 0.7, derivative=True)
    same(lambda x: (np.asarray(x) ** 2).sum() + np.array([x, x]).sum(), "x[3]", X)
    assert (
        symdiff.compile(lambda x, y: np.array([x, y]) + np.stack([x, y]), args="x[2], y[2]").text == "[x, y] + [x, y]"
    )
    assert symdiff.compile(lambda x: np.stack([x, np.zeros(3, dtype=object)]), args="x[3]")(X).shape == (2, 3)


def test_values_that_do_not_depend_on_arguments_are_known():
    def known(x):
        y = np.full_like(x, 1.0, shape=())
        if y > 0:
            return x * float(y) * [1.0, 2.0][int(y)]
        return x

    same(known, "x[3]", X)


def test_the_start_of_a_sum_leaves_no_trace():
    assert symdiff.compile(lambda x: sum(x[k] * x[k] for k in range(2)), args="x[2]").text == "x[0]*x[0] + x[1]*x[1]"
    assert symdiff.compile(lambda x: math.prod(x), args="x[2]").text == "x[0]*x[1]"  # noqa: PLW0108
    assert symdiff.compile(lambda x: sum([x], 1)).text == "1 + x"
    same(lambda x: sum(v > 0 for v in x), "x[3]", X)  # the number of conditions that hold
    same(lambda x: sum([x > 0]) + 1, "x[3]", X)

    def first(x):
        y = 2 * x
        total = sum([y])
        total[0] = 0.0  # a new array
        return y + total

    same(first, "x[3]", X)


def test_results_are_kept_by_cache():
    @functools.cache
    def legendre(n, x):
        return ((2 * n - 1) * x * legendre(n - 1, x) - (n - 1) * legendre(n - 2, x)) / n if n > 1 else (1.0, x)[n]

    f = symdiff.compile(lambda x: legendre(4, x) + legendre(3, x))
    assert f(0.3) == pytest.approx(special.eval_legendre(4, 0.3) + special.eval_legendre(3, 0.3), rel=1e-14)


def test_random_numbers_with_a_seed_are_constants():
    f = symdiff.compile(lambda x: np.random.default_rng(5).normal(size=3) @ x, args="x[3]")
    assert f(X) == pytest.approx(np.random.default_rng(5).normal(size=3) @ X)
    generator = np.random.default_rng(5)
    assert symdiff.compile(lambda x: x if generator is None else 2 * x)(3.0) == 6.0  # it draws nothing


def test_iterable():
    f = symdiff.compile(lambda x: x[1:] if np.iterable(x) else x, args="x[n]")
    assert f(X).tolist() == X[1:].tolist()


def test_constants_of_other_kinds():
    large = np.array([2**64 - 1, 1], np.uint64)
    assert symdiff.compile(lambda x: large * x)(2.0).tolist() == [2.0**65, 2.0]
    assert symdiff.compile("A*x", constants={"A": large})(2.0).tolist() == [2.0**65, 2.0]
    f = symdiff.compile(lambda x: Fraction(1, 3) * x + Fraction(1, 2))
    assert f(2.0) == 2 / 3 + 0.5
    assert symdiff.compile(lambda x: x[range(1, 3)], args="x[3]")(X).tolist() == X[1:].tolist()


def test_functions_of_numpy_themselves():
    assert symdiff.compile(np.sum, args="a[n]")(X) == np.sum(X)
    assert symdiff.compile(np.dot, args="a[n], b[n]")(X, Y) == np.dot(X, Y)
    assert symdiff.compile(lambda a, b: np.dot(a, b=b), args="a[n], b[n]")(X, Y) == np.dot(X, Y)
    assert symdiff.compile(functools.partial(np.arctan2, 1.0))(2.0) == np.arctan2(1.0, 2.0)
    assert symdiff.compile(lambda sin: np.sin(sin), args="s")(2.0) == np.sin(2.0)  # noqa: PLW0108


def test_results_with_the_names_of_arguments():
    f = symdiff.compile(lambda x, v: {"x": x + v, "v": v, "x_": 2 * x, "sum": x - v})
    assert f.outputs == ("x__", "v_", "x_", "sum_")
    assert tuple(f(3.0, 1.0)) == (4.0, 1.0, 6.0, 2.0)
