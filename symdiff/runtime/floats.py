"""Native code of calls at one point: floats, and arrays of exactly the core shapes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from symdiff.emit.cost import cost_of
from symdiff.emit.fuse import UnfusableError
from symdiff.emit.llvm import floats
from symdiff.emit.llvm.program import prepare
from symdiff.emit.python import Nest
from symdiff.graph.ir import Program
from symdiff.runtime import native
from symdiff.runtime.arguments import FLOAT64
from symdiff.runtime.results import Layout, classes

_LONG = 20_000  # operations of a program that is not compiled for one point


class PointCode(native.Code):
    """The code of a program at one point.

    Attributes:
        call: A method that takes the arguments of a call and returns the result. It keeps the interpreter's lock.
    """

    call: Callable[..., Any]

    def __init__(self, source: str, given: tuple[Any, ...]) -> None:
        """Compile a module. `given` are the objects that its method finds in its `self`, behind the first two."""
        self._given = given
        super().__init__(source, optimised=True)

    def find(self, address: Callable[[str], int], source: str) -> None:
        """Take the method."""
        del source
        self.call = self.method(address("call"), *self._given, keywords=True)


class PointCalls:
    """The native code of a program at one point, which is compiled for the first such call.

    Args:
        program: The program of a Function.
        nest: How the outputs are nested.
        layout: The same, with the names of the records.
        codes: Keeps the code.
    """

    def __init__(self, program: Program, nest: Nest, layout: Layout, codes: native.Codes[Any]) -> None:
        self._program, self._nest, self._layout, self._codes = program, nest, layout, codes

    @cached_property
    def point(self) -> floats.Point:
        """The program as native code takes it.

        Raises:
            UnfusableError: There is no such code; the message names the reason.
        """
        program = self._program
        if not program.inputs or any(program.integers):
            raise UnfusableError("floats among its arguments")
        if cost_of(program, [1] * len(program.inputs)).operations > _LONG:
            raise UnfusableError(f"code of more than {_LONG:,} operations at one point")
        return floats.at_a_point(program, prepare(program, limited=False))

    @property
    def possible(self) -> bool:
        """Whether there is such code on this machine."""
        machine = native.machine()
        if not (native.takes_floats() and machine.family and machine.head and machine.items):
            return False
        try:
            return bool(self.point.results)
        except UnfusableError:
            return False

    def source(self) -> str:
        """Return the LLVM module.

        Raises:
            UnfusableError: There is no such code.
        """
        return floats.source(self.point, native.machine(), self._nest)

    def lend(self, put: native.Place, otherwise: Callable[..., Any]) -> None:
        """Keep the method in a place; see `Codes.lend`.

        The method passes calls that it does not take to `otherwise`, and those that meet a floating-point error.
        """
        shapes = [shape for shape in self.point.shapes if shape]
        kinds = float, otherwise, np.ndarray, FLOAT64, np.float64, np.zeros, np.empty
        given = *kinds, *shapes, *classes(self._layout)
        self._codes.lend(put, "floats", lambda: PointCode(self.source(), given), otherwise)
