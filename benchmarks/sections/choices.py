"""Choices between two expressions: values with gradients, beside NumPy as a careful programmer writes it.

NumPy computes both sides of `where`. To keep the side that is not taken from warning, the programmer either masks its
operands ("double where"), or lets `errstate` ignore all warnings, as symdiff does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.harness.measure import Call, numbers, race
from benchmarks.output.report import BASE, comparison
from benchmarks.peers import symdiff as base
from benchmarks.sections import Findings, Setup
from benchmarks.work.formulas import Formula

TITLE = "choices: values with gradients of formulas with where"

SIZES, QUICK = (10, 1_000, 100_000), (10, 1_000)


@dataclass(frozen=True)
class Choice:
    """A formula, and the same by hand with masked operands and with all warnings ignored."""

    formula: Formula
    masked: Callable[..., Any]
    ignoring: Callable[..., Any]


def _entropy_masked(x, y):
    c = x > 0.0
    safe = np.where(c, x, np.nan)
    log = np.log(safe)
    return np.where(c, log * y, 0.0), (np.where(c, y / safe, 0.0), np.where(c, log, 0.0))


def _entropy_ignoring(x, y):
    with np.errstate(all="ignore"):
        c = x > 0.0
        log = np.log(x)
        return np.where(c, log * y, 0.0), (np.where(c, y / x, 0.0), np.where(c, log, 0.0))


def _huber_masked(x, y):
    c = np.abs(x) < 1.0
    inside, outside = np.where(c, x, np.nan), np.where(c, np.nan, x)
    chosen = np.where(c, inside * inside / 2.0, np.abs(outside) - 0.5)
    return chosen * y, (np.where(c, inside, np.sign(outside)) * y, chosen)


def _huber_ignoring(x, y):
    with np.errstate(all="ignore"):
        c = np.abs(x) < 1.0
        chosen = np.where(c, x * x / 2.0, np.abs(x) - 0.5)
        return chosen * y, (np.where(c, x, np.sign(x)) * y, chosen)


def _bump_masked(x, y):
    c = np.abs(x) < 1.0
    safe = np.where(c, x, np.nan)
    rest = 1.0 - safe * safe
    inner = -1.0 / rest
    bump = np.where(c, np.exp(inner), 0.0)
    return bump * y, (np.where(c, y * bump * (inner / rest) * (2.0 * safe), 0.0), bump)


def _bump_ignoring(x, y):
    with np.errstate(all="ignore"):
        c = np.abs(x) < 1.0
        rest = 1.0 - x * x
        inner = -1.0 / rest
        bump = np.where(c, np.exp(inner), 0.0)
        return bump * y, (np.where(c, y * bump * (inner / rest) * (2.0 * x), 0.0), bump)


def _formula(name: str, text: str) -> Formula:
    return Formula(name, text, ("x", "y"), (0.5, 0.7), ((-2.0, 2.0), (0.0, 1.0)))


CHOICES = (
    Choice(_formula("entropy", "where(x > 0, log(x)*y, 0)"), _entropy_masked, _entropy_ignoring),
    Choice(_formula("huber", "where(abs(x) < 1, x^2/2, abs(x) - 0.5)*y"), _huber_masked, _huber_ignoring),
    Choice(_formula("bump", "where(abs(x) < 1, exp(-1/(1 - x^2)), 0)*y"), _bump_masked, _bump_ignoring),
)


def run(setup: Setup) -> Findings:
    """Yield a table for each formula and size."""
    for choice in CHOICES:
        ours = base.value_and_grad(choice.formula)
        for size in QUICK if setup.quick else SIZES:
            arrays = choice.formula.arrays(size)
            entrants = {
                BASE: Call(ours, arrays),
                "masked operands": Call(choice.masked, arrays),
                "errstate by hand": Call(choice.ignoring, arrays),
            }
            rows = race(entrants, numbers(ours(*arrays)), **setup.pace)
            yield comparison(f"{choice.formula.name}, {size:,} points  {choice.formula.text}", rows)
