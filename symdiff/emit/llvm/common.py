"""The functions that are the same in all native modules. Each is compiled once for a process, when a module needs it.

A module calls what it needs by name. The name says everything that the text of the function depends on:

    symdiff.run.FAMILY               for each row: the pointers, then the loops; returns the floating-point errors
    symdiff.run.quiet                the same without errors
    symdiff.phase.VECTORS            a loop over whole vectors, and the points that are left, copied to a vector
    symdiff.call.HEAD                a method of CPython for small arrays, each in one piece
    symdiff.alike.HEAD               a method for objects that may not be arrays of one class, dtype and shape

FAMILY is that of the processor, VECTORS a type as `v8f64`, and HEAD the bytes of an array object in front of its
fields.
"""

from __future__ import annotations

import re

from symdiff.emit.llvm.crew import FIELDS
from symdiff.emit.llvm.vectors import Vectors, vectors_of

CREW = "symdiff.crew"  # the memory of the crew; see `symdiff.emit.llvm.crew`
_NEEDED = re.compile(r"@(symdiff\.[\w.]+)\(")


def run_of(family: str, *, quiet: bool) -> str:
    """Return the name of the function that runs the loops of a module, for a family of processors."""
    return f"symdiff.run.{'quiet' if quiet else family if family in FAMILIES else 'unknown'}"


def phase_of(vectors: Vectors) -> str:
    """Return the name of the function that runs one loop, for a type of vectors."""
    return f"symdiff.phase.{vectors.suffix}"


def call_of(head: int, *, alike: bool) -> str:
    """Return the name of the function that reads arrays.

    Args:
        head: The bytes of an array object in front of its fields.
        alike: Inputs may be objects of any kind. They are read if they have the class, dtype and shape of the last
            result.
    """
    return f"symdiff.{'alike' if alike else 'call'}.{head}"


def needed(module: str) -> list[str]:
    """Return the names of the functions of this kind that a module calls."""
    return list(dict.fromkeys(_NEEDED.findall(module)))


def declaration(name: str) -> str:
    """Return the declaration of a function for a module that needs it."""
    kind = name.split(".")[1]
    return f"declare {_TYPES[kind][0]} @{name}({_TYPES[kind][1]})"


def source(name: str) -> str:
    """Return the module of a function."""
    _, kind, *rest = name.split(".")
    if kind == "run":
        start, end = _QUIET if rest == ["quiet"] else _FLAGS.get(rest[0], _UNKNOWN)
        return _RUN.format(name=name, start=start, end=end) + _DECLARED.get(rest[0], "")
    if kind == "phase":
        vectors = vectors_of(rest[0])
        fields = {"scalar": vectors.scalar, "vector": str(vectors), "lanes": vectors.lanes, "size": vectors.size}
        return _PHASE.format(name=name, **fields)
    head = int(rest[0])
    layout = {"data": head, "rank": head + 8, "shape": head + 16, "flags": head + 48}
    alike_layout = {"kind": head - 8, "dtype": head + 40, **layout}
    if kind == "call":
        return _METHOD.format(name=name, more="", first="", check="", compute=_SMALL, declared="", **layout)
    job = {field: FIELDS.index(field) for field in FIELDS}
    compute = _SMALL_OR_LARGE.format(crew=CREW, most=_MOST, least=_LEAST, each=_EACH, bytes=8 * _JOB, **job)
    parts = {"more": _MORE, "first": _FIRST.format(jobs=_JOB, **alike_layout), "check": _ALIKE.format(**alike_layout)}
    return _METHOD.format(name=name, compute=compute, declared=_OF_LARGE.format(crew=CREW), **parts, **layout)


def strip_of(count: int, threads: int, share: int) -> int:
    """Return the points of a strip, where some threads share a number of points: a whole number of cache lines.

    `share` points are worth a thread. A quarter of them are worth a strip.
    """
    return max(min(count // (_EACH * threads), _MOST), share // 4, _LEAST) // 64 * 64


def errors_kept(family: str) -> tuple[str, str, str]:
    """Return code in front of and behind loops that finds the floating-point errors between, and puts the flags back.

    The third text is the declarations that the code needs. The family must be known.
    """
    start, end = _FLAGS[family]
    return start, end + _RESTORE[family], _DECLARED[family]


FAMILIES = ("x86", "aarch64")  # whose flags of floating-point errors are known
_JOB = len(FIELDS) + 64  # entries of a job for 64 threads
_EACH, _LEAST, _MOST = 8, 64, 131_072  # strips for each thread, and the least and the most points of a strip

# The type of the result of each kind of function, and those of its arguments.
_TYPES = {
    "run": ("i32", "ptr, i64, i64, i64, i64, ptr, i64"),
    "phase": ("void", "ptr, i64, ptr, ptr, ptr, ptr, i64"),
    "call": ("ptr", "ptr, ptr, i64, i64, i64, i64, i64"),
    "alike": ("ptr", "ptr, ptr, i64, i64, i64, i64, i64, i64, i64, i64"),
}

# `all` is the number of entries of the table.
_RUN = """\
define i32 @{name}(ptr %table, i64 %first, i64 %end, i64 %count, i64 %phases, ptr %compute, i64 %all) #0 {{
begin:
{start}  %pointers = alloca ptr, i64 %all
  br label %row
row:
  %r = phi i64 [ %first, %begin ], [ %r.next, %next ]
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
  %k.done = icmp eq i64 %k.next, %all
  br i1 %k.done, label %next, label %array
next:
  call void %compute(ptr %pointers, i64 %count, i64 %phases)
  %r.next = add i64 %r, 1
  %r.done = icmp eq i64 %r.next, %end
  br i1 %r.done, label %done, label %row
done:
{end}  ret i32 %flags
}}

"""

# `uses` says for each entry of the table how the loop uses the array: 1 if it reads, 2 if it stores, 3 for both. Unused
# lanes compute with the first point that is left, so they raise no error of their own.
_PHASE = """\
define void @{name}(
    ptr %pointers, i64 %count, ptr %sums, ptr %more, ptr %vectors, ptr %uses, i64 %all) #0 {{
begin:
  %rest = urem i64 %count, {lanes}
  %from = sub i64 %count, %rest
  %some = icmp ne i64 %from, 0
  br i1 %some, label %whole, label %second
whole:
  call void %vectors(ptr %pointers, i64 %from, ptr %sums)
  br label %second
second:
  %last = icmp ne i64 %rest, 0
  br i1 %last, label %tail, label %end
tail:
  call void @tail(ptr %pointers, i64 %from, i64 %rest, ptr %more, ptr %vectors, ptr %uses, i64 %all)
  br label %end
end:
  ret void
}}

define internal void @tail(
    ptr %pointers, i64 %start, i64 %rest, ptr %more, ptr %vectors, ptr %uses, i64 %all) #0 {{
begin:
  %own = alloca ptr, i64 %all
  %buffers = alloca {vector}, i64 %all, align 64
  %bytes = mul i64 %rest, {size}
  %skipped = mul i64 %start, {size}
  br label %array
array:
  %k = phi i64 [ 0, %begin ], [ %k.next, %next ]
  %at = getelementptr ptr, ptr %pointers, i64 %k
  %base = load ptr, ptr %at
  %to = getelementptr ptr, ptr %own, i64 %k
  %buffer = getelementptr {vector}, ptr %buffers, i64 %k
  %use.at = getelementptr i8, ptr %uses, i64 %k
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
  %k.done = icmp eq i64 %k.next, %all
  br i1 %k.done, label %compute, label %array
compute:
  call void %vectors(ptr %own, i64 {lanes}, ptr %more)
  br label %result
result:
  %j = phi i64 [ 0, %compute ], [ %j.next, %behind ]
  %j.done = icmp eq i64 %j, %all
  br i1 %j.done, label %end, label %which
which:
  %j.use.at = getelementptr i8, ptr %uses, i64 %j
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

declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""

# An array is read if it is aligned and in one piece, and stored in if it is writeable too: the flags 0x101 = 257 and
# 0x400 = 1024 of NumPy's C interface. The table has the bytes from element to element.
_METHOD = """\
define ptr @{name}(
    ptr %arrays, ptr %run, i64 %varying, i64 %kept, i64 %results, i64 %single, i64 %size{more}) #0 {{
begin:
  %stored = add i64 %varying, %results
  %objects = call i64 @llvm.umax.i64(i64 %stored, i64 1)
  %slots = add i64 %kept, %single
  %all = add i64 %stored, %slots
  %table = alloca [2 x i64], i64 %all
{first}  br label %array
array:
  %k = phi i64 [ 0, %begin ], [ %k.next, %read ]
  %lies = phi i32 [ 1281, %begin ], [ %lies.next, %read ]
  %at = getelementptr ptr, ptr %arrays, i64 %k
  %object = load ptr, ptr %at
{check}  br label %read
read:
  %data.at = getelementptr i8, ptr %object, i64 {data}
  %data = load i64, ptr %data.at
  %flags.at = getelementptr i8, ptr %object, i64 {flags}
  %flags = load i32, ptr %flags.at
  %is.varying = icmp ult i64 %k, %varying
  %allowed = select i1 %is.varying, i32 1024, i32 0
  %good.flags = or i32 %flags, %allowed
  %lies.next = and i32 %lies, %good.flags
  %behind = add i64 %k, %kept
  %slot = select i1 %is.varying, i64 %k, i64 %behind
  %to = getelementptr [2 x i64], ptr %table, i64 %slot
  store i64 %data, ptr %to
  %step = getelementptr i64, ptr %to, i64 1
  store i64 %size, ptr %step
  %k.next = add i64 %k, 1
  %k.done = icmp eq i64 %k.next, %objects
  br i1 %k.done, label %measure, label %array
measure:
  %good = icmp eq i32 %lies.next, 1281
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
  br i1 %j.done, label %measured, label %next
next:
  %size.at = getelementptr i64, ptr %shape, i64 %j
  %side.size = load i64, ptr %size.at
  %count.next = mul i64 %count, %side.size
  %j.next = add i64 %j, 1
  br label %axis
measured:
  %alone = icmp eq i64 %slots, 0
  br i1 %alone, label %compute, label %numbers
numbers:
  %numbers.at = getelementptr ptr, ptr %arrays, i64 %stored
  %numbers.object = load ptr, ptr %numbers.at
  %numbers.data = getelementptr i8, ptr %numbers.object, i64 {data}
  %values = load i64, ptr %numbers.data
  br label %each
each:
  %m = phi i64 [ 0, %numbers ], [ %m.next, %each ]
  %is.kept = icmp ult i64 %m, %kept
  %skipped = select i1 %is.kept, i64 0, i64 %results
  %m.behind = add i64 %m, %varying
  %m.slot = add i64 %m.behind, %skipped
  %m.to = getelementptr [2 x i64], ptr %table, i64 %m.slot
  %m.bytes = mul i64 %m, %size
  %m.value = add i64 %values, %m.bytes
  store i64 %m.value, ptr %m.to
  %m.step = getelementptr i64, ptr %m.to, i64 1
  store i64 0, ptr %m.step
  %m.next = add i64 %m, 1
  %m.done = icmp eq i64 %m.next, %slots
  br i1 %m.done, label %compute, label %each
compute:
{compute}finish:
  %long = zext i32 %found to i64
  br label %end
refuse:
  br label %end
end:
  %answer = phi i64 [ %long, %finish ], [ -1, %refuse ]
  %result = call ptr @PyLong_FromSsize_t(i64 %answer)
  ret ptr %result
}}

declare ptr @PyLong_FromSsize_t(i64)
declare i64 @llvm.umax.i64(i64, i64)
{declared}"""

_SMALL = """\
  %found = call i32 %run(ptr %table, i64 0, i64 1, i64 %count, i64 -1)
  br label %finish
"""

# Arguments of `alike`: the number of the arguments of the call, the points that are worth a thread, and the most
# threads. An argument that is one too many says that the results are not new, so that they may share memory.
_MORE = ", i64 %number, i64 %share, i64 %threads"
_SMALL_OR_LARGE = """\
  %with.numbers = icmp ne i64 %slots, 0
  %is.given = zext i1 %with.numbers to i64
  %expected = add i64 %objects, %is.given
  %are.old = icmp ugt i64 %number, %expected
  %length = mul i64 %count, %size
  br i1 %are.old, label %stored.one, label %apart
stored.one:
  %t = phi i64 [ 0, %compute ], [ %t.next, %is.apart ]
  %t.done = icmp eq i64 %t, %results
  br i1 %t.done, label %apart, label %from
from:
  %t.behind = add i64 %t, %kept
  %t.slot = add i64 %t.behind, %varying
  %t.at = getelementptr [2 x i64], ptr %table, i64 %t.slot
  %t.data = load i64, ptr %t.at
  %t.end = add i64 %t.data, %length
  %t.next = add i64 %t, 1
  br label %other
other:
  %u = phi i64 [ 0, %from ], [ %u.next, %side.by.side ]
  %u.is.varying = icmp ult i64 %u, %varying
  %u.behind = add i64 %u, %kept
  %u.slot = select i1 %u.is.varying, i64 %u, i64 %u.behind
  %u.at = getelementptr [2 x i64], ptr %table, i64 %u.slot
  %u.data = load i64, ptr %u.at
  %u.end = add i64 %u.data, %length
  %u.last = add i64 %t, %varying
  %u.done = icmp eq i64 %u, %u.last
  %before = icmp ult i64 %t.data, %u.end
  %behind.it = icmp ult i64 %u.data, %t.end
  %both = and i1 %before, %behind.it
  br i1 %u.done, label %is.apart, label %two
two:
  br i1 %both, label %refuse, label %side.by.side
side.by.side:
  %u.next = add i64 %u, 1
  br label %other
is.apart:
  br label %stored.one
apart:
  %large = icmp ugt i64 %count, %share
  br i1 %large, label %many, label %few
few:
  %found.few = call i32 %run(ptr %table, i64 0, i64 1, i64 %count, i64 -1)
  br label %finish.all
many:
  %parts = udiv i64 %count, %share
  %regions = call i64 @llvm.umin.i64(i64 %parts, i64 %threads)
  %helpers = sub i64 %regions, 1
  %no.helpers = icmp eq i64 %helpers, 0
  br i1 %no.helpers, label %one, label %some
one:
  %state.one = call ptr @PyEval_SaveThread()
  %found.one = call i32 %run(ptr %table, i64 0, i64 1, i64 %count, i64 -1)
  call void @PyEval_RestoreThread(ptr %state.one)
  br label %finish.all
some:
  %there = load i64, ptr @{crew}
  %enough = icmp uge i64 %there, %helpers
  br i1 %enough, label %spread, label %refuse
spread:
  %pieces = mul i64 %regions, {each}
  %piece = udiv i64 %count, %pieces
  %piece.most = call i64 @llvm.umin.i64(i64 %piece, i64 {most})
  %quarter = lshr i64 %share, 2
  %least = call i64 @llvm.umax.i64(i64 %quarter, i64 {least})
  %piece.least = call i64 @llvm.umax.i64(i64 %piece.most, i64 %least)
  %strip = and i64 %piece.least, -64
  call void @llvm.memset.p0.i64(ptr align 64 %job, i8 0, i64 {bytes}, i1 false)
  %job.run = getelementptr i64, ptr %job, i64 {run}
  store ptr %run, ptr %job.run
  %job.table = getelementptr i64, ptr %job, i64 {table}
  store ptr %table, ptr %job.table
  %job.count = getelementptr i64, ptr %job, i64 {count}
  store i64 %count, ptr %job.count
  %job.strip = getelementptr i64, ptr %job, i64 {strip}
  store i64 %strip, ptr %job.strip
  %job.regions = getelementptr i64, ptr %job, i64 {regions}
  store i64 %regions, ptr %job.regions
  %job.phases = getelementptr i64, ptr %job, i64 {phases}
  store i64 -1, ptr %job.phases
  %job.unit = getelementptr i64, ptr %job, i64 {unit}
  store i64 %strip, ptr %job.unit
  %spread.at = getelementptr i64, ptr @{crew}, i64 1
  %spread.to = load ptr, ptr %spread.at
  %state.many = call ptr @PyEval_SaveThread()
  %found.many = call i32 %spread.to(ptr %job, ptr @{crew}, i64 %helpers)
  call void @PyEval_RestoreThread(ptr %state.many)
  br label %finish.all
finish.all:
  %found = phi i32 [ %found.few, %few ], [ %found.one, %one ], [ %found.many, %spread ]
  br label %finish
"""

_OF_LARGE = """\
@{crew} = external global i64
declare i64 @llvm.umin.i64(i64, i64)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
"""

_FIRST = """\
  %job = alloca [{jobs} x i64], align 64
  %last.place = sub i64 %objects, 1
  %last.at = getelementptr ptr, ptr %arrays, i64 %last.place
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
_UNKNOWN = ("", "  %flags = add i32 0, 15\n")  # any error
_QUIET = ("", "  %flags = add i32 0, 0\n")
_DECLARED = {
    "x86": "declare void @llvm.x86.sse.stmxcsr(ptr)\ndeclare void @llvm.x86.sse.ldmxcsr(ptr)\n",
    "aarch64": "declare i64 @llvm.aarch64.get.fpsr()\ndeclare void @llvm.aarch64.set.fpsr(i64)\n",
}
