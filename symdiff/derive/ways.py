"""By what a row is differentiated, where that is not by its operands.

At 0 the derivative of a root is infinite, and that of a length is left out: what is
right for the one step is wrong for a formula in which another factor makes up for it. So

- a product in which one base stands in several factors is differentiated as one power of it:
  `x*sqrt(x)` as x^1.5, `q*abs(q)**0.852` as 1.852*abs(q)**0.852 has it;
- even powers and even functions of `abs`, `norm` and `hypot` are differentiated as functions of
  the sum of squares: `norm(x)**2` and `cos(norm(x))` are smooth at the origin;
- the root of a sum of squares is a length, and has the derivative 0 at the origin.

The values stay as they are written. `fixed(i)` is row `i` as if it did not change, and
`by(fixed(i), x)` row `i` again, which changes with x alone; how fast is a row that is made where
a sweep asks for it. Neither operation is left in a finished program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial

from symdiff.derive.build import unmarked
from symdiff.derive.monomials import ONE, Exponent, Monomials, Power, Product
from symdiff.graph.ir import Program, Row, operands, replay
from symdiff.graph.operations import CONDITIONS, is_assembled
from symdiff.language.lower import instantiate
from symdiff.ops.contract import Einsum
from symdiff.ops.places import separate
from symdiff.ops.reductions import Prod, Sum
from symdiff.ops.table import PRIMITIVES
from symdiff.simplify.build import Builder
from symdiff.simplify.factors import product

Slope = Callable[[Builder], int]
Way = tuple[int, Slope]  # a row, and the derivative by it

_TRIGGERS = frozenset({"sqrt", "cbrt", "abs", "hypot", "magnitude"})
_FLAT = {  # the derivative of a root of x, a sum of squares, whose value is y
    "sqrt": "where(special(corner(y == 0)), 0, 0.5/away(special(corner(y == 0)), y))",
    "cbrt": "where(special(y == 0), 0, 1/(3*away(special(y == 0), y)^2))",
}
_OF_ROOT = "where(special(corner(x == 0)), 0, z*away(special(corner(x == 0)), x)^y)"  # y = z - 1 < 0
_OF_POWER = "where(special(x == 0 and z < 1), 0, z*away(special(x == 0 and z < 1), x)^y)"  # of a sum of squares
_OF_LENGTH = (
    "where(special(x == 0 and z < 2), 0, z*away(special(x == 0 and z < 2), x)^y)"  # y = z - 2; times a component
)
_DEEP = 4  # lengths that are components of each other
_SLOPE = "where(special(abs(x) <= 5.6e-309 and z == 0), 0, z*away(special(abs(x) <= 5.6e-309 and z == 0), x)^y)"
_SHARE = "where(special(corner(y == 0)), 0, x/away(special(corner(y == 0)), y))"  # of a component x


def ways(program: Program) -> Ways | None:
    """Return the program with other ways through some of its rows; None if there are none."""
    if not any(row[0] in _TRIGGERS or (row[0] == "pow" and _fractional(program, row)) for row in program.graph.rows):
        return None
    made = Ways(program)
    return made if made.slopes else None


def without_marks(program: Program) -> Program:
    """Return the program without other ways."""
    graph = program.graph.like()
    return replay(program, graph, lambda _, row: row[1] if row[0] in ("by", "fixed") else graph.intern(row))


def _fractional(program: Program, row: Row) -> bool:
    """Return whether a power is no product of its base."""
    name, *text = program.graph.rows[row[2]]
    return name != "const" or not float(text[0]).is_integer()


@dataclass(slots=True)
class Group:
    """The factors of a product that have one base, as one power."""

    power: Power
    leaves: list[int] = field(default_factory=list)
    roots: list[tuple[Power, int]] = field(default_factory=list)

    @property
    def merged(self) -> bool:
        """Whether they are differentiated as one."""
        if not self.roots or (
            any(p.free for p, _ in self.roots) and any(not (p.free or p.half) for p, _ in self.roots)
        ):
            return False
        return len(self.leaves) > 1 or any(p.nested or k > 1 for p, k in self.roots)


@dataclass(slots=True)
class Odd:
    """A factor that is odd in a length.

    Attributes:
        leaf, row, k: as in a product.
        over: it, divided by the length.
    """

    leaf: int
    row: int
    k: int
    over: Product


@dataclass(slots=True)
class Parity:
    """Factors of a product that are odd in one length.

    Attributes:
        unit: the length, or absolute value.
        parts: the factors.
        sign: the factor that is the sign of what the absolute value is of; where it is one, they are odd together.
    """

    unit: int
    parts: list[Odd] = field(default_factory=list)
    sign: int | None = None

    @property
    def leaves(self) -> list[int]:
        """All factors."""
        return [*[part.leaf for part in self.parts], *([] if self.sign is None else [self.sign])]


class Ways:
    """A program on a graph of its own, on which some rows are `by` others.

    Attributes:
        program: it.
        slopes: the derivative of each `by` row by its second operand.
        values: The new row of each old row, without marks.
        marked: The new row of each old row, with its marks.
        bypassed: The rows that a derivative bypasses, and through which it would pass in the formula as written.
    """

    def __init__(self, program: Program) -> None:
        self.slopes: dict[int, Slope] = {}
        self.values: dict[int, int] = {}
        self.marked: dict[int, int] = {}
        self.bypassed: set[int] = set()
        self._graph = program.graph.like()
        self._builder = Builder(self._graph)
        self._known = Monomials(self._builder, self._see)
        self._seen: dict[int, int] = {}
        self.program = replay(program, self._graph, self._make)

    def _make(self, old: int, row: Row) -> int:
        if row[0] in CONDITIONS:
            row = (row[0], *map(partial(unmarked, self._graph), row[1:]))
        self.values[old] = i = self._graph.intern(row)
        self.marked[old] = made = self._see(i)
        return made

    def _see(self, i: int) -> int:
        """Return row `i` as those that use it are to see it."""
        if i not in self._seen:
            made = i
            found = list(self._ways(i))
            if found:
                made = self._builder.raw("fixed", i)
            for row, slope in found:
                made = self._builder.raw("by", made, row)
                self.slopes[made] = slope
            self._seen[i] = made
        return self._seen[i]

    def _ways(self, i: int) -> Iterator[Way]:
        row = self._graph.rows[i]
        if isinstance(row[0], Einsum):
            return self._contraction(row)
        if row[0] == "hypot":
            return self._hypot(i, row)
        if row[0] in ("pow", "mul") and is_assembled(self._row(row[1])[0]):
            return self._assembled(row)
        if isinstance(row[0], Prod):
            return self._prod(row)
        if row[0] in ("mul", "div", "pow", "sqrt", "cbrt") and self._known.rooted(i):
            return self._product(i, row)
        if isinstance(row[0], str) and row[0] in PRIMITIVES and PRIMITIVES[row[0]].even and not self._graph.complex:
            return self._even(i, row)
        return iter(())

    def _row(self, i: int) -> Row:
        return self._graph.rows[self._known.plain(i)]

    # Products

    def _product(self, i: int, row: Row) -> Iterator[Way]:
        """Yield the ways through a product in which one base stands in several factors, or through a root."""
        product = self._known.product(i)
        if product is None:
            return
        if list(product.factors) == [self._known.same(i)]:
            yield from self._single(i, row)
            return
        new = self._conflicts(product)
        for j in row[1:] if row[0] in ("mul", "div") else ():
            inner = self._known.product(j)
            new -= set() if inner is None else self._conflicts(inner)
        if new:
            self._pass(i, product)
            yield from self._merged(i, product)

    def _parities(self, product: Product) -> list[Parity]:
        """Return the factors of a product that are odd in one length, where together they are even in it."""
        found: dict[int, Parity] = {}
        signs: dict[int, int] = {}
        for leaf, (row, k) in product.factors.items():
            j = self._known.plain(row)
            name, *parts = self._graph.rows[j]
            if name == "sign" and k == 1:
                signs[self._known.same(parts[0])] = leaf
            elif k > 0 and self._known.rooted(j) and (self._known.is_unit(j) or self._known.is_odd(j)):
                unit = self._known.unit(j)
                over = None if unit is None else self._known.over(j, unit)
                if unit is not None and over is not None:
                    parity = found.setdefault(self._known.same(unit), Parity(unit))
                    parity.parts.append(Odd(leaf, row, k, over))
        kept: list[Parity] = []
        for parity in found.values():
            count = sum(part.k for part in parity.parts)
            name, *parts = self._graph.rows[parity.unit]
            parity.sign = signs.get(self._known.same(parts[0])) if name == "abs" and count % 2 else None
            alone = all(self._known.is_unit(self._known.plain(part.row)) for part in parity.parts)
            if not alone and (count % 2 == 0 or parity.sign is not None):
                kept.append(parity)
        return kept

    def _groups(self, product: Product) -> dict[int, Group]:
        found: dict[int, Group] = {}
        for leaf, (row, k) in product.factors.items():
            power = self._known.power(self._known.plain(row))
            if power is None:
                key, own = leaf, Power(row, ONE, odd=True)
            else:
                key, own = self._known.same(power.base), power
            group = found.get(key)
            if group is None:
                group = found[key] = Group(Power(own.base, Exponent()))
            if self._graph.rows[own.base][0] == "away":
                group.power = Power(own.base, group.power.exponent, **_flags(group.power))
            group.power = group.power.times(own, k)
            group.leaves.append(leaf)
            if power is not None:
                group.roots.append((power, k))
        return found

    def _conflicts(self, product: Product) -> set[frozenset[tuple[int, int]]]:
        """Return the sets of factors, with their exponents, that are to be one power."""
        found = [parity.leaves for parity in self._parities(product)]
        groups = self._groups(_without(product, [leaf for leaves in found for leaf in leaves]))
        found += [group.leaves for group in groups.values() if group.merged]
        found += [[leaf for key in tangle for leaf in groups[key].leaves] for tangle in self._tangles(groups)]
        return {frozenset([(leaf, product.factors[leaf][1]) for leaf in leaves]) for leaves in found}

    def _tangles(self, groups: dict[int, Group]) -> list[list[int]]:
        """Roots of products, with the groups of other factors that are zero where they are."""
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
        """Return whether groups, which have zeros in common, are to be differentiated together."""
        roots = [group.power for group in groups if group.roots]
        atoms = [made for group in groups if (made := self._atoms(group)) is not None]
        if not atoms or not any(not p.half or p.exponent.rows or p.exponent.number < 1 for p in roots):
            return False
        if len(groups) == 1:  # a root of a square or a cube
            return not roots[0].exponent.rows and any(k > 1 for made in atoms for _, k in made.factors.values())
        return len(roots) == 1 or not (self._graph.complex or any(p.exponent.rows for p in roots))

    def _atoms(self, group: Group) -> Product | None:
        """Return the base of a root as a product; None if it is a factor, or no root."""
        if not group.roots or group.power.length:
            return None
        atoms = self._known.product(group.power.base)
        base = self._known.same(group.power.base)
        alone = atoms is None or (atoms.number == 1 and base in atoms.factors and len(atoms.factors) == 1)
        return None if alone else atoms

    def _pass(self, i: int, product: Product) -> None:
        """Note the rows between a product and its factors, and those whose base is differentiated by."""
        waiting = list(operands(self._graph.rows[i]))
        while waiting:
            j = self._known.plain(waiting.pop())
            if j not in self.bypassed and (self._known.rooted(j) or self._known.same(j) not in product.factors):
                self.bypassed.add(j)
                if self._graph.rows[j][0] in ("mul", "div", "neg", "pow"):
                    waiting += operands(self._graph.rows[j])

    def _merged(self, i: int, product: Product) -> Iterator[Way]:
        """Yield the ways through a product of which some factors are taken together."""
        parities = self._parities(product)
        for parity in parities:
            yield from self._of_parity(parity, _without(product, parity.leaves))
        groups = self._groups(_without(product, [leaf for parity in parities for leaf in parity.leaves]))
        tangles = self._tangles(groups)
        tangled = [key for tangle in tangles for key in tangle]
        single: list[int] = []
        for key, group in groups.items():
            if key in tangled:
                continue
            if group.merged:
                rest = _without(product, group.leaves)
                yield from self._of_power(i, group.power, rest)
            else:
                single += group.leaves
        for leaf in single:
            row, k = product.factors[leaf]
            if k:
                yield row, partial(_of_factor, product, leaf)
        for tangle in tangles:
            yield from self._untangled(i, product, groups, tangle)

    def _of_parity(self, parity: Parity, rest: Product) -> Iterator[Way]:
        """Yield the ways through factors that are odd in one length and together even, times the rest of a product."""
        if parity.sign is None:
            for target, component in self._squared(parity.unit):
                yield target, partial(_of_parity, parity, rest, component)
        else:
            yield self._graph.rows[parity.unit][1], partial(_of_parity, parity, rest, None)
        for part in parity.parts:
            if part.over.factors and not self._known.is_unit(self._known.plain(part.row)):
                argument = self._argument(part)
                inner = part.over if argument is None else self._known.over(argument, parity.unit)
                if inner is not None and inner.factors:
                    yield inner.row(self._builder, see=self._see), partial(_of_share, parity, part, argument, rest)

    def _argument(self, part: Odd) -> int | None:
        """Return what an odd function is of; None for a sum."""
        name, *parts = self._row(part.row)
        return None if name in ("add", "sub") else parts[0]

    def _of_power(self, i: int, power: Power, rest: Product) -> Iterator[Way]:
        """Yield the ways through a power times the rest of a product."""
        e = power.exponent
        if not power.length:
            if e.rows or e.number:
                yield power.base, partial(_of_base, power, rest)
        elif power.root is None and self._row(power.base)[0] == "hypot":
            if not e.rows and e.number < 2:
                yield power.base, partial(_of_base, power, rest)
            else:
                for row, component in self._squared(self._known.plain(power.base)):
                    yield row, partial(_of_length, power, rest, component)
        elif e.rows or e.number:
            yield power.base, partial(_of_squares, power, rest)
        for row, k in e.rows:
            yield row, partial(_of_exponent, power, i, k)

    def _single(self, i: int, row: Row) -> Iterator[Way]:
        """Yield the ways through a root that stands alone."""
        power = self._known.power(i)
        if power is None:
            return
        e = power.exponent
        if self._known.is_square(row[1]) and power.length:
            if row[0] != "pow":
                yield row[1], partial(_instantiated, _FLAT[row[0]], {"y": i})
            elif e.rows or 0 < e.number < 1:
                yield from self._of_power(i, power, Product())
        elif power.length:
            least = 2 if power.root is None else 1
            if e.rows or e.number >= least:
                self.bypassed.add(self._known.plain(row[1]))
                yield from self._of_power(i, power, Product())
        elif power.nested:
            self.bypassed.add(self._known.plain(row[1]))
            yield from self._of_power(i, power, Product())
        else:
            alone = Product(1.0, {self._known.same(i): (i, 1)})
            groups = self._groups(alone)
            tangles = self._tangles(groups)
            if tangles:
                self.bypassed.add(self._known.plain(row[1]))
                yield from self._untangled(i, alone, groups, tangles[0])

    # Roots of products

    def _untangled(self, i: int, product: Product, groups: dict[int, Group], tangled: list[int]) -> Iterator[Way]:
        """Yield the ways through roots of products that are zero where other factors are."""
        leaves = [leaf for key in tangled for leaf in groups[key].leaves]
        tangle = Tangle(_without(product, leaves))
        for key in tangled:
            group = groups[key]
            atoms = self._atoms(group)
            if atoms is not None:
                tangle.roots.append((group.power, atoms))
            elif group.roots:
                tangle.roots.append((group.power, Product(1.0, {key: (group.power.base, 1)})))
            else:
                tangle.powers[key] = int(group.power.exponent.number)
        for _, atoms in tangle.roots:
            for key, (row, _) in atoms.factors.items():
                tangle.rows[key] = row
        for key, row in tangle.rows.items():
            if _exponent_of(tangle, key) != Exponent():
                yield row, partial(_of_atom, tangle, key)
        for power, _ in tangle.roots:
            for row, k in power.exponent.rows:
                yield row, partial(_of_exponent, power, i, k)

    # Lengths

    def _length(self, i: int) -> tuple[Power, Product] | None:
        """Return row `i` as a length or an absolute value, times a rest that is neither; None if it is none."""
        unit = self._known.unit(i)
        rest = None if unit is None else self._known.over(i, unit)
        power = None if unit is None else self._known.power(unit)
        return None if power is None or rest is None else (power, rest)

    def _squared(self, i: int, deep: int = _DEEP) -> Iterator[tuple[int, Slope | None]]:
        """Yield rows that the square of a length depends on, each with half the derivative by it; None is one half."""
        power = self._known.power(i)
        assert power is not None
        if power.root is not None:
            yield power.base, None
        elif not power.length:
            yield power.base, partial(_given, power.base)
        else:
            for j in dict.fromkeys(self._graph.rows[i][1:]):
                inner = self._known.plain(j)
                if deep and self._known.is_unit(inner):
                    yield from self._squared(inner, deep - 1)
                else:
                    yield j, partial(_given, j)

    def _components(self, power: Power) -> Iterator[tuple[int, Slope | None]]:
        """As `_squared`, of a length or an absolute value as a power of its base."""
        if power.root is None and not power.length:  # an absolute value, whose base is what it is of
            yield power.base, partial(_given, power.base)
        else:
            yield from self._squared(self._known.plain(power.base if power.root is None else power.root))

    def _hypot(self, i: int, row: Row) -> Iterator[Way]:
        """Yield the ways through a length that has a component which is odd in a length."""
        found = [self._length(j) if self._known.rooted(j) else None for j in row[1:]]
        if not any(found):
            return
        for k, j in enumerate(row[1:]):
            if (part := found[k]) is None:
                yield j, partial(_instantiated, PRIMITIVES["hypot"].partials[k], {"x": row[1], "y": row[2], "out": i})
                continue
            power, rest = part
            self._pass_by(j, power)
            for target, component in self._components(power):
                yield target, partial(_of_component, i, rest, component)
            if rest.factors:
                scale = rest.row(self._builder, see=self._see)
                yield scale, partial(_of_scale, i, scale, power)

    def _pass_by(self, i: int, power: Power) -> None:
        """Note that a derivative passes by row `i`, and the length that it is odd in."""
        self.bypassed.update(map(self._known.plain, (i, power.base if power.root is None else power.root)))

    def _even(self, i: int, row: Row) -> Iterator[Way]:
        """Yield the ways through an even function of a length times something else."""
        found = self._length(row[1])
        if found is None:
            return
        power, rest = found
        self._pass_by(row[1], power)
        primitive = PRIMITIVES[row[0]]
        if power.length:
            for target, component in self._components(power):
                yield target, partial(_of_even, i, row, rest, component)
        else:
            yield power.base, partial(_of_sizes, i, primitive.partials[0], power.base, rest)
        if rest.factors:
            yield rest.row(self._builder, see=self._see), partial(_of_rest, i, row, power)

    # Arrays

    def _contraction(self, row: Row) -> Iterator[Way]:
        """Yield the way through a contraction of two rows, of which the product has other ways."""
        operation, p, q = row
        if operation.left != operation.right or not any(self._known.rooted(j) or self._listed(j) for j in (p, q)):
            return
        b = self._builder
        made = b.raw("pow", p, b.const(2.0)) if self._known.same(p) == self._known.same(q) else b.raw("mul", p, q)
        seen = self._see(made)
        if seen == made:
            return
        self.bypassed.update(map(self._known.plain, (p, q)))
        labels = [label for label in operation.left if label in operation.out]
        gone = [k - len(operation.left) for k, label in enumerate(operation.left) if label not in operation.out]
        total = self._graph.intern((Sum(tuple(gone)), seen)) if gone else seen
        yield b.permute(total, [labels.index(label) - len(labels) for label in operation.out]), _one

    def _listed(self, i: int) -> bool:
        """Return whether row `i` is a list that holds a root or a length."""
        row = self._row(i)
        return is_assembled(row[0]) and any(map(self._known.rooted, row[1:])) and separate(row[0].places)

    def _assembled(self, row: Row) -> Iterator[Way]:
        """Yield the way through a product or an even power of lists, which is the list of the products or powers."""
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
        seen = [self._see(i) for i in made]
        if seen != made:
            self.bypassed.update(map(self._known.plain, (*row[1:], *parts, *others)))
            yield self._graph.intern((operation, *seen)), _one

    def _prod(self, row: Row) -> Iterator[Way]:
        """Yield the way through the product of a list."""
        operation, *parts = self._row(row[1])
        if not self._listed(row[1]) or len(self._graph.shape(row[1])) != 1 or any(map(self._graph.shape, parts)):
            return
        if len(parts) != operation.to[0]:
            return
        made, seen = parts[0], parts[0]
        for part in parts[1:]:
            made = self._builder.raw("mul", seen, part)
            seen = self._see(made)
        if seen != made:
            self.bypassed.update(map(self._known.plain, (row[1], *parts)))
            yield seen, _one


def _flags(power: Power) -> dict[str, bool]:
    return {"odd": power.odd, "half": power.half, "free": power.free, "length": power.length}


def _without(product: Product, leaves: list[int]) -> Product:
    return Product(product.number, {leaf: part for leaf, part in product.factors.items() if leaf not in leaves})


# The derivatives by a row, each of which is made where a sweep asks for it


def _times(b: Builder, number: Fraction | float, *parts: int | None) -> int:
    """Return the product of what is given, a number first."""
    made: int | None = None
    for part in parts:
        if part is not None and b.value(part) != 1.0:
            made = part if made is None else product(b, made, part)
    if made is None:
        return b.const(float(number))
    return made if number == 1 else product(b, b.const(float(number)), made)


def _instantiated(text: str, bindings: dict[str, int], b: Builder) -> int:
    with b.simplifying():
        return instantiate(b, text, bindings)


def _given(row: int, b: Builder) -> int:
    del b
    return row


def _one(b: Builder) -> int:
    return b.const(1.0)


def _rest(b: Builder, rest: Product) -> int | None:
    """Return the rest of a product, without its number; None where that is all."""
    return Product(1.0, rest.factors).row(b) if rest.factors else None


def _of_base(power: Power, rest: Product, b: Builder) -> int:
    """Return the derivative of a power, times the rest, by its base."""
    e, slope = power.exponent, power.slope()
    with b.simplifying():
        if not e.rows:
            return _times(b, e.number * rest.number, slope.row(b), _rest(b, rest), power.domain(b))
        if power.half or power.free:
            bindings = {"x": power.base, "z": e.row(b), "y": slope.exponent.row(b)}
            made = instantiate(b, _SLOPE, bindings)
        else:
            made = b.op("mul", e.row(b), slope.row(b))
        return _times(b, rest.number, made, _rest(b, rest), power.domain(b))


def _of_exponent(power: Power, i: int, k: Fraction, b: Builder) -> int:
    """Return the derivative of row `i`, which has the power for a factor, by a row of the exponent."""
    with b.simplifying():
        e, base = power.exponent, power.base
        if power.root is not None:
            e, base, k = e.times(2), power.root, 2 * k
        size = base if power.half or power.free or power.length else b.op("abs", base)
        made = instantiate(b, PRIMITIVES["pow"].partials[1], {"x": size, "y": e.row(b), "out": i})
        return _times(b, k, made)


def _of_squares(power: Power, rest: Product, b: Builder) -> int:
    """Return the derivative of a power of a sum of squares, times the rest, by that sum."""
    e = power.exponent
    with b.simplifying():
        if not e.rows and (e.number >= 1 or e.number < 0):
            return _times(b, e.number * rest.number, power.slope().row(b), _rest(b, rest))
        base, down = power.base, e.plus(ONE, -1)
        number, text = 1.0, _OF_POWER if e.rows else _OF_ROOT
        if power.root is not None:
            base, down, number, text = power.root, down.times(2), 0.5, _OF_LENGTH if e.rows else _OF_ROOT
            e = e.times(2)
        made = instantiate(b, text, {"x": base, "z": e.row(b), "y": down.row(b)})
        return _times(b, number * rest.number, made, _rest(b, rest))


def _of_length(power: Power, rest: Product, component: Slope | None, b: Builder) -> int:
    """Return the derivative of a power of a length, times the rest, by a component."""
    e = power.exponent
    down = e.plus(ONE, -2)
    half = Fraction(1, 2 if component is None else 1)
    with b.simplifying():
        inner = None if component is None else component(b)
        if e.rows:
            made = instantiate(b, _OF_LENGTH, {"x": power.base, "z": e.row(b), "y": down.row(b)})
            return _times(b, half * rest.number, made, inner, _rest(b, rest))
        size = b.op("pow", power.base, down.row(b))
        return _times(b, half * e.number * rest.number, size, inner, _rest(b, rest))


def _of_component(i: int, rest: Product, component: Slope | None, b: Builder) -> int:
    """Return the derivative of a length by what a length depends on that, times the rest, is one of its components."""
    with b.simplifying():
        inner = b.const(0.5) if component is None else component(b)
        square = Product(rest.number**2, {leaf: (row, 2 * k) for leaf, (row, k) in rest.factors.items()})
        return instantiate(b, _SHARE, {"x": _times(b, 1, square.row(b), inner), "y": i})


def _of_scale(i: int, scale: int, power: Power, b: Builder) -> int:
    """Return the derivative of a length by what, times another length, is one of its components."""
    with b.simplifying():
        return instantiate(b, _SHARE, {"x": _times(b, 1, power.times(power).row(b), scale), "y": i})


def _of_even(i: int, row: Row, rest: Product, component: Slope | None, b: Builder) -> int:
    """Return the derivative of an even function of a length times the rest by a component of the length."""
    with b.simplifying():
        inner = None if component is None else component(b)
        made = instantiate(b, PRIMITIVES[row[0]].even, {"x": row[1], "out": i})
        scale = rest.row(b) if rest.factors or rest.number != 1 else None
        square = None if scale is None else b.op("pow", scale, b.const(2.0))
        return _times(b, 0.5 if component is None else 1.0, made, square, inner)


def _of_sizes(i: int, text: str, x: int, rest: Product, b: Builder) -> int:
    """Return the derivative of an even function of abs(x) times the rest by x, as if of x times the rest."""
    with b.simplifying():
        scale = rest.row(b)
        return _times(b, 1, scale, instantiate(b, text, {"x": b.op("mul", scale, x), "out": i}))


def _of_rest(i: int, row: Row, power: Power, b: Builder) -> int:
    """Return the derivative of an even function of a length times the rest by the rest."""
    with b.simplifying():
        return _times(b, 1, power.row(b), instantiate(b, PRIMITIVES[row[0]].partials[0], {"x": row[1], "out": i}))


def _slope_of(part: Odd, parity: Parity, b: Builder) -> int | None:
    """Return the derivative of an odd factor by the length; None if it is 1."""
    name, *parts = b.row(unmarked(b.graph, part.row))
    if name in ("add", "sub"):
        return part.over.row(b)
    if not PRIMITIVES[name].odd:
        return None
    made = instantiate(b, PRIMITIVES[name].partials[0], {"x": parts[0], "out": unmarked(b.graph, part.row)})
    inner = Monomials(b).over(parts[0], parity.unit)
    return made if inner is None else _times(b, 1, inner.row(b), made)


def _of_parity(parity: Parity, rest: Product, component: Slope | None, b: Builder) -> int:
    """Return the derivative of factors that are even in a length together, by a component of the length.

    It is the sum over the factors of the derivative of each by the length, times the product of the others,
    divided by the length: one of these others is.
    """
    total: int | None = None
    turned = parity.sign is None and b.row(parity.unit)[0] == "abs"
    with b.simplifying():
        for part in parity.parts:
            left = {other.leaf: (other.row, other.k - (other is part)) for other in parity.parts}
            share: int | None = None
            if parity.sign is None:
                units = [other for other in parity.parts if not other.over.factors and left[other.leaf][1]]
                by = next(iter(units or [other for other in parity.parts if left[other.leaf][1]]))
                left[by.leaf] = (by.row, left[by.leaf][1] - 1)
                share = _turned(by, parity, b) if turned else by.over.row(b)
            others = Product(1.0, {leaf: pair for leaf, pair in left.items() if pair[1]})
            term = _times(b, part.k, _slope_of(part, parity, b), share, others.row(b))
            total = term if total is None else b.op("add", total, term)
        assert total is not None
        inner = None if component is None or turned else component(b)
        half = Fraction(1, 2) if component is None and parity.sign is None else 1
        return _times(b, float(half) * rest.number, total, inner, _rest(b, rest))


def _turned(part: Odd, parity: Parity, b: Builder) -> int:
    """Return a factor that is odd in abs(x), as one of x."""
    x = b.row(parity.unit)[1]
    name, *parts = b.row(unmarked(b.graph, part.row))
    if PRIMITIVES[name].odd and (inner := Monomials(b).over(parts[0], parity.unit)) is not None:
        return b.op(name, b.op("mul", inner.row(b), x))
    return b.op("mul", part.over.row(b), x)


def _of_share(parity: Parity, part: Odd, argument: int | None, rest: Product, b: Builder) -> int:
    """Return the derivative of factors odd in a length by what multiplies the length in one of them."""
    with b.simplifying():
        slope = None
        if argument is not None:
            primitive = PRIMITIVES[b.row(unmarked(b.graph, part.row))[0]]
            slope = instantiate(b, primitive.partials[0], {"x": argument, "out": unmarked(b.graph, part.row)})
        left = {other.leaf: (other.row, other.k - (other is part)) for other in parity.parts}
        others = Product(1.0, {leaf: pair for leaf, pair in left.items() if pair[1]})
        sign = None if parity.sign is None else b.op("sign", b.row(parity.unit)[1])
        return _times(b, part.k * rest.number, slope, parity.unit, others.row(b), sign, _rest(b, rest))


def _of_factor(product: Product, leaf: int, b: Builder) -> int:
    """Return the derivative of a product by one of its factors."""
    row, k = product.factors[leaf]
    left = Product(1.0, {**product.factors, leaf: (row, k - 1)})
    with b.simplifying():
        return left.row(b, k * product.number)


@dataclass(slots=True)
class Tangle:
    """Roots of products, and whole powers of factors of these, times the rest of a product.

    Attributes:
        rest: what has no such factor.
        roots: powers, and their bases as products.
        powers: exponents by factor.
        rows: the factors.
    """

    rest: Product
    roots: list[tuple[Power, Product]] = field(default_factory=list)
    powers: dict[int, int] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)


def _exponent_of(tangle: Tangle, atom: int) -> Exponent:
    """Return the exponent of a factor over all of a tangle."""
    total = Exponent(Fraction(tangle.powers.get(atom, 0)))
    for power, atoms in tangle.roots:
        if atom in atoms.factors:
            total = total.plus(power.exponent, atoms.factors[atom][1])
    return total


def _of_atom(tangle: Tangle, atom: int, b: Builder) -> int:
    """Return the derivative by a factor: it is its exponent over all times the product, divided by it."""
    total = _exponent_of(tangle, atom)
    left = {**tangle.powers, atom: tangle.powers.get(atom, 0) - 1}
    with b.simplifying():
        made = _regular(tangle, left, b)
        number = (1.0 if total.rows else float(total.number)) * tangle.rest.number
        return _times(b, number, total.row(b) if total.rows else None, made, _rest(b, tangle.rest))


def _regular(tangle: Tangle, powers: dict[int, int], b: Builder) -> int:
    """Return the powers of a tangle in a form in which nothing is both zero and infinite where a root is zero."""
    if len(tangle.roots) == 1:
        power, atoms = tangle.roots[0]
        known = not power.exponent.rows and not b.graph.complex
        for shift in (0, 1, -1, 2, -2) if known else (0, -1):
            left = {t: powers.get(t, 0) - shift * atoms.factors.get(t, (t, 0))[1] for t in {*powers, *atoms.factors}}
            number = power.exponent.number + shift if known else 1
            regular = all(k < 0 or left[t] * number >= 0 for t, (_, k) in atoms.factors.items())
            if regular or (shift and not known):
                moved = power.times(Power(power.base, ONE, odd=True), shift)
                others = Product(atoms.number**-shift, {t: (tangle.rows[t], n) for t, n in left.items() if n})
                return _times(b, 1, others.row(b), moved.row(b), moved.domain(b))
    parts: list[int | None] = []
    scale = 1.0
    for power, atoms in tangle.roots:
        scale *= abs(atoms.number) ** float(power.exponent.number) * (-1 if power.odd and atoms.number < 0 else 1)
        if power.half:
            less = b.op("lt", power.base, b.const(0.0))
            parts.append(b.op("where", less, b.const(float("nan")), b.const(1.0)))
    owns = {
        t: Power(row, Exponent()).times(Power(row, ONE, odd=True), powers.get(t, 0)) for t, row in tangle.rows.items()
    }
    for power, atoms in tangle.roots:
        for t, (row, k) in atoms.factors.items():
            positive = power.half and len(atoms.factors) == 1 and atoms.number > 0 and k % 2 == 1
            owns[t] = owns[t].times(Power(row, power.exponent, odd=power.odd, half=positive), k)
    for power, atoms in tangle.roots:  # the sign of a divisor is that of the others, of which the product is positive
        for t in atoms.factors if power.half else ():
            odd = [o for o, (_, k) in atoms.factors.items() if k % 2]
            if t in odd and owns[t].odd and owns[t].exponent.number < 0:
                scale *= -1 if atoms.number < 0 else 1
                owns.update({o: replace(owns[o], odd=not owns[o].odd) for o in odd})
    parts += [own.row(b) for own in owns.values()]
    return _times(b, scale, *parts)
