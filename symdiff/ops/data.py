"""Arrays of numbers that are known when a formula is compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from symdiff.graph.dims import Shape, shown
from symdiff.ops.base import Notation, Operation, Sample, Text, Writer
from symdiff.ops.table import ATOM


class Data:
    """A copy of an array of numbers, which never changes. Two of them are equal if all their bits are.

    Attributes:
        array: The array. It is read-only.
    """

    __slots__ = ("_key", "array")

    def __init__(self, array: Any) -> None:
        from hashlib import blake2b  # here, since OpenSSL takes long to load

        self.array: np.ndarray[Any, Any] = np.array(array, order="C")
        self.array.flags.writeable = False
        self._key = self.array.shape, self.array.dtype.str, blake2b(self.array.tobytes(), digest_size=16).hexdigest()

    @classmethod
    def of(cls, array: np.ndarray[Any, Any]) -> Data:
        """Return an array of real numbers as float64, int64 or bool. Integers that are too large become float64."""
        kind = {"b": np.bool_, "i": np.int64, "u": np.int64, "f": np.float64}[array.dtype.kind]
        large = array.dtype.kind == "u" and array.size > 0 and array.max() > np.iinfo(np.int64).max
        return cls(array.astype(np.float64 if large else kind))

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Data) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        """Return a text that is the same for equal arrays alone."""
        return "Data({}, {}, {})".format(*self._key)

    def __str__(self) -> str:
        return f"array of shape {shown(self.array.shape)}"

    def __reduce__(self) -> tuple[Any, ...]:
        return Data, (self.array,)


class Constant(Operation):
    """An array that has a name in the formula and a value when it is compiled."""

    of: str
    data: Data

    name = "constant"
    is_brief = True

    def shape(self) -> Shape:
        shape: Shape = self.data.array.shape
        return shape

    def value(self) -> Any:
        return self.data.array.astype(float)

    def degree(self, _: Any) -> float:
        """Return infinity if an element is not finite."""
        return 0 if np.all(np.isfinite(self.data.array)) else np.inf

    def unfused(self) -> str:
        return "constant arrays"

    @property
    def never_warns(self) -> bool:
        return True

    def makes(self) -> bool:
        """Return that the array is not a new one: all calls have the same."""
        return False

    def spell(self, w: Writer) -> Text:
        return w.constant(self), ATOM

    def formula(self, _: Writer) -> Text:
        return self.of, ATOM

    def label(self) -> str:
        return f"{self.of}[{', '.join(map(str, self.data.array.shape))}]"

    def latex(self, w: Notation) -> Any:
        return w.named(self.of)

    @classmethod
    def samples(cls) -> list[Sample]:
        small, large = np.arange(6.0).reshape(2, 3) - 2, np.cos(np.arange(100))
        return [Sample(cls("A", Data(data)), ()) for data in (small, np.array([1, 2]), large)]


class ConstantIntegers(Constant):
    """A constant array of whole numbers, as integers."""

    name = "constant integers"
    integer = True
    differentiable = False

    def value(self) -> Any:
        return self.data.array.astype(np.intp)

    @classmethod
    def samples(cls) -> list[Sample]:
        return [Sample(cls("i", Data(data)), ()) for data in (np.array([2, 0, 1]), np.arange(100))]
