"""The fixed parts of a native module: what goes from a table of arrays to vectors of points."""

from __future__ import annotations

DIVIDE, INVALID, OVERFLOW, UNDERFLOW = 1, 2, 4, 8  # what `run` returns, joined by "or"
_PATIENCE = 50_000  # looks at whether other threads are done: about a tenth of a millisecond


def frame(counts: tuple[int, int, int], scalar: str, lanes: int, family: str) -> str:
    """`run` and `tail` for so many arguments that vary, that do not, and results."""
    varying, uniform, results = counts
    size = 4 if scalar == "float" else 8
    start, end = _FLAGS.get(family, _NO_FLAGS)
    fields = {
        "scalar": scalar,
        "vector": f"<{lanes} x {scalar}>",
        "lanes": lanes,
        "size": size,
        "bytes": size * lanes,
        "arguments": varying + uniform,
        "varying": varying,
        "all": varying + uniform + results,
        "patience": _PATIENCE,
        "start": start,
        "end": end,
    }
    return _SHARE.format(**fields) + _RUN.format(**fields) + _TAIL.format(**fields) + _DECLARED.get(family, "")


def method(counts: tuple[int, int, int], head: int) -> str:
    """`call`, for objects whose fields stand behind so many bytes."""
    return _METHOD.format(all=sum(counts), data=head, rank=head + 8, shape=head + 16, flags=head + 48)


# A thread takes the strips of its own region first, which are side by side, then those that are left of the others'.
# `state`: the threads so far, the strips that are done, those that are taken of each region, and a byte for the errors
# of each strip. The first thread waits a little for the others.
_SHARE = """\
define i64 @share(ptr %table, i64 %count, i64 %strip, i64 %regions, ptr %state) #0 {{
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
  %is.argument = icmp ult i64 %k, {arguments}
  %is.varying = icmp ult i64 %k, {varying}
  %is.uniform = xor i1 %is.argument, %is.varying
  %bytes = mul i64 %start, {size}
  %offset = select i1 %is.uniform, i64 0, i64 %bytes
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
  %flags = call i32 @run(ptr %own, i64 1, i64 %points)
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
define i32 @run(ptr %table, i64 %rows, i64 %count) #0 {{
begin:
{start}  %pointers = alloca [{all} x ptr]
  %whole = udiv i64 %count, {lanes}
  %rest = urem i64 %count, {lanes}
  %from = sub i64 %count, %rest
  %some = icmp ne i64 %whole, 0
  %more = icmp ne i64 %rest, 0
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
  br i1 %k.done, label %first, label %array
first:
  br i1 %some, label %loop, label %second
loop:
  call void @vectors(ptr %pointers, i64 %from)
  br label %second
second:
  br i1 %more, label %last, label %next
last:
  call void @tail(ptr %pointers, i64 %from, i64 %rest)
  br label %next
next:
  %r.next = add i64 %r, 1
  %r.done = icmp eq i64 %r.next, %rows
  br i1 %r.done, label %end, label %row
end:
{end}  ret i32 %flags
}}

"""

# The lanes that are left over compute with the first point that is left, so that they raise no flag of their own.
_TAIL = """\
define internal void @tail(ptr %pointers, i64 %start, i64 %rest) #0 {{
begin:
  %own = alloca [{all} x ptr]
  %buffers = alloca [{all} x {vector}], align 64
  %bytes = mul i64 %rest, {size}
  %skipped = mul i64 %start, {size}
  br label %array
array:
  %k = phi i64 [ 0, %begin ], [ %k.next, %next ]
  %at = getelementptr ptr, ptr %pointers, i64 %k
  %base = load ptr, ptr %at
  %to = getelementptr ptr, ptr %own, i64 %k
  %buffer = getelementptr {vector}, ptr %buffers, i64 %k
  %is.varying = icmp ult i64 %k, {varying}
  %is.argument = icmp ult i64 %k, {arguments}
  %is.uniform = xor i1 %is.varying, %is.argument
  %chosen = select i1 %is.uniform, ptr %base, ptr %buffer
  store ptr %chosen, ptr %to
  br i1 %is.varying, label %fill, label %next
fill:
  %from = getelementptr i8, ptr %base, i64 %skipped
  %one = load {scalar}, ptr %from, align {size}
  %lane = insertelement {vector} poison, {scalar} %one, i64 0
  %lanes = shufflevector {vector} %lane, {vector} poison, <{lanes} x i32> zeroinitializer
  store {vector} %lanes, ptr %buffer
  call void @llvm.memcpy.p0.p0.i64(ptr %buffer, ptr %from, i64 %bytes, i1 false)
  br label %next
next:
  %k.next = add i64 %k, 1
  %k.done = icmp eq i64 %k.next, {all}
  br i1 %k.done, label %compute, label %array
compute:
  call void @vectors(ptr %own, i64 {lanes})
  br label %result
result:
  %j = phi i64 [ {arguments}, %compute ], [ %j.next, %copy ]
  %j.done = icmp eq i64 %j, {all}
  br i1 %j.done, label %end, label %copy
copy:
  %j.at = getelementptr ptr, ptr %pointers, i64 %j
  %j.base = load ptr, ptr %j.at
  %j.to = getelementptr i8, ptr %j.base, i64 %skipped
  %j.buffer = getelementptr {vector}, ptr %buffers, i64 %j
  call void @llvm.memcpy.p0.p0.i64(ptr %j.to, ptr %j.buffer, i64 %bytes, i1 false)
  %j.next = add i64 %j, 1
  br label %result
end:
  ret void
}}

declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""

LOOP = """\
define internal void @vectors(ptr %pointers, i64 %count) #0 {{
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

PART_OF = """\
define internal void @part{n}(ptr %pointers, ptr %memory, i64 %i) #0 {{
{body}  ret void
}}
"""

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
  %to = getelementptr [2 x i64], ptr %table, i64 %k
  store i64 %data, ptr %to
  %step = getelementptr i64, ptr %to, i64 1
  store i64 0, ptr %step
  %k.next = add i64 %k, 1
  %k.done = icmp eq i64 %k.next, {all}
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
  %found = call i32 @run(ptr %table, i64 1, i64 %count)
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

# The processor keeps the flags of floating-point errors until they are cleared.
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
        "  call void @llvm.aarch64.set.fpsr(i64 0)\n",
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
_NO_FLAGS = ("", "  %flags = add i32 0, 15\n")  # unknown: any of them
_DECLARED = {
    "x86": "declare void @llvm.x86.sse.stmxcsr(ptr)\ndeclare void @llvm.x86.sse.ldmxcsr(ptr)\n",
    "aarch64": "declare i64 @llvm.aarch64.get.fpsr()\ndeclare void @llvm.aarch64.set.fpsr(i64)\n",
}
