"""Patterns: which variables each element depends on, for every operation, against numeric Jacobians."""

import numpy as np
from tables import each

from symdiff.graph.dims import concrete
from symdiff.graph.ir import Graph, Program
from symdiff.ops.arrays import OPERATIONS
from symdiff.ops.dependence import dependence
from symdiff.ops.evaluate import evaluate
from symdiff.ops.patterns import Pattern
from symdiff.simplify.build import Builder
from tests.ops.test_operations import SIZES, allowed, derived, draw, program_of


def flags(pattern):
    """Return a pattern as a boolean matrix."""
    found = np.zeros((pattern.size, pattern.count), bool)
    found[pattern.elements, pattern.columns] = True
    return found


def pattern_of(program, sizes, point, variables=None, *, known_integers=True):
    """Return the pattern of the one output by the arguments, or by the given ones, as a boolean matrix."""
    known = {i: a for i, a in zip(program.inputs, point, strict=True) if program.graph.is_integer(i)}
    names = [name for name, whole in zip(program.arguments, program.integers, strict=True) if not whole]
    chosen = [name for name in (variables or names) if name != "sizes"]
    rows = {i: concrete(program.graph.shape(i), sizes) for i in program.inputs}
    lengths = [int(np.prod(shape)) for i, shape in rows.items() if program.graph.rows[i][1] in chosen]
    patterns, first = {}, 0
    for i, shape in rows.items():
        if program.graph.rows[i][1] in chosen:
            patterns[i] = Pattern.variables(shape, sum(lengths), first)
            first += int(np.prod(shape))
    (made,) = dependence(program, program.outputs, sizes, patterns, known if known_integers else {})
    assert np.all(np.diff(made.codes) > 0)
    return flags(made)


def numeric(program, point, seed=0):
    """Return where the numeric Jacobian is not zero: where results change with an argument."""
    random = np.random.default_rng(seed)
    base = np.ravel(evaluate(program, point)[0])
    columns = []
    for k, (array, name) in enumerate(zip(point, program.arguments, strict=True)):
        for e in range(array.size if name != "sizes" and array.dtype.kind == "f" else 0):
            changed = array.copy()
            changed.flat[e] += random.uniform(0.01, 0.02)
            other = np.ravel(evaluate(program, [changed if j == k else a for j, a in enumerate(point)])[0])
            columns.append(np.abs(other - base) > 1e-12)
    return np.array(columns, bool).reshape(len(columns), base.size).T


@derived
@each("size", [4, 1, 0])
def test_pattern_covers_the_jacobian(sample, size):
    program, sizes = program_of(sample), SIZES | {"n": size, "m": min(3, size)}
    if not allowed(program, sizes):
        return
    point = draw(program, sizes)
    found = pattern_of(program, sizes, point)
    met = np.zeros_like(found)
    for seed in range(3):
        drawn = draw(program, sizes, seed)
        mixed = [a if a.dtype.kind == "i" else other for a, other in zip(point, drawn, strict=True)]
        changes = numeric(program, mixed, seed)
        assert not np.any(changes & ~found)
        met |= changes
        assert not np.any(numeric(program, drawn) & ~pattern_of(program, sizes, drawn, known_integers=False))
    if size == 4 and sample.operation.name in EXACT:
        np.testing.assert_array_equal(found, met)


# Operations whose patterns have nothing that the Jacobian has not at some point. For others, such as `max`, each point
# shows only a part of the pattern.
EXACT = {
    *("sum", "prod", "others", "logsumexp", "softmax", "einsum", "index", "assemble", "gather"),
    *("segment_sum", "segment_logsumexp", "expand", "broadcast", "permute", "reshape"),
    *("diagonal", "diag", "tril", "triu"),
    *("roll", "delay", "recurrence", "cumsum", "cumprod", "logcumsumexp"),
}


def text_pattern(make, shapes, variables):
    b = Builder(Graph())
    inputs = [b.input(name, shape) for name, shape in shapes.items()]
    out = make(b, *inputs)
    program = Program(b.graph, tuple(inputs), (out,), ("out",))
    return pattern_of(program, {}, draw(program), variables)


def test_structural_zeros():
    eye, einsum = OPERATIONS["eye"], OPERATIONS["einsum"]
    diag, tril = OPERATIONS["diag"], OPERATIONS["tril"]
    # A product with a diagonal matrix
    found = text_pattern(
        lambda b, a, x: b.op(einsum("ij", "j", "i"), b.op(diag((4, 4), 0), a), x), {"a": (4,), "x": (4,)}, ("x", "a")
    )
    np.testing.assert_array_equal(found, np.hstack([np.eye(4), np.eye(4)]))
    # A product with a known matrix
    found = text_pattern(lambda b, x: b.op(einsum("ij", "jk", "ik"), b.op(eye(3, (3,))), x), {"x": (3, 2)}, ("x",))
    np.testing.assert_array_equal(found, np.eye(6))
    # Triangles
    found = text_pattern(
        lambda b, X, x: b.op(einsum("ij", "j", "i"), b.op(tril((-2, -1), 0), X), x), {"X": (4, 4), "x": (4,)}, ("x",)
    )
    np.testing.assert_array_equal(found, np.tri(4))
    # Products, quotients and functions of zeros
    for name in ("sin", "sqrt", "abs"):
        found = text_pattern(lambda b, x, name=name: b.op(name, b.op("mul", b.eye((3,)), x)), {"x": (3,)}, ("x",))
        np.testing.assert_array_equal(found, np.eye(9)[::4].T)
    found = text_pattern(lambda b, x: b.op("cos", b.op("mul", b.eye((3,)), x)), {"x": (3,)}, ("x",))
    np.testing.assert_array_equal(found, np.eye(9)[::4].T)
    # A choice by a known condition
    found = text_pattern(
        lambda b, x, y: b.op("where", b.op("gt", b.op(OPERATIONS["arange"](0, 4, 1)), b.const(1.5)), x, y),
        {"x": (4,), "y": (4,)},
        ("x", "y"),
    )
    np.testing.assert_array_equal(found, np.hstack([np.diag([0, 0, 1, 1]), np.diag([1, 1, 0, 0])]))
