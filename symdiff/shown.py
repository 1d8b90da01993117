"""Ways to look at a Function, and to take it along."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from symdiff.called import Called
from symdiff.export import module, write


class Shown(Called):
    """A program that can be called, and shown; the base of `Function`."""

    def export(
        self,
        path: str | os.PathLike[str] | None = None,
        include: str | Sequence[str] | None = None,
        target: str = "numpy",
        at: Any = None,
    ) -> str:
        """A module of the value and derivatives that stands alone, symdiff not needed.

        Run as a script, it prints its results at a point and checks them against stored ones.
        The same call gives the same text, byte for byte.

        Args:
            path: where to write it, in one step; a file that is there is replaced. None for nowhere.
            include: names of members, `"value, grad"` or a sequence: value (this Function itself), grad,
                value_and_grad, jvp, vjp, jacobian, value_and_jacobian, hessian, hvp, hessp. Default:
                value, grad and hessian of one scalar result, else value and jacobian.
            target: "numpy", for numbers and arrays, loop dimensions in front of core shapes included; or
                "math", for floats, which needs the standard library alone and raises where NumPy has
                an infinity or a NaN.
            at: the stored point, a dict of names and values (arrays of the core shapes), or values
                in order. Default: the first of some fixed points where all is finite, in which
                named dimensions have small sizes.

        Returns:
            The text of the module.

        Raises:
            ValueError: no such member or target, or the math module lacks a function, or nothing can be
                computed at the point.
            ShapeError: a member needs one scalar output, or `at` does not fit the core shapes.
            TypeError: an option has the wrong type, `hessp` by several arguments, or `at` names what is no argument.
            OSError: the path is that of a directory, or cannot be written.
        """
        text = module(self, include, target, at)
        if path is not None:
            write(path, text)
        return text
