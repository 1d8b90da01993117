"""From postfix to a program: resolve names and turn calls into rows of the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple, NoReturn

from symdiff.errors import ShapeError, few, point_at
from symdiff.graph.dims import Shape, symbol, symbols
from symdiff.graph.ir import Graph, Program, operands, replay
from symdiff.language.arrays import CALLS, PRODUCTS, matmul
from symdiff.language.calls import Keyword, Quoted, Value, bound
from symdiff.language.hints import is_function, no_array, no_count, no_function, no_input, no_list, no_variable
from symdiff.language.indices import subscript
from symdiff.language.loops import LOOPS, loop
from symdiff.language.outside import Outside, as_defined, called, no_value
from symdiff.language.parser import Item, Statement, Syntax, parse
from symdiff.language.rearrange import listed, transpose
from symdiff.language.roots import ROOTS, quad, root
from symdiff.language.scope import Defined, Scope, Several
from symdiff.limits import Limits
from symdiff.ops.data import Constant, Data
from symdiff.ops.places import Key
from symdiff.ops.table import BASIC, CONSTANTS, CORE, FORMULAS, FUNCTIONS, PRIMITIVES, Primitive
from symdiff.simplify.build import Builder

_PREDEFINED: dict[str, float | bool] = {**CONSTANTS, "True": True, "False": False}
_ROWS = {int}  # the types of arguments that are rows
_NAMES = 512  # names of functions that are remembered
_OF_BOTH = BASIC.intersection(CALLS)  # functions of several scalars or of one array


def is_predefined(name: str) -> bool:
    """Return whether a name is that of a constant of the language."""
    return name in _PREDEFINED


class Argument(NamedTuple):
    """An argument that `args` declares.

    Attributes:
        name: Its name.
        shape: Its core shape.
        integer: Whether it is made of integers.
    """

    name: str
    shape: Shape = ()
    integer: bool = False


def lower(
    syntax: Syntax,
    arguments: Sequence[Argument] | None = None,
    constants: Mapping[str, float | Data] | None = None,
    functions: Mapping[str, Outside] | None = None,
    *,
    optimize: bool = True,
    complex: bool = False,  # noqa: A002 - NumPy's name
    limits: Limits | None = None,
) -> Program:
    """Return the program of a parsed text.

    Args:
        syntax: The parsed text.
        arguments: The inputs in order. By default, the free names are scalar inputs, in order of first appearance.
        constants: The values of further names.
        functions: Further functions. A function of the language of the same name is hidden.
        optimize: Whether to simplify rows and to share equal ones. Otherwise every operation is a
            step of its own.
        complex: Whether to leave out the identities that hold for real arguments only.
        limits: The limits of the program and of everything derived from it; by default those of
            the process.

    Raises:
        LimitError: The program has too many rows.
        ParseError: A name or function is unknown, or a call has a wrong number of arguments.
        ShapeError: A function of arrays gets a scalar.
    """
    graph = Graph(shared=optimize, complex=complex, limits=limits)
    builder = Builder(graph)
    inputs = {a.name: builder.input(a.name, a.shape, integer=a.integer) for a in arguments or ()}
    fixed = {name: value for name, value in (constants or {}).items() if name not in inputs}
    outside = functions or {}
    assigned = {name for s in syntax.assignments if s.parameters is None for name in s.targets}

    @cache
    def called() -> frozenset[str]:
        return calls(syntax)

    def free(name: str, position: int) -> int:
        if name in fixed:
            scope.names[name] = bound = constant_of(builder, name, fixed[name])
            return bound
        if name in _PREDEFINED:
            return builder.const(_PREDEFINED[name])
        if name in CORE or (name in called() and is_function(name)):
            steps = not called().isdisjoint((*LOOPS, *ROOTS, "quad"))
            scope.fail(
                f"function {name!r} needs an argument, as in {name}(x); to use {name!r} as a variable, list it in args"
                + f"; loops, roots and integrals take functions of the text, as in step(x) = {name}(x)" * steps,
                position,
            )
        if arguments is None and (said := no_variable(name)):
            scope.fail(said, position)
        if name in assigned:
            scope.fail(f"{name!r} is used before it is assigned; a name is either an argument or assigned", position)
        if arguments is not None:
            if any(name in symbols(dim) for argument in arguments for dim in argument.shape):
                return builder.size(symbol(name))
            listed = [argument.name for argument in arguments]
            scope.fail(f"{name!r} is not among the arguments ({few(listed)})" + no_input(name, fixed), position)
        inputs[name] = scope.names[name] = builder.input(name)
        return inputs[name]

    scope = Scope(builder, syntax.text, dict(inputs), free, {}, outside=outside)
    _in_order(scope, syntax)
    for statement in syntax.assignments:
        for target in statement.targets:
            if target in inputs or target in fixed:
                kind = "an argument" if target in inputs else "a constant"
                done = "assigned to" if statement.parameters is None else "defined as a function"
                scope.fail(f"{target!r} is {kind} and cannot be {done}", statement.position)
            if target in outside:
                scope.fail(f"{target!r} is among functions; write another name", statement.position)
        if statement.parameters is None:
            _assign(scope, statement)
        else:
            _define(scope, statement)
    results: list[tuple[Statement, int]] = []
    for statement in syntax.results:
        value = run(scope, statement.items)
        rows = value.rows if isinstance(value, Several) else (_single(scope, value, statement.position),)
        results += [(statement, builder.number(row)) for row in rows]
    outputs = tuple([row for _, row in results])
    labels: dict[int, str | tuple[str, int]] = {}
    for name, row in scope.names.items():  # a name that is assigned twice labels its last value
        if name not in inputs and name not in fixed and graph.rows[row][0] not in ("input", "const"):
            labels.setdefault(row, name)
    names = _output_names([statement for statement, _ in results], assigned)
    program = Program(graph, tuple(inputs.values()), outputs, names, labels, ((0, "forward sweep"),))
    return program if optimize else _textbook(program)


def _in_order(scope: Scope, syntax: Syntax) -> None:
    """Check that each function of the text is defined above the lines that use it."""
    later = {s.targets[0] for s in syntax.assignments if s.parameters is not None}
    for statement in (*syntax.assignments, *syntax.results) if later else ():
        own = statement.parameters or ()
        for kind, name, _, position in statement.items:
            if kind in ("name", "call") and name in later and name not in own and name not in statement.targets:
                scope.fail(f"{name!r} is used before it is defined; define it on a line above", position)
        if statement.parameters is not None:
            later.discard(statement.targets[0])


def constant_of(builder: Builder, name: str, value: float | Data) -> int:
    """Return the row of a constant. An array of booleans is a condition."""
    if not isinstance(value, Data):
        return builder.const(float(value))
    row = builder.op(Constant(name, value))
    return builder.op("ne", row, builder.const(0.0)) if value.array.dtype == bool else row


def calls(syntax: Syntax) -> frozenset[str]:
    """Return the names of the functions that a text calls."""
    statements = (*syntax.assignments, *syntax.results)
    return frozenset([item[1] for statement in statements for item in statement.items if item[0] == "call"])


def _textbook(program: Program) -> Program:
    """Return the program with every operation as a step of its own, in the order of a textbook.

    The order is by level. Operations on arguments come first, then operations on their results,
    and so on.
    """
    rows = program.graph.rows
    levels: list[int] = []
    for row in rows:
        levels.append(max((levels[j] + 1 for j in operands(row)), default=0))
    graph = program.graph.like(shared=False)
    order = sorted(range(len(rows)), key=levels.__getitem__)
    program = replay(program, graph, lambda _, row: graph.append(row), order)
    steps = frozenset(i for i, row in enumerate(graph.rows) if operands(row))
    return program.changed(steps=steps)


def _assign(scope: Scope, statement: Statement) -> None:
    """Bind the names of an assignment to its values."""
    targets, position = statement.targets, statement.position
    for target in targets:
        if target in scope.functions:
            scope.fail(f"{target!r} is a function that the text defines and cannot be assigned to", position)
    value = run(scope, statement.items)
    if len(targets) == 1:
        scope.names[targets[0]] = _single(scope, value, position)
        return
    rows = value.rows if isinstance(value, Several) else value if isinstance(value, tuple) else (value,)
    if len(rows) != len(targets):
        scope.fail(f"{few(targets)} are {len(targets)} names for {len(rows)} value{'s' * (len(rows) != 1)}", position)
    for target, row in zip(targets, rows, strict=True):
        scope.names[target] = _single(scope, row, position)


def _single(scope: Scope, value: Value, position: int) -> int:
    """Return a value that is a row, or raise an error that says what it is."""
    if not isinstance(value, int):
        scope.fail(_no_value(scope, [value], position), position)
    return value


def _define(scope: Scope, statement: Statement) -> None:
    """Bind the name of a function to its definition.

    Raises:
        LimitError: The function has too many operations when the functions that it calls are written out.
    """
    (name,), parameters, position = statement.targets, statement.parameters or (), statement.position
    if name in _PREDEFINED:
        scope.fail(f"{name!r} is a constant of the language and no function; write another name", position)
    if name in scope.functions:
        scope.fail(f"{name!r} is defined above; write another name", position)
    if name in scope.names:
        scope.fail(f"{name!r} is assigned above and cannot be defined as a function; write another name", position)
    names: dict[str, int] = {}
    functions: dict[str, Defined] = {}
    size = len(statement.items)
    for kind, used, _, place in statement.items:
        if kind not in ("name", "call") or used in parameters:
            continue
        if used == name:
            said = f"{name!r} calls itself, which is not possible; for a recurrence write fold, scan or iterate"
            scope.fail(said, place)
        if used in scope.functions:
            functions[used] = scope.functions[used]
            size += functions[used].size
        elif kind == "name" and used not in names and (used in scope.names or used not in scope.outside):
            row = scope.names.get(used)
            names[used] = scope.free(used, place) if row is None else row
    limits = scope.builder.graph.limits
    if size > limits.rows:
        raise limits.exceeded("rows", f"{name!r} has more operations, with all calls in it written out,")
    scope.functions[name] = Defined(name, parameters, statement.items, names, functions, size)


def _output_names(results: Sequence[Statement], assigned: set[str]) -> tuple[str, ...]:
    """Return the names of the outputs.

    A result that is an assigned name keeps the name. Others are `out`, or `out0`, `out1`, ...
    """
    names: dict[str, None] = {}
    for k, statement in enumerate(results):
        bare = statement.items[0][1] if len(statement.items) == 1 and statement.items[0][0] == "name" else None
        name = str(bare) if bare in assigned and bare not in names else "out" if len(results) == 1 else f"out{k}"
        while name in names:
            name += "_"
        names[name] = None
    return tuple(names)


def run(scope: Scope, items: Sequence[Item]) -> Value:
    """Make the rows of a postfix expression and return its value.

    A call of a function of the text is made in place. What waits for its value stands in a list, and not in the stack
    of Python, so that functions may call each other to any depth.
    """
    called: list[tuple[Scope, Iterator[Item], list[Value], str]] = []
    waiting = iter(items)
    stack: list[Value] = []
    lists = False  # whether a stack may have an entry that is not a row
    while True:
        call, lists = _until_call(scope, waiting, stack, lists=lists)
        if call is not None:
            function, arguments = call
            called.append((scope, waiting, stack, function.name))
            scope, waiting, stack = scope.inside(function, arguments), iter(function.items), []
            continue
        result = stack[0]
        if not called:
            return result
        scope, waiting, stack, name = called.pop()
        stack.append(Several(name, result) if isinstance(result, tuple) else result)
        lists = lists or not isinstance(result, int)


_Call = tuple[Defined, list[int]]  # a function of the text, and its arguments


def _until_call(scope: Scope, items: Iterator[Item], stack: list[Value], *, lists: bool) -> tuple[_Call | None, bool]:
    """Make the rows of the items up to the next call of a function of the text.

    Args:
        scope: The meaning of names.
        items: The items.
        stack: The values so far.
        lists: Whether the stack may have an entry that is not a row.

    Returns:
        The call, or None after the last item; and `lists` for the next items.
    """
    position = 0
    try:
        op = scope.builder.op
        for kind, value, count, position in items:
            if kind == "name":
                row = scope.names.get(value)
                if row is None and (value in scope.functions or value in scope.outside):
                    defined = scope.functions.get(value)
                    stack.append(as_defined(value, scope.outside[value]) if defined is None else defined)
                    lists = True
                    continue
                stack.append(scope.free(value, position) if row is None else row)
                continue
            if kind == "number":
                stack.append(scope.builder.const(value))
                continue
            if kind in ("none", "quoted"):
                stack.append(() if kind == "none" else Quoted(value))
                lists = True
                continue
            arguments = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            if lists and kind != "call" and not all(isinstance(a, int) for a in arguments):  # noqa: SIM102 - two ifs
                if kind != "keyword" or not isinstance(arguments[0], tuple | Quoted):
                    scope.fail(_no_value(scope, arguments, position), position)
            if kind == "tuple":
                stack.append(tuple(arguments))  # type: ignore[arg-type]  # rows, as just checked
                lists = True
            elif kind == "keyword":
                stack.append(Keyword(value, arguments[0]))  # type: ignore[arg-type]  # as just checked
                lists = True
            elif kind == "op" and value != "if":
                stack.append(op(value, *arguments))  # type: ignore[arg-type]  # rows, as just checked
            elif kind == "call" and value in scope.functions and value not in scope.names:
                function = scope.functions[value]
                return (function, _given(scope, function, arguments, position)), lists
            else:
                stack.append(made := _KINDS[kind](scope, value, arguments, position))
                lists = lists or not isinstance(made, int)
    except ShapeError as error:
        if "\n" in str(error):
            raise
        raise ShapeError(f"{error}\n{point_at(scope.text, position)}") from None
    return None, lists


def _given(scope: Scope, function: Defined, arguments: Sequence[Value], position: int) -> list[int]:
    """Return the arguments of a call of a function of the text, which are rows."""
    if not all(isinstance(a, int) for a in arguments):
        named = next((a.name for a in arguments if isinstance(a, Keyword)), None)
        if named is not None:
            scope.fail(f"{function.name} takes its arguments in order, as {function.call}, not {named}=...", position)
        scope.fail(_no_value(scope, arguments, position), position)
    if len(arguments) != len(function.parameters):
        count = len(function.parameters)
        said = f"{function.call} takes {count} argument{'s' * (count != 1)}, not {len(arguments)}"
        scope.fail(said, position)
    return [a for a in arguments if isinstance(a, int)]


def _no_value(scope: Scope, arguments: Sequence[Value], position: int) -> str:
    """Return the message for an argument that is not a value, where a value is needed."""
    return next(filter(None, map(no_value, arguments)), None) or no_list(scope.text, position)


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
        scope.fail(f"{symbol!r} joins conditions only; write parentheses, as in {example}", position)
    return scope.builder.op(name, *arguments)


def _call(scope: Scope, name: str, arguments: list[Value], position: int) -> Value:
    if name in scope.names:
        scope.fail(f"{name!r} is a variable here, not a function; for a product write {name}*(...)", position)
    if name in scope.outside:
        return called(scope, name, scope.outside[name], arguments, position)
    if (plain := _plain(name, len(arguments))) and {*map(type, arguments)} == _ROWS:
        return scope.builder.op(plain, *arguments)  # type: ignore[arg-type]  # rows, as just checked
    if name in ("Piecewise", "piecewise"):
        return _piecewise(scope, name, arguments, position)
    if name in LOOPS:
        return loop(scope, name, arguments, position, run)
    if name in ROOTS and (name not in CALLS or (arguments and isinstance(arguments[0], Defined))):
        return root(scope, name, arguments, position, run)
    if name == "quad":
        return quad(scope, name, arguments, position, run)
    if name in CALLS and (name not in _OF_BOTH or len([a for a in arguments if isinstance(a, int)]) == 1):
        function = CALLS[name]
        values = bound(scope.builder, name, function, arguments, lambda message: scope.fail(message, position))
        return function.make(scope.builder, *values)
    if name not in FUNCTIONS and name not in FORMULAS and name not in PRODUCTS:
        scope.fail(
            no_function(
                name,
                scope.text[:position],
                scope.text[position + len(name) :],
                arguments=len(arguments),
                own=(*scope.functions, *scope.outside),
            ),
            position,
        )
    if not all(isinstance(a, int) for a in arguments):
        named = next((a.name for a in arguments if isinstance(a, Keyword)), None)
        if named is not None:
            entry = FORMULAS.get(name) or FUNCTIONS.get(name)
            if entry and named in entry.parameters:
                order = ", ".join(entry.parameters)
                scope.fail(f"{name} takes its arguments in order, as {name}({order}); to compare, write ==", position)
            hint = "write log10(x), log2(x) or log(x)/log(base)" if named == "base" else "to compare, write =="
            scope.fail(f"{name} has no argument named {named!r}; {hint}", position)
        scope.fail(_no_value(scope, arguments, position), position)
    if name in PRODUCTS:
        if len(arguments) != 2:
            _wrong_count(scope, name, 2, 2, len(arguments), position)
        return PRODUCTS[name](scope.builder, *arguments)  # type: ignore[arg-type]  # rows
    if name in FORMULAS:
        return _formula(scope, name, arguments, position)
    return _primitive(scope, name, FUNCTIONS[name], arguments, position)  # type: ignore[arg-type]  # rows: tuples are refused


@lru_cache(_NAMES)
def _plain(name: str, count: int) -> str:
    """Return the operation that a function of `count` numbers is; an empty text if a call needs a closer look."""
    if name in CALLS or name in LOOPS or name in ROOTS or name in PRODUCTS or name in FORMULAS or name not in FUNCTIONS:
        return ""
    primitive = FUNCTIONS[name]
    return primitive.name if primitive.arity == count and not primitive.variadic and not primitive.orders else ""


def _primitive(scope: Scope, name: str, primitive: Primitive, arguments: list[int], position: int) -> int:
    builder, arity = scope.builder, primitive.arity
    if primitive.variadic:
        if len(arguments) < arity:
            scope.fail(f"{name} takes two or more arguments, not {len(arguments)}", position)
        result = arguments[0]
        for argument in arguments[1:]:
            result = builder.op(primitive.name, result, argument)
        return result
    missing = arity - len(arguments)
    if not 0 <= missing <= len(primitive.defaults):
        _wrong_count(scope, name, arity - len(primitive.defaults), arity, len(arguments), position)
    for order in arguments[: primitive.orders]:
        value = builder.known(order)
        if value is None or isinstance(value, bool) or value < 0 or not float(value).is_integer():
            scope.fail(f"the order of {name} is a constant whole number, as in {name}(1, x)", position)
    defaults = primitive.defaults[len(primitive.defaults) - missing :]
    return builder.op(primitive.name, *arguments, *map(builder.const, defaults))


def _formula(scope: Scope, name: str, arguments: list[Value], position: int) -> Value:
    formula = FORMULAS[name]
    parameters = formula.parameters
    if len(arguments) != len(parameters):
        _wrong_count(scope, name, len(parameters), len(parameters), len(arguments), position)
    text = (scope.builder.graph.complex and formula.complex) or formula.text
    bindings: dict[str, int] = dict(zip(parameters, arguments, strict=True))  # type: ignore[arg-type]  # rows
    if isinstance(text, str):
        return instantiate(scope.builder, text, bindings)
    return Several(name, tuple([instantiate(scope.builder, one, bindings) for one in text]))


def _piecewise(scope: Scope, name: str, arguments: list[Value], position: int) -> int:
    """Return the first value whose condition holds. `piecewise` also takes a flat list of values and conditions."""
    builder = scope.builder
    pairs: Sequence[Any] = arguments
    result = builder.const(float("nan"))
    if name == "piecewise" and not any(isinstance(a, tuple) for a in arguments):
        if not all(isinstance(a, int) for a in arguments):
            scope.fail("piecewise has no named arguments", position)
        pairs = list(zip(arguments[::2], arguments[1::2], strict=False))
        result = arguments[-1] if len(arguments) % 2 else result  # type: ignore[assignment]  # a row
        if not all(builder.graph.is_condition(condition) for _, condition in pairs):
            scope.fail(
                "piecewise takes values and conditions in turn, as piecewise(x, x > 0, 0); for a number write a != 0",
                position,
            )
    for pair in reversed(pairs):
        if not isinstance(pair, tuple) or len(pair) != 2 or any(isinstance(part, tuple) for part in pair):
            scope.fail(f"{name} takes pairs; write {name}((x, x > 0), (0, True))", position)
        always = builder.value(pair[1]) is True
        result = pair[0] if always else builder.op("where", pair[1], pair[0], result)
    return result


def _wrong_count(scope: Scope, name: str, least: int, most: int, given: int, position: int) -> NoReturn:
    counts = f"{least}" if least == most else f"{least} or {most}"
    scope.fail(no_count(name, counts, given, scope.text, position), position)


def _index(scope: Scope, key: Key, arguments: list[int], position: int) -> int:
    x, *given = arguments
    if not scope.builder.shape(x):
        scope.fail(no_array(scope.text[:position]), position)
    return subscript(scope.builder, x, key, given)


_KINDS: dict[str, Callable[..., Value]] = {
    "op": _ternary,
    "compare": _compare,
    "joined": _joined,
    "call": _call,
    "index": _index,
    "list": lambda scope, _, arguments, __: listed(scope.builder, arguments),
    "matmul": lambda scope, _, arguments, __: matmul(scope.builder, *arguments),
    "transpose": lambda scope, _, arguments, __: transpose(scope.builder, *arguments),
}


@cache
def _expression(text: str) -> list[Item]:
    """Return the postfix form of a formula of the table, with calls of internal primitives as operations."""
    items = parse(text, Limits()).results[0].items
    return [
        ("op", name, count, position)
        if kind == "call" and (name := _operation(value, count))
        else (kind, value, count, position)
        for kind, value, count, position in items
    ]


def _operation(name: str, count: int) -> str:
    """Return the operation that a call in a formula of the table is; an empty text if it is none."""
    return name if name in PRIMITIVES and PRIMITIVES[name].internal else _plain(name, count)


def instantiate(builder: Builder, text: str, bindings: Mapping[str, int]) -> int:
    """Return the row of a formula of the table, given the rows of its names.

    The text is one expression. It can call internal primitives and use `pi`.
    """

    def constant(name: str, _: int) -> int:
        return builder.const(_PREDEFINED[name])

    value = run(Scope(builder, text, dict(bindings), constant, {}), _expression(text))
    assert isinstance(value, int)
    return value


Builder.formula = instantiate
