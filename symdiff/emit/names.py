"""Names in the generated source. The user's names stay, and new names do not collide with them."""

from __future__ import annotations

import keyword
from collections.abc import Iterable

_NEVER = frozenset({*keyword.kwlist, "__debug__"})


class Names:
    """A source of free names.

    Args:
        reserved: Names that the source uses for something else, such as `np`.
        users: Names of the arguments. If Python or the source cannot use a name, underscores
            are appended.
    """

    def __init__(self, reserved: Iterable[str], users: Iterable[str]) -> None:
        users = list(users)
        self.taken = {*_NEVER, *reserved}
        self.count = 0
        self._numbers: dict[str, int] = {}  # the last number of each name from `numbered`
        plain = {name for name in users if name not in self.taken}
        self.taken |= plain
        self.users = {name: name if name in plain else self.near(name) for name in users}

    def near(self, name: str) -> str:
        """Return a name, with underscores appended until it is free."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def numbered(self, name: str) -> str:
        """Return a name, or the first free one of `name2`, `name3`, ..."""
        free, k = name, self._numbers.get(name, 1)
        while free in self.taken:
            k += 1
            free = f"{name}{k}"
        self._numbers[name] = k
        self.taken.add(free)
        return free

    def temporary(self) -> str:
        """Return the next free name of `v1`, `v2`, ..."""
        self.count += 1
        while f"v{self.count}" in self.taken:
            self.count += 1
        name = f"v{self.count}"
        self.taken.add(name)
        return name
