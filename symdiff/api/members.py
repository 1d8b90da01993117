"""What looking up a member raises where it cannot be had.

It is an AttributeError too, beside what it says: so `hasattr` answers, and `inspect.getmembers` comes through.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar

_Owner = TypeVar("_Owner")
_Member = TypeVar("_Member")


def member(make: Callable[[_Owner], _Member]) -> Callable[[_Owner], _Member]:
    """Return the same method, for a property: what it raises is an AttributeError too, and kept for `failed`."""

    @wraps(make)
    def made(self: _Owner) -> _Member:
        try:
            return make(self)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the member cannot be had
            raised = attribute_error(error)
            self.__dict__[_FAILED] = make.__name__, raised
            raise raised from error.__cause__

    return made


_FAILED = "_failed"


def failed(owner: Any, name: str) -> Exception | None:
    """Return what the last look-up of this member has raised, for `__getattr__`, which Python calls in its place."""
    last, error = owner.__dict__.pop(_FAILED, ("", None))
    return error if last == name else None


def attribute_error(error: Exception) -> Exception:
    """Return the same error, of a class that is an AttributeError too; itself where Python has no such class."""
    if isinstance(error, AttributeError):
        return error
    try:
        kind = _both(type(error))  # type: ignore[arg-type]  # classes have a hash
    except TypeError:  # an ImportError or OSError has a layout of its own
        return error
    made: Any = kind.__new__(kind)
    made.args = error.args
    made.__dict__.update(error.__dict__)
    made.name = made.obj = None  # or Python looks for a name that is nearer
    return made.with_traceback(error.__traceback__)  # type: ignore[no-any-return]


@cache
def _both(kind: type[Exception]) -> type[Exception]:
    def reduce(self: Exception) -> tuple[Any, ...]:
        plain = kind.__new__(kind)
        plain.args = self.args
        plain.__dict__.update({name: value for name, value in self.__dict__.items() if name not in ("name", "obj")})
        return attribute_error, (plain,)

    own = {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
    members: dict[str, Any] = {**own, "__reduce__": reduce}
    return type(kind.__name__, (kind, AttributeError), members)
