"""The entries of special functions, a module for each field."""

from __future__ import annotations

from symdiff.ops.table.entry import Formula, Primitive

ENTRIES: tuple[Primitive, ...] = ()
FORMULAS: tuple[Formula, ...] = ()
