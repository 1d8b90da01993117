"""The fixed parts of a native module: from a table of arrays to vectors of points."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from symdiff.emit.llvm.folds import across, initial, merged
from symdiff.emit.llvm.vectors import Counts, Vectors

_PATIENCE = 50_000  # how often the first thread looks whether the others are done, for about a tenth of a millisecond


def frame(counts: Counts, loops: int, family: str, *, quiet: bool) -> str:
    """Return the functions `share` and `run`.

    Args:
        counts: The numbers of arrays.
        loops: The number of loops.
        family: The family of processors.
        quiet: Report no floating-point errors.
    """
    start, end = _QUIET if quiet else _FLAGS.get(family, _UNKNOWN)
    calls = [_CALL.format(n=n, bit=1 << n, function=f"phase{n}", given=", i64 %count") for n in range(loops)]
    if counts.single:
        calls.append(_CALL.format(n=loops, bit=1 << loops, function="finish", given=""))
    share = _SHARE.format(all=counts.all, patience=_PATIENCE)
    run = _RUN.format(all=counts.all, start=start, end=end, calls="".join(calls))
    return share + run + _MEMCPY + _DECLARED.get(family, "")


def errors_kept(family: str) -> tuple[str, str, str]:
    """Return code in front of and behind loops that finds the floating-point errors between, and puts the flags back.

    The third text is the declarations that the code needs. The family must be known.
    """
    start, end = _FLAGS[family]
    return start, end + _RESTORE[family], _DECLARED[family]


FAMILIES = ("x86", "aarch64")  # whose flags of floating-point errors are known


def phase(
    n: int,
    vectors: Vectors,
    counts: Counts,
    read: Collection[int],
    written: Collection[int],
    folds: range,
    kinds: Sequence[str],
) -> str:
    """Return the functions `phase` and `tail` of a loop.

    Args:
        n: The number of the loop.
        vectors: The type of vectors.
        counts: The numbers of arrays.
        read: The results in whose arrays the loop finds what earlier loops kept.
        written: The results in whose arrays the loop stores.
        folds: The folds that the loop makes.
        kinds: The operation of each of these folds.
    """
    fields = {
        "n": n,
        "numbers": f"<{', '.join(f'i64 {k}' for k in range(vectors.lanes))}>",
        "scalar": vectors.scalar,
        "vector": str(vectors),
        "lanes": vectors.lanes,
        "size": vectors.size,
        "given": counts.given,
        "varying": counts.varying,
        "all": counts.all,
        "uses": "".join([rf"\{use:02}" for use in _uses(counts, read, written)]),
        "folds": len(folds),
        "initial": "".join([initial(r, kind, vectors) for r, kind in enumerate(kinds)]),
        "merge": "".join([merged(r, kind, vectors) for r, kind in enumerate(kinds)]),
        "folded": "".join(
            [across(r, counts.varying + counts.numbers + folds[r], kind, vectors) for r, kind in enumerate(kinds)]
        ),
    }
    return _PHASE.format(**fields) + _TAIL.format(**fields)


# A thread first takes the strips of its own region, which lie side by side, then those that are left in other regions.
# `state` holds the number of threads so far, the number of strips that are done, the number of strips that are taken in
# each region, and a byte for the errors of each strip. The first thread waits a little for the others.
_SHARE = """\
define i64 @share(ptr %table, i64 %count, i64 %strip, i64 %regions, ptr %state, i64 %phases) #0 {{
begin:
  %own = alloca [{all} x [2 x i64]]
  %filled = add i64 %count, %strip
  %over = sub i64 %filled, 1
  %strips = udiv i64 %over, %strip
  %rounded = add i64 %strips, %regions
  %more = sub i64 %rounded, 1
  %size = udiv i64 %more, %regions
  %done.at = getelementptr i64, ptr %state, i64 1
  %taken.at = getelementptr i64, ptr %state, i64 2
  %found = getelementptr i64, ptr %taken.at, i64 %regions
  %me = atomicrmw add ptr %state, i64 1 monotonic
  br label %region
region:
  %turn = phi i64 [ 0, %begin ], [ %turn.next, %over.region ]
  %turned = add i64 %me, %turn
  %region.number = urem i64 %turned, %regions
  %next = getelementptr i64, ptr %taken.at, i64 %region.number
  %corner = mul i64 %region.number, %size
  br label %take
take:
  %k0 = atomicrmw add ptr %next, i64 1 monotonic
  %n = add i64 %corner, %k0
  %start = mul i64 %n, %strip
  %left = sub i64 %count, %start
  %inside = icmp slt i64 %k0, %size
  %some = icmp sgt i64 %left, 0
  %good = and i1 %inside, %some
  br i1 %good, label %array, label %over.region
array:
  %k = phi i64 [ 0, %take ], [ %k.next, %array ]
  %at = getelementptr [2 x i64], ptr %table, i64 %k
  %base = load i64, ptr %at
  %at.step = getelementptr i64, ptr %at, i64 1
  %by = load i64, ptr %at.step
  %offset = mul i64 %by, %n
  %place = add i64 %base, %offset
  %to = getelementptr [2 x i64], ptr %own, i64 %k
  store i64 %place, ptr %to
  %step = getelementptr i64, ptr %to, i64 1
  store i64 0, ptr %step
  %k.next = add i64 %k, 1
  %k.done = icmp eq i64 %k.next, {all}
  br i1 %k.done, label %compute, label %array
compute:
  %short = icmp slt i64 %left, %strip
  %points = select i1 %short, i64 %left, i64 %strip
  %flags = call i32 @run(ptr %own, i64 1, i64 %points, i64 %phases)
  %byte = trunc i32 %flags to i8
  %found.at = getelementptr i8, ptr %found, i64 %n
  store i8 %byte, ptr %found.at
  %done.before = atomicrmw add ptr %done.at, i64 1 release
  br label %take
over.region:
  %turn.next = add i64 %turn, 1
  %turn.done = icmp eq i64 %turn.next, %regions
  br i1 %turn.done, label %leave, label %region
leave:
  %first = icmp eq i64 %me, 0
  %patience = select i1 %first, i64 {patience}, i64 1
  br label %wait
wait:
  %w = phi i64 [ 0, %leave ], [ %w.next, %wait ]
  %done = load atomic i64, ptr %done.at acquire, align 8
  %undone = sub i64 %strips, %done
  %ready = icmp eq i64 %undone, 0
  %w.next = add i64 %w, 1
  %weary = icmp uge i64 %w.next, %patience
  %stop = or i1 %ready, %weary
  br i1 %stop, label %end, label %wait
end:
  ret i64 %undone
}}

"""

_RUN = """\
define i32 @run(ptr %table, i64 %rows, i64 %count, i64 %phases) #0 {{
begin:
{start}  %pointers = alloca [{all} x ptr]
  br label %row
row:
  %r = phi i64 [ 0, %begin ], [ %r.next, %next ]
  br label %array
array:
  %k = phi i64 [ 0, %row ], [ %k.next, %array ]
  %k2 = mul i64 %k, 2
  %at = getelementptr i64, ptr %table, i64 %k2
  %base = load ptr, ptr %at
  %at.step = getelementptr i64, ptr %at, i64 1
  %step = load i64, ptr %at.step
  %offset = mul i64 %step, %r
  %place = getelementptr i8, ptr %base, i64 %offset
  %to = getelementptr ptr, ptr %pointers, i64 %k
  store ptr %place, ptr %to
  %k.next = add i64 %k, 1
  %k.done = icmp eq i64 %k.next, {all}
  br i1 %k.done, label %compute, label %array
compute:
{calls}  br label %next
next:
  %r.next = add i64 %r, 1
  %r.done = icmp eq i64 %r.next, %rows
  br i1 %r.done, label %end, label %row
end:
{end}  ret i32 %flags
}}

"""

_CALL = """\
  %bit{n} = and i64 %phases, {bit}
  %on{n} = icmp ne i64 %bit{n}, 0
  br i1 %on{n}, label %phase{n}, label %behind{n}
phase{n}:
  call void @{function}(ptr %pointers{given})
  br label %behind{n}
behind{n}:
"""

_PHASE = """\
define internal void @phase{n}(ptr %pointers, i64 %count) #0 {{
begin:
  %sums = alloca [{folds} x {vector}], align 64
  %rest = urem i64 %count, {lanes}
  %from = sub i64 %count, %rest
  %some = icmp ne i64 %from, 0
  %more = icmp ne i64 %rest, 0
  br i1 %some, label %loop, label %short
loop:
  call void @vectors{n}(ptr %pointers, i64 %from, ptr %sums)
  br label %second
short:
{initial}  br label %second
second:
  br i1 %more, label %last, label %end
last:
  call void @tail{n}(ptr %pointers, i64 %from, i64 %rest, ptr %sums)
  br label %end
end:
{folded}  ret void
}}

"""


def _uses(counts: Counts, read: Collection[int], written: Collection[int]) -> list[int]:
    """Return for each entry of the table how `tail` uses the array: 1 if it reads, 2 if it stores, 3 for both."""
    results = range(counts.results)
    behind = [(k in read) + 2 * (k in written) for k in results]
    return [*[1] * counts.varying, *[0] * (counts.given - counts.varying), *behind, *[0] * counts.single]


# Unused lanes compute with the first point that is left, so they raise no error of their own.
_TAIL = """\
@uses{n} = internal constant [{all} x i8] c"{uses}"

define internal void @tail{n}(ptr %pointers, i64 %start, i64 %rest, ptr %sums) #0 {{
begin:
  %own = alloca [{all} x ptr]
  %buffers = alloca [{all} x {vector}], align 64
  %more = alloca [{folds} x {vector}], align 64
  %bytes = mul i64 %rest, {size}
  %skipped = mul i64 %start, {size}
  br label %array
array:
  %k = phi i64 [ 0, %begin ], [ %k.next, %next ]
  %at = getelementptr ptr, ptr %pointers, i64 %k
  %base = load ptr, ptr %at
  %to = getelementptr ptr, ptr %own, i64 %k
  %buffer = getelementptr {vector}, ptr %buffers, i64 %k
  %use.at = getelementptr i8, ptr @uses{n}, i64 %k
  %use = load i8, ptr %use.at
  %is.buffered = icmp ne i8 %use, 0
  %chosen = select i1 %is.buffered, ptr %buffer, ptr %base
  store ptr %chosen, ptr %to
  %is.read = trunc i8 %use to i1
  br i1 %is.read, label %fill, label %next
fill:
  %from = getelementptr i8, ptr %base, i64 %skipped
  %one = load {scalar}, ptr %from, align {size}
  %first = insertelement {vector} poison, {scalar} %one, i64 0
  %lanes = shufflevector {vector} %first, {vector} poison, <{lanes} x i32> zeroinitializer
  store {vector} %lanes, ptr %buffer
  call void @llvm.memcpy.p0.p0.i64(ptr %buffer, ptr %from, i64 %bytes, i1 false)
  br label %next
next:
  %k.next = add i64 %k, 1
  %k.done = icmp eq i64 %k.next, {all}
  br i1 %k.done, label %compute, label %array
compute:
  call void @vectors{n}(ptr %own, i64 {lanes}, ptr %more)
  %lane = insertelement <{lanes} x i64> poison, i64 %rest, i64 0
  %limit = shufflevector <{lanes} x i64> %lane, <{lanes} x i64> poison, <{lanes} x i32> zeroinitializer
  %is.lane = icmp ult <{lanes} x i64> {numbers}, %limit
{merge}  br label %result
result:
  %j = phi i64 [ 0, %compute ], [ %j.next, %behind ]
  %j.done = icmp eq i64 %j, {all}
  br i1 %j.done, label %end, label %which
which:
  %j.use.at = getelementptr i8, ptr @uses{n}, i64 %j
  %j.use = load i8, ptr %j.use.at
  %is.stored = icmp uge i8 %j.use, 2
  br i1 %is.stored, label %copy, label %behind
copy:
  %j.at = getelementptr ptr, ptr %pointers, i64 %j
  %j.base = load ptr, ptr %j.at
  %j.to = getelementptr i8, ptr %j.base, i64 %skipped
  %j.buffer = getelementptr {vector}, ptr %buffers, i64 %j
  call void @llvm.memcpy.p0.p0.i64(ptr %j.to, ptr %j.buffer, i64 %bytes, i1 false)
  br label %behind
behind:
  %j.next = add i64 %j, 1
  br label %result
end:
  ret void
}}

"""

LOOP = """\
define internal void @vectors{n}(ptr %pointers, i64 %count, ptr %sums) #0 {{
begin:
{before}  br label %loop
loop:
  %i = phi i64 [ 0, %begin ], [ %i.next, %loop ]
{inside}  %i.next = add i64 %i, {lanes}
  %done = icmp eq i64 %i.next, %count
  br i1 %done, label %end, label %loop
end:
  ret void
}}
"""

FINISH = """\
define internal void @finish(ptr %pointers) #0 {{
{body}  ret void
}}
"""

PART_OF = """\
define internal void @part{n}.{k}(ptr %pointers, ptr %memory, i64 %i) #0 {{
{body}  ret void
}}
"""

# The processor keeps the flags of floating-point errors until they are cleared. `flags` has the bits 1 for a division
# by zero, 2 for an invalid operation, 4 for an overflow and 8 for an underflow.
_FLAGS = {
    "x86": (
        """\
  %csr = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %csr)
  %before = load i32, ptr %csr
  %clear = and i32 %before, -64
  store i32 %clear, ptr %csr
  call void @llvm.x86.sse.ldmxcsr(ptr %csr)
""",
        """\
  call void @llvm.x86.sse.stmxcsr(ptr %csr)
  %after = load i32, ptr %csr
  %divide.at = lshr i32 %after, 2
  %divide = and i32 %divide.at, 1
  %invalid.at = shl i32 %after, 1
  %invalid = and i32 %invalid.at, 2
  %range.at = lshr i32 %after, 1
  %range = and i32 %range.at, 12
  %both = or i32 %divide, %invalid
  %flags = or i32 %both, %range
""",
    ),
    "aarch64": (
        "  %before = call i64 @llvm.aarch64.get.fpsr()\n  call void @llvm.aarch64.set.fpsr(i64 0)\n",
        """\
  %after = call i64 @llvm.aarch64.get.fpsr()
  %low = trunc i64 %after to i32
  %divide.at = lshr i32 %low, 1
  %divide = and i32 %divide.at, 1
  %invalid.at = shl i32 %low, 1
  %invalid = and i32 %invalid.at, 2
  %range = and i32 %low, 12
  %both = or i32 %divide, %invalid
  %flags = or i32 %both, %range
""",
    ),
}
# Put the flags back as they were before.
_RESTORE = {
    "x86": "  store i32 %before, ptr %csr\n  call void @llvm.x86.sse.ldmxcsr(ptr %csr)\n",
    "aarch64": "  call void @llvm.aarch64.set.fpsr(i64 %before)\n",
}
_MEMCPY = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n"
_UNKNOWN = ("", "  %flags = add i32 0, 15\n")  # any error
_QUIET = ("", "  %flags = add i32 0, 0\n")
_DECLARED = {
    "x86": "declare void @llvm.x86.sse.stmxcsr(ptr)\ndeclare void @llvm.x86.sse.ldmxcsr(ptr)\n",
    "aarch64": "declare i64 @llvm.aarch64.get.fpsr()\ndeclare void @llvm.aarch64.set.fpsr(i64)\n",
}
