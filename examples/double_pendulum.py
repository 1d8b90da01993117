"""Move a double pendulum, given its Lagrangian as a Python function.

The equations of motion come from the gradient and the Hessian of the Lagrangian. The energy stays constant, which
checks them. Run as `python examples/double_pendulum.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

import symdiff


@dataclass
class Pendulum:
    """The masses in kg, the lengths in m, and the acceleration of gravity in m/s^2."""

    m1: float = 1.0
    m2: float = 0.5
    l1: float = 1.0
    l2: float = 0.7
    g: float = 9.81


def lagrangian(q: np.ndarray, v: np.ndarray, p: Pendulum = Pendulum()) -> float:  # noqa: B008 - it does not change
    """Return the kinetic energy less the potential energy, given the angles and their velocities."""
    first = p.l1 * v[0] * np.stack([np.cos(q[0]), np.sin(q[0])])
    second = first + p.l2 * v[1] * np.stack([np.cos(q[1]), np.sin(q[1])])
    kinetic = p.m1 / 2 * np.sum(first**2) + p.m2 / 2 * np.sum(second**2)
    depth = p.l1 * np.cos(q[0])
    potential = -p.g * (p.m1 * depth + p.m2 * (depth + p.l2 * np.cos(q[1])))
    return kinetic - potential


L = symdiff.compile(lagrangian, args="q[2], v[2]")


def motion(_: float, y: np.ndarray) -> np.ndarray:
    """Return the velocities and the accelerations: the equations of Lagrange, solved for the accelerations."""
    q, v = y[:2], y[2:]
    second = L.hessian(q, v)
    acceleration = np.linalg.solve(second[2:, 2:], L.grad(q, v).q - second[2:, :2] @ v)
    return np.concatenate([v, acceleration])


def energy(y: np.ndarray) -> float:
    """Return the energy: the product of momenta and velocities, less the Lagrangian."""
    q, v = y[:2], y[2:]
    return float(L.grad(q, v).v @ v - L(q, v))


def move(seconds: float = 10.0) -> np.ndarray:
    """Return the states at 50 times, one in each row, of a pendulum that begins high and at rest."""
    times = np.linspace(0, seconds, 50)
    start = np.array([2.0, 2.5, 0.0, 0.0])
    return solve_ivp(motion, (0, seconds), start, t_eval=times, method="DOP853", rtol=1e-10, atol=1e-10).y.T


def main() -> None:
    """Print some states, and how far the energy moves."""
    states = move()
    for k in range(0, 50, 10):
        print(f"angles {states[k, 0]:8.4f} {states[k, 1]:8.4f}  energy {energy(states[k]):.9f} J")
    energies = [energy(y) for y in states]
    print(f"the energy changes by {max(energies) - min(energies):.1e} J")


if __name__ == "__main__":
    main()
