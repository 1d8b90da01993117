"""Functions that pass arrays of exactly the core shapes straight to native code. Each is written for one Function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from symdiff.emit.fuse import Input, Loops, Result
from symdiff.emit.python import Nest, nested
from symdiff.graph.dims import Dim, Shape, numel, renamed, symbols
from symdiff.ops.elements import Index
from symdiff.ops.places import Place, Range, subscript
from symdiff.runtime.entry import named_sizes
from symdiff.runtime.load import load
from symdiff.runtime.reports import heeded

_VIEWS = 20  # views of an argument, one on top of the other, that are written as one expression
_LISTED = 64  # elements of an array that is written as a list


def native_point(
    loops: Loops,
    cores: Sequence[Shape],
    results: Sequence[Shape],
    nest: Nest,
    limit: int,
    calls: list[Any],
    again: Callable[..., Any],
) -> FunctionType | None:
    """Return a function of the arguments that returns nested tuples. Return None where that takes more than few lines.

    Args:
        loops: The loops of the native code.
        cores: The core shapes of the arguments.
        results: The core shapes of the outputs.
        nest: How the outputs are nested.
        limit: The most elements that the function takes.
        calls: A list whose first item is the native code.
        again: Computes the result where there are more elements, where native code cannot read an array, and where
            it saw a floating-point error that the caller wants to know of.
    """
    try:
        return _Writer(loops, cores, results).function(nest, limit, calls, again)
    except NotImplementedError:
        return None


class _Writer:
    def __init__(self, loops: Loops, cores: Sequence[Shape], results: Sequence[Shape]) -> None:
        self.loops, self.cores, self.results = loops, cores, results
        self.args = [f"a{k}" for k in range(len(cores))]
        self.sizes = named_sizes(self.args, cores)

    def function(self, nest: Nest, limit: int, calls: list[Any], again: Callable[..., Any]) -> FunctionType:
        """Return the function."""
        loops, args = self.loops, ", ".join(self.args)
        long, stored = len(loops.inputs) - loops.numbers, len(loops.results) - loops.single
        if loops.loops and not long + stored:  # no array tells native code how many elements there are
            raise NotImplementedError
        texts = [self._input(given, single=k >= long) for k, given in enumerate(loops.inputs)]
        kept = len(loops.folds) + loops.single
        numbers = ", ".join([*texts[long:], *["0.0"] * kept])
        shape = self._tuple(loops.shape or ())
        lines = [f"    numbers = array([{numbers}], float64)"]
        if loops.loops:
            lines.insert(0, f"    if {self._dim(numel(loops.shape or ()))} > limit:\n        return again({args})")
        behind, outputs = self._outputs(stored, len(loops.inputs) - long + len(loops.folds))
        lines += [f"    o{k} = empty({shape})" for k in range(stored)]
        given = ", ".join([*texts[:long], *[f"o{k}" for k in range(stored)], "numbers"])
        lines += [
            f"    found = calls[0]({given})",
            f"    if found and (found < 0 or found & heeded()):\n        return again({args})",
            *behind,
            f"    return {nested(nest, outputs)}",
        ]
        scope = {"array": np.array, "empty": np.empty, "zeros": np.zeros, "full": np.full, "float64": np.float64}
        scope |= {"again": again, "calls": calls, "heeded": heeded, "limit": limit}
        return load("\n".join([f"def point({args}):", *lines]) + "\n", "point", scope)

    def _input(self, given: Input | Dim, *, single: bool) -> str:
        """Return the expression of an array, or of a single number."""
        if not isinstance(given, Input):
            return self._dim(given)
        text, shape = self.args[given.argument], self.cores[given.argument]
        if len(given.views) > _VIEWS:
            raise NotImplementedError
        for view in given.views:
            if not isinstance(view, Index) or len(view.place) != len(shape):
                raise NotImplementedError
            text += self._subscript(view.place, shape, ahead=False)
            shape = view.shape(shape)
        return f"{text}[{', '.join(['0'] * len(shape))}]" if single and shape else text

    def _subscript(self, place: Place, shape: Shape, *, ahead: bool) -> str:
        if any(isinstance(p, Range) and p.step < 0 for p in place):
            raise NotImplementedError
        return subscript(place, shape, self._dim, ahead=ahead)

    def _outputs(self, stored: int, first: int) -> tuple[list[str], list[str]]:
        """Return the lines that put outputs together, and the expression of each output.

        Args:
            stored: The number of arrays that native code writes.
            first: The place of the first single result in the array of numbers, after the folds.
        """
        found: dict[int, list[tuple[Result, str]]] = {}
        for k, result in enumerate(self.loops.results):
            text = f"o{k}" if k < stored else f"numbers[{first + k - stored}]"
            found.setdefault(result.output, []).append((result, text))
        lines: list[str] = []
        texts: list[str] = []
        for k, shape in enumerate(self.results):
            parts = found.get(k, [])
            if len(parts) == 1 and not parts[0][0].place:
                text = parts[0][1]
                whole = text.startswith("o") or not shape
                texts.append(text if whole else f"full({self._tuple(shape)}, {text})")
            elif len(shape) == 1 and isinstance(shape[0], int) and shape[0] <= _LISTED and self._numbers(parts):
                entries = {result.place: text for result, text in parts}
                texts.append(f"array([{', '.join(entries.get((e,), '0.0') for e in range(shape[0]))}])")
            else:
                lines.append(f"    r{k} = zeros({self._tuple(shape)})")
                texts.append(f"r{k}")
                sign = "+=" if k in self.loops.added else "="
                for result, text in parts:
                    own = shape[len(shape) - len(result.place) :]
                    lines.append(f"    r{k}{self._subscript(result.place, own, ahead=True)} {sign} {text}")
        return lines, texts

    def _numbers(self, parts: Sequence[tuple[Result, str]]) -> bool:
        """Return whether these are single numbers, each at a place of its own."""
        places = {result.place for result, text in parts if text.startswith("numbers")}
        return len(places) == len(parts) and all(isinstance(p, int) for place in places for p in place)

    def _dim(self, dim: Dim) -> str:
        if isinstance(dim, int):
            return str(dim)
        if not symbols(dim) <= self.sizes.keys():
            raise NotImplementedError
        return f"({renamed(dim, self.sizes)})"

    def _tuple(self, shape: Shape) -> str:
        return f"({''.join(f'{self._dim(dim)}, ' for dim in shape)})"
