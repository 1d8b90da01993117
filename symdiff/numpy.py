r"""NumPy for functions that `symdiff.compile` traces, to be imported in place of `numpy`.

    import symdiff.numpy as np

Everything is NumPy's own, with these differences while a function is traced: `zeros ones empty full` make arrays that
can hold symbols, `arange eye linspace` take lengths that only a call knows, and functions take lists of symbols. NumPy
cannot do this, since it asks only arguments that are symbols.

Examples:
    >>> import symdiff
    >>> import symdiff.numpy as np
    >>> def squares(x):
    ...     y = np.zeros(3)
    ...     for k in range(3):
    ...         y[k] = x[k]**2
    ...     return y
    >>> symdiff.compile(squares, args="x[3]").text
    '# squares\ny = [x[0]**2, x[1]**2, x[2]**2]\ny'
    >>> squares([1.0, 2.0, 3.0])
    array([1., 4., 9.])
"""

from __future__ import annotations

from functools import cache, wraps
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any

import numpy  # noqa: ICN001 - here, np would be this module

from symdiff.language.tracing import functions, symbols
from symdiff.language.tracing.record import is_symbolic, running

_FUNCTIONS = (FunctionType, BuiltinFunctionType, type(numpy.sum))


@cache
def _traceable(name: str) -> Any:
    """Return a function of NumPy's that a traced function can call."""
    own = getattr(numpy, name)

    @wraps(own)
    def called(*args: Any, **named: Any) -> Any:
        record = running.get()
        given = [*args, *named.values()]
        if record is not None and (is_symbolic(given) or functions.holds_symbols(name, args, named)):
            return symbols.called(record, own, args, named)
        return own(*args, **named)

    return called


if TYPE_CHECKING:  # type checkers see NumPy itself
    from numpy import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        own = getattr(numpy, name)
        return _traceable(name) if isinstance(own, _FUNCTIONS) else own

    def __dir__() -> list[str]:
        return dir(numpy)
