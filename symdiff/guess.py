"""Guesses for unknown words: misspelt words, and names from other packages."""

from __future__ import annotations

from collections.abc import Iterable

_SHORT = 6  # letters; a shorter word can have one wrong letter, a longer word two

# Names of members in other packages, and what to write instead.
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
    """Return the known word that is nearest to a misspelt one in any case, or None if no word is near enough."""
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
    """Return the number of deletions, insertions and exchanges of neighbours that turn one word into the other.

    This is the optimal string alignment distance, but a wrong letter counts as two, because it
    makes another word.
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
