"""`f.trace`: the table of a textbook, with the value, the tangent and the adjoint of every step of a formula.

Sources: Griewank & Walther, Evaluating Derivatives (2008), sections 2.2, 3.1 and 3.2 (tables 3.4 and 3.5); Baydin et
al., "Automatic Differentiation in Machine Learning: a Survey" (2018), tables 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from reprlib import repr as short
from typing import Any

import numpy as np

from symdiff.api.compiled import Compiled
from symdiff.api.kernel import Kernel
from symdiff.api.remarks import Remarks
from symdiff.api.steps import Step, Trace, shown
from symdiff.api.sweeps import COLUMNS, Entry, Formula, Sweeps
from symdiff.api.tables import in_one_line
from symdiff.emit.counts import Count
from symdiff.errors import few
from symdiff.graph.dims import Shape, concrete
from symdiff.graph.dims import shown as shape_text
from symdiff.graph.ir import Program
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
        made = _read(f, table, table.kernel.first[0](*everything), weighted=reverse is not None)
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


# The table before its numbers


@dataclass(frozen=True, slots=True)
class _Table:
    """A trace before its numbers: the entries of the table, and one program that computes all numbers in it.

    Attributes:
        program: The program that is traced.
        kernel: The program that computes the numbers. It takes the arguments, then a tangent for each name in `wrt` if
            there are tangents, then a cotangent for each output if cotangents are given.
        entries: The entries of the table.
        adjoint: Whether there are adjoints.
        tangent: Whether there are tangents.
        counts: The operations of each column.
        notes: Sentences on steps that are differentiated by others than their operands.
    """

    program: Program
    kernel: Kernel
    entries: list[Entry]
    tangent: bool
    adjoint: bool
    counts: dict[str, Count]
    notes: tuple[str, ...]

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
        derive = partial(_numbers, tangent=tangent, cotangent=cotangent)
        made = Sweeps(source, f.wrt, tangent=tangent, cotangent=cotangent)
        computed = made.numbers()
        layout = record_of("trace", computed.names)
        kernel = Kernel(textbook.derived(derive, f.wrt, "trace", tangent, cotangent), computed, layout, "trace")
        entries, counts = made.entries()
        others = [e.line.name for e in entries if e.line.kind == "step" and e.line.row in made.with_other_ways]
        notes = (_other_ways(others),) if others and (tangent or made.has_adjoints) else ()
        return cls(made.primal, kernel, entries, tangent, made.has_adjoints, counts, notes)


def _numbers(source: Program, wrt: Sequence[str], *, tangent: bool, cotangent: bool) -> Program:
    """Return the program of all numbers of a trace."""
    return Sweeps(source, wrt, tangent=tangent, cotangent=cotangent).numbers()


def _other_ways(names: Sequence[str]) -> str:
    return (
        f"The derivatives of {few(names)} go past steps in between: one base in several factors counts as one power,"
        " and a function of a length as one of the sum of squares."
    )


# The trace


def _read(f: Compiled, table: _Table, values: Sequence[Any], *, weighted: bool) -> Trace:
    """Return the trace, given the outputs of the program that computes its numbers."""
    waiting = iter(values)
    steps: list[Step] = []
    by_row: dict[int, Step] = {}
    for line, columns, written in table.entries:
        numbers = {column: next(waiting) for column in columns}
        if table.program.graph.is_condition(line.row):
            numbers["value"] = (
                np.asarray(numbers["value"], bool) if np.ndim(numbers["value"]) else bool(numbers["value"])
            )
        texts: dict[str, Any] = {}
        for column, text in written.items():
            texts |= {f"{column}_name": text.name, f"{column}_expression": text.expression}
            texts[f"{column}_parts"] = text.parts
        steps.append(Step(line.kind, line.name, line.expression, **numbers, **texts))
        by_row.setdefault(line.row, steps[-1])
    found = [by_row[i] for i in table.program.outputs]
    tangents = [step.tangent for step in found]
    tangent = tangents[0] if len(f.outputs) == 1 else tuple.__new__(record("tangent", f.outputs), tangents)
    adjoints = {step.name: step.adjoint for step in steps if step.kind == "argument"}
    gradient = tuple.__new__(record("grad", f.wrt), [adjoints[name] for name in f.wrt])
    of = "" if f.name == "value" else f"{f.name} of "
    remarks = Remarks(table.program, [entry.line for entry in table.entries], by_row)
    return Trace(
        of + in_one_line(f.text),
        tuple(steps),
        f.kernel.result([step.value for step in found]),
        tangent if table.tangent else None,
        gradient if table.adjoint else None,
        tuple([column for column in COLUMNS if column in table.counts]),
        (*table.notes, *[_no_adjoints(f.outputs, f.results)] * (not table.adjoint)),
        remarks.all(),
        remarks.marks(steps),
        table.counts,
        Formula(f, table.tangent, weighted),
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
