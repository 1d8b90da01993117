"""The native target: one loop over the points in LLVM IR, on the vectors of the machine.

The text is straight-line code on vectors, so that no optimiser has to find any: what depends
on uniform arguments alone stands in front of the loop, equal rows are one row already, and
elementary functions are calls of the vector variants that the C library has of them (of the
scalar function for each lane, where it has none).

    call(self, arrays, number)   a method of CPython: small arrays of one shape, in one piece
    share(table, count, strip, regions, state)  one row, strip by strip, which threads take in turn
    run(table, rows, count)      for each row: its pointers, then vectors, then tail
    vectors(pointers, count)     the loop over whole vectors
    tail(pointers, start, rest)  the points that are left, copied into a vector of their own

`table` holds for each array its address and the bytes from row to row: first of the
arguments that vary along a row, then of those that do not, then of the results.
A long program is cut into functions, which hand on values through memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from symdiff.build import Builder
from symdiff.emit.llvm_frame import LOOP, PART_OF, frame, method
from symdiff.emit.math import of_scalars
from symdiff.emit.passes import eager, expand_powers
from symdiff.evaluate import constant
from symdiff.ir import Graph, Program, Row, compact, live, operands, replay
from symdiff.language.lower import instantiate
from symdiff.primitives import PRIMITIVES

PART = 2000  # operations of a function: compilers take more than twice as long for twice as many

_INSTRUCTIONS = frozenset({"fadd", "fsub", "fmul", "fdiv", "frem", "fneg", "and", "or", "xor", "select"})


@dataclass(frozen=True, slots=True)
class Machine:
    """What the text depends on.

    Attributes:
        width: bytes of a vector.
        family: of processors, "x86", "aarch64", or "" for any other.
        variants: by function of the C library, its variant for vectors of that width.
        head: bytes of a NumPy array object in front of its fields, if native code may read them, else 0.
    """

    width: int = 16
    family: str = ""
    variants: Mapping[str, str] = field(default_factory=dict)
    head: int = 0


def missing(program: Program) -> str | None:
    """The first operation of `program` that the target does not have; arrays of scalars may be results."""
    graph, alive = program.graph, live(program)
    for i, row in enumerate(graph.rows):
        if alive[i] and not isinstance(row[0], str) and not (i in program.outputs and of_scalars(row)):
            return type(row[0]).__name__.lower()
        if alive[i] and row[0] in _MISSING:
            return str(row[0])
    arrays = {i for i in graph.shapes if alive[i]}
    inside = any(here and not arrays.isdisjoint(operands(row)) for row, here in zip(graph.rows, alive, strict=True))
    return "array arguments" if inside or not arrays.isdisjoint(program.inputs) else None


_MISSING = frozenset(name for name, p in PRIMITIVES.items() if p.llvm is None)


def prepare(program: Program) -> Program:
    """The program as `source` takes it: every operation has a word in LLVM."""
    return _spelt(eager(expand_powers(program) if program.graph.shared else compact(program)))


def source(program: Program, machine: Machine, *, single: bool, varying: Sequence[bool]) -> str:
    """The module of a prepared program of scalars.

    `single` is for single precision; `varying` says of each argument whether it varies along a row.
    """
    writer = _Writer(compact(program), machine, single=single, varying=varying)
    body = writer.vectors()
    counts = sum(varying), len(varying) - sum(varying), len(program.outputs)
    parts = [frame(counts, writer.scalar, writer.lanes, machine.family), body, *writer.helpers.values()]
    if machine.head and all(varying):
        parts.append(method(counts, machine.head))
    return "\n".join([*parts, *sorted(writer.declared), *_ATTRIBUTES])


# Vectors that wait on the stack must not lie across two lines of the cache: that takes twice the time.
_OF_FUNCTIONS = (
    'nounwind noinline alignstack=64 "stackrealign" "min-legal-vector-width"="512" "prefer-vector-width"="512"'
)
_ATTRIBUTES = (
    f"attributes #0 = {{ {_OF_FUNCTIONS} }}",
    "attributes #1 = { nounwind memory(none) }",
    "",
)


_MEMORY = """\
  %taken = call ptr @malloc(i64 {size})
  %end.of.line = getelementptr i8, ptr %taken, i64 63
  %memory = call ptr @llvm.ptrmask.p0.i64(ptr %end.of.line, i64 -64)
"""


def _is_formula(spelling: str) -> bool:
    return spelling in ("x", "y") or not spelling.replace(".", "_").replace(" ", "_").isidentifier()


_FORMULAS = {name: p.llvm for name, p in PRIMITIVES.items() if p.llvm is not None and _is_formula(p.llvm)}


def _spelt(program: Program) -> Program:
    """The program with formulas of simpler operations in the place of what LLVM has no word for."""
    while any(row[0] in _FORMULAS for row in program.graph.rows):
        builder = Builder(Graph(shared=program.graph.shared))
        builder.simplify = False

        def make(_: int, row: Row, builder: Builder = builder) -> int:
            text = _FORMULAS.get(row[0])
            if text is None:
                return builder.graph.intern(row)
            return instantiate(builder, text, dict(zip(PRIMITIVES[row[0]].parameters, row[1:], strict=True)))

        program = compact(replay(program, builder.graph, make))
    return program


class _Writer:
    """Writes `vectors`, and collects what it refers to."""

    def __init__(self, program: Program, machine: Machine, *, single: bool, varying: Sequence[bool]) -> None:
        self.program, self.machine = program, machine
        self.rows = program.graph.rows
        self.single = single
        self.scalar = "float" if single else "double"
        self.size = 4 if single else 8
        self.lanes = machine.width // self.size
        self.vector = f"<{self.lanes} x {self.scalar}>"
        self.mask = f"<{self.lanes} x i1>"
        self.varies = bytearray(len(self.rows))
        # Where in the table an argument stands.
        order = sorted(range(len(varying)), key=lambda k: not varying[k])
        self.places = {program.inputs[k]: place for place, k in enumerate(order)}
        for i, one in zip(program.inputs, varying, strict=True):
            self.varies[i] = one
        for i, row in enumerate(self.rows):
            self.varies[i] = self.varies[i] or any(self.varies[j] for j in operands(row))
        self.declared: set[str] = set()
        self.helpers: dict[str, str] = {}

    # The functions

    def vectors(self) -> str:
        """`vectors`, and the parts that it is cut into."""
        computed = [i for i, row in enumerate(self.rows) if row[0] not in ("input", "const")]
        before = [i for i in computed if not self.varies[i]]
        inside = [i for i in computed if self.varies[i]]
        if len(computed) > PART:
            return self._in_parts(before, inside)
        first = _Part(self, {})
        first.compute(before)
        for i, place in self.places.items():  # in front of the loop: addresses, and what is the same in it
            first.address(place) if self.varies[i] else first.use(i)
        for k in range(len(self.program.outputs)):
            first.address(len(self.places) + k)
        second = _Part(self, first.registers)
        second.compute(inside)
        second.store()
        return LOOP.format(before=first, inside=second, lanes=self.lanes)

    def _in_parts(self, before: Sequence[int], inside: Sequence[int]) -> str:
        cuts = [(rows[k : k + PART], rows is inside) for rows in (before, inside) for k in range(0, len(rows), PART)]
        cuts.append(([], True))  # which stores the results
        slots = self._slots([rows for rows, _ in cuts])
        texts: list[str] = []
        calls: tuple[list[str], list[str]] = ([], [])
        for n, (rows, looped) in enumerate(cuts):
            part = _Part(self, {}, slots)
            part.compute(rows)
            if n == len(cuts) - 1:
                part.store()
            texts.append(PART_OF.format(n=n, body=part))
            calls[looped].append(f"  call void @part{n}(ptr %pointers, ptr %memory, i64 {'%i' if looped else '0'})\n")
        size = (max(slots.values(), default=0) + 1) * self.machine.width
        self.declared |= {"declare ptr @malloc(i64)", "declare void @free(ptr)"}
        self.declared.add("declare ptr @llvm.ptrmask.p0.i64(ptr, i64)")
        take = _MEMORY.format(size=size + 64)
        loop = LOOP.format(before=take + "".join(calls[0]), inside="".join(calls[1]), lanes=self.lanes)
        return "\n".join([*texts, loop.replace("  ret void", "  call void @free(ptr %taken)\n  ret void")])

    def _slots(self, parts: Sequence[Sequence[int]]) -> dict[int, int]:
        """For each value that a later part needs, its place in memory, which is free again behind its last use."""
        made = {i: n for n, rows in enumerate(parts) for i in rows}
        last = dict(made)
        for i, n in made.items():
            for j in operands(self.rows[i]):
                if j in made:
                    last[j] = max(last[j], n)
        for i in self.program.outputs:
            if i in made:
                last[i] = len(parts)
        slots: dict[int, int] = {}
        free: list[int] = []
        ending: list[list[int]] = [[] for _ in range(len(parts) + 1)]
        count = 0
        for n, rows in enumerate(parts):
            for i in rows:
                if last[i] == n:
                    continue
                if not free:
                    free.append(count)
                    count += 1
                slots[i] = free.pop()
                ending[last[i] if self.varies[i] else -1].append(slots[i])
            free += ending[n]
        return slots

    # What a part refers to

    def literal(self, text: str) -> str:
        """A constant, the same in each lane."""
        value = constant(text)
        if isinstance(value, bool):
            return f"splat (i1 {'true' if value else 'false'})"
        return f"splat ({self.scalar} {number(value, single=self.single)})"

    def function(self, name: str, arity: int) -> str:
        """The name of the function on vectors for one of the C library."""
        name += "f" * self.single
        variant = self.machine.variants.get(name)
        if variant is not None:
            self.declared.add(f"declare {self.vector} @{variant}({', '.join([self.vector] * arity)})")
            return variant
        self.declared.add(f"declare {self.scalar} @{name}({', '.join([self.scalar] * arity)})")
        own = f"each.{name}"
        if own not in self.helpers:
            self.helpers[own] = self._each(own, name, arity)
        return own

    def _each(self, own: str, name: str, arity: int) -> str:
        parameters = [f"{self.vector} %x{k}" for k in range(arity)]
        lines = [f"define internal {self.vector} @{own}({', '.join(parameters)}) #0 {{"]
        result = "poison"
        for lane in range(self.lanes):
            lines += [f"  %x{k}.{lane} = extractelement {self.vector} %x{k}, i64 {lane}" for k in range(arity)]
            given = ", ".join(f"{self.scalar} %x{k}.{lane}" for k in range(arity))
            lines.append(f"  %y{lane} = call {self.scalar} @{name}({given})")
            lines.append(f"  %r{lane} = insertelement {self.vector} {result}, {self.scalar} %y{lane}, i64 {lane}")
            result = f"%r{lane}"
        return "\n".join([*lines, f"  ret {self.vector} {result}", "}", ""])

    def intrinsic(self, name: str, arity: int) -> str:
        """The name of an intrinsic on vectors."""
        own = f"{name}.v{self.lanes}f{8 * self.size}"
        self.declared.add(f"declare {self.vector} @{own}({', '.join([self.vector] * arity)})")
        return own


class _Part:
    """Straight-line code; `registers` are known in front of it."""

    def __init__(
        self, writer: _Writer, registers: Mapping[object, str], slots: Mapping[int, int] | None = None
    ) -> None:
        self.writer = writer
        self.registers = dict(registers)
        self.slots = slots or {}
        self.lines: list[str] = []

    def __str__(self) -> str:
        return "".join(f"  {line}\n" for line in self.lines)

    def compute(self, rows: Iterable[int]) -> None:
        """The lines for rows, in order."""
        for i in rows:
            text = self.operation(self.writer.rows[i])
            self.lines.append(f"%v{i} = {text}")
            self.registers[i] = f"%v{i}"
            if i in self.slots:
                self.lines.append(f"store {self.kind(i)} %v{i}, ptr {self.slot(i)}, align 1")

    def operation(self, row: Row) -> str:
        """The right-hand side of a row."""
        writer, primitive = self.writer, PRIMITIVES[row[0]]
        word = primitive.llvm
        assert word, f"{row[0]} has no spelling in LLVM"
        given = [self.use(j) for j in row[1:]]
        vector, mask = writer.vector, writer.mask
        if word == "select":
            return f"select {mask} {given[0]}, {vector} {given[1]}, {vector} {given[2]}"
        if word == "xor":
            return f"xor {mask} {given[0]}, splat (i1 true)"
        if word in ("and", "or"):
            return f"{word} {mask} {', '.join(given)}"
        if word in _INSTRUCTIONS or word.startswith("fcmp"):
            return f"{word} {vector} {', '.join(given)}"
        name = (writer.intrinsic if word.startswith("llvm.") else writer.function)(word, primitive.arity)
        return f"call {vector} @{name}({', '.join(f'{vector} {x}' for x in given)}) #1"

    def use(self, i: int) -> str:
        """The operand that is row `i`, read from memory where it has to be."""
        writer = self.writer
        row = writer.rows[i]
        if row[0] == "const":
            return writer.literal(row[1])
        if i not in self.registers:
            self.registers[i] = own = f"%v{i}"
            if row[0] != "input":
                place = self.slot(i)
                self.lines.append(f"{own} = load {self.kind(i)}, ptr {place}, align 1")
            elif writer.varies[i]:
                place = self.element(writer.places[i])
                self.lines.append(f"{own} = load {writer.vector}, ptr {place}, align {writer.size}")
            else:
                place = self.address(writer.places[i])
                vector, zeros = writer.vector, f"<{writer.lanes} x i32> zeroinitializer"
                self.lines += [
                    f"{own}.s = load {writer.scalar}, ptr {place}",
                    f"{own}.v = insertelement {vector} poison, {writer.scalar} {own}.s, i64 0",
                    f"{own} = shufflevector {vector} {own}.v, {vector} poison, {zeros}",
                ]
        return self.registers[i]

    def store(self) -> None:
        """The lines that write the results."""
        writer = self.writer
        for k, i in enumerate(writer.program.outputs):
            value, place = self.use(i), self.element(len(writer.places) + k)
            self.lines.append(f"store {writer.vector} {value}, ptr {place}, align {writer.size}")

    def kind(self, i: int) -> str:
        """The type of row `i`."""
        return self.writer.mask if self.writer.program.graph.is_condition(i) else self.writer.vector

    def address(self, place: int) -> str:
        """The pointer at a place of the table."""
        key = ("address", place)
        if key not in self.registers:
            self.registers[key] = own = f"%p{place}"
            self.lines.append(f"{own}.at = getelementptr ptr, ptr %pointers, i64 {place}")
            self.lines.append(f"{own} = load ptr, ptr {own}.at")
        return self.registers[key]

    def element(self, place: int) -> str:
        """The address of the elements that this round of the loop is about."""
        address = self.address(place)
        self.lines.append(f"{address}.i = getelementptr {self.writer.scalar}, ptr {address}, i64 %i")
        return f"{address}.i"

    def slot(self, i: int) -> str:
        """The address of a value that is handed on."""
        own = f"%m{i}"
        self.lines.append(f"{own} = getelementptr i8, ptr %memory, i64 {self.slots[i] * self.writer.machine.width}")
        return own


def number(value: float, *, single: bool) -> str:
    """A float as LLVM writes one that has no short decimal form: the bits of a double."""
    if single:
        try:
            (value,) = struct.unpack("f", struct.pack("f", value))
        except OverflowError:
            value = float("inf") if value > 0 else float("-inf")
    return f"0x{struct.unpack('Q', struct.pack('d', value))[0]:016X}"
