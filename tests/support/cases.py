"""Programs that every target runs, their arguments, and the results that are right to rounding."""

import itertools
import random
import zlib
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import random_arrays
from corpus import activations, biology, chemistry, densities, engineering, finance, optimisation, physics
from primitives import SPECIAL_VALUES, call_of
from random_formulas import NAMES, problems
from samples import SAMPLES, definite, draw, program_of

import symdiff
from symdiff.api.function import Function
from symdiff.graph.dims import concrete, solve
from symdiff.graph.ir import Graph, Program, operands
from symdiff.ops.base import Operation
from symdiff.ops.evaluate import constant, function
from symdiff.ops.table import BASIC, PRIMITIVES, Primitive
from symdiff.simplify.build import Builder

EPS = np.finfo(np.float64).eps
CANCELS = {
    "logaddexp": 2,
    "lgamma": 1,
    "digamma": 1,
    "betaln": 1,
    "betaincc": 1,
}  # the numbers whose difference the result is
OWN = 12  # units of the last place by which SciPy's special functions are off themselves
POINTS = 3  # of programs of scalars
SCALARS, ARRAYS = 400, 100  # random programs
_DISTURBED = 6  # evaluations with errors


@dataclass(frozen=True)
class Case:
    """A program that every target runs.

    Attributes:
        name: What fails, if it does.
        program: The program.
        points: Lists of arguments, of exactly the core shapes. Arguments without axes are floats or ints.
        function: The Function with this program; None if no formula gives the program.
        of: The operation, if the program is one elementwise operation.
    """

    name: str
    program: Program
    points: list
    function: Function | None = None
    of: Primitive | None = None

    @property
    def scalar(self):
        """No argument or row is an array."""
        return not self.program.graph.shapes

    @cached_property
    def sizes(self):
        """The sizes of the named dimensions."""
        return sizes_of(self.program, self.points[0])

    @cached_property
    def columns(self):
        """The arguments of all points of a program of scalars, as an array for each."""
        return [np.array(column) for column in zip(*self.points, strict=True)]

    @cached_property
    def wanted(self):
        """The results of the reference evaluator: for each point, an array for each output."""
        if not self.scalar:
            return [evaluated(self.program, self.points[0])]
        found = evaluated(self.program, self.columns)
        return [[column[k] for column in found] for k in range(len(self.points))]

    def room(self):
        """Return how far off the results of a target may be, each step of which is right to a unit of the last place."""
        if self.of:
            least = CANCELS.get(self.of.name, 0)
            with np.errstate(over="ignore"):
                return [[np.spacing(np.maximum(np.abs(want), least)) for want in wants] for wants in self.wanted]
        error = EPS
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        if self.scalar:
            columns = [np.tile(column, (_DISTURBED, 1)) for column in self.columns]
            found = evaluated(self.program, columns, error, rng)
            others = [[column[:, k] for column in found] for k in range(len(self.points))]
        else:
            made = [evaluated(self.program, self.points[0], error, rng) for _ in range(_DISTURBED)]
            others = [[np.stack(some) for some in zip(*made, strict=True)]]
        return [
            [
                3 * np.max(np.abs(some - want), axis=0) + error * np.abs(want)
                for some, want in zip(at, wants, strict=True)
            ]
            for at, wants in zip(others, self.wanted, strict=True)
        ]


def evaluated(program, arguments, error=0.0, rng=None):
    """Return the outputs of a program as arrays. Operands and results of each step have a random error of that size."""

    def disturbed(value):
        if rng is None or isinstance(value, float) or np.asarray(value).dtype.kind != "f":
            return value  # constants are exact
        return value * (1 + error * rng.choice([-1.0, 1.0], np.shape(value)))

    values = []
    given = dict(zip(program.inputs, arguments, strict=True))
    sizes = sizes_of(program, arguments)
    with np.errstate(all="ignore"):
        for i, row in enumerate(program.graph.rows):
            if row[0] == "input":
                values.append(np.asarray(given[i]) if i in given else None)
            elif row[0] == "const":
                values.append(constant(row[1]))
            else:
                compute = row[0].sized(sizes).value if isinstance(row[0], Operation) else function(row[0])
                values.append(disturbed(compute(*[disturbed(values[j]) for j in operands(row)])))
    loop = () if program.graph.shapes else np.broadcast_shapes(*map(np.shape, arguments))
    shapes = [loop + concrete(program.graph.shape(i), sizes) for i in program.outputs]
    return [np.broadcast_to(values[i], shape) for i, shape in zip(program.outputs, shapes, strict=True)]


def sizes_of(program, arguments):
    """Return the sizes of the named dimensions of a program, by its arguments."""
    sizes = {}
    for i, argument in zip(program.inputs, arguments, strict=True):
        for dim, size in zip(program.graph.shape(i), np.shape(argument), strict=False):
            sizes |= solve(dim, size, sizes)
    return sizes


@cache
def elementwise():
    """Return a case for each elementwise operation, at points of its sample."""
    rng = np.random.default_rng(0)
    found = []
    for p in PRIMITIVES.values():
        if p.internal and (p.conjugates or p.name not in BASIC):  # parts of complex numbers, steps of special functions
            continue
        regions = p.sample or ((-3.0, 3.0),) * p.arity
        regions = [*regions, *[(-3.0, 3.0)] * (p.arity - len(regions))]
        points = [[float(np.round(rng.uniform(low, high), 3)) for low, high in regions] for _ in range(4 * POINTS)]
        kinds = p.takes or "r" * p.arity
        if p.orders:
            points = [[1.0, *point[1:]] for point in points]
        if "c" in kinds or "i" in kinds or p.internal or p.condition or p.orders:
            found.append(Case(p.name, _row(p, kinds), [_of_kinds(point, kinds) for point in points], of=p))
        else:
            f = symdiff.compile(call_of(p), args=p.parameters)
            found.append(Case(p.name, f.program, points, f, p))
    return found


@cache
def at_special_values():
    """Return the elementwise operations of numbers at zeros, infinities, NaN and the like."""
    found = []
    for case in elementwise():
        values = SPECIAL_VALUES if case.of.arity < 3 else SPECIAL_VALUES[::3]
        if (
            case.of.takes or case.of.orders or case.name == "lgamma"
        ):  # SciPy's is finite at -inf, and infinite at 1e-310
            continue
        points = [list(point) for point in itertools.product(values, repeat=case.of.arity)]
        found.append(Case(case.name, case.program, points, case.function, case.of))
    return found


def _row(p, kinds):
    b = Builder(Graph())
    inputs = [b.input(name, (), integer=kind == "i") for name, kind in zip(p.parameters, kinds, strict=True)]
    given = [b.op("gt", i, b.const(0.0)) if kind == "c" else i for i, kind in zip(inputs, kinds, strict=True)]
    given[: p.orders] = [b.const(1.0)] * p.orders
    made = b.graph.intern((p.name, *given))
    return Program(b.graph, tuple(inputs), (b.number(made) if p.condition else made,), ("out",))


def _of_kinds(point, kinds):
    return [round(v) if kind == "i" else v for v, kind in zip(point, kinds, strict=True)]


@cache
def of_arrays():
    """Return a case for each sample of each operation on arrays."""
    found = []
    for k, sample in enumerate(SAMPLES):
        program = program_of(sample, plain=True)
        arguments = draw(program)
        for n in sample.definite:
            arguments[n] = definite(arguments[n])
        arguments = [a if a.ndim else a.item() for a in arguments]
        found.append(Case(f"{sample.operation.name}-{k}", program, [arguments]))
    return found


@cache
def corpus():
    """Return a case for the value and gradient of each formula of the corpus."""
    found = []
    for field in (physics, chemistry, biology, finance, engineering, optimisation, activations, densities):
        for formula in field.FORMULAS:
            low, high = np.array(list(formula.domain.values())).T
            rng = np.random.default_rng(zlib.crc32(formula.name.encode()))
            points = rng.uniform(low, high, (POINTS, len(low))).tolist()
            made = symdiff.compile(formula.text, args=list(formula.domain)).value_and_grad
            found.append(Case(formula.name, made.program, points, made))
    return found


@cache
def at_random():
    """Return a case for the value and gradient of each of many random formulas."""
    rng = random.Random(1)  # noqa: S311 - not cryptography
    found = []
    for text, point in itertools.islice(problems(rng), SCALARS):
        made = symdiff.compile(text, args=NAMES).value_and_grad
        points = [point, [p * 1.01 for p in point], [p + 0.01 for p in point]]
        found.append(Case(f"{len(found)}: {text}", made.program, points, made))
    while len(found) < SCALARS + ARRAYS:
        text = random_arrays.formula(rng, (), rng.choice([2, 3]))
        if "[" not in (args := random_arrays.declared(text)):
            continue
        made = symdiff.compile(text, args=args).value_and_grad
        draws = np.random.default_rng(len(found))
        shapes = [tuple(d if isinstance(d, int) else random_arrays.SIZES[str(d)] for d in core) for core in made.cores]
        arguments = [draws.normal(size=shape) if shape else float(draws.normal()) for shape in shapes]
        found.append(Case(f"{len(found)}: {text}", made.program, [arguments], made))
    return found


GROUPS = {"elementwise": elementwise, "of arrays": of_arrays, "corpus": corpus, "at random": at_random}
