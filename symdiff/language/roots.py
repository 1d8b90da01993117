"""Values that a function of the text defines: `root`, `fixed_point`, `argmin` of a function, and `quad`."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf

import numpy as np

from symdiff.errors import ShapeError
from symdiff.graph.dims import Shape, shown
from symdiff.graph.ir import Program
from symdiff.graph.shapes import broadcast, same
from symdiff.language.calls import Keyword, Value
from symdiff.language.inner import DEEPEST, Inner, Run
from symdiff.language.rearrange import listed
from symdiff.language.scope import Defined, Scope, Several
from symdiff.ops.data import Constant, Data
from symdiff.ops.loops import looped
from symdiff.ops.roots import rooted
from symdiff.structs import Struct

ROOTS = {
    "root": "a function of the text and a start, as in g(z) = z**2 - a and root(g, z0), and optionally the ends of a "
    "bracket, as in root(g, z0, lo, hi)",
    "fixed_point": "a function of the text and a start, as in g(z) = cos(z) and fixed_point(g, z0)",
    "argmin": "a function of the text and a start, as in g(z) = (z - a)**2 and argmin(g, z0)",
}
QUAD = "a function of the text, two limits and the number of points, as in g(x) = x**2 and quad(g, a, b, n=20)"
_UNSOLVABLE = {
    "root": "{g} has no derivative by {z}, or a derivative of zero",
    "fixed_point": "{z} - {g}({z}) does not depend on {z}, or has a derivative of zero",
    "argmin": "the second derivative of {g} by {z} is zero everywhere",
}
_ENDS = ("lo", "hi")
_MOST = 1000  # points of a quadrature


def root(scope: Scope, name: str, arguments: Sequence[Value], position: int, run: Run) -> Value:
    """Return the value of a call of `root`, `fixed_point` or `argmin`.

    Args:
        scope: The meaning of names.
        name: The name of the call.
        arguments: The arguments of the call.
        position: The position of the call.
        run: Makes the rows of an expression.

    Raises:
        ParseError: The arguments do not fit, or the function does not depend on its argument.
        ShapeError: The shapes do not fit.
    """
    b = scope.builder
    given = [a for a in arguments if not isinstance(a, Keyword)]
    named = {a.name: a.value for a in arguments if isinstance(a, Keyword)}
    step = given[0] if given else None
    ends = _ENDS if name == "root" else ()
    more = _rows(named.pop("args", ()))
    most = 2 + len(ends)
    keywords = len({a.name for a in arguments if isinstance(a, Keyword)})
    if keywords + len(given) < len(arguments) or any(end in named for end in ends[: max(len(given) - 2, 0)]):
        scope.fail(f"{name} got an argument twice", position)
    if unknown := [key for key in named if key not in ends]:
        scope.fail(
            f"{name} has no argument named {unknown[0]!r}; its named arguments are {', '.join([*ends, 'args'])}",
            position,
        )
    found = [*given[2:], *[named[end] for end in ends if end in named]]
    if not isinstance(step, Defined) or not 2 <= len(given) <= most or not all(isinstance(a, int) for a in found):
        scope.fail(f"{name} takes {ROOTS[name]}", position)
    if len(found) == 1:
        scope.fail("a bracket has two ends: write root(g, z0, lo, hi)", position)
    if scope.loops >= DEEPEST:
        scope.fail(f"loops and roots inside of each other are at most {DEEPEST} deep", position)
    starts = _rows(given[1])
    if not starts or more is None:
        scope.fail(f"{name} takes {ROOTS[name]}", position)
    call = _Call(scope, name, step, position, run, tuple(more))
    return _found(call, [b.number(row) for row in starts], [b.number(row) for row in found])  # type: ignore[arg-type]


def _rows(given: object) -> tuple[int, ...] | None:
    """Return the rows of one value, of several in parentheses, or of a call with several values; None for others."""
    rows = given.rows if isinstance(given, Several) else given if isinstance(given, tuple) else (given,)
    return rows if all(isinstance(row, int) for row in rows) else None


class _Call(Struct):
    """A call that runs a function of the text.

    Attributes:
        scope: The meaning of names.
        name: The name of the call.
        step: The function.
        position: The position of the call.
        run: Makes the rows of an expression.
        args: Further arguments of the function, behind those that the call makes.
    """

    scope: Scope
    name: str
    step: Defined
    position: int
    run: Run
    args: tuple[int, ...]

    def fit(self, count: int, what: str) -> None:
        """Check how many parameters the function has, for so many arguments that the call makes."""
        takes, step = len(self.step.parameters), self.step
        if takes != count + len(self.args):
            many = f"{count} {what}{'s' * (count != 1)}"
            many += f" and {len(self.args)} of args" if self.args else ""
            hint = f"; pass the others by args, as in args=({', '.join(step.parameters[count:])},)"
            hint = "" if takes < count + len(self.args) or self.args else hint
            said = f"{self.name} calls {step.name} with {many}, and {step.call} takes {takes}"
            self.scope.fail(said + hint, self.position)

    def made(self, unknown: tuple[str, Shape], parts: int) -> tuple[Inner, Program | None]:
        """Return the inside of the call, and the program of the function.

        Args:
            unknown: The name and the shape of the argument that the call makes.
            parts: How many parameters it is: of several, each is an element.
        """
        inner = Inner(self.scope, self.step)
        body, outer = inner.builder, self.scope.builder
        row = inner.input(*unknown)
        own = [row] if parts == 1 else [body.index(row, (k,)) for k in range(parts)]
        args = [
            inner.input(name, outer.shape(i), integer=outer.graph.is_integer(i))
            for name, i in zip(self.step.parameters[parts:], self.args, strict=True)
        ]
        rows = inner.run([*own, *args], self.run)
        if rows is None:
            return inner, None
        names = tuple([f"{self.step.name}{k or ''}" for k in range(len(rows))])
        inner.outside[:0] = self.args
        return inner, Program(body.graph, (row, *args, *inner.inputs), rows, names)


def _found(call: _Call, starts: list[int], ends: list[int]) -> Value:
    scope, name, step, position = call.scope, call.name, call.step, call.position
    b, count = scope.builder, len(starts)
    shape = b.shape(starts[0])
    if count == 1 and not call.args and shape == (len(step.parameters),) != (1,):
        several = f"{name}({step.name}, ({', '.join(step.parameters)}))"
        scope.fail(f"the starts of several unknowns stand in parentheses, as in {several}", position)
    call.fit(count, "unknown")
    if count > 1:
        if any(map(b.shape, starts)):
            raise ShapeError(f"several unknowns of {name} are numbers; join arrays to one vector by concatenate")
        if ends:
            raise ShapeError(f"the ends lo and hi of {name} are for one unknown")
        shape = (count,)
    parameter = "_".join(step.parameters[:count])
    inner, program = call.made((parameter, shape), count)
    if program is not None and name != "argmin" and count == len(program.outputs) == 1:  # the start may broadcast
        whole = broadcast([shape, inner.builder.shape(program.outputs[0]), *map(b.shape, ends)], b.graph.demands)
        if whole != shape:
            starts, shape = [b.full(starts[0], whole)], whole
            inner, program = call.made((parameter, shape), count)
    if program is None:
        scope.fail(f"{name} takes {ROOTS[name]}", position)
    body, rows, unknown = inner.builder, program.outputs, program.inputs[0]
    if name == "argmin":
        if len(rows) != 1 or body.shape(rows[0]):
            what = f"{len(rows)} values" if len(rows) != 1 else f"an array of shape {shown(body.shape(rows[0]))}"
            raise ShapeError(f"argmin takes a function whose value is one number; {step.name} has {what}")
        value = rows[0]
    else:
        value = rows[0] if len(rows) == 1 else listed(body, rows)
        have = body.shape(value)
        said = (
            f"{name}: {step.name} has a value of shape {shown(have)} for an unknown of shape {shown(shape)}; "
            "there are as many equations as unknowns"
        )
        if len(have) != len(shape):
            raise ShapeError(said)
        for one, other in zip(have, shape, strict=True):
            same(one, other, b.graph.demands, lambda: said)
        value = body.full(body.op("sub", unknown, value) if name == "fixed_point" else value, shape)
    program = program.changed(outputs=(value,), names=(step.name,))
    kind = "minimum" if name == "argmin" else "between" if ends else "root"
    start = starts[0] if count == 1 else listed(b, starts)
    made = rooted(b, program, kind, [start, *ends], inner.outside, step.name)
    if made is None:
        scope.fail(f"{_UNSOLVABLE[name].format(g=step.name, z=step.parameters[0])}, so {name} has no value", position)
    if count == 1:
        return made
    return Several(name, tuple([b.index(made, (k,)) for k in range(count)]))


def quad(scope: Scope, name: str, arguments: Sequence[Value], position: int, run: Run) -> Value:
    """Return the value of a call of `quad`: an integral by the rule of Gauss and Legendre, as a loop over its points.

    Args:
        scope: The meaning of names.
        name: The name of the call.
        arguments: The arguments of the call.
        position: The position of the call.
        run: Makes the rows of an expression.

    Raises:
        ParseError: The arguments do not fit, or a limit is infinite.

    Source: Abramowitz & Stegun, Handbook of Mathematical Functions (1964), 25.4.30. The points are those of
    `numpy.polynomial.legendre.leggauss`.
    """
    b = scope.builder
    given = [a for a in arguments if not isinstance(a, Keyword)]
    named = {a.name: a.value for a in arguments if isinstance(a, Keyword)}
    if len(named) + len(given) < len(arguments):
        scope.fail(f"{name} got an argument twice", position)
    count, more = named.pop("n", None), _rows(named.pop("args", ()))
    if named:
        key = next(iter(named))
        hint = "; the error is known from a second call with more points" if key in ("epsabs", "epsrel", "tol") else ""
        scope.fail(f"{name} has no argument named {key!r}; its named arguments are n, args{hint}", position)
    step, limits = given[0] if given else None, given[1:]
    if not isinstance(step, Defined) or len(limits) != 2 or more is None:
        scope.fail(f"{name} takes {QUAD}", position)
    low, high = (b.number(i) if isinstance(i, int) else scope.fail(f"{name} takes {QUAD}", position) for i in limits)
    if any(isinf(b.value(i) or 0.0) for i in (low, high)):
        x, own = step.parameters[0], f"{step.name}(t/(1 - t))/(1 - t)^2"
        scope.fail(
            f"the limits of {name} are finite; from 0 to infinity substitute {x} = t/(1 - t): "
            f"write h(t) = {own} on a line of its own, and {name}(h, 0, 1, n=...)",
            position,
        )
    points = 20.0 if count is None else b.known(count) if isinstance(count, int) else None
    if points is None or isinstance(points, bool) or points not in range(1, _MOST + 1):
        scope.fail(f"the n of {name} is a constant whole number from 1 to {_MOST}, as in n=20", position)
    if scope.loops >= DEEPEST:
        scope.fail(f"loops and roots inside of each other are at most {DEEPEST} deep", position)
    call = _Call(scope, name, step, position, run, tuple(more))
    call.fit(1, "argument")
    half = b.op("mul", b.const(0.5), b.op("sub", high, low))
    middle = b.op("mul", b.const(0.5), b.op("add", low, high))
    return _sum(call, int(points), middle, half)


def _sum(call: _Call, count: int, middle: int, half: int) -> Value:
    """Return the sum over the points of a quadrature, times half of the distance of the limits."""
    b = call.scope.builder
    inner = Inner(call.scope, call.step)
    body = inner.builder
    node, weight = inner.input("node", ()), inner.input("weight", ())
    x = body.op("add", inner.moved(middle, "middle"), body.op("mul", inner.moved(half, "half"), node))
    args = [
        inner.input(f"{parameter}_", b.shape(i), integer=b.graph.is_integer(i))
        for parameter, i in zip(call.step.parameters[1:], call.args, strict=True)
    ]
    rows = inner.run([x, *args], call.run)
    if rows is None:
        call.scope.fail(f"{call.name} takes {QUAD}", call.position)
    totals = [inner.input(f"total{k or ''}", body.shape(row)) for k, row in enumerate(rows)]
    after = [body.op("add", t, body.op("mul", weight, row)) for t, row in zip(totals, rows, strict=True)]
    names = tuple([f"total{k or ''}_next" for k in range(len(rows))])
    program = Program(body.graph, (*totals, node, weight, *args, *inner.inputs), tuple(after), names)
    nodes, weights = (
        b.op(Constant(title, Data(array)))
        for title, array in zip(("nodes", "weights"), np.polynomial.legendre.leggauss(count), strict=True)
    )
    starts = [b.full(b.const(0.0), body.shape(row)) for row in rows]
    outside = [*call.args, *inner.outside]
    found = looped(b, program, count, starts, [nodes, weights], outside, sums=range(len(rows))).last
    made = [b.op("mul", half, row) for row in found]
    return made[0] if len(made) == 1 else Several(call.name, tuple(made))
