"""Every operation on arrays, by the samples of its class: value, derivatives, facts, spellings, each target."""

import pathlib
import re

import numpy as np
import pytest
from latex_reader import read
from samples import SAMPLES, SIZES, allowed, arguments_of, definite, direct, draw, numbers, prepared, program_of, scaled
from tables import each

from symdiff import ShapeError
from symdiff.derive import calculus
from symdiff.emit import math as math_target
from symdiff.emit import numpy as numpy_target
from symdiff.emit.formula import lines
from symdiff.emit.latex.indices import Marks
from symdiff.emit.latex.names import Names, spelt
from symdiff.emit.latex.rows import Rows, readable
from symdiff.emit.llvm.program import missing
from symdiff.graph.dims import concrete, symbol
from symdiff.graph.ir import Graph, Program, verify
from symdiff.graph.operations import ArrayOperation
from symdiff.ops.arrays import OPERATIONS
from symdiff.ops.base import AlongAxes, Linear, Operation, Reduction, Sample, Selection, View
from symdiff.ops.evaluate import evaluate
from symdiff.ops.indexed import Indexed
from symdiff.ops.loops import Part, Running
from symdiff.simplify.build import Builder

DERIVED = [s for s in SAMPLES if s.shapes and s.operation.differentiable and not s.conditions]


samples, derived = (each("sample", cases, ids=lambda sample: sample.operation.name) for cases in (SAMPLES, DERIVED))


def run(program, arguments, *, loops):
    """Return the results of the NumPy source of a program."""
    scope = {"np": np, **numpy_target.known(program)}
    ready = numpy_target.prepare(program)
    exec(numpy_target.source(ready, "f", tuple(range(len(program.outputs))), loops=loops), scope)
    with np.errstate(all="ignore"):
        return scope["f"](*arguments)


def test_all_operations_are_listed():
    def below(kind):
        return {kind}.union(*map(below, kind.__subclasses__()))

    bases = (ArrayOperation, Operation, Linear, Selection, View, AlongAxes, Reduction, Indexed, Running)
    kinds = {kind.__name__ for kind in bases}
    own = [kind for kind in below(ArrayOperation) if kind.__module__.startswith(("symdiff.ops.", "symdiff.graph."))]
    found = {kind.__name__ for kind in own if not kind.__name__.startswith("_")}
    listed = OPERATIONS.values()
    assert found - kinds == {kind.__name__ for kind in listed}
    assert all(kind.name == name and kind.__doc__ for name, kind in OPERATIONS.items())
    assert all(any(isinstance(s.operation, kind) for s in kind.samples()) for kind in listed)


# Values


@samples
@each("size", [4, 1, 0])
def test_value_shape_and_source(sample, size):
    sizes = SIZES | {"n": size, "m": min(3, size)}
    program = program_of(sample)
    if not allowed(program, sizes):
        assert size == 0
        assert sample.operation.nonempty if isinstance(sample.operation, AlongAxes) else numbers(sample) == 1
        return
    arguments = draw(program, sizes)
    want = direct(sample, arguments, sizes)
    assert want.shape == concrete(sample.operation.shape(*sample.shapes), sizes)
    for made in (program, program_of(sample, simplify=True)):
        np.testing.assert_allclose(evaluate(made, arguments)[0], want, rtol=1e-14)
        for loops in (False, True):
            (got,) = run(made, arguments, loops=loops)
            assert np.shape(got) == want.shape or not sample.shapes
            np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-13)


@samples
def test_loop_dimensions_are_points_one_by_one(sample):
    program = program_of(sample)
    arguments = draw(program, loop=(2, 3))
    (got,) = run(program, arguments, loops=True)
    for point in np.ndindex(2, 3):
        want = direct(sample, [a[point] for a in arguments])
        np.testing.assert_allclose(np.broadcast_to(got, (2, 3, *want.shape))[point], want, rtol=1e-13, atol=1e-13)


@samples
def test_a_view_of_an_array_with_axes_in_front(sample):
    operation = sample.operation
    assert operation.is_view == isinstance(operation, View)
    if operation.is_view:
        argument = draw(program_of(sample), loop=(2,))[0]
        got = operation.sized(SIZES).seen(argument, len(sample.shapes[0]))
        want = [operation.sized(SIZES).value(a) for a in argument]
        np.testing.assert_array_equal(got, want)


@samples
def test_several_at_once_along_a_new_axis(sample):
    """One operation for several sets of operands; of some operands there is one for all sets."""
    if not sample.shapes or sample.conditions:
        return
    count = len(sample.shapes)
    for along in [(True,) * count, *[tuple(k == j for k in range(count)) for j in range(count) if count > 1]]:
        if not sample.operation.stacks(along):
            continue
        b = Builder(Graph())
        shapes = [(symbol("l"), *shape) if a else shape for a, shape in zip(along, sample.shapes, strict=True)]
        inputs = [b.input(f"x{k}", shape, integer=k >= numbers(sample)) for k, shape in enumerate(shapes)]
        more = [b.input("sizes", tuple(map(symbol, SIZES)))]
        row = sample.operation.stacked(b, symbol("l"), inputs, along)
        program = Program(b.graph, (*inputs, *more), (b.number(row),), ("out",))
        verify(program)
        sizes = SIZES | {"l": 2}
        values = draw(program, sizes)
        for k in sample.definite:
            values[k] = definite(values[k])
        got = np.broadcast_to(evaluate(program, values)[0], concrete(b.shape(row), sizes))
        for t in range(2):
            of_one = [v[t] if a else v for v, a in zip(values, along, strict=False)]
            want = sample.operation.sized(SIZES).value(*of_one)
            np.testing.assert_allclose(got[t], want, rtol=1e-12, atol=1e-12)


# Derivatives


def directional(f, point, direction):
    """Return the derivative of the results of `f` along a direction, by an extrapolated difference."""

    def at(h):
        return vector(f([a if a.dtype.kind == "i" else a + h * d for a, d in zip(point, direction, strict=True)]))

    h = 1e-3
    coarse, fine = (at(h) - at(-h)) / (2 * h), (at(h / 2) - at(-h / 2)) / h
    return (4 * fine - coarse) / 3


def vector(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


def check_derivatives(program, sizes, *, order):
    """Hold both sweeps against differences and against each other; `order` times over."""
    outputs = len(program.outputs)
    kinds = zip(program.arguments, program.integers, strict=True)
    wrt = [name for name, integer in kinds if name != "sizes" and not integer]
    jvp, vjp = calculus.jvp(program, wrt), calculus.vjp(program, wrt)
    verify(jvp)
    verify(vjp)
    point = draw(program, sizes, 1)
    along = [a * (name in wrt) for a, name in zip(draw(program, sizes, 2), program.arguments, strict=True)]
    dots = [a for a, name in zip(along, program.arguments, strict=True) if name in wrt]
    bars = [np.cos(np.asarray(a) + 1) for a in evaluate(program, point)]
    forward = evaluate(jvp, [*point, *dots])[outputs:]
    reverse = evaluate(vjp, [*point, *bars])[outputs:]
    varied = [i for i, name in zip(program.inputs, program.arguments, strict=True) if name in wrt]
    for derivative, rows in ((forward, program.outputs), (reverse, varied)):
        assert [np.shape(a) for a in derivative] == [concrete(program.graph.shape(i), sizes) for i in rows]
    np.testing.assert_allclose(vector(bars) @ vector(forward), vector(reverse) @ vector(dots), rtol=1e-11, atol=1e-11)
    want = directional(lambda at: evaluate(program, at), point, along)
    np.testing.assert_allclose(vector(forward), want, rtol=1e-7, atol=1e-7)
    for made, given in ((jvp, [*point, *dots]), (vjp, [*point, *bars])):
        want = vector(evaluate(made, given))
        np.testing.assert_allclose(vector(run(made, given, loops=False)), want, rtol=1e-12, atol=1e-12)
        stacked = [np.stack(three) for three in zip(given, scaled(given, 2), given, strict=True)]
        one, two = (evaluate(made, scaled(given, c)) for c in (1, 2))
        for got, first, second in zip(run(made, stacked, loops=True), one, two, strict=True):
            want = np.stack([first, second, first])
            np.testing.assert_allclose(np.broadcast_to(got, want.shape), want, rtol=1e-12, atol=1e-12)
    if order > 1:
        check_derivatives(vjp, sizes, order=order - 1)
        check_derivatives(jvp, sizes, order=order - 1)


@derived
def test_derivatives_to_second_order(sample):
    check_derivatives(program_of(sample), SIZES, order=2)


@derived
@each("size", [1, 0])
def test_derivatives_at_small_sizes(sample, size):
    program, sizes = program_of(sample), SIZES | {"n": size, "m": size}
    if allowed(program, sizes):
        check_derivatives(program, sizes, order=1)


def test_what_is_not_differentiable_has_no_derivative():
    for sample in SAMPLES:
        if not sample.operation.differentiable:
            program = program_of(sample)
            point = draw(program)
            wrt = [name for name, integer in zip(program.arguments, program.integers, strict=True) if not integer]
            made = calculus.jvp(program, wrt)
            assert not np.any(evaluate(made, [*point, *point[: len(wrt)]])[1])


@derived
def test_derivatives_of_fewer_axes(sample):
    """A tangent or an adjoint that is the same along an axis need not have it."""
    b = Builder(Graph())
    inputs, sizes = arguments_of(b, sample)
    scalar = b.input("c")
    moved = [i if b.graph.is_integer(i) else b.op("add", i, scalar) for i in inputs]
    out = b.graph.intern((sample.operation, *prepared(b, sample, moved)))
    program = Program(b.graph, (*inputs, *sizes, scalar), (out,), ("out",))
    point = draw(program, seed=3)
    direction = [*[np.zeros_like(a) for a in point[:-1]], np.ones(())]
    want = directional(lambda at: evaluate(program, at), point, direction)
    forward = evaluate(calculus.jvp(program, ("c",)), [*point, 1.0])[1]
    np.testing.assert_allclose(np.ravel(forward), want, rtol=1e-7, atol=1e-7)
    total = Program(b.graph, program.inputs, (_total(b, out),), ("out",))
    (reverse,) = evaluate(calculus.gradient(total, ("c",)), point)
    np.testing.assert_allclose(reverse, want.sum(), rtol=1e-7, atol=1e-7)


def _total(b, row):
    return b.summed(row, b.shape(row), range(-len(b.shape(row)), 0))


# Facts


@samples
def test_multilinear_operations_pass_on_a_factor_of_any_operand(sample):
    if sample.conditions or not sample.shapes:
        return
    arguments = draw(program_of(sample))[: len(sample.shapes)]
    whole = direct(sample, arguments)
    count = numbers(sample)
    tripled = [direct(sample, [3 * a if j == k else a for j, a in enumerate(arguments)]) for k in range(count)]
    assert sample.operation.multilinear == all(np.allclose(got, 3 * whole) for got in tripled) or count < 2
    if sample.operation.multilinear:
        np.testing.assert_allclose(tripled, [3 * whole] * count, rtol=1e-14)


@samples
def test_facts_about_values(sample):
    operation = sample.operation
    if sample.conditions or not sample.shapes:
        return
    arguments = draw(program_of(sample))[: len(sample.shapes)]
    value = direct(sample, arguments)
    if operation.picks or operation.is_view:
        assert set(value.ravel()) <= set(arguments[0].ravel())
    if operation.new_axes:
        np.testing.assert_array_equal(value.sum(axis=operation.new_axes), arguments[0])
    count = len(arguments)
    if operation.is_square([True] * count, [0] * count):
        assert np.all(direct(sample, [arguments[0] ** 2] * count) >= 0)
        assert not operation.is_square([False] * count, range(count))
    if operation.degree([1] * count) < np.inf:
        large = [a if a.dtype.kind == "i" else np.full_like(a, 1e100) for a in arguments]
        assert np.all(np.isfinite(direct(sample, large)))


@samples
def test_logarithm_of_what_is_made_of_exponentials(sample):
    b = Builder(Graph())
    if sample.conditions or len(sample.shapes) != 1 or sample.operation.is_view:
        return
    x = b.input("x", sample.shapes[0])
    made = sample.operation.logarithm(b, b.op("exp", x))
    if made is not None:
        program = Program(b.graph, (x,), (made,), ("out",))
        (point,) = draw(program)
        np.testing.assert_allclose(evaluate(program, [point])[0], np.log(direct(sample, [np.exp(point)])), rtol=1e-13)


@derived
def test_where_the_result_is_absent(sample):
    """It is zero outside of the condition that comes of those of the operands."""
    b = Builder(Graph())
    inputs, sizes = arguments_of(b, sample)
    indices = inputs[numbers(sample) :]
    conditions = [b.op("gt", i, b.const(0.0)) for i in inputs[: numbers(sample)]]
    present = sample.operation.present(b, *conditions, *indices)
    if present is None:
        assert not sample.operation.multilinear
        return
    assert sample.operation.present(b, *[None] * len(conditions), *indices) is None
    operands = [b.op("where", c, i, b.const(0.0)) for c, i in zip(conditions, inputs, strict=False)]
    out = b.graph.intern((sample.operation, *operands, *indices))
    shown = b.number(b.full(present, b.shape(out)))
    program = Program(b.graph, (*inputs, *sizes), (out, shown), ("out", "present"))
    for seed in range(3):
        given = [a if a.dtype.kind == "i" else a - 0.8 for a in draw(program, seed=seed)]
        value, holds = evaluate(program, given)
        assert not np.any(np.asarray(value)[np.asarray(holds) == 0.0])


# Spellings


@samples
def test_texts_for_people(sample):
    program = program_of(sample)
    label = sample.operation.label()
    assert label
    assert "\n" not in label
    texts = [line.expression for line in lines(program)]
    assert any(texts)
    assert "np." not in " ".join(texts)


@samples
def test_latex_reads_back(sample):
    """The text of an element has the value of the element, unless it is a function that the reader does not know."""
    program = program_of(sample, plain=True)
    rank = len(program.graph.shape(program.outputs[0]))
    constants = {sample.operation.of: sample.operation.data.array} if hasattr(sample.operation, "data") else {}
    marks = Marks(Names([*program.arguments, *SIZES, *constants], program.arguments))
    shown = readable(program)
    if isinstance(sample.operation, Running | Part):
        with pytest.raises(TypeError, match=r"LaTeX cannot show a (loop|root)"):
            Rows(marks, shown, environments=True)
        return
    values = Rows(marks, shown, environments=True).values
    text = marks.lettered(values.text(shown.outputs[0]).text, rank)
    assert "\0" not in text
    if re.search(r"operatorname|bmod|floor|text|det|\^\{-1\}|\\left\[\[|_\{[^{}]*_\{", text):
        return
    assert not values.lines
    arguments = draw(program)
    (wanted,) = evaluate(program, arguments)
    names = dict(SIZES)
    for name, array in [*zip(program.arguments, arguments, strict=True), *constants.items()]:
        names[spelt(name)] = array[:, None] if array.ndim == 1 else array
    for place in np.ndindex(np.shape(wanted)):
        indices = {marks.names.index(k): i for k, i in enumerate(place)}
        assert read(text, names | indices) == pytest.approx(wanted[place], rel=1e-9), text


@samples
def test_every_target_computes_it_or_says_what_it_lacks(sample):
    program = program_of(sample, plain=True)
    scalars = not any(map(program.graph.shape, program.inputs))
    lacks = math_target.missing(program)
    if lacks is None:
        scope = {"math": __import__("math")}
        exec(math_target.source(program, "f", 0), scope)
        arguments = [float(a) for a in draw(program)]
        np.testing.assert_allclose(np.array(scope["f"](*arguments)), direct(sample, arguments))
    else:
        assert lacks == ("array operations" if scalars else "array arguments")
    lacks = missing(program)
    if lacks is None:
        if not scalars:
            check_native(sample, program)
    else:
        names = [*OPERATIONS, "integer arguments", "float"]
        assert lacks == sample.operation.unfused(*sample.shapes) or any(name in lacks for name in names)


def check_native(sample, program):
    pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")
    from symdiff.runtime.elements import FusedElements

    arguments = draw(program, loop=(2,))
    want = np.stack([direct(sample, [a[k] for a in arguments]) for k in range(2)])
    code = FusedElements(program, 1, lambda _: pytest.fail("NumPy is asked for the numbers"))
    (got,) = code(arguments, (2,), np.dtype(float), SIZES, [want.shape], [None])
    np.testing.assert_allclose(got, want, rtol=1e-14)


CONTRACTIONS = [  # labels, and the expression without and with loop dimensions
    ("i,i->", "x0.dot(x1)", "np.vecdot(x0, x1)"),
    ("ij,j->i", "x0 @ x1", "(x0 @ x1[..., None])[..., 0]"),
    ("i,ij->j", "x0 @ x1", "(x1.mT @ x0[..., None])[..., 0]"),
    ("ij,i->j", "x0.T @ x1", "(x0.mT @ x1[..., None])[..., 0]"),
    ("ij,jk->ik", "x0 @ x1", "x0 @ x1"),
    ("ij,kj->ik", "x0 @ x1.T", "x0 @ x1.mT"),
    ("ji,kj->ik", "x0.T @ x1.T", "x0.mT @ x1.mT"),
    ("ij,ki->jk", "x0.T @ x1.T", "x0.mT @ x1.mT"),
    ("ji,jk->ki", "x1.T @ x0", "x1.mT @ x0"),
    ("ij,ij->", "np.vdot(x0, x1)", 'np.einsum("...ij,...ij->...", x0, x1)'),
    ("ij,ij->i", "np.vecdot(x0, x1)", "np.vecdot(x0, x1)"),
    ("lij,ljk->lik", "x0 @ x1", 'np.einsum("...lij,...ljk->...lik", x0, x1)'),
    ("ijk,ik->ji", 'np.einsum("ijk,ik->ji", x0, x1)', 'np.einsum("...ijk,...ik->...ji", x0, x1)'),
]


@each(("labels", "plain", "loops"), CONTRACTIONS, ids=[case[0] for case in CONTRACTIONS])
def test_contractions_are_products_of_matrices_where_they_can_be(labels, plain, loops):
    left, right, out = labels.replace("->", ",").split(",")
    shapes = tuple(tuple(symbol("abcd"["ijkl".index(label)]) for label in own) for own in (left, right))
    program = program_of(Sample(OPERATIONS["einsum"](left, right, out), shapes))
    for text, given in ((plain, False), (loops, True)):
        source = numpy_target.source(numpy_target.prepare(program), "f", 0, loops=given)
        assert f"out = {text}\n" in source


# The example in CONTRIBUTING


def test_the_example_of_a_new_operation_is_complete():
    text = pathlib.Path(__file__).parents[2].joinpath("CONTRIBUTING.md").read_text(encoding="utf-8")
    (source,) = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "class TailSum" in block]
    scope = {"__name__": "example"}
    exec(source, scope)
    for sample in scope["TailSum"].samples():
        for size in (4, 1, 0):
            test_value_shape_and_source.of_one_row(sample, size)
        test_loop_dimensions_are_points_one_by_one.of_one_row(sample)
        test_derivatives_to_second_order.of_one_row(sample)
        test_derivatives_at_small_sizes.of_one_row(sample, 0)
        test_derivatives_of_fewer_axes.of_one_row(sample)
        test_multilinear_operations_pass_on_a_factor_of_any_operand.of_one_row(sample)
        test_where_the_result_is_absent.of_one_row(sample)
        test_texts_for_people.of_one_row(sample)
        test_every_target_computes_it_or_says_what_it_lacks.of_one_row(sample)
    with pytest.raises(ShapeError, match="tailsum goes along one axis"):
        Graph().shape_of((scope["TailSum"]((-2, -1)),))


def test_an_operation_takes_its_fields_and_keeps_them():
    axes = OPERATIONS["sum"]((-1,))
    assert axes == OPERATIONS["sum"](axes=(-1,)) != OPERATIONS["max"]((-1,))
    assert axes.changed(axes=(-2,)).axes == (-2,)
    for values, named in [((1, 2), {}), ((1,), {"axes": 2}), ((), {"axis": 1})]:
        with pytest.raises(TypeError, match="takes axes"):
            OPERATIONS["sum"](*values, **named)
    with pytest.raises(AttributeError, match="do not change"):
        axes.axes = (-2,)
