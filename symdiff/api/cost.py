"""`f.cost`: the operations of a Function and of its derivatives."""

from __future__ import annotations

from dataclasses import dataclass, fields
from html import escape
from math import isnan, nan
from typing import Any

from symdiff.api import tables
from symdiff.api.compiled import Compiled
from symdiff.emit.counts import Count, count, ratio
from symdiff.graph.dims import numel

_MOST = 30  # elements of the arguments of a Hessian that is counted
_HEAD = ("", "operations", "+ -", "* /", "functions", "choices", "ratio")
_BOUNDS = [
    (
        "For a formula of + - * /, value and gradient take at most 5 times the operations of the value: each operation"
        " adds its own, at most two products, and two additions (the idea is that of Baur and Strassen, 1983)."
        " Functions may have derivatives of more operations."
    ),
    (
        "Griewank and Walther (2008, section 4.6): at most 3 to 4 times the time of the value, where time also weighs"
        " memory accesses and the kinds of operations."
    ),
]


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """The operations of the optimised sources of a Function and of its derivatives.

    Each addition, subtraction, change of sign, multiplication, division, call of a function, comparison and choice of
    the NumPy source counts as one operation for each element. Memory accesses do not count.

    Attributes:
        value: The operations of the value.
        jvp: Those of the value and a tangent together: one forward sweep.
        gradient: Those of the value and the gradient together (`value_and_grad`): one reverse sweep. None, if there is
            not one scalar result.
        vjp: Those of the results and the adjoints of the arguments, from given cotangents: one reverse sweep.
        hvp: Those of the product of the Hessian with a vector. None, if there is not one scalar result.
        hessian: Those of the Hessian. None, if there is not one scalar result, or if the arguments in `wrt` have more
            than 30 elements or a number that is not known.
    """

    value: Count
    jvp: Count | None
    gradient: Count | None
    vjp: Count | None
    hvp: Count | None
    hessian: Count | None

    def ratio(self, name: str = "gradient") -> float:
        """Return the ratio of the operations of an attribute to those of the value. Named dimensions count as 1000.

        It is NaN if the value takes no operations, or if some operations are not counted.

        Raises:
            ValueError: There is no such count.
        """
        counts = self._counts()
        if name not in counts:
            raise ValueError(f"there is no count of {name!r}; there are {', '.join(counts)}")
        alone = not (counts[name].others or self.value.others)
        return ratio(counts[name].total, self.value.total) if alone else nan

    def _counts(self) -> dict[str, Count]:
        given = {part.name: getattr(self, part.name) for part in fields(self)}
        return {name: own for name, own in given.items() if own is not None}

    def _rows(self) -> list[list[str]]:
        rows = []
        for name, own in self._counts().items():
            kinds = [own.total, own.additions, own.multiplications, own.functions, own.choices]
            found = self.ratio(name)
            rows.append([name, *map(str, kinds), "" if isnan(found) else f"{found:.3g}"])
        return rows

    @property
    def _said(self) -> list[str]:
        others = sorted({name for own in self._counts().values() for name, _ in own.others})
        return [*[f"Not counted: {', '.join(others)}."] * bool(others), *_BOUNDS]

    def __str__(self) -> str:
        rows = [list(_HEAD), *self._rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        texts = []
        for name, *cells in rows:
            right = [f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True)]
            texts.append("  ".join([f"{name:<{widths[0]}}", *right]))
        texts.insert(1, "  ".join(["-" * w for w in widths]))
        said = [line for text in self._said for line in tables.wrapped(text)]
        return "\n".join([*[text.rstrip() for text in texts], "", *said])

    __repr__ = __str__

    @property
    def html(self) -> str:
        """The table in HTML."""
        rows = [[escape(cell) for cell in row] for row in self._rows()]
        said = [f"<p>{escape(text)}</p>" for text in self._said]
        return "\n".join(["<div>", tables.html_table(list(map(escape, _HEAD)), rows), *said, "</div>"])

    def _repr_html_(self) -> str:
        """Return the table for Jupyter."""
        return self.html

    @property
    def markdown(self) -> str:
        """The table in Markdown."""
        words = tables.words_in_markdown
        table = tables.markdown_table(list(map(words, _HEAD)), [list(map(words, row)) for row in self._rows()])
        return "\n\n".join([table, *map(words, self._said)])


def cost(f: Compiled) -> Cost:
    """Return the cost of a Function; see `Function.cost`."""

    def of(made: Any) -> Count:
        return count(made.kernel.prepared)

    scalar = f.results == ((),)
    cores = dict(zip(f.args, f.cores, strict=True))
    elements = sum([numel(cores[name]) for name in f.wrt])
    some = bool(f.wrt)
    few = isinstance(elements, int) and elements <= _MOST
    return Cost(
        of(f),
        of(f.jvp) if some else None,
        of(f.value_and_grad) if some and scalar else None,
        of(f.vjp) if some else None,
        of(f.hvp) if some and scalar else None,
        of(f.hessian) if some and scalar and few else None,
    )
