"""How the NumPy target spells a contraction: `dot` of vectors, `@` of matrices, else `einsum`.

`x.dot(y)` is what `x @ y` is, to the last bit, for half the overhead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from symdiff.ops.table import ATOM, PRODUCT

if TYPE_CHECKING:
    from symdiff.emit.python import Text
    from symdiff.emit.structure import StructureWriter
    from symdiff.graph.ir import Row


def contraction(w: StructureWriter, row: Row) -> Text:
    """Return a product of matrices or vectors as NumPy has it for these axes, else `einsum`."""
    (operation, x, y) = row
    left, right, out = operation.left, operation.right, operation.out
    if w.loops and (w.varies[x] or w.varies[y]):
        found = _matrices(w, x, y, left, right, out) if len(left) == len(right) == 2 and len(out) == 2 else None
        if found is not None:
            return found
        if {len(left), len(right)} == {1, 2} and len(out) == 1:
            (matrix, rows), (vector, label) = sorted([(x, left), (y, right)], key=lambda part: -len(part[1]))
            turned = "" if rows[1] == label else ".mT"
            least = ATOM if turned else PRODUCT
            return f"({w.tight(matrix, least)}{turned} @ {w.tight(vector, ATOM)}[..., None])[..., 0]", ATOM
        if left == right == out + left[-1] and not w.program.graph.complex:
            return f"np.vecdot({w.tight(x, 0)}, {w.tight(y, 0)})", ATOM
        return f'np.einsum("...{left},...{right}->...{out}", {w.tight(x, 0)}, {w.tight(y, 0)})', ATOM
    if left == right and not out:
        if len(left) == 1:
            return f"{w.tight(x, ATOM)}.dot({w.tight(y, 0)})", ATOM
        if not w.program.graph.complex:
            return f"np.vdot({w.tight(x, 0)}, {w.tight(y, 0)})", ATOM
    if left == right == out + left[-1] and not w.program.graph.complex:
        return f"np.vecdot({w.tight(x, 0)}, {w.tight(y, 0)})", ATOM
    found = _matrices(w, x, y, left, right, out)
    if found is not None:
        return found
    return f'np.einsum("{left},{right}->{out}", {w.tight(x, 0)}, {w.tight(y, 0)})', ATOM


def _matrices(w: StructureWriter, x: int, y: int, left: str, right: str, out: str) -> Text | None:
    """Return the contraction as a product by `@` of operands in either order, each perhaps transposed."""
    for (i, a), (j, b) in (((x, left), (y, right)), ((y, right), (x, left))):
        for turned_a in (False, True):
            for turned_b in (False, True):
                p = a[:-2] + a[-2:][::-1] if turned_a else a
                q = b[:-2] + b[-2:][::-1] if turned_b else b
                if (turned_a and len(a) < 2) or (turned_b and len(b) < 2) or _product(p, q) != out:
                    continue
                texts = [
                    w.tight(k, ATOM if turned else least)
                    + ((".T" if len(labels) == 2 and not w.loops else ".mT") if turned else "")
                    for k, labels, turned, least in ((i, a, turned_a, PRODUCT), (j, b, turned_b, PRODUCT + 1))
                ]
                return " @ ".join(texts), PRODUCT
    return None


def _product(a: str, b: str) -> str | None:
    """Return the labels of `a @ b`, None where it is not the contraction of the labels that they share."""
    if len(b) == 1:
        return a[:-1] if a[-1] == b and b not in a[:-1] else None
    if len(a) == 1:
        return b[:-2] + b[-1] if a == b[-2] and a != b[-1] and a not in b[:-2] else None
    lead = max(a[:-2], b[:-2], key=len)
    if a[-1] != b[-2] or not lead.endswith(a[:-2]) or not lead.endswith(b[:-2]):
        return None
    if a[-1] in lead or a[-2] in b or b[-1] in a or a[-2] in lead or b[-1] in lead:
        return None
    return lead + a[-2] + b[-1]
