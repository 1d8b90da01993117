"""`f.trace`: the table of a textbook, with the value, the tangent and the adjoint of every step of a formula.

Source: Griewank & Walther, Evaluating Derivatives (2008), sections 2.2, 3.1 and 3.2 (tables 3.4 and 3.5). The
Wikipedia article on automatic differentiation has the same table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from reprlib import repr as short
from typing import Any

import numpy as np

from symdiff.api.compiled import Compiled
from symdiff.api.kernel import Kernel
from symdiff.api.remarks import Remarks
from symdiff.api.steps import Step, Trace, shown
from symdiff.derive.work import Pass
from symdiff.emit.formula import Line, lines
from symdiff.emit.passes import lazy
from symdiff.errors import few
from symdiff.graph.dims import Shape, concrete
from symdiff.graph.dims import shown as shape_text
from symdiff.graph.ir import Program, compact
from symdiff.runtime.arguments import normal
from symdiff.runtime.numeric import PLAIN, numbers
from symdiff.runtime.results import flatten, record, record_of

_CLOSE = 1e-9  # the largest relative difference from a call that rounding explains


def trace(f: Compiled, args: tuple[Any, ...], named: dict[str, Any], *, tangent: Any, cotangent: Any) -> Trace:
    """Return the trace of a Function; see `Function.trace`."""
    chosen = {"tangent": tangent, "cotangent": cotangent}
    for option in f.args[len(args) :]:  # an argument can have the name of an option
        if chosen.get(option) is not None:
            named[option] = chosen.pop(option)
    bound = f.kernel.bind(args, named)
    values, _, dtype, sizes = f.kernel.arrays(bound)
    given = [a if a.ndim else g for a, g in zip(values, bound, strict=True)]

    def zeros(core: Shape) -> Any:
        return np.zeros(concrete(core, sizes), dtype) if core else 0.0

    everything, cores = list(given), dict(zip(f.args, f.cores, strict=True))
    forward, reverse = chosen.get("tangent"), chosen.get("cotangent")
    if forward is not None:
        everything += _seeds("tangent", "dot", f.wrt, [cores[name] for name in f.wrt], forward, zeros)
    if reverse is not None:
        everything += _seeds("cotangent", "bar", f.outputs, f.results, reverse, zeros)
    seeded = {"tangent": forward is not None, "cotangent": reverse is not None}
    table: _Table = f.kernel.once(("trace", *seeded.values()), lambda: _Table.of(f, **seeded))
    with np.errstate(all="ignore"):
        made = _read(f, table, table.kernel.first[0](*everything))
        if f.recipe.optimize:
            notes = _compared(f, made, given, gradient=table.adjoint and reverse is None)
            made = replace(made, notes=(*made.notes, *notes))
    return made


def _seeds(
    option: str, suffix: str, names: Sequence[str], cores: Sequence[Shape], given: Any, zeros: Callable[[Shape], Any]
) -> list[Any]:
    """Return the tangents of arguments, or the cotangents of outputs, in order.

    Args:
        option: The name of the option.
        suffix: What messages append to a name.
        names: The names of the arguments or outputs.
        cores: Their core shapes.
        given: A tuple or list with one seed for each name; a mapping of names to seeds, in which missing names count as
            zero; or a single seed, if there is one name.
        zeros: A function that makes a zero of a core shape.

    Raises:
        TypeError: The number of seeds is wrong, or a name is unknown.
    """
    what, listed = {"tangent": "arguments in wrt", "cotangent": "results"}[option], f"({few(names)})"
    found: Any
    if isinstance(given, Mapping):
        by_name = {normal(name): seed for name, seed in given.items()}
        for name in by_name:
            if name not in names:
                raise TypeError(f"{option}= names {name!r}, which is not among the {what} {listed}")
        found = [by_name[name] if name in by_name else zeros(core) for name, core in zip(names, cores, strict=True)]
    elif len(names) == 1 and not (isinstance(given, tuple) or (isinstance(given, list) and not cores[0])):
        found = [given]
    elif not isinstance(given, tuple | list) and not (isinstance(given, np.ndarray) and given.ndim):
        raise TypeError(
            f"{option}= takes {len(names)} values {listed}, in a tuple or by name in a dict, not {short(given)}"
        )
    else:
        found = given
    if len(found) != len(names):
        raise TypeError(f"{option}= takes {len(names)} value{'s' * (len(names) != 1)} {listed}, {len(found)} given")
    return [s if type(s) in PLAIN else numbers(s, f"{name}_{suffix}") for name, s in zip(names, found, strict=True)]


# The program of a trace


@dataclass(frozen=True, slots=True)
class _Table:
    """A trace before its numbers: the lines of the table, and one program that computes all numbers in it.

    Attributes:
        program: The program that is traced.
        kernel: The program that computes the numbers. It takes the arguments, then a tangent for each name in `wrt` if
            there are tangents, then a cotangent for each output if cotangents are given.
        lines: The lines of the table.
        columns: The columns of each line.
        tangent: Whether there are tangents.
        adjoint: Whether there are adjoints.
    """

    program: Program
    kernel: Kernel
    lines: list[Line]
    columns: list[tuple[str, ...]]
    tangent: bool
    adjoint: bool

    @classmethod
    def of(cls, f: Compiled, *, tangent: bool, cotangent: bool) -> _Table:
        """Return the table of a Function, with or without tangents, and with or without given cotangents.

        Without given cotangents, there are adjoints if there is one scalar output. The program is the textbook form, in
        which every operation is a step.

        Raises:
            TypeError: The textbook form has outputs of other shapes.
        """
        textbook = f.recipe.textbook
        source = textbook.program()
        if tuple([source.graph.shape(i) for i in source.outputs]) != f.results:
            raise TypeError("this derivative has other outputs in the textbook form, so there is no trace of it")
        derive = partial(_with_derivatives, tangent=tangent, cotangent=cotangent)
        computed = derive(source, f.wrt)
        layout = record_of("trace", computed.names)
        kernel = Kernel(textbook.derived(derive, f.wrt, "trace", tangent, cotangent), computed, layout, "trace")
        program = _plain(source)
        found = lines(program)
        adjoint = cotangent or f.results == ((),)
        by = frozenset(f.wrt)
        columns = [_columns(program, line, by, tangent=tangent, adjoint=adjoint) for line in found]
        return cls(program, kernel, found, columns, tangent, adjoint)


def _plain(program: Program) -> Program:
    """Return the program without guards, on a graph of its own."""
    return compact(lazy(program))


def _columns(program: Program, line: Line, wrt: Collection[str], *, tangent: bool, adjoint: bool) -> tuple[str, ...]:
    """Return the columns of a line. A condition has only a value. An argument that is not in `wrt` has no adjoint."""
    if program.graph.is_condition(line.row):
        return ("value",)
    held = line.kind == "argument" and line.name not in wrt
    return ("value", *["tangent"] * tangent, *["adjoint"] * (adjoint and not held))


def _with_derivatives(source: Program, wrt: Sequence[str], *, tangent: bool, cotangent: bool) -> Program:
    """Return a program of the value, the tangent and the adjoint of each line. There is one sweep in each mode."""
    primal = _plain(source)
    work = Pass(primal)
    found = lines(primal)
    by = frozenset(wrt)
    shown = [line.row for line in found if "adjoint" in _columns(primal, line, by, tangent=False, adjoint=True)]
    rows = list(dict.fromkeys(shown))
    dots: dict[int, int] = {}
    bars: dict[int, int] = {}
    if tangent:
        given = zip(work.rows_of(wrt), wrt, strict=True)
        dots = work.forward({row: work.input(f"{name}_dot", row) for row, name in given})
    weights: list[int] = []
    if cotangent:
        weights = [work.input(f"{name}_bar", work.at(i)) for i, name in zip(primal.outputs, primal.names, strict=True)]
    elif [primal.graph.shape(i) for i in primal.outputs] == [()]:
        weights = [work.builder.const(1.0)]
    if weights:
        totals: dict[int, int] = {}
        for output, weight in zip(work.program.outputs, weights, strict=True):
            totals[output] = work.builder.op("add", totals[output], weight) if output in totals else weight
        bars = work.adjoints(totals, rows)
    outputs: list[int] = []
    zero = work.builder.const(0.0)
    own = dict(zip(primal.names, weights, strict=False))
    for line in found:
        columns = _columns(primal, line, by, tangent=tangent, adjoint=bool(weights))
        shape = primal.graph.shape(line.row)
        outputs.append(work.builder.number(work.at(line.row)))
        if "tangent" in columns:
            dot = work.tangent(dots, line.row)
            outputs.append(work.builder.full(zero if dot is None else dot, shape))
        if "adjoint" in columns:
            bar = own[line.name] if line.kind == "result" else bars.get(line.row, zero)
            outputs.append(work.builder.full(bar, shape))
    return _plain(work.finish((), outputs, (), [f"p{k}" for k in range(len(outputs))]))


# The trace


def in_one_line(text: str) -> str:
    """Return a formula in one line for a title, without its comments."""
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return "; ".join(filter(None, lines))


def _read(f: Compiled, table: _Table, values: Sequence[Any]) -> Trace:
    """Return the trace, given the outputs of the program that computes its numbers."""
    waiting = iter(values)
    steps: list[Step] = []
    by_row: dict[int, Step] = {}
    for line, columns in zip(table.lines, table.columns, strict=True):
        parts = {column: next(waiting) for column in columns}
        if table.program.graph.is_condition(line.row):
            parts["value"] = np.asarray(parts["value"], bool) if np.ndim(parts["value"]) else bool(parts["value"])
        steps.append(Step(line.kind, line.name, line.expression, **parts))
        by_row.setdefault(line.row, steps[-1])
    found = [by_row[i] for i in table.program.outputs]
    every = {column for columns in table.columns for column in columns}
    tangents = [step.tangent for step in found]
    tangent = tangents[0] if len(f.outputs) == 1 else tuple.__new__(record("tangent", f.outputs), tangents)
    adjoints = {step.name: step.adjoint for step in steps if step.kind == "argument"}
    gradient = tuple.__new__(record("grad", f.wrt), [adjoints[name] for name in f.wrt])
    of = "" if f.name == "value" else f"{f.name} of "
    return Trace(
        of + in_one_line(f.text),
        tuple(steps),
        f.kernel.result([step.value for step in found]),
        tangent if table.tangent else None,
        gradient if table.adjoint else None,
        tuple([column for column in ("value", "tangent", "adjoint") if column in every]),
        () if table.adjoint else (_no_adjoints(f.outputs, f.results),),
        Remarks(table.program, table.lines, by_row).all(),
    )


def _no_adjoints(outputs: Sequence[str], results: Sequence[Shape]) -> str:
    give = "give a cotangent (in a shell --cotangent)"
    if len(outputs) == 1:
        return f"No adjoints: the result has the shape {shape_text(results[0])}; {give}, weights of that shape."
    return f"No adjoints: there are {len(outputs)} results ({few(outputs)}); {give}, a weight for each."


def _compared(f: Compiled, made: Trace, given: Sequence[Any], *, gradient: bool) -> list[str]:
    """Return notes on results of a call that differ from those of the steps by more than rounding.

    They differ if the steps as written overflow or cancel and the optimised form of the formula does not.
    """
    nest = f.kernel.nest
    compared = [("The call", f.outputs, flatten(f(*given), nest), flatten(made.result, nest))]
    if gradient and f.wrt:
        compared.append(("The gradient", f.wrt, f.grad(*given), made.gradient))
    notes = []
    for what, names, call, steps in compared:
        found = [
            f"{name} = {shown(own)}"
            for name, own, other in zip(names, call, steps, strict=True)
            if not np.allclose(own, other, rtol=_CLOSE, atol=0.0, equal_nan=True)
        ]
        if found:
            notes.append(f"{what} gives {few(found)}, in a form that rounds otherwise than these steps.")
    return notes
