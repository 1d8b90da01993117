"""All steps from a formula to a function, on one page. Start reading here.

    text ── parse ──> Syntax          symdiff.language; `tracing` makes it of a Python function
         ── lower ──> Program         symdiff.language
         ── derive ─> Program         symdiff.derive, as often as the user asks for derivatives
         ── write ──> source          symdiff.emit
         ── load ───> function        symdiff.runtime

A Program is a graph of rows with inputs and outputs (`symdiff.graph`). No separate step simplifies a
program: `lower` and `derive` make every row by the `Builder` of `symdiff.simplify`, which returns the row in its
simplest form.

>>> from symdiff.derive.calculus import gradient
>>> recipe = recipe_of("log(x1) + x1*x2 - sin(x2)").derived(gradient, ("x1", "x2"), "grad")
>>> print(source(recipe.program(), "math", "grad", (0, 1)), end="")
def grad(x1, x2):
    # reverse sweep
    x2_bar = x1 - math.cos(x2)
    x1_bar = x2 + 1.0 / x1
    return x1_bar, x2_bar
>>> function(recipe.program(), "math", "grad", (0, 1))(2.0, 5.0)
(5.5, 1.7163378145367738)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, NamedTuple

from symdiff.emit import math as math_target
from symdiff.emit import numpy as numpy_target
from symdiff.emit.python import Nest
from symdiff.errors import SymdiffError
from symdiff.graph.ir import Program
from symdiff.graph.making import uncollected
from symdiff.language.lower import Argument, calls, lower
from symdiff.language.outside import Outside
from symdiff.language.parser import Syntax, parse
from symdiff.language.roots import ROOTS as SOLVED
from symdiff.limits import Limits, kept
from symdiff.limits import limits as limits_of_process
from symdiff.ops.data import Data
from symdiff.runtime.load import load
from symdiff.structs import Struct

# A derivative: a function of a program and the names to differentiate by, which returns a program.
Derive = Callable[[Program, Sequence[str]], Program]


def _unchanged(program: Program, _: Sequence[str]) -> Program:
    """Return the program: values of arguments change nothing in it."""
    return program


# The targets that are Python.
TARGETS = ("numpy", "loops", "blocks", "complex", "math", "array_api")


class Derivation(NamedTuple):
    """One derivation.

    Attributes:
        derive: The derivative.
        by: The names to differentiate by.
        member: The member of a Function that makes the derivative, and its arguments: `("diff", "x")`.
    """

    derive: Derive
    by: tuple[str, ...]
    member: tuple[Any, ...]


class Recipe(Struct):
    """Everything that a program is made of.

    From its recipe, a program can be made again: for complex numbers, for a trace, or in another process.

    Attributes:
        syntax: The parsed formula.
        arguments: The arguments that the user declares. None: every free name is an argument, and a scalar.
        wrt: The names that the user gives to differentiate by. None: all arguments.
        constants: The names that are constants, and their values.
        optimize: Whether to simplify and to share equal parts.
        threads: The most threads to use. None: one for each CPU.
        backend: What computes arrays: "numpy" or "llvm".
        limits: The bounds of this program and of all that is derived from it.
        steps: The derivations, in order.
        functions: The functions from outside that the formula may call, by name.
    """

    syntax: Syntax
    arguments: tuple[Argument, ...] | None
    wrt: tuple[str, ...] | None
    constants: tuple[tuple[str, float | Data], ...]
    optimize: bool
    threads: int | None
    backend: str
    limits: Limits
    steps: tuple[Derivation, ...] = ()
    functions: tuple[tuple[str, Outside], ...] = ()

    def derived(self, derive: Derive, by: tuple[str, ...], *member: Any) -> Recipe:
        """Return this recipe with one more derivation."""
        return self.changed(steps=(*self.steps, Derivation(derive, by, member)))

    @property
    def path(self) -> tuple[tuple[Any, ...], ...]:
        """The members that lead from the result of `compile` to this derivative, each with its arguments."""
        return tuple([step.member for step in self.steps])

    def binding(self, names: tuple[str, ...]) -> Recipe:
        """Return this recipe with one more step, which says that these arguments of the program are fixed from now on.

        Names that an earlier step has are left out. Two such steps, one after the other, are one.
        """
        steps = self.steps[:-1] if self.steps and self.steps[-1].member[0] == "bind" else self.steps
        before = {name for step in steps if step.member[0] == "bind" for name in step.member[1:]}
        member = ("bind", *[name for name in names if name not in before])
        return self.changed(steps=(*steps, Derivation(_unchanged, (), member)))

    @property
    def derivations(self) -> tuple[tuple[Any, ...], ...]:
        """The path without the steps that fix arguments."""
        return tuple([member for member in self.path if member[0] != "bind"])

    @property
    def formula(self) -> Recipe:
        """The recipe of the formula itself, without derivations."""
        return self.changed(steps=())

    @property
    def textbook(self) -> Recipe:
        """The recipe of the same program in textbook form: every operation is a step of its own."""
        return self.changed(optimize=False, backend="numpy")

    @uncollected()
    def program(self, *, complex: bool = False) -> Program:  # noqa: A002 - NumPy's name
        """Lower the formula, apply each derivation, and return the program.

        Args:
            complex: Whether to leave out the identities that hold for real numbers only.
        """
        if not calls(self.syntax).isdisjoint(SOLVED):
            import symdiff.derive.calculus  # noqa: F401 - the slopes of an equation, `Builder.jacobian`
        made = lower(
            self.syntax,
            self.arguments,
            dict(self.constants),
            dict(self.functions),
            optimize=self.optimize,
            complex=complex,
            limits=self.limits,
        )
        for step in self.steps:
            made = step.derive(made, step.by)
        return made

    def symbolic(self, *, written: bool = False) -> Program:
        """Return the program for readers, with the names of constants in place of their values.

        If the formula needs the value of a constant, for example as the order of `polygamma`, all constants keep their
        values.

        Args:
            written: Whether to leave the program as it is written, with functions of complex numbers.
        """
        formula = self.formula.program()
        shapes = map(formula.graph.shape, formula.inputs)
        arguments = list(map(Argument, formula.arguments, shapes, formula.integers))
        given = [(name, value) for name, value in self.constants if name not in formula.arguments]
        names = [Argument(name, value.array.shape if isinstance(value, Data) else ()) for name, value in given]
        shown = self.changed(optimize=not written)
        try:
            return shown.changed(constants=(), arguments=(*arguments, *names)).program(complex=written)
        except SymdiffError:
            return shown.program(complex=written)


def recipe_of(
    formula: str | Syntax,
    arguments: tuple[Argument, ...] | None = None,
    wrt: tuple[str, ...] | None = None,
    constants: tuple[tuple[str, float | Data], ...] = (),
    functions: tuple[tuple[str, Outside], ...] = (),
    *,
    optimize: bool = True,
    threads: int | None = None,
    backend: str = "numpy",
    limits: Limits = limits_of_process,
) -> Recipe:
    """Return the recipe of a text, which is parsed, or of a syntax.

    The recipe has a copy of `limits`, so later changes have no effect on it.

    Raises:
        ParseError: The text is not a formula.
        LimitError: The text is larger than the limits allow.
    """
    own = kept(*limits.values)
    syntax = parse(formula, own) if isinstance(formula, str) else formula
    return Recipe(syntax, arguments, wrt, constants, optimize, threads, backend, own, functions=functions)


@uncollected()
def prepared(program: Program, target: str) -> Program:
    """Return the program in the form that `write` takes for a target: the operations that it prints, in their order."""
    if target == "math":
        return program
    if target == "array_api":
        from symdiff.emit import array_api

        return array_api.prepare(program)
    return numpy_target.prepare(program)


@uncollected()
def write(program: Program, target: str, name: str, nest: Nest) -> str:
    """Return the source of a prepared program, as a function `name` that returns its outputs nested as `nest`.

    Args:
        program: What `prepared` returns for the target.
        target: One of `TARGETS`: "numpy" for arrays of exactly the core shapes; "loops" and "complex" for arrays
            with loop dimensions in front; "blocks", which writes into arrays for the results; "math" for floats;
            "array_api" for arrays of other libraries.
        name: The name of the function.
        nest: The index of one output, or a tuple of indices and of further tuples.
    """
    if target == "math":
        return math_target.source(program, name, nest)
    if target == "array_api":
        from symdiff.emit import array_api

        return array_api.source(program, name, nest)
    if target == "blocks":
        return numpy_target.blocks(program, name)
    return numpy_target.source(program, name, nest, loops=target != "numpy")


def source(program: Program, target: str, name: str, nest: Nest) -> str:
    """Return the source of a program; see `write`."""
    return write(prepared(program, target), target, name, nest)


def function(program: Program, target: str, name: str, nest: Nest) -> FunctionType:
    """Return a program as a Python function of floats or arrays; see `write`."""
    return load(source(program, target, name, nest), name, numpy_target.known(program))
