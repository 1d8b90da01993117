"""The rows of a program in LaTeX.

Each row becomes an element of its value, as a sum of products. In a derivative, equal factors and terms are collected,
and a long factor that is used again gets a name. A formula is written as it stands, with matrices as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import copysign, isfinite, nan, prod
from operator import attrgetter

from symdiff.emit.latex.arrays import Notation, Values
from symdiff.emit.latex.indices import Marks
from symdiff.emit.latex.names import fraction, multiple
from symdiff.emit.latex.names import number as written
from symdiff.emit.latex.products import ROOTS, Term, Terms, constant, minus, of, summed, text_of
from symdiff.emit.latex.spelling import Text, bracket, choice, literal, power, spell
from symdiff.emit.latex.titles import ENTRIES
from symdiff.emit.passes import expand_formulas
from symdiff.graph.dims import fixed
from symdiff.graph.ir import Program, Row, compact, live, operands, replay
from symdiff.ops.base import Operation
from symdiff.ops.elements import of_scalars
from symdiff.ops.evaluate import constant as value_of
from symdiff.ops.table import PRIMITIVES
from symdiff.simplify.build import short

_JOINED: dict[str, Callable[[list[bool]], bool]] = {"and": all, "or": any, "not": lambda parts: not parts[0]}
_FAMILIES = {"add": "sum", "sub": "sum", "mul": "product", "div": "product"}


def readable(program: Program) -> Program:
    """Return a program for readers.

    It has no conventions at special points, and no operations that exist for accuracy or speed alone.
    """
    rows, alive = program.graph.rows, live(program)
    guarded = {row[1] for row, here in zip(rows, alive, strict=True) if here and row[0] == "away"}
    points: dict[int, set[int]] = {}  # for each condition of nothing but special points, these
    holds: dict[int, bool] = {}  # elsewhere
    for i, row in enumerate(rows):
        if row[0] == "special":
            points[i], holds[i] = {i}, False
        elif row[0] in _JOINED and all(j in points for j in row[1:]):
            points[i] = set().union(*[points[j] for j in row[1:]])
            holds[i] = _JOINED[row[0]]([holds[j] for j in row[1:]])
    known = set().union(*[points.get(i, set()) for i in guarded])
    graph = program.graph.like()

    def make(i: int, row: Row) -> int:
        condition = rows[i][1] if row[0] == "where" else None
        if condition in points and points[condition] <= known:
            return int(row[2] if holds[condition] else row[3])
        return graph.intern(row)

    return compact(expand_formulas(replay(program, graph, make), attrgetter("meaning")))


def is_matrix(program: Program) -> bool:
    """Return whether the last output of a program can be written as a matrix of its entries."""
    op = program.graph.rows[program.outputs[-1]][0]
    return of_scalars(op) and op.rank == len(op.to) <= 2 and 0 < prod(fixed(op.to)) <= ENTRIES


class Rows:
    """The values of the rows of a program.

    Args:
        marks: The marks of indices.
        program: The program.
        environments: Whether LaTeX has environments.
        matrices: Whether to write rows as they stand, and products of matrices as a whole.
    """

    def __init__(self, marks: Marks, program: Program, *, environments: bool, matrices: bool = False) -> None:
        self.values = Values(marks, program.graph, matrices=matrices)
        self._rows = program.graph.rows
        self._environments = environments
        users: list[list[int]] = [[] for _ in self._rows]
        for i, row in enumerate(self._rows):
            for j in operands(row):
                users[j].append(i)
        named = {i for i, label in program.labels.items() if isinstance(label, str)}.union(program.outputs)
        families = [None if matrices else _FAMILIES.get(row[0]) for row in self._rows]
        self._inside = [  # sums and products that stand in another one, and nowhere else
            family is not None and i not in named and [families[j] for j in users[i]] == [family]
            for i, family in enumerate(families)
        ]
        for i, row in enumerate(self._rows):
            value = () if self._inside[i] else self._value(i, row)
            again = len(users[i]) > 1 and operands(row) and not program.graph.is_condition(i)
            label, shape = program.labels.get(i), program.graph.shape(i)
            if isinstance(label, str) and row[0] not in ("input", "const") and label not in program.arguments:
                title = marks.title(marks.names[label], shape)
                self.values.lines.append((title, text_of(value), self.form(i)))
                value = Notation(self.values, i).named(label)
            elif again and not matrices:
                value = self.values.shared(value, shape)
            self.values.append(value)
            if again:
                (self.values.limit_length if matrices else self.values.limit_factors)(i)

    def form(self, i: int) -> Text | None:
        """Return row `i` as a whole; None if it has no such form, or if rows are written by elements."""
        return self.values.wholes.get(i) if self.values.matrices else None

    def _number(self, i: int) -> float:
        """Return the value of a constant row; NaN for any other row."""
        row = self._rows[i]
        return float(value_of(row[1])) if row[0] == "const" else nan

    def _value(self, i: int, row: Row) -> Terms:
        op, *given = row
        if op == "input":
            return Notation(self.values, i).named(row[1])
        if op == "const":
            return (of(Text(rf"\mathrm{{{row[1]}}}")) if row[1] in ("True", "False") else constant(self._number(i)),)
        if isinstance(op, Operation):
            for j in given:
                self.values.limit_indices(j)
            value: Terms = op.latex(Notation(self.values, i), *given)
            return value
        if op == "where":
            texts = [self.values.text(j) for j in given]
            if [self._number(j) for j in given[1:]] == [1.0, 0.0]:
                return (of(bracket(texts[0])),)
            return (of(choice(*texts, environments=self._environments)),)
        return self._as_it_stands(i, op, given) if self.values.matrices else self._collected(i, op, given)

    def _as_it_stands(self, i: int, op: str, given: Sequence[int]) -> Terms:
        texts, arrays = [self.values.text(j) for j in given], [j for j in given if self.values.shape(j)]
        plain = op in ("add", "sub") and all(self.values.shape(j) == self.values.shape(i) for j in given)
        one = len(arrays) == 1 and (op in ("mul", "neg") or (op == "div" and self.values.shape(given[0])))
        function = [len(self.values.shape(j)) for j in given] == [1] and spell(PRIMITIVES[op], texts).head
        if arrays and all(map(self.values.is_whole, given)) and (plain or one or function):
            self.values.wholes[i] = spell(PRIMITIVES[op], [self.values.whole(j) for j in given])
        if op == "mul" and given[0] == given[1]:
            return (of(power(texts[0], "2")),)
        return (of(self._norm(op, given[0]) or spell(PRIMITIVES[op], texts)),)

    def _norm(self, op: str, i: int) -> Text | None:
        """Return the root of the sum of all squares of row `i` as a norm, if the row squared has a form as a whole."""
        total = self._rows[i]
        if op != "sqrt" or getattr(total[0], "name", "") != "sum" or self.values.shape(i):
            return None
        square, first, *second = self._rows[total[1]]
        if square != "mul" or second != [first] or not self.values.is_whole(first):
            return None
        frobenius = "_{F}" if len(self.values.shape(first)) == 2 else ""
        return Text(rf"\left\Vert {self.values.whole(first).text} \right\Vert{frobenius}")

    def _collected(self, i: int, op: str, given: Sequence[int]) -> Terms:
        match op:
            case "add" | "sub":
                parts = [(self.values.terms(j), inverse) for j, inverse in self._parts(i)]
                return summed([term for part, inverse in parts for term in (minus(part) if inverse else part)])
            case "mul" | "div":
                term = Term()
                for j, inverse in self._parts(i):
                    term = term.times(self._divisor(j), -1) if inverse else term.times(self.values.factor(j))
                return (term,)
            case "neg":
                return minus(self.values.terms(given[0]))
            case "sqrt":
                return (self._power(given[0], Fraction(1, 2)),)
            case "pow" if (exponent := fraction(self._number(given[1]))) and exponent.denominator <= ROOTS:
                return (self._power(given[0], exponent),)
        return (of(spell(PRIMITIVES[op], [self.values.text(j) for j in given])),)

    def _parts(self, i: int) -> list[tuple[int, bool]]:
        """Return the operands of a sum or product, and of rows inside, and whether each is subtracted or divides."""
        found: list[tuple[int, bool]] = []
        waiting = [(i, False)]
        while waiting:
            j, inverse = waiting.pop()
            if j == i or self._inside[j]:
                op, first, second = self._rows[j]
                waiting += [(second, inverse != (op in ("sub", "div"))), (first, inverse)]
            else:
                found.append((j, inverse))
        return found

    def _divisor(self, i: int) -> Term:
        """Return row `i` as a divisor. A constant stays a divisor if its reciprocal has many digits."""
        number = self._number(i)
        if not isfinite(number) or number.is_integer() or short(1 / number) or multiple(abs(number)):
            factor = self.values.factor(i)
            return factor if factor.number else Term(1.0, {literal("0"): Fraction(1), **factor.powers})
        return of(literal(written(abs(number))), number=copysign(1.0, number))

    def _power(self, i: int, exponent: Fraction) -> Term:
        """Return a constant power of row `i`."""
        terms, factor = self.values.terms(i), self.values.factor(i)
        if exponent.denominator == 1 and abs(exponent) < 10 and (len(terms) == 1 or len(factor.powers) == 1):
            return Term().times(factor, exponent)
        if factor.number == 1 and [*factor.powers.values()] == [1]:
            return Term().times(factor, exponent)
        return of(text_of(terms), exponent)

    def entries(self, i: int) -> list[list[Text]]:
        """Return the entries of row `i`, which is a matrix of scalars or a vector, row by row."""
        op, *given = self._rows[i]
        rows, columns = (1, *fixed(op.to))[-2:]
        elements = dict(zip(op.places, given, strict=True))
        places = [[(r, c)[-len(op.to) :] for c in range(columns)] for r in range(rows)]
        return [[self.values.text(elements[at]) if at in elements else Text("0") for at in row] for row in places]
