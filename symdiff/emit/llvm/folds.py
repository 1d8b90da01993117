"""Reductions in native code: vectors are folded into one vector, block by block, and then its lanes into a number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symdiff.emit.llvm.vectors import Vectors

_WORDS = {"add": "fadd", "mul": "fmul"}
_INTRINSICS = {"max": "llvm.maximum", "min": "llvm.minimum"}
_IDENTITIES = {"add": 0x0, "mul": 0x3FF0000000000000, "max": 0xFFF0000000000000, "min": 0x7FF0000000000000}
BLOCK = 64  # the vectors of a block, which are folded one after the other


def identity(kind: str, vectors: Vectors) -> str:
    """Return the vector that changes nothing when it is folded."""
    return f"splat ({vectors.scalar} 0x{_IDENTITIES[kind]:016X})"


def fold(kind: str, vectors: Vectors, left: str, right: str) -> str:
    """Return the right-hand side that folds two vectors into one."""
    if kind in _WORDS:
        return f"{_WORDS[kind]} {vectors} {left}, {right}"
    return f"call {vectors} @{_INTRINSICS[kind]}.{vectors.suffix}({vectors} {left}, {vectors} {right})"


def declared(kinds: Iterable[str], vectors: Vectors) -> set[str]:
    """Return the declarations that folds of these kinds need."""
    halves = [vectors.of(vectors.lanes >> k) for k in range(vectors.lanes.bit_length())]
    names = [_INTRINSICS[kind] for kind in kinds if kind in _INTRINSICS]
    return {f"declare {v} @{name}.{v.suffix}({v}, {v})" for name in names for v in halves}


def initial(r: int, kind: str, vectors: Vectors) -> str:
    """Return the lines of `phase` that store the fold of no elements."""
    at = f"  %i{r} = getelementptr {vectors}, ptr %sums, i64 {r}\n"
    return f"{at}  store {vectors} {identity(kind, vectors)}, ptr %i{r}\n"


def folding(
    n: int, vectors: Vectors, kinds: Sequence[str], given: Sequence[str], before: object, inside: object
) -> str:
    """Return the function `vectors` of a loop with folds.

    Blocks are folded in pairs of equal size.

    Source: Higham, "The accuracy of floating point summation" (1993), pairwise summation.

    Args:
        n: The number of the loop.
        vectors: The type of vectors.
        kinds: The operation of each fold.
        given: The register of the values that each fold takes.
        before: The code in front of the loop.
        inside: The code inside the loop.
    """
    text = dict.fromkeys(_FOLDING_PARTS, "")
    for r, (kind, value) in enumerate(zip(kinds, given, strict=True)):
        start = identity(kind, vectors)
        for part, template in _FOLDING_PARTS.items():
            pair = {"steps": (f"%acc{r}", value), "merges": (f"%low{r}", f"%c{r}"), "tops": (f"%high{r}", f"%t{r}")}
            step = fold(kind, vectors, *pair[part]) if part in pair else ""
            text[part] += template.format(r=r, v=vectors, identity=start, step=step)
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


def merged(r: int, kind: str, vectors: Vectors) -> str:
    """Return the lines of `tail` that fold the lanes below `rest` into the sums."""
    step = fold(kind, vectors, f"%old{r}", f"%valid{r}")
    return _MERGED.format(r=r, v=vectors, lanes=vectors.lanes, identity=identity(kind, vectors), step=step)


_MERGED = """\
  %more{r}.at = getelementptr {v}, ptr %more, i64 {r}
  %more{r} = load {v}, ptr %more{r}.at
  %valid{r} = select <{lanes} x i1> %is.lane, {v} %more{r}, {v} {identity}
  %old{r}.at = getelementptr {v}, ptr %sums, i64 {r}
  %old{r} = load {v}, ptr %old{r}.at
  %new{r} = {step}
  store {v} %new{r}, ptr %old{r}.at
"""


def across(r: int, place: int, kind: str, vectors: Vectors) -> str:
    """Return the lines of `phase` that fold the lanes of a sum, one half into the other, and store the number."""
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
        step = fold(kind, half, f"%s{r}.{lanes}a", f"%s{r}.{lanes}b")
        lines.append(f"%s{r}.{lanes // 2} = {step}")
        lanes //= 2
    lines += [
        f"%s{r} = extractelement <1 x {vectors.scalar}> %s{r}.1, i64 0",
        f"%f{r}.at = getelementptr ptr, ptr %pointers, i64 {place}",
        f"%f{r} = load ptr, ptr %f{r}.at",
        f"store {vectors.scalar} %s{r}, ptr %f{r}",
    ]
    return "".join(f"  {line}\n" for line in lines)


# `levels` holds a sum of 2**k blocks for each binary digit of the number of blocks so far. Equal sizes are merged.
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
