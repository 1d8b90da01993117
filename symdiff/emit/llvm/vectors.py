"""What all parts of a native module agree on: the order of the table of arrays, and the type of vectors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of entries of each kind in the table of arrays, in the order of the table.

    Attributes:
        varying: Inputs that vary along a row.
        numbers: Inputs that are the same along a row.
        folds: Results of folds.
        results: Arrays that loops store.
        single: Single numbers that are stored after all loops.
    """

    varying: int
    numbers: int
    folds: int
    results: int
    single: int

    @property
    def given(self) -> int:
        """The number of entries that are read."""
        return self.varying + self.numbers + self.folds

    @property
    def all(self) -> int:
        """The number of all entries."""
        return self.given + self.results + self.single


@dataclass(frozen=True, slots=True)
class Vectors:
    """The type of vectors of some lanes. Its `str()` is the type in LLVM, as `<4 x double>`."""

    scalar: str
    lanes: int

    @property
    def size(self) -> int:
        """The bytes of a scalar."""
        return 4 if self.scalar == "float" else 8

    def of(self, lanes: int) -> Vectors:
        """Return the type of vectors of the same scalars with another number of lanes."""
        return Vectors(self.scalar, lanes)

    @property
    def mask(self) -> str:
        """The type of a condition for each lane."""
        return f"<{self.lanes} x i1>"

    @property
    def suffix(self) -> str:
        """The type as the names of intrinsics end, as `v4f64`."""
        return f"v{self.lanes}f{8 * self.size}"

    def __str__(self) -> str:
        return f"<{self.lanes} x {self.scalar}>"


def vectors_of(suffix: str) -> Vectors:
    """Return the type that the names of some intrinsics end with."""
    lanes, bits = suffix[1:].split("f")
    return Vectors("float" if bits == "32" else "double", int(lanes))
