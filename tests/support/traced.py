"""A Python function against what symdiff compiles of it."""

import numpy as np

import symdiff

STEP = 1e-6


def _flat(result):
    return [part for inner in result for part in _flat(inner)] if isinstance(result, tuple) else [result]


def _called(function, point):
    """The results of the function itself. It gets copies, so that it cannot change the point."""
    return [np.asarray(part, float) for part in _flat(function(*[np.copy(p) if np.ndim(p) else p for p in point]))]


def same(function, args, *point, derivative=False, **options):
    """Compile a function, hold the result of a call against that of the function, and return the Function.

    With `derivative`, hold the product of the Jacobian and a direction against a difference of the function.
    """
    f = symdiff.compile(function, args=args, **options)
    expected = _called(function, point)
    got = f(*point)
    got = [got] if len(f.outputs) == 1 else list(got)
    assert len(got) == len(expected)
    for name, a, b in zip(f.outputs, got, expected, strict=True):
        assert np.shape(a) == b.shape, (name, np.shape(a), b.shape)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13, err_msg=name)
    declared = [
        f"{name}[{','.join(map(str, core))}]" if core else name for name, core in zip(f.args, f.cores, strict=True)
    ]
    again = symdiff.compile(f.text, args=declared, constants=dict(f.recipe.constants))
    assert again.program.graph.rows == f.program.graph.rows, f.text
    if derivative:
        rng = np.random.default_rng(0)
        direction = [rng.normal(size=np.shape(p)) for p in point]
        ahead, behind = (
            _called(function, [p + s * STEP * d for p, d in zip(point, direction, strict=True)]) for s in (1, -1)
        )
        slopes = f.jvp(*point, *direction)[len(expected) :]
        for a, high, low in zip(slopes, ahead, behind, strict=True):
            np.testing.assert_allclose(a, (high - low) / (2 * STEP), rtol=2e-6, atol=1e-6)
    return f
