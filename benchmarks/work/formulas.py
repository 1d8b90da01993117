"""Formulas of scalars.

Each formula is one text. symdiff reads the text, and for every other tool it runs as Python.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

FUNCTIONS = ("cos", "exp", "log", "sin", "sqrt")  # which the namespace of every tool has

# The terms of the long sums. Each has three variables.
TERMS = ("sin({a}*{b})*{c}", "exp(-{a})*cos({b}+{c})", "({a}-{b}*{c})**2", "log(1+{a}**2)*{b}/(1+{c}**2)")

# The partials of each term by its three variables.
_PARTIALS = (
    ("cos({a}*{b})*{b}*{c}", "cos({a}*{b})*{a}*{c}", "sin({a}*{b})"),
    ("-exp(-{a})*cos({b}+{c})", "-exp(-{a})*sin({b}+{c})", "-exp(-{a})*sin({b}+{c})"),
    ("2*({a}-{b}*{c})", "-2*({a}-{b}*{c})*{c}", "-2*({a}-{b}*{c})*{b}"),
    (
        "2*{a}*{b}/((1+{a}**2)*(1+{c}**2))",
        "log(1+{a}**2)/(1+{c}**2)",
        "-2*{c}*log(1+{a}**2)*{b}/(1+{c}**2)**2",
    ),
)

# A term of a long sum: its index in TERMS, the indices of its variables, and a factor of the first variable.
Term = tuple[int, tuple[int, ...], float]


@dataclass(frozen=True)
class Formula:
    """A formula of scalars.

    Attributes:
        name: the name in the tables.
        text: the formula in symdiff's language, with each assignment on its own line.
        args: names of the arguments, in order.
        point: the arguments of calls with floats.
        ranges: for each argument, the interval from which arrays are drawn.
        written: the partial derivatives as text, if somebody wrote them.
        terms: the terms of a long sum.
        note: what the tables show in place of the text.
    """

    name: str
    text: str
    args: tuple[str, ...]
    point: tuple[float, ...]
    ranges: tuple[tuple[float, float], ...] = ()
    written: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    note: str = ""

    @property
    def summary(self) -> str:
        """A line that describes the formula."""
        if self.terms:
            return f"{len(self.terms):,} terms over {len(self.args)} variables"
        return self.note or self.text.splitlines()[-1]

    @property
    def partials(self) -> tuple[str, ...]:
        """The partial derivatives as text, for tools that cannot differentiate; empty if nobody wrote them."""
        return _sum_partials(self.terms, self.args) if self.terms else self.written

    def arrays(self, size: int) -> tuple[np.ndarray, ...]:
        """Return arguments of `size` points, the same in every run."""
        draw = np.random.default_rng(size)
        return tuple(draw.uniform(low, high, size) for low, high in self.ranges)

    def fresh(self, serial: int) -> Formula:
        """Return the same formula with new names, so that no cache has it."""
        args = tuple(f"{name}_{serial}" for name in self.args)
        if self.terms:
            return replace(self, args=args, text=_sum_text(self.terms, args))
        names = "|".join(self.args)
        return replace(self, args=args, text=re.sub(rf"\b({names})\b", rf"\1_{serial}", self.text))

    def function(self, names: Mapping[str, Any]) -> Callable[..., Any]:
        """Return the formula as a Python function that uses the functions of a namespace.

        The function adds up a long sum term by term, so that the tool need not parse it. If the
        tool has a sum of many terms, it is `names["add"]`.
        """
        if self.terms:
            return _sum_function(self.terms, names)
        return as_function(self.text, self.args, names)


def as_function(text: str, args: tuple[str, ...], names: Mapping[str, Any]) -> Callable[..., Any]:
    """Return a text as a Python function that uses a namespace. All lines but the last are assignments."""
    *assignments, result = text.splitlines()
    lines = [f"def formula({', '.join(args)}):", *assignments, f"return {result}"]
    scope = dict(names)
    exec("\n    ".join(lines), scope)
    return scope["formula"]


def functions(module: Any, **others: Any) -> dict[str, Any]:
    """Return the functions of formulas by name, from a module such as `jax.numpy` and from `others`."""
    return {name: getattr(module, name) for name in FUNCTIONS} | others


def long_sum(name: str, count: int, *, distinct: bool = False, variables: int = 10, seed: int = 0) -> Formula:
    """Return a sum of `count` terms of TERMS in turn, with random variables.

    Ten variables make only 2,880 different terms. With `distinct`, the first variable of each
    term has a factor of its own, so that no two terms are equal.
    """
    pick = random.Random(seed)  # noqa: S311 - not cryptography
    terms = tuple(
        (k % len(TERMS), tuple(pick.sample(range(variables), 3)), 1 + (k + 1) / (2 * count) if distinct else 1.0)
        for k in range(count)
    )
    args = tuple(f"x{k}" for k in range(variables))
    point = tuple(0.5 + 0.1 * k for k in range(variables))
    return Formula(name, _sum_text(terms, args), args, point, ((0.5, 1.5),) * variables, terms=terms)


def rosenbrock_chain(variables: int) -> Formula:
    """Return the chained Rosenbrock function of scalars."""
    args = tuple(f"x{k}" for k in range(variables))
    terms = (f"100*({b} - {a}**2)**2 + (1 - {a})**2" for a, b in itertools.pairwise(args))
    point = tuple(0.5 + k / variables for k in range(variables))
    note = f"the chained Rosenbrock function of {variables} variables"
    return Formula("rosenbrock_chain", " + ".join(terms), args, point, ((-2.0, 2.0),) * variables, note=note)


def kinetics(species: int = 60, reactions: int = 90, seed: int = 0) -> Formula:
    """Return mass-action kinetics: a program with the rate of change of every concentration.

    Each reaction consumes one or two species and produces one or two. They are random, but every
    species takes part. A species that a reaction both consumes and produces cancels.
    """
    pick = random.Random(seed)  # noqa: S311 - not cryptography
    args = tuple(f"c{k}" for k in range(species))
    lines: list[str] = []
    changes: list[list[str]] = [[] for _ in args]
    for j in range(reactions):
        taken = [j % species, *pick.choices(range(species), k=pick.randint(0, 1))]
        given = pick.choices(range(species), k=pick.randint(1, 2))
        rate = round(10 ** pick.uniform(-2, 1), 3)
        lines.append("*".join([f"r{j} = {rate}", *(args[k] for k in taken)]))
        for k in sorted({*taken, *given}):
            net = given.count(k) - taken.count(k)
            if net:
                changes[k].append(("- " if net < 0 else "+ ") + (f"{abs(net)}*" if abs(net) > 1 else "") + f"r{j}")
    results = (" ".join(change).removeprefix("+ ") for change in changes)
    text = "\n".join([*lines, ", ".join(results)])
    point = tuple(round(pick.uniform(0.1, 2.0), 3) for _ in args)
    return Formula("kinetics", text, args, point, note=f"{species} species, {reactions} reactions")


def _sum_text(terms: tuple[Term, ...], args: tuple[str, ...]) -> str:
    return " + ".join(TERMS[term[0]].format(**_names(term, args)) for term in terms)


def _sum_partials(terms: tuple[Term, ...], args: tuple[str, ...]) -> tuple[str, ...]:
    """Return for each argument the sum of the partials of the terms that contain it."""
    sums: list[list[str]] = [[] for _ in args]
    for term in terms:
        kind, places, factor = term
        for position, place in enumerate(places):
            partial = _PARTIALS[kind][position].format(**_names(term, args))
            sums[place].append(f"{factor}*({partial})" if position == 0 and factor != 1 else partial)
    return tuple(" + ".join(parts) or "0.0" for parts in sums)


def _names(term: Term, args: tuple[str, ...]) -> dict[str, str]:
    """Return the texts of the three variables of a term."""
    _, (i, j, k), factor = term
    return {"a": args[i] if factor == 1 else f"({factor}*{args[i]})", "b": args[j], "c": args[k]}


def _sum_function(terms: tuple[Term, ...], names: Mapping[str, Any]) -> Callable[..., Any]:
    kinds = [eval("lambda a, b, c: " + text.format(a="a", b="b", c="c"), dict(names)) for text in TERMS]

    def formula(*x: Any) -> Any:
        values = [kinds[kind](x[i] if w == 1 else w * x[i], x[j], x[k]) for kind, (i, j, k), w in terms]
        if "add" in names:
            return names["add"](*values)
        total = values[0]
        for value in values[1:]:
            total = total + value
        return total

    return formula


EXAMPLE = Formula(
    "example",
    "log(x1)+x1*x2-sin(x2)",
    ("x1", "x2"),
    (2.0, 5.0),
    ((0.5, 5.0), (-5.0, 5.0)),
    ("x2 + 1/x1", "x1 - cos(x2)"),
)
ROSENBROCK = Formula(
    "rosenbrock",
    "(1-a)**2 + 100*(b-a**2)**2 + a*b*c + (c-b)**2*(a+c)**2",
    ("a", "b", "c"),
    (1.5, -0.5, 2.0),
    ((-2.0, 2.0),) * 3,
    (
        "b*c + 2*(c-b)**2*(a+c) - 400*a*(b-a**2) - 2*(1-a)",
        "200*(b-a**2) + a*c - 2*(c-b)*(a+c)**2",
        "a*b + 2*(c-b)*(a+c)**2 + 2*(c-b)**2*(a+c)",
    ),
)
BLACK_SCHOLES = Formula(  # 0.70... is 1/sqrt(2)
    "black_scholes",
    """\
d1 = (log(S/K) + (r + sigma**2/2)*T)/(sigma*sqrt(T))
d2 = d1 - sigma*sqrt(T)
0.5*S*(1 + erf(d1*0.7071067811865476)) - 0.5*K*exp(-r*T)*(1 + erf(d2*0.7071067811865476))""",
    ("S", "K", "r", "sigma", "T"),
    (100.0, 105.0, 0.03, 0.2, 0.75),
    ((80.0, 120.0), (80.0, 120.0), (0.01, 0.05), (0.1, 0.5), (0.25, 2.0)),
    note="the Black-Scholes price of a call",
)
LOGISTIC_LOSS = Formula(
    "logistic_loss",
    "log(1+exp(a*x+b))*y - (a*x+b)*z",
    ("a", "x", "b", "y", "z"),
    (0.7, 1.3, -0.2, 1.1, 0.4),
    ((-2.0, 2.0),) * 5,
    (
        "x*(y/(1 + exp(-(a*x+b))) - z)",
        "a*(y/(1 + exp(-(a*x+b))) - z)",
        "y/(1 + exp(-(a*x+b))) - z",
        "log(1 + exp(a*x+b))",
        "-(a*x+b)",
    ),
)
LONG_SUM = long_sum("long_sum", 182)  # 999 operations
ROSENBROCK_CHAIN = rosenbrock_chain(50)
KINETICS = kinetics()

# The formulas of most sections.
FORMULAS = (EXAMPLE, ROSENBROCK, BLACK_SCHOLES, LOGISTIC_LOSS, LONG_SUM)
