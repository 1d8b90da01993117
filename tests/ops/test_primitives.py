"""Every entry of the table, at birth: value, partials in both modes, second order, every target."""

import math
from importlib.util import find_spec

import mpmath
import numpy as np
import pytest
from backends import leaves
from primitives import NUMERIC, SPECIAL_VALUES
from reference import MPMATH, partial, ulps
from tables import each

import symdiff
from symdiff.derive import calculus
from symdiff.emit import math as math_target
from symdiff.emit import numpy as numpy_target
from symdiff.emit.llvm.program import missing
from symdiff.graph.ir import Graph, Program, verify
from symdiff.ops.evaluate import evaluate, function
from symdiff.ops.table import FUNCTIONS, PRIMITIVES, occurrences, template
from symdiff.runtime.fused import FusedPoints
from symdiff.runtime.load import load
from symdiff.simplify.build import Builder

SMOOTH = [p for p in NUMERIC if p.name not in ("where", "away")]
POINTS = 7
ids = {"ids": lambda p: p.name}


def program_of(primitive):
    """The program that is this one operation."""
    graph = Graph()
    builder = Builder(graph)
    inputs = tuple(builder.input(name) for name in primitive.parameters)
    if primitive.orders:
        out = builder.op(primitive.name, builder.const(1.0), inputs[1])
        return Program(graph, inputs[1:], (out,), ("out",))
    kinds = primitive.takes or "r" * primitive.arity
    arguments = [builder.condition(i) if k == "c" else i for i, k in zip(inputs, kinds, strict=True)]
    return Program(graph, inputs, (builder.number(builder.op(primitive.name, *arguments)),), ("out",))


def points(primitive):
    """Points of the sampling domain, one row a point, the same every time."""
    rng = np.random.default_rng(sum(map(ord, primitive.name)))
    sample = primitive.sample[1:] if primitive.name == "polygamma" else primitive.sample
    return np.array([[rng.uniform(low, high) for low, high in sample] for _ in range(POINTS)])


def functions(program, nest=0, *, native=True):
    """The program by every target, each a function of floats or arrays."""
    found = {
        "evaluate": lambda *a: evaluate(program, a)[0],
        "numpy": load(numpy_target.source(numpy_target.prepare(program), "f", nest), "f"),
    }
    if math_target.missing(program) is None:
        found["math"] = load(math_target.source(program, "f", nest), "f")
    if native and find_spec("llvmlite") and missing(program) is None:
        code = FusedPoints(program, 1, found.get)
        # Nine points are a vector and what is left of one, or two vectors of four.
        found["llvm"] = lambda *a: code([np.full(9, x) for x in a], (9,), np.dtype(float), {}, [(9,)], [None])[0][8]
    return found


def exact(primitive, arguments):
    given = (1.0, *arguments) if primitive.name == "polygamma" else arguments
    return MPMATH[primitive.name](*[mpmath.mpf(float(a)) for a in given])


@each("primitive", NUMERIC, **ids)
def test_value_on_every_target(primitive):
    program = program_of(primitive)
    verify(program)
    for name, f in functions(program).items():
        for point in points(primitive):
            want = float(exact(primitive, point))
            assert float(f(*map(float, point))) == pytest.approx(want, rel=2e-15, abs=1e-300), (name, point)


@each("primitive", [p for p in PRIMITIVES.values() if p.symmetric], **ids)
def test_symmetric_operations_do_not_mind_the_order(primitive):
    values = [False, True] if primitive.takes else [-2.5, -1.0, 0.5, 3.0]
    with np.errstate(all="ignore"):
        for x in values:
            for y in values:
                one, other = (function(primitive.name)(*np.array(pair)) for pair in ((x, y), (y, x)))
                np.testing.assert_array_equal(one, other)


@each("primitive", SMOOTH, **ids)
def test_partials_forward_and_reverse(primitive):
    program = program_of(primitive)
    names = program.arguments
    reverse = calculus.gradient(program, names)
    verify(reverse)
    for k, name in enumerate(names):
        forward = calculus.partials(program, (name,))
        verify(forward)
        backward = Program(reverse.graph, reverse.inputs, (reverse.outputs[k],), ("out",))
        # Native code is made of either program in the same way.
        targets = [*functions(forward, native=False).items(), *functions(backward).items()]
        for point in points(primitive):
            given = (1.0, *point) if primitive.name == "polygamma" else tuple(point)
            want = float(partial(primitive.name, given, len(given) - len(point) + k))
            for target, f in targets:
                assert float(f(*map(float, point))) == pytest.approx(want, rel=3e-14, abs=1e-14), (target, point)


@each("primitive", SMOOTH, **ids)
def test_second_order(primitive):
    program = program_of(primitive)
    for k, name in enumerate(program.arguments):
        first = calculus.gradient(program, (name,))
        second = calculus.gradient(first, (name,))
        forward = calculus.partials(calculus.partials(program, (name,)), (name,))
        targets = [*functions(second).items(), *functions(forward, native=False).items()]
        for point in points(primitive):
            given = (1.0, *point) if primitive.name == "polygamma" else tuple(point)
            want = float(partial(primitive.name, given, len(given) - len(point) + k, order=2))
            for target, f in targets:
                assert float(f(*map(float, point))) == pytest.approx(want, rel=1e-11, abs=1e-11), (target, point)


@each("optimize", [True, False])
@each("primitive", [p for p in SMOOTH if p.kinks], **ids)
def test_kinks(primitive, optimize):
    call = f"{primitive.name}({', '.join(primitive.parameters)})"
    f = symdiff.compile(call, args=primitive.parameters, optimize=optimize)
    for point, expected in primitive.kinks:
        modes = {
            "grad": f.grad,
            "vjp": lambda *a: f.vjp(*a, 1.0)[1:],
            "diff": lambda *a: [f.diff(name)(*a) for name in f.args],
            "value_and_grad": lambda *a: f.value_and_grad(*a).grad,
        }
        for mode, g in modes.items():
            with np.errstate(all="ignore"):
                np.testing.assert_array_equal(g(*point), expected, err_msg=f"{mode} {point} floats")
                arrays = [np.full(3, a) for a in point]
                np.testing.assert_array_equal([d[1] for d in g(*arrays)], expected, err_msg=f"{mode} {point} arrays")
                single = [a.astype(np.float32) for a in arrays]
                np.testing.assert_array_equal([d[2] for d in g(*single)], expected, err_msg=f"{mode} {point} float32")


@each("optimize", [True, False])
def test_a_power_by_its_base_where_the_exponent_is_zero(optimize):
    f = symdiff.compile("x**y", optimize=optimize)
    x = np.array([0.0, 5e-324, 1e-310, -1e-310, 5.59e-309, 5.61e-309, 1e-300, -2.0, 1e308, np.inf])
    with np.errstate(all="ignore"):
        for mode in (f.grad, lambda *a: f.vjp(*a, 1.0)[1:], lambda *a: [f.diff("x")(*a)]):
            np.testing.assert_array_equal(mode(x, 0.0)[0], 0.0)
            np.testing.assert_array_equal([mode(float(a), 0.0)[0] for a in x], 0.0)
        mixed = [f.hessian(2.0, 0.0)[0, 1], f.diff("x", "y")(2.0, 0.0), f.diff("y", "x")(2.0, 0.0)]
    assert mixed == [0.5, 0.5, 0.5]


def test_logit_beside_a_half():
    f = symdiff.compile("logit(x)")
    x = np.array([0.5, 0.5 + 1e-12, 0.5 - 1e-12, np.nextafter(0.5, 0), 0.3, 1e-300, 5e-324, 1 - 2**-53])
    want = [float(MPMATH["logit"](mpmath.mpf(float(a)))) for a in x]
    np.testing.assert_allclose(f(x), want, rtol=4e-16)
    np.testing.assert_allclose([f(float(a)) for a in x], want, rtol=4e-16)


@each("primitive", NUMERIC, **ids)
def test_math_and_numpy_agree_at_special_values(primitive):
    """Infinities, NaN and signed zeros: a float call gives what an array gives."""
    if primitive.internal or primitive.module == "special":
        pytest.skip("covered by the operations that use it")
    if primitive.name in ("add", "sub", "mul", "div", "neg", "mod"):
        call = {"add": "x + y", "sub": "x - y", "mul": "x*y", "div": "x/y", "neg": "-x", "mod": "x % y"}[primitive.name]
    else:
        call = f"{primitive.name}({', '.join(primitive.parameters)})"
    f = symdiff.compile(call, args=primitive.parameters)
    grids = np.meshgrid(*[SPECIAL_VALUES] * primitive.arity)
    grid = [g.ravel() for g in grids]
    if primitive.arity == 3:
        grid = [g[::7] for g in grid]
    with np.errstate(all="ignore"):
        for derived in (f, f.value_and_grad):
            arrays = np.array(leaves(derived(*grid)))
            for k in range(len(grid[0])):
                point = [float(g[k]) for g in grid]
                if primitive.name == "pow" and point in ([-math.inf, 0.5], [-0.0, 0.5], [-math.inf, 1.5]):
                    continue  # where the exponent is a single 0.5, NumPy itself takes the square root
                floats = leaves(derived(*point))
                for got, want in zip(floats, arrays[:, k], strict=True):
                    assert type(got) is float
                    assert ulps(got, float(want)) <= 8, (point, floats, arrays[:, k])
                    if got == 0 and derived is f:
                        assert math.copysign(1, got) == math.copysign(1, want), (point, got, want)


def test_every_template_names_only_its_parameters():
    for primitive in PRIMITIVES.values():
        for target in ("numpy", "math"):
            if getattr(primitive, target) is not None:
                # A result that is given, and a direction, have operands for their rules alone.
                named = primitive.name == "direction" or template(primitive, target) in ("{x}", "{y}")
                named = named or all(occurrences(primitive, target))
                assert named, (primitive.name, template(primitive, target))


def test_the_contract_lists_these_functions():
    promised = [
        "sqrt",
        "cbrt",
        "exp",
        "exp2",
        "expm1",
        "log",
        "ln",
        "log2",
        "log10",
        "log1p",
        "sin",
        "cos",
        "tan",
        "arcsin",
        "asin",
        "arccos",
        "acos",
        "arctan",
        "atan",
        "arctan2",
        "atan2",
        "hypot",
        "sinh",
        "cosh",
        "tanh",
        "arcsinh",
        "asinh",
        "arccosh",
        "acosh",
        "arctanh",
        "atanh",
        "abs",
        "Abs",
        "sign",
        "floor",
        "ceil",
        "round",
        "trunc",
        "heaviside",
        "Heaviside",
        "maximum",
        "Max",
        "minimum",
        "Min",
        "max",
        "min",
        "relu",
        "sigmoid",
        "expit",
        "logit",
        "softplus",
        "logaddexp",
        "sinc",
        "deg2rad",
        "rad2deg",
        "pow",
        "mod",
        "erf",
        "erfc",
        "gamma",
        "lgamma",
        "gammaln",
        "digamma",
        "polygamma",
        "where",
    ]
    assert not [name for name in promised if name not in FUNCTIONS]
    for name in ("add", "lt", "bell", "sinc1", "not"):
        assert name not in FUNCTIONS


def test_tanh_and_sigmoid_have_derivatives_to_all_digits():
    import mpmath

    points = np.array([0.0, 1e-300, 1e-9, 0.3, 1.0, 1.7, 4.0, 18.5, 19.5, 40.0, 200.0, 350.0])
    points = np.concatenate([points, -points])
    with mpmath.workdps(60), np.errstate(all="raise", under="ignore"):
        for formula, exact in (
            ("tanh(x)", lambda x: mpmath.sech(x) ** 2),
            ("sigmoid(2*x)", lambda x: mpmath.sech(x) ** 2 / 2),
        ):
            first = symdiff.compile(formula).diff("x")
            want = [float(exact(mpmath.mpf(float(x)))) for x in points]
            np.testing.assert_allclose(first(points), want, rtol=1e-15)
            np.testing.assert_allclose([first(float(x)) for x in points], want, rtol=1e-15)
            np.testing.assert_array_equal(first(np.array([np.inf, -np.inf, 1e300, np.nan])), [0.0, 0.0, 0.0, np.nan])
            single = np.array([0.0, 90.0, -1e30, np.inf], np.float32)
            assert first(single).dtype == np.float32
            np.testing.assert_array_equal(first(single), first(np.zeros(1, np.float32)).tolist() + [0.0] * 3)
    third = symdiff.compile("tanh(x)").diff("x", "x", "x")
    assert third(0.0) == -2.0
