"""Loops over a function of the text: `fold`, `scan` and `iterate`.

The step of a loop is a program of its own. Its arguments are the values of the state, an element of each sequence, and
the values that the step uses from outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symdiff.errors import ShapeError
from symdiff.graph.dims import Dim, Shape, positive, shown
from symdiff.graph.ir import Program
from symdiff.graph.shapes import same
from symdiff.language.calls import Keyword, Value
from symdiff.language.indices import integers, is_of_integers, whole
from symdiff.language.inner import DEEPEST, Inner, Run
from symdiff.language.scope import Defined, Scope, Several
from symdiff.ops.loops import Results, in_segments, looped
from symdiff.simplify.build import Builder

LOOPS = {
    "fold": "a function of the text, the first state, and arrays, as in fold(step, h0, X)",
    "scan": "a function of the text, the first state, and arrays, as in scan(step, h0, X)",
    "iterate": "a function of the text, the first state, and how often it is called, as in iterate(step, x0, 100)",
}


def loop(scope: Scope, name: str, arguments: Sequence[Value], position: int, run: Run) -> Value:
    """Return the value of a call of `fold`, `scan` or `iterate`.

    Args:
        scope: The meaning of names.
        name: The name of the loop.
        arguments: The arguments of the call.
        position: The position of the call.
        run: Makes the rows of an expression.

    Raises:
        ParseError: The arguments do not fit the loop, or the step does not fit the state.
        ShapeError: A sequence is a scalar, the lengths of the sequences differ, or the shape of the state changes.
    """
    b = scope.builder
    named = [a for a in arguments if isinstance(a, Keyword)]
    given = [a for a in arguments if not isinstance(a, Keyword)]
    step = given[0] if given else None
    if len(given) < 2 or not isinstance(step, Defined):
        scope.fail(f"{name} takes {LOOPS[name]}", position)
    if scope.loops >= DEEPEST:
        scope.fail(f"loops inside of each other are at most {DEEPEST} deep", position)
    first, *rest = given[1:]
    states = [b.number(i) for i in _rows(scope, name, first, position)]
    length: Dim | None = None
    if name == "iterate":
        if len(rest) != 1:
            scope.fail(f"iterate takes {LOOPS[name]}", position)
        length, rest = _count(scope, name, rest[0], position), []
    by_name = {keyword.name: keyword.value for keyword in named}
    if len(by_name) < len(named):
        scope.fail(f"{name} got an argument twice", position)
    segments = _segments(scope, by_name.pop("segments", None), position)
    if "length" in by_name and name != "iterate":
        length = _count(scope, name, by_name.pop("length"), position)
    if by_name:
        known = "segments" if name == "iterate" else "length, segments"
        scope.fail(f"{name} has no argument named {next(iter(by_name))!r}; there are {known}", position)
    sequences: list[int] = []
    for k, row in enumerate(rest):
        if not isinstance(row, int):
            scope.fail(f"{name} takes {LOOPS[name]}", position)
        if not b.shape(row):
            raise ShapeError(f"{name} goes along the first axis of arrays, and its argument {k + 3} is a scalar")
        sequences.append(integers(b, row) if is_of_integers(b, row) else b.number(row))
    length = _common(b, name, length, sequences)
    steps, limits = scope.steps * (length if isinstance(length, int) else 1), b.graph.limits
    if steps > limits.steps:
        raise limits.exceeded("steps", f"the loop makes {steps} steps, more")
    scope = scope.changed(steps=steps)
    results = _looped(scope, name, step, states, sequences, length, segments, position, run)
    made = results.every if name == "scan" else results.last
    return made[0] if len(made) == 1 else Several(name, tuple(made))


def _rows(scope: Scope, name: str, given: Value, position: int) -> tuple[int, ...]:
    """Return the values of a first state: one, a list in parentheses, or the several values of a call."""
    rows = given.rows if isinstance(given, Several) else given if isinstance(given, tuple) else (given,)
    if not rows or not all(isinstance(row, int) for row in rows):
        scope.fail(f"{name} takes {LOOPS[name]}", position)
    return rows  # type: ignore[return-value]  # rows, as just checked


def _count(scope: Scope, name: str, given: Any, position: int) -> Dim:
    """Return how often a step is called: a whole number, or a dimension."""
    b = scope.builder
    found, integers = (isinstance(given, int) and whole(b, given)) or (None, ())
    if found is None or integers or (isinstance(found, int) and found < 0):
        what = f"{name} takes a count" if name == "iterate" else f"the length of {name} is one"
        scope.fail(
            f"{what} that is known before the call: a whole number such as 100, or a dimension such as n", position
        )
    if not positive(found + 1):
        b.graph.demands[found, False, f"{name} calls its step {found} times, and that is negative"] = None
    return found


def _segments(scope: Scope, given: Any, position: int) -> int | None:
    """Return how many segments a loop has; None if it is not divided."""
    if given is None:
        return None
    value = scope.builder.known(given) if isinstance(given, int) else None
    if value is None or isinstance(value, bool) or not float(value).is_integer() or value < 1:
        scope.fail("segments is a constant whole number, such as 100", position)
    return int(value)


def _common(b: Builder, name: str, length: Dim | None, sequences: Sequence[int]) -> Dim:
    """Return the length of all sequences.

    Raises:
        ShapeError: There is no length, or the lengths differ.
    """
    lengths = [b.shape(row)[0] for row in sequences]
    if length is not None:
        lengths.insert(0, length)
    if not lengths:
        raise ShapeError(
            f"{name} needs an array to go along, as in {name}(step, h0, X), or length=..., as in length=100"
        )
    for other in lengths[1:]:
        said = f"{name} goes along arrays of different lengths: {lengths[0]} and {other}"
        same(lengths[0], other, b.graph.demands, lambda said=said: said)  # type: ignore[misc]  # the text as it is now
    return lengths[0]


def _looped(
    scope: Scope,
    name: str,
    step: Defined,
    states: Sequence[int],
    sequences: Sequence[int],
    length: Dim,
    segments: int | None,
    position: int,
    run: Run,
) -> Results:
    b = scope.builder
    elements = [b.shape(row)[1:] for row in sequences]
    takes = len(states) + len(elements)
    if len(step.parameters) != takes:
        parts = f"{len(states)} value{'s' * (len(states) != 1)} of the state"
        parts += f" and {len(elements)} element{'s' * (len(elements) != 1)}" if elements else ""
        joined = len(states) == 1 < len(step.parameters) - len(elements) and b.shape(states[0])
        hint = "; several values of a state stand in parentheses, as in (h0, c0)" if joined else ""
        said = f"{name} calls {step.name} with {parts}, and {step.call} takes {len(step.parameters)}"
        scope.fail(said + hint, position)
    inner = Inner(scope, step)
    body = inner.builder
    shapes = [*map(b.shape, states), *elements]
    integers = [False] * len(states) + [b.graph.is_integer(row) for row in sequences]
    inputs = [inner.input(p, shape, integer=i) for p, shape, i in zip(step.parameters, shapes, integers, strict=True)]
    outputs = inner.run(inputs, run)
    if outputs is None or len(outputs) < len(states):
        has = 1 if outputs is None else len(outputs)
        scope.fail(
            f"{step.name} returns the next state, {len(states)} values, and has {has}; "
            f"write {step.call} = {', '.join(step.parameters[: len(states)])}",
            position,
        )
    for parameter, row, shape in zip(step.parameters, outputs, shapes, strict=False):
        if parameter in step.parameters[: len(states)]:
            _stays(body, name, parameter, shape, body.shape(row))
    program = Program(
        body.graph,
        (*inputs, *inner.inputs),
        outputs,
        tuple(_outputs(step.parameters[: len(states)], len(outputs))),
    )
    if segments is None:
        return looped(b, program, length, states, sequences, inner.outside)
    return in_segments(b, program, length, states, sequences, inner.outside, segments)


def _outputs(states: Sequence[str], count: int) -> list[str]:
    """Return names for the outputs of a step."""
    return [f"{states[k]}_next" if k < len(states) else f"out{k}" for k in range(count)]


def _stays(b: Builder, name: str, parameter: str, before: Shape, after: Shape) -> None:
    """Demand that a value of the state keeps its shape.

    Raises:
        ShapeError: It does not.
    """
    said = f"{name}: the state {parameter!r} has shape {shown(before)} before a step and {shown(after)} after it"
    if len(before) != len(after):
        raise ShapeError(said + (f"; a first state of zeros is zeros({shown(after)})" if not before else ""))
    for one, other in zip(before, after, strict=True):
        same(one, other, b.graph.demands, lambda: said)
