"""The entries of special functions, a module for each field."""

from __future__ import annotations

from symdiff.ops.table.entry import Formula, Primitive
from symdiff.ops.table.special import by_parameters

ENTRIES: tuple[Primitive, ...] = (*by_parameters.ENTRIES,)
FORMULAS: tuple[Formula, ...] = (*by_parameters.FORMULAS,)
