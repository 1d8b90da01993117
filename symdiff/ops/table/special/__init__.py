"""The entries of special functions, a module for each field."""

from __future__ import annotations

from symdiff.ops.table.entry import Formula, Primitive
from symdiff.ops.table.special import (
    bessel,
    by_parameters,
    densities,
    elliptic,
    errors,
    exponential_integrals,
    gammas,
    information,
    polynomials,
)

ENTRIES: tuple[Primitive, ...] = (
    *gammas.ENTRIES,
    *errors.ENTRIES,
    *exponential_integrals.ENTRIES,
    *bessel.ENTRIES,
    *elliptic.ENTRIES,
    *polynomials.ENTRIES,
    *information.ENTRIES,
    *by_parameters.ENTRIES,
)
FORMULAS: tuple[Formula, ...] = (
    *gammas.FORMULAS,
    *errors.FORMULAS,
    *exponential_integrals.FORMULAS,
    *bessel.FORMULAS,
    *information.FORMULAS,
    *densities.FORMULAS,
)
