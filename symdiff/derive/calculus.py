"""The derivatives that users ask for, each composed from the two sweeps.

A pass takes a program and returns a program on a graph of its own: the primal rows
first, the derivative rows after them, adjoints and tangents labelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from symdiff.build import Builder
from symdiff.derive.forward import jvp as forward
from symdiff.derive.reverse import vjp as reverse
from symdiff.ir import Program, compact


def gradient(program: Program, wrt: Sequence[str]) -> Program:
    """Partial derivatives of the one output by each of `wrt`, in that order (reverse sweep)."""
    return value_and_gradient(program, wrt, value=False)


def value_and_gradient(program: Program, wrt: Sequence[str], *, value: bool = True) -> Program:
    """The one output, then its partial derivatives by each of `wrt`."""
    work = _Pass(program)
    (output,) = work.program.outputs
    bars = work.reverse({output: work.builder.const(1.0)}, wrt)
    names = [f"{name}_bar" for name in wrt]
    if not value:
        return work.finish((), bars, (), names)
    return work.finish(work.program.outputs, bars, work.program.names, names)


def vjp(program: Program, wrt: Sequence[str]) -> Program:
    """Outputs, then cotangents of `wrt`, as a function of the inputs and of a cotangent for each output."""
    work = _Pass(program)
    seeds: dict[int, int] = {}
    for output, name in zip(work.program.outputs, work.program.names, strict=True):
        seed = work.input(f"{name}_bar")
        seeds[output] = work.builder.op("add", seeds[output], seed) if output in seeds else seed
    bars = work.reverse(seeds, wrt)
    return work.finish(work.program.outputs, bars, work.program.names, [f"{name}_bar" for name in wrt])


def jvp(program: Program, wrt: Sequence[str]) -> Program:
    """Outputs, then their tangents, as a function of the inputs and of a tangent for each of `wrt`."""
    work = _Pass(program)
    rows = work.rows_of(wrt)
    dots = work.forward({row: work.input(f"{name}_dot") for row, name in zip(rows, wrt, strict=True)})
    names = work.program.names
    return work.finish(work.program.outputs, dots, names, [f"{name}_dot" for name in names])


def partials(program: Program, wrt: Sequence[str]) -> Program:
    """The partial derivative of every output by the one name in `wrt` (forward sweep)."""
    work = _Pass(program)
    (row,) = work.rows_of(wrt)
    dots = work.forward({row: work.builder.const(1.0)})
    return work.finish((), dots, (), program.names)


def hvp(program: Program, wrt: Sequence[str]) -> Program:
    """Product of the Hessian of the one output with a tangent for each of `wrt` (forward over reverse).

    Source: Pearlmutter, "Fast exact multiplication by the Hessian" (1994).
    """
    work = _Pass(gradient(program, wrt))
    dots = work.forward({row: work.input(f"{name}_dot") for row, name in zip(work.rows_of(wrt), wrt, strict=True)})
    return work.finish((), dots, (), [f"{name}_dot" for name in work.program.names])


def jacobian(program: Program, wrt: Sequence[str]) -> Program:
    """Partial derivatives of all outputs by all of `wrt`: a program with places for an m x k matrix.

    One sweep an argument (forward) or one an output (reverse), whichever is fewer.
    """
    work = _Pass(program)
    outputs, inputs = work.program.outputs, work.rows_of(wrt)
    columns: list[list[int | None]] = []
    if len(inputs) <= len(outputs):
        columns += [work.forward({row: work.builder.const(1.0)}) for row in inputs]
        entries = [column[i] for i in range(len(outputs)) for column in columns]
    else:
        entries = [bar for output in outputs for bar in work.reverse({output: work.builder.const(1.0)}, wrt)]
    return work.matrix(entries)


def hessian(program: Program, wrt: Sequence[str]) -> Program:
    """Second partial derivatives of the one output by all pairs of `wrt`, with places for a k x k matrix.

    Forward over reverse; one triangle is computed and mirrored.
    Source: Griewank & Walther, Evaluating Derivatives (2008), section 5.3.
    """
    work = _Pass(gradient(program, wrt))
    zero = [work.builder.value(row) == 0.0 for row in work.program.outputs]
    size = len(wrt)
    entries: list[int | None] = [None] * (size * size)
    for j, row in enumerate(work.rows_of(wrt)):
        column = work.forward({row: work.builder.const(1.0)})
        for i in range(j, size):
            if not zero[i]:
                entries[i * size + j] = entries[j * size + i] = column[i]
    return work.matrix(entries)


@dataclass
class _Pass:
    """A derivative program being made: a copy of the primal, and what is appended to it."""

    source: Program
    program: Program = field(init=False)
    builder: Builder = field(init=False)

    def __post_init__(self) -> None:
        self.program = compact(self.source)
        self.builder = Builder(self.program.graph)
        self.start = len(self.program.graph.rows)
        self.inputs = list(self.program.inputs)
        self.taken = set(self.program.arguments)
        self.labels = dict(self.program.labels)
        self.steps = set(self.program.steps)
        self.sections = self.program.sections

    def rows_of(self, names: Sequence[str]) -> list[int]:
        rows = dict(zip(self.program.arguments, self.program.inputs, strict=True))
        return [rows[name] for name in names]

    def input(self, name: str) -> int:
        """A further argument, named `name` or as near to it as is free."""
        row = self.builder.input(fresh(name, self.taken))
        self.inputs.append(row)
        return row

    def forward(self, tangents: dict[int, int]) -> list[int | None]:
        dots = forward(self.builder, range(self.start), tangents)
        self.note("dot", dots, "tangents")
        return [dots.get(i) for i in self.program.outputs]

    def reverse(self, cotangents: dict[int, int], wrt: Sequence[str]) -> list[int | None]:
        rows = self.rows_of(wrt)
        bars = reverse(self.builder, range(self.start), cotangents, rows)
        self.note("bar", bars, "reverse sweep")
        return [bars.get(i) for i in rows]

    def note(self, kind: str, derivatives: dict[int, int], title: str) -> None:
        """Label the new rows of a sweep as the adjoint or tangent of their primal rows."""
        if self.sections[-1:] != ((self.start, title),):
            self.sections = (*self.sections, (self.start, title))
        textbook = not self.program.graph.shared
        for primal, row in derivatives.items():
            if row >= self.start and self.builder.row(row)[0] != "input":
                self.labels.setdefault(row, (kind, primal))
                if textbook:
                    self.steps.add(row)

    def matrix(self, entries: Sequence[int | None]) -> Program:
        """The program of the entries that are there, each once, and where each stands."""
        outputs: dict[int, int] = {}
        places = [-1 if row is None else outputs.setdefault(row, len(outputs)) for row in entries]
        program = self.finish((), list(outputs), (), [f"d{k}" for k in range(len(outputs))])
        return replace(program, places=tuple(places))

    def finish(
        self,
        primal: Sequence[int],
        derivatives: Sequence[int | None],
        primal_names: Sequence[str],
        derivative_names: Sequence[str],
    ) -> Program:
        """The program; an absent derivative is the constant 0."""
        outputs = [*primal, *(self.builder.const(0.0) if row is None else row for row in derivatives)]
        taken: set[str] = set()
        names = tuple(fresh(name, taken) for name in (*primal_names, *derivative_names))
        return Program(
            self.program.graph,
            tuple(self.inputs),
            tuple(outputs),
            names,
            self.labels,
            self.sections,
            frozenset(self.steps),
        )


def fresh(name: str, taken: set[str]) -> str:
    """`name`, or `name2`, `name3`, ..., whichever is first not in `taken`; it is added to it."""
    candidate, k = name, 1
    while candidate in taken:
        k += 1
        candidate = f"{name}{k}"
    taken.add(candidate)
    return candidate
