"""The samples of operations on arrays: their programs, arguments, and direct values."""

import math

import numpy as np

from symdiff.graph.dims import concrete, numel, symbol, symbols, value
from symdiff.graph.ir import Graph, Program, verify
from symdiff.graph.operations import is_view
from symdiff.ops.arrays import OPERATIONS
from symdiff.ops.indexed import Indexed
from symdiff.ops.order import SearchSorted
from symdiff.simplify.build import Builder

SIZES = {"n": 4, "m": 3, "k": 2}
SAMPLES = [sample for operation in OPERATIONS.values() for sample in operation.samples()]


def numbers(sample):
    """Return how many operands are numbers; the others are integers."""
    count = sample.operation.numbers
    return len(sample.shapes) if count is None else count


def names_of(shape):
    return {name for dim in shape for name in symbols(dim)}


def arguments_of(b, sample):
    """Return new arguments for the operands, and one more if there are sizes that no operand has."""
    inputs = [b.input(f"x{k}", s, integer=k >= numbers(sample)) for k, s in enumerate(sample.shapes)]
    own = [getattr(sample.operation, "dim", 1), *getattr(sample.operation, "to", ())]
    named = names_of([*sample.operation.shape(*sample.shapes), *own])
    known = named <= names_of([dim for shape in sample.shapes for dim in shape])
    return inputs, [] if known else [b.input("sizes", tuple(map(symbol, SIZES)))]


def definite(x):
    """Return a symmetric and positive definite matrix of numbers, with eigenvalues that are far apart."""
    squares = np.einsum("...ik,...jk->...ij", x, x)
    return squares / 4 + np.diag(np.arange(4.0, 4 * x.shape[-1] + 4, 4))


def prepared(b, sample, inputs):
    """Return the operands that are made of arguments: matrices that are positive definite, where they have to be."""
    made = list(inputs)
    for k in sample.definite:
        stack = "l" * (len(sample.shapes[k]) - 2)
        squares = b.einsum(inputs[k], inputs[k], f"{stack}ik", f"{stack}jk", f"{stack}ij")
        n = sample.shapes[k][-1]
        diagonal = b.op("mul", b.eye((n,)), b.op(OPERATIONS["arange"](4, 4 * n + 4, 4)))
        made[k] = b.op("add", b.op("div", squares, b.const(4.0)), diagonal)
    return made


def program_of(sample, *, simplify=False, plain=False):
    """Return the program of an operation on arguments. A condition is whether an argument is positive."""
    b = Builder(Graph())
    operands, sizes = arguments_of(b, sample)
    inputs = [*operands, *sizes]
    operands = operands if plain else prepared(b, sample, operands)
    if sample.conditions:
        operands = [b.op("gt", i, b.const(0.0)) for i in operands]
    row = b.op(sample.operation, *operands) if simplify else b.graph.intern((sample.operation, *operands))
    made = Program(b.graph, tuple(inputs), (b.number(row),), ("out",))
    verify(made)
    return made


def draw(program, sizes=SIZES, seed=0, loop=()):
    """Return arguments, the elements of each all different; those ascend that are searched."""
    random = np.random.default_rng(seed)
    shapes = [loop + concrete(program.graph.shape(i), sizes) for i in program.inputs]
    ends = reaches(program, sizes)
    searched = {of[0] for operation, *of in program.graph.rows if isinstance(operation, SearchSorted)}
    made = [
        random.permutation(indices(math.prod(s), ends.get(i, 5))).reshape(s)
        if program.graph.is_integer(i)
        else random.permutation(np.linspace(-1.7, 1.9, int(np.prod(s)))).reshape(s)
        for i, s in zip(program.inputs, shapes, strict=True)
    ]
    return [np.sort(x) if i in searched else x for i, x in zip(program.inputs, made, strict=True)]


def indices(count, end):
    """Return some indices of an axis, with all of its elements if that is possible, some of them negative."""
    every = np.arange(count) % max(end, 1)
    return np.where(np.arange(count) % 2, every - end, every)


def reaches(program, sizes):
    """Return the lengths of the axes that the rows of indices are of."""
    found = {}
    for operation, *of in program.graph.rows:
        if isinstance(operation, Indexed):
            dims = concrete(operation.reaches(*map(program.graph.shape, of)), sizes)
            found.update(zip([_seen(program, i) for i in of[1:]], dims, strict=True))
    return found


def _seen(program, i):
    """Return the row of which a row is a view."""
    while is_view(program.graph.rows[i][0]):
        i = program.graph.rows[i][1]
    return i


def scaled(arguments, by):
    """Return the arguments times a number, but for integers."""
    return [a if a.dtype.kind == "i" else by * a for a in map(np.asarray, arguments)]


def direct(sample, arguments, sizes=SIZES):
    """Return the value by the operation's own method, of the arguments of its program."""
    given = [a > 0 for a in arguments] if sample.conditions else arguments
    given = [definite(a) if k in sample.definite else a for k, a in enumerate(given[: len(sample.shapes)])]
    return np.asarray(sample.operation.sized(sizes).value(*given), float)


def allowed(program, sizes):
    """Return whether what the program demands of the sizes holds."""
    counts = [(numel(concrete(program.graph.shape(i), sizes)), n) for i, n in reaches(program, sizes).items()]
    demands = program.graph.demands
    return all(n or not count for count, n in counts) and all(
        value(d, sizes) == 0 if exact else value(d, sizes) >= 0 for d, exact, _ in demands
    )
