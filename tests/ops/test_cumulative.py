"""Long recurrences, which the source computes by doubling, against the loop that defines them."""

import numpy as np
from tables import each

import symdiff
from symdiff.ops.cumulative import RECURRENCE, Recurrence

RANDOM = np.random.default_rng(2)
LONG = RANDOM.normal(size=200)
ROWS = {
    "random": LONG,
    "with zeros": np.where(np.arange(200) % 37 == 5, 0.0, LONG),
    "shares": np.exp(-np.abs(100 * LONG)),
    "products that overflow in between": np.r_[1e-300, np.full(30, 1e10), np.full(29, 1e-10), 2.0],
    "products that underflow in between": np.r_[1e300, np.full(20, 1e-15), np.full(20, 1e15)],
    "small products that lose digits": np.r_[np.full(40, 1.0), 1e-160, 1e-160, 1e300, 1.0],
    "an infinity": np.r_[np.full(40, 0.5), np.inf, 1.0, 0.0, 1.0],
    "a NaN": np.r_[np.full(40, 0.5), np.nan, 1.0],
    "single precision": LONG.astype(np.float32),
    "complex": LONG + 1j * LONG[::-1],
    "few rows": LONG.reshape(2, 100),
    "many rows": LONG.reshape(50, 4),
}


@each("name", ROWS)
@each("scale", [1.0, 1e300, np.inf])
def test_a_long_recurrence_is_that_of_the_loop(name, scale):
    x = ROWS[name]
    if x.dtype == np.float32 and scale == 1e300:
        return
    scope = {"np": np}
    exec(RECURRENCE, scope)
    added = np.cos(np.arange(x.size, dtype=x.dtype)).reshape(x.shape) + 1
    with np.errstate(all="ignore"):
        added[..., 1] *= scale
        want = Recurrence((-1,)).value(x, added)
        got = scope["recurrence"](x, added, -1)
        turned = scope["recurrence"](x.T, added.T, 0).T
    tolerance = 1e-4 if x.dtype == np.float32 else 1e-12
    for value in (got, turned):
        np.testing.assert_allclose(value, want, rtol=tolerance, atol=tolerance * np.nanmax(np.abs(added[..., 2:])))
        assert value.dtype == x.dtype


def test_derivatives_of_long_cumulative_functions():
    x = LONG.copy()
    product = symdiff.compile("sum(w*cumprod(x))", args="x[n], w[n]", wrt="x")
    at = [3, 70, 71]
    x[at[1]] = 0.0
    w = np.sin(np.arange(200.0))
    got = product.grad(x, w).x
    for k in at:
        others = np.r_[x[:k], 1.0, x[k + 1 :]]
        np.testing.assert_allclose(got[k], np.sum((w * np.cumprod(others))[k:]), rtol=1e-11)
    log = symdiff.compile("sum(w*logcumsumexp(x))", args="x[n], w[n]", wrt="x")
    for x in (LONG, 50 * np.arange(200.0), -50 * np.arange(200.0)):
        shares = np.tril(np.exp(np.tril(x[None, :] - np.logaddexp.accumulate(x)[:, None])))
        np.testing.assert_allclose(log.grad(x, w).x, w @ shares, rtol=1e-11, atol=1e-300)
