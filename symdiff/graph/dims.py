"""Dimensions of core shapes: whole numbers, and polynomials in the names that `args` declares.

A dimension is an `int` if it is known, and otherwise a `Poly`: `n`, `n - 1`, `m*n + 3`. A slice of every second element
has the length `(n + 1)//2`. Equal dimensions are equal values, except products of many sums, which are not multiplied
out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from math import prod
from typing import Union

from symdiff.structs import Struct

Dim = Union[int, "Poly"]
Shape = tuple[Dim, ...]
Monomial = tuple[Union[str, "Floor", "Factor"], ...]


class Floor(Struct):
    """The atom `value // divisor`."""

    value: Poly
    divisor: int

    def __str__(self) -> str:
        plain = isinstance(self.value, Poly) and len(self.value.terms) == 1 and str(self.value).isidentifier()
        return f"{self.value}//{self.divisor}" if plain else f"({self.value})//{self.divisor}"


class Factor(Struct):
    """The atom of a sum: a factor of a product that is not multiplied out."""

    value: Poly

    def __str__(self) -> str:
        return f"({self.value})"


class Poly:
    """A polynomial that is not constant: its monomials in order, each with its coefficient."""

    __slots__ = ("terms",)

    def __init__(self, terms: tuple[tuple[Monomial, int], ...]) -> None:
        self.terms = terms

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Poly) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(self.terms)

    def __add__(self, other: Dim) -> Dim:
        total = dict(self.terms)
        for monomial, coefficient in _terms(other):
            total[monomial] = total.get(monomial, 0) + coefficient
        return _normal(total)

    __radd__ = __add__

    def __neg__(self) -> Dim:
        return self * -1

    def __sub__(self, other: Dim) -> Dim:
        return self + -other

    def __rsub__(self, other: int) -> Dim:
        return -self + other

    def __mul__(self, other: Dim) -> Dim:
        total: dict[Monomial, int] = {}
        for left, p in self.terms:
            for right, q in _terms(other):
                monomial = tuple(sorted((*left, *right), key=str))
                total[monomial] = total.get(monomial, 0) + p * q
        return _normal(total)

    __rmul__ = __mul__

    def __floordiv__(self, divisor: int) -> Dim:
        if all(coefficient % divisor == 0 for monomial, coefficient in self.terms if monomial):
            return _normal({monomial: coefficient // divisor for monomial, coefficient in self.terms})
        constant = 0
        inner, *others = self.terms
        if others and not others[0][0]:
            ((_, constant), *others) = others
        match inner:
            case ((Floor(value=value, divisor=by),), 1) if not others:  # (x//b + c)//d is (x + b*c)//(b*d)
                return (value + by * constant) // (by * divisor)
        return Poly((((Floor(self, divisor),), 1),))

    def __str__(self) -> str:
        text = ""
        for monomial, coefficient in self.terms:
            factors = [*([str(abs(coefficient))] if abs(coefficient) != 1 or not monomial else []), *map(str, monomial)]
            if len(factors) > 1 or (coefficient < 0 and not text):  # a floor division binds no tighter than these
                factors = [f"({factor})" if "//" in factor else factor for factor in factors]
            sign = "-" if coefficient < 0 else "+"
            text += f" {sign} {'*'.join(factors)}" if text else ("-" if coefficient < 0 else "") + "*".join(factors)
        return text

    __repr__ = __str__


def symbol(name: str) -> Poly:
    """Return the dimension that is a name."""
    return Poly((((name,), 1),))


def _terms(dim: Dim) -> tuple[tuple[Monomial, int], ...]:
    return dim.terms if isinstance(dim, Poly) else (((), dim),)


def _normal(terms: Mapping[Monomial, int]) -> Dim:
    kept = {monomial: coefficient for monomial, coefficient in terms.items() if coefficient}
    if not any(kept):
        return kept.get((), 0)
    # Constants last, the others by name.
    return Poly(tuple(sorted(kept.items(), key=lambda term: (not term[0], *map(str, term[0])))))


def symbols(dim: Dim) -> frozenset[str]:
    """Return the names in a dimension."""
    if isinstance(dim, int):
        return frozenset()
    atoms = {atom for monomial, _ in dim.terms for atom in monomial}
    return frozenset().union(*({a} if isinstance(a, str) else symbols(a.value) for a in atoms))


def value(dim: Dim, sizes: Mapping[str, int]) -> int:
    """Return the value of a dimension whose names have these sizes."""
    if isinstance(dim, int):
        return dim
    total = 0
    for monomial, coefficient in dim.terms:
        for atom in monomial:
            coefficient *= _value_of(atom, sizes)  # noqa: PLW2901
        total += coefficient
    return total


def concrete(shape: Iterable[Dim], sizes: Mapping[str, int]) -> tuple[int, ...]:
    """Return the values of dimensions whose names have these sizes."""
    return tuple([value(dim, sizes) for dim in shape])


def sliced(dim: Poly) -> bool:
    """Return whether a dimension depends on a remainder, like n//2, which is (n + 1)//2 if n is even."""
    return any(not isinstance(atom, str) for monomial, _ in dim.terms for atom in monomial)


def positive(dim: Dim) -> bool:
    """Return whether a dimension is positive for all names that are 0 or more, as far as is easily seen."""
    if isinstance(dim, int):
        return dim > 0
    constant = dict(dim.terms).get((), 0)
    return constant > 0 and all(coefficient > 0 for _, coefficient in dim.terms) and not sliced(dim)


def _value_of(atom: str | Floor | Factor, sizes: Mapping[str, int]) -> int:
    if isinstance(atom, str):
        return sizes[atom]
    inner = value(atom.value, sizes)
    return inner // atom.divisor if isinstance(atom, Floor) else inner


def linear(dim: Dim, name: str) -> tuple[Dim, Dim] | None:
    """Return the dimensions a and b, which do not have `name`, so that `dim` is a*name + b; None if there are none."""
    slope: Dim = 0
    rest: Dim = 0
    for monomial, coefficient in () if isinstance(dim, int) else dim.terms:
        others = list(monomial)
        if name in others:
            others.remove(name)
            slope = slope + _normal({tuple(others): coefficient})
        else:
            rest = rest + _normal({monomial: coefficient})
    return None if slope == 0 or name in symbols(slope) | symbols(rest) else (slope, rest)


def solve(dim: Dim, size: int, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return the one name that `sizes` does not have, with the size that makes `dim` equal `size`; {} if there is none.

    The dimension must be linear in the name: `n`, `n + 3`, `4*n`, or `k*n + n` for a known k.
    """
    unknown = symbols(dim) - sizes.keys()
    if len(unknown) != 1:
        return {}
    (name,) = unknown
    parts = linear(dim, name)
    if parts is None:
        return {}
    slope, rest = (value(part, sizes) for part in parts)
    if slope == 0 or (size - rest) % slope or (size - rest) // slope < 0:
        return {}
    return {name: (size - rest) // slope}


def numel(dims: Iterable[Dim]) -> Dim:
    """Return the number of elements of a shape. A long product is not multiplied out."""
    return _product(tuple(dims))


@lru_cache(maxsize=1024)  # a program has few shapes, and each of them is counted many times
def _product(dims: tuple[Dim, ...]) -> Dim:
    if prod([len(_terms(dim)) for dim in dims]) > _LONGEST:
        dims = tuple(map(_factor, dims))
    total: Dim = 1
    for dim in dims:
        total = total * dim
    return total


def _factor(dim: Dim) -> Dim:
    """Return a dimension; a sum as one factor."""
    return Poly((((Factor(dim),), 1),)) if isinstance(dim, Poly) and len(dim.terms) > 1 else dim


def fixed(shape: Shape) -> tuple[int, ...]:
    """Return a shape whose dimensions are all numbers."""
    assert all(isinstance(dim, int) for dim in shape), shape
    return shape  # type: ignore[return-value]  # as just checked


def shown(shape: Shape) -> str:
    """Return a shape as a person writes it: `(n,)`, `(3, m)`."""
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def declared(names: Sequence[str], cores: Iterable[Shape], integers: Iterable[bool] = ()) -> list[str]:
    """Return names with their core shapes, as `args` declares them: `x[n]`, `w`, and `i[m]: int` for an integer."""
    kinds = [": int" if integer else "" for integer in integers] or [""] * len(names)
    shapes = [f"[{','.join(map(str, core))}]" if core else "" for core in cores]
    return [f"{name}{shape}{kind}" for name, shape, kind in zip(names, shapes, kinds, strict=True)]


def elements(name: str, shape: Sequence[int]) -> list[str]:
    """Return the names of the elements of an array, in order: `x[0]`, `x[1]`, ... A scalar has its own name."""
    places = product(*map(range, shape))
    return [f"{name}[{','.join(map(str, place))}]" if shape else name for place in places]


def substituted(dim: Dim, by: Mapping[str, Dim]) -> Dim:
    """Return a dimension with other dimensions in the place of some names."""
    if isinstance(dim, int):
        return dim
    total: Dim = 0
    for monomial, coefficient in dim.terms:
        term: Dim = coefficient
        for atom in monomial:
            if isinstance(atom, str):
                term = term * by.get(atom, symbol(atom))
            else:
                inner = substituted(atom.value, by)
                term = term * (inner // atom.divisor if isinstance(atom, Floor) else _factor(inner))
        total = total + term
    return total


def renamed(dim: Dim, names: Mapping[str, str]) -> Dim:
    """Return a dimension with other names."""
    return substituted(dim, {name: symbol(names[name]) for name in symbols(dim)})


def estimate(dim: Dim) -> int:
    """Return a number by which dimensions can be compared: all names are taken to be large."""
    return value(dim, dict.fromkeys(symbols(dim), _LARGE))


_LARGE = 1000
_LONGEST = 8  # terms; a product of more is not multiplied out


def new_axes(rank: int, axes: Sequence[int]) -> tuple[int, ...]:
    """Return those of the new `axes` of a result that stand to the right of one of `rank` old axes."""
    needed: list[int] = []
    axis = -1
    while rank:
        if axis in axes:
            needed.append(axis)
        else:
            rank -= 1
        axis -= 1
    return tuple(needed)
