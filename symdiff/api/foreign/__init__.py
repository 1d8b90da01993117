"""Arrays of other libraries, such as PyTorch, JAX and Dask: who owns the arguments of a call.

Each module of this package computes the calls with arrays of one kind of library. It has a function
`call(kernel, args, out)`, which takes the arguments of the program in order and returns the result. A module, and the
library behind it, are imported at the first call with such an array. The caller has imported the library by then.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from symdiff.runtime.numeric import classes


class Library(NamedTuple):
    """A library with arrays of its own.

    Attributes:
        name: The name of the library in messages.
        package: The package that has the class of the arrays.
        array: The name of that class.
        make: The function that makes such an array of a NumPy array.
        room: The module that computes calls with such arrays.
        beside_numpy: Arrays of NumPy may be arguments of the same call.
    """

    name: str
    package: str
    array: str
    make: str
    room: str
    beside_numpy: bool = False

    def call(self, kernel: Any, args: Sequence[Any], out: Any) -> Any:
        """Return the result of a call, some arguments of which are arrays of this library.

        Args:
            kernel: The kernel of the Function that is called.
            args: The arguments of the program, in order.
            out: As in the call.

        Raises:
            TypeError: An argument is neither a number nor an array of this library.
        """
        if not self.beside_numpy:
            args = self._alone(kernel.args, args)
        return import_module(f"{__name__}.{self.room}").call(kernel, args, out)

    def _alone(self, names: Sequence[str], args: Sequence[Any]) -> list[Any]:
        """Return the arguments, with Python's numbers in place of NumPy's, and check that no others are there."""
        owners = list(map(_owner, args))
        mine = names[owners.index(self)]
        found = []
        for name, arg, owner in zip(names, args, owners, strict=True):
            number = isinstance(arg, np.generic | np.ndarray) and not arg.ndim and arg.dtype.kind in "biufc"
            found.append(arg.item() if number else arg)
            if owner == self or number or type(arg) in _NUMBERS:
                continue
            if owner is not None:
                raise TypeError(
                    f"argument {name!r} is an array of {owner.name}, and {mine!r} one of {self.name}:"
                    " pass arrays of one library"
                )
            kind = "an array of NumPy" if isinstance(arg, np.ndarray) else f"a {type(arg).__name__}"
            fits = isinstance(arg, np.ndarray | list | tuple)
            instead = f"{self.make}({name})" if fits else f"a number or one of {self.name}"
            raise TypeError(f"argument {name!r} is {kind}, and {mine!r} an array of {self.name}: pass {instead}")
        return found


_NUMBERS = frozenset((float, int, bool, complex))

_LIBRARIES = (
    Library("PyTorch", "torch", "Tensor", "torch.asarray", "torch"),
    Library("JAX", "jax", "Array", "jax.numpy.asarray", "jax"),
    Library("CuPy", "cupy", "ndarray", "cupy.asarray", "standard"),
    Library("Dask", "dask.array", "Array", "dask.array.asarray", "dask", beside_numpy=True),
)


def _owner(arg: Any) -> Library | None:
    """Return the library whose array an argument is; None for numbers, arrays of NumPy, and all other objects."""
    if isinstance(arg, np.ndarray | np.generic):
        return None
    for library in _LIBRARIES:
        if isinstance(arg, classes(library.package, library.array)):
            return library
    kind = type(arg)
    if not hasattr(kind, "__array_namespace__"):
        return None
    package = kind.__module__.partition(".")[0]
    return Library(package, package, kind.__name__, f"{package}.asarray", "standard")


_SYMBOLS = Library("symbols", "", "", "", "traced", beside_numpy=True)


def tracing() -> bool:
    """Return whether a Python function runs on symbols, so that the arguments of a call may have some in them."""
    record = sys.modules.get("symdiff.language.tracing.record")
    return record is not None and record.running.get() is not None


def owner(args: Sequence[Any]) -> Library | None:
    """Return the library whose arrays are among the arguments of a call; None if there is none.

    Symbols of a traced function come first: they may stand in lists and in arrays of NumPy. Dask is the next one, since
    its arrays may consist of those of other libraries.
    """
    if tracing() and sys.modules["symdiff.language.tracing.record"].is_symbolic(list(args)):
        return _SYMBOLS
    owners = [found for found in map(_owner, args) if found is not None]
    return next((found for found in owners if found.beside_numpy), owners[0] if owners else None)


_UNSEEN: dict[Callable[..., Any], Callable[..., Any]] = {}


def unseen(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that does the same, and that PyTorch's compiler does not trace, if somebody has imported it.

    The compiler follows the calls that compiled code makes. It would take seconds for the code that makes code.
    """
    if "torch._dynamo" not in sys.modules:
        return function
    if function not in _UNSEEN:
        _UNSEEN[function] = sys.modules["torch"].compiler.disable(function)
    return _UNSEEN[function]
