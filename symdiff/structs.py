"""The base class of small objects that are made of named fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, dataclass_transform


@dataclass_transform(frozen_default=True)
class Struct:
    """An object that is made of named fields, which do not change.

    The annotated attributes of a subclass are its fields, as in a frozen dataclass. They are the arguments that make an
    object. Two objects are equal if their classes and their fields are. A dataclass would compile its methods whenever
    Python imports it; for all the classes of the package, this takes longer than the rest of the import.
    """

    fields: ClassVar[tuple[str, ...]] = ()
    """The names of the fields."""
    _defaults: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        """Find the fields: those of the base classes, then those of the class itself."""
        kinds = cls.__annotations__  # of this class alone
        own = [field for field, kind in kinds.items() if "ClassVar" not in str(kind)]
        inherited = [field for base in cls.__bases__ for field in getattr(base, "fields", ())]
        cls.fields = tuple(dict.fromkeys([*inherited, *own]))
        cls._defaults = {field: getattr(cls, field) for field in cls.fields if hasattr(cls, field)}

    def __init__(self, *values: Any, **named: Any) -> None:
        fields, own = self.fields, self.__dict__
        if len(values) < len(fields):
            own.update(self._defaults)
        own.update(zip(fields, values, strict=False))
        twice = not named.keys().isdisjoint(fields[: len(values)]) if named else False
        own.update(named)
        if len(values) > len(fields) or twice or len(own) != len(fields) or (named and own.keys() != {*fields}):
            raise TypeError(f"{type(self).__name__} takes {', '.join(fields) or 'no arguments'}")

    @property
    def key(self) -> tuple[Any, ...]:
        """The values of the fields, in order."""
        return tuple([getattr(self, field) for field in self.fields])

    def changed(self, **fields: Any) -> Self:
        """Return the object with other values of some fields."""
        return type(self)(**{**dict(zip(self.fields, self.key, strict=True)), **fields})

    def __setattr__(self, field: str, value: Any) -> None:
        raise AttributeError(f"the fields of {type(self).__name__} do not change: {field}")

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Struct) and type(self) is type(other) and self.key == other.key

    def __hash__(self) -> int:
        return hash((type(self), self.key))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join([f'{field}={getattr(self, field)!r}' for field in self.fields])})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.key
