"""The fixed parts of a native module: what goes from a table of arrays to vectors of points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DIVIDE, INVALID, OVERFLOW, UNDERFLOW = 1, 2, 4, 8  # what `run` returns, joined by "or"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many arrays of each kind there are, in the order of a table.

    Attributes:
        varying: sources that vary along a row.
        numbers: sources that do not.
        folds: numbers that loops make.
        results: arrays that loops store.
        single: numbers that are stored behind all loops.
    """

    varying: int
    numbers: int
    folds: int
    results: int
    single: int

    @property
    def given(self) -> int:
        """How many are read."""
        return self.varying + self.numbers + self.folds

    @property
    def all(self) -> int:
        """How many there are."""
        return self.given + self.results + self.single


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors of so many lanes of a type of scalars."""

    scalar: str
    lanes: int

    @property
    def size(self) -> int:
        """Bytes of a scalar."""
        return 4 if self.scalar == "float" else 8

    def of(self, lanes: int) -> Vectors:
        """Vectors of the same scalars, of another length."""
        return Vectors(self.scalar, lanes)

    def __str__(self) -> str:
        return f"<{self.lanes} x {self.scalar}>"


def frame(counts: Counts, loops: int, family: str) -> str:
    """`share` and `run` for so many arrays and loops."""
    start, end = _FLAGS.get(family, _NO_FLAGS)
    calls = [_CALL.format(n=n, bit=1 << n, function=f"phase{n}", given=", i64 %count") for n in range(loops)]
    if counts.single:
        calls.append(_CALL.format(n=loops, bit=1 << loops, function="finish", given=""))
    share = _SHARE.format(all=counts.all)
    run = _RUN.format(all=counts.all, start=start, end=end, calls="".join(calls))
    return share + run + _MEMCPY + _DECLARED.get(family, "")


def phase(n: int, vectors: Vectors, counts: Counts, stores: range, folds: range, kinds: Sequence[str]) -> str:
    """`phase` and `tail` of loop `n`: all points of a row, by its `vectors` and what is left of them.

    Args:
        n: the number of the loop.
        vectors: the type of vectors.
        counts: of all arrays.
        stores: the results that it stores.
        folds: the folds that it makes.
        kinds: the operation of each of these.
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
        "first": counts.given + stores.start,
        "last": counts.given + stores.stop,
        "folds": len(folds),
        "initial": "".join(
            _INITIAL.format(r=r, vector=vectors, identity=_identity(kind, vectors)) for r, kind in enumerate(kinds)
        ),
        "merge": "".join(_merged(r, kind, vectors) for r, kind in enumerate(kinds)),
        "folded": "".join(
            _across(r, counts.varying + counts.numbers + k, kind, vectors)
            for r, (k, kind) in enumerate(zip(folds, kinds, strict=True))
        ),
    }
    return _PHASE.format(**fields) + _TAIL.format(**fields)


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


# Folds

_WORDS = {"add": "fadd", "mul": "fmul"}
_INTRINSICS = {"max": "llvm.maximum", "min": "llvm.minimum"}
_IDENTITIES = {"add": 0x0, "mul": 0x3FF0000000000000, "max": 0xFFF0000000000000, "min": 0x7FF0000000000000}
BLOCK = 64  # vectors that are folded into one, before it goes through the cascade


def _identity(kind: str, vectors: Vectors) -> str:
    return f"splat ({vectors.scalar} 0x{_IDENTITIES[kind]:016X})"


def _fold(kind: str, kind_of: str, suffix: str, left: str, right: str) -> str:
    """The right-hand side that folds two values of a type into one."""
    if kind in _WORDS:
        return f"{_WORDS[kind]} {kind_of} {left}, {right}"
    return f"call {kind_of} @{_INTRINSICS[kind]}.{suffix}({kind_of} {left}, {kind_of} {right})"


def _suffix(vectors: Vectors) -> str:
    return f"v{vectors.lanes}f{8 * vectors.size}"


def declared(kinds: Iterable[str], vectors: Vectors) -> set[str]:
    """The declarations that folds of these kinds need."""
    names = [_INTRINSICS[kind] for kind in kinds if kind in _INTRINSICS]
    widths: list[Vectors] = []
    lanes = vectors.lanes
    while lanes > 1:
        widths.append(Vectors(vectors.scalar, lanes))
        lanes //= 2
    return {f"declare {v} @{name}.{_suffix(v)}({v}, {v})" for name in names for v in widths} | {
        f"declare {vectors.scalar} @{name}.f{8 * vectors.size}({vectors.scalar}, {vectors.scalar})" for name in names
    }


def folding(
    n: int, vectors: Vectors, kinds: Sequence[str], given: Sequence[str], before: object, inside: object
) -> str:
    """`vectors` of a loop that folds the values `given`: block by block, pairs of equal numbers of blocks.

    Source of the order: Higham, "The accuracy of floating point summation" (1993), pairwise summation.
    """
    v, suffix = str(vectors), _suffix(vectors)
    text = dict.fromkeys(_FOLDING_PARTS, "")
    for r, (kind, value) in enumerate(zip(kinds, given, strict=True)):
        identity = _identity(kind, vectors)
        for part, template in _FOLDING_PARTS.items():
            pair = {"steps": (f"%acc{r}", value), "merges": (f"%low{r}", f"%c{r}"), "tops": (f"%high{r}", f"%t{r}")}
            step = _fold(kind, v, suffix, *pair[part]) if part in pair else ""
            text[part] += template.format(r=r, v=v, identity=identity, step=step)
    return _FOLDING.format(
        n=n,
        before=before,
        inside=inside,
        lanes=vectors.lanes,
        block=BLOCK * vectors.lanes,
        vector=vectors,
        folds=len(kinds),
        **text,
    )


def _merged(r: int, kind: str, vectors: Vectors) -> str:
    """The lines of `tail` that fold what lanes below `rest` have made into the sums."""
    v, step = str(vectors), _fold(kind, str(vectors), _suffix(vectors), f"%old{r}", f"%valid{r}")
    return (
        f"  %more{r}.at = getelementptr {v}, ptr %more, i64 {r}\n  %more{r} = load {v}, ptr %more{r}.at\n"
        f"  %valid{r} = select <{vectors.lanes} x i1> %is.lane, {v} %more{r}, {v} {_identity(kind, vectors)}\n"
        f"  %old{r}.at = getelementptr {v}, ptr %sums, i64 {r}\n  %old{r} = load {v}, ptr %old{r}.at\n"
        f"  %new{r} = {step}\n  store {v} %new{r}, ptr %old{r}.at\n"
    )


def _across(r: int, place: int, kind: str, vectors: Vectors) -> str:
    """The lines of `phase` that fold the lanes of a sum, half by half, and store the number."""
    lines = [
        f"%s{r}.at = getelementptr {vectors}, ptr %sums, i64 {r}",
        f"%s{r}.{vectors.lanes} = load {vectors}, ptr %s{r}.at",
    ]
    lanes = vectors.lanes
    while lanes > 1:
        whole, half, order = vectors.of(lanes), vectors.of(lanes // 2), f"<{lanes // 2} x i32>"
        for side, start in (("a", 0), ("b", lanes // 2)):
            chosen = ", ".join(f"i32 {start + k}" for k in range(lanes // 2))
            lines.append(
                f"%s{r}.{lanes}{side} = shufflevector {whole} %s{r}.{lanes}, {whole} poison, {order} <{chosen}>"
            )
        step = _fold(kind, str(half), _suffix(half), f"%s{r}.{lanes}a", f"%s{r}.{lanes}b")
        lines.append(f"%s{r}.{lanes // 2} = {step}")
        lanes //= 2
    lines += [
        f"%s{r} = extractelement <1 x {vectors.scalar}> %s{r}.1, i64 0",
        f"%f{r}.at = getelementptr ptr, ptr %pointers, i64 {place}",
        f"%f{r} = load ptr, ptr %f{r}.at",
        f"store {vectors.scalar} %s{r}, ptr %f{r}",
    ]
    return "".join(f"  {line}\n" for line in lines)


_SHARE = """\
define void @share(ptr %table, i64 %count, i64 %strip, ptr %next, ptr %found, i64 %phases) #0 {{
begin:
  %own = alloca [{all} x [2 x i64]]
  br label %take
take:
  %n = atomicrmw add ptr %next, i64 1 monotonic
  %start = mul i64 %n, %strip
  %left = sub i64 %count, %start
  %some = icmp sgt i64 %left, 0
  br i1 %some, label %array, label %end
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
  br label %take
end:
  ret void
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

_INITIAL = "  %i{r} = getelementptr {vector}, ptr %sums, i64 {r}\n  store {vector} {identity}, ptr %i{r}\n"

# The lanes that are left over compute with the first point that is left, so that they raise no flag of their own.
_TAIL = """\
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
  %is.varying = icmp ult i64 %k, {varying}
  %is.behind = icmp uge i64 %k, {first}
  %is.result = icmp ult i64 %k, {last}
  %is.stored = and i1 %is.behind, %is.result
  %is.buffered = or i1 %is.varying, %is.stored
  %chosen = select i1 %is.buffered, ptr %buffer, ptr %base
  store ptr %chosen, ptr %to
  br i1 %is.varying, label %fill, label %next
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
  %j = phi i64 [ {first}, %compute ], [ %j.next, %copy ]
  %j.done = icmp eq i64 %j, {last}
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

# A number of blocks is folded as its binary digits say: two of equal size at a time.
_FOLDING = """\
define internal void @vectors{n}(ptr %pointers, i64 %count, ptr %sums) #0 {{
begin:
  %levels = alloca [32 x [{folds} x {vector}]], align 64
{before}  br label %block
block:
  %b = phi i64 [ 0, %begin ], [ %b.next, %put ]
  %start = mul i64 %b, {block}
  %full = add i64 %start, {block}
  %is.short = icmp ult i64 %count, %full
  %stop = select i1 %is.short, i64 %count, i64 %full
  br label %loop
loop:
  %i = phi i64 [ %start, %block ], [ %i.next, %loop ]
{starts}{inside}{steps}  %i.next = add i64 %i, {lanes}
  %done = icmp eq i64 %i.next, %stop
  br i1 %done, label %carry, label %loop
carry:
  %level = phi i64 [ 0, %loop ], [ %level.up, %merge ]
{carried}  %at = getelementptr [{folds} x {vector}], ptr %levels, i64 %level
  %digits = lshr i64 %b, %level
  %digit = and i64 %digits, 1
  %is.taken = icmp ne i64 %digit, 0
  br i1 %is.taken, label %merge, label %put
merge:
{merges}  %level.up = add i64 %level, 1
  br label %carry
put:
{puts}  %b.next = add i64 %b, 1
  %all = icmp eq i64 %stop, %count
  br i1 %all, label %total, label %block
total:
  %h = phi i64 [ 0, %put ], [ %h.next, %total ]
{totals}  %high.at = getelementptr [{folds} x {vector}], ptr %levels, i64 %h
  %high.digits = lshr i64 %b.next, %h
  %high.digit = and i64 %high.digits, 1
  %is.there = icmp ne i64 %high.digit, 0
{tops}  %h.next = add i64 %h, 1
  %left = lshr i64 %b.next, %h.next
  %nothing = icmp eq i64 %left, 0
  br i1 %nothing, label %end, label %total
end:
{stores}  ret void
}}
"""

_FOLDING_PARTS = {
    "starts": "  %acc{r} = phi {v} [ {identity}, %block ], [ %acc{r}.next, %loop ]\n",
    "steps": "  %acc{r}.next = {step}\n",
    "carried": "  %c{r} = phi {v} [ %acc{r}.next, %loop ], [ %c{r}.next, %merge ]\n",
    "merges": """\
  %low{r}.at = getelementptr {v}, ptr %at, i64 {r}
  %low{r} = load {v}, ptr %low{r}.at
  %c{r}.next = {step}
""",
    "puts": """\
  %put{r} = getelementptr {v}, ptr %at, i64 {r}
  store {v} %c{r}, ptr %put{r}
""",
    "totals": "  %t{r} = phi {v} [ {identity}, %put ], [ %t{r}.next, %total ]\n",
    "tops": """\
  %high{r}.at = getelementptr {v}, ptr %high.at, i64 {r}
  %high{r}.read = load {v}, ptr %high{r}.at
  %high{r} = select i1 %is.there, {v} %high{r}.read, {v} {identity}
  %t{r}.next = {step}
""",
    "stores": """\
  %sum{r} = getelementptr {v}, ptr %sums, i64 {r}
  store {v} %t{r}.next, ptr %sum{r}
""",
}

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
_MEMCPY = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n"
_NO_FLAGS = ("", "  %flags = add i32 0, 15\n")  # unknown: any of them
_DECLARED = {
    "x86": "declare void @llvm.x86.sse.stmxcsr(ptr)\ndeclare void @llvm.x86.sse.ldmxcsr(ptr)\n",
    "aarch64": "declare i64 @llvm.aarch64.get.fpsr()\ndeclare void @llvm.aarch64.set.fpsr(i64)\n",
}
