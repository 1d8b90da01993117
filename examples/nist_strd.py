"""Nonlinear regression on NIST's reference data, from both of its starting points.

Each model is a line of text, and symdiff derives its Jacobian. The script compares the fits with
the certified parameters and standard deviations. The data are from NIST StRD, in
`examples/nist`. Run as `python examples/nist_strd.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

import symdiff

Vector = NDArray[np.float64]

MODELS = {
    "Misra1a": "b1*(1 - exp(-b2*x))",
    "Lanczos3": "b1*exp(-b2*x) + b3*exp(-b4*x) + b5*exp(-b6*x)",
    "Hahn1": "(b1 + b2*x + b3*x**2 + b4*x**3) / (1 + b5*x + b6*x**2 + b7*x**3)",
    "MGH10": "b1*exp(b2/(x + b3))",
    "BoxBOD": "b1*(1 - exp(-b2*x))",
    "Thurber": "(b1 + b2*x + b3*x**2 + b4*x**3) / (1 + b5*x + b6*x**2 + b7*x**3)",
    "Eckerle4": "b1/b2*exp(-0.5*((x - b3)/b2)**2)",
    "Rat43": "b1/(1 + exp(b2 - b3*x))**(1/b4)",
}


class Problem(NamedTuple):
    """The data, starting points and certified values of a problem."""

    x: Vector
    y: Vector
    starts: tuple[Vector, Vector]
    parameters: Vector
    deviations: Vector


class Fit(NamedTuple):
    """Parameters and their standard deviations."""

    parameters: Vector
    deviations: Vector


def read(name: str) -> Problem:
    """Return a problem from its file."""
    path = Path(__file__).parent / "nist" / f"{name}.txt"
    y, x = np.loadtxt(path, unpack=True)
    said = dict(line.removeprefix("# ").split(": ") for line in path.read_text().splitlines() if ": " in line)
    labels = "start 1", "start 2", "parameters", "deviations"
    one, two, parameters, deviations = (np.array(said[label].split(), float) for label in labels)
    return Problem(x, y, (one, two), parameters, deviations)


def residuals(name: str) -> symdiff.Function:
    """Return the residuals, the model minus y, as a Function of a vector of parameters, x and y."""
    model = MODELS[name]
    names = [f"b{k}" for k in range(1, 8) if f"b{k}" in model]
    return symdiff.compile(f"{model} - y", args=[*names, "x[n]", "y[n]"]).pack(names)


def fit(name: str, problem: Problem, start: Vector) -> Fit:
    """Fit by least squares with a trust region, then by Gauss–Newton steps to the last digits."""
    r = residuals(name)
    data = problem.x, problem.y
    with np.errstate(over="ignore"):  # a first step can be too long
        p = least_squares(r, start, jac=r.jacobian, args=data, x_scale="jac", ftol=1e-15, xtol=1e-15, gtol=1e-15).x
    for _ in range(20):  # near the minimum, the sum of squares is too flat to show the last half of the digits
        p = p - np.linalg.lstsq(r.jacobian(p, *data), r(p, *data))[0]
    # inv(J^T J) = inv(R) inv(R)^T where J = QR, without squaring the condition of J
    inverse = np.linalg.inv(np.linalg.qr(r.jacobian(p, *data), mode="r"))
    variance = np.sum(r(p, *data) ** 2) / (len(problem.x) - len(p))
    return Fit(p, np.sqrt(variance * np.sum(inverse**2, axis=1)))


def digits(found: Vector, certified: Vector) -> float:
    """Return the number of correct digits, the negative logarithm of the largest relative error."""
    error = np.max(np.abs(found - certified) / np.abs(certified))
    return float(-np.log10(max(error, 1e-11)))  # certified values have eleven digits


def main() -> None:
    """Fit all problems and print the numbers of correct digits."""
    print("problem    start  digits of parameters  of standard deviations")
    for name in MODELS:
        problem = read(name)
        for k, start in enumerate(problem.starts, 1):
            found = fit(name, problem, start)
            right = digits(found.parameters, problem.parameters), digits(found.deviations, problem.deviations)
            print(f"{name:10s} {k:5d}  {right[0]:20.1f}  {right[1]:22.1f}")


if __name__ == "__main__":
    main()
