"""Arrays that are put together from parts, in LaTeX, and where the parts are."""

from __future__ import annotations

from collections.abc import Sequence

from symdiff.emit.latex.indices import Axis, Mark
from symdiff.emit.latex.products import total
from symdiff.emit.latex.spell import Text, negative, product
from symdiff.emit.latex.terms import Piece, Printer
from symdiff.graph.dims import Dim, symbols, value
from symdiff.ops.elements import Assemble
from symdiff.ops.places import Range


def assembled(p: Printer, op: Assemble, given: Sequence[Piece]) -> Piece:
    """Return parts at their places, each in brackets that say where it is."""
    bound = max([piece.bound for piece in given], default=0)
    if [*op.places] == [(k,) for k in range(len(given))] and op.to == (len(given),) != (1,):
        return p.listed(given, op.to)
    made: Text | None = None
    for place, piece in zip(op.places, given, strict=True):
        to: dict[Axis, Mark] = {}
        kept = [k for k, at in enumerate(place) if isinstance(at, Range)]
        for k, at in enumerate(place):
            axis = k - len(place)
            if isinstance(at, Range):
                step = at.step
                sign = 1 if step > 0 else -1
                to[kept.index(k) - len(kept)] = Mark(axis, at.start * -sign, sign, abs(step))
        for axis in range(-len(piece.shape), -len(kept)):
            to[axis] = Mark(axis + len(kept) - len(place))
        conditions = _conditions(p, op, place)
        text = p.moved(piece.element, to)
        if conditions:
            bracket = Text(f"\\left[{', '.join(conditions)}\\right]")
            simple = {"1": bracket, "-1": negative(bracket)}
            text = simple.get(text.text) or product(text, bracket)
        made = text if made is None else total(made, text)
    return Piece(text := made or Text("0"), text, (), bound=bound)


def _conditions(p: Printer, op: Assemble, place: Sequence[object]) -> list[str]:
    """Return what the indices have to be at a place."""
    found = []
    for k, at in enumerate(place):
        axis = k - len(place)
        letter, dim = p.mark(Mark(axis)), op.to[axis]
        if not isinstance(at, Range) and dim == 1:
            continue
        if not isinstance(at, Range):
            found.append(f"{letter} = {p.dim(at)}")  # type: ignore[arg-type]  # a dimension
        elif abs(at.step) > 1:
            places = [p.dim(at.start + at.step * n) for n in range(2)]
            last = p.dim(at.start + at.step * (at.count - 1))
            if isinstance(at.count, int) and at.count <= 2:
                ends = places[: at.count]
            else:
                ends = [*places, r"\ldots", *([last] if at.step < 0 or at.stop != dim else [])]
            found.append(rf"{letter} \in \left\{{ {', '.join(ends)} \right\}}")
        else:
            low, high = (at.start, at.stop) if at.step > 0 else (at.stop + 1, at.start + 1)
            if low != 0 and high != dim:
                found.append(rf"{p.dim(low)} \leq {letter} < {p.dim(high)}")
            elif low != 0 or high != dim:
                found.append(rf"{letter} \geq {p.dim(low)}" if low != 0 else f"{letter} < {p.dim(high)}")
    return found


def _ends(at: Dim | Range) -> tuple[Dim, Dim]:
    """Return the first element of a place, and the one behind its last."""
    if not isinstance(at, Range):
        return at, at + 1
    last = at.start + at.step * (at.count - 1)
    return (at.start, last + 1) if at.step > 0 else (last, at.start + 1)


def within(at: Dim | Range, start: Dim, size: Dim) -> bool | None:
    """Return whether a place is among so many elements from a start; None if only in part, or not known."""
    first, stop = _ends(at)
    if _least(first - start) and _least(start + size - stop):
        return True
    return False if _least(start - stop) or _least(first - start - size) else None


def _least(dim: Dim) -> bool:
    """Return whether a dimension is known not to be negative, if no axis is empty."""
    if isinstance(dim, int):
        return dim >= 0
    return all(c >= 0 for monomial, c in dim.terms if monomial) and value(dim, dict.fromkeys(symbols(dim), 1)) >= 0


def shifted(at: Dim | Range, start: Dim) -> Dim | Range:
    """Return a place, counted from a start."""
    return Range(at.start - start, at.stop - start, at.step) if isinstance(at, Range) else at - start
