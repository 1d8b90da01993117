"""The method of CPython that passes small arrays to native code."""

from __future__ import annotations

from symdiff.emit.llvm.vectors import Counts, Vectors


def method(counts: Counts, vectors: Vectors, head: int, *, alike: bool) -> str:
    """Return the function `call`.

    It takes the inputs that vary along a row, the arrays for the results, and an array of all single numbers if there
    are any. It returns the bits of the floating-point errors, or -1 if it cannot read an array.

    Args:
        counts: The numbers of arrays.
        vectors: The type of vectors.
        head: The bytes of an array object in front of its fields.
        alike: Inputs may be objects of any kind. They are read if they have the class, dtype and shape of the last
            result.
    """
    kept, long = counts.numbers + counts.folds, counts.varying + counts.results
    slots = [*range(counts.varying, counts.given), *range(counts.given + counts.results, counts.all)]
    lines = [
        f"  %s{j} = getelementptr [2 x i64], ptr %table, i64 {slot}\n"
        f"  %n{j} = add i64 %numbers, {j * vectors.size}\n"
        f"  store i64 %n{j}, ptr %s{j}\n"
        f"  %by{j} = getelementptr i64, ptr %s{j}, i64 1\n  store i64 0, ptr %by{j}\n"
        for j, slot in enumerate(slots)
    ]
    fields = {"all": counts.all, "varying": counts.varying, "kept": kept, "objects": max(long, 1)}
    layout = {"data": head, "rank": head + 8, "shape": head + 16, "flags": head + 48}
    alike_layout = {"kind": head - 8, "dtype": head + 40, "last": max(long, 1) - 1, **layout}
    first, check = [text.format(**alike_layout) if alike else "" for text in (_FIRST, _ALIKE)]
    numbers = "".join([_NUMBERS.format(place=long, data=head), *lines]) if lines else ""
    return _METHOD.format(**fields, **layout, numbers=numbers, first=first, check=check)


METHOD = "define ptr @call("  # the beginning of the method, in a module that has one
# An array is read if it is aligned and in one piece: the flags 0x101 = 257 of NumPy's C interface.
_METHOD = """\
define ptr @call(ptr %self, ptr %arrays, i64 %number) #0 {{
begin:
  %table = alloca [{all} x [2 x i64]]
{first}  br label %array
array:
  %k = phi i64 [ 0, %begin ], [ %k.next, %read ]
  %lies = phi i32 [ 257, %begin ], [ %lies.next, %read ]
  %at = getelementptr ptr, ptr %arrays, i64 %k
  %object = load ptr, ptr %at
{check}  br label %read
read:
  %data.at = getelementptr i8, ptr %object, i64 {data}
  %data = load i64, ptr %data.at
  %flags.at = getelementptr i8, ptr %object, i64 {flags}
  %flags = load i32, ptr %flags.at
  %lies.next = and i32 %lies, %flags
  %is.varying = icmp ult i64 %k, {varying}
  %behind = add i64 %k, {kept}
  %slot = select i1 %is.varying, i64 %k, i64 %behind
  %to = getelementptr [2 x i64], ptr %table, i64 %slot
  store i64 %data, ptr %to
  %step = getelementptr i64, ptr %to, i64 1
  store i64 0, ptr %step
  %k.next = add i64 %k, 1
  %k.done = icmp eq i64 %k.next, {objects}
  br i1 %k.done, label %measure, label %array
measure:
  %good = icmp eq i32 %lies.next, 257
  %rank.at = getelementptr i8, ptr %object, i64 {rank}
  %rank = load i32, ptr %rank.at
  %axes = zext i32 %rank to i64
  %shape.at = getelementptr i8, ptr %object, i64 {shape}
  %shape = load ptr, ptr %shape.at
  br i1 %good, label %axis, label %refuse
axis:
  %j = phi i64 [ 0, %measure ], [ %j.next, %next ]
  %count = phi i64 [ 1, %measure ], [ %count.next, %next ]
  %j.done = icmp eq i64 %j, %axes
  br i1 %j.done, label %compute, label %next
next:
  %size.at = getelementptr i64, ptr %shape, i64 %j
  %size = load i64, ptr %size.at
  %count.next = mul i64 %count, %size
  %j.next = add i64 %j, 1
  br label %axis
compute:
{numbers}  %found = call i32 @run(ptr %table, i64 1, i64 %count, i64 -1)
  %long = zext i32 %found to i64
  br label %end
refuse:
  br label %end
end:
  %answer = phi i64 [ %long, %compute ], [ -1, %refuse ]
  %result = call ptr @PyLong_FromSsize_t(i64 %answer)
  ret ptr %result
}}

declare ptr @PyLong_FromSsize_t(i64)
"""

_FIRST = """\
  %last.at = getelementptr ptr, ptr %arrays, i64 {last}
  %last = load ptr, ptr %last.at
  %last.kind.at = getelementptr i8, ptr %last, i64 {kind}
  %last.kind = load ptr, ptr %last.kind.at
  %last.dtype.at = getelementptr i8, ptr %last, i64 {dtype}
  %last.dtype = load ptr, ptr %last.dtype.at
  %last.rank.at = getelementptr i8, ptr %last, i64 {rank}
  %last.rank = load i32, ptr %last.rank.at
  %last.axes = zext i32 %last.rank to i64
  %last.shape.at = getelementptr i8, ptr %last, i64 {shape}
  %last.shape = load ptr, ptr %last.shape.at
"""
# The class is compared first, since only arrays have the other fields.
_ALIKE = """\
  %kind.at = getelementptr i8, ptr %object, i64 {kind}
  %kind = load ptr, ptr %kind.at
  %is.kind = icmp eq ptr %kind, %last.kind
  br i1 %is.kind, label %fields, label %refuse
fields:
  %dtype.at = getelementptr i8, ptr %object, i64 {dtype}
  %dtype = load ptr, ptr %dtype.at
  %is.dtype = icmp eq ptr %dtype, %last.dtype
  %own.rank.at = getelementptr i8, ptr %object, i64 {rank}
  %own.rank = load i32, ptr %own.rank.at
  %is.rank = icmp eq i32 %own.rank, %last.rank
  %is.like = and i1 %is.dtype, %is.rank
  %own.shape.at = getelementptr i8, ptr %object, i64 {shape}
  %own.shape = load ptr, ptr %own.shape.at
  br i1 %is.like, label %side, label %refuse
side:
  %s = phi i64 [ 0, %fields ], [ %s.next, %compare ]
  %s.done = icmp eq i64 %s, %last.axes
  br i1 %s.done, label %same, label %compare
compare:
  %own.side.at = getelementptr i64, ptr %own.shape, i64 %s
  %own.side = load i64, ptr %own.side.at
  %last.side.at = getelementptr i64, ptr %last.shape, i64 %s
  %last.side = load i64, ptr %last.side.at
  %is.side = icmp eq i64 %own.side, %last.side
  %s.next = add i64 %s, 1
  br i1 %is.side, label %side, label %refuse
same:
"""

_NUMBERS = """\
  %numbers.at = getelementptr ptr, ptr %arrays, i64 {place}
  %numbers.object = load ptr, ptr %numbers.at
  %numbers.data = getelementptr i8, ptr %numbers.object, i64 {data}
  %numbers = load i64, ptr %numbers.data
"""
