"""Ways: rows by which another row is differentiated, in place of its operands.

The derivative of a root is infinite at 0, and that of a length is left out there. Each is right for the step alone.
It is wrong for a formula in which another factor makes up for it. So some rows are not differentiated by their
operands:

- A product with one base in several factors is differentiated as one power of the base. `x*sqrt(x)` is x^1.5, and
  the derivative of `q*abs(q)**0.852` is 1.852*abs(q)**0.852.
- Even powers and even functions of `abs`, `norm` and `hypot` are differentiated as functions of the sum of squares.
  `norm(x)**2` and `cos(norm(x))` are smooth at the origin.
- The root of a sum of squares is a length, and has the derivative 0 at the origin.

Values are computed as they are written. A row with other ways gets *marks*: `fixed(i)` is row `i` as a constant, and
`by(fixed(i), x)` is row `i` as a function of x, the end of a way. The derivative by x, the *slope*, is made when a
sweep needs it. Finished programs have no marks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from symdiff.derive import slopes
from symdiff.derive.build import unmarked
from symdiff.derive.monomials import ONE, Exponent, Monomial, Monomials, Power
from symdiff.derive.slopes import Odd, Parity, Slope, Tangle
from symdiff.graph.ir import Program, Row, operands, replay
from symdiff.graph.operations import CONDITIONS, is_assembled
from symdiff.language.lower import instantiate
from symdiff.ops.contract import Einsum
from symdiff.ops.places import separate
from symdiff.ops.reductions import Prod, Sum
from symdiff.ops.table import PRIMITIVES
from symdiff.simplify.build import Builder

Way = tuple[int, Slope]  # the end of a way, and its slope

_TRIGGERS = frozenset({"sqrt", "cbrt", "abs", "hypot", "magnitude"})
_DEEP = 4  # the most lengths that are components of each other


def ways(program: Program) -> Ways | None:
    """Return a copy of the program with marks; None if no row has other ways."""
    if not any(row[0] in _TRIGGERS or (row[0] == "pow" and _fractional(program, row)) for row in program.graph.rows):
        return None
    made = Ways(program)
    return made if made.slopes else None


def without_marks(program: Program) -> Program:
    """Return the program without marks."""
    graph = program.graph.like()
    return replay(program, graph, lambda _, row: row[1] if row[0] in ("by", "fixed") else graph.intern(row))


def _fractional(program: Program, row: Row) -> bool:
    """Return whether the exponent of a power is not a whole number."""
    name, *text = program.graph.rows[row[2]]
    return name != "const" or not float(text[0]).is_integer()


@dataclass(slots=True)
class Group:
    """The factors of a product that have one base.

    Attributes:
        power: The product of the factors, as one power.
        keys: The keys of the factors.
        roots: The factors that are roots, lengths or signs, each with its exponent.
    """

    power: Power
    keys: list[int] = field(default_factory=list)
    roots: list[tuple[Power, int]] = field(default_factory=list)

    @property
    def merged(self) -> bool:
        """Whether the factors are differentiated as one power."""
        if not self.roots or (
            any(p.free for p, _ in self.roots) and any(not (p.free or p.half) for p, _ in self.roots)
        ):
            return False
        return len(self.keys) > 1 or any(p.nested or k > 1 for p, k in self.roots)


class Ways:
    """A copy of a program on a graph of its own, on which some rows have marks.

    Attributes:
        program: The copy.
        slopes: The slope of each `by` row, which is the derivative by its second operand.
        values: For each row of the given program, the row of the copy without marks.
        marked: For each row of the given program, the row of the copy with its marks.
        bypassed: The rows that no derivative passes through, although it would in the formula as written.
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
        if row[0] in CONDITIONS:
            row = (row[0], *map(partial(unmarked, self._graph), row[1:]))
        self.values[old] = i = self._graph.intern(row)
        self.marked[old] = made = self._mark(i)
        return made

    def _mark(self, i: int) -> int:
        """Return row `i` with its marks; row `i` itself if it has no other ways."""
        if i not in self._marks:
            made = i
            found = list(self._ways(i))
            if found:
                made = self._builder.raw("fixed", i)
            for end, slope in found:
                made = self._builder.raw("by", made, end)
                self.slopes[made] = slope
            self._marks[i] = made
        return self._marks[i]

    def _ways(self, i: int) -> Iterator[Way]:
        """Yield the ways of row `i` that are not to its operands."""
        row = self._graph.rows[i]
        if isinstance(row[0], Einsum):
            return self._contraction(row)
        if row[0] == "hypot":
            return self._hypot(i, row)
        if row[0] in ("pow", "mul") and is_assembled(self._row(row[1])[0]):
            return self._assembled(row)
        if isinstance(row[0], Prod):
            return self._prod(row)
        if row[0] in ("mul", "div", "pow", "sqrt", "cbrt") and self._known.has_roots(i):
            return self._product(i, row)
        if (entry := PRIMITIVES.read(row[0])) and entry.even and not self._graph.complex:
            return self._even(i, row)
        return iter(())

    def _row(self, i: int) -> Row:
        return self._graph.rows[self._known.plain(i)]

    def _bypass(self, *rows: int) -> None:
        self.bypassed.update(map(self._known.plain, rows))

    # Products

    def _product(self, i: int, row: Row) -> Iterator[Way]:
        """Yield the ways of a product with one base in several factors, or of a root."""
        product = self._known.monomial(i)
        if product is None:
            return
        if list(product.factors) == [self._known.key(i)]:
            yield from self._root(i, row)
            return
        new = self._conflicts(product)
        for j in row[1:] if row[0] in ("mul", "div") else ():
            inner = self._known.monomial(j)
            new -= set() if inner is None else self._conflicts(inner)
        if new:
            self._bypass_between(i, product)
            yield from self._merged(i, product)

    def _parities(self, product: Monomial) -> list[Parity]:
        """Return the factors of a product that are odd in one length, if they are even in it together."""
        found: dict[int, Parity] = {}
        signs: dict[int, int] = {}
        for key, (row, k) in product.factors.items():
            j = self._known.plain(row)
            name, *parts = self._graph.rows[j]
            if name == "sign" and k == 1:
                signs[self._known.key(parts[0])] = key
            elif k > 0 and self._known.has_roots(j) and (self._known.is_unit(j) or self._known.is_odd(j)):
                unit = self._known.unit(j)
                over = None if unit is None else self._known.over(j, unit)
                power = None if unit is None else self._known.power(unit)
                if unit is not None and power is not None and over is not None:
                    parity = found.setdefault(self._known.key(unit), Parity(unit, power))
                    parity.parts.append(Odd(key, row, k, j, over))
        kept: list[Parity] = []
        for parity in found.values():
            count = sum(part.k for part in parity.parts)
            name, *parts = self._graph.rows[parity.unit]
            parity.sign = signs.get(self._known.key(parts[0])) if name == "abs" and count % 2 else None
            alone = all(self._known.is_unit(part.plain) for part in parity.parts)
            if not alone and (count % 2 == 0 or parity.sign is not None):
                kept.append(parity)
        return kept

    def _groups(self, product: Monomial) -> dict[int, Group]:
        """Return the factors of a product by the key of their base. Other factors are bases themselves."""
        found: dict[int, Group] = {}
        for factor, (row, k) in product.factors.items():
            power = self._known.power(self._known.plain(row))
            if power is None:
                key, own = factor, Power(row, ONE, odd=True)
            else:
                key, own = self._known.key(power.base), power
            group = found.get(key)
            if group is None:
                group = found[key] = Group(Power(own.base, Exponent()))
            if self._graph.rows[own.base][0] == "away":
                group.power = group.power.changed(base=own.base, root=None)
            group.power = group.power.times(own, k)
            group.keys.append(factor)
            if power is not None:
                group.roots.append((power, k))
        return found

    def _conflicts(self, product: Monomial) -> set[frozenset[tuple[int, int]]]:
        """Return the sets of factors that are differentiated together, each factor with its exponent."""
        found = [parity.keys for parity in self._parities(product)]
        groups = self._groups(product.without([key for keys in found for key in keys]))
        found += [group.keys for group in groups.values() if group.merged]
        found += [[key for base in tangle for key in groups[base].keys] for tangle in self._tangles(groups)]
        return {frozenset([(key, product.factors[key][1]) for key in keys]) for keys in found}

    def _tangles(self, groups: dict[int, Group]) -> list[list[int]]:
        """Return the groups, by the key of their base, that are roots of products or are zero where such a root is."""
        found: list[tuple[list[int], set[int]]] = []
        for key, group in groups.items():
            atoms = self._atoms(group)
            keys, zeros = [key], {key} if atoms is None else {t for t, (_, k) in atoms.factors.items() if k > 0}
            for other in [other for other in found if other[1] & zeros]:
                found.remove(other)
                keys, zeros = [*other[0], *keys], other[1] | zeros
            found.append((keys, zeros))
        return [keys for keys, _ in found if self._is_tangle([groups[key] for key in keys])]

    def _is_tangle(self, groups: list[Group]) -> bool:
        """Return whether groups, which have zeros in common, are differentiated together."""
        roots = [group.power for group in groups if group.roots]
        atoms = [made for group in groups if (made := self._atoms(group)) is not None]
        if not atoms or not any(not p.half or p.exponent.rows or p.exponent.number < 1 for p in roots):
            return False
        if len(groups) == 1:  # a root of a square or a cube
            return not roots[0].exponent.rows and any(k > 1 for made in atoms for _, k in made.factors.values())
        return len(roots) == 1 or not (self._graph.complex or any(p.exponent.rows for p in roots))

    def _atoms(self, group: Group) -> Monomial | None:
        """Return the base of a root as a product; None if the group is no root, or the base is a single factor."""
        if not group.roots or group.power.length:
            return None
        atoms = self._known.monomial(group.power.base)
        base = self._known.key(group.power.base)
        alone = atoms is None or (atoms.number == 1 and base in atoms.factors and len(atoms.factors) == 1)
        return None if alone else atoms

    def _bypass_between(self, i: int, product: Monomial) -> None:
        """Note that derivatives bypass the rows between a product and its factors, and roots among the factors."""
        waiting = list(operands(self._graph.rows[i]))
        while waiting:
            j = self._known.plain(waiting.pop())
            if j not in self.bypassed and (self._known.has_roots(j) or self._known.key(j) not in product.factors):
                self.bypassed.add(j)
                if self._graph.rows[j][0] in ("mul", "div", "neg", "pow"):
                    waiting += operands(self._graph.rows[j])

    def _merged(self, i: int, product: Monomial) -> Iterator[Way]:
        """Yield the ways of a product of which some factors are differentiated together."""
        parities = self._parities(product)
        for parity in parities:
            yield from self._of_parity(parity, product.without(parity.keys))
        groups = self._groups(product.without([key for parity in parities for key in parity.keys]))
        tangles = self._tangles(groups)
        tangled = [key for tangle in tangles for key in tangle]
        single: list[int] = []
        for key, group in groups.items():
            if key in tangled:
                continue
            if group.merged:
                yield from self._of_power(i, group.power, product.without(group.keys))
            else:
                single += group.keys
        for key in single:
            row, k = product.factors[key]
            if k:
                yield row, partial(slopes.of_factor, product, key)
        for tangle in tangles:
            yield from self._of_tangle(i, product, groups, tangle)

    def _of_parity(self, parity: Parity, rest: Monomial) -> Iterator[Way]:
        """Yield the ways through factors that are odd in one length and even together, times a rest."""
        if parity.sign is None:
            for end, component in self._components(parity.power):
                yield end, partial(slopes.of_parity, parity, rest, component)
        else:
            yield self._graph.rows[parity.unit][1], partial(slopes.of_parity, parity, rest, None)
        for part in parity.parts:
            if part.over.factors and not self._known.is_unit(part.plain):
                name, *parts = self._graph.rows[part.plain]
                argument = None if name in ("add", "sub") else parts[0]
                inner = part.over if argument is None else self._known.over(argument, parity.unit)
                if inner is not None and inner.factors:
                    scale = inner.row(self._builder, mark=self._mark)
                    yield scale, partial(slopes.of_parity_by_scale, parity, part, argument, rest)

    def _of_power(self, i: int, power: Power, rest: Monomial) -> Iterator[Way]:
        """Yield the ways through a power times a rest, which are factors of row `i`."""
        e = power.exponent
        if not power.length:
            if e.rows or e.number:
                yield power.base, partial(slopes.of_base, power, rest)
        elif power.root is None and self._row(power.base)[0] == "hypot":
            if not e.rows and e.number < 2:
                yield power.base, partial(slopes.of_base, power, rest)
            else:
                for end, component in self._components(power):
                    yield end, partial(slopes.of_length, power, rest, component)
        elif e.rows or e.number:
            yield power.base, partial(slopes.of_squares, power, rest)
        for end, k in e.rows:
            yield end, partial(slopes.of_exponent, power, i, k)

    def _root(self, i: int, row: Row) -> Iterator[Way]:
        """Yield the ways of a root that stands alone."""
        power = self._known.power(i)
        if power is None:
            return
        e, alone = power.exponent, Monomial()
        if self._known.is_square(row[1]) and power.length:
            if row[0] != "pow":
                yield row[1], partial(instantiate, text=slopes.FLAT[row[0]], bindings={"y": i})
            elif e.rows or 0 < e.number < 1:
                yield from self._of_power(i, power, alone)
        elif power.length:
            least = 2 if power.root is None else 1
            if e.rows or e.number >= least:
                self._bypass(row[1])
                yield from self._of_power(i, power, alone)
        elif power.nested:
            self._bypass(row[1])
            yield from self._of_power(i, power, alone)
        else:
            product = Monomial(1.0, {self._known.key(i): (i, 1)})
            groups = self._groups(product)
            for tangle in self._tangles(groups):
                self._bypass(row[1])
                yield from self._of_tangle(i, product, groups, tangle)

    # Roots of products

    def _of_tangle(self, i: int, product: Monomial, groups: dict[int, Group], keys: list[int]) -> Iterator[Way]:
        """Yield the ways through roots of products that are zero where other factors of row `i` are."""
        tangle = Tangle(product.without([key for base in keys for key in groups[base].keys]))
        for key in keys:
            group = groups[key]
            atoms = self._atoms(group)
            if atoms is not None:
                tangle.roots.append((group.power, atoms))
            elif group.roots:
                tangle.roots.append((group.power, Monomial(1.0, {key: (group.power.base, 1)})))
            else:
                tangle.powers[key] = int(group.power.exponent.number)
        for _, atoms in tangle.roots:
            for key, (row, _) in atoms.factors.items():
                tangle.rows[key] = row
        for key, row in tangle.rows.items():
            if tangle.exponent(key) != Exponent():
                yield row, partial(slopes.of_atom, tangle, key)
        for power, _ in tangle.roots:
            for row, k in power.exponent.rows:
                yield row, partial(slopes.of_exponent, power, i, k)

    # Lengths

    def _length(self, i: int) -> tuple[Power, Monomial] | None:
        """Return row `i` as a length or an absolute value, times a rest that is neither; None if it is none."""
        unit = self._known.unit(i)
        rest = None if unit is None else self._known.over(i, unit)
        power = None if unit is None else self._known.power(unit)
        return None if power is None or rest is None else (power, rest)

    def _components(self, power: Power, deep: int = _DEEP) -> Iterator[tuple[int, int | None]]:
        """Yield the rows that the square of a length depends on, each with half the derivative of the square by it.

        This half is the row itself, if the row is a component of the length. It is None, which stands for 1/2, if the
        row is the square.

        Args:
            power: A power of the length, or an absolute value.
            deep: The most lengths that are taken apart, each a component of the one before it.
        """
        if power.root is not None:
            yield power.base, None
        elif not power.length:
            yield power.base, power.base
        else:
            for j in self._row(power.base)[1:]:
                inner = self._known.plain(j)
                if deep and self._known.is_unit(inner) and (own := self._known.power(inner)) is not None:
                    yield from self._components(own, deep - 1)
                else:
                    yield j, j

    def _hypot(self, i: int, row: Row) -> Iterator[Way]:
        """Yield the ways of a length that has a component which is odd in another length."""
        found = [self._length(j) if self._known.has_roots(j) else None for j in row[1:]]
        if not any(found):
            return
        for k, j in enumerate(row[1:]):
            if (part := found[k]) is None:
                names = {"x": row[1], "y": row[2], "out": i}
                yield j, partial(instantiate, text=PRIMITIVES["hypot"].partials[k], bindings=names)
                continue
            power, rest = part
            self._bypass(j, power.base if power.root is None else power.root)
            for end, component in self._components(power):
                yield end, partial(slopes.of_nested, i, rest, component)
            if rest.factors:
                scale = rest.row(self._builder, mark=self._mark)
                yield scale, partial(slopes.of_scale, i, scale, power)

    def _even(self, i: int, row: Row) -> Iterator[Way]:
        """Yield the ways of an even function of a length times a rest."""
        found = self._length(row[1])
        if found is None:
            return
        power, rest = found
        self._bypass(row[1], power.base if power.root is None else power.root)
        if power.length:
            for end, component in self._components(power):
                yield end, partial(slopes.of_even, i, row, rest, component)
        else:
            yield power.base, partial(slopes.of_even_of_abs, i, PRIMITIVES[row[0]].partials[0], power.base, rest)
        if rest.factors:
            yield rest.row(self._builder, mark=self._mark), partial(slopes.of_even_by_rest, i, row, power)

    # Arrays: each of these rows is differentiated by a row that is equal to it

    def _contraction(self, row: Row) -> Iterator[Way]:
        """Yield the way from a contraction of two rows to the sum of their product, if the product has other ways."""
        operation, p, q = row
        if operation.left != operation.right or not any(self._known.has_roots(j) or self._listed(j) for j in (p, q)):
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

    def _listed(self, i: int) -> bool:
        """Return whether row `i` is a list that holds a root or a length."""
        row = self._row(i)
        return is_assembled(row[0]) and any(map(self._known.has_roots, row[1:])) and separate(row[0].places)

    def _assembled(self, row: Row) -> Iterator[Way]:
        """Yield the way from a product or an even power of lists to the list of the products or powers."""
        operation, *parts = self._row(row[1])
        if row[0] == "pow":
            exponent = self._builder.known(row[2])
            if exponent is None or exponent % 2 or exponent <= 0 or not self._listed(row[1]):
                return
            others = [row[2]] * len(parts)
        else:
            other, *others = self._row(row[2])
            if other != operation or not (self._listed(row[1]) or self._listed(row[2])):
                return
        made = [self._builder.raw(row[0], *pair) for pair in zip(parts, others, strict=True)]
        marked = list(map(self._mark, made))
        if marked != made:
            self._bypass(*row[1:], *parts, *others)
            yield self._graph.intern((operation, *marked)), slopes.one

    def _prod(self, row: Row) -> Iterator[Way]:
        """Yield the way from the product of a list to the product of its elements, one after the other."""
        operation, *parts = self._row(row[1])
        if not self._listed(row[1]) or len(self._graph.shape(row[1])) != 1 or any(map(self._graph.shape, parts)):
            return
        if len(parts) != operation.to[0]:
            return
        made, marked = parts[0], parts[0]
        for part in parts[1:]:
            made = self._builder.raw("mul", marked, part)
            marked = self._mark(made)
        if marked != made:
            self._bypass(row[1], *parts)
            yield marked, slopes.one
