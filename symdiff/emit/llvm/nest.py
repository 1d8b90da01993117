"""Native code of segments: loops over the axes of arrays that lie in memory in any way, as the loop of a ufunc.

A module has these functions:

    loop(args, dims, steps, data)     the loop of a generalised ufunc; it adds to the counts of errors in `data`
    join(sizes, strides)              makes one axis, the last, of axes that lie one after the other in all arrays
    nest(corner, sizes, strides)      for each point of the other axes: the place in each array, then `row`
    row(start, strides, count)        for each piece of the last axis: the place of the vectors of each array
    vectors(own, by, count)           the loop over the vectors of a piece

Segments with folds have another `row`, which calls `lanes` (see `symdiff.emit.llvm.lanes`).

Where the elements of an array do not lie one after the other, `row` copies a piece of them. A number that is the same
along the last axis is one vector, which `vectors` reads again and again. So one loop body serves all cases.
"""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.emit.fuse import Loop, Loops
from symdiff.emit.llvm import ATTRIBUTES, Machine, StraightCode, Writer
from symdiff.emit.llvm.frame import errors_kept
from symdiff.emit.llvm.lanes import lanes
from symdiff.emit.llvm.program import spelled
from symdiff.emit.segments import Segment

_PIECE = 64  # elements that are copied at a time
_FOLDED = 16  # steps along the axis of folds, after which other places along the other axes come first
_SHORT = 16  # elements of a last axis; if there are fewer, the longest axis becomes the last


def signature(segment: Segment) -> str:
    """Return the signature of the generalised ufunc of a segment. The axes of the elements are `d0`, `d1`, ..."""
    texts = [f"({','.join(names)})" for names in _axes(segment)]
    return f"{','.join(texts[: len(segment.given)])}->{','.join(texts[len(segment.given) :])}"


def _axes(segment: Segment) -> list[list[str]]:
    """Return the names of the core axes of each array: of those that are read, then of the results."""
    rank = len(segment.to)
    arrays = [*[one.along for one in segment.given], *segment.axes]
    return [["1" if a is None else _axis(a, rank) for a in along] for along in arrays]


def _axis(a: int, rank: int) -> str:
    return f"d{a + rank}"


def source(segment: Segment, machine: Machine, *, single: bool) -> str:
    """Return the module of a segment. The family of the machine must be one of `FAMILIES`.

    Args:
        segment: The segment.
        machine: The machine.
        single: Compute in single precision.
    """
    axes = _axes(segment)
    names = [_axis(a, len(segment.to)) for a in range(-len(segment.to), 0)]
    if segment.axis is not None:  # the axis of the folds comes last
        names.append(names.pop(segment.axis))
    count, inputs, rank = len(axes), len(segment.given), len(segment.to) - bool(segment.folds)
    writer = _writer(segment, machine, axes, names[-1], single=single)
    vector = writer.type
    start, end, declared = errors_kept(machine.family)
    outer = range(rank - 2, -1, -1)
    short = vector.lanes // 2 if segment.folds else _SHORT
    fields: dict[str, object] = {
        "vector": vector,
        "lanes": vector.lanes,
        "scalar": vector.scalar,
        "size": vector.size,
        "step": vector.size * vector.lanes,
        "more": vector.lanes - 1,
        "tables": len(segment.to),
        "last": rank - 1,
        "length": len(segment.to) - 1,
        "count": count,
        "inputs": inputs,
        "piece": _PIECE,
        "start": start,
        "end": end + ("" if segment.quiet else _COUNT),
        "filled": _filled(names, axes),
        "joined": "".join([_JOIN.format(a=a, next=a - 1, last=rank - 1, count=count) for a in outer]),
        "swapped": "".join([_SWAP.format(a=a, next=a - 1, last=rank - 1, count=count, short=short) for a in outer]),
        "outermost": rank - 2,
        "rows": "".join([_ROWS.format(a=a, inner=a + 1) for a in outer]),
        "places": "".join([_PLACE.format(a=a, inner=a + 1) for a in outer]),
        "moved": "".join([_MOVE.format(a=a, inner=a + 1, count=count) for a in outer]),
    }
    if segment.folds:
        rows, (inner, loops) = _GROUPS, lanes(segment, writer, axes, names[-1])
        fields["most"] = "%length" if loops > 1 else _FOLDED
        fields["kept"] = 2 * len(segment.folds) * machine.width
        writer.declared |= {"declare ptr @malloc(i64)", "declare void @free(ptr)"}
    else:
        part = _Strided(writer, {})
        part.compute(writer.computed(writer.program.outputs))
        part.store(dict(enumerate(writer.program.outputs)))
        operands = "".join([_OPERAND.format(k=k) for k in range(count)])
        rows, inner = _ROW, _VECTORS.format(operands=operands, inside=part)
    texts = [template.format(**fields) for template in (_FRAME, _JOINS, _NEST, rows)]
    ends = [declared, *sorted(writer.declared), *ATTRIBUTES]
    return "\n".join([*texts, inner, *writer.helpers.values(), *ends])


def _writer(segment: Segment, machine: Machine, axes: Sequence[Sequence[str]], last: str, *, single: bool) -> Writer:
    """Return the writer of the program for one element. Its rows vary if they vary along the axis of the folds."""
    program = spelled(segment.single)
    inputs, results = len(segment.given), len(segment.shapes)
    varying = [not segment.folds or last in names for names in axes[:inputs]]
    varying += [False] * len(segment.folds) + [True] * len(segment.again)
    loops = Loops(program, (), (), 0, (), 0, (), (Loop(range(results), range(0)),) * 2)
    return Writer(loops, machine, single=single, varying=varying)


class _Strided(StraightCode):
    """Straight-line code whose arrays advance by a distance of their own from vector to vector."""

    def element(self, place: int) -> str:
        self.lines.append(f"%o{place} = mul i64 %i, %by{place}")
        self.lines.append(f"%e{place} = getelementptr i8, ptr %own{place}, i64 %o{place}")
        return f"%e{place}"


def _filled(names: Sequence[str], axes: Sequence[Sequence[str]]) -> str:
    """Return the lines that read the sizes of the axes, and the distances of the elements of each array along them.

    Args:
        names: The names of the axes.
        axes: For each array, the names of its axes, in the order of the ufunc.
    """
    order = list(dict.fromkeys([name for own in axes for name in own]))
    lines = [_SIZE.format(a=a, at=1 + order.index(name)) for a, name in enumerate(names)]
    at = len(axes)
    for k, own in enumerate(axes):
        for a, name in enumerate(names):
            text = _STRIDE if name in own else _SAME
            lines.append(text.format(a=a, k=k, count=len(axes), at=at + own.index(name) if name in own else 0))
        at += len(own)
    return "".join(lines)


_FRAME = """\
define void @loop(ptr %args, ptr %dims, ptr %steps, ptr %data) #0 {{
begin:
  %sizes = alloca [{tables} x i64]
  %strides = alloca [{tables} x [{count} x i64]]
  %corner = alloca [{count} x ptr]
{start}{filled}  call void @join(ptr %sizes, ptr %strides)
  %points = load i64, ptr %dims
  br label %point
point:
  %n = phi i64 [ 0, %begin ], [ %n.next, %compute ]
  %n.done = icmp eq i64 %n, %points
  br i1 %n.done, label %end, label %array
array:
  %k = phi i64 [ 0, %point ], [ %k.next, %array ]
  %at = getelementptr ptr, ptr %args, i64 %k
  %base = load ptr, ptr %at
  %step.at = getelementptr i64, ptr %steps, i64 %k
  %step = load i64, ptr %step.at
  %offset = mul i64 %step, %n
  %place = getelementptr i8, ptr %base, i64 %offset
  %to = getelementptr ptr, ptr %corner, i64 %k
  store ptr %place, ptr %to
  %k.next = add i64 %k, 1
  %k.done = icmp eq i64 %k.next, {count}
  br i1 %k.done, label %compute, label %array
compute:
  call void @nest(ptr %corner, ptr %sizes, ptr %strides)
  %n.next = add i64 %n, 1
  br label %point
end:
{end}  ret void
}}
"""

_SIZE = """\
  %size{a}.at = getelementptr i64, ptr %dims, i64 {at}
  %size{a} = load i64, ptr %size{a}.at
  %size{a}.to = getelementptr i64, ptr %sizes, i64 {a}
  store i64 %size{a}, ptr %size{a}.to
"""
_STRIDE = """\
  %stride{a}.{k}.at = getelementptr i64, ptr %steps, i64 {at}
  %stride{a}.{k} = load i64, ptr %stride{a}.{k}.at
  %stride{a}.{k}.to = getelementptr [{count} x i64], ptr %strides, i64 {a}, i64 {k}
  store i64 %stride{a}.{k}, ptr %stride{a}.{k}.to
"""
_SAME = """\
  %stride{a}.{k}.to = getelementptr [{count} x i64], ptr %strides, i64 {a}, i64 {k}
  store i64 0, ptr %stride{a}.{k}.to
"""
_COUNT = """\
  %none = icmp eq i32 %flags, 0
  br i1 %none, label %leave, label %count
count:
  %bit = phi i64 [ 0, %end ], [ %bit.next, %count ]
  %bit.short = trunc i64 %bit to i32
  %shifted = lshr i32 %flags, %bit.short
  %one = and i32 %shifted, 1
  %more = zext i32 %one to i64
  %counts = getelementptr i64, ptr %data, i64 %bit
  %old = atomicrmw add ptr %counts, i64 %more monotonic
  %bit.next = add i64 %bit, 1
  %counted = icmp eq i64 %bit.next, 4
  br i1 %counted, label %leave, label %count
leave:
"""

# Axes are joined from the last one on, until one lies otherwise. Then a short last axis is exchanged with a longer one.
_JOINS = """\
define internal void @join(ptr %sizes, ptr %strides) #0 {{
begin:
  %size.at = getelementptr i64, ptr %sizes, i64 {last}
  br label %join{outermost}
{joined}join-1:
  br label %swap{outermost}
{swapped}swap-1:
  ret void
}}
"""
_JOIN = """\
join{a}:
  %last{a} = load i64, ptr %size.at
  %own{a}.at = getelementptr i64, ptr %sizes, i64 {a}
  %own{a} = load i64, ptr %own{a}.at
  br label %compare{a}
compare{a}:
  %k{a} = phi i64 [ 0, %join{a} ], [ %k{a}.next, %like{a} ]
  %inner{a}.at = getelementptr [{count} x i64], ptr %strides, i64 {last}, i64 %k{a}
  %inner{a} = load i64, ptr %inner{a}.at
  %whole{a} = mul i64 %inner{a}, %last{a}
  %outer{a}.at = getelementptr [{count} x i64], ptr %strides, i64 {a}, i64 %k{a}
  %outer{a} = load i64, ptr %outer{a}.at
  %is.like{a} = icmp eq i64 %whole{a}, %outer{a}
  br i1 %is.like{a}, label %like{a}, label %join-1
like{a}:
  %k{a}.next = add i64 %k{a}, 1
  %k{a}.done = icmp eq i64 %k{a}.next, {count}
  br i1 %k{a}.done, label %whole.axis{a}, label %compare{a}
whole.axis{a}:
  %both{a} = mul i64 %own{a}, %last{a}
  store i64 %both{a}, ptr %size.at
  store i64 1, ptr %own{a}.at
  br label %join{next}
"""
_SWAP = """\
swap{a}:
  %short{a} = load i64, ptr %size.at
  %long{a}.at = getelementptr i64, ptr %sizes, i64 {a}
  %long{a} = load i64, ptr %long{a}.at
  %is.short{a} = icmp slt i64 %short{a}, {short}
  %is.long{a} = icmp sgt i64 %long{a}, %short{a}
  %is.better{a} = and i1 %is.short{a}, %is.long{a}
  br i1 %is.better{a}, label %exchange{a}, label %swap{next}
exchange{a}:
  store i64 %long{a}, ptr %size.at
  store i64 %short{a}, ptr %long{a}.at
  br label %strides{a}
strides{a}:
  %s{a} = phi i64 [ 0, %exchange{a} ], [ %s{a}.next, %strides{a} ]
  %x{a}.at = getelementptr [{count} x i64], ptr %strides, i64 {last}, i64 %s{a}
  %y{a}.at = getelementptr [{count} x i64], ptr %strides, i64 {a}, i64 %s{a}
  %x{a} = load i64, ptr %x{a}.at
  %y{a} = load i64, ptr %y{a}.at
  store i64 %y{a}, ptr %x{a}.at
  store i64 %x{a}, ptr %y{a}.at
  %s{a}.next = add i64 %s{a}, 1
  %s{a}.done = icmp eq i64 %s{a}.next, {count}
  br i1 %s{a}.done, label %swap{next}, label %strides{a}
"""

_NEST = """\
define internal void @nest(ptr %corner, ptr %sizes, ptr %strides) #0 {{
begin:
  %places = alloca [{count} x ptr]
  %last.at = getelementptr i64, ptr %sizes, i64 {last}
  %last = load i64, ptr %last.at
  %inner = getelementptr [{count} x i64], ptr %strides, i64 {last}
  %rows{last} = add i64 1, 0
  %length.at = getelementptr i64, ptr %sizes, i64 {length}
  %length = load i64, ptr %length.at
{rows}  %all = mul i64 %rows0, %last
  %nothing = icmp eq i64 %all, 0
  br i1 %nothing, label %end, label %row
row:
  %r = phi i64 [ 0, %begin ], [ %r.next, %compute ]
  %left{last} = add i64 %r, 0
{places}  br label %array
array:
  %k = phi i64 [ 0, %row ], [ %k.next, %array ]
  %at = getelementptr ptr, ptr %corner, i64 %k
  %moved{last} = load ptr, ptr %at
{moved}  %to = getelementptr ptr, ptr %places, i64 %k
  store ptr %moved0, ptr %to
  %k.next = add i64 %k, 1
  %k.done = icmp eq i64 %k.next, {count}
  br i1 %k.done, label %compute, label %array
compute:
  call void @row(ptr %places, ptr %inner, i64 %last, i64 %length)
  %r.next = add i64 %r, 1
  %r.done = icmp eq i64 %r.next, %rows0
  br i1 %r.done, label %end, label %row
end:
  ret void
}}
"""
_ROWS = """\
  %size{a}.at = getelementptr i64, ptr %sizes, i64 {a}
  %size{a} = load i64, ptr %size{a}.at
  %rows{a} = mul i64 %rows{inner}, %size{a}
"""
_PLACE = """\
  %place{a} = urem i64 %left{inner}, %size{a}
  %left{a} = udiv i64 %left{inner}, %size{a}
"""
_MOVE = """\
  %stride{a}.at = getelementptr [{count} x i64], ptr %strides, i64 {a}, i64 %k
  %stride{a} = load i64, ptr %stride{a}.at
  %offset{a} = mul i64 %stride{a}, %place{a}
  %moved{a} = getelementptr i8, ptr %moved{inner}, i64 %offset{a}
"""

# Where all arrays lie one after the other, or have one number, a piece is all whole vectors, and the rest another. A
# piece that is copied is filled up with its first element, so that no error comes from unused lanes.
_ROW = """\
define internal void @row(ptr %start, ptr %strides, i64 %count, i64 %length) #0 {{
begin:
  %own = alloca [{count} x ptr]
  %by = alloca [{count} x i64]
  %copies = alloca [{count} x [{piece} x {scalar}]], align 64
  br label %look
look:
  %l = phi i64 [ 0, %begin ], [ %l.next, %look ]
  %plain = phi i1 [ true, %begin ], [ %plain.next, %look ]
  %l.at = getelementptr i64, ptr %strides, i64 %l
  %l.stride = load i64, ptr %l.at
  %l.unit = icmp eq i64 %l.stride, {size}
  %l.input = icmp ult i64 %l, {inputs}
  %l.zero = icmp eq i64 %l.stride, 0
  %l.number = and i1 %l.zero, %l.input
  %l.plain = or i1 %l.unit, %l.number
  %plain.next = and i1 %plain, %l.plain
  %l.next = add i64 %l, 1
  %l.done = icmp eq i64 %l.next, {count}
  br i1 %l.done, label %measure, label %look
measure:
  %rest = urem i64 %count, {lanes}
  %whole = sub i64 %count, %rest
  %is.short = icmp eq i64 %whole, 0
  %longest = select i1 %is.short, i64 %rest, i64 %whole
  %most = select i1 %plain.next, i64 %longest, i64 {piece}
  br label %piece
piece:
  %from = phi i64 [ 0, %measure ], [ %from.next, %stored ]
  %ahead = sub i64 %count, %from
  %is.last = icmp ult i64 %ahead, %most
  %n = select i1 %is.last, i64 %ahead, i64 %most
  %n.rest = urem i64 %n, {lanes}
  %n.whole = icmp eq i64 %n.rest, 0
  %n.more = add i64 %n, {more}
  %n.vectors = udiv i64 %n.more, {lanes}
  %n.filled = mul i64 %n.vectors, {lanes}
  br label %array
array:
  %k = phi i64 [ 0, %piece ], [ %k.next, %next ]
  %k.start = getelementptr ptr, ptr %start, i64 %k
  %k.base = load ptr, ptr %k.start
  %k.at = getelementptr i64, ptr %strides, i64 %k
  %stride = load i64, ptr %k.at
  %k.offset = mul i64 %stride, %from
  %place = getelementptr i8, ptr %k.base, i64 %k.offset
  %k.own = getelementptr ptr, ptr %own, i64 %k
  %k.by = getelementptr i64, ptr %by, i64 %k
  %copy = getelementptr [{piece} x {scalar}], ptr %copies, i64 %k
  %unit = icmp eq i64 %stride, {size}
  %direct = and i1 %unit, %n.whole
  store ptr %place, ptr %k.own
  store i64 {step}, ptr %k.by
  br i1 %direct, label %next, label %copied
copied:
  store ptr %copy, ptr %k.own
  %is.input = icmp ult i64 %k, {inputs}
  br i1 %is.input, label %fill, label %next
fill:
  %first = load {scalar}, ptr %place, align {size}
  %zero = icmp eq i64 %stride, 0
  br i1 %zero, label %same, label %element
same:
  %lane = insertelement {vector} poison, {scalar} %first, i64 0
  %each = shufflevector {vector} %lane, {vector} poison, <{lanes} x i32> zeroinitializer
  store {vector} %each, ptr %copy, align {size}
  store i64 0, ptr %k.by
  br label %next
element:
  %e = phi i64 [ 0, %fill ], [ %e.next, %element ]
  %e.inside = icmp ult i64 %e, %n
  %e.here = select i1 %e.inside, i64 %e, i64 0
  %e.offset = mul i64 %e.here, %stride
  %e.at = getelementptr i8, ptr %place, i64 %e.offset
  %e.value = load {scalar}, ptr %e.at, align {size}
  %e.to = getelementptr {scalar}, ptr %copy, i64 %e
  store {scalar} %e.value, ptr %e.to, align {size}
  %e.next = add i64 %e, 1
  %e.done = icmp eq i64 %e.next, %n.filled
  br i1 %e.done, label %next, label %element
next:
  %k.next = add i64 %k, 1
  %k.done = icmp eq i64 %k.next, {count}
  br i1 %k.done, label %compute, label %array
compute:
  call void @vectors(ptr %own, ptr %by, i64 %n.vectors)
  br label %result
result:
  %j = phi i64 [ {inputs}, %compute ], [ %j.next, %kept ]
  %j.done = icmp eq i64 %j, {count}
  br i1 %j.done, label %stored, label %store
store:
  %j.own = getelementptr ptr, ptr %own, i64 %j
  %j.from = load ptr, ptr %j.own
  %j.copy = getelementptr [{piece} x {scalar}], ptr %copies, i64 %j
  %j.copied = icmp eq ptr %j.from, %j.copy
  %j.at = getelementptr i64, ptr %strides, i64 %j
  %j.stride = load i64, ptr %j.at
  %j.start = getelementptr ptr, ptr %start, i64 %j
  %j.base = load ptr, ptr %j.start
  %j.offset = mul i64 %j.stride, %from
  %j.place = getelementptr i8, ptr %j.base, i64 %j.offset
  br i1 %j.copied, label %back, label %kept
back:
  %b = phi i64 [ 0, %store ], [ %b.next, %back ]
  %b.from = getelementptr {scalar}, ptr %j.copy, i64 %b
  %b.value = load {scalar}, ptr %b.from, align {size}
  %b.offset = mul i64 %b, %j.stride
  %b.to = getelementptr i8, ptr %j.place, i64 %b.offset
  store {scalar} %b.value, ptr %b.to, align {size}
  %b.next = add i64 %b, 1
  %b.done = icmp eq i64 %b.next, %n
  br i1 %b.done, label %kept, label %back
kept:
  %j.next = add i64 %j, 1
  br label %result
stored:
  %from.next = add i64 %from, %n
  %done = icmp eq i64 %from.next, %count
  br i1 %done, label %end, label %piece
end:
  ret void
}}
"""

# With folds, the lanes of a vector are places along the last of the other axes.
_GROUPS = """\
define internal void @row(ptr %start, ptr %strides, i64 %count, i64 %length) #0 {{
begin:
  %places = alloca [{count} x ptr]
  %along = getelementptr [{count} x i64], ptr %strides, i64 1
  %count.more = add i64 %count, {more}
  %groups = udiv i64 %count.more, {lanes}
  %bytes = mul i64 %groups, {kept}
  %memory = call ptr @malloc(i64 %bytes)
  br label %piece
piece:
  %first = phi i64 [ 0, %begin ], [ %last, %pieced ]
  %left = sub i64 %length, %first
  %is.less = icmp ult i64 %left, {most}
  %some = select i1 %is.less, i64 %left, i64 {most}
  %last = add i64 %first, %some
  br label %group
group:
  %from = phi i64 [ 0, %piece ], [ %from.next, %compute ]
  %state = phi ptr [ %memory, %piece ], [ %state.next, %compute ]
  %ahead = sub i64 %count, %from
  %is.last = icmp ult i64 %ahead, {lanes}
  %taken = select i1 %is.last, i64 %ahead, i64 {lanes}
  br label %array
array:
  %k = phi i64 [ 0, %group ], [ %k.next, %array ]
  %k.start = getelementptr ptr, ptr %start, i64 %k
  %k.base = load ptr, ptr %k.start
  %k.at = getelementptr i64, ptr %strides, i64 %k
  %stride = load i64, ptr %k.at
  %k.offset = mul i64 %stride, %from
  %place = getelementptr i8, ptr %k.base, i64 %k.offset
  %k.to = getelementptr ptr, ptr %places, i64 %k
  store ptr %place, ptr %k.to
  %k.next = add i64 %k, 1
  %k.done = icmp eq i64 %k.next, {count}
  br i1 %k.done, label %compute, label %array
compute:
  call void @lanes(
    ptr %places, ptr %strides, ptr %along, i64 %taken, i64 %first, i64 %last, i64 %length, ptr %state
  )
  %state.next = getelementptr i8, ptr %state, i64 {kept}
  %from.next = add i64 %from, {lanes}
  %done = icmp uge i64 %from.next, %count
  br i1 %done, label %pieced, label %group
pieced:
  %all = icmp eq i64 %last, %length
  br i1 %all, label %end, label %piece
end:
  call void @free(ptr %memory)
  ret void
}}
"""

_VECTORS = """\
define internal void @vectors(ptr %own, ptr %by, i64 %count) #0 {{
begin:
{operands}  br label %loop
loop:
  %i = phi i64 [ 0, %begin ], [ %i.next, %loop ]
{inside}  %i.next = add i64 %i, 1
  %done = icmp eq i64 %i.next, %count
  br i1 %done, label %end, label %loop
end:
  ret void
}}
"""
_OPERAND = """\
  %own{k}.at = getelementptr ptr, ptr %own, i64 {k}
  %own{k} = load ptr, ptr %own{k}.at
  %by{k}.at = getelementptr i64, ptr %by, i64 {k}
  %by{k} = load i64, ptr %by{k}.at
"""
