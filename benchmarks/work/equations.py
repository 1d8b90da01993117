"""Equations for one unknown, with what other tools need to solve them: residual, slope, start and bracket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Equation:
    """A value that an equation defines.

    Attributes:
        name: the name in the tables.
        text: the formula.
        args: the arguments.
        functions: from a module of functions to the residual and its slope, which take the unknown and the arguments.
        start: from the arguments to the start of the search.
        bracket: ends at which the residual has different signs.
        point: the arguments at one point.
        points: from a count to arrays of arguments.
    """

    name: str
    text: str
    args: str
    functions: Callable[[Any], tuple[Callable[..., Any], Callable[..., Any]]]
    start: Callable[..., Any]
    bracket: tuple[float, float]
    point: tuple[float, ...]
    points: Callable[[int], tuple[Any, ...]]


def _kepler(xp: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return lambda z, e, m: z - e * xp.sin(z) - m, lambda z, e, _: 1 - e * xp.cos(z)


def _diode(xp: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def residual(z: Any, v: Any, light: Any, r: Any) -> Any:
        return light - 1e-9 * xp.expm1((v + z * r) / 0.0285) - (v + z * r) / 60 - z

    def slope(z: Any, v: Any, _: Any, r: Any) -> Any:
        return -1e-9 * r / 0.0285 * xp.exp((v + z * r) / 0.0285) - r / 60 - 1

    return residual, slope


EQUATIONS = (
    Equation(
        "kepler",
        "kepler(E) = E - e*sin(E) - M\nroot(kepler, M)",
        "e, M",
        _kepler,
        lambda _e, m: m,
        (-1.0, 8.0),
        (0.3, 1.2),
        lambda n: (np.linspace(0, 0.9, n), np.linspace(0.1, 6.0, n)),
    ),
    Equation(
        "diode",
        "g(I) = L - 1e-9*expm1((V + I*R)/0.0285) - (V + I*R)/60 - I\nroot(g, L)",
        "V, L, R",
        _diode,
        lambda _v, light, _r: light,
        (-20.0, 20.0),
        (0.55, 8.0, 0.01),
        lambda n: (np.linspace(0.3, 0.62, n), np.full(n, 8.0), np.full(n, 0.01)),
    ),
)
