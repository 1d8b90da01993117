"""What all parts of a native module agree on: the order of a table, and the type of vectors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """How many arrays of each kind there are, in the order of a table.

    Attributes:
        varying: sources that vary along a row.
        numbers: sources that do not.
        folds: numbers that loops make.
        results: arrays that loops store.
        single: numbers that are stored behind all loops.
    """

    varying: int
    numbers: int
    folds: int
    results: int
    single: int

    @property
    def given(self) -> int:
        """How many are read."""
        return self.varying + self.numbers + self.folds

    @property
    def all(self) -> int:
        """How many there are."""
        return self.given + self.results + self.single


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors of so many lanes of a type of scalars."""

    scalar: str
    lanes: int

    @property
    def size(self) -> int:
        """Bytes of a scalar."""
        return 4 if self.scalar == "float" else 8

    def of(self, lanes: int) -> Vectors:
        """Return vectors of the same scalars, of another length."""
        return Vectors(self.scalar, lanes)

    @property
    def suffix(self) -> str:
        """As the names of intrinsics have it."""
        return f"v{self.lanes}f{8 * self.size}"

    def __str__(self) -> str:
        return f"<{self.lanes} x {self.scalar}>"
