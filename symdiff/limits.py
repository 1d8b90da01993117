"""Limits for formulas, so that hostile text fails early."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from symdiff.errors import LimitError
from symdiff.guess import nearest


@dataclass(slots=True)
class Limits:
    """The limits of a formula and of everything derived from it.

    A formula that exceeds a limit raises `LimitError`. Each limit is a whole number of at least 1. The
    defaults allow a formula of a million operations. `for_untrusted` has limits for texts from
    untrusted users.

    `symdiff.limits` has the limits of the process. They hold for every later `compile`.

        symdiff.limits.characters = 10_000

    `symdiff.compile(text, limits=symdiff.Limits(characters=10_000))` sets the limits of one formula.

    Examples:
        >>> import symdiff
        >>> f = symdiff.compile("x**2", limits=symdiff.Limits.for_untrusted())
        >>> symdiff.Limits.for_untrusted().characters
        10000
    """

    characters: int = 64_000_000
    """The characters of a text."""

    depth: int = 100_000
    """The parentheses, calls and pending operators that are open at one place of a text."""

    rows: int = 20_000_000
    """The rows of a graph: operations, constants, arguments, and entries of lists and matrices of derivatives.

    Every derivative has a graph, and so does every printed form of a program.
    """

    elements: int = 1_000_000_000_000
    """The elements of an array: a result, a dense Jacobian or an intermediate array, without loop dimensions."""

    steps: int = 1_000_000_000
    """The steps of a loop whose length the text fixes, and of the loops inside of it together."""

    shown: int = 2_000
    """The operations written as LaTeX or drawn as a graph. LaTeX has at most 50 characters for each."""

    checked: int = 200
    """The elements of the arguments, and of the results, that `check` compares."""

    if not TYPE_CHECKING:  # for type checkers, the fields above are all there is

        def __setattr__(self, name: str, value: Any) -> None:
            if name not in self.__slots__:
                hint = f"; did you mean {close!r}?" if (close := nearest(name, self.__slots__)) else ""
                raise AttributeError(
                    f"the limits are {', '.join(self.__slots__)}, not {name!r}{hint}", name=name, obj=None
                )
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"limits.{name} must be a whole number, such as 1_000_000, not {value!r}")
            if value < 1:
                raise ValueError(f"limits.{name} must be a whole number of at least 1, not {value!r}")
            object.__setattr__(self, name, value)

    @classmethod
    def for_untrusted(cls) -> Limits:
        """Return limits for texts from untrusted users, for example on a server."""
        return cls(characters=10_000, depth=500, rows=50_000, elements=1_000_000, steps=10_000, shown=500, checked=50)

    @property
    def values(self) -> tuple[int, ...]:
        """The values of the limits, in order."""
        found: tuple[int, ...] = _values(self)
        return found

    def exceeded(self, name: str, what: str) -> LimitError:
        """Return the error for an exceeded limit.

        Args:
            name: The name of the limit.
            what: The size that exceeds it; the message continues with "than".
        """
        bound = getattr(self, name)
        of_process = bound == getattr(limits, name)
        where = f"symdiff.limits.{name} = {bound}" if of_process else f"limits.{name} = {bound} of this formula"
        return LimitError(f"{what} than {where}; compile(..., limits=symdiff.Limits({name}=...)) allows more")


_values = attrgetter(*Limits.__slots__)
limits = Limits()


@lru_cache(maxsize=64)
def kept(*values: int) -> Limits:
    """Return limits with these values, in order. Nobody else holds them, so they do not change."""
    return Limits(*values)
