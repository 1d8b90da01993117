"""What a graph needs to know of operations: how many operands they take, and the shape of their result.

Everything else about an operation stands in its one entry in `symdiff.ops`: a row of the table for an elementwise
operation, a class for an operation on arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from symdiff.graph.dims import Shape
from symdiff.graph.shapes import Demands

# Elementwise operations, by name. The table of operations declares them.
TAKES: dict[str, str] = {}  # a letter for each operand: "r" for a number, "c" for a condition, "i" for an integer
CONDITIONS: set[str] = set()  # whose result is a condition
GROWING: set[str] = set()  # whose result may overflow for moderate operands


def declare(name: str, takes: str, *, condition: bool, grows: bool) -> None:
    """Declare an elementwise operation, so that graphs know it."""
    TAKES[name] = takes
    if condition:
        CONDITIONS.add(name)
    if grows:
        GROWING.add(name)


class ArrayOperation:
    """An operation on arrays. It stands in a row where an elementwise operation has its name: `(operation, i)`.

    Axes are counted from the last one, -1. Axes in front of those that an operation knows (a batch of derivatives,
    the loop dimensions) are carried along.
    """

    __slots__ = ()

    condition: ClassVar[bool] = False
    """The result is a condition, whatever the operands are."""
    integer: ClassVar[bool] = False
    """The result is made of integers."""
    numbers: ClassVar[int | None] = None
    """How many operands are numbers; all further ones are integers. None: all operands are numbers."""
    same_kind: ClassVar[bool] = False
    """The result is a number, a condition or an integer, as the first operand is."""

    def takes_number(self, k: int) -> bool:
        """Return whether operand `k` is no index: a number, or what is of the kind of the result."""
        return self.numbers is None or k < self.numbers

    is_view: ClassVar[bool] = False
    """Each element of the result is an element of the one operand, and of the same kind."""

    assembles: ClassVar[bool] = False
    """The result is put together from the operands, each at one of its `places`."""

    held: ClassVar[tuple[Any, ...]] = ()
    """The programs that the operation runs."""

    def shape(self, *shapes: Any, **_: Any) -> Shape:
        """Return the shape of the result for operands of these shapes."""
        raise NotImplementedError

    def demand(self, _shapes: Sequence[Shape], _demands: Demands, /) -> None:
        """Add to the demands what has to hold of the sizes of the operands.

        Raises:
            ShapeError: It does not hold, whatever the sizes are.
        """


def keeps_kind(op: object) -> bool:
    """Return whether the result of an operation is of the kind of its first operand."""
    return isinstance(op, ArrayOperation) and (op.is_view or op.same_kind)


def is_view(op: object) -> bool:
    """Return whether the first entry of a row is a view of the one operand."""
    return isinstance(op, ArrayOperation) and op.is_view


def is_assembled(op: object) -> bool:
    """Return whether the first entry of a row puts an array together from the operands."""
    return isinstance(op, ArrayOperation) and op.assembles
