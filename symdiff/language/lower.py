"""Postfix to a program: names are resolved, calls become rows of the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NoReturn

from symdiff.build import Builder
from symdiff.errors import ParseError, ShapeError, point_at
from symdiff.ir import Graph, Program, operands, replay
from symdiff.language.hints import is_function, no_function
from symdiff.language.parser import Item, Statement, Syntax, parse
from symdiff.primitives import CONSTANTS, FORMULAS, FUNCTIONS, PRIMITIVES, REDUCTIONS, Primitive

_PREDEFINED: dict[str, float | bool] = {**CONSTANTS, "True": True, "False": False}

Value = int | tuple[int, ...]  # on the stack: a row, or a list in parentheses


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean.

    Attributes:
        builder: where rows are made.
        text: for error messages.
        names: rows of the names that are bound.
        free: makes the row of a name that is not bound, or raises; None if none may be free.
    """

    builder: Builder
    text: str
    names: dict[str, int]
    free: Callable[[str, int], int]

    def fail(self, message: str, position: int) -> NoReturn:
        """Raise a ParseError that points at `position`."""
        raise ParseError(message, self.text, position)


def lower(
    syntax: Syntax,
    arguments: Sequence[str] | None = None,
    constants: Mapping[str, float] | None = None,
    *,
    optimize: bool = True,
    complex: bool = False,  # noqa: A002 - NumPy's name
) -> Program:
    """The program of a parsed text.

    Args:
        syntax: what the parser made.
        arguments: names of the inputs in order; default every free name, by first appearance.
        constants: values of further names.
        optimize: simplify and share; without it every operation is a step of its own.
        complex: for complex arguments, leave out the identities that hold for real ones only.

    Raises:
        ParseError: an unknown name or function, a wrong count of arguments.
        ShapeError: a function of arrays on a scalar.
    """
    graph = Graph(shared=optimize, complex=complex)
    builder = Builder(graph)
    inputs: dict[str, int] = {name: builder.input(name) for name in arguments or ()}
    fixed = {name: float(value) for name, value in (constants or {}).items() if name not in inputs}
    assigned = {statement.target for statement in syntax.assignments}

    def free(name: str, position: int) -> int:
        if name in fixed:
            return builder.const(fixed[name])
        if name in _PREDEFINED:
            return builder.const(_PREDEFINED[name])
        if is_function(name):
            scope.fail(
                f"function {name!r} needs its argument, as {name}(x); to use {name!r} as a variable, list it in args",
                position,
            )
        if name in assigned:
            scope.fail(f"{name!r} is used before it is assigned; a name is either an argument or assigned to", position)
        if arguments is not None:
            scope.fail(f"{name!r} is not among the arguments ({', '.join(arguments)})", position)
        inputs[name] = scope.names[name] = builder.input(name)
        return inputs[name]

    scope = Scope(builder, syntax.text, dict(inputs), free)
    for statement in syntax.assignments:
        target = str(statement.target)
        if target in inputs:
            scope.fail(f"{target!r} is an argument and cannot be assigned to", statement.position)
        scope.names[target] = _value(scope, statement)
    outputs = tuple(builder.number(_value(scope, statement)) for statement in syntax.results)
    labels: dict[int, str | tuple[str, int]] = {}
    for name, row in scope.names.items():  # a name assigned twice belongs to what it last stood for
        if name not in inputs and graph.rows[row][0] not in ("input", "const"):
            labels.setdefault(row, name)
    names = _output_names(syntax.results, assigned)
    program = Program(graph, tuple(inputs.values()), outputs, names, labels, ((0, "forward sweep"),))
    return program if optimize else _textbook(program)


def _textbook(program: Program) -> Program:
    """The program with every operation a step of its own, in the order of a textbook's trace.

    That is by level: first what depends on arguments alone, then what depends on that, and so on.
    """
    rows = program.graph.rows
    levels: list[int] = []
    for row in rows:
        levels.append(max((levels[j] + 1 for j in operands(row)), default=0))
    graph = Graph(shared=False, complex=program.graph.complex)
    order = sorted(range(len(rows)), key=levels.__getitem__)
    program = replay(program, graph, lambda _, row: graph.append(row), order)
    steps = frozenset(i for i, row in enumerate(graph.rows) if operands(row))
    return replace(program, steps=steps)


def _value(scope: Scope, statement: Statement) -> int:
    value = run(scope, statement.items)
    if isinstance(value, tuple):
        scope.fail("a list in parentheses is not a value", statement.position)
    return value


def _output_names(results: Sequence[Statement], assigned: set[str | None]) -> tuple[str, ...]:
    """A result that is a bare assigned name keeps it; others are `out`, or `out0`, `out1`, ..."""
    names: list[str] = []
    for k, statement in enumerate(results):
        bare = statement.items[0][1] if len(statement.items) == 1 and statement.items[0][0] == "name" else None
        name = str(bare) if bare in assigned and bare not in names else "out" if len(results) == 1 else f"out{k}"
        while name in names:
            name += "_"
        names.append(name)
    return tuple(names)


def run(scope: Scope, items: Sequence[Item]) -> Value:
    """Make the rows of a postfix expression; its value."""
    op = scope.builder.op
    stack: list[Value] = []
    tuples = False
    for kind, value, count, position in items:
        if kind == "name":
            name = str(value)
            row = scope.names.get(name)
            stack.append(scope.free(name, position) if row is None else row)
            continue
        if kind == "number":
            stack.append(scope.builder.const(value))  # type: ignore[arg-type]  # the lexer's float
            continue
        arguments = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        if kind == "tuple":
            stack.append(tuple(arguments))  # type: ignore[arg-type]  # checked where it is used
            tuples = True
            continue
        if tuples and value != "Piecewise" and any(isinstance(a, tuple) for a in arguments):
            scope.fail("a list in parentheses is not a value", position)
        if kind == "op" and value != "if":
            stack.append(op(value, *arguments))  # type: ignore[arg-type]  # rows, as just checked
        else:
            stack.append(_KINDS[kind](scope, value, arguments, position))
    return stack[0]


def _ternary(scope: Scope, _: str, arguments: list[int], __: int) -> int:
    chosen, condition, other = arguments
    return scope.builder.op("where", condition, chosen, other)


def _compare(scope: Scope, chain: list[str], arguments: list[int], _: int) -> int:
    op = scope.builder.op
    result = op(chain[0], arguments[0], arguments[1])
    for k, name in enumerate(chain[1:], 1):
        result = op("and", result, op(name, arguments[k], arguments[k + 1]))
    return result


def _joined(scope: Scope, name: str, arguments: list[int], position: int) -> int:
    symbol = next(s.text for s in PRIMITIVES[name].symbols if s.conditions)
    if not all(map(scope.builder.graph.is_condition, arguments)):
        example = f"(x > 0) {symbol} (y > 0)" if len(arguments) == 2 else f"{symbol}(x > 0)"
        scope.fail(f"{symbol!r} joins conditions only: write parentheses, as {example}", position)
    return scope.builder.op(name, *arguments)


def _call(scope: Scope, name: str, arguments: list[Value], position: int) -> Value:
    if name in scope.names:
        scope.fail(f"{name!r} is a variable here, not a function; for a product write {name}*(...)", position)
    if name == "Piecewise":
        return _piecewise(scope, arguments, position)
    if name in FORMULAS:
        return _formula(scope, name, arguments, position)
    primitive = FUNCTIONS.get(name)
    if primitive is None:
        _no_function(scope, name, position)
    return _primitive(scope, name, primitive, arguments, position)  # type: ignore[arg-type]  # rows: tuples are refused


def _primitive(scope: Scope, name: str, primitive: Primitive, arguments: list[int], position: int) -> int:
    builder, arity = scope.builder, primitive.arity
    if primitive.variadic:
        if len(arguments) == 1 and name in ("max", "min"):
            _needs_array(scope, name, position)
        if len(arguments) < arity:
            scope.fail(f"{name} takes two or more arguments, not {len(arguments)}", position)
        result = arguments[0]
        for argument in arguments[1:]:
            result = builder.op(primitive.name, result, argument)
        return result
    missing = arity - len(arguments)
    if not 0 <= missing <= len(primitive.defaults):
        _wrong_count(scope, name, arity - len(primitive.defaults), arity, len(arguments), position)
    defaults = primitive.defaults[len(primitive.defaults) - missing :]
    return builder.op(primitive.name, *arguments, *map(builder.const, defaults))


def _formula(scope: Scope, name: str, arguments: list[Value], position: int) -> Value:
    parameters, text = FORMULAS[name]
    if len(arguments) != len(parameters):
        _wrong_count(scope, name, len(parameters), len(parameters), len(arguments), position)
    return instantiate(scope.builder, text, dict(zip(parameters, arguments, strict=True)))  # type: ignore[arg-type]


def _piecewise(scope: Scope, arguments: list[Value], position: int) -> int:
    builder = scope.builder
    result = builder.const(float("nan"))
    for pair in reversed(arguments):
        if not isinstance(pair, tuple) or len(pair) != 2 or any(isinstance(part, tuple) for part in pair):
            scope.fail("Piecewise takes pairs, as Piecewise((x, x > 0), (0, True))", position)
        always = builder.value(pair[1]) is True
        result = pair[0] if always else builder.op("where", pair[1], pair[0], result)
    return result


def _wrong_count(scope: Scope, name: str, least: int, most: int, given: int, position: int) -> NoReturn:
    counts = f"{least}" if least == most else f"{least} or {most}"
    hint = "; write log10(x), log2(x) or log(x)/log(base)" if name in ("log", "ln") else ""
    scope.fail(f"{name} takes {counts} argument{'s' * (counts != '1')}, not {given}{hint}", position)


def _needs_array(scope: Scope, name: str, position: int) -> NoReturn:
    place = point_at(scope.text, position)
    raise ShapeError(
        f"{name}(...) of a scalar: it needs an array, declared as in args='x[n]'"
        f" (which this version does not have yet)\n{place}"
    )


def _no_function(scope: Scope, name: str, position: int) -> NoReturn:
    if name in REDUCTIONS:
        _needs_array(scope, name, position)
    scope.fail(no_function(name), position)


_KINDS: dict[str, Callable[..., Value]] = {"op": _ternary, "compare": _compare, "joined": _joined, "call": _call}


@cache
def _expression(text: str) -> list[Item]:
    """The postfix of a formula of the table; calls of internal primitives become operations."""
    internal = {name for name, primitive in PRIMITIVES.items() if primitive.internal}
    items = parse(text).results[0].items
    return [("op", *item[1:]) if item[0] == "call" and item[1] in internal else item for item in items]


def instantiate(builder: Builder, text: str, bindings: dict[str, int]) -> int:
    """The value of a formula of the table, with rows for its names.

    `text` is one expression; it may call internal primitives, and use `pi`.
    """

    def constant(name: str, _: int) -> int:
        return builder.const(_PREDEFINED[name])

    value = run(Scope(builder, text, bindings, constant), _expression(text))
    assert isinstance(value, int)
    return value
