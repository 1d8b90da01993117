"""Single numbers that every tool computes, with their errors."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf

from benchmarks.harness.measure import failure, numbers
from benchmarks.output.report import Table
from benchmarks.work.formulas import Formula

LIMIT = 1e-13  # relative errors above it are counted

ORDERS = ("value", "first derivatives", "second derivatives")

# The indices of the arguments to differentiate by. Without any, it is the value.
By = tuple[int, ...]

_LEAST = mpf(math.ulp(0.0))  # of the positive floats


@dataclass(frozen=True)
class Case:
    """One derivative of a formula at one point.

    Attributes:
        formula: the formula with its point.
        by: the arguments to differentiate by.
        right: the right number, with many digits. It is within the range of floats.
        got: for each tool, its number, or a note that says why there is none.
    """

    formula: Formula
    by: By
    right: Any
    got: dict[str, float | str]

    @property
    def name(self) -> str:
        """The derivative as a fraction, or the word "value"."""
        names = "".join(f" d{self.formula.args[k]}" for k in self.by)
        return f"d{len(self.by) if len(self.by) > 1 else ''}/{names.strip()}" if names else "value"

    def failed(self, tool: str) -> bool:
        """Return whether the tool has no finite number."""
        got = self.got[tool]
        return isinstance(got, str) or not math.isfinite(got)

    def error(self, tool: str) -> float:
        """Return the relative error.

        It is `inf` if there is no finite number, or if 0 is right and the number is not 0. An
        error of the smallest float counts as 0, because the right number can lie between two
        subnormal numbers.
        """
        got = self.got[tool]
        if isinstance(got, str) or not math.isfinite(got):
            return math.inf
        absolute = abs(mpf(got) - self.right)
        if absolute <= _LEAST:
            return 0.0
        return float(absolute / abs(self.right)) if abs(self.right) >= _LEAST / 2 else math.inf

    def verdict(self, tool: str) -> str:
        """Return the error as text."""
        error = self.error(tool)
        if self.failed(tool):
            return "NaN/inf"
        return "not 0" if error > 0 and abs(self.right) < _LEAST / 2 else f"{error:.1e}"

    def about(self, tool: str) -> str:
        """Return some lines with the number of `tool`, the right number and those of the other tools."""
        point = ", ".join(
            f"{name} = {value!r}" for name, value in zip(self.formula.args, self.formula.point, strict=True)
        )
        shown = {tool: self.got[tool], "right": mpmath.nstr(self.right, 20)} | self.got
        width = max(map(len, shown))
        lines = [f"  {self.verdict(tool)}: {self.name} of {self.formula.text}", f"  at {point}"]
        return "\n".join([*lines, *(f"    {name:<{width}}  {number}" for name, number in shown.items())])

    def data(self) -> dict[str, Any]:
        """Return the case for the JSON file."""
        return {
            "formula": self.formula.text,
            "point": dict(zip(self.formula.args, self.formula.point, strict=True)),
            "derivative": self.name,
            "right": mpmath.nstr(self.right, 25),
            "got": {tool: str(got) for tool, got in self.got.items()},
        }


class Answers:
    """The derivatives that a tool computes for a formula."""

    def __init__(self, maker: Callable[[Formula], Any], formula: Formula) -> None:
        self._size = len(formula.args)
        self._functions: Any = None
        try:
            with warnings.catch_warnings(action="ignore"):
                self._functions = maker(formula)
        except Exception as error:
            self._error = error

    def at(self, point: tuple[float, ...]) -> dict[By, float | str]:
        """Return for each derivative a number or a note."""
        found: dict[By, float | str] = {}
        for order in range(len(ORDERS)):
            # The position of each derivative: the only number, in the gradient, or in the Hessian row by row.
            distinct = partials(range(self._size), [order])
            places = {by: sum(k * self._size**j for j, k in enumerate(reversed(by))) for by in distinct}
            try:
                result = self._numbers(order, point)
                found |= {by: float(result[place]) for by, place in places.items()}
            except Exception as error:
                found |= dict.fromkeys(places, failure(error))
        return found

    def _numbers(self, order: int, point: tuple[float, ...]) -> np.ndarray:
        if self._functions is None:
            raise self._error
        with warnings.catch_warnings(action="ignore"):
            return numbers(self._functions[order](*point))


def partials(indices: Sequence[int], orders: Sequence[int] = range(len(ORDERS))) -> list[By]:
    """Return the distinct derivatives by the arguments with these indices."""
    return [by for order in orders for by in combinations_with_replacement(indices, order)]


def summary(title: str, cases: Sequence[Case]) -> Table:
    """Return a table with the number of results of each tool and their errors."""
    head = ("", "compared", "failed", "median", "99%", "largest", f"> {LIMIT:g}")
    data = []
    for tool in cases[0].got if cases else ():
        errors = [case.error(tool) for case in cases if not case.failed(tool)]
        points = np.quantile(errors, (0.5, 0.99, 1.0), method="higher").tolist() if errors else [math.nan] * 3
        beyond = sum(error > LIMIT for error in errors)
        data.append((tool, len(cases), len(cases) - len(errors), *points, beyond))
    lines = [
        (tool, str(compared), str(failed), *(f"{point:.1e}" for point in points), str(beyond))
        for tool, compared, failed, *points, beyond in data
    ]
    keys = ("tool", "compared", "failed", "median", "percentile_99", "largest", "beyond")
    return Table(title, head, lines, [dict(zip(keys, row, strict=True)) for row in data])


def grid(title: str, cases: Sequence[Case]) -> Table:
    """Return a table with the worst number of each tool, for each formula and order."""
    tools = list(cases[0].got)
    lines, data = [], []
    for (text, order), row in by_row(cases).items():
        cells = {tool: _worst(row, tool) for tool in tools}
        lines.append((f"{text}: {ORDERS[order]}", str(len(row)), *cells.values()))
        beyond = {tool: sum(case.error(tool) > LIMIT for case in row) for tool in tools}
        data.append({"formula": text, "order": order, "numbers": len(row), "worst": cells, "beyond": beyond})
    return Table(title, ("", "numbers", *tools), lines, data)


def by_row(cases: Sequence[Case]) -> dict[tuple[str, int], list[Case]]:
    """Return the cases by the text of the formula and the order."""
    rows: dict[tuple[str, int], list[Case]] = {}
    for case in cases:
        rows.setdefault((case.formula.text, len(case.by)), []).append(case)
    return rows


def _worst(cases: Sequence[Case], tool: str) -> str:
    """Return the largest error, or the count of numbers that are not finite."""
    failed = sum(case.failed(tool) for case in cases)
    return f"NaN/inf {failed}" if failed else max(cases, key=lambda case: case.error(tool)).verdict(tool)


def worst(cases: Sequence[Case], tool: str, count: int, least: float = 0.0) -> list[Case]:
    """Return the cases with the largest errors above `least`. Cases without a number come first."""
    beyond = (case for case in cases if case.error(tool) > least)
    return sorted(beyond, key=lambda case: (not case.failed(tool), -case.error(tool)))[:count]
