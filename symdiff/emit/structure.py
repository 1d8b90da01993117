"""How the NumPy target spells the operations on core shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from symdiff.emit.contract import contraction
from symdiff.emit.inplace import recount, tied, written
from symdiff.emit.python import WIDTH, Text, Writer, wrapped
from symdiff.graph.dims import Dim, Shape, fixed, linear, product, renamed, symbols
from symdiff.graph.ir import Program, Row, operands, repeated
from symdiff.ops.arrays import (
    AnyOf,
    Assemble,
    Broadcast,
    Einsum,
    Expand,
    Eye,
    Index,
    Max,
    Min,
    Others,
    Permute,
    Place,
    Prod,
    Range,
    Reshape,
    Size,
    Structure,
    Sum,
    separate,
)
from symdiff.ops.table import ATOM, BITAND, POWER, PRODUCT, SUM

_METHODS: dict[type[Structure], str] = {Sum: "sum", Max: "max", Min: "min", Prod: "prod", AnyOf: "any"}


class StructureWriter(Writer):
    """Spells rows of operations on shapes.

    Attributes:
        loops: arguments may have loop dimensions in front of their core shapes.
        varies: of each row, whether it may have them too: it depends on an argument, or is assembled.
        core: some argument has a core shape.
        derived: the first row of a derivative.
        tied: rows that are multiplied by the share of each element in a tie.
    """

    def __init__(self, program: Program, *, loops: bool) -> None:
        super().__init__(program)
        self.core = any(self.shape(i) for i in program.inputs)
        self.loops = loops or not self.core
        self.varies = bytearray(len(self.rows))
        for i, row in enumerate(self.rows):
            self.varies[i] = (
                row[0] == "input" or isinstance(row[0], Assemble) or any(self.varies[j] for j in operands(row))
            )
        self.derived = program.sections[1][0] if len(program.sections) > 1 else len(self.rows)
        self.tied = tied(self.rows)
        self.needed: dict[tuple[str, bool], str] = {}  # names of the preamble: of the source's own, or of dimensions

    # The preamble

    def need(self, name: str, text: Callable[[], str], *, dimension: bool = False) -> str:
        """Return the name of what the preamble computes from the arguments; that of a dimension is near the user's."""
        key = name, dimension
        if key not in self.needed:
            spelt = text()
            own = self.needed[key] = self.names.near(name) if dimension else name
            self.preamble.append(f"    {own} = {spelt}")
        return self.needed[key]

    def dtype(self) -> str:
        """Return the type that the arguments have together."""
        return self.need("dtype", self._dtype)

    def _dtype(self) -> str:
        if self.core:
            return f"{next(self.own[i] for i in self.program.inputs if self.shape(i))}.dtype.type"
        return f"np.result_type({''.join(f'{self.own[i]}, ' for i in self.program.inputs)}0.0).type"

    def loop(self) -> str:
        """Return the loop shape."""
        if self.core or len(self.program.inputs) > _SHORT:
            return self.need("loop", self.loop_text)
        return self.loop_text()

    def loop_text(self) -> str:
        """Return the loop shape, from the arguments."""
        shapes = []
        for i in self.program.inputs:
            rank = len(self.shape(i))
            shapes.append(f"{self.own[i]}.shape[:{-rank}]" if rank else f"np.shape({self.own[i]})")
        return shapes[0] if len(shapes) == 1 else f"np.broadcast_shapes({', '.join(shapes)})"

    def dim(self, dim: Dim, least: int = 0) -> str:
        """Return the text of a dimension, in parentheses unless it binds at least as tightly as `least`."""
        if isinstance(dim, int):
            return str(dim)
        named = {name: self._size(name) for name in sorted(symbols(dim))}
        text = str(renamed(dim, named))
        return text if _binds(text) >= least else f"({text})"

    def _size(self, name: str) -> str:
        return self.need(name, lambda: self._measured(name), dimension=True)

    def _measured(self, name: str) -> str:
        """Return the text of the size that a name of a dimension has, from the shape of an argument."""
        if name in self._alone:
            i, axis = self._alone[name]
            return f"{self.own[i]}.shape[{axis}]"
        for i in self.program.inputs:
            for axis, dim in enumerate(self.shape(i), -len(self.shape(i))):
                if (parts := linear(dim, name)) is not None:
                    slope, rest = parts
                    text = f"{self.own[i]}.shape[{axis}]"
                    if rest != 0:
                        text = f"{text} - {self.dim(rest, PRODUCT)}"
                    if slope != 1:
                        text = f"{f'({text})' if rest != 0 else text}//{self.dim(slope, POWER)}"
                    return text
        raise AssertionError(name)

    @cached_property
    def _alone(self) -> dict[str, tuple[int, int]]:
        """For names of dimensions, an argument and an axis of it that has this length."""
        found: dict[str, tuple[int, int]] = {}
        for i in self.program.inputs:
            for axis, dim in enumerate(self.shape(i), -len(self.shape(i))):
                found.setdefault(str(dim), (i, axis))
        return found

    def dims(self, shape: Shape) -> str:
        """Return the text of a shape, of one axis without parentheses."""
        return self.dim(shape[0]) if len(shape) == 1 else self.tuple_of(shape)

    def tuple_of(self, shape: Shape) -> str:
        return f"({', '.join(map(self.dim, shape))}{',' * (len(shape) == 1)})"

    def whole_shape(self, shape: Shape) -> str:
        """Return the text of a shape behind the loop shape, where there may be one."""
        return f"{self.loop()} + {self.tuple_of(shape)}" if self.loops else self.dims(shape)

    # Expressions

    def structure(self, row: Row) -> Text:
        """Return the text of a row."""
        self.rank = 0  # operands stand as they are
        return _SPELLINGS[type(row[0])](self, row)

    def structure_written(self, row: Row) -> tuple[int, ...]:
        """Return how often the text holds each operand."""
        if isinstance(row[0], Assemble):  # an operand at several places is assigned to all of them at once
            return tuple([int(not again) for again in repeated(row[1:])])
        twice = isinstance(row[0], Others) or (isinstance(row[0], Reshape) and self.loops)
        return (1 + twice,) * (len(row) - 1)

    def aligned(self, i: int, rank: int) -> str:
        """Return the text of an operand that broadcasts to something of `rank`."""
        self.rank = rank
        text = self.tight(i, 0)
        self.rank = 0
        return text

    def behind(self, i: int) -> bool:
        """Return whether row `i` may have loop dimensions."""
        return self.loops and bool(self.varies[i])

    # Lines

    def recount(self) -> None:
        recount(self)

    def built(self, i: int, row: Row) -> bool:
        if isinstance(row[0], Others):
            self._others(i, row)
        elif isinstance(row[0], Assemble) and not self._listed(row):
            self._assemble(i, row)
        else:
            return written(self, i, row)
        return True

    def _others(self, i: int, row: Row) -> None:
        if row[1] not in self.own:
            self.assign(row[1])
        x = self.texts[row[1]][0]
        own = self.named(i)
        self.lines += [
            f"    {own} = np.ones_like({x})",
            f"    {own}[..., 1:] = np.cumprod({x}[..., :-1], axis=-1)",
            f"    {own}[..., :-1] *= np.cumprod({x}[..., :0:-1], axis=-1)[..., ::-1]",
        ]

    def _listed(self, row: Row) -> bool:
        """Return whether it is written as a list of its elements, all scalars: where there are no loop dimensions."""
        to = row[0].to
        if self.loops or not row[0].places or len(to) > 2 or not all(isinstance(d, int) for d in to):
            return False
        elements = {
            place for place in row[0].places if len(place) == len(to) and all(isinstance(p, int) for p in place)
        }
        return len(elements) == len(row[0].places) == product(to) and len(elements) <= _LISTED

    def _assemble(self, i: int, row: Row) -> None:
        operation = row[0]
        disjoint = separate(operation.places)
        covered = disjoint and _total(operation.places) == product(operation.to[len(operation.to) - operation.rank :])
        slots: dict[int, list[str]] = {}
        extra = len(operation.to) - operation.rank
        for place, j in zip(operation.places, row[1:], strict=True):
            slots.setdefault(j, []).append(
                self.place(place, operation.to[extra:], ahead=self.loops or extra > 0, value=True)
            )
        texts: dict[int, str] = {}
        for place, j in zip(operation.places, row[1:], strict=True):
            texts[j] = self.aligned(j, extra + sum(isinstance(p, Range) for p in place))
        make = "empty" if covered else "zeros"
        own = self.named(i)
        self.lines.append(f"    {own} = np.{make}({wrapped(f'{self.whole_shape(operation.to)}, {self.dtype()}')})")
        for j, places in slots.items():
            if disjoint or (j == row[1] and len(places) == 1):  # the first is added to zeros
                self.lines.append(f"    {' = '.join(own + place for place in places)} = {texts[j]}")
            else:
                self.lines += [f"    {own}{place} += {texts[j]}" for place in places]

    def place(self, place: Place, shape: Shape, *, ahead: bool, value: bool = False) -> str:
        """Return the subscript of a place; `ahead` of the axes there may be others."""
        parts = [self._part(p, dim) for p, dim in zip(place, shape, strict=True)]
        if not ahead:
            while len(parts) > 1 and parts[-1] == ":":
                parts.pop()
        elif set(parts) == {":"} and value:
            parts = []
        return f"[{', '.join(['...'] * ahead + parts)}]"

    def _part(self, p: Dim | Range, dim: Dim) -> str:
        if not isinstance(p, Range):
            return self._end(p, dim)
        forward = p.step > 0
        start = "" if p.start == (0 if forward else dim - 1) else self._end(p.start, dim)
        stop = "" if p.stop == (dim if forward else -1) else self._end(p.stop, dim)
        return f"{start}:{stop}" + (f":{p.step}" if p.step != 1 else "")

    def _end(self, end: Dim, dim: Dim) -> str:
        """Return an index; from the end where that is how far it is known to be from there."""
        behind = end - dim
        return str(behind) if isinstance(behind, int) and not isinstance(end, int) else self.dim(end)


_LISTED = 64  # elements of an array that is written as a list
_SHORT = 8  # arguments whose loop shape is written where it is used


def _total(places: Sequence[Place]) -> Dim:
    """Return how many elements separate places have."""
    total: Dim = 0
    for place in places:
        total = total + product(p.count if isinstance(p, Range) else 1 for p in place)
    return total


def _axes(axes: tuple[int, ...]) -> str:
    return str(axes[0]) if len(axes) == 1 else str(axes)


def _reduction(w: StructureWriter, row: Row) -> Text:
    operation, x = row[0], row[1]
    shape = w.shape(x)
    if isinstance(operation, Sum) and all(shape[a] == 1 for a in operation.axes):
        return f"{w.tight(x, ATOM)}{_dropped(operation.axes)}", ATOM
    everything = not w.behind(x) and len(operation.axes) == len(shape)
    axis = "" if everything else f"axis={_axes(operation.axes)}"
    return f"{w.tight(x, ATOM)}.{_METHODS[type(operation)]}({axis})", ATOM


def _dropped(axes: tuple[int, ...]) -> str:
    return f"[..., {', '.join('0' if a in axes else ':' for a in range(min(axes), 0))}]"


def _binds(text: str) -> int:
    """Return how tightly the outermost operator of a dimension's text binds."""
    return ATOM if text.isidentifier() or text.isdigit() else SUM if " " in text else PRODUCT


def _size(w: StructureWriter, row: Row) -> Text:
    text = w.dim(row[0].dim)
    return text, _binds(text)


def _eye(w: StructureWriter, row: Row) -> Text:
    operation = row[0]
    text = f"np.eye({w.dim(operation.dim)}, dtype={w.dtype()})"
    if len(operation.shape_of) != 1:
        text += f".reshape({', '.join(map(w.dim, (operation.dim, *operation.shape_of)))})"
    return text, ATOM


def _expand(w: StructureWriter, row: Row) -> Text:
    axes, x = row[0].axes, row[1]
    first = min(axes) if w.behind(x) else -len(w.shape(x)) - len(axes)
    parts = ["None" if a in axes else ":" for a in range(first, 0)]
    if w.behind(x):
        parts.insert(0, "...")
    else:
        while parts[-1] == ":":
            parts.pop()
    return f"{w.tight(x, ATOM)}[{', '.join(parts)}]", ATOM


def _broadcast(w: StructureWriter, row: Row) -> Text:
    to, x = row[0].to, row[1]
    if not w.varies[x] and not w.shape(x):
        dtype = "bool" if w.program.graph.is_condition(x) else w.dtype()
        return f"np.full({w.dims(to)}, {w.tight(x, 0)}, {dtype})", ATOM
    if w.behind(x):
        w.rank = len(to)
        if w.program.graph.is_condition(x):
            return f"{w.tight(x, BITAND)} & np.ones({w.dims(to)}, bool)", BITAND
        return f"{w.tight(x, PRODUCT)} * np.ones({w.dims(to)}, {w.dtype()})", PRODUCT
    if not w.shape(x):
        return f"np.full({w.dims(to)}, {w.tight(x, 0)})", ATOM
    return f"np.broadcast_to({w.tight(x, 0)}, {w.dims(to)})", ATOM


def _permute(w: StructureWriter, row: Row) -> Text:
    order, x = row[0].order, row[1]
    rank = len(w.shape(x))
    if order == (-1, -2):
        mark = ".T" if rank == 2 and not w.behind(x) else ".mT"
        return f"{w.tight(x, ATOM)}{mark}", ATOM
    if not w.behind(x) and len(order) == rank:
        return f"np.transpose({w.tight(x, 0)}, {tuple(a + rank for a in order)})", ATOM
    return f"np.moveaxis({w.tight(x, 0)}, {order}, {tuple(range(-len(order), 0))})", ATOM


def _reshape(w: StructureWriter, row: Row) -> Text:
    operation, x = row[0], row[1]
    shape = w.shape(x)
    result = operation.shape(shape)
    if not w.behind(x):
        return f"{w.tight(x, ATOM)}.reshape({', '.join(map(w.dim, result))})", ATOM
    text = w.tight(x, ATOM)
    kept = f"{text}.shape[:{-operation.rank}]" if operation.rank else f"{text}.shape"
    return f"{text}.reshape({kept} + {w.tuple_of(operation.to)})", ATOM


def _index(w: StructureWriter, row: Row) -> Text:
    place, x = row[0].place, row[1]
    shape = w.shape(x)
    ahead = w.behind(x) or len(shape) > len(place)
    return f"{w.tight(x, ATOM)}{w.place(place, shape[len(shape) - len(place) :], ahead=ahead)}", ATOM


def _listed(w: StructureWriter, row: Row) -> Text:
    operation = row[0]
    parts = dict(zip(operation.places, row[1:], strict=True))
    texts = {place: w.tight(j, 0) for place, j in parts.items()}
    rows, columns = (1, *fixed(operation.to))[-2:]
    lines: list[str] = []
    if len(operation.to) == 1:
        text = f"[{', '.join(texts[(k,)] for k in range(columns))}]"
    else:
        lines = [f"[{', '.join(texts[r, c] for c in range(columns))}]" for r in range(rows)]
        text = f"[{', '.join(lines)}]"
    dtype = f", {w.dtype()}" if any(not w.varies[j] for j in row[1:]) else ""
    if len(text) > WIDTH - 24 and len(operation.to) > 1:
        text = "[\n" + "".join(f"        {line},\n" for line in lines) + "    ]"
        return f"np.array({text}{dtype})", ATOM
    return f"np.array({wrapped(text)}{dtype})", ATOM


_SPELLINGS: dict[type[Structure], Callable[[StructureWriter, Row], Text]] = {
    **dict.fromkeys(_METHODS, _reduction),
    Size: _size,
    Eye: _eye,
    Expand: _expand,
    Broadcast: _broadcast,
    Permute: _permute,
    Reshape: _reshape,
    Index: _index,
    Assemble: _listed,
    Einsum: contraction,
}
