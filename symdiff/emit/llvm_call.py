"""The method of CPython by which small arrays are handed to native code."""

from __future__ import annotations

from symdiff.emit.llvm_vectors import Counts, Vectors


def method(counts: Counts, vectors: Vectors, head: int) -> str:
    """`call`, for objects whose fields stand behind so many bytes.

    They are the arrays that vary along a row, the results, and then one of all single numbers, if there are any.
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
    numbers = "".join([_NUMBERS.format(place=long, data=head), *lines]) if lines else ""
    return _METHOD.format(**fields, **layout, numbers=numbers)


# An array is read where it lies, if it is aligned and in one piece: flags 0x101 of NumPy's C interface.
METHOD = "define ptr @call("  # there is one where native code may read arrays
_METHOD = """\
define ptr @call(ptr %self, ptr %arrays, i64 %number) #0 {{
begin:
  %table = alloca [{all} x [2 x i64]]
  br label %array
array:
  %k = phi i64 [ 0, %begin ], [ %k.next, %array ]
  %lies = phi i32 [ 257, %begin ], [ %lies.next, %array ]
  %at = getelementptr ptr, ptr %arrays, i64 %k
  %object = load ptr, ptr %at
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

_NUMBERS = """\
  %numbers.at = getelementptr ptr, ptr %arrays, i64 {place}
  %numbers.object = load ptr, ptr %numbers.at
  %numbers.data = getelementptr i8, ptr %numbers.object, i64 {data}
  %numbers = load i64, ptr %numbers.data
"""
