"""The backends, and how their results are compared."""

from importlib.util import find_spec

import numpy as np
import pytest
from tables import each

import symdiff


def leaves(result):
    """Return the results of a call side by side, however they are nested."""
    return [leaf for part in result for leaf in leaves(part)] if isinstance(result, tuple) else [result]


def both(text, **options):
    """Return the formula compiled natively, and for NumPy."""
    return symdiff.compile(text, backend="llvm", **options), symdiff.compile(text, **options)


UNITS = 4  # of the last place, by which functions of native code may differ from NumPy's


def assert_same(got, want, backend="numpy", least=0):
    """Equal numbers; for native code, to some units of the last place of the largest, as sums have an order of their own.

    `least` is how large the numbers are at least of which they are sums.
    """
    if backend == "numpy":
        np.testing.assert_array_equal(got, want)
        return
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape
    finite = np.isfinite(want)
    np.testing.assert_array_equal(np.where(finite, 0, got), np.where(finite, 0, want))
    room = UNITS * np.spacing(np.max(np.abs(want[finite]), initial=least))
    np.testing.assert_allclose(got[finite], want[finite], rtol=0, atol=room)


# Programs are simplified or not before a backend sees them, so native code of textbooks would tell nothing new.
VARIANTS = {"plain": {}, "textbook": {"optimize": False}, "llvm": {"backend": "llvm"}}
if not find_spec("llvmlite"):
    del VARIANTS["llvm"]
variants = each("options", VARIANTS.values(), ids=VARIANTS)


def _id(case, last):
    return " | ".join([part for part in (*case, last) if isinstance(part, str)])


def partly_native(cases, every=5):
    """Return parameters for each case by NumPy, and for one of so many cases in native code too.

    This is for tests of what a derivative is: the backends get the same programs.
    """
    return [
        pytest.param(*case, backend, id=_id(case, backend))
        for k, case in enumerate(cases)
        for backend in (["numpy", "llvm"] if find_spec("llvmlite") and k % every == 0 else ["numpy"])
    ]


def _others():
    return [name for name in VARIANTS if name != "plain"]


def in_turn(cases):
    """Return parameters for each case in the plain variant, and for every other case in one of the others, in turn."""
    others = _others()
    return [
        pytest.param(*case, VARIANTS[name], id=_id(case, name))
        for k, case in enumerate(cases)
        for name in (["plain"] if k % 2 else ["plain", others[k // 2 % len(others)]])
    ]


def one_in_turn(cases, offset=0):
    """Return parameters for each case in one of the variants, in turn: every other case in the plain variant.

    Tests that go through the same cases take offsets of their own, so that each case meets more than one variant.
    """
    turns = [turn for name in _others() for turn in ("plain", name)]
    return [
        pytest.param(*case, VARIANTS[name], id=_id(case, name))
        for k, case in enumerate(cases, offset)
        for name in (turns[k % len(turns)],)
    ]


def agree(f, g, args, most=100):
    """Check that two Functions have the same results, to `most` units of rounding of the largest element."""
    with np.errstate(all="ignore"):
        got, want = leaves(f(*args)), leaves(g(*args))
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        a, b = np.asarray(one), np.asarray(other)
        assert (type(one), a.shape, a.dtype) == (type(other), b.shape, b.dtype)
        np.testing.assert_array_equal(np.isfinite(a), np.isfinite(b))
        finite = np.isfinite(b)
        np.testing.assert_array_equal(a[~finite], b[~finite])
        scale = np.max(np.abs(b[finite]), initial=1e-300)
        assert np.all(np.abs(a[finite] - b[finite]) <= most * np.finfo(b.dtype).eps * scale)
