"""Recurrences: formulas with loops, each beside the same value written by hand in NumPy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Recurrence:
    """A scalar function with a loop.

    Attributes:
        name: the name in the tables.
        text: the formula.
        args: the arguments with their core shapes.
        wrt: the arguments to differentiate by.
        point: the values of the arguments.
        by_hand: the value, written in NumPy.
        note: a description for the tables.
        python: a function of a namespace, with `scan` as JAX has it, that returns the value as a Python function.
    """

    name: str
    text: str
    args: str
    wrt: str
    point: tuple[Any, ...]
    by_hand: Callable[..., Any]
    note: str
    python: Callable[[Mapping[str, Any]], Callable[..., Any]]

    @property
    def places(self) -> tuple[int, ...]:
        """The positions of `wrt` among the arguments."""
        names = [name.strip() for name in re.sub(r"\[.*?\]", "", self.args).split(",")]
        return tuple([names.index(name.strip()) for name in self.wrt.split(",")])

    def function(self, names: Mapping[str, Any]) -> Callable[..., Any]:
        """Return the value as a Python function that uses the functions of a namespace."""
        return self.python(names)


# A process whose variance follows yesterday's return and variance. Source: Bollerslev, "Generalized autoregressive
# conditional heteroskedasticity" (1986).


def garch(days: int = 10_000) -> Recurrence:
    text = """
        day(h, r) = omega + alpha*r^2 + beta*h, h
        after, h = scan(day, h0, r)
        -0.5*sum(log(2*pi*h) + r^2/h)
    """
    returns = 0.01 * np.random.default_rng(1).standard_normal(days)
    point = (returns, 1e-6, 0.08, 0.9, 1e-4)
    return Recurrence(
        "garch", text, "r[n], omega, alpha, beta, h0", "omega, alpha, beta", point, _garch, f"{days:,} days", _garch_of
    )


def _garch_of(names: Mapping[str, Any]) -> Callable[..., Any]:
    log, scan, sum_of = names["log"], names["scan"], names["sum"]

    def value(r: Any, omega: Any, alpha: Any, beta: Any, h0: Any) -> Any:
        h = scan(lambda h, x: (omega + alpha * x**2 + beta * h, h), h0, r)[1]
        return -0.5 * sum_of(log(2 * np.pi * h) + r**2 / h)

    return value


def _garch(r: Any, omega: Any, alpha: Any, beta: Any, h0: Any) -> Any:
    total, h = 0.0, h0
    for x in r:
        total += np.log(2 * np.pi * h) + x**2 / h
        h = omega + alpha * x**2 + beta * h
    return -0.5 * total


# Two layers of an LSTM. Source: Hochreiter & Schmidhuber, "Long short-term memory" (1997), with a forget gate.


def lstm(steps: int = 100, units: int = 32, inputs: int = 16) -> Recurrence:
    rows = 4 * units
    text = f"""
        gates(h, x, W, U, b) = reshape(W @ x + U @ h + b, (4, {units}))
        cell(g, c) = sigmoid(g[1])*c + sigmoid(g[0])*tanh(g[2])
        both(g, c) = sigmoid(g[3])*tanh(c), c
        after(g, c) = both(g, cell(g, c))
        first(h, c, x) = after(gates(h, x, W1, U1, b1), c)
        second(h, c, x) = after(gates(h, x, W2, U2, b2), c)
        h1, c1 = scan(first, (zeros({units}), zeros({units})), X)
        h2, c2 = scan(second, (zeros({units}), zeros({units})), h1)
        mean((h2 @ v - y)^2)
    """
    args = (
        f"X[n,m], y[n], W1[{rows},m], U1[{rows},{units}], b1[{rows}], "
        f"W2[{rows},{units}], U2[{rows},{units}], b2[{rows}], v[{units}]"
    )
    random = np.random.default_rng(2)
    shapes = ((rows, inputs), (rows, units), (rows,), (rows, units), (rows, units), (rows,), (units,))
    weights = [0.3 * random.standard_normal(shape) for shape in shapes]
    point = (random.standard_normal((steps, inputs)), random.standard_normal(steps), *weights)
    note = f"two layers of {units} units, {steps} steps"
    return Recurrence("lstm", text, args, "W1, U1, b1, W2, U2, b2, v", point, _lstm, note, _lstm_of)


def _lstm_of(names: Mapping[str, Any]) -> Callable[..., Any]:
    exp, mean, scan, tanh = (names[name] for name in ("exp", "mean", "scan", "tanh"))

    def value(X: Any, y: Any, W1: Any, U1: Any, b1: Any, W2: Any, U2: Any, b2: Any, v: Any) -> Any:
        sequence = X
        for W, U, b in ((W1, U1, b1), (W2, U2, b2)):

            def step(state: Any, x: Any, W: Any = W, U: Any = U, b: Any = b) -> Any:
                h, c = state
                i, f, g, o = (W @ x + U @ h + b).reshape(4, -1)
                c = c / (1 + exp(-f)) + tanh(g) / (1 + exp(-i))
                h = tanh(c) / (1 + exp(-o))
                return (h, c), h

            zeros = 0 * b[: U.shape[1]]
            sequence = scan(step, (zeros, zeros), sequence)[1]
        return mean((sequence @ v - y) ** 2)

    return value


def _lstm(X: Any, y: Any, W1: Any, U1: Any, b1: Any, W2: Any, U2: Any, b2: Any, v: Any) -> Any:
    layers = ((W1, U1, b1), (W2, U2, b2))
    sequence = X
    for W, U, b in layers:
        h = c = np.zeros(U.shape[1])
        found = []
        for x in sequence:
            i, f, g, o = (W @ x + U @ h + b).reshape(4, -1)
            c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            h = np.tanh(c) / (1 + np.exp(-o))
            found.append(h)
        sequence = np.array(found)
    return np.mean((sequence @ v - y) ** 2)


# The log likelihood of a linear state-space model. Source: Kalman, "A new approach to linear filtering and prediction
# problems" (1960).


def kalman(steps: int = 1_000, states: int = 4, seen: int = 2) -> Recurrence:
    text = """
        loglik(e, S) = -0.5*(logdet(2*pi*S) + e @ solve(S, e))
        state(x, P, e, S) = F @ (x + P @ H.T @ solve(S, e))
        spread(P, S) = F @ (P - P @ H.T @ solve(S, H @ P)) @ F.T + Q
        all(x, P, e, S) = state(x, P, e, S), spread(P, S), loglik(e, S)
        step(x, P, y) = all(x, P, y - H @ x, H @ P @ H.T + R)
        x, P, l = scan(step, (x0, P0), Y)
        sum(l)
    """
    random = np.random.default_rng(3)
    move = 0.95 * np.eye(states) + 0.1 * np.eye(states, k=1)
    point = (random.standard_normal((steps, seen)), move, random.standard_normal((seen, states)))
    point = (*point, 0.1 * np.eye(states), 0.5 * np.eye(seen), np.zeros(states), np.eye(states))
    args = "Y[n,k], F[d,d], H[k,d], Q[d,d], R[k,k], x0[d], P0[d,d]"
    note = f"{states} states, {steps:,} steps"
    return Recurrence("kalman", text, args, "F, H, Q, R", point, _kalman, note, _kalman_of)


def _kalman_of(names: Mapping[str, Any]) -> Callable[..., Any]:
    linalg, scan, sum_of = names["linalg"], names["scan"], names["sum"]

    def value(Y: Any, F: Any, H: Any, Q: Any, R: Any, x0: Any, P0: Any) -> Any:
        def step(state: Any, y: Any) -> Any:
            x, P = state
            e, S = y - H @ x, H @ P @ H.T + R
            gain = linalg.solve(S, H @ P)
            x = F @ (x + P @ H.T @ linalg.solve(S, e))
            return (x, F @ (P - P @ H.T @ gain) @ F.T + Q), linalg.slogdet(2 * np.pi * S)[1] + e @ linalg.solve(S, e)

        return -0.5 * sum_of(scan(step, (x0, P0), Y)[1])

    return value


def _kalman(Y: Any, F: Any, H: Any, Q: Any, R: Any, x: Any, P: Any) -> Any:
    total = 0.0
    for y in Y:
        e, S = y - H @ x, H @ P @ H.T + R
        total -= 0.5 * (np.linalg.slogdet(2 * np.pi * S)[1] + e @ np.linalg.solve(S, e))
        x, P = (
            F @ (x + P @ H.T @ np.linalg.solve(S, e)),
            F @ (P - P @ H.T @ np.linalg.solve(S, H @ P)) @ F.T + Q,
        )
    return total


# The forward algorithm of a hidden Markov model. Source: Rabiner, "A tutorial on hidden Markov models" (1989).


def hmm(steps: int = 1_000, states: int = 8) -> Recurrence:
    text = """
        step(a, l) = logsumexp(a[:, None] + T, axis=0) + l
        logsumexp(fold(step, p, L))
    """
    random = np.random.default_rng(4)
    point = (
        np.full(states, -np.log(states)),
        random.standard_normal((states, states)),
        random.standard_normal((steps, states)),
    )
    note = f"{states} states, {steps:,} steps"
    return Recurrence("hmm", text, "p[s], T[s,s], L[n,s]", "p, T, L", point, _hmm, note, _hmm_of)


def _hmm_of(names: Mapping[str, Any]) -> Callable[..., Any]:
    logsumexp, scan = names["logsumexp"], names["scan"]

    def value(p: Any, T: Any, L: Any) -> Any:
        a = scan(lambda a, x: (logsumexp(a[:, None] + T, axis=0) + x, a[0]), p, L)[0]
        return logsumexp(a)

    return value


def _hmm(p: Any, T: Any, L: Any) -> Any:
    a = p
    for x in L:
        a = np.logaddexp.reduce(a[:, None] + T, axis=0) + x
    return np.logaddexp.reduce(a)


# Predators and prey, by the method of Runge and Kutta.


def rk4(steps: int = 1_000) -> Recurrence:
    text = f"""
        f(z) = [z[0]*(a - b*z[1]), z[1]*(c*z[0] - d)]
        last(z, k1, k2, k3) = z + dt/6*(k1 + 2*k2 + 2*k3 + f(z + dt*k3))
        third(z, k1, k2) = last(z, k1, k2, f(z + dt/2*k2))
        second(z, k1) = third(z, k1, f(z + dt/2*k1))
        step(z) = second(z, f(z))
        sum(iterate(step, z0, {steps})^2)
    """
    point = (np.array([1.0, 0.5]), 1.1, 0.4, 0.1, 0.4, 10 / steps)

    def by_hand(z: Any, a: Any, b: Any, c: Any, d: Any, dt: Any) -> Any:
        def f(z: Any) -> Any:
            return np.array([z[0] * (a - b * z[1]), z[1] * (c * z[0] - d)])

        for _ in range(steps):
            k1 = f(z)
            k2 = f(z + dt / 2 * k1)
            k3 = f(z + dt / 2 * k2)
            z = z + dt / 6 * (k1 + 2 * k2 + 2 * k3 + f(z + dt * k3))
        return np.sum(z**2)

    def python(names: Mapping[str, Any]) -> Callable[..., Any]:
        array, scan, sum_of = names["array"], names["scan"], names["sum"]

        def value(z: Any, a: Any, b: Any, c: Any, d: Any, dt: Any) -> Any:
            def f(z: Any) -> Any:
                return array([z[0] * (a - b * z[1]), z[1] * (c * z[0] - d)])

            def step(z: Any, t: Any) -> Any:
                k1 = f(z)
                k2 = f(z + dt / 2 * k1)
                k3 = f(z + dt / 2 * k2)
                return z + dt / 6 * (k1 + 2 * k2 + 2 * k3 + f(z + dt * k3)), t

            return sum_of(scan(step, z, np.zeros(steps))[0] ** 2)

        return value

    return Recurrence(
        "rk4", text, "z0[2], a, b, c, d, dt", "z0, a, b, c, d", point, by_hand, f"{steps:,} steps", python
    )


def newton(steps: int = 20) -> Recurrence:
    text = f"""
        newton(x) = x - (x^3 - a)/(3*x^2)
        iterate(newton, 1, {steps})
    """

    def by_hand(a: Any) -> Any:
        x = 1.0
        for _ in range(steps):
            x = x - (x**3 - a) / (3 * x**2)
        return x

    note = f"a cube root, {steps} steps, floats"
    return Recurrence(
        "newton", text, "a", "a", (8.0,), by_hand, note, lambda names: partial(_cube_root, names["scan"], steps)
    )


def _cube_root(scan: Callable[..., Any], steps: int, a: Any) -> Any:
    return scan(lambda x, t: (x - (x**3 - a) / (3 * x**2), t), 1.0, np.zeros(steps))[0]


RECURRENCES = (garch, lstm, kalman, hmm, rk4, newton)
