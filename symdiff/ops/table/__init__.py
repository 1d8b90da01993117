"""The table of elementwise operations. One entry holds everything that is known of an operation.

The parser, the derivative sweeps, all emitters, the reference evaluator and the tests read the table. Adding an
operation means adding one entry to a module of this package. A module holds the entries of one field. `entry` describes
the parts of an entry.

Entries of special functions stand in `special`. They are read when a formula has a name that the modules here lack, or
when something goes through all entries.

Rules are written in the formula language. `partials` holds the partial derivative by each argument. A rule may use the
arguments and the result `out`. The arguments are named `x`; or `x, y`; or `c, x, y`; or as the entry says.

A rule `where(c, p, 0)` or `where(c, 0, p)` says that the derivative is absent on the other side. The sweeps multiply
nothing by that zero.

A rule marks the condition of a special point as `special(c)`. If the other branch would raise a warning there, the rule
keeps its operand away from the point: `away(c, x)` is x, but 1 where c holds.

A spelling for NumPy or for the math module is the name of a function of that module, such as `tanh`, or a template over
the arguments, such as `{x} / {y}`. Templates for LaTeX write the arguments as `#1`, `#2`. An operation that readers do
not know has a `meaning` instead of a LaTeX spelling: a formula of operations that they know.

Source of the derivatives of elementary functions: Abramowitz & Stegun, Handbook of Mathematical Functions, chapters 4
(elementary), 6 (gamma) and 7 (error function).
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, ValuesView
from math import inf, nan
from typing import TypeVar

from symdiff.graph.operations import declare
from symdiff.ops.table import (
    arithmetic,
    choices,
    errors_and_gamma,
    exponentials,
    formulas,
    hyperbolic,
    ratios,
    steps,
    trigonometric,
)
from symdiff.ops.table.entry import (
    AND,
    ATOM,
    BITAND,
    BITOR,
    COMPARE,
    NOT,
    OR,
    POWER,
    PRODUCT,
    SUM,
    TERNARY,
    UNARY,
    Formula,
    Primitive,
    Remainder,
    Symbol,
    in_standard,
    is_formula,
    occurrences,
    spelling,
    template,
)

__all__ = [
    "AND",
    "ATOM",
    "BASIC",
    "BITAND",
    "BITOR",
    "BUILT_IN",
    "COMPARE",
    "CONSTANTS",
    "CORE",
    "FORMULAS",
    "FUNCTIONS",
    "INFIX",
    "NOT",
    "OR",
    "POWER",
    "PREFIX",
    "PRIMITIVES",
    "PRODUCT",
    "SUM",
    "TERNARY",
    "UNARY",
    "Formula",
    "Primitive",
    "Remainder",
    "Symbol",
    "Table",
    "in_standard",
    "is_formula",
    "occurrences",
    "spelling",
    "template",
]

_T = TypeVar("_T")


class Table(dict[str, _T]):
    """Entries by name. A name that the table lacks, or a walk over all names, reads the special functions first."""

    def __missing__(self, name: str) -> _T:
        if name in self:
            return self[name]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        if not super().__contains__(name) and isinstance(name, str) and name not in BASIC:
            _read()
        return super().__contains__(name)

    def get(self, name: str, default: _T | None = None) -> _T | None:  # type: ignore[override]
        """Return the entry of a name, or `default` if there is none."""
        return self[name] if name in self else default  # noqa: SIM401 - this is `get`

    def read(self, op: object) -> _T | None:
        """Return the entry of the operation of a row; None for a row that is no elementwise operation."""
        return super().get(op)  # type: ignore[call-overload, no-any-return]  # the entry of a row has been read

    def __iter__(self) -> Iterator[str]:
        _read()
        return super().__iter__()

    def __len__(self) -> int:
        _read()
        return super().__len__()

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        """Return all names."""
        _read()
        return super().keys()

    def values(self) -> ValuesView[_T]:  # type: ignore[override]
        """Return all entries."""
        _read()
        return super().values()

    def items(self) -> ItemsView[str, _T]:  # type: ignore[override]
        """Return all names and entries."""
        _read()
        return super().items()


def _add(primitives: Iterable[Primitive], named: Iterable[Formula]) -> None:
    """Add entries to the table."""
    for p in primitives:
        PRIMITIVES[p.name] = p
        declare(p.name, p.takes or "r" * p.arity, condition=p.condition, grows=p.grows)
        if not p.internal:
            FUNCTIONS.update(dict.fromkeys([n for n in (p.name, *p.aliases) if n not in _WRITTEN], p))
    for formula in named:
        FORMULAS.update(dict.fromkeys((formula.name, *formula.aliases), formula))


def _read() -> None:
    """Add the entries of special functions, if they are not there yet. Several threads may do this at a time."""
    global _all_read  # noqa: PLW0603 - the table is one, and read once
    if not _all_read:
        from symdiff.ops.table import special

        _add(special.ENTRIES, special.FORMULAS)
        _all_read = True


_all_read = False

# Operations that are written as operators alone
_WRITTEN = frozenset({"add", "sub", "mul", "div", "neg", "and", "or", "not", "lt", "le", "gt", "ge", "eq", "ne"})

_TABLE: tuple[Primitive, ...] = (
    *arithmetic.ENTRIES,
    *exponentials.ENTRIES,
    *trigonometric.ENTRIES,
    *hyperbolic.ENTRIES,
    *steps.ENTRIES,
    *errors_and_gamma.ENTRIES,
    *choices.ENTRIES,
)

PRIMITIVES: Table[Primitive] = Table()  # all operations
FUNCTIONS: Table[Primitive] = Table()  # those that users call, by all names
FORMULAS: Table[Formula] = Table()  # functions that stand for a formula, by all names
_add((*_TABLE, *[ratios.ratio_of(p) for p in _TABLE if p.name in ratios.ODD]), formulas.FORMULAS)

# The functions whose names a text cannot give to a function of its own
BUILT_IN = frozenset([*dict.keys(FUNCTIONS), *dict.keys(FORMULAS)])

# The names that are known without reading the special functions, and those of rows that are no operations
BASIC = BUILT_IN.union({"input", "const"}, dict.keys(PRIMITIVES))

CONSTANTS = {"pi": 3.141592653589793, "π": 3.141592653589793, "inf": inf, "nan": nan}

# Names that always are functions: a formula with `sin` alone, without a call, is an error. Any other function name, such
# as `angle` or `div`, is a variable in a formula that does not call it.
_CORE = """
    mod Mod pow sqrt cbrt hypot exp exp2 expm1 log ln log2 log10 log1p logaddexp sin cos tan arcsin asin arccos acos
    arctan atan arctan2 atan2 deg2rad rad2deg sinc sinh cosh tanh arcsinh asinh arccosh acosh arctanh atanh abs Abs
    sign floor ceil ceiling round trunc heaviside Heaviside maximum Max max minimum Min min relu sigmoid expit softplus
    logit erf erfc gamma lgamma gammaln loggamma digamma polygamma Lt Le Gt Ge Eq Ne And Or Not where square clip dot
    logsumexp mean norm outer prod softmax sum Piecewise
"""
CORE = frozenset(_CORE.split())

INFIX = {s.text: (p, s) for p in _TABLE for s in p.symbols if not s.prefix}
PREFIX = {s.text: (p, s) for p in _TABLE for s in p.symbols if s.prefix}
