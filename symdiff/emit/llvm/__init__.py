"""The native target: loops over points or elements in LLVM IR, on the vectors of the machine.

The text is straight-line code on vectors, so no optimiser has to find them. What depends only on arguments that do not
vary stands in front of the loop. Equal rows are one row already. Elementary functions are calls of the vector variants
of the C library, or of the scalar function for each lane if there is no variant.

A module has these functions:

    call(self, arrays, number)          a method of CPython for small arrays of one shape, each in one piece
    run(table, first, end, count, phases)  for each row: the pointers, then `compute`
    compute(pointers, count, phases)    each loop, then `finish`
    phase0(pointers, count)             a loop with folds, then the lanes of each fold
    vectors0(pointers, count, sums)     the loop over whole vectors
    finish(pointers)                    the single numbers, after all loops

The first three, and loops without folds, only call functions that all modules share; see `symdiff.emit.llvm.common`.

`table` has two entries for each array: the address, and the bytes from row to row.
`Counts` has the order of the arrays. A bit of `phases` says whether a loop runs. A long program is cut into several
functions, which pass values through memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from symdiff.emit.fuse import Loop, Loops
from symdiff.emit.llvm import common
from symdiff.emit.llvm.folds import declared, folding
from symdiff.emit.llvm.frame import FINISH, LOOP, PART_OF, frame, method, phase
from symdiff.emit.llvm.vectors import Counts, Vectors
from symdiff.graph.ir import Program, Row, operands
from symdiff.ops.evaluate import constant
from symdiff.ops.table import PRIMITIVES

PART = 2000  # the most operations of a function; LLVM takes more than twice as long for twice as many

ALL = 1 << 62  # points; there are fewer in memory

# The additions that take as long on vectors as a function of the C library, and as some slow instructions.
_FUNCTION, _SLOW = 24, {"fdiv": 8, "frem": 24, "llvm.sqrt": 8}

_INSTRUCTIONS = frozenset({"fadd", "fsub", "fmul", "fdiv", "frem", "fneg", "and", "or", "xor", "select"})


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine for which a module is written.

    Attributes:
        width: The bytes of a vector.
        family: The family of processors: "x86", "aarch64", or "" for any other.
        variants: The vector variants of functions of the C library, by the name of the function.
        head: The bytes of an object in front of its fields. 0 if native code cannot read those of NumPy's arrays.
        items: The bytes of a tuple in front of its items.
    """

    width: int = 16
    family: str = ""
    variants: Mapping[str, str] = field(default_factory=dict)
    head: int = 0
    items: int = 0


def source(
    loops: Loops, machine: Machine, *, single: bool, varying: Sequence[bool], share: int = ALL, threads: int = 1
) -> str:
    """Return the module of prepared loops.

    Args:
        loops: What `prepare` returns.
        machine: The machine.
        single: Compute in single precision.
        varying: Whether each input varies along a row.
        share: The points that are worth a thread, for the method `call` of points.
        threads: The most threads that the method uses.
    """
    writer = Writer(loops, machine, single=single, varying=varying)
    counts = Counts(
        varying=sum(varying),
        numbers=len(varying) - sum(varying),
        folds=len(loops.folds),
        results=len(loops.results) - loops.single,
        single=loops.single,
    )
    texts: list[str] = []
    calls: list[str] = []
    for n, loop in enumerate(loops.loops):
        folds = [loops.folds[k] for k in loop.folds]
        written = {*loop.stores, *[loops.kept[k] for k in loop.keeps]}
        texts.append(writer.vectors(n, loop))
        text, call = phase(n, writer.type, counts, {*writer.found.values()}, written, loop.folds, folds)
        texts.append(text)
        calls.append(call)
    if loops.single:
        texts.append(writer.finish())
    parts = [frame(counts, calls, machine.family, quiet=loops.quiet), *texts, *writer.helpers.values()]
    if machine.head:
        parts.append(method(counts, writer.type, machine.head, alike=loops.shape is None, share=share, threads=threads))
    shared = [common.declaration(name) for name in common.needed("".join(parts))]
    return "\n".join([*parts, *shared, *sorted(writer.declared), *ATTRIBUTES])


# Vectors on the stack must not lie across two lines of the cache, since that takes twice the time.
_OF_FUNCTIONS = (
    'nounwind noinline alignstack=64 "stackrealign" "min-legal-vector-width"="512" "prefer-vector-width"="512"'
)
ATTRIBUTES = (
    f"attributes #0 = {{ {_OF_FUNCTIONS} }}",
    "attributes #1 = { nounwind memory(none) }",
    "",
)


_MEMORY = """\
  %taken = call ptr @malloc(i64 {size})
  %end.of.line = getelementptr i8, ptr %taken, i64 63
  %memory = call ptr @llvm.ptrmask.p0.i64(ptr %end.of.line, i64 -64)
"""


def work_of(program: Program) -> int:
    """Return the time that a point of a prepared program takes on vectors, in additions."""
    words = [PRIMITIVES[row[0]].llvm or "" for row in program.graph.rows if operands(row)]
    return max(sum([_SLOW.get(word, 1 if _is_instruction(word) else _FUNCTION) for word in words]), 1)


def _is_instruction(word: str) -> bool:
    return word in _INSTRUCTIONS or word.startswith(("fcmp", "llvm."))


class Writer:
    """Writes the functions that compute rows, and collects the functions that they call.

    Attributes:
        type: The type of vectors.
        varies: For each row, whether it varies along a row of arrays.
        places: The place of each input in the table.
        declared: Declarations of functions of other modules.
        helpers: The texts of functions of this module, by name.
        found: For each row that an earlier loop kept, the result in whose array the current loop finds the value.
        code: The class of the code that it writes.
    """

    code: type[StraightCode]

    def __init__(self, loops: Loops, machine: Machine, *, single: bool, varying: Sequence[bool]) -> None:
        program = loops.program
        varying = [*varying, *[False] * len(loops.folds)]
        self.loops, self.program, self.machine = loops, program, machine
        self.rows = program.graph.rows
        self.single = single
        self.type = Vectors("float", machine.width // 4) if single else Vectors("double", machine.width // 8)
        self.varies = bytearray(len(self.rows))
        order = sorted(range(len(varying)), key=lambda k: not varying[k])
        self.places = {program.inputs[k]: place for place, k in enumerate(order)}
        for i, one in zip(program.inputs, varying, strict=True):
            self.varies[i] = one
        for i, row in enumerate(self.rows):
            self.varies[i] = self.varies[i] or any(self.varies[j] for j in operands(row))
        self.declared: set[str] = set()
        self.helpers: dict[str, str] = {}
        self.found: dict[int, int] = {}

    # The functions

    def vectors(self, n: int, loop: Loop) -> str:
        """Return the function of a loop, after the parts into which it is cut if it is long."""
        outputs, behind = self.program.outputs, len(self.loops.results)
        folded = [outputs[behind + k] for k in loop.folds]
        stored = {k: outputs[k] for k in loop.stores}
        for k in loop.keeps:
            stored.setdefault(self.loops.kept[k], outputs[behind + len(self.loops.folds) + k])
        self.found = self._found(loop)
        computed = self.computed([*stored.values(), *folded])
        before = [i for i in computed if not self.varies[i]]
        inside = [i for i in computed if self.varies[i]]
        if len(computed) > PART and not folded:
            return self._in_parts(n, stored, before, inside)
        used = {j for i in computed for j in operands(self.rows[i])} | {*folded, *stored.values()}
        first = self.code(self, {})
        first.compute(before)
        for i, place in self.places.items():  # in front of the loop: addresses, and values that do not vary
            if i in used:
                first.address(place) if self.varies[i] else first.use(i)
        for k in (*stored, *[k for i, k in self.found.items() if i in used]):
            first.address(len(self.places) + k)
        second = self.code(self, first.registers)
        second.compute(inside)
        second.store(stored)
        if folded:
            given = [second.use(i) for i in folded]
            kinds = [self.loops.folds[k] for k in loop.folds]
            self.declared |= declared(kinds, self.type)
            return folding(n, self.type, kinds, given, first, second)
        return LOOP.format(n=n, before=first, inside=second, lanes=self.type.lanes)

    def finish(self) -> str:
        """Return the function that stores single numbers after all loops."""
        last = range(len(self.loops.results) - self.loops.single, len(self.loops.results))
        part = self.code(self, {})
        part.compute(self.computed([self.program.outputs[k] for k in last]))
        for k in last:
            value, place = part.use(self.program.outputs[k]), part.address(len(self.places) + k)
            part.lines.append(f"%n{k} = extractelement {self.type} {value}, i64 0")
            part.lines.append(f"store {self.type.scalar} %n{k}, ptr {place}")
        return FINISH.format(body=part)

    def _found(self, loop: Loop) -> dict[int, int]:
        """Return the rows that loops before this one kept, each with the result in whose array the value still is."""
        loops, outputs = self.loops, self.program.outputs
        kept = outputs[len(loops.results) + len(loops.folds) :][: loop.keeps.start]
        pairs = zip(kept, loops.kept, strict=False)
        return {i: k for i, k in pairs if outputs[k] == i or k >= loop.stores.start}

    def computed(self, outputs: Iterable[int]) -> list[int]:
        """Return the rows that are computed for some outputs, in order. Those that an earlier loop kept are not."""
        if len(self.loops.loops) + bool(self.loops.single) == 1:
            return [i for i, row in enumerate(self.rows) if row[0] not in ("input", "const")]
        needed = bytearray(len(self.rows))
        for i in outputs:
            needed[i] = 1
        for i in range(len(self.rows) - 1, -1, -1):
            if i in self.found:
                needed[i] = 0
            for j in operands(self.rows[i]) if needed[i] else ():
                needed[j] = 1
        return [i for i, row in enumerate(self.rows) if needed[i] and row[0] not in ("input", "const")]

    def _in_parts(self, n: int, stored: Mapping[int, int], before: Sequence[int], inside: Sequence[int]) -> str:
        """Return the functions of a long loop: parts, and a function that calls them."""
        cuts = [(rows[k : k + PART], rows is inside) for rows in (before, inside) for k in range(0, len(rows), PART)]
        cuts.append(([], True))  # which stores the results
        slots = self._slots([rows for rows, _ in cuts])
        texts: list[str] = []
        calls: tuple[list[str], list[str]] = ([], [])
        for k, (rows, looped) in enumerate(cuts):
            part = self.code(self, {}, slots)
            part.compute(rows)
            if k == len(cuts) - 1:
                part.store(stored)
            texts.append(PART_OF.format(n=n, k=k, body=part))
            calls[looped].append(
                f"  call void @part{n}.{k}(ptr %pointers, ptr %memory, i64 {'%i' if looped else '0'})\n"
            )
        size = (max(slots.values(), default=0) + 1) * self.machine.width
        self.declared |= {"declare ptr @malloc(i64)", "declare void @free(ptr)"}
        self.declared.add("declare ptr @llvm.ptrmask.p0.i64(ptr, i64)")
        take = _MEMORY.format(size=size + 64)
        text = LOOP.format(n=n, before=take + "".join(calls[0]), inside="".join(calls[1]), lanes=self.type.lanes)
        return "\n".join([*texts, text.replace("  ret void", "  call void @free(ptr %taken)\n  ret void")])

    def _slots(self, parts: Sequence[Sequence[int]]) -> dict[int, int]:
        """Return the place in memory of each value that a later part needs. It is free again after the last use."""
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

    # What the parts refer to

    def literal(self, text: str) -> str:
        """Return a constant that is the same in each lane."""
        value = constant(text)
        if isinstance(value, bool):
            return f"splat (i1 {'true' if value else 'false'})"
        return f"splat ({self.type.scalar} {number(value, single=self.single)})"

    def function(self, name: str, arity: int) -> str:
        """Return the name of the function on vectors for a function of the C library."""
        name += "f" * self.single
        variant = self.machine.variants.get(name)
        if variant is not None:
            self.declared.add(f"declare {self.type} @{variant}({', '.join([str(self.type)] * arity)})")
            return variant
        self.declared.add(f"declare {self.type.scalar} @{name}({', '.join([self.type.scalar] * arity)})")
        own = f"each.{name}"
        if own not in self.helpers:
            self.helpers[own] = self._each(own, name, arity)
        return own

    def _each(self, own: str, name: str, arity: int) -> str:
        """Return a function on vectors that calls a function of the C library for each lane."""
        parameters = [f"{self.type} %x{k}" for k in range(arity)]
        lines = [f"define internal {self.type} @{own}({', '.join(parameters)}) #0 {{"]
        result = "poison"
        for lane in range(self.type.lanes):
            lines += [f"  %x{k}.{lane} = extractelement {self.type} %x{k}, i64 {lane}" for k in range(arity)]
            given = ", ".join(f"{self.type.scalar} %x{k}.{lane}" for k in range(arity))
            lines.append(f"  %y{lane} = call {self.type.scalar} @{name}({given})")
            lines.append(f"  %r{lane} = insertelement {self.type} {result}, {self.type.scalar} %y{lane}, i64 {lane}")
            result = f"%r{lane}"
        return "\n".join([*lines, f"  ret {self.type} {result}", "}", ""])

    def intrinsic(self, name: str, arity: int) -> str:
        """Return the name of an intrinsic on vectors."""
        own = f"{name}.{self.type.suffix}"
        self.declared.add(f"declare {self.type} @{own}({', '.join([str(self.type)] * arity)})")
        return own


class StraightCode:
    """Straight-line code.

    Attributes:
        registers: The registers of rows and addresses, as far as they are known.
        slots: The places in memory of the values that later parts need.
        lines: The lines so far.
    """

    def __init__(self, writer: Writer, registers: Mapping[object, str], slots: Mapping[int, int] | None = None) -> None:
        self.writer = writer
        self.registers = dict(registers)
        self.slots = slots or {}
        self.lines: list[str] = []

    def __str__(self) -> str:
        return "".join(f"  {line}\n" for line in self.lines)

    def compute(self, rows: Iterable[int]) -> None:
        """Write the lines that compute rows, in order."""
        for i in rows:
            text = self.operation(self.writer.rows[i])
            self.lines.append(f"%v{i} = {text}")
            self.registers[i] = f"%v{i}"
            if i in self.slots:
                self.lines.append(f"store {self.kind(i)} %v{i}, ptr {self.slot(i)}, align 1")

    def operation(self, row: Row) -> str:
        """Return the right-hand side of a row."""
        writer, primitive = self.writer, PRIMITIVES[row[0]]
        word = primitive.llvm
        assert word, f"{row[0]} has no spelling in LLVM"
        given = [self.use(j) for j in row[1:]]
        vector, mask = writer.type, writer.type.mask
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
        """Return row `i` as an operand. Read it from memory first if it is in no register."""
        writer = self.writer
        row = writer.rows[i]
        if row[0] == "const":
            return writer.literal(row[1])
        if i not in self.registers:
            self.registers[i] = own = f"%v{i}"
            if i in writer.found:
                place = self.element(len(writer.places) + writer.found[i])
                self.lines.append(f"{own} = load {writer.type}, ptr {place}, align {writer.type.size}")
            elif row[0] != "input":
                place = self.slot(i)
                self.lines.append(f"{own} = load {self.kind(i)}, ptr {place}, align 1")
            elif writer.varies[i]:
                place = self.element(writer.places[i])
                self.lines.append(f"{own} = load {writer.type}, ptr {place}, align {writer.type.size}")
            else:
                place = self.address(writer.places[i])
                vector, zeros = writer.type, f"<{writer.type.lanes} x i32> zeroinitializer"
                self.lines += [
                    f"{own}.s = load {writer.type.scalar}, ptr {place}",
                    f"{own}.v = insertelement {vector} poison, {writer.type.scalar} {own}.s, i64 0",
                    f"{own} = shufflevector {vector} {own}.v, {vector} poison, {zeros}",
                ]
        return self.registers[i]

    def store(self, stored: Mapping[int, int]) -> None:
        """Write the lines that store rows in the arrays of results: for the number of each result, the row."""
        writer = self.writer
        values = {k: self.use(i) for k, i in stored.items()}  # which may read what is overwritten
        for k, value in values.items():
            place = self.element(len(writer.places) + k)
            self.lines.append(f"store {writer.type} {value}, ptr {place}, align {writer.type.size}")

    def kind(self, i: int) -> str:
        """Return the type of row `i`."""
        return self.writer.type.mask if self.writer.program.graph.is_condition(i) else str(self.writer.type)

    def address(self, place: int) -> str:
        """Return the pointer at a place of the table."""
        key = ("address", place)
        if key not in self.registers:
            self.registers[key] = own = f"%p{place}"
            self.lines.append(f"{own}.at = getelementptr ptr, ptr %pointers, i64 {place}")
            self.lines.append(f"{own} = load ptr, ptr {own}.at")
        return self.registers[key]

    def element(self, place: int) -> str:
        """Return the address of the current elements of an array."""
        key = ("element", place)
        if key not in self.registers:
            address = self.address(place)
            self.registers[key] = own = f"{address}.i"
            self.lines.append(f"{own} = getelementptr {self.writer.type.scalar}, ptr {address}, i64 %i")
        return self.registers[key]

    def slot(self, i: int) -> str:
        """Return the address of a value that is passed to another part."""
        own = f"%m{i}"
        self.lines.append(f"{own} = getelementptr i8, ptr %memory, i64 {self.slots[i] * self.writer.machine.width}")
        return own


Writer.code = StraightCode


def number(value: float, *, single: bool) -> str:
    """Return a float as LLVM writes it without rounding: the bits of a double."""
    if single:
        try:
            (value,) = struct.unpack("f", struct.pack("f", value))
        except OverflowError:
            value = float("inf") if value > 0 else float("-inf")
    return f"0x{struct.unpack('Q', struct.pack('d', value))[0]:016X}"
