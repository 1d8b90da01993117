"""Names in the generated source: the user's stay, ours never collide with them."""

from __future__ import annotations

import keyword
from collections.abc import Iterable

_NEVER = frozenset({*keyword.kwlist, "__debug__"})


class Names:
    """Hands out names that are free.

    Args:
        reserved: names the source uses for something else, such as `np`.
        users: names of the arguments; each gets a name at once. One that Python or the
            source cannot take as it is gets underscores appended.
    """

    def __init__(self, reserved: Iterable[str], users: Iterable[str]) -> None:
        users = list(users)
        self.taken = {*_NEVER, *reserved}
        self.count = 0
        self._numbers: dict[str, int] = {}  # those that the names handed out by `numbered` have got to
        plain = {name for name in users if name not in self.taken}
        self.taken |= plain
        self.users = {name: name if name in plain else self.near(name) for name in users}

    def near(self, name: str) -> str:
        """Return `name`, with underscores appended until it is free."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def numbered(self, name: str) -> str:
        """Return `name`, or the first of `name2`, `name3`, ... that is free."""
        free, k = name, self._numbers.get(name, 1)
        while free in self.taken:
            k += 1
            free = f"{name}{k}"
        self._numbers[name] = k
        self.taken.add(free)
        return free

    def temporary(self) -> str:
        """Return the next of v1, v2, ... that is free."""
        self.count += 1
        while f"v{self.count}" in self.taken:
            self.count += 1
        name = f"v{self.count}"
        self.taken.add(name)
        return name
