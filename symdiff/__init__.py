"""Write a formula as text or as a Python function; get readable NumPy code for its value and its derivatives.

>>> import symdiff
>>> f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
>>> f(2, 5)
11.652071455223084
>>> f.grad(2, 5)
grad(x1=5.5, x2=1.7163378145367738)
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from symdiff.api.compiler import clear_cache, compile  # noqa: A004 - the name users expect
from symdiff.api.function import Function
from symdiff.errors import (
    BoundsError,
    FormulaWarning,
    LimitError,
    LinAlgError,
    ParseError,
    ShapeError,
    SymdiffError,
)
from symdiff.guess import KNOWN_AS, nearest
from symdiff.limits import Limits, limits

if TYPE_CHECKING:
    from symdiff.api.external import external
    from symdiff.api.propagate import propagate

__version__ = "0.2.0"

__all__ = [
    "BoundsError",
    "FormulaWarning",
    "Function",
    "LimitError",
    "Limits",
    "LinAlgError",
    "ParseError",
    "ShapeError",
    "SymdiffError",
    "clear_cache",
    "compile",
    "external",
    "limits",
    "propagate",
]


def __dir__() -> list[str]:
    return sorted({*__all__, "__doc__", "__version__"})


if not TYPE_CHECKING:  # type checkers need only the names above

    class _Package(ModuleType):
        @property
        def limits(self) -> Limits:
            """The limits of the process."""
            return _limits

        @limits.setter
        def limits(self, bounds: Limits) -> None:
            if not isinstance(bounds, Limits):
                raise TypeError(f"symdiff.limits must be a symdiff.Limits, not {bounds!r}")
            for name, bound in zip(bounds.__slots__, bounds.values, strict=True):
                setattr(_limits, name, bound)

    _limits = limits
    del limits  # otherwise it would hide the property
    sys.modules[__name__].__class__ = _Package

    _WHEN_USED = {"external": "symdiff.api.external", "propagate": "symdiff.api.propagate"}

    def __getattr__(name: str) -> Any:
        """Return a function that is imported when it is used. Python also calls this for submodules not yet imported.

        Raises:
            AttributeError: There is no such attribute. The message says what to write instead.
        """
        if name in _WHEN_USED:
            found = globals()[name] = getattr(import_module(_WHEN_USED[name]), name)
            return found
        member = f"f.{name}" if name[:1] != "_" and hasattr(Function, name) else KNOWN_AS.get(name)
        hint = ""
        if member:
            hint = f"; write {'f = symdiff.compile(text), then ' * member.startswith('f')}{member}"
        elif close := nearest(name, __all__):
            hint = f"; did you mean {close!r}?"
        raise AttributeError(f"module 'symdiff' has no attribute {name!r}{hint}", name=name, obj=None)
