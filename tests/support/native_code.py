"""What tests of native code share: formulas, arguments, and how results are compared with those of NumPy."""

import warnings

import numpy as np
from backends import both, leaves
from cases import CANCELS, OWN
from primitives import NUMERIC, SPECIAL_VALUES

# Scalars

EXAMPLE = "log(x1) + x1*x2 - sin(x2)"
SPECIAL = [*SPECIAL_VALUES, -1e-310, 5e-324, -1e308, 1e-20, 1e5, 1e22, -720.0, 3e-5]


MOST = {"np": 5, "special": OWN}  # those of NumPy in single precision reach four
USERS = [p for p in NUMERIC if not p.internal and p.llvm is not None]


def apart(got, want, least=0):
    """The distance of arrays in units of the last place (of `least` at least); infinite where one is NaN or infinite."""
    with np.errstate(all="ignore"):
        distance = np.abs(got - want) / np.spacing(np.maximum(np.abs(want), want.dtype.type(least)))
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    return np.where(same, 0, np.where(np.isfinite(distance), distance, np.inf))


def agree(f, g, args, most=4, least=0):
    """Both functions give the same, to so many units of the last place."""
    with np.errstate(all="ignore"):
        got, want = leaves(f(*args)), leaves(g(*args))
    for one, other in zip(got, want, strict=True):
        assert one.shape == other.shape
        assert one.dtype == other.dtype
        worst = apart(one, other, least)
        k = np.unravel_index(np.argmax(worst), worst.shape) if worst.size else ()
        assert worst.size == 0 or worst[k] <= most, (one[k], other[k], [np.broadcast_to(a, one.shape)[k] for a in args])


def reported(f, *args):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        f(*args)
    return [(str(w.message), w.lineno) for w in caught]


def operations_of(arity):
    """All operations of so many operands, each with arguments of its own: the operations, the formula, the names."""
    operations = [p for p in USERS if p.arity == arity]
    texts, names = [], []
    for p in operations:
        own = [f"{p.name}_{name}" for name in p.parameters]
        symbol = p.symbols[0] if p.symbols else None
        texts.append(
            f"{p.name}({', '.join(own)})" if symbol is None else
            f"{symbol.text}{own[0]}" if symbol.prefix else f"{own[0]} {symbol.text} {own[1]}"
        )  # fmt: skip
        names += own
    return operations, ", ".join(texts), names


def check_operations(arity):
    """Hold the operations of so many operands over their samples, in both precisions, and at special values.

    All are results of one formula. Returns its native source.
    """
    operations, text, names = operations_of(arity)
    f, g = both(text, args=names)
    assert f.backend == "llvm"
    draw = np.random.default_rng(0)
    regions = [p.sample[k] if k < len(p.sample) else p.sample[0] for p in operations for k in range(p.arity)]
    samples = [draw.uniform(low, high, 103) for low, high in regions]
    values = SPECIAL[::2] if arity == 3 else SPECIAL
    special = [np.append(a.ravel(), [1.0] * 3) for a in np.meshgrid(*[values] * arity)]
    cases = [(samples, np.float64), (samples, np.float32), (special * len(operations), np.float64)]
    for args, dtype in cases:
        given = [a.astype(dtype) for a in args]
        with np.errstate(all="ignore"):
            got, want = leaves(f(*given)), leaves(g(*given))
        for p, one, other in zip(operations, got, want, strict=True):
            assert one.dtype == other.dtype
            distance = apart(one, other, CANCELS.get(p.name, 0))
            if p.name == "lgamma" and args is not samples:  # SciPy's are wrong there
                distance[(np.abs(args[0]) < 1e-300) | (args[0] == -np.inf)] = 0
            assert np.all(distance <= MOST[p.module]), (p.name, dtype)
            if args is not samples:
                np.testing.assert_array_equal(np.signbit(one[one == 0]), np.signbit(other[one == 0]), err_msg=p.name)
    return f.source_for("llvm")


# Arrays

LOSS = "sum((t - (w2*maximum(0, w1*x + b1) + b2))**2)"
LOSS_ARGS = "x[n], t[n], w1, b1, w2, b2"
# Formula, arguments, and how many loops its value and gradient take.
FUSED = [
    (LOSS, LOSS_ARGS, 1),
    ("sum((t - (w2*tanh(w1*x + b1) + b2))**2)/2", LOSS_ARGS, 1),
    ("r = t - (p[0]*exp(-p[1]*x) + p[2]); sum(r**2)", "p[3], x[n], t[n]", 1),
    ("mean((y - a*x - b)**2)", "x[n], y[n], a, b", 1),
    ("logsumexp(v)", "v[n]", 3),
    ("norm(x - mean(x))", "x[n]", 4),
    ("v = softmax(x); sum(v*log(v))", "x[n]", 4),
    ("v = softmax(x*tanh(w)); sum(w*v)*sum(exp(w))", "x[n], w[n]", 4),
    ("max(abs(x)) - min(x)/a", "x[n], a", 3),
    ("sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", "x[n]", 1),
    ("sum(where(x > a, log(x), x))/sum(w)", "x[n], w[n], a", 2),
    ("sum(where(max(x) > 1, x, -x))", "x[n]", 2),
    ("sum(erf(x)*sigmoid(a*x))", "x[n], a", 1),
    ("sum(x.T[0]*a)", "x[n,3], a", None),
    ("sum(X*w) + sum(X)", "X[m,n], w[n]", None),
    ("p[0]*exp(-p[1]*a) + p[2]", "p[3], a", 0),
]
LOOPS = [(), (4,), (2, 1, 3)]


def drawn(f, n, loop=(), dtype=np.float64, seed=0, m=3):
    """Arguments of these sizes; the scalars are floats where there are no loop dimensions."""
    draw = np.random.default_rng(seed)
    sizes = {"n": n, "m": m}
    cores = [tuple([sizes.get(str(dim), dim) for dim in core]) for core in f.cores]
    found = [draw.uniform(0.5, 1.5, loop + core).astype(dtype) for core in cores]
    return [a if a.ndim else float(a) for a in found]


def agree_to_rounding(f, g, args, most=100, errors="ignore"):
    """The same results, but for so many roundings of the largest element."""
    with np.errstate(all=errors):
        close(leaves(f(*args)), leaves(g(*args)), most)


def close(got, want, most):
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        a, b = np.asarray(one), np.asarray(other)
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        assert isinstance(one, np.ndarray) == isinstance(other, np.ndarray) or a.ndim == 0
        finite = np.isfinite(b)
        np.testing.assert_array_equal(np.where(finite, 0, a), np.where(finite, 0, b))
        scale = np.max(np.abs(b[finite]), initial=0)
        assert np.all(np.abs(a[finite] - b[finite]) <= most * np.finfo(b.dtype).eps * scale)
