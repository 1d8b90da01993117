"""Values that an equation defines: the root of a residual, or the minimum of a function.

The operation holds a program, the body, which returns the residual and its slope (a Jacobian matrix for a vector). The
value comes of Newton's method. The derivatives come of the equation at its solution alone: if g(z, p) = 0,

    dz = -(dg/dz)^-1 (dg/dp) dp

and the rows of g's derivatives at z stand in the graph like any others, so derivatives nest.

Source: Griewank & Walther, Evaluating Derivatives (2008), section 15.1; Krantz & Parks, The Implicit Function Theorem
(2003), section 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from math import inf, nan
from textwrap import indent
from typing import Any, ClassVar

import numpy as np

from symdiff.errors import ShapeError
from symdiff.graph.dims import Shape, numel, shown, symbol
from symdiff.graph.ir import Graph, Program, Row, live, operands
from symdiff.graph.operations import is_assembled
from symdiff.graph.shapes import Demands, broadcast
from symdiff.ops import newton
from symdiff.ops.base import At, Builder, Nest, Notation, Sample, Task, Text, Value, Writer
from symdiff.ops.evaluate import evaluate
from symdiff.ops.linalg import Solve, solution
from symdiff.ops.loops import Body, Running, ahead, taking, without_constants
from symdiff.ops.patterns import Pattern, everything, united
from symdiff.ops.table import ATOM

_OF_ARRAYS = {
    "in_a_row": newton.IN_A_ROW,
    "found_at": newton.FOUND_AT,
    "steps_of": newton.STEPS_OF,
    "newton": newton.NEWTON,
    "newton_between": newton.NEWTON_BETWEEN,
    "newton_system": newton.NEWTON_SYSTEM,
    "newton_minimum": newton.NEWTON_MINIMUM,
}
_OF_FLOATS = {
    "newton": newton.NEWTON_OF_FLOATS,
    "newton_between": newton.NEWTON_BETWEEN_OF_FLOATS,
    "newton_minimum": newton.NEWTON_MINIMUM_OF_FLOATS,
}
_IN_STANDARD = {
    "newton": newton.NEWTON_IN_STANDARD,
    "newton_between": newton.NEWTON_BETWEEN_IN_STANDARD,
    "newton_system": newton.NEWTON_SYSTEM_IN_STANDARD,
    "newton_minimum": newton.NEWTON_MINIMUM_IN_STANDARD,
}


class Root(Running):
    """The root of a residual, or the minimum of a function.

    The operands are the start, the ends of a bracket if there is one, and the values that the body uses from outside.

    Attributes:
        body: The residual. Its inputs are the unknown, a scalar or a vector, and the values from outside. Its outputs
            are the residual and its slope; for a minimum the gradient, the Hessian and the value.
        kind: "root"; "between", with a bracket; or "minimum".
    """

    kind: str

    name = "root"
    helpers: ClassVar[Mapping[str, str]] = _OF_ARRAYS
    math_helpers: ClassVar[Mapping[str, str]] = _OF_FLOATS
    standard_helpers: ClassVar[Mapping[str, str]] = _IN_STANDARD

    @property
    def leading(self) -> int:
        """The number of operands in front of the values from outside: no derivative is taken by these."""
        return 3 if self.kind == "between" else 1

    @cached_property
    def elementwise(self) -> bool:
        """The body is made of elementwise operations on scalars, so that the operands may be arrays that broadcast."""
        program = self.body.program
        return self.of_scalars and all(
            _is_elementwise(row[0]) for row, alive in zip(program.graph.rows, live(program), strict=True) if alive
        )

    @property
    def stackable(self) -> bool:  # type: ignore[override]  # computed here
        """The operation is elementwise."""
        return self.elementwise

    def operand_core(self, k: int) -> Shape:
        """Return the shape that the body takes for an operand."""
        return self.core(0 if k < self.leading else k - self.leading + 1)

    def demand(self, shapes: Sequence[Shape], demands: Demands, /) -> None:
        """Demand that the operands have the shapes that the body takes, or broadcast together."""
        if self.elementwise:
            broadcast(shapes, demands)
            return
        for k, shape in enumerate(shapes):
            if shape != self.operand_core(k):
                raise ShapeError(f"operand {k} of a root has shape {shown(shape)}, not {shown(self.operand_core(k))}")

    def shape(self, *shapes: Shape) -> Shape:
        return broadcast(shapes, {}) if self.elementwise else self.core(0)

    @property
    def holomorphic(self) -> bool:  # type: ignore[override]  # computed here
        """Whether the residual is holomorphic. A bracket and a minimum need numbers that have an order."""
        return self.kind == "root" and super().holomorphic

    def takes_number(self, k: int) -> bool:
        return k < self.leading or super().takes_number(k - self.leading + 1)

    # The value

    def value(self, *given: Any) -> Any:
        """Return the value by the functions of generated code, with the body run row by row."""
        scope: dict[str, Any] = {"np": np}
        for text in _OF_ARRAYS.values():
            exec(text, scope)  # noqa: S102 - the text of this package
        program = self.body.program

        def residual(*args: Any) -> Any:
            return evaluate(program, args)

        first = self.leading
        ranks = [len(self.core(k)) for k in range(1, len(program.inputs))]
        ranks = [*[len(self.core(0))] * (self.kind == "minimum"), *ranks]
        return np.asarray(scope[self._solver](residual, *given[:first], given[first:], ranks))

    @property
    def _solver(self) -> str:
        """The name of the function that computes the value."""
        if self.kind == "root":
            return "newton_system" if self.core(0) else "newton"
        return f"newton_{self.kind}"

    # Derivatives

    def _residual(self) -> Program:
        """Return the program of the residual alone."""
        program = self.body.program
        return Program(program.graph, program.inputs, program.outputs[:1], program.names[:1])

    def _at_solution(self, at: At, program: Program, more: Sequence[int] = ()) -> list[int]:
        """Return the rows of the outputs of a program at the solution."""
        return inlined(at.builder, program, [at.row, *at.operands[self.leading :], *more])

    def _slope(self, at: At) -> int:
        """Return the slope of the residual at the solution."""
        program = self.body.program
        return self._at_solution(at, Program(program.graph, program.inputs, program.outputs[1:2], program.names[1:2]))[
            0
        ]

    def _divided(self, at: At, x: int, slope: int) -> int:
        """Return a residual, or a batch of them, divided by the slope, with the opposite sign."""
        b = at.builder
        if not self.core(0):
            return b.op("neg", at.times(x, b.op("div", b.const(1.0), slope)))
        columns = solution(b, Solve(), slope, b.expand(x, (-1,)))
        return b.op("neg", b.reshape(columns, 2, self.core(0)))

    def tangents(self, at: At, dots: Mapping[int, int]) -> int | None:
        """Return the tangent of the solution, from that of the residual for a fixed unknown."""
        b, first = at.builder, self.leading
        moved = {k - first + 1: dot for k, dot in dots.items() if k >= first}
        if not moved:
            return None
        own = {k: b.shape(at.operands[k + first - 1]) for k in moved}
        batch = max([ahead(b, dot, own[k]) for k, dot in moved.items()], key=len)
        inner = () if self.elementwise else batch  # the batch that the body sees
        work = b.sweeps(self._residual())
        names, inputs = work.program.arguments, work.program.inputs
        taken = {k: work.argument(f"{names[k]}_dot", (*inner, *self.core(k))) for k in moved}
        made = work.forward({inputs[k]: row for k, row in taken.items()})
        (output,) = work.program.outputs
        if output not in made:
            return None
        dot = work.builder.full(made[output], (*inner, *self.core(0)))
        program = work.over([*inputs, *taken.values()], [dot], ["residual_dot"])
        seeds = [b.full(dot, (*batch, *own[k])) for k, dot in moved.items()]
        if self.elementwise:
            seeds = [b.lifted(i, len(own[k]), len(at.shape)) for i, k in zip(seeds, moved, strict=True)]
        (residual,) = self._at_solution(at, program, seeds)
        return self._divided(at, b.full(residual, (*batch, *at.shape)), self._slope(at))

    def adjoints(self, at: At, wanted: Collection[int]) -> dict[int, int]:
        """Return the adjoints of values from outside: those of the residual for the adjoint -(dg/dz)^-T bar."""
        b, first = at.builder, self.leading
        asked = [k - first + 1 for k in sorted(wanted) if k >= first]
        batch = at.batch(at.shape)
        inner = () if self.elementwise else batch
        work = b.sweeps(self._residual())
        names, inputs = work.program.arguments, work.program.inputs
        (output,) = work.program.outputs
        seed = work.argument("residual_bar", (*inner, *self.core(0)))
        made = work.reverse({output: seed}, work.active([inputs[k] for k in asked]))
        found = [k for k in asked if inputs[k] in made]
        if not found:
            return {}
        bars = [work.builder.full(made[inputs[k]], (*inner, *self.core(k))) for k in found]
        program = work.over([*inputs, seed], bars, [f"{names[k]}_bar" for k in found])
        slope = self._slope(at)
        turned = b.permute(slope, (-1, -2)) if self.core(0) else slope
        bar = self._divided(at, b.full(at.seed, at.shape), turned)
        rows = dict(zip([k + first - 1 for k in found], self._at_solution(at, program, [bar]), strict=True))
        if not self.elementwise:
            return rows
        full = {k: b.full(row, (*batch, *at.shape)) for k, row in rows.items()}
        return {k: b.reduced(row, at.shape, b.shape(at.operands[k])) for k, row in full.items()}

    def pattern(self, *operands: Pattern) -> Pattern:
        """Return that each element depends on the values from outside, and not on the start."""
        shape: Any = self.shape(*[operand.shape for operand in operands])
        if not self.elementwise:
            return everything(operands[self.leading :], shape, operands[0].count)
        return united(operands[self.leading :], shape, operands[0].count).nonzero()

    def time(self, of: Callable[[Row], int]) -> int:
        program = self.body.program
        rows = [row for row, alive in zip(program.graph.rows, live(program), strict=True) if alive]
        return _STEPS * sum([_STEP, *[of(row) for row in rows if operands(row)]])

    # Nested loops

    def unnested(self, *_: Shape) -> str:
        """Return "" if nested loops can find the root at each point, and otherwise what they lack."""
        if self.kind == "minimum":
            return "argmin (the root of a slope)"
        if self.core(0):
            return "root of a vector"
        return "" if self.elementwise else "root of an equation with arrays or loops"

    def tasks(self, n: Nest, i: int, *given: int) -> list[Task]:
        """Return the task that finds the root at each point."""

        def each(at: tuple[Value, ...]) -> None:
            start, *rest = [n.read(j, n.along(j, at)) for j in given]
            outside, found = rest[self.leading - 1 :], n.room(())
            n.put(found, (), n.number(nan))

            def residual(z: Value) -> list[Value]:
                return n.run(self.body.program, [z, *outside])

            if self.kind == "between":
                _newton_between(n, residual, start, rest[0], rest[1], found)
            else:
                _newton(n, residual, start, found)
            root = n.get(found, ())
            with n.code.when(n.code.let("ne", root, root)):
                n.unknown()
            n.write(i, at, root)

        return [Task(n.shape(i), each, given)]

    # Spellings

    def makes(self, *_: Shape) -> bool:
        return True

    def written(self, _w: Writer, /, *operands: int) -> tuple[int, ...]:
        """Return that the residual is called again and again, so that its values from outside get names."""
        return tuple([1 if k < self.leading else 2 for k in range(len(operands))])

    def lines(self, w: Writer, i: int, *given: int) -> bool:
        """Write the residual as a function inside of the function, and the line that calls the solver with it."""
        program, first = self.body.program, self.leading
        w.titled(i)
        inputs, outside, rank = program.inputs, given[first:], len(w.shape(i)) if self.elementwise else 0
        aligned = rank if w.collects else 0
        names = {inputs[1 + k]: w.aligned(j, aligned) if aligned else w.tight(j, ATOM) for k, j in enumerate(outside)}
        passed: dict[str, str] = {}  # what differs from point to point: the name in the function, and its text
        ranks: list[int] = []
        for row, j in zip(inputs[1:], outside, strict=True):
            if not w.collects and (w.behind(j) or (w.shape(j) and rank)):
                text = w.aligned(j, rank) if rank else w.tight(j, ATOM)
                if not text.isidentifier() or passed.get(text, text) != text:
                    names[row] = w.names.numbered(str(program.graph.rows[row][1]))
                passed[names[row]] = text
                ranks.append(0 if rank else len(w.shape(j)))
        unknown, name = w.names.numbered(program.arguments[0]), w.names.numbered(program.names[0])
        varies = {inputs[0]: True, **{inputs[1 + k]: bool(w.varies[j]) for k, j in enumerate(outside)}}
        own = {inputs[0]: unknown, **names}
        if w.collects:  # all points, at each step
            inner = w.inner(program, own, varies, {})
        else:
            inner = w.local(program, own, varies, unknown, len(self.core(0)))
        inner.body()
        line = ", ".join([inner.number(row) for row in program.outputs])
        results = line if (broken := w.wrap(line)) == line else f"({broken})"
        w.lines.append(f"    def {name}({', '.join([unknown, *passed])}):")
        w.lines += [indent(line, "    ") for line in (*inner.lines, f"    return {results}")]
        args = [name, *[w.aligned(j, rank) if rank and w.behind(j) else w.number(j) for j in given[:first]]]
        if passed:
            args.append(_tuple(passed.values()))
        if w.collects:
            args.insert(0, "xp")
            args += [str(len(self.core(0)))] * (self.kind == "minimum")
        elif self.kind == "minimum":
            ranks.insert(0, len(self.core(0)))
        if any(ranks):
            args.append(f"ranks={_tuple(map(str, ranks))}")
        w.texts[i] = f"{self._solver}({w.wrap(', '.join(args), len(self._solver) + 20)})", ATOM
        w.assign(i)
        return True

    def formula(self, w: Writer, *operands: int) -> Text:
        what = "argmin" if self.kind == "minimum" else "root"
        parts = [self.body.program.names[0], *[w.tight(j, 0) for j in operands[: self.leading]]]
        return f"{what}({', '.join(parts)})", ATOM

    def latex(self, _w: Notation, /, *operands: int) -> Any:
        """Refuse: the value has no form as a formula.

        Raises:
            TypeError: Always.
        """
        del operands
        raise TypeError("LaTeX cannot show a root; f.source shows the residual and how it is solved")

    def label(self) -> str:
        return "minimum" if self.kind == "minimum" else "root"

    @classmethod
    def samples(cls) -> list[Sample]:
        """Return roots of residuals that increase, so that there is one."""
        n = symbol("n")
        found: list[Sample] = []
        for kind, core in (("root", ()), ("minimum", ()), ("root", (n,)), ("minimum", (n,))):
            found.append(Sample(cls(_sample(core, kind), kind), (core, core)))
        return found


_STEPS, _STEP = 6, 20  # steps that most points need, and the time of one besides that of the residual
_ROUNDING, _NEAR = 2.0**-52, 2.0 ** (-52 / 3)


def _newton(n: Nest, residual: Callable[[Value], list[Value]], start: Value, found: Any) -> None:
    """Write the iteration of `newton` for one point; see `symdiff.ops.newton`."""
    let, number = n.code.let, n.number
    zero, one = number(0.0), number(1.0)
    z, best, step, least, part = (n.room(()) for _ in range(5))
    for cell, value in ((z, start), (best, start), (step, number(inf)), (least, number(inf)), (part, one)):
        n.put(cell, (), value)
    with n.code.loop(n.whole(0), n.whole(200)):
        tried, now, limit = n.get(z, ()), n.get(part, ()), n.get(least, ())
        value, slope = residual(tried)
        size = let("abs", value)
        better = let("le", size, let("mul", let("sub", one, let("mul", now, number(0.25))), limit))
        own = n.select(better, tried, n.get(best, ()))
        moved = n.select(let("eq", value, zero), zero, let("div", value, slope))
        moved = n.select(better, moved, n.get(step, ()))
        limit = n.select(better, size, limit)
        scale = let("abs", own)
        close = let("mul", number(_NEAR), let("add", scale, number(_NEAR)))
        room = n.select(better, let("mul", number(4 * _ROUNDING), scale), close)
        known = let("lt", limit, number(inf))
        with n.code.when(let("and", known, let("le", let("abs", moved), room))):
            n.put(found, (), let("sub", own, n.select(better, moved, zero)))
            n.code.stop()
        now = n.select(better, one, let("mul", now, number(0.5)))
        far = let("mul", now, let("abs", moved))
        tiny = let("mul", number(_ROUNDING), let("add", scale, number(_NEAR)))
        moves = let("and", let("gt", far, tiny), let("lt", far, number(inf)))
        moves = let("or", let("gt", now, number(_ROUNDING)), moves)
        with n.code.when(let("not", let("and", known, moves))):
            n.code.stop()
        for cell, value in ((best, own), (step, moved), (least, limit), (part, now)):
            n.put(cell, (), value)
        n.put(z, (), let("sub", own, let("mul", now, moved)))


def _newton_between(
    n: Nest, residual: Callable[[Value], list[Value]], start: Value, low: Value, high: Value, found: Any
) -> None:
    """Write the iteration of `newton_between` for one point; see `symdiff.ops.newton`."""
    let, number = n.code.let, n.number
    zero, half = number(0.0), number(0.5)
    below, above = residual(low)[0], residual(high)[0]
    exact = let("or", let("eq", below, zero), let("eq", above, zero))
    with n.code.when(exact):
        n.put(found, (), n.select(let("eq", below, zero), low, high))
    up = let("and", let("lt", below, zero), let("gt", above, zero))
    down = let("and", let("gt", below, zero), let("lt", above, zero))
    most = n.apply("maximum", let("abs", below), let("abs", above))
    with n.code.when(let("or", up, down)):
        z, left, right, before, last = (n.room(()) for _ in range(5))
        n.put(left, (), n.select(up, low, high))
        n.put(right, (), n.select(up, high, low))
        least, largest = _in_order(n, low, high)
        inside = n.select(let("lt", start, least), least, start)
        n.put(z, (), n.select(let("gt", inside, largest), largest, inside))
        for cell in (before, last):
            n.put(cell, (), let("abs", let("sub", high, low)))
        with n.code.loop(n.whole(0), n.whole(2000)):
            tried = n.get(z, ())
            value, slope = residual(tried)
            negative = let("lt", value, zero)
            ends = n.select(negative, tried, n.get(left, ())), n.select(negative, n.get(right, ()), tried)
            step = let("div", value, slope)
            size, new = let("abs", step), let("sub", tried, step)
            room = let("mul", number(4 * _ROUNDING), let("abs", tried))
            near = let("le", size, room)
            closed = let("le", let("abs", let("sub", ends[1], ends[0])), room)
            with n.code.when(let("or", let("eq", value, zero), let("or", near, closed))):
                with n.code.when(let("le", let("abs", value), most)):
                    n.put(found, (), n.select(near, new, tried))
                n.code.stop()
            with n.code.when(let("ne", value, value)):
                n.code.stop()
            least, largest = _in_order(n, *ends)
            short = let("and", let("lt", least, new), let("lt", new, largest))
            short = let("and", short, let("lt", let("mul", number(2.0), size), n.get(before, ())))
            new = n.select(short, new, let("mul", half, let("add", *ends)))
            n.put(before, (), n.get(last, ()))
            n.put(last, (), let("abs", let("sub", new, tried)))
            for cell, value in ((left, ends[0]), (right, ends[1]), (z, new)):
                n.put(cell, (), value)


def _in_order(n: Nest, x: Value, y: Value) -> tuple[Value, Value]:
    """Return the smaller and the larger one of two numbers."""
    less = n.code.let("lt", x, y)
    return n.select(less, x, y), n.select(less, y, x)


def _sample(core: Shape, kind: str) -> Body:
    """Return the residual z + z**3 - a and its slope; for a minimum also z**2/2 + z**4/4 - a*z, summed."""
    from symdiff.ops.constants import Eye
    from symdiff.ops.reductions import Sum

    graph = Graph()
    z, a = (graph.append(("input", name, core) if core else ("input", name)) for name in "za")

    def row(*parts: Any) -> int:
        return graph.intern(parts)

    square = row("mul", z, z)
    residual = row("sub", row("add", z, row("mul", z, square)), a)
    slope = row("add", row("const", "1.0"), row("mul", row("const", "3.0"), square))
    if core:
        eye = row(Eye(numel(core), core))
        slope = row("mul", slope, eye)
    outputs = [residual, slope]
    if kind == "minimum":
        half = row("mul", row("const", "0.5"), square)
        total = row("sub", row("add", half, row("mul", half, half)), row("mul", a, z))
        outputs.append(row(Sum((-1,)), total) if core else total)
    return Body(Program(graph, (z, a), tuple(outputs), ("residual", "slope", "value")[: len(outputs)]))


def _tuple(texts: Iterable[str]) -> str:
    """Return the text of a tuple."""
    parts = list(texts)
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"


def inlined(b: Builder, program: Program, given: Sequence[int]) -> list[int]:
    """Return the rows of the outputs of a program on another graph, where its inputs are the given rows."""
    graph = program.graph
    b.graph.demands |= graph.demands
    new = dict(zip(program.inputs, map(b.plain, given), strict=True))
    for i, (row, alive) in enumerate(zip(graph.rows, live(program), strict=True)):
        if alive and i not in new:
            new[i] = b.graph.intern(row if row[0] == "const" else (row[0], *[new[j] for j in row[1:]]))
    return [new[i] for i in program.outputs]


def rooted(
    b: Builder, residual: Program, kind: str, start: Sequence[int], outside: Sequence[int], name: str
) -> int | None:
    """Return the root of a residual, or a minimum; None if the residual does not depend on the unknown.

    Args:
        b: The builder that has made the operands.
        residual: The program of the residual, or of the function whose minimum is wanted. Its inputs are the unknown
            and the values from outside. What does not depend on the unknown is computed once.
        kind: That of `Root`.
        start: The start, and the ends of a bracket if there is one.
        outside: The values from outside.
        name: The name of the residual.

    Raises:
        ShapeError: The unknown has several axes, or a bracket, and the residual is not elementwise.
    """
    residual, outside = without_constants(b, residual, 1, outside, arrays=True)
    if kind != "minimum" and b.shape(start[0]):
        residual = _elementwise(residual) or residual
    core = residual.graph.shape(residual.inputs[0])
    if len(core) > 1 or (core and kind == "between"):
        what = "an unknown of several axes" if len(core) > 1 else "a vector of unknowns between lo and hi"
        raise ShapeError(f"{what} takes equations that are the same for each element: {name} has others")
    z, parts, names = residual.arguments[0], [residual], [name, f"{name}_slope"]
    if kind == "minimum":
        parts, names = [b.gradient(residual, z), residual], [f"{name}_slope", f"{name}_curvature", name]
    parts.insert(1, b.jacobian(parts[0], z))
    inner = b.inside()
    inputs = [
        taking(residual.graph, i, inner.graph, n) for i, n in zip(residual.inputs, residual.arguments, strict=True)
    ]
    outputs = [inlined(inner, part, inputs)[0] for part in parts]
    slope = inner.row(outputs[1])
    if slope == ("const", "0.0") or (is_assembled(slope[0]) and not slope[0].places):
        return None
    body = Program(inner.graph, tuple(inputs), tuple(outputs), tuple(names))
    body, given = without_constants(b, body, 1, outside, arrays=True)
    return b.op(Root(Body(body), kind), *start, *given)


def _is_elementwise(op: object) -> bool:
    return isinstance(op, str) or (isinstance(op, Root) and op.elementwise)


def _elementwise(program: Program) -> Program | None:
    """Return a program of elementwise operations as one of scalars, which broadcasts; None if it has others."""
    graph = program.graph.like()
    new: dict[int, int] = {}
    for i, (row, alive) in enumerate(zip(program.graph.rows, live(program), strict=True)):
        if row[0] == "input":
            new[i] = graph.append(("input", row[1], (), "int") if program.graph.is_integer(i) else row[:2])
        elif alive and _is_elementwise(row[0]):
            new[i] = graph.intern(row if row[0] == "const" else (row[0], *[new[j] for j in row[1:]]))
        elif alive:
            return None
    inputs, outputs = (tuple([new[i] for i in part]) for part in (program.inputs, program.outputs))
    return Program(graph, inputs, outputs, program.names)
