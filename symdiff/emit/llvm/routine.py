"""Native code of routines: the code of nested loops, and around it the loop of a ufunc.

A module has these functions:

    loop(args, dims, steps, data)     the loop of a generalised ufunc; it adds to the counts in `data`
    body(arrays, sizes)               the code at one point; it returns whether NumPy has to compute the results

`data` has a count for each kind of floating-point error, then a count of points that NumPy has to compute, then a count
of calls with arrays whose elements do not lie one after the other, which compute nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from symdiff.emit.code import Array, Break, Code, Fail, For, Let, Load, Statement, Store, Value, When
from symdiff.emit.llvm import Machine, number
from symdiff.emit.llvm.common import errors_kept
from symdiff.emit.llvm.program import spelled
from symdiff.emit.routines import Routine, written
from symdiff.graph.dims import Dim, symbol
from symdiff.ops.table import PRIMITIVES

_SMALL = 128  # elements of an array that is on the stack
_STACK = 1024  # elements of all such arrays together
_INTEGER = {"iadd": "add nsw", "isub": "sub nsw", "imul": "mul nsw", "idiv": "sdiv", "imod": "srem"}
_NAME = re.compile(r"[vid]\d+")


def signature(routine: Routine) -> str:
    """Return the signature of the generalised ufunc of a routine. Each dimension has a name."""
    texts = [f"({','.join(names)})" for names in _axes(routine)]
    count = len(routine.body.inputs)
    return f"{','.join(texts[:count])}->{','.join(texts[count:])}"


def _axes(routine: Routine) -> list[list[str]]:
    names: dict[Dim, str] = {}
    for shape in routine.shapes:
        for dim in shape:
            names.setdefault(dim, str(dim) if isinstance(dim, int) else f"e{len(names)}")
    return [[names[dim] for dim in shape] for shape in routine.shapes]


def source(routine: Routine, machine: Machine, *, single: bool) -> str:
    """Return the module of a routine. The family of the machine must be one of `FAMILIES`.

    Args:
        routine: The routine.
        machine: The machine.
        single: Compute in single precision.
    """
    made = written(routine, spelled)
    printer = _Printer(made.code, machine, single=single)
    outer = _Printer(made.code, machine, single=single)
    parts = [_loop(routine, made.arrays, outer, errors_kept(machine.family)[:2]), printer.body(made.arrays)]
    declared = sorted(printer.declared | outer.declared)
    return "\n".join([*parts, *declared, errors_kept(machine.family)[2], *printer.attributes()])


class _Printer:
    """Prints the code of the body.

    Attributes:
        lines: The lines so far.
        declared: Declarations of functions of other modules.
        label: The block that is being written.
    """

    def __init__(self, code: Code, machine: Machine, *, single: bool) -> None:
        self.code, self.machine, self.single = code, machine, single
        self.type, self.suffix = ("float", "f32") if single else ("double", "f64")
        self.lines: list[str] = []
        self.declared: set[str] = set()
        self.label = "begin"
        self._labels = 0
        self._ends: list[str] = []  # the labels behind the loops around
        self._groups: dict[str, str] = {}

    def body(self, arrays: Sequence[Array]) -> str:
        """Return the function `body`."""
        own, large = self.rooms()
        given = [f"ptr noalias %{a.name}" for a in (*arrays, *[a for a, _ in large])]
        given += [f"i64 %{size.text}" for size in self.code.sizes.values()]
        for array, count in own:
            self.lines.append(f"%{array.name} = alloca [{max(count, 1)} x {self.kind(array.kind)}], align 64")
        self.print([*self.code.head, *self.code.checks, *self.code.block])
        self.lines.append("ret i32 0")
        return f"define internal i32 @body({', '.join(given)}) #0 {{\nbegin:\n{self.text()}}}\n"

    def memory(self) -> tuple[str, list[str]]:
        """Return the code that takes memory for the arrays that are too large for the stack, and their addresses."""
        _, large = self.rooms()
        if not large:
            return "  %memory = getelementptr i8, ptr null, i64 64\n", []
        self.declared |= {"declare ptr @malloc(i64)", "declare void @free(ptr)"}
        self.print(self.code.head)
        starts = ["0"]
        for k, (array, count) in enumerate(large):
            size = 4 if self.single and array.kind == "r" else 8
            self.lines += [
                f"%bytes{k} = mul i64 {self.use(count)}, {size}",
                f"%more{k} = add i64 %bytes{k}, 63",
                f"%room{k} = and i64 %more{k}, -64",
                f"%behind{k} = add i64 {starts[-1]}, %room{k}",
            ]
            starts.append(f"%behind{k}")
        self.lines.append(f"%memory.size = add i64 {starts.pop()}, 64")
        self.lines.append("%memory = call ptr @malloc(i64 %memory.size)")
        self.lines.append("%memory.in = ptrtoint ptr %memory to i64")
        self.lines.append("%memory.up = add i64 %memory.in, 63")
        self.lines.append("%memory.at = and i64 %memory.up, -64")
        self.lines.append("%aligned = inttoptr i64 %memory.at to ptr")
        for k, start in enumerate(starts):
            self.lines.append(f"%{large[k][0].name} = getelementptr i8, ptr %aligned, i64 {start}")
        return self.text(), [f"ptr %{array.name}" for array, _ in large]

    def rooms(self) -> tuple[list[tuple[Array, int]], list[tuple[Array, Value]]]:
        """Return the arrays that fit on the stack, and the others."""
        own: list[tuple[Array, int]] = []
        large: list[tuple[Array, Value]] = []
        left = _STACK
        for array, count in self.code.rooms:
            number = int(count.text) if count.text.isdigit() else left + 1
            if number <= min(_SMALL, left):
                left -= number
                own.append((array, number))
            else:
                large.append((array, count))
        return own, large

    def text(self) -> str:
        """Return the lines so far."""
        return "".join([f"{line}\n" if line.endswith(":") else f"  {line}\n" for line in self.lines])

    # Statements

    def print(self, block: Sequence[Statement]) -> None:
        """Print statements. Nested blocks are printed in turn, since they may be deep."""
        waiting: list[Iterator[Statement | str]] = [iter(block)]
        while waiting:
            one = next(waiting[-1], None)
            if one is None:
                waiting.pop()
            elif isinstance(one, For):
                waiting.append(self._for(one))
            elif isinstance(one, When):
                waiting.append(self._when(one))
            else:
                self._statement(one)  # type: ignore[arg-type]  # no block

    def _for(self, one: For) -> Iterator[Statement]:
        index, start, stop = one.counter.text, self.use(one.start), self.use(one.stop)
        before, head, body, done = self.label, f"head.{index}", f"body.{index}", f"done.{index}"
        self.lines.append(f"br label %{head}")
        self._open(head)
        at = len(self.lines)
        self.lines.append("")
        self.lines.append(f"%more.{index} = icmp slt i64 %k.{index}, {stop}")
        self.lines.append(f"br i1 %more.{index}, label %{body}, label %{done}")
        self._open(body)
        if one.back:
            self.lines += [
                f"%sum.{index} = add nsw i64 {start}, {stop}",
                f"%last.{index} = sub nsw i64 %sum.{index}, 1",
                f"%{index} = sub nsw i64 %last.{index}, %k.{index}",
            ]
        else:
            self.lines.append(f"%{index} = add nsw i64 %k.{index}, 0")
        self._ends.append(done)
        yield from one.block
        self._ends.pop()
        self.lines.append(f"%next.{index} = add nsw i64 %k.{index}, 1")
        self.lines.append(f"br label %{head}")
        self.lines[at] = f"%k.{index} = phi i64 [ {start}, %{before} ], [ %next.{index}, %{self.label} ]"
        self._open(done)

    def _when(self, one: When) -> Iterator[Statement]:
        self._labels += 1
        n = self._labels
        self.lines.append(f"br i1 {self.use(one.condition)}, label %then{n}, label %else{n}")
        self._open(f"then{n}")
        yield from one.block
        self.lines.append(f"br label %else{n}")
        self._open(f"else{n}")

    def _open(self, label: str) -> None:
        self.lines.append(f"{label}:")
        self.label = label

    def _statement(self, one: Statement) -> None:
        if isinstance(one, Let):
            self._let(one)
        elif isinstance(one, Load):
            kind, place = self.kind(one.array.kind), self._element(one.array, one.offset)
            self.lines.append(f"%{one.name.text} = load {kind}, ptr {place}")
        elif isinstance(one, Store):
            kind, place = self.kind(one.array.kind), self._element(one.array, one.offset)
            self.lines.append(f"store {kind} {self.use(one.value)}, ptr {place}")
        else:
            assert isinstance(one, (Break, Fail))
            self._labels += 1
            self.lines.append("ret i32 1" if isinstance(one, Fail) else f"br label %{self._ends[-1]}")
            self._open(f"behind{self._labels}")

    def _element(self, array: Array, offset: Value) -> str:
        self._labels += 1
        kind = self.kind(array.kind)
        self.lines.append(
            f"%p{self._labels} = getelementptr inbounds {kind}, ptr %{array.name}, i64 {self.use(offset)}"
        )
        return f"%p{self._labels}"

    def _let(self, one: Let) -> None:
        name, op, args = f"%{one.name.text}", one.op, [self.use(x) for x in one.args]
        kind, lines = self.type, self.lines
        if op in _INTEGER:
            lines.append(f"{name} = {_INTEGER[op]} i64 {', '.join(args)}")
        elif op in ("ifdiv", "ifmod"):
            self._rounded(name, op, args)
        elif op in ("imin", "imax"):
            self.declared.add(f"declare i64 @llvm.s{op[1:]}.i64(i64, i64)")
            lines.append(f"{name} = call i64 @llvm.s{op[1:]}.i64(i64 {args[0]}, i64 {args[1]})")
        elif op in ("ilt", "ieq"):
            lines.append(f"{name} = icmp {'slt' if op == 'ilt' else 'eq'} i64 {', '.join(args)}")
        elif op == "iselect":
            lines.append(f"{name} = select i1 {args[0]}, i64 {args[1]}, i64 {args[2]}")
        elif op == "float":
            lines.append(f"{name} = sitofp i64 {args[0]} to {kind}")
        elif op in ("sum", "product"):
            lines.append(f"{name} = f{'add' if op == 'sum' else 'mul'} reassoc {kind} {', '.join(args)}")
        elif op == "dot":
            lines.append(f"{name}.p = fmul reassoc contract {kind} {args[1]}, {args[2]}")
            lines.append(f"{name} = fadd reassoc contract {kind} {args[0]}, {name}.p")
        elif op in ("largest", "smallest"):
            lines.append(self._call(name, f"llvm.{'max' if op == 'largest' else 'min'}imum", args))
        else:
            self._elementwise(name, op, one, args)

    def _rounded(self, name: str, op: str, args: Sequence[str]) -> None:
        """Print a quotient that is rounded down, or its remainder."""
        x, y = args
        self.lines += [
            f"{name}.zero = icmp eq i64 {y}, 0",
            f"{name}.minus = icmp eq i64 {y}, -1",  # by which the processor cannot divide the least integer
            f"{name}.one = or i1 {name}.zero, {name}.minus",
            f"{name}.by = select i1 {name}.one, i64 1, i64 {y}",
            f"{name}.rest = srem i64 {x}, {name}.by",
            f"{name}.some = icmp ne i64 {name}.rest, 0",
            f"{name}.signs = xor i64 {name}.rest, {name}.by",
            f"{name}.apart = icmp slt i64 {name}.signs, 0",
            f"{name}.down = and i1 {name}.some, {name}.apart",
        ]
        if op == "ifmod":
            self.lines.append(f"{name}.up = add i64 {name}.rest, {name}.by")
            self.lines.append(f"{name}.made = select i1 {name}.down, i64 {name}.up, i64 {name}.rest")
        else:
            self.lines.append(f"{name}.cut = sdiv i64 {x}, {name}.by")
            self.lines.append(f"{name}.less = sub i64 {name}.cut, 1")
            self.lines.append(f"{name}.whole = select i1 {name}.down, i64 {name}.less, i64 {name}.cut")
            self.lines.append(f"{name}.other = sub i64 0, {name}.whole")
            self.lines.append(f"{name}.made = select i1 {name}.minus, i64 {name}.other, i64 {name}.whole")
        self.lines.append(f"{name} = select i1 {name}.zero, i64 0, i64 {name}.made")

    def _elementwise(self, name: str, op: str, one: Let, args: Sequence[str]) -> None:
        word, kind = PRIMITIVES[op].llvm, self.type
        assert word, f"{op} has no spelling in LLVM"
        if word == "select":
            own = self.kind(one.args[1].kind)
            self.lines.append(f"{name} = select i1 {args[0]}, {own} {args[1]}, {own} {args[2]}")
        elif word == "xor":
            self.lines.append(f"{name} = xor i1 {args[0]}, true")
        elif word in ("and", "or"):
            self.lines.append(f"{name} = {word} i1 {', '.join(args)}")
        elif word in ("fadd", "fsub", "fmul", "fdiv", "frem", "fneg") or word.startswith("fcmp"):
            self.lines.append(f"{name} = {word} {kind} {', '.join(args)}")
        else:
            self.lines.append(self._call(name, word, args))

    def _call(self, name: str, word: str, args: Sequence[str]) -> str:
        """Return the call of an intrinsic, or of a function of the C library, which may have a variant for vectors."""
        kind = self.type
        given = ", ".join([f"{kind} {x}" for x in args])
        kinds = ", ".join([kind] * len(args))
        if word.startswith("llvm."):
            self.declared.add(f"declare {kind} @{word}.{self.suffix}({kinds})")
            return f"{name} = call {kind} @{word}.{self.suffix}({given})"
        word += "f" * self.single
        self.declared.add(f"declare {kind} @{word}({kinds})")
        variant = self.machine.variants.get(word)
        if variant is None:
            return f"{name} = call {kind} @{word}({given}) #1"
        lanes = self.machine.width // (4 if self.single else 8)
        vector = f"<{lanes} x {kind}>"
        self.declared.add(f"declare {vector} @{variant}({', '.join([vector] * len(args))})")
        mapping = f"_ZGV_LLVM_N{lanes}{'v' * len(args)}_{word}({variant})"
        group = self._groups.setdefault(mapping, f"#{len(self._groups) + 2}")
        return f"{name} = call {kind} @{word}({given}) {group}"

    def attributes(self) -> list[str]:
        """Return the lines with the attributes of functions, and those that keep vector functions declared."""
        pure = "nounwind willreturn memory(none)"
        variants = [mapping.split("(")[1][:-1] for mapping in self._groups]
        kept = ", ".join([f"ptr @{variant}" for variant in variants])
        used = f'@llvm.compiler.used = appending global [{len(variants)} x ptr] [{kept}], section "llvm.metadata"'
        return [
            'attributes #0 = { nounwind noinline "prefer-vector-width"="512" "min-legal-vector-width"="512" }',
            f"attributes #1 = {{ {pure} }}",
            *[
                f'attributes {group} = {{ {pure} "vector-function-abi-variant"="{mapping}" }}'
                for mapping, group in self._groups.items()
            ],
            *[used] * bool(variants),
            "",
        ]

    # Operands

    def kind(self, kind: str) -> str:
        """Return the type of values of a kind."""
        return {"r": self.type, "i": "i64", "c": "i1"}[kind]

    def use(self, value: Value) -> str:
        """Return a value as an operand."""
        if _NAME.fullmatch(value.text):
            return f"%{value.text}"
        if value.kind == "i":
            return value.text
        if value.kind == "c":
            return "true" if value.text == "True" else "false"
        return number(float(value.text), single=self.single)


def _loop(routine: Routine, arrays: Sequence[Array], printer: _Printer, errors: tuple[str, str]) -> str:
    """Return the function `loop`."""
    axes = _axes(routine)
    order = list(dict.fromkeys([name for own in axes for name in own]))
    lines = [f"%size.{name} = load i64, ptr %at.{name}" for name in order]
    lines = [
        line
        for k, name in enumerate(order)
        for line in (f"%at.{name} = getelementptr i64, ptr %dims, i64 {1 + k}", lines[k])
    ]
    checks: list[str] = []
    at = len(axes)
    for k, own in enumerate(axes):
        good = "true"
        stride = "4" if printer.single and arrays[k].kind == "r" else "8"
        for a in reversed(range(len(own))):
            name, key = own[a], f"{k}.{a}"
            lines += [
                f"%step.{key}.at = getelementptr i64, ptr %steps, i64 {at + a}",
                f"%step.{key} = load i64, ptr %step.{key}.at",
                f"%same.{key} = icmp eq i64 %step.{key}, {stride}",
                f"%one.{key} = icmp sle i64 %size.{name}, 1",
                f"%good.{key} = or i1 %same.{key}, %one.{key}",
                f"%fine.{key} = and i1 {good}, %good.{key}",
                f"%whole.{key} = mul i64 %size.{name}, {stride}",
            ]
            good, stride = f"%fine.{key}", f"%whole.{key}"
        if own:
            before = checks[-1] if checks else "true"
            lines += [
                f"%empty.{k} = icmp eq i64 {stride}, 0",
                f"%lies.{k} = or i1 %empty.{k}, {good}",
                f"%all.{k} = and i1 {before}, %lies.{k}",
            ]
            checks.append(f"%all.{k}")
        at += len(own)
    names = {
        dim: name for shape, own in zip(routine.shapes, axes, strict=True) for dim, name in zip(shape, own, strict=True)
    }
    named = zip(printer.code.sizes.items(), strict=True)
    lines += [f"%{size.text} = add i64 %size.{names[symbol(name)]}, 0" for ((name, size),) in named]
    memory, rooms = printer.memory()
    sizes = [f"i64 %{size.text}" for size in printer.code.sizes.values()]
    moved: list[str] = []
    given: list[str] = []
    for k in range(len(axes)):
        moved += [
            f"%arg{k}.at = getelementptr ptr, ptr %args, i64 {k}",
            f"%arg{k} = load ptr, ptr %arg{k}.at",
            f"%outer{k}.at = getelementptr i64, ptr %steps, i64 {k}",
            f"%outer{k} = load i64, ptr %outer{k}.at",
            f"%offset{k} = mul i64 %outer{k}, %n",
            f"%place{k} = getelementptr i8, ptr %arg{k}, i64 %offset{k}",
        ]
        given.append(f"ptr %place{k}")
    return _LOOP.format(
        start=errors[0],
        memory=memory,
        freed="  call void @free(ptr %memory)\n" if rooms else "",
        end=errors[1] + ("  %seen = add i32 0, 0\n" if routine.quiet else "  %seen = add i32 %flags, 0\n"),
        sizes="".join([f"  {line}\n" for line in lines]),
        moved="".join([f"  {line}\n" for line in moved]),
        good=checks[-1] if checks else "true",
        given=", ".join([*given, *rooms, *sizes]),
    )


_LOOP = """\
define void @loop(ptr %args, ptr %dims, ptr %steps, ptr %data) {{
begin:
{sizes}  %failed.at = getelementptr i64, ptr %data, i64 4
  %refused.at = getelementptr i64, ptr %data, i64 5
  br i1 {good}, label %enter, label %refuse
refuse:
  %refused = atomicrmw add ptr %refused.at, i64 1 monotonic
  ret void
enter:
  %points = load i64, ptr %dims
{memory}  %absent = icmp eq ptr %memory, null
  br i1 %absent, label %no.memory, label %some.memory
no.memory:
  %all = atomicrmw add ptr %failed.at, i64 1 monotonic
  ret void
some.memory:
{start}  br label %point
point:
  %n = phi i64 [ 0, %some.memory ], [ %n.next, %compute ]
  %n.done = icmp eq i64 %n, %points
  br i1 %n.done, label %end, label %compute
compute:
{moved}  %status = call i32 @body({given})
  %failed.more = zext i32 %status to i64
  %failed = atomicrmw add ptr %failed.at, i64 %failed.more monotonic
  %n.next = add i64 %n, 1
  br label %point
end:
{end}{freed}  %none = icmp eq i32 %seen, 0
  br i1 %none, label %leave, label %count
count:
  %bit = phi i64 [ 0, %end ], [ %bit.next, %count ]
  %bit.short = trunc i64 %bit to i32
  %shifted = lshr i32 %seen, %bit.short
  %one = and i32 %shifted, 1
  %more = zext i32 %one to i64
  %counts = getelementptr i64, ptr %data, i64 %bit
  %old = atomicrmw add ptr %counts, i64 %more monotonic
  %bit.next = add i64 %bit, 1
  %counted = icmp eq i64 %bit.next, 4
  br i1 %counted, label %leave, label %count
leave:
  ret void
}}
"""
