"""Formulas as they are written in their fields, each with a box to evaluate it in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula.

    Attributes:
        name: unique in the corpus.
        text: in the formula language; one result.
        domain: lowest and highest value of each argument, in order; a box away from kinks and singularities.
    """

    name: str
    text: str
    domain: dict[str, tuple[float, float]]
