"""Random formulas of arrays: reference, duality of the two modes, differences, second order, loop dimensions."""

import random

import numpy as np
import pytest

import symdiff
from symdiff.evaluate import evaluate
from symdiff.ir import verify

ARGS = "a, x[n], y[n], u[m], A[m,n], B[n,m], S[n,n], p[3]"
SIZES = {"n": 4, "m": 2}
LEAVES = {
    (): ["a"],
    ("n",): ["x", "y"],
    ("m",): ["u"],
    ("m", "n"): ["A"],
    ("n", "m"): ["B"],
    ("n", "n"): ["S"],
    (3,): ["p"],
}
UNARY = ["sin({})", "tanh({})", "exp(-({})**2)", "sqrt(1 + ({})**2)", "-({})", "log(2 + ({})**2)", "{}/3", "abs({})"]


def formula(rng, shape, depth):
    """A random formula of that shape."""
    if depth == 0:
        return (
            rng.choice([*LEAVES.get(shape, []), str(rng.randint(1, 3))]) if shape == () else rng.choice(LEAVES[shape])
        )

    def sub(s):
        return formula(rng, s, depth - 1)

    ways = [
        lambda: rng.choice(UNARY).format(sub(shape)),
        lambda: f"({sub(shape)} {rng.choice('+-*')} {sub(shape)})",
        lambda: f"({sub(shape)} {rng.choice('+-*')} {sub(())})",
        lambda: f"where({sub(shape)} > 0.3, {sub(shape)}, {sub(shape)})",
        lambda: f"{rng.choice(['maximum', 'minimum'])}({sub(shape)}, {sub(())})",
    ]
    if shape == ():
        vector = rng.choice([("n",), ("m",), (3,)])
        matrix = rng.choice([("m", "n"), ("n", "m"), ("n", "n")])
        ways += [
            lambda: (
                f"{rng.choice(['sum', 'mean', 'max', 'min', 'norm', 'logsumexp'])}({sub(rng.choice([vector, matrix]))})"
            ),
            lambda: f"(({sub(vector)}) @ ({sub(vector)}))",
            lambda: f"({sub(vector)})[{rng.choice(['0', '1', '-1'])}]",
            lambda: f"prod({sub(vector)})",
            lambda: f"sum(({sub(matrix)})*({sub(matrix)}))",
        ]
    elif len(shape) == 1:
        other = rng.choice(["n", "m"])
        ways += [lambda: f"softmax({sub(shape)})", lambda: f"({sub(shape)})[::-1]"]
        if shape[0] == 3:
            ways += [lambda: f"[{sub(())}, {sub(())}, {sub(())}]"]
        else:
            between = LEAVES.get((shape[0], other))
            if between:
                ways += [
                    lambda: f"(({sub((shape[0], other))}) @ ({sub((other,))}))",
                    lambda: f"sum({sub((shape[0], other))}, axis={rng.choice(['1', '-1'])})",
                    lambda: f"max({sub((shape[0], other))}, axis=1)",
                    lambda: f"({sub((shape[0], other))})[:, 0]",
                ]
            if (other, shape[0]) in LEAVES:
                ways += [
                    lambda: f"(({sub((other,))}) @ ({sub((other, shape[0]))}))",
                    lambda: f"mean({sub((other, shape[0]))}, axis=0)",
                    lambda: f"({sub((other, shape[0]))})[-1]",
                ]
    else:
        rows, columns = shape
        ways += [
            lambda: f"outer({sub((rows,))}, {sub((columns,))})",
            lambda: f"({sub((rows, columns))} {rng.choice('+*')} {sub((columns,))})",
            lambda: f"softmax({sub(shape)}, axis={rng.choice(['0', '1'])})",
        ]
        if (columns, rows) in LEAVES:
            ways += [lambda: f"({sub((columns, rows))}).T"]
        for inner in ("n", "m"):
            if (rows, inner) in LEAVES and (inner, columns) in LEAVES:
                ways += [lambda inner=inner: f"(({sub((rows, inner))}) @ ({sub((inner, columns))}))"]
    return rng.choice(ways)()


def flat(result):
    parts = result if isinstance(result, tuple) else (result,)
    return np.concatenate([np.ravel(p) for p in parts])


def point(seed, f, loop=()):
    generator = np.random.default_rng(seed)
    return [generator.normal(size=loop + tuple(d if isinstance(d, int) else SIZES[str(d)] for d in s)) for s in f.cores]


@pytest.mark.parametrize("optimize", [True, False], ids=["optimised", "textbook"])
@pytest.mark.parametrize("seed", range(120))
def test_random_formulas(seed, optimize):
    rng = random.Random(seed)  # noqa: S311 - not cryptography
    text = formula(rng, rng.choice([(), (), ("n",), ("m", "n"), (3,)]), rng.choice([2, 3]))
    f = symdiff.compile(text, args=ARGS, optimize=optimize)
    at = point(seed, f)
    with np.errstate(all="ignore"):
        value = f(*at)
        np.testing.assert_allclose(value, evaluate(f._program, at)[0], rtol=1e-11, atol=1e-11, err_msg=text)
        if not np.isfinite(value).all():
            return
        dots = point(seed + 1, f)
        bar = np.cos(np.arange(np.size(value)) + 1.0).reshape(np.shape(value))
        tangent = f.jvp(*at, *dots)[1]
        bars = f.vjp(*at, bar)[1:]
        for g in (f.jvp, f.vjp):
            verify(g._program)
        forward, reverse = np.sum(tangent * bar), flat(tuple(bars)) @ flat(tuple(dots))
        np.testing.assert_allclose(forward, reverse, rtol=1e-9, atol=1e-9, err_msg=text)
        jacobian = f.jacobian(*at)
        np.testing.assert_allclose(
            np.ravel(jacobian @ flat(tuple(dots))), np.ravel(tangent), rtol=1e-9, atol=1e-9, err_msg=text
        )
        h = 1e-6
        moved = [f(*[a + s * h * d for a, d in zip(at, dots, strict=True)]) for s in (1, -1)]
        difference = (moved[0] - moved[1]) / (2 * h)
        if np.max(np.abs(difference - tangent)) > 1e-5 * (1 + np.max(np.abs(tangent))):  # a kink or a jump on the way
            half = [f(*[a + s * h / 64 * d for a, d in zip(at, dots, strict=True)]) for s in (1, -1)]
            np.testing.assert_allclose((half[0] - half[1]) / (h / 32), tangent, rtol=1e-3, atol=1e-3, err_msg=text)
        loops = point(seed, f, (2,))
        stacked = f.vjp(*loops, np.broadcast_to(bar, (2, *bar.shape)))
        for k in range(2):
            one = f.vjp(*[a[k] for a in loops], bar)
            for got, want in zip(stacked, one, strict=True):
                np.testing.assert_allclose(got[k], want, rtol=1e-9, atol=1e-9, err_msg=text)
        if np.ndim(value) == 0:
            hessian = f.hessian(*at)
            want = hessian @ flat(tuple(dots))
            np.testing.assert_allclose(flat(f.hvp(*at, *dots)), want, rtol=1e-7, atol=1e-7, err_msg=text)
            over = f.grad.vjp(*at, *dots)[len(dots) :]
            np.testing.assert_allclose(flat(tuple(over)), want, rtol=1e-7, atol=1e-7, err_msg=text)
