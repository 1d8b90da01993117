"""The module of the crew: threads that run native code, and wait for it in native code.

It has two functions:

    spread(job, crew, helpers)  run a job in this thread and in some others; returns the floating-point errors
    serve(box)                  what each of the other threads does, for as long as the process lives

A job is one row of arrays, in strips that the threads take in turn. Its memory has the entries of `FIELDS`, then for
each region the number of strips that are taken. The memory of the crew has the entries of `HEAD`, and behind them a box
for each thread, with the entries of `BOX`. (All entries have eight bytes; the head and each box have `LINE` bytes.)

`mail` is 0 if a thread has nothing to do. Otherwise it is the address of a job, plus 1 once the thread has begun, plus
2 if the thread that gave the job sleeps until it is done. Jobs that no thread has begun are withdrawn in the end. So a
thread may be late, or there may be none, as in the child of a process that forks.

A thread looks for mail for about a tenth of a millisecond before it sleeps, since waking up takes longer than many jobs
do. A thread that waits for another one to finish does the same. Locks of CPython's are what threads sleep on.
"""

from __future__ import annotations

LINE = 64  # bytes of a line of the cache
HEAD = ("helpers", "spread")  # the number of threads that have been started, and the address of `spread`
BOX = ("mail", "asleep", "bed", "done", "number")  # `bed` and `done` are locks; threads are numbered from 1
FIELDS = ("run", "table", "count", "strip", "regions", "phases", "found", "unit", "errors")
# The functions of CPython that native code with threads calls.
INTERFACE = ("PyThread_acquire_lock", "PyThread_release_lock", "PyEval_SaveThread", "PyEval_RestoreThread")

_PATIENCE = 2_000  # how often a thread looks, with a pause each time
_PAUSES = {
    "x86": ("call void @llvm.x86.sse2.pause()", "declare void @llvm.x86.sse2.pause()"),
    "aarch64": ("call void @llvm.aarch64.hint(i32 1)", "declare void @llvm.aarch64.hint(i32)"),
}


def source(family: str) -> str:
    """Return the module for a family of processors."""
    pause, declared = _PAUSES.get(family, ("", ""))
    fields = "".join(
        [
            f"  %{name}.at = getelementptr i64, ptr %job, i64 {k}\n"
            f"  %{name} = load {'ptr' if name in ('run', 'table', 'found') else 'i64'}, ptr %{name}.at\n"
            for k, name in enumerate(FIELDS[: FIELDS.index("errors")])
        ]
    )
    places = {name: BOX.index(name) for name in BOX}
    spread = _SPREAD.format(line=LINE, errors=FIELDS.index("errors"), patience=_PATIENCE, pause=pause, **places)
    serve = _SERVE.format(patience=_PATIENCE, pause=pause, **places)
    share = _SHARE.format(fields=fields, errors=FIELDS.index("errors"), taken=len(FIELDS))
    return share + spread + serve + _DECLARED + declared + "\n"


# A thread first takes the strips of its own region, which lie side by side, then those that are left in other regions.
# The thread that gives the job has number 0. A region is that of the same thread in all calls, whose cache may have it.
_SHARE = """\
define internal void @share(ptr %job, i64 %me) #0 {{
begin:
{fields}  %filled = add i64 %count, %strip
  %over = sub i64 %filled, 1
  %strips = udiv i64 %over, %strip
  %rounded = add i64 %strips, %regions
  %more = sub i64 %rounded, 1
  %size = udiv i64 %more, %regions
  %errors.at = getelementptr i64, ptr %job, i64 {errors}
  %taken.at = getelementptr i64, ptr %job, i64 {taken}
  br label %region
region:
  %turn = phi i64 [ 0, %begin ], [ %turn.next, %over.region ]
  %seen.before = phi i32 [ 0, %begin ], [ %seen, %over.region ]
  %turned = add i64 %me, %turn
  %region.number = urem i64 %turned, %regions
  %next = getelementptr i64, ptr %taken.at, i64 %region.number
  %corner = mul i64 %region.number, %size
  br label %take
take:
  %seen = phi i32 [ %seen.before, %region ], [ %seen.next, %noted ]
  %k = atomicrmw add ptr %next, i64 1 monotonic
  %n = add i64 %corner, %k
  %start = mul i64 %n, %strip
  %left = sub i64 %count, %start
  %inside = icmp slt i64 %k, %size
  %some = icmp sgt i64 %left, 0
  %good = and i1 %inside, %some
  br i1 %good, label %compute, label %over.region
compute:
  %short = icmp slt i64 %left, %strip
  %points = select i1 %short, i64 %left, i64 %strip
  %row = mul i64 %n, %unit
  %row.next = add i64 %row, 1
  %flags = call i32 %run(ptr %table, i64 %row, i64 %row.next, i64 %points, i64 %phases)
  %seen.next = or i32 %seen, %flags
  %absent = icmp eq ptr %found, null
  br i1 %absent, label %noted, label %note
note:
  %byte = trunc i32 %flags to i8
  %note.at = getelementptr i8, ptr %found, i64 %n
  store i8 %byte, ptr %note.at
  br label %noted
noted:
  br label %take
over.region:
  %turn.next = add i64 %turn, 1
  %turn.done = icmp eq i64 %turn.next, %regions
  br i1 %turn.done, label %leave, label %region
leave:
  %all = zext i32 %seen to i64
  %errors.before = atomicrmw or ptr %errors.at, i64 %all monotonic
  ret void
}}

"""

_SPREAD = """\
define i32 @spread(ptr %job, ptr %crew, i64 %helpers) #0 {{
begin:
  %given = ptrtoint ptr %job to i64
  %begun = or i64 %given, 1
  %awaited = or i64 %given, 3
  %boxes = getelementptr i8, ptr %crew, i64 {line}
  %bytes = mul i64 %helpers, {line}
  %end.at = getelementptr i8, ptr %boxes, i64 %bytes
  %alone = icmp eq i64 %helpers, 0
  br i1 %alone, label %work, label %ask
ask:
  %box = phi ptr [ %boxes, %begin ], [ %box.next, %asked ]
  %tried = cmpxchg ptr %box, i64 0, i64 %given seq_cst seq_cst
  %free = extractvalue {{ i64, i1 }} %tried, 1
  br i1 %free, label %look, label %asked
look:
  %asleep.at = getelementptr i64, ptr %box, i64 {asleep}
  %asleep = atomicrmw xchg ptr %asleep.at, i64 0 seq_cst
  %sleeps = icmp ne i64 %asleep, 0
  br i1 %sleeps, label %wake, label %asked
wake:
  %bed.at = getelementptr i64, ptr %box, i64 {bed}
  %bed = load ptr, ptr %bed.at
  call void @PyThread_release_lock(ptr %bed)
  br label %asked
asked:
  %box.next = getelementptr i8, ptr %box, i64 {line}
  %ask.done = icmp eq ptr %box.next, %end.at
  br i1 %ask.done, label %work, label %ask
work:
  call void @share(ptr %job, i64 0)
  br i1 %alone, label %end, label %collect
collect:
  %own = phi ptr [ %boxes, %work ], [ %own.next, %over ]
  %old = cmpxchg ptr %own, i64 %given, i64 0 seq_cst seq_cst
  %mail = extractvalue {{ i64, i1 }} %old, 0
  %running = icmp eq i64 %mail, %begun
  br i1 %running, label %wait, label %over
wait:
  %w = phi i64 [ 0, %collect ], [ %w.next, %wait ]
  {pause}
  %now = load atomic i64, ptr %own acquire, align 8
  %other = icmp ne i64 %now, %begun
  %w.next = add i64 %w, 1
  %weary = icmp uge i64 %w.next, {patience}
  %stop = or i1 %other, %weary
  br i1 %stop, label %waited, label %wait
waited:
  br i1 %other, label %over, label %rest
rest:
  %set = cmpxchg ptr %own, i64 %begun, i64 %awaited seq_cst seq_cst
  %still = extractvalue {{ i64, i1 }} %set, 1
  br i1 %still, label %sleep, label %over
sleep:
  %done.at = getelementptr i64, ptr %own, i64 {done}
  %done = load ptr, ptr %done.at
  %slept = call i32 @PyThread_acquire_lock(ptr %done, i32 1)
  br label %over
over:
  %own.next = getelementptr i8, ptr %own, i64 {line}
  %collect.done = icmp eq ptr %own.next, %end.at
  br i1 %collect.done, label %end, label %collect
end:
  %errors.at = getelementptr i64, ptr %job, i64 {errors}
  %errors = load atomic i64, ptr %errors.at acquire, align 8
  %flags = trunc i64 %errors to i32
  ret i32 %flags
}}

"""

_SERVE = """\
define void @serve(ptr %box) #0 {{
begin:
  %asleep.at = getelementptr i64, ptr %box, i64 {asleep}
  %bed.at = getelementptr i64, ptr %box, i64 {bed}
  %done.at = getelementptr i64, ptr %box, i64 {done}
  %bed = load ptr, ptr %bed.at
  %done = load ptr, ptr %done.at
  %me.at = getelementptr i64, ptr %box, i64 {number}
  %me = load i64, ptr %me.at
  br label %look
look:
  %k = phi i64 [ %k.next, %idle ],
    [ 0, %begin ], [ 0, %take ], [ 0, %work ], [ 0, %announce ], [ 0, %stay ], [ 0, %sleep ]
  %mail = load atomic i64, ptr %box acquire, align 8
  %some = icmp ne i64 %mail, 0
  br i1 %some, label %take, label %idle
idle:
  {pause}
  %k.next = add i64 %k, 1
  %weary = icmp uge i64 %k.next, {patience}
  br i1 %weary, label %rest, label %look
take:
  %begun = or i64 %mail, 1
  %tried = cmpxchg ptr %box, i64 %mail, i64 %begun seq_cst seq_cst
  %mine = extractvalue {{ i64, i1 }} %tried, 1
  br i1 %mine, label %work, label %look
work:
  %job = inttoptr i64 %mail to ptr
  call void @share(ptr %job, i64 %me)
  %old = atomicrmw xchg ptr %box, i64 0 seq_cst
  %second = and i64 %old, 2
  %awaited = icmp ne i64 %second, 0
  br i1 %awaited, label %announce, label %look
announce:
  call void @PyThread_release_lock(ptr %done)
  br label %look
rest:
  store atomic i64 1, ptr %asleep.at seq_cst, align 8
  %again = load atomic i64, ptr %box seq_cst, align 8
  %none = icmp eq i64 %again, 0
  br i1 %none, label %sleep, label %stay
stay:
  %was = atomicrmw xchg ptr %asleep.at, i64 0 seq_cst
  %up = icmp ne i64 %was, 0
  br i1 %up, label %look, label %sleep
sleep:
  %slept = call i32 @PyThread_acquire_lock(ptr %bed, i32 1)
  br label %look
}}

"""

_DECLARED = """\
declare i32 @PyThread_acquire_lock(ptr, i32)
declare void @PyThread_release_lock(ptr)
"""
