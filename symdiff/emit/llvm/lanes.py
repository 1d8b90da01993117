"""Native code of segments with reductions along one axis: the lanes of a vector are places along another axis.

So a lane folds its own elements, one after the other, and no axis is too short. The elements are gathered from where
they lie. A loop along the axis ends with folds, and the next loop may use their results.

If there is one loop, it goes along the axis in pieces: what it folds is kept between the pieces, and elements that lie
close together are read one soon after the other.

Sums are compensated, so that they are at least as accurate as NumPy's.

Source of the sums: Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen" (1974), with the
error of an addition by Knuth, The Art of Computer Programming, volume 2, section 4.2.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import count

from symdiff.emit.llvm import StraightCode, Writer
from symdiff.emit.llvm.folds import declared, fold, identity
from symdiff.emit.segments import Segment
from symdiff.graph.ir import operands

_DEFINED = re.compile(r"^  (%[\w.]+) =", re.MULTILINE)
_NAME = re.compile(r"%[\w.]+")


def lanes(segment: Segment, writer: Writer, axes: Sequence[Sequence[str]], last: str) -> tuple[str, int]:
    """Return the function `lanes` of a segment, and the number of its loops.

    Args:
        segment: The segment.
        writer: The writer of its program for one element.
        axes: The names of the axes of each array.
        last: The name of the axis of the folds.
    """
    made = _Lanes(segment, writer, axes, last)
    return made.function(), made.loops


class _Lanes:
    """Writes the function.

    Attributes:
        folded: The row that each fold takes.
        results: The row of the result of each fold.
        places: For each input, the position of its array.
        level: For each row, the loop that computes it, or before which it is computed.
        outside: The code outside of loops.
        numbers: Numbers for labels.
        loops: The number of loops.
    """

    def __init__(self, segment: Segment, writer: Writer, axes: Sequence[Sequence[str]], last: str) -> None:
        self.segment, self.writer, self.axes, self.last = segment, writer, axes, last
        self.rows, self.type = writer.rows, writer.type
        program, inputs, folds = writer.program, len(segment.given), len(segment.folds)
        self.outputs, self.folded = program.outputs[: len(segment.shapes)], program.outputs[len(segment.shapes) :]
        given, self.results, again = (
            program.inputs[:inputs],
            program.inputs[inputs : inputs + folds],
            program.inputs[inputs + folds :],
        )
        self.places = {i: k for k, i in enumerate(given)}
        self.places |= {i: inputs + k for i, k in zip(again, segment.again, strict=True)}
        self.level: list[int] = []
        before = dict(zip(self.results, self.folded, strict=True))
        before |= {i: self.outputs[k] for i, k in zip(again, segment.again, strict=True)}
        for i, row in enumerate(self.rows):
            own = self.level[before[i]] + 1 if i in before else max([self.level[j] for j in operands(row)], default=0)
            self.level.append(own)
        self.outside = _Gathered(self, {})
        self.numbers = count()
        self.loops = 0

    def function(self) -> str:
        """Return the text of the function."""
        segment, vector = self.segment, self.type
        text = _START.format(
            lanes=vector.lanes, numbers=", ".join([f"i64 {k}" for k in range(vector.lanes)]), zero="zeroinitializer"
        )
        for k in range(len(self.axes)):
            text += _ARRAY.format(k=k, lanes=vector.lanes, size=vector.size)
        inner = [len(shape) == len(segment.to) for shape in segment.shapes]
        stored = {k: self.level[i] for k, i in enumerate(self.outputs) if inner[k]}
        folds = [self.level[i] for i in self.folded]
        self.loops = max([*stored.values(), *folds]) + 1
        for p in range(self.loops):
            text += self._loop(
                p, [k for k, at in stored.items() if at == p], [k for k, at in enumerate(folds) if at == p]
            )
        last = [k for k in range(len(self.outputs)) if not inner[k]]
        self._compute([self.outputs[k] for k in last], self.outside)
        for k in last:
            self.outside.put(self.outputs[k], len(segment.given) + k)
        self.writer.declared |= declared(segment.folds, vector)
        return text + self._taken() + "  ret void\n}\n"

    def _taken(self) -> str:
        """Return the code outside of loops that has been written since the last time."""
        text = str(self.outside)
        self.outside.lines.clear()
        return text

    def _compute(self, targets: Iterable[int], inside: _Gathered) -> None:
        """Write what some rows need: what varies along the axis of the folds goes `inside` of a loop."""
        needed = {*targets}
        for i in range(max(needed, default=-1), -1, -1):
            if i in needed:
                needed.update(operands(self.rows[i]))
        for i in sorted(needed):
            part = inside if self.writer.varies[i] else self.outside
            if i not in part.registers and self.rows[i][0] != "const":
                part.use(i) if self.rows[i][0] == "input" else part.compute([i])
            if part is self.outside and i in part.registers:
                inside.registers[i] = part.registers[i]

    def _loop(self, p: int, stores: Sequence[int], folds: Sequence[int]) -> str:
        """Return loop `p`, with the code in front of it."""
        inside = _Gathered(self, self.outside.registers, p)
        self._compute([*[self.outputs[k] for k in stores], *[self.folded[k] for k in folds]], inside)
        for k in stores:
            inside.put(self.outputs[k], len(self.segment.given) + k)
        fields = {"p": p, "v": self.type, "mask": self.type.mask}
        text = dict.fromkeys(("enter", "starts", "steps", "kept", "ends"), "")
        for k in folds:
            kind, value = self.segment.folds[k], inside.use(self.folded[k])
            names = {"acc": identity(kind, self.type)} | ({"lost": identity("add", self.type)} if kind == "add" else {})
            for n, (name, start) in enumerate(names.items()):
                one = {"name": f"{name}{k}", "at": 2 * k + n, "start": start, "size": self.type.size, **fields}
                for part in ("enter", "starts", "kept"):
                    text[part] += _CARRIED[part].format(**one)
            step = fold(kind, self.type, f"%acc{k}", value)
            for part, template in zip(("steps", "ends"), _SUM if kind == "add" else _FOLD, strict=True):
                text[part] += template.format(k=k, value=value, step=step, **fields)
            self.outside.registers[self.results[k]] = f"%f{k}" if kind == "add" else f"%acc{k}"
        if self.loops == 1:
            text["ends"] = text["kept"] + _LEAVE + text["ends"]
        body = str(inside) + text["steps"]
        own = {name: f"%in{p}.{name[1:]}" for name in _DEFINED.findall(str(inside))}
        body = _NAME.sub(lambda found: own.get(found[0], found[0]), body)
        return self._taken() + _LOOP.format(body=body, **text, **fields)


class _Gathered(StraightCode):
    """Straight-line code on gathered elements.

    Attributes:
        loop: The loop that the code is in. None: no loop.
    """

    def __init__(self, lanes: _Lanes, registers: dict[object, str], loop: int | None = None) -> None:
        super().__init__(lanes.writer, registers)
        self.lanes, self.loop = lanes, loop

    def use(self, i: int) -> str:
        """Return row `i` as an operand. Read the elements of an input first."""
        if self.writer.rows[i][0] != "input" or i in self.registers:
            return super().use(i)
        vector = self.writer.type
        k, n = self.lanes.places[i], next(self.lanes.numbers)
        place, places = self.addresses(k)
        suffix, whole = f"{vector.suffix}.v{vector.lanes}p0", f"{vector.suffix}.p0"
        kinds = f"<{vector.lanes} x ptr>", "i32", vector.mask, str(vector)
        self.writer.declared.add(f"declare {vector} @llvm.masked.load.{whole}(ptr, i32, {vector.mask}, {vector})")
        self.writer.declared.add(f"declare {vector} @llvm.masked.gather.{suffix}({', '.join(kinds)})")
        self.lines += _READ.format(
            i=i, k=k, n=n, v=vector, size=vector.size, place=place, places=places, lanes=vector.lanes, suffix=suffix,
            mask=vector.mask, scalar=vector.scalar, whole=whole,
        ).splitlines()  # fmt: skip
        self.registers[i] = f"%v{i}"
        return f"%v{i}"

    def put(self, i: int, k: int) -> None:
        """Write the lines that store row `i` into array `k`."""
        value, vector, n = self.use(i), self.writer.type, next(self.lanes.numbers)
        place, places = self.addresses(k)
        suffix, whole = f"{vector.suffix}.v{vector.lanes}p0", f"{vector.suffix}.p0"
        self.writer.declared.add(f"declare void @llvm.masked.store.{whole}({vector}, ptr, i32, {vector.mask})")
        kinds = f"{vector}, <{vector.lanes} x ptr>, i32, {vector.mask}"
        self.writer.declared.add(f"declare void @llvm.masked.scatter.{suffix}({kinds})")
        self.lines += _WRITE.format(
            value=value, k=k, n=n, v=vector, size=vector.size, place=place, places=places, lanes=vector.lanes,
            suffix=suffix, mask=vector.mask, whole=whole,
        ).splitlines()  # fmt: skip

    def addresses(self, k: int) -> tuple[str, str]:
        """Return the address of the first of the current elements of array `k`, and the addresses of all of them."""
        if self.loop is None or self.lanes.last not in self.lanes.axes[k]:
            return f"%start{k}", f"%q{k}"
        key = ("address", k)
        if key not in self.registers:
            self.registers[key] = f"%e{k}"
            self.lines += [
                f"%o{k} = mul i64 %l{self.loop}, %along{k}",
                f"%s{k} = getelementptr i8, ptr %start{k}, i64 %o{k}",
                f"%e{k} = getelementptr i8, <{self.writer.type.lanes} x ptr> %q{k}, i64 %o{k}",
            ]
        return f"%s{k}", f"%e{k}"


# Unused lanes compute what the last lane computes, so they raise no error of their own.
_START = """\
define internal void @lanes(
  ptr %start, ptr %strides, ptr %inner, i64 %taken, i64 %first, i64 %last, i64 %length, ptr %state
) #0 {{
begin:
  %is.first = icmp eq i64 %first, 0
  %most = sub i64 %taken, 1
  %most.one = insertelement <{lanes} x i64> poison, i64 %most, i64 0
  %most.all = shufflevector <{lanes} x i64> %most.one, <{lanes} x i64> poison, <{lanes} x i32> {zero}
  %is.lane = icmp ule <{lanes} x i64> <{numbers}>, %most.all
  %lane = select <{lanes} x i1> %is.lane, <{lanes} x i64> <{numbers}>, <{lanes} x i64> %most.all
"""
_ARRAY = """\
  %start{k}.at = getelementptr ptr, ptr %start, i64 {k}
  %start{k} = load ptr, ptr %start{k}.at
  %stride{k}.at = getelementptr i64, ptr %strides, i64 {k}
  %stride{k} = load i64, ptr %stride{k}.at
  %along{k}.at = getelementptr i64, ptr %inner, i64 {k}
  %along{k} = load i64, ptr %along{k}.at
  %stride{k}.one = insertelement <{lanes} x i64> poison, i64 %stride{k}, i64 0
  %stride{k}.all = shufflevector <{lanes} x i64> %stride{k}.one, <{lanes} x i64> poison, <{lanes} x i32> zeroinitializer
  %offset{k} = mul <{lanes} x i64> %lane, %stride{k}.all
  %q{k} = getelementptr i8, ptr %start{k}, <{lanes} x i64> %offset{k}
  %unit{k} = icmp eq i64 %stride{k}, {size}
"""
# Elements that lie one after the other are one vector. Unused lanes have its first element.
_READ = """\
br i1 %unit{k}, label %load.{n}, label %gather.{n}
load.{n}:
%one.{i} = load {scalar}, ptr {place}, align {size}
%lane.{i} = insertelement {v} poison, {scalar} %one.{i}, i64 0
%each.{i} = shufflevector {v} %lane.{i}, {v} poison, <{lanes} x i32> zeroinitializer
%near.{i} = call {v} @llvm.masked.load.{whole}(ptr {place}, i32 {size}, {mask} %is.lane, {v} %each.{i})
br label %read.{n}
gather.{n}:
%far.{i} = call {v} @llvm.masked.gather.{suffix}(<{lanes} x ptr> {places}, i32 {size}, {mask} splat (i1 1), {v} poison)
br label %read.{n}
read.{n}:
%v{i} = phi {v} [ %near.{i}, %load.{n} ], [ %far.{i}, %gather.{n} ]
"""
_WRITE = """\
br i1 %unit{k}, label %store.{n}, label %scatter.{n}
store.{n}:
call void @llvm.masked.store.{whole}({v} {value}, ptr {place}, i32 {size}, {mask} %is.lane)
br label %stored.{n}
scatter.{n}:
call void @llvm.masked.scatter.{suffix}({v} {value}, <{lanes} x ptr> {places}, i32 {size}, {mask} %is.lane)
br label %stored.{n}
stored.{n}:
"""
_LOOP = """\
  br label %enter{p}
enter{p}:
{enter}  br label %head{p}
head{p}:
  %l{p} = phi i64 [ %first, %enter{p} ], [ %l{p}.next, %next{p} ]
{starts}  %over{p} = icmp eq i64 %l{p}, %last
  br i1 %over{p}, label %after{p}, label %body{p}
body{p}:
{body}  br label %next{p}
next{p}:
  %l{p}.next = add i64 %l{p}, 1
  br label %head{p}
after{p}:
{ends}"""
# What a fold carries from element to element, and from piece to piece.
_CARRIED = {
    "enter": """\
  %{name}.at = getelementptr {v}, ptr %state, i64 {at}
  %{name}.kept = load {v}, ptr %{name}.at, align {size}
  %{name}.start = select i1 %is.first, {v} {start}, {v} %{name}.kept
""",
    "starts": "  %{name} = phi {v} [ %{name}.start, %enter{p} ], [ %{name}.next, %next{p} ]\n",
    "kept": "  store {v} %{name}, ptr %{name}.at, align {size}\n",
}
_LEAVE = """\
  %is.last = icmp eq i64 %last, %length
  br i1 %is.last, label %finish, label %leave
leave:
  ret void
finish:
"""
_FOLD = "  %acc{k}.next = {step}\n", ""
# The compensation is no number where the sum is infinite.
_SUM = (
    """\
  %acc{k}.next = {step}
  %added{k} = fsub {v} %acc{k}.next, %acc{k}
  %old{k} = fsub {v} %acc{k}.next, %added{k}
  %lost{k}.old = fsub {v} %acc{k}, %old{k}
  %lost{k}.new = fsub {v} {value}, %added{k}
  %lost{k}.both = fadd {v} %lost{k}.old, %lost{k}.new
  %lost{k}.next = fadd {v} %lost{k}, %lost{k}.both
""",
    """\
  %sum{k} = fadd {v} %acc{k}, %lost{k}
  %none{k} = fcmp uno {v} %lost{k}, %lost{k}
  %f{k} = select {mask} %none{k}, {v} %acc{k}, {v} %sum{k}
""",
)
