"""Functions of arrays in the languages with curly braces: the code of nested loops as text.

The code has a name for the result of each operation. A result that is used once, in the same block, is written where it
is used, as long as the line has room and nothing that it reads changes before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from symdiff.emit import curly
from symdiff.emit.code import (
    EXACT,
    FOLD,
    INTEGER,
    Array,
    Break,
    Code,
    Fail,
    For,
    Let,
    Load,
    Statement,
    Store,
    Value,
    When,
)
from symdiff.emit.curly import Helpers, Language, Part, bare, tight
from symdiff.emit.math import prepared
from symdiff.emit.names import Names
from symdiff.emit.nests import Nest, Place, whole
from symdiff.emit.passes import expand_exponentials
from symdiff.emit.python import WIDTH
from symdiff.graph.dims import Dim, numel, symbols
from symdiff.graph.ir import Program, live
from symdiff.ops.base import Operation, Task, Text
from symdiff.ops.data import Constant
from symdiff.ops.elements import of_scalars
from symdiff.ops.indexed import Integers
from symdiff.ops.loops import Loop, Running, trimmed
from symdiff.ops.loops import Part as LoopPart
from symdiff.ops.table import ATOM, COMPARE, OR, PRODUCT, SUM, TERNARY, UNARY

SMALL = 64  # the most elements of an array that a function has for itself
_SIGNS = {"iadd": ("+", SUM), "isub": ("-", SUM), "imul": ("*", PRODUCT), "imod": ("%", PRODUCT)}
_FOLDS = {"sum": "+=", "dot": "+=", "product": "*="}
_ROUNDED = {"ifdiv": "floor_quotient", "ifmod": "floor_rest"}  # functions, which each language has as its own
_INDICES = "ijklmpqr"


class LabelledCode(Code):
    """Code that keeps the names of the user.

    Attributes:
        labels: The names, by the name of the value in the code.
        kept: Those values that get a line, however often they are used.
        constants: The constant arrays.
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names)
        self.labels: dict[str, str] = {}
        self.kept: set[str] = set()
        self.constants: dict[Constant | Integers, Array] = {}

    def constant(self, op: Constant | Integers) -> Array:
        """Return a constant array."""
        if op not in self.constants:
            self.constants[op] = Array(f"c{len(self.constants)}", "i" if op.integer else "r")
        return self.constants[op]

    def demand(self, wrong: Value) -> None:
        """Write the end of the function if a condition holds, unless that is written in this block or around it."""
        if self.known(("demanded", wrong)) is None:
            self.keep(("demanded", wrong), wrong)
            with self.when(wrong):
                self.fail()


class PlainNest(Nest):
    """Writes a program as nested loops with plain sums, and checks of integers before they are indices."""

    code: LabelledCode
    in_parts = False

    def compute(self, i: int, at: tuple[Value, ...]) -> Value:
        """Return the element of a row at some indices, computed there."""
        op = self.rows[i][0]
        if isinstance(op, (Constant, Integers)):
            place = Place(self.code.constant(op), self.shape(i))
            return self.code.load(place.array, place.offset(self.code, at), fixed=True)
        value = super().compute(i, at)
        label = self.program.labels.get(i)
        if isinstance(label, tuple):
            of = self.program.labels.get(label[1])
            row = self.rows[label[1]]
            primal = of if isinstance(of, str) else str(row[1]) if row[0] == "input" else ""
            label = f"{primal}_{label[0]}" if primal else None
        elif isinstance(label, str):
            self.code.kept.add(value.text)
        if isinstance(label, str):
            self.code.labels.setdefault(value.text, label)
        return value

    def unknown(self) -> None:
        """Do nothing: there is nobody to whom NaN is reported."""

    def inside(self, index: Value, dim: Dim) -> Value:
        """Return an index as one that counts from the start of its axis, and check that it is within."""
        code, n = self.code, self.whole(dim)
        below = code.let("ilt", index, code.let("isub", self.whole(0), n))
        beyond = code.let("ilt", code.let("isub", n, self.whole(1)), index)
        code.demand(code.let("or", below, beyond))
        return super().inside(index, dim)

    def folded(
        self, i: int, x: int, fold: str, axes: Sequence[int], element: Callable[[tuple[Value, ...]], Value]
    ) -> Task:
        """Return the task that folds the elements of row `x` along axes into row `i`, one by one."""
        shape = self.shape(x)
        kept = [k for k in range(len(shape)) if k - len(shape) not in axes]

        def each(at: tuple[Value, ...]) -> None:
            self.add(i, tuple([at[k] for k in kept]), self.as_number(element(at)), fold)

        return Task(shape, each, (x,), before=lambda: self.begin(i, fold))


@dataclass(slots=True)
class Written:
    """The code of a program of arrays.

    Attributes:
        code: The code.
        sizes: The names of the dimensions that are parameters, in order.
        given: For each argument, an array, or the value of a scalar.
        made: For each result, an array; one of a single element for a scalar.
        labels: The names of arrays of the code's own.
        numbers: The arrays that are single numbers.
        fails: The function may find that its arguments do not fit.
    """

    code: LabelledCode
    sizes: list[str]
    given: list[Array | Value]
    made: list[Array]
    labels: dict[str, str]
    numbers: frozenset[str]
    fails: bool

    @property
    def integers(self) -> set[str]:
        """The arrays of the code's own that are made of integers."""
        return {array.name for array, _ in self.code.rooms if array.kind == "i"}

    def is_small(self, name: str) -> bool:
        """Return whether an array of the code's own has a known and small number of elements."""
        counts = [count.text for array, count in self.code.rooms if array.name == name]
        return any(text.isdigit() and int(text) <= SMALL for text in counts)

    @property
    def constants(self) -> list[tuple[Array, Any, str]]:
        """The constant arrays, each with its value and a name."""
        return [(array, op.value(), getattr(op, "of", "c")) for op, array in self.code.constants.items()]


def written(part: Part) -> Written:
    """Return the code of a function of arrays."""
    program = expand_exponentials(prepared(part.program))
    graph = program.graph
    dims = [dim for i in program.inputs for dim in graph.shape(i)]
    sizes = list(dict.fromkeys([name for dim in dims for name in sorted(symbols(dim))]))
    code = LabelledCode(sizes)
    given: list[Array | Value] = []
    sources: dict[int, Any] = {}
    for k, i in enumerate(program.inputs):
        kind, shape = "i" if graph.is_integer(i) else "r", graph.shape(i)
        if shape:
            array = Array(f"x{k}", kind)
            given.append(array)
            sources[i] = Place(array, shape)
        else:
            value = Value(kind, f"x{k}")
            given.append(value)
            sources[i] = partial(_same, value)
    made = [Array(f"y{k}", "r") for k in range(len(program.outputs))]
    targets = [(i, Place(array, graph.shape(i))) for i, array in zip(program.outputs, made, strict=True)]
    for dim, exact, _ in graph.demands:
        value = code.whole(dim)
        wrong = code.let("ilt", value, code.whole(0))
        if exact:
            wrong = code.let("or", wrong, code.let("ilt", code.whole(0), value))
        code.demand(wrong)
    for name, one, i in zip(program.arguments, given, program.inputs, strict=True):
        if name in part.segments:
            _not_negative(code, one, numel(graph.shape(i)))
    nest = PlainNest(code, program, sources, targets, _unchanged)
    nest.write_all()
    labels: dict[str, str] = {}
    for i, place in nest.places.items():
        label = program.labels.get(i)
        if isinstance(label, str) and i not in sources:
            labels.setdefault(place.array.name, label)
    numbers = {array.name for array, count in code.rooms if count.text == "1"}
    numbers |= {array.name for array, i in zip(made, program.outputs, strict=True) if not graph.shape(i)}
    while _without_unused(code, numbers):
        pass
    fails = any(isinstance(one, Fail) for one in every(code.block))
    return Written(code, sizes, given, made, labels, frozenset(numbers), fails)


def _not_negative(code: LabelledCode, given: Array | Value, count: Dim) -> None:
    """Write the end of the function if one of some integers is negative."""
    if isinstance(given, Value):
        code.demand(code.let("ilt", given, code.whole(0)))
    else:
        with code.loop(code.whole(0), code.whole(count)) as k:
            code.demand(code.let("ilt", code.load(given, k), code.whole(0)))


def _same(value: Value, _: Sequence[Value]) -> Value:
    return value


def _unchanged(program: Program) -> Program:
    return program


def every(block: Sequence[Statement]) -> Iterator[Statement]:
    """Yield all statements of a block, in order."""
    waiting = [iter(block)]
    while waiting:
        one = next(waiting[-1], None)
        if one is None:
            waiting.pop()
            continue
        yield one
        if isinstance(one, (For, When)):
            waiting.append(iter(one.block))


def _without_unused(code: Code, numbers: Collection[str]) -> bool:
    """Remove statements and arrays that nothing needs from code. Return whether there were any."""
    own = {array.name for array, _ in code.rooms}
    statements = [*code.head, *code.block]
    defined = {one.name.text: one for one in every(statements) if isinstance(one, (Let, Load))}
    stores: dict[str, list[Store]] = {}
    for one in every(statements):
        if isinstance(one, Store):
            stores.setdefault(one.array.name, []).append(one)
    needed: set[str] = set()
    arrays = {name for name in stores if name not in own}
    waiting = [v.text for one in every(statements) if isinstance(one, (For, When)) for v in _read(one, numbers)]
    waiting += [v.text for name in arrays for one in stores[name] for v in _read(one, numbers)]
    while waiting:
        name = waiting.pop()
        if name in needed or name not in defined:
            continue
        needed.add(name)
        one = defined[name]
        waiting += [v.text for v in _read(one, numbers)]
        if isinstance(one, Load) and one.array.name in own and one.array.name not in arrays:
            arrays.add(one.array.name)
            waiting += [v.text for store in stores.get(one.array.name, ()) for v in _read(store, numbers)]
            waiting += [count.text for array, count in code.rooms if array.name == one.array.name]

    def stays(one: Statement) -> bool:
        if isinstance(one, (Let, Load)):
            return one.name.text in needed
        if isinstance(one, Store):
            return one.array.name in arrays
        return not isinstance(one, (For, When)) or bool(one.block)

    changed = len(code.rooms)
    code.rooms[:] = [(array, count) for array, count in code.rooms if array.name in arrays]
    changed -= len(code.rooms)
    for block in [*[one.block for one in every(statements) if isinstance(one, (For, When))], code.head, code.block]:
        kept = [one for one in block if stays(one)]
        changed += len(block) - len(kept)
        block[:] = kept
    return bool(changed)


def _read(one: Statement, numbers: Collection[str]) -> tuple[Value, ...]:
    """Return the values that the text of a statement has, those of its block not included."""
    if isinstance(one, Let):
        return one.args
    if isinstance(one, Load):
        return () if one.array.name in numbers else (one.offset,)
    if isinstance(one, Store):
        return (one.value,) if one.array.name in numbers else (one.offset, one.value)
    if isinstance(one, For):
        return (one.start, one.stop)
    return (one.condition,) if isinstance(one, When) else ()


def _read_by(head: Sequence[Statement], block: Sequence[Statement], numbers: Collection[str]) -> list[Statement]:
    """Return the statements of a head that a block needs. The others tell the sizes of arrays alone."""
    needed = {value.text for one in every(block) for value in _read(one, numbers)}
    found: list[Statement] = []
    for one in reversed(head):
        if not isinstance(one, (Let, Load)) or one.name.text in needed:
            needed |= {value.text for value in _read(one, numbers)}
            found.insert(0, one)
    return found


@dataclass(slots=True)
class _Pending:
    """An expression that has no name yet.

    Attributes:
        value: The value.
        text: The expression.
        reads: The arrays that it reads.
        fold: For a fold of an element and a further value: the operation, the array, the text of the offset, and the
            text of the further value.
    """

    value: Value
    text: Text
    reads: frozenset[str]
    fold: tuple[str, str, str, Text] | None = None


@dataclass(slots=True)
class _Block:
    """A block that is being printed: its indentation, and the expressions that wait to be written in it."""

    indent: int
    waiting: dict[str, _Pending] = field(default_factory=dict)


class Printer:
    """Prints code.

    Args:
        made: The code.
        helpers: The small functions of the file.
        names: The source of names.
        texts: The texts of the values that are parameters, by name.
        arrays: The names of the arrays that are parameters. A name that begins with `*` is a single number.
        singles: The arrays that are variables of a single number.
    """

    def __init__(
        self,
        made: Written,
        helpers: Helpers,
        names: Names,
        texts: dict[str, Text],
        arrays: dict[str, str],
        singles: Sequence[str],
    ) -> None:
        self.made, self.code, self.helpers, self.names = made, made.code, helpers, names
        self.language = helpers.language
        self.texts, self.arrays = dict(texts), dict(arrays)
        self.lines: list[str] = []
        self._blocks: list[_Block] = []
        self._indices: list[str] = []
        self._statements = [*_read_by(self.code.head, self.code.block, made.numbers), *self.code.block]
        self._uses, self._used_in = self._counted()
        self._singles = self._placed(singles)  # the block in which each is declared
        self._declared: set[str] = set()

    # What is used where

    def _counted(self) -> tuple[Counter[str], dict[str, int]]:
        """Return how often each name is used, and the block of its last use."""
        uses: Counter[str] = Counter()
        used_in: dict[str, int] = {}
        blocks = [self._statements]
        while blocks:
            block = blocks.pop()
            for one in block:
                for value in self._read(one):
                    uses[value.text] += 1
                    used_in[value.text] = id(block)
                if isinstance(one, (For, When)):
                    blocks.append(one.block)
        return uses, used_in

    def _read(self, one: Statement) -> tuple[Value, ...]:
        return _read(one, self.made.numbers)

    def _placed(self, singles: Sequence[str]) -> dict[str, int]:
        """Return the block in which each single number is declared: the innermost one with all of its uses."""
        found_in: dict[str, int] = {}
        paths: dict[str, list[list[int]]] = {name: [] for name in singles}

        waiting: list[tuple[list[Statement], list[int]]] = [(self._statements, [id(self._statements)])]
        while waiting:
            block, path = waiting.pop()
            for one in block:
                if isinstance(one, (Load, Store)) and one.array.name in paths:
                    paths[one.array.name].append(path)
                if isinstance(one, (For, When)):
                    waiting.append((one.block, [*path, id(one.block)]))
        for name, found in paths.items():
            common = found[0] if found else [id(self._statements)]
            for path in found[1:]:
                common = [a for a, b in zip(common, path, strict=False) if a == b]
            found_in[name] = common[-1]
        return found_in

    # Statements

    def print(self, indent: int = 4) -> list[str]:
        """Return the lines of the code."""
        self._print(self._statements, indent)
        return self.lines

    def _print(self, block: list[Statement], indent: int) -> None:
        self._blocks.append(_Block(indent))
        for name, where in self._singles.items():
            if where == id(block) and not self._begins(name, block):
                self._line(self._variable(name, "0.0"))
                self._declared.add(name)
        for one in block:
            if isinstance(one, (Let, Load)):
                self._value(one, block)
            elif isinstance(one, Store):
                self._store(one)
            elif isinstance(one, Break):
                self._line("break;")
            elif isinstance(one, Fail):
                self._line(self.language.fail)
            else:
                self._nested(one)
        self._blocks.pop()

    def _begins(self, name: str, block: list[Statement]) -> bool:
        """Return whether the first statement of a block that has a single number stores it."""
        for one in block:
            if isinstance(one, Store) and one.array.name == name:
                return True
            if isinstance(one, Load) and one.array.name == name:
                return False
            if isinstance(one, (For, When)) and any(
                isinstance(inner, (Load, Store)) and inner.array.name == name for inner in every(one.block)
            ):
                return False
        return False

    def _nested(self, one: For | When) -> None:
        self._settle({inner.array.name for inner in every(one.block) if isinstance(inner, Store)})
        indent = self._blocks[-1].indent
        if isinstance(one, When):
            self._line(f"if ({bare(self._take(one.condition)[0])}) {{")
        else:
            depth = len(self._indices)
            name = self._index(depth)
            start, stop = self._take(one.start), self._take(one.stop)
            self.texts[one.counter.text] = name, ATOM
            kind = self.language.index
            if one.back:
                last = integer("isub", [stop, ("1", ATOM)], self.language)[0]
                self._line(f"for ({kind} {name} = {last}; {name} >= {start[0]}; {name}--) {{")
            else:
                self._line(f"for ({kind} {name} = {start[0]}; {name} < {tight(stop, SUM)}; {name}++) {{")
            self._indices.append(name)
        self._print(one.block, indent + 4)
        if isinstance(one, For):
            self._indices.pop()
        self._line("}")

    def _index(self, depth: int) -> str:
        """Return the name of the index of a loop at a depth. Loops one after the other have the same."""
        name = f"\0{depth}"
        if name not in self.arrays:
            self.arrays[name] = self.names.numbered(_INDICES[depth % len(_INDICES)])
        return self.arrays[name]

    def _store(self, one: Store) -> None:
        name = one.array.name
        found = self._found(one.value)
        offset = ("0", ATOM) if name in self.made.numbers else self._take(one.offset)
        target = self._element(one.array, offset[0])
        if found is not None and found.fold and found.fold[1:3] == (name, offset[0]) and found.fold[0] in _FOLDS:
            del self._blocks[-1].waiting[one.value.text]
            self._settle({name})
            self._line(f"{target} {_FOLDS[found.fold[0]]} {bare(found.fold[3][0])};")
            return
        text = bare(self._take(one.value, len(target) + 4)[0])
        self._settle({name})
        if name in self._singles and name not in self._declared:
            self._declared.add(name)
            self._line(self._variable(name, text))
            return
        if one.array.kind == "i" and name not in self._singles and not self.made.is_small(name):
            text = self.language.real.format(tight((text, SUM), ATOM) if not text.isalnum() else text)
        self._line(f"{target} = {text};")

    def _variable(self, name: str, text: str) -> str:
        """Return the line that declares a single number."""
        integer = name in self.made.integers
        kind = self.language.index if integer else self.language.variable
        return f"{kind} {self.arrays[name]} = {'0' if integer and text == '0.0' else text};"

    def _line(self, text: str) -> None:
        self.lines.append(" " * self._blocks[-1].indent + text)

    # Values

    def _value(self, one: Let | Load, block: list[Statement]) -> None:
        name = one.name.text
        pending = self._expression(one)
        self._blocks[-1].waiting[name] = pending
        once = self._uses[name] == 1 and self._used_in[name] == id(block)
        simple = isinstance(one, Let) and one.op in INTEGER and one.op != "float" and len(pending.text[0]) <= 12
        if simple and not pending.reads and one.name.kind == "i":  # an index that is short
            del self._blocks[-1].waiting[name]
            self.texts[name] = pending.text
        elif not once or name in self.code.kept:
            self._name(name)

    def _expression(self, one: Let | Load) -> _Pending:
        """Return the expression of a statement. An operand that a line has no room for gets a name first."""
        values = self._read(one)
        while True:
            texts = [self._text(value) for value in values]
            waiting = [p for value in values if (p := self._found(value)) is not None]
            reads = frozenset().union(*[p.reads for p in waiting])
            fold: tuple[str, str, str, Text] | None = None
            if isinstance(one, Load):
                offset = texts[0] if texts else ("0", ATOM)
                made = self._loaded(one, offset)
                reads |= {one.array.name}
                fold = ("", one.array.name, offset[0], made)
            else:
                made = self._spelt(one, texts)
                first = self._found(values[0]) if one.op in FOLD else None
                if first is not None and first.fold is not None and first.fold[0] == "":
                    rest = texts[1] if one.op != "dot" else self.helpers.spell("mul", texts[1:])
                    fold = (one.op, *first.fold[1:3], rest)
            repeated = [
                p for value, n in zip(values, self._times(one), strict=True) if n > 1 and (p := self._found(value))
            ]
            repeated = [p for p in repeated if p.text[1] < ATOM or "(" in p.text[0]]
            room = WIDTH - self._blocks[-1].indent - 24
            long = [p for p in waiting if len(made[0]) > room and p.fold is None] or (
                waiting if len(made[0]) > room else []
            )
            if not repeated and not long:
                for p in waiting:
                    self._drop(p.value.text)
                return _Pending(one.name, made, reads, fold)
            self._name(max(repeated or long, key=lambda p: len(p.text[0])).value.text)

    def _times(self, one: Let | Load) -> Sequence[int]:
        if isinstance(one, Load) or one.op in FOLD:
            return (1,) * len(self._read(one))
        if one.op in INTEGER:
            return {"imin": (2, 2), "imax": (2, 2)}.get(one.op, (1,) * len(one.args))
        return self.helpers.written(one.op)

    def _found(self, value: Value) -> _Pending | None:
        for block in reversed(self._blocks):
            if value.text in block.waiting:
                return block.waiting[value.text]
        return None

    def _drop(self, name: str) -> None:
        for block in self._blocks:
            block.waiting.pop(name, None)

    def _text(self, value: Value) -> Text:
        found = self._found(value)
        if found is not None:
            return found.text
        if value.text in self.texts:
            return self.texts[value.text]
        if value.kind == "i":
            return value.text, UNARY if value.text[0] == "-" else ATOM
        return self.language.literal(value.text)

    def _take(self, value: Value, beside: int = 0) -> Text:
        """Return the text of a value, which is used by this statement alone if it has no name."""
        found = self._found(value)
        if found is not None and len(found.text[0]) + beside + self._blocks[-1].indent > WIDTH:
            self._name(value.text)
        text = self._text(value)
        self._drop(value.text)
        return text

    def _settle(self, arrays: set[str]) -> None:
        """Give a name to each waiting expression that reads one of some arrays, which change now."""
        for block in self._blocks:
            for name in [name for name, p in block.waiting.items() if p.reads & arrays]:
                self._name(name)

    def _name(self, name: str) -> None:
        """Write a line that gives a waiting expression a name."""
        block = next(block for block in self._blocks if name in block.waiting)
        pending = block.waiting.pop(name)
        label = self.code.labels.get(name)
        own = self.names.numbered(label) if label else self.names.temporary()
        kinds = {"r": self.language.number, "c": self.language.condition, "i": self.language.integer}
        self._line(f"{kinds[pending.value.kind]} {own} = {bare(pending.text[0])};")
        self.texts[name] = own, ATOM

    def _element(self, array: Array, offset: str) -> str:
        name = self.arrays[array.name]
        return name if array.name in self.made.numbers else f"{name}[{offset}]"

    def _loaded(self, one: Load, offset: Text) -> Text:
        text = self._element(one.array, offset[0])
        if one.array.kind == "i" and one.array.name not in self._singles and not self.made.is_small(one.array.name):
            return self.language.whole.format(text), ATOM
        return text, UNARY if text[0] == "*" else ATOM

    def _spelt(self, one: Let, texts: list[Text]) -> Text:
        if one.op in _ROUNDED:
            function = self.helpers.library(_ROUNDED[one.op])
            return f"{function}({', '.join([text[0] for text in texts])})", ATOM
        if one.op in INTEGER:
            return integer(one.op, texts, self.language)
        if one.op == "dot":
            return self.helpers.spell("add", [texts[0], self.helpers.spell("mul", texts[1:])])
        name = {"sum": "add", "product": "mul", "largest": "maximum", "smallest": "minimum"}.get(one.op, one.op)
        return self.helpers.spell(name, texts)


def counted(code: Code, count: Value, texts: dict[str, Text], language: Language) -> Text:
    """Return the text of a number of elements, given those of the sizes that are parameters."""
    found = dict(texts)
    for one in code.head:
        if isinstance(one, Let):
            found[one.name.text] = integer(one.op, [found.get(v.text, (v.text, ATOM)) for v in one.args], language)
    return found.get(count.text, (count.text, ATOM))


def size_of(code: Code, count: Value, sizes: Mapping[str, int]) -> int:
    """Return a number of elements for some sizes of the dimensions that are parameters."""
    found = {value.text: sizes[name] for name, value in code.sizes.items()}
    for one in code.head:
        if isinstance(one, Let) and one.op in EXACT:
            found[one.name.text] = EXACT[one.op](*[found[v.text] if v.text in found else int(v.text) for v in one.args])
    return found[count.text] if count.text in found else int(count.text)


def integer(op: str, texts: list[Text], language: Language) -> Text:
    """Return the text of an operation on integers."""
    if op in _SIGNS:
        sign, own = _SIGNS[op]
        if op == "imul" and texts[1][0].lstrip("-").isdigit() and texts[0][1] >= ATOM:
            texts = [texts[1], texts[0]]
        if (op, texts[0][0]) == ("isub", "0"):
            return f"-{tight(texts[1], PRODUCT)}", UNARY
        if op == "imul" and texts[0][0] == "-1":
            return f"-{tight(texts[1], PRODUCT)}", UNARY
        left, right = tight(texts[0], own), tight(texts[1], own + 1)
        if sign in "+-" and texts[1][0][0] == "-" and texts[1][1] >= PRODUCT:
            sign, right = "-+"[sign == "-"], texts[1][0][1:]
        if sign == "+" and texts[0][0][0] == "-" and texts[0][1] >= PRODUCT and texts[1][0][0] != "-":
            return f"{tight(texts[1], SUM)} - {texts[0][0][1:]}", SUM
        return f"{left} {sign} {right}", own
    if op == "idiv":
        parts = [tight(texts[0], PRODUCT), tight(texts[1], PRODUCT + 1)]
        made = language.quotient.format(*parts)
        return made, ATOM if made[-1] == ")" and "(" in made and made[0].isalpha() else PRODUCT
    if op in ("imin", "imax"):
        sign = "<" if op == "imin" else ">"
        x, y = (tight(text, SUM) for text in texts)
        return f"{x} {sign} {y} ? {x} : {y}", TERNARY
    if op == "iselect":
        c, x, y = (tight(text, OR) for text in texts)
        return f"{c} ? {x} : {y}", TERNARY
    if op == "float":
        return language.real.format(tight(texts[0], ATOM)), UNARY
    sign = {"ilt": "<", "ieq": language.signs.get("eq", "==")}[op]
    return f"{tight(texts[0], SUM)} {sign} {tight(texts[1], SUM)}", COMPARE


def missing(program: Program, language: Language) -> str | None:
    """Return the name of an operation that a language cannot do; None if there is none."""
    if not is_of_arrays(program):
        return curly.missing(program, language)
    waiting = [expand_exponentials(trimmed(program))]
    while waiting:
        one = waiting.pop()
        rows = one.graph.rows
        alive = [i for i, here in enumerate(live(one)) if here and rows[i][0] not in ("input", "const")]
        if any(isinstance(rows[i][0], Loop) for i in whole(one, alive)):
            return "loop"  # all of its results in one vector, which no formula has
        for row in [rows[i] for i in alive]:
            if isinstance(row[0], str):
                if not curly.has(row[0], language):
                    return row[0]
            elif isinstance(row[0], Running) and not row[0].unnested(*map(one.graph.shape, row[1:])):
                waiting += row[0].held
            elif isinstance(row[0], LoopPart):
                if not isinstance(rows[row[1]][0], Loop):
                    return row[0].name
            elif not isinstance(row[0], (Constant, Integers)) and (
                absent := row[0].unnested(*map(one.graph.shape, row[1:]))
            ):
                return str(absent)
    return None


def is_of_arrays(program: Program) -> bool:
    """Return whether a program takes arrays or computes with them. Results that are made of scalars do not count."""
    graph = program.graph
    ends = {*program.outputs}
    return bool(graph.shapes.keys() - (ends - {*program.inputs})) or any(
        isinstance(row[0], Operation) and not (i in ends and of_scalars(row[0])) for i, row in enumerate(graph.rows)
    )
