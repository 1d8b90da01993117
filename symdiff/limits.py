"""Bounds on what a formula may take, so that hostile text fails at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from symdiff.errors import LimitError
from symdiff.guess import nearest


@dataclass(slots=True)
class Limits:
    """Bounds for a formula and for all that is derived from it; exceeding one raises `LimitError`.

    `symdiff.limits` has those of the process: what is compiled after a bound is set there keeps to it.

        symdiff.limits.characters = 10_000

    `symdiff.compile(text, limits=symdiff.Limits(characters=10_000))` sets them for one formula. A bound is a whole
    number from 1 on. The defaults let through a formula of a million operations; `for_untrusted` has bounds for texts
    of strangers.
    """

    characters: int = 64_000_000
    """Of a text."""

    depth: int = 100_000
    """Of a text: parentheses, calls and pending operators that are open at one place."""

    rows: int = 20_000_000
    """Of a graph: operations, constants and arguments, and the entries of lists and of matrices of derivatives.

    Every derivative has a graph, and so has every form in which a program is printed.
    """

    elements: int = 1_000_000_000_000
    """Of an array that a formula makes: a result, a dense Jacobian, what is between; loop dimensions do not count."""

    shown: int = 2_000
    """Operations that are written as LaTeX or drawn as a graph; LaTeX has at most 50 characters for each."""

    checked: int = 200
    """Elements of the arguments, and of the results, that `check` compares derivatives of."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.__slots__:
            hint = f"; did you mean {close!r}?" if (close := nearest(name, self.__slots__)) else ""
            raise AttributeError(f"limits are {', '.join(self.__slots__)}, not {name!r}{hint}", name=name, obj=None)
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"limits.{name} is a whole number, as 1_000_000, not {value!r}")
        if value < 1:
            raise ValueError(f"limits.{name} is a whole number from 1 on, not {value!r}")
        object.__setattr__(self, name, value)

    @classmethod
    def for_untrusted(cls) -> Limits:
        """Return bounds for texts of strangers, as a server sets them."""
        return cls(characters=10_000, depth=500, rows=50_000, elements=1_000_000, shown=500, checked=50)

    @property
    def values(self) -> tuple[int, ...]:
        """The bounds, in order."""
        found: tuple[int, ...] = _values(self)
        return found

    def exceeded(self, name: str, what: str) -> LimitError:
        """Return the error where something is larger than the bound of a name: what is more, and how to allow that."""
        bound = getattr(self, name)
        of_process = bound == getattr(limits, name)
        where = f"symdiff.limits.{name} = {bound}" if of_process else f"limits.{name} = {bound} of this formula"
        return LimitError(f"{what} than {where}; compile(..., limits=symdiff.Limits({name}=...)) allows more")


_values = attrgetter(*Limits.__slots__)
limits = Limits()


@lru_cache(maxsize=64)
def kept(*values: int) -> Limits:
    """Limits of these values, in order, that nobody else has: they stay what they are."""
    return Limits(*values)
