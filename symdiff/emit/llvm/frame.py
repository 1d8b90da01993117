"""The fixed parts of a native module: from a table of arrays to the loops over vectors of points."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from symdiff.emit.llvm.common import call_of, phase_of, run_of
from symdiff.emit.llvm.folds import across, initial, merged
from symdiff.emit.llvm.vectors import Counts, Vectors

METHOD = "define ptr @call("  # the beginning of the method, in a module that has one


def frame(counts: Counts, loops: Sequence[str], family: str, *, quiet: bool) -> str:
    """Return the functions `run` and `compute`.

    Args:
        counts: The numbers of arrays.
        loops: The call of each loop.
        family: The family of processors.
        quiet: Report no floating-point errors.
    """
    calls = [_CALL.format(n=n, bit=1 << n, call=call) for n, call in enumerate(loops)]
    if counts.single:
        calls.append(_CALL.format(n=len(loops), bit=1 << len(loops), call="@finish(ptr %pointers)"))
    run = run_of(family, quiet=quiet)
    return _FRAME.format(all=counts.all, run=run, calls="".join(calls))


def method(counts: Counts, vectors: Vectors, head: int, *, alike: bool, share: int, threads: int) -> str:
    """Return the function `call`, a method of CPython.

    It takes the inputs that vary along a row, the arrays for the results, and an array of all single numbers if there
    are any. It returns the bits of the floating-point errors, or -1 if it cannot read an array.

    If inputs may be objects of any kind, one more argument of the call says that the results may share memory. For more
    points than are worth a thread, the method releases the interpreter's lock, and threads of the crew share the
    points. It returns -1 if there are too few such threads.

    Args:
        counts: The numbers of arrays.
        vectors: The type of vectors.
        head: The bytes of an array object in front of its fields.
        alike: Inputs may be objects of any kind. They are read if they have the class, dtype and shape of the last
            result.
        share: The points that are worth a thread.
        threads: The most threads to use.
    """
    name = call_of(head, alike=alike)
    numbers = counts.varying, counts.numbers + counts.folds, counts.results, counts.single, vectors.size
    given = ", ".join([f"i64 {number}" for number in numbers])
    return _METHOD.format(begin=METHOD, name=name, given=given + f", i64 %number, i64 {share}, i64 {threads}" * alike)


def phase(
    n: int,
    vectors: Vectors,
    counts: Counts,
    read: Collection[int],
    written: Collection[int],
    folds: range,
    kinds: Sequence[str],
) -> tuple[str, str]:
    """Return what a loop needs besides `vectors`, and the text of its call without the word `call`.

    Args:
        n: The number of the loop.
        vectors: The type of vectors.
        counts: The numbers of arrays.
        read: The results in whose arrays the loop finds what earlier loops kept.
        written: The results in whose arrays the loop stores.
        folds: The folds that the loop makes.
        kinds: The operation of each of these folds.
    """
    if vectors.lanes == 1 and not folds:  # no points are left over
        return "", f"@vectors{n}(ptr %pointers, i64 %count, ptr null)"
    uses = "".join([rf"\{use:02}" for use in _uses(counts, read, written)])
    text = _USES.format(n=n, all=counts.all, uses=uses)
    sums, more = ("%sums", "%more") if folds else ("null", "null")
    call = _PHASE.format(name=phase_of(vectors), n=n, all=counts.all, sums=sums, more=more)
    if not folds:
        return text, call
    fields = {
        "n": n,
        "numbers": f"<{', '.join(f'i64 {k}' for k in range(vectors.lanes))}>",
        "vector": str(vectors),
        "lanes": vectors.lanes,
        "call": call,
        "folds": len(folds),
        "initial": "".join([initial(r, kind, vectors) for r, kind in enumerate(kinds)]),
        "merge": "".join([merged(r, kind, vectors) for r, kind in enumerate(kinds)]),
        "folded": "".join(
            [across(r, counts.varying + counts.numbers + folds[r], kind, vectors) for r, kind in enumerate(kinds)]
        ),
    }
    return text + _FOLDS.format(**fields), f"@phase{n}(ptr %pointers, i64 %count)"


def _uses(counts: Counts, read: Collection[int], written: Collection[int]) -> list[int]:
    """Return for each entry of the table how `tail` uses the array: 1 if it reads, 2 if it stores, 3 for both."""
    results = range(counts.results)
    behind = [(k in read) + 2 * (k in written) for k in results]
    return [*[1] * counts.varying, *[0] * (counts.given - counts.varying), *behind, *[0] * counts.single]


_FRAME = """\
define i32 @run(ptr %table, i64 %first, i64 %end, i64 %count, i64 %phases) #0 {{
  %flags = call i32 @{run}(ptr %table, i64 %first, i64 %end, i64 %count, i64 %phases, ptr @compute, i64 {all})
  ret i32 %flags
}}

define internal void @compute(ptr %pointers, i64 %count, i64 %phases) #0 {{
{calls}  ret void
}}

"""

_CALL = """\
  %bit{n} = and i64 %phases, {bit}
  %on{n} = icmp ne i64 %bit{n}, 0
  br i1 %on{n}, label %phase{n}, label %behind{n}
phase{n}:
  call void {call}
  br label %behind{n}
behind{n}:
"""

_METHOD = """\
{begin}ptr %self, ptr %arrays, i64 %number) #0 {{
  %result = call ptr @{name}(ptr %arrays, ptr @run, {given})
  ret ptr %result
}}

"""

_USES = """\
@uses{n} = internal constant [{all} x i8] c"{uses}"

"""

_PHASE = "@{name}(ptr %pointers, i64 %count, ptr {sums}, ptr {more}, ptr @vectors{n}, ptr @uses{n}, i64 {all})"

_FOLDS = """\
define internal void @phase{n}(ptr %pointers, i64 %count) #0 {{
begin:
  %sums = alloca [{folds} x {vector}], align 64
  %more = alloca [{folds} x {vector}], align 64
{initial}  call void {call}
  %rest = urem i64 %count, {lanes}
  %some = icmp ne i64 %rest, 0
  br i1 %some, label %last, label %end
last:
  %lane = insertelement <{lanes} x i64> poison, i64 %rest, i64 0
  %limit = shufflevector <{lanes} x i64> %lane, <{lanes} x i64> poison, <{lanes} x i32> zeroinitializer
  %is.lane = icmp ult <{lanes} x i64> {numbers}, %limit
{merge}  br label %end
end:
{folded}  ret void
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
