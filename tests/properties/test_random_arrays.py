"""Random formulas of arrays, axes of length 1 among them: exact values, every mode, second order, loop dimensions, check."""

import random

import numpy as np
import pytest
from jets import exactly
from random_arrays import LEAVES, SIZES, declared, formula
from tables import each

import symdiff
from symdiff.graph.ir import verify
from symdiff.ops.evaluate import evaluate

pytestmark = pytest.mark.long


def flat(result):
    parts = result if isinstance(result, tuple) else (result,)
    return np.concatenate([np.ravel(p) for p in parts])


def point(seed, f, loops=((),)):
    """Arguments, each with one of some loop shapes."""
    generator = np.random.default_rng(seed)
    cores = [tuple(d if isinstance(d, int) else SIZES[str(d)] for d in s) for s in f.cores]
    return [generator.normal(size=loops[k % len(loops)] + core) for k, core in enumerate(cores)]


def close(got, want, text, tolerance=1e-9):
    got = np.asarray(got)
    assert got.shape == want.shape, text
    scale = np.max(np.abs(want), initial=1.0)
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale, err_msg=text)


@each(("seed", "optimize"), [(seed, seed % 3 > 0) for seed in range(45)])
def test_random_formulas(seed, optimize):
    rng = random.Random(seed)  # noqa: S311 - not cryptography
    text = formula(rng, rng.choice([(), (), (), *LEAVES]), rng.choice([2, 3, 3]))
    if not (args := declared(text)):
        return
    f = symdiff.compile(text, args=args, optimize=optimize)
    at, dots = point(seed, f), point(seed + 1, f)
    value, first, second = exactly(text, f.args, at)
    with np.errstate(all="ignore"):
        close(f(*at), value, text)
        close(evaluate(f.program, at)[0], value, text)
        bar, direction = np.cos(np.arange(value.size) + 1.0).reshape(value.shape), flat(tuple(dots))
        of_bar = np.tensordot(second, bar, value.ndim) @ direction
        members = [f, f.jvp, f.vjp, f.jacobian]
        close(f.jvp(*at, *dots)[1], np.tensordot(direction, first, 1), text)
        close(flat(f.vjp(*at, bar)[1:]), np.tensordot(first, bar, value.ndim), text)
        jacobian = f.jacobian(*at)
        close(jacobian, first.reshape(len(first), -1).T if value.ndim else first, text)
        close(flat(f.vjp.jvp(*at, bar, *dots)[-len(at) :]), of_bar, text, 1e-8)
        close(flat(f.jvp.vjp(*at, *dots, 0 * bar, bar)[2 : 2 + len(at)]), of_bar, text, 1e-8)
        if not value.ndim:
            members += [f.hessian, f.hvp]
            close(f.hessian(*at), second, text, 1e-8)
            close(flat(f.hvp(*at, *dots)), of_bar / bar, text, 1e-8)
        for k, name in enumerate(f.args):
            if not f.cores[k]:
                close(f.diff(name)(*at), first[sum(map(np.size, at[:k]))], text)
        for member in members:
            verify(member.program)
        loops = point(seed, f, rng.sample([(), (2,), (1,), (3, 2), (3, 1)], 3))
        loop = np.broadcast_shapes(
            *[np.shape(a)[: np.ndim(a) - len(core)] for a, core in zip(loops, f.cores, strict=True)]
        )
        given = {"jvp": dots, "vjp": [bar]}
        for member in members:
            every = flat_loops(member(*loops, *given.get(member.name, dots if member.name == "hvp" else [])), loop)
            for place in list(np.ndindex(loop))[:2]:
                one = [
                    np.broadcast_to(a, loop + a.shape[a.ndim - len(c) :])[place]
                    for a, c in zip(loops, f.cores, strict=True)
                ]
                want = flat(member(*one, *given.get(member.name, dots if member.name == "hvp" else [])))
                close(every[place], want, text, 1e-8)
    if seed % 5 == 1:  # `check` takes as long as all of the above
        assert not [c for c in f.check(*at).comparisons if c.differs], text


def flat_loops(result, loop):
    """Results side by side, behind the loop shape."""
    parts = result if isinstance(result, tuple) else (result,)
    return np.concatenate([np.reshape(p, (*loop, -1)) for p in parts], axis=-1)
