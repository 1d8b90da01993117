"""From a record of operations to statements: which results get a name, and which stand where they are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symdiff.language.hints import is_built_in
from symdiff.language.parser import RESERVED, Item, Statement
from symdiff.ops.places import GIVEN
from symdiff.ops.table import CONSTANTS

_DEEPEST = 40  # operations inside of each other; a result further inside is assigned to a name
_PLAIN = ("index", "transpose")  # parts of an argument, which are written again at each use
VALUE = "value"  # the kind of one of the values of a call that has several


@dataclass(eq=False, slots=True)
class Node:
    """An operation of the record, or a part of a call such as a named argument.

    Attributes:
        kind: The kind of its item, as in `symdiff.language.parser`, or "leaf" for an argument, constant or number, or
            `VALUE` for one of the values of a call.
        value: The value of its item; the items of a leaf; all values of a call.
        parts: Its operands; the call that it is a value of.
        row: The row of its value in the graph of the record; None for a part of a call.
        serial: How many nodes there are before it.
        name: The name of the user's variable; empty if there is none.
    """

    kind: str
    value: Any
    parts: tuple[Node, ...] = ()
    row: int | None = None
    serial: int = 0
    name: str = ""

    @property
    def is_leaf(self) -> bool:
        """Whether it stands for itself: an argument, a constant, a number, or a part of an argument."""
        if self.kind in _PLAIN and GIVEN not in self.value:
            return self.parts[0].kind == "leaf" and not self.name
        return self.kind == "leaf"


@dataclass(eq=False, slots=True)
class _Assigned:
    """A result that is assigned to a name.

    Attributes:
        node: The result.
        name: The name that it should have.
        is_output: Whether it has to have this name.
        last: The last statement that uses it.
    """

    node: Node
    name: str
    is_output: bool
    last: int = 0


def statements(outputs: Sequence[tuple[str, Node]], taken: Collection[str]) -> tuple[list[Statement], list[Statement]]:
    """Return the assignments and results of a record.

    A result of an operation has a name of its own if the user's code gives it one, or if it is used more than once. A
    name is assigned again where its earlier value is not needed any more. All other results stand where they are used.

    Args:
        outputs: The results, each with the name that it has to have. Empty: any.
        taken: The names of arguments, constants and dimensions.
    """
    nodes = _in_order([node for _, node in outputs])
    own = _own(outputs, taken)
    wanted = _forced(outputs, own)
    single = len(outputs) == 1
    plain = {node: "out" if single else f"out{k}" for k, (_, node) in enumerate(outputs)}  # as the language names them
    uses = dict.fromkeys(nodes, 0)
    for node in nodes:
        for part in node.parts:
            uses[part] += 1
    for _, node in outputs:
        uses[node] += 1
    depth: dict[Node, int] = {}
    assigned: dict[Node, _Assigned] = {}
    for node in nodes:
        inside = max((0 if part in assigned else depth[part] for part in node.parts), default=-1) + 1
        depth[node] = inside
        named = bool(node.name) or uses[node] > 1 or inside > _DEEPEST or node in wanted or node.kind == VALUE
        if named and not node.is_leaf and node.row is not None:
            assigned[node] = _Assigned(node, wanted.get(node) or node.name or plain.get(node, ""), node in wanted)
    listed = list(assigned.values())
    number = {entry.node: k for k, entry in enumerate(listed)}
    for k, entry in enumerate(listed):
        for part in _reached(entry.node.parts, assigned):
            assigned[part].last = k
    for _, node in outputs:
        for part in _reached((node,), assigned):
            assigned[part].last = len(listed)
    for entry in listed:
        if entry.node.kind == VALUE:  # all values of a call are assigned together, and have different names
            entry.last = max(entry.last, number[entry.node.value[-1]] + 1)
    names = _names(listed, number, taken, set(own.values()))
    made: list[Statement] = []
    for entry in listed:
        together, node = [entry.node], entry.node
        if node.kind == VALUE:
            together, (node,) = node.value, node.parts
        if entry.node is together[0]:
            made.append(Statement(tuple([names[n] for n in together]), _items(node.parts, node, names), 0))
    results: list[Statement] = []
    for name, node in outputs:
        second = own.get(name, "")
        if second and wanted.get(node) != second:  # a result with two names, or an argument
            made.append(Statement((second,), _items((node,), None, names), 0))
            results.append(Statement((), [("name", second, 0, 0)], 0))
        else:
            results.append(Statement((), _items((node,), None, names), 0))
    return made, results


def _own(outputs: Sequence[tuple[str, Node]], taken: Collection[str]) -> dict[str, str]:
    """Return the names of the results that have one. A name that means something else already gets an underscore."""
    made: dict[str, str] = {}
    used = set(taken)
    for name in sorted([name for name, _ in outputs if name], key=lambda name: name in taken or allowed(name) != name):
        free = allowed(name)
        while free in used:
            free += "_"
        used.add(free)
        made[name] = free
    return made


def _forced(outputs: Sequence[tuple[str, Node]], own: Mapping[str, str]) -> dict[Node, str]:
    """Return the names that results have to have."""
    wanted: dict[Node, str] = {}
    times = Counter(node for _, node in outputs)
    for name, node in outputs:
        if name and times[node] == 1 and not node.is_leaf:
            wanted[node] = own[name]
    return wanted


def _in_order(outputs: Sequence[Node]) -> list[Node]:
    """Return the nodes that the outputs need, in the order in which they were made."""
    found = dict.fromkeys(outputs)
    waiting = list(found)
    while waiting:
        node = waiting.pop()
        for part in (*node.parts, *(node.value if node.kind == VALUE else ())):
            if part not in found:
                found[part] = None
                waiting.append(part)
    return sorted(found, key=lambda node: node.serial)


def _reached(parts: Sequence[Node], assigned: Collection[Node]) -> list[Node]:
    """Return the results with names that an expression uses."""
    found, waiting = [], list(parts)
    while waiting:
        node = waiting.pop()
        if node in assigned:
            found.append(node)
        else:
            waiting += node.parts
    return found


def _names(
    listed: Sequence[_Assigned], number: dict[Node, int], taken: Collection[str], reserved: Collection[str]
) -> dict[Node, str]:
    """Return a name for each result. Two results share one if the first is not used after the second is assigned."""
    used = {*taken, *reserved, *(allowed(entry.name) for entry in listed)}
    count: dict[str, int] = {}

    def another(name: str) -> str:
        """Return a name with a number that nothing else has."""
        while (made := f"{name or 'v'}{count.setdefault(name, 1)}") in used:
            count[name] += 1
        used.add(made)
        return made

    plain = {entry.name: allowed(entry.name) for entry in listed}
    plain |= {name: another(name) for name, made in plain.items() if made in taken or made in reserved}
    names: dict[Node, str] = {}
    later: dict[str, int] = {}  # the number of the next result with a name
    for entry in reversed(listed):
        name = entry.name if entry.is_output else plain[entry.name]
        if name and entry.last <= later.get(name, len(listed)):
            later[name] = number[entry.node]
            names[entry.node] = name
    for entry in listed:
        if entry.node not in names:
            names[entry.node] = another(allowed(entry.name))
    return names


def allowed(name: str) -> str:
    """Return a name that is neither a word nor a function nor a constant of the language."""
    return f"{name}_" if name in RESERVED or name in CONSTANTS or is_built_in(name) else name


def _items(parts: Sequence[Node], node: Node | None, names: dict[Node, str]) -> list[Item]:
    """Return the items of an operation on its operands, without end for those that have names."""
    items: list[Item] = []
    waiting: list[Node | Item] = [(node.kind, node.value, len(parts), 0)] if node else []
    waiting += reversed(parts)
    while waiting:
        task = waiting.pop()
        if isinstance(task, tuple):
            items.append(task)
        elif task in names:
            items.append(("name", names[task], 0, 0))
        elif task.kind == "leaf":
            items += task.value
        else:
            waiting.append((task.kind, task.value, len(task.parts), 0))
            waiting += reversed(task.parts)
    return items
