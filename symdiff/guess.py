"""What somebody means by a word that is not known: a slip of one that is, or its name elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

_SHORT = 6  # letters; a word of fewer is a slip of another by one letter at most, a longer one by two

# Members of a Function by the names that they have elsewhere, and what to write.
KNOWN_AS = {
    "gradient": "f.grad",
    "jac": "f.jacobian",
    "hess": "f.hessian",
    "value_and_gradient": "f.value_and_grad",
    "derivative": "f.diff('x')",
    "partial": "f.diff('x')",
    "value": "f(...)",
    "eval": "f(...)",
    "evalf": "f(...)",
    "subs": "f(...)",
    "code": "f.source",
    "formula": "f.text",
    "expr": "f.text",
    "to_latex": "f.latex",
    "save": "f.export",
    "plot": "symdiff plot FORMULA --range x=-3:3 in a shell",
}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that this one is a slip of, in whatever case; None where no word is near enough."""
    found, least = None, 3 if len(word) >= _SHORT else 2
    for candidate in known:
        if candidate.lower() == word.lower():
            return candidate
        if len(word) > 1 and abs(len(candidate) - len(word)) < least:
            slips = _slips(word.lower(), candidate.lower())
            if slips < least:
                found, least = candidate, slips
    return found


def _slips(a: str, b: str) -> int:
    """Return how many letters to leave out or put in, and neighbours to exchange, make one of the other.

    Source: the optimal string alignment distance; a wrong letter counts as two, since it makes another word.
    """
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, p in enumerate(a, 1):
        row = [i]
        for j, q in enumerate(b, 1):
            ways = [row[-1] + 1, last[j] + 1]
            if p == q:
                ways.append(last[j - 1])
            if i > 1 and j > 1 and (p, a[i - 2]) == (b[j - 2], q):
                ways.append(before[j - 2] + 1)
            row.append(min(ways))
        before, last = last, row
    return last[-1]
