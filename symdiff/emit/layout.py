"""Layouts of graphs in layers: where the boxes stand, and how the edges run between them.

Source: Sugiyama, Tagawa & Toda, "Methods for visual understanding of hierarchical system structures" (1981), with the
exchange of neighbours and the weights of edges of Gansner, Koutsofios, North & Vo, "A technique for drawing directed
graphs" (1993). The best coordinates of a layer in a given order are an isotonic regression, which pooling adjacent
violators solves exactly: Ayer, Brunk, Ewing, Reid & Silverman (1955).
"""

from __future__ import annotations

from bisect import bisect, insort
from collections.abc import Mapping, Sequence
from operator import sub

from symdiff.structs import Struct

_PATIENCE = 4  # sweeps down and up that sort the layers without fewer crossings, before the last one
_MOVES, _STILL = 40, 0.5  # sweeps down and up that move the boxes, at most; moves after which nothing more happens
_TRACK = 6.0  # the room of an edge that passes a layer
_APART = 18.0  # the room between neighbours in a layer
_GAP, _STEEP, _WIDEST = 44.0, 0.12, 150.0  # the room between layers: at least, more for long ways, and at most
_WEIGHTS = 1.0, 2.0, 8.0  # of an edge, by the number of tracks that it joins
_PORT = 14.0  # the most room between two edges that end at one box

Point = tuple[float, float]
Line = tuple[Point, Point]


class Layout(Struct):
    """A layout. Coordinates grow to the right and down, from (0, 0).

    Attributes:
        width: The width of the whole.
        height: The height of the whole.
        boxes: The left, the top, the width and the height of each box.
        lines: The lines of each edge, in order: pairs of points. A line leaves the first point and enters the second in
            the direction of the layers. The edges of a box run together as far as they can, so only the first of them
            has the part that they share.
        down: Whether the layers run from top to bottom, and not from left to right.
    """

    width: float
    height: float
    boxes: list[tuple[float, float, float, float]]
    lines: list[list[Line]]
    down: bool


def laid_out(sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]], room: float) -> Layout:
    """Return a layout of boxes and edges.

    The layers run from left to right if this takes at most about the width `room`, or no more than from top to bottom.

    Args:
        sizes: The width and the height of each box.
        edges: The boxes that each edge joins: from a smaller to a larger number. No edge is there twice.
        room: The width that the layout should have at most.
    """
    layers = _Layers(len(sizes), edges)
    width, other = (layers.width(sizes, down=down) for down in (False, True))
    return layers.laid_out(sizes, down=width > max(room, other))


class _Layers:
    """The layers of a graph, in the order that has the fewest crossings.

    An edge that passes a layer has a node there, its track. All edges from one box share their tracks.

    Attributes:
        edges: The edges between boxes.
        count: The number of boxes. Larger numbers are tracks.
        layers: The nodes of each layer, in order.
        rank: The number of the layer of each node.
        before, after: The neighbours of each node in the layer before, and in the layer after.
        at: For each edge, the node in the layer before its end from which it comes.
        tracks: For each box, its tracks in order.
    """

    def __init__(self, count: int, edges: Sequence[tuple[int, int]]) -> None:
        self.edges, self.count = edges, count
        self.rank = _ranks(count, edges)
        self.before: list[list[int]] = [[] for _ in range(count)]
        self.after: list[list[int]] = [[] for _ in range(count)]
        self.tracks: list[list[int]] = [[] for _ in range(count)]
        self.at: list[int] = []
        for start, end in edges:
            last = self.rank[end] - 1
            while (here := self.rank[start] + len(self.tracks[start])) < last:
                self._join(self._from(start, here), self._track(start, here + 1))
            self.at.append(self._from(start, last))
            self._join(self.at[-1], end)
        self.layers: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for node, rank in enumerate(self.rank):
            self.layers[rank].append(node)
        self._sort()

    def _from(self, start: int, rank: int) -> int:
        """Return the node of a box in a layer: the box itself, or its track there."""
        passed = rank - self.rank[start]
        return self.tracks[start][passed - 1] if passed else start

    def _track(self, start: int, rank: int) -> int:
        """Return a new track of a box in a layer."""
        node = len(self.rank)
        self.rank.append(rank)
        self.before.append([])
        self.after.append([])
        self.tracks[start].append(node)
        return node

    def _join(self, node: int, other: int) -> None:
        self.after[node].append(other)
        self.before[other].append(node)

    # The order

    def _sort(self) -> None:
        """Sort the layers, so that few edges cross."""
        best, fewest, useless = self.layers, self._crossings(), 0
        while fewest and useless < _PATIENCE:
            self.layers = [list(layer) for layer in self.layers]
            for layers, neighbours in ((self.layers[1:], self.before), (self.layers[-2::-1], self.after)):
                places = self._places()
                for layer in layers:
                    means = {node: _mean([places[j] for j in neighbours[node]], places[node]) for node in layer}
                    layer.sort(key=means.__getitem__)
                    self._exchange(layer, places)
                    places.update({node: float(k) for k, node in enumerate(layer)})
            found = self._crossings()
            useless += 1
            if found < fewest:
                best, fewest, useless = self.layers, found, 0
        self.layers = best

    def _places(self) -> dict[int, float]:
        return {node: float(k) for layer in self.layers for k, node in enumerate(layer)}

    def _exchange(self, layer: list[int], places: Mapping[int, float]) -> None:
        """Exchange neighbours of a layer as long as fewer edges cross."""
        sides = [
            {node: sorted([places[j] for j in near[node]]) for node in layer} for near in (self.before, self.after)
        ]
        better = True
        while better:
            better = False
            for k in range(len(layer) - 1):
                left, right = layer[k], layer[k + 1]
                now = sum([_crossed(side[left], side[right]) for side in sides])
                if now > sum([_crossed(side[right], side[left]) for side in sides]):
                    layer[k], layer[k + 1] = right, left
                    better = True

    def _crossings(self) -> int:
        """Return how many pairs of edges between neighbouring layers cross."""
        total = 0
        places = self._places()
        for layer in self.layers[:-1]:
            ends: list[float] = []
            for node in layer:
                own = sorted([places[j] for j in self.after[node]])
                total += sum([len(ends) - bisect(ends, end) for end in own])
                for end in own:
                    insort(ends, end)
        return total

    # The coordinates

    def width(self, sizes: Sequence[tuple[float, float]], *, down: bool) -> float:
        """Return about how wide a layout is."""
        own = [[sizes[node][0] for node in layer if node < self.count] for layer in self.layers]
        if down:
            return max(
                [sum(widths) + _APART * len(layer) for widths, layer in zip(own, self.layers, strict=True)], default=0.0
            )
        return sum([max(widths, default=0.0) + _GAP for widths in own])

    def laid_out(self, sizes: Sequence[tuple[float, float]], *, down: bool) -> Layout:
        """Return the layout in one direction. "Along" is the direction of the layers, "across" that of their nodes."""
        along = [height if down else width for width, height in sizes]
        across = [width if down else height for width, height in sizes]
        across += [_TRACK] * (len(self.rank) - self.count)
        middle = self._middles(across)
        deep = [max([along[node] for node in layer if node < self.count], default=0.0) for layer in self.layers]
        starts, end = [], 0.0
        for layer, depth in zip(self.layers, deep, strict=True):
            starts.append(end)
            ways = [abs(middle[node] - middle[other]) for node in layer for other in self.after[node]]
            end += depth + min(_GAP + _STEEP * max(ways, default=0.0), _WIDEST)
        whole = starts[-1] + deep[-1] if starts else 0.0
        wide = max([middle[node] + across[node] / 2 for node in range(len(self.rank))], default=0.0)

        def point(x: float, y: float) -> Point:
            return (y, x) if down else (x, y)

        boxes = []
        inset = [(deep[self.rank[node]] - along[node]) / 2 for node in range(self.count)]
        for node in range(self.count):
            corner = point(starts[self.rank[node]] + inset[node], middle[node] - across[node] / 2)
            boxes.append((*corner, *sizes[node]))

        def leaving(node: int) -> tuple[list[Line], Point]:
            """Return the line from a box to the edge of its layer, and where the line ends."""
            end = starts[self.rank[node]] + deep[self.rank[node]], middle[node]
            if node >= self.count or not inset[node]:
                return [], end
            return [((end[0] - inset[node], end[1]), end)], end

        ports = self._ports(middle, across)
        lines: list[list[Line]] = []
        drawn: set[int] = set()
        for (start, stop), at in zip(self.edges, self.at, strict=True):
            line: list[Line] = []
            here = start
            for track in self.tracks[start][: self.rank[at] - self.rank[start]]:
                if track not in drawn:
                    drawn.add(track)
                    first, left = leaving(here)
                    entry = starts[self.rank[track]], middle[track]
                    line += [*first, (left, entry), (entry, leaving(track)[1])]
                here = track
            first, left = leaving(at)
            entry = starts[self.rank[stop]], ports[at, stop]
            line += [*first, (left, entry)]
            if inset[stop]:
                line.append((entry, (entry[0] + inset[stop], entry[1])))
            lines.append([(point(*a), point(*b)) for a, b in line])
        return Layout(*point(whole, wide), boxes, lines, down)

    def _ports(self, middle: Sequence[float], across: Sequence[float]) -> dict[tuple[int, int], float]:
        """Return where each edge ends at its box, by the node from which it comes and the box."""
        found: dict[tuple[int, int], float] = {}
        for node in range(self.count):
            near = sorted(self.before[node], key=middle.__getitem__)
            step = min(_PORT, (across[node] - 16.0) / max(len(near) - 1, 1))
            for k, other in enumerate(near):
                found[other, node] = middle[node] + (k - (len(near) - 1) / 2) * step
        return found

    def _middles(self, across: Sequence[float]) -> list[float]:
        """Return the middle of each node across the layers. The first one begins at 0."""
        middle = [0.0] * len(self.rank)
        offsets: dict[int, float] = {}  # how far a node is from the first one of its layer, at least
        for layer in self.layers:
            place = 0.0
            for node, following in zip(layer, [*layer[1:], layer[-1]], strict=True):
                offsets[node] = middle[node] = place
                place += (across[node] + across[following]) / 2 + _APART
        for k in range(_MOVES):
            before = list(middle)
            straight = self._straight(middle) if k >= _MOVES // 2 else {}
            for layers, near in ((self.layers, self.before), (self.layers[::-1], self.after)):
                for layer in layers:
                    wanted = []
                    for node in layer:
                        around = [*self.before[node], *self.after[node]] if straight else near[node]
                        place, weight = self._wanted(node, around, middle)
                        place = straight.get(node, place)
                        wanted.append((place - offsets[node], weight))
                    for node, place in zip(layer, _isotonic(wanted), strict=True):
                        middle[node] = place + offsets[node]
            if straight and max(map(abs, map(sub, middle, before)), default=0.0) < _STILL:
                break
        least = min([middle[node] - across[node] / 2 for node in range(len(middle))], default=0.0)
        return [place - least for place in middle]

    def _wanted(self, node: int, around: Sequence[int], middle: Sequence[float]) -> tuple[float, float]:
        """Return where a node would best be for the edges to some neighbours, and the weight of that."""
        weights = [_WEIGHTS[(node >= self.count) + (other >= self.count)] for other in around]
        if not weights:
            return middle[node], 1e-3
        return sum([w * middle[other] for w, other in zip(weights, around, strict=True)]) / sum(weights), sum(weights)

    def _straight(self, middle: Sequence[float]) -> dict[int, float]:
        """Return a place for each track: the same for all tracks of a box, so that an edge runs straight."""
        found: dict[int, float] = {-1: 0.0}  # not empty
        for box, tracks in enumerate(self.tracks):
            if tracks:
                ends = [middle[other] for node in (box, *tracks) for other in self.after[node] if other < self.count]
                own = sum([middle[track] for track in tracks]) / len(tracks)
                place = (2 * own + middle[box] + sum(ends) / len(ends)) / 4
                found.update(dict.fromkeys(tracks, place))
        return found


def _ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the layer of each box: the length of the longest way to it.

    A box with more edges behind it than before it, such as an argument, moves to the layer before its first use.
    """
    rank = [0] * count
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for start, end in edges:
        before[end].append(start)
        after[start].append(end)
    for box in range(count):
        rank[box] = max([rank[j] + 1 for j in before[box]], default=0)
    for box in range(count - 1, -1, -1):
        if len(after[box]) > len(before[box]):
            rank[box] = min([rank[j] for j in after[box]]) - 1
    return rank


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _crossed(left: Sequence[float], right: Sequence[float]) -> int:
    """Return how many edges cross, given the sorted ends of the edges of two nodes, the left one first."""
    return sum([len(left) - bisect(left, end) for end in right])


def _isotonic(wanted: Sequence[tuple[float, float]]) -> list[float]:
    """Return the ascending numbers that are closest to wanted ones with weights, in the sense of least squares."""
    blocks: list[list[float]] = []  # the mean, the weight and the length of each
    for value, weight in wanted:
        blocks.append([value, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, more, count = blocks.pop()
            last = blocks[-1]
            total = last[1] + more
            blocks[-1] = [(last[0] * last[1] + mean * more) / total, total, last[2] + count]
    return [mean for mean, _, count in blocks for _ in range(int(count))]
