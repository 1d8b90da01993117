"""Ways: rows by which a row is differentiated in place of its operands.

The chain rule goes from a row to its operands. Where one factor is 0 and the derivative of another one is infinite, its
result is wrong for the formula: the derivative of `x*sqrt(x)` would be `sqrt(x) + x*0.5/sqrt(x)`, which is NaN at 0. A
*way* leads from the product straight to `x`, and its *slope* is the derivative of x^1.5.

These rows have ways:

- a product in which one base stands in several factors is differentiated as one power of the base;
- even powers and even functions of `abs`, `norm` and `hypot` are differentiated as functions of the sum of squares,
  since `norm(x)**2` and `cos(norm(x))` are smooth at the origin;
- the root of a sum of squares is differentiated as a length: its derivative is 0 at the origin.

*Marks* are rows that record ways. `fixed(i)` is row i as a constant, and `by(j, t)` is row j, which changes with row t
as well. A row with ways to s and t is `by(by(fixed(i), s), t)` for the rows that use it. Marks have the value of row i,
so values stay as they are written. No finished program has marks. `symdiff.derive.monomials` explains the other words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from symdiff.derive import slopes
from symdiff.derive.build import unmarked
from symdiff.derive.monomials import ONE, Exponent, Monomial, Monomials, Power
from symdiff.derive.slopes import OddFactor, OddFactors, Slope, Tangle
from symdiff.graph.ir import Program, Row, operands, replay
from symdiff.graph.operations import CONDITIONS, is_assembled
from symdiff.ops.contract import Einsum
from symdiff.ops.places import separate
from symdiff.ops.reductions import Sum
from symdiff.ops.table import PRIMITIVES
from symdiff.simplify.build import Builder

Way = tuple[int, Slope]  # a row, and what makes the derivative by it

_TRIGGERS = frozenset({"sqrt", "cbrt", "abs", "hypot", "magnitude"})
_DEEP = 4  # lengths that are components of each other


def ways(program: Program) -> Ways | None:
    """Return the program with marks on the rows that have ways; None if no row has any."""
    rows = program.graph.rows
    if not any(row[0] in _TRIGGERS or (row[0] == "pow" and _is_root(program, row)) for row in rows):
        return None
    made = Ways(program)
    return made if made.slopes else None


def _is_root(program: Program, row: Row) -> bool:
    """Return whether a power has an exponent that is not known to be whole."""
    name, *text = program.graph.rows[row[2]]
    return name != "const" or not float(text[0]).is_integer()


def without_marks(program: Program) -> Program:
    """Return the program without marks."""
    graph = program.graph.like()
    return replay(program, graph, lambda _, row: row[1] if row[0] in ("by", "fixed") else graph.intern(row))


@dataclass(slots=True)
class Group:
    """The factors of a monomial that have one base, as one power.

    Attributes:
        power: The product of the factors.
        keys: The keys of the factors.
        roots: The factors that are roots, signs or radii, each with its exponent.
    """

    power: Power
    keys: list[int] = field(default_factory=list)
    roots: list[tuple[Power, int]] = field(default_factory=list)

    @property
    def merged(self) -> bool:
        """Return whether the group is differentiated as one power."""
        symbolic = [power.symbolic for power, _ in self.roots]
        if not self.roots or (any(symbolic) and any(not (p.symbolic or p.half) for p, _ in self.roots)):
            return False
        return len(self.keys) > 1 or any(power.nested or k > 1 for power, k in self.roots)


class Ways:
    """A program with marks, on a graph of its own.

    Attributes:
        program: The program.
        slopes: For each `by` row, the function that makes its derivative by the second operand.
        values: For each row of the given program, the new row without marks.
        marked: For each row of the given program, the new row with its marks.
        bypassed: Rows that lie between a row and the ends of its ways. Adjoints pass them by, although they have an
            adjoint in the formula as written.
    """

    def __init__(self, program: Program) -> None:
        self.slopes: dict[int, Slope] = {}
        self.values: dict[int, int] = {}
        self.marked: dict[int, int] = {}
        self.bypassed: set[int] = set()
        self._graph = program.graph.like()
        self._builder = Builder(self._graph)
        self._known = Monomials(self._builder, self._mark)
        self._marks: dict[int, int] = {}
        self.program = replay(program, self._graph, self._make)

    def _make(self, old: int, row: Row) -> int:
        if row[0] in CONDITIONS:  # they are not differentiated
            row = (row[0], *[unmarked(self._graph, i) for i in row[1:]])
        self.values[old] = i = self._graph.intern(row)
        self.marked[old] = made = self._mark(i)
        return made

    def _mark(self, i: int) -> int:
        """Return row `i` with its marks; the row itself if it has no ways."""
        if i not in self._marks:
            made = i
            found = list(self._ways(i))
            if found:
                made = self._builder.raw("fixed", i)
            for row, slope in found:
                made = self._builder.raw("by", made, row)
                self.slopes[made] = slope
            self._marks[i] = made
        return self._marks[i]

    def _ways(self, i: int) -> Iterator[Way]:
        row = self._graph.rows[i]
        if isinstance(row[0], Einsum):
            return self._of_contraction(row)
        if row[0] == "hypot":
            return self._of_hypot(i, row)
        if row[0] in ("mul", "pow") and any(map(self._is_list_of_roots, row[1:])):
            return self._of_lists(row)
        if row[0] in ("mul", "div", "pow", "sqrt", "cbrt") and self._known.has_root(i):
            return self._of_product(i, row)
        if isinstance(row[0], str) and row[0] in PRIMITIVES and PRIMITIVES[row[0]].even and not self._graph.complex:
            return self._of_even_function(i, row)
        return iter(())

    def _bypass(self, *rows: int) -> None:
        self.bypassed.update(map(self._known.bare, rows))

    # Products

    def _of_product(self, i: int, row: Row) -> Iterator[Way]:
        """Yield the ways from a product or a root."""
        monomial = self._known.monomial(i)
        if monomial is None:
            return
        if list(monomial.factors) == [self._known.key(i)]:
            yield from self._of_root(i, row)
            return
        together = self._together(monomial)
        for j in row[1:] if row[0] in ("mul", "div") else ():
            inner = self._known.monomial(j)
            together -= set() if inner is None else self._together(inner)  # an operand has that way already
        if together:
            self._bypass_product(i, monomial)
            yield from self._of_monomial(i, monomial)

    def _together(self, monomial: Monomial) -> set[frozenset[tuple[int, int]]]:
        """Return the sets of factors, given by key and exponent, that are to be differentiated together."""
        found = [odd.keys for odd in self._odd_factors(monomial)]
        groups = self._groups(monomial.without([key for keys in found for key in keys]))
        found += [group.keys for group in groups.values() if group.merged]
        found += [[key for base in tangled for key in groups[base].keys] for tangled in self._tangled(groups)]
        return {frozenset([(key, monomial.factors[key][1]) for key in keys]) for keys in found}

    def _bypass_product(self, i: int, monomial: Monomial) -> None:
        """Note the rows between a product and its factors, and the factors that are differentiated by their base."""
        waiting = list(operands(self._graph.rows[i]))
        while waiting:
            j = self._known.bare(waiting.pop())
            if j not in self.bypassed and (self._known.has_root(j) or self._known.key(j) not in monomial.factors):
                self.bypassed.add(j)
                if self._graph.rows[j][0] in ("mul", "div", "neg", "pow"):
                    waiting += operands(self._graph.rows[j])

    def _of_monomial(self, i: int, monomial: Monomial) -> Iterator[Way]:
        """Yield the ways from a monomial, of which some factors are taken together."""
        found = self._odd_factors(monomial)
        for odd in found:
            yield from self._of_odd_factors(odd, monomial.without(odd.keys))
        groups = self._groups(monomial.without([key for odd in found for key in odd.keys]))
        tangles = self._tangled(groups)
        in_tangles = [base for bases in tangles for base in bases]
        single: list[int] = []
        for base, group in groups.items():
            if base in in_tangles:
                continue
            if group.merged:
                yield from self._of_power(i, group.power, monomial.without(group.keys))
            else:
                single += group.keys
        for key in single:
            row, k = monomial.factors[key]
            if k:
                yield row, partial(slopes.of_factor, monomial, key)
        for bases in tangles:
            yield from self._of_tangle(i, monomial, groups, bases)

    def _groups(self, monomial: Monomial) -> dict[int, Group]:
        """Return the factors of a monomial grouped by their base, by the key of the base."""
        found: dict[int, Group] = {}
        for key, (row, k) in monomial.factors.items():
            root = self._known.power(self._known.bare(row))
            own = Power(row, ONE, odd=True) if root is None else root
            base = key if root is None else self._known.key(root.base)
            group = found.get(base)
            if group is None:
                group = found[base] = Group(Power(own.base, Exponent()))
            if self._graph.rows[own.base][0] == "away":  # a guard that one factor has is that of all
                group.power = replace(group.power, base=own.base, root=None)
            group.power = group.power.times(own, k)
            group.keys.append(key)
            if root is not None:
                group.roots.append((root, k))
        return found

    def _of_power(self, i: int, power: Power, rest: Monomial) -> Iterator[Way]:
        """Yield the ways through a power, which is row `i` if it is multiplied by the rest."""
        e = power.exponent
        if not power.length:
            if e.rows or e.number:
                yield power.base, partial(slopes.of_power, power, rest)
        elif power.root is None and self._graph.rows[self._known.bare(power.base)][0] == "hypot":
            if not e.rows and e.number < 2:
                yield power.base, partial(slopes.of_power, power, rest)
            else:
                for row, component in self._components(self._known.bare(power.base)):
                    yield row, partial(slopes.of_length, power, rest, component)
        elif e.rows or e.number:
            yield power.base, partial(slopes.of_squares, power, rest)
        for row, k in e.rows:
            yield row, partial(slopes.of_exponent, power, i, k)

    def _of_root(self, i: int, row: Row) -> Iterator[Way]:
        """Yield the ways from a root that is no product."""
        power = self._known.power(i)
        if power is None:
            return
        e = power.exponent
        if self._known.is_square(row[1]) and power.length:
            if row[0] != "pow":
                yield row[1], partial(slopes.of_rule, slopes.OF_ROOT[row[0]], {"y": i})
            elif e.rows or 0 < e.number < 1:
                yield from self._of_power(i, power, Monomial())
            return
        tangles: list[list[int]] = []
        alone = Monomial(1.0, {self._known.key(i): (i, 1)})
        if power.length:
            least = 2 if power.root is None else 1
            together = bool(e.rows) or e.number >= least
        else:
            groups = self._groups(alone)
            tangles = [] if power.nested else self._tangled(groups)
            together = power.nested or bool(tangles)
        if not together:
            return
        self._bypass(row[1])
        if tangles:
            yield from self._of_tangle(i, alone, groups, tangles[0])
        else:
            yield from self._of_power(i, power, Monomial())

    # Roots of monomials, times factors of these

    def _tangled(self, groups: dict[int, Group]) -> list[list[int]]:
        """Return the bases of groups that make a tangle: a root of a monomial, and factors that are 0 where it is."""
        found: list[list[int]] = []
        for base, group in groups.items():
            inner = self._base_of_root(group)
            if inner is None:
                continue
            zeros = {key for key, (_, k) in inner.factors.items() if k > 0}
            bases = [other for other in groups if other == base or zeros & self._zeros(other, groups[other])]
            p = group.power
            if any(groups[other].roots for other in bases if other != base):
                continue
            if p.half and not p.exponent.rows and p.exponent.number >= 1:
                continue
            of_power = not p.exponent.rows and any(k > 1 for _, k in inner.factors.values())
            if len(bases) > 1 or of_power:  # the root of a square or a cube is a tangle alone
                found.append(bases)
        return found

    def _zeros(self, base: int, group: Group) -> set[int]:
        """Return the keys of the rows where a group is 0."""
        inner = self._base_of_root(group)
        return {base} if inner is None else {key for key, (_, k) in inner.factors.items() if k > 0}

    def _base_of_root(self, group: Group) -> Monomial | None:
        """Return the base of a root as a monomial; None if the group is no root, or the base is one factor."""
        if not group.roots or group.power.length:
            return None
        monomial = self._known.monomial(group.power.base)
        base = self._known.key(group.power.base)
        alone = monomial is None or (monomial.number == 1 and list(monomial.factors) == [base])
        return None if alone else monomial

    def _of_tangle(self, i: int, monomial: Monomial, groups: dict[int, Group], bases: list[int]) -> Iterator[Way]:
        """Yield the ways through a tangle."""
        root, inner = next(
            (groups[base].power, inner) for base in bases if (inner := self._base_of_root(groups[base])) is not None
        )
        powers = {base: int(groups[base].power.exponent.number) for base in bases if not groups[base].roots}
        tangle = Tangle(root, inner, powers, monomial.without([key for base in bases for key in groups[base].keys]))
        for key, (row, _) in inner.factors.items():
            if tangle.exponent(key) != Exponent():
                yield row, partial(slopes.of_tangled, tangle, key)
        for row, k in root.exponent.rows:
            yield row, partial(slopes.of_exponent, root, i, k)

    # Radii

    def _components(self, i: int, deep: int = _DEEP) -> Iterator[tuple[int, int | None]]:
        """Yield the rows to which the ways through a radius lead, each with the component that it is.

        They are the operands of a `hypot`, or of an absolute value. For any other length the one row is the sum of
        squares, which is no component.
        """
        power = self._known.power(i)
        assert power is not None
        if power.root is not None:
            yield power.base, None
        elif not power.length:
            yield power.base, power.base
        else:
            for j in dict.fromkeys(self._graph.rows[i][1:]):
                inner = self._known.bare(j)
                if deep and self._known.is_radius(inner):
                    yield from self._components(inner, deep - 1)
                else:
                    yield j, j

    def _times_radius(self, i: int) -> tuple[Power, Monomial] | None:
        """Return row `i` as a radius times a rest; None if it is none."""
        radius = self._known.radius(i)
        rest = None if radius is None else self._known.divided(i, radius)
        power = None if radius is None else self._known.power(radius)
        return None if power is None or rest is None else (power, rest)

    def _through(self, power: Power) -> Iterator[tuple[int, int | None]]:
        """As `_components`, for the power that a radius is."""
        if power.root is None and not power.length:
            yield power.base, power.base
        else:
            yield from self._components(self._known.bare(power.base if power.root is None else power.root))

    def _bypass_radius(self, i: int, power: Power) -> None:
        """Note that derivatives pass by row `i` and by the radius in it."""
        self._bypass(i, power.base if power.root is None else power.root)

    def _of_hypot(self, i: int, row: Row) -> Iterator[Way]:
        """Yield the ways from a length of which a component is a radius times a rest."""
        found = [self._times_radius(j) if self._known.has_root(j) else None for j in row[1:]]
        if not any(found):
            return
        for k, j in enumerate(row[1:]):
            if (part := found[k]) is None:
                rule = PRIMITIVES["hypot"].partials[k]
                yield j, partial(slopes.of_rule, rule, {"x": row[1], "y": row[2], "out": i})
                continue
            power, rest = part
            self._bypass_radius(j, power)
            for target, component in self._through(power):
                yield target, partial(slopes.of_component, i, rest, component)
            if rest.factors:
                scale = rest.row(self._builder, mark=self._mark)
                yield scale, partial(slopes.of_scale, i, scale, power)

    def _of_even_function(self, i: int, row: Row) -> Iterator[Way]:
        """Yield the ways from an even function of a radius times a rest."""
        found = self._times_radius(row[1])
        if found is None:
            return
        power, rest = found
        self._bypass_radius(row[1], power)
        if power.length:
            for target, component in self._through(power):
                yield target, partial(slopes.of_even, i, row, rest, component)
        else:
            yield power.base, partial(slopes.of_even_of_size, i, PRIMITIVES[row[0]].partials[0], power.base, rest)
        if rest.factors:
            yield rest.row(self._builder, mark=self._mark), partial(slopes.of_rest, i, row, power)

    def _odd_factors(self, monomial: Monomial) -> list[OddFactors]:
        """Return the factors of a monomial that are odd in one radius, and even in it together."""
        found: dict[int, OddFactors] = {}
        for key, (row, k) in monomial.factors.items():
            j = self._known.bare(row)
            if k <= 0 or not self._known.has_root(j) or not (self._known.is_radius(j) or self._known.is_odd(j)):
                continue
            radius = self._known.radius(j)
            divided = None if radius is None else self._known.divided(j, radius)
            if radius is not None and divided is not None:
                odd = found.setdefault(self._known.key(radius), OddFactors(radius))
                odd.parts.append(OddFactor(key, row, k, divided))
        return [
            odd
            for odd in found.values()
            if sum(part.k for part in odd.parts) % 2 == 0
            and not all(self._known.is_radius(self._known.bare(part.row)) for part in odd.parts)
        ]

    def _of_odd_factors(self, odd: OddFactors, rest: Monomial) -> Iterator[Way]:
        """Yield the ways through odd factors, which are multiplied by the rest."""
        for target, component in self._components(odd.radius):
            yield target, partial(slopes.of_odd_factors, odd, rest, component)
        for part in odd.parts:
            j = self._known.bare(part.row)
            if part.divided.factors and not self._known.is_radius(j):
                inner = self._known.divided(self._graph.rows[j][1], odd.radius)
                if inner is not None and inner.factors:
                    yield inner.row(self._builder, mark=self._mark), partial(slopes.of_inner, odd, part, rest)

    # Arrays

    def _of_contraction(self, row: Row) -> Iterator[Way]:
        """Yield the way from the sum of products of two arrays to the same sum of a product that has ways."""
        operation, p, q = row
        if operation.left != operation.right:
            return
        if not any(self._known.has_root(j) or self._is_list_of_roots(j) for j in (p, q)):
            return
        b = self._builder
        made = b.raw("pow", p, b.const(2.0)) if self._known.key(p) == self._known.key(q) else b.raw("mul", p, q)
        marked = self._mark(made)
        if marked == made:
            return
        self._bypass(p, q)
        labels = [label for label in operation.left if label in operation.out]
        gone = [k - len(operation.left) for k, label in enumerate(operation.left) if label not in operation.out]
        total = self._graph.intern((Sum(tuple(gone)), marked)) if gone else marked
        yield b.permute(total, [labels.index(label) - len(labels) for label in operation.out]), slopes.one

    def _is_list_of_roots(self, i: int) -> bool:
        """Return whether row `i` is a list such as `[x, sqrt(y)]`, with a root in it."""
        row = self._graph.rows[self._known.bare(i)]
        return is_assembled(row[0]) and any(map(self._known.has_root, row[1:])) and separate(row[0].places)

    def _of_lists(self, row: Row) -> Iterator[Way]:
        """Yield the way from a product of lists, or a power of a list, to the list of the products or powers."""
        name, x, y = row
        operation, *parts = self._graph.rows[self._known.bare(x)]
        if not is_assembled(operation):
            return
        others = [y] * len(parts)
        if name == "mul":
            other, *others = self._graph.rows[self._known.bare(y)]
            if other != operation:
                return
        elif self._builder.value(y) is None:
            return
        made = [self._builder.raw(name, *pair) for pair in zip(parts, others, strict=True)]
        marked = [self._mark(i) for i in made]
        if marked != made:
            self._bypass(x, y, *parts, *others)
            yield self._graph.intern((operation, *marked)), slopes.one
