"""Errors of members. The error that looking up `f.grad` raises is an AttributeError too, so that `hasattr` works."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar

_Owner = TypeVar("_Owner")
_Member = TypeVar("_Member")


def member(make: Callable[[_Owner], _Member]) -> Callable[[_Owner], _Member]:
    """Decorate the method of a property, so that each error it raises is an AttributeError too."""

    @wraps(make)
    def made(self: _Owner) -> _Member:
        try:
            return make(self)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the member cannot be had
            raise attribute_error(error) from error.__cause__

    return made


def attribute_error(error: Exception) -> Exception:
    """Return the same error as an AttributeError too. Return the error itself if Python allows no such class."""
    if isinstance(error, AttributeError):
        return error
    try:
        kind = _with_attribute_error(type(error))  # type: ignore[arg-type]  # classes have a hash
    except TypeError:  # an ImportError or OSError has a layout of its own
        return error
    made: Any = kind.__new__(kind)
    made.args = error.args
    made.__dict__.update(error.__dict__)
    made.name = made.obj = None  # so that Python looks for no similar name
    return made.with_traceback(error.__traceback__)  # type: ignore[no-any-return]


@cache
def _with_attribute_error(kind: type[Exception]) -> type[Exception]:
    """Return a class of the same name that is an AttributeError too, and can be pickled."""

    def reduce(self: Exception) -> tuple[Any, ...]:
        plain = kind.__new__(kind)
        plain.args = self.args
        plain.__dict__.update({name: value for name, value in self.__dict__.items() if name not in ("name", "obj")})
        return attribute_error, (plain,)

    own = {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(kind.__name__, (kind, AttributeError), {**own, "__reduce__": reduce})
