"""One formula in C, called from Python, C++ and Fortran, and in JavaScript.

The loss of a small regression and its gradient are exported to C99, compiled, and called from Python through ctypes.
The header has the declarations for C++, and Fortran calls the same functions through `iso_c_binding`. The same formula
as an ES module runs in Node.js. Languages without a compiler on this machine are left out.

Run it with `python examples/in_other_languages.py`.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import symdiff

LOSS = symdiff.compile("r = a*exp(-b*t) - y; sum(r**2)", args="t[n], y[n], a, b", wrt="a, b")
T, A, B = np.linspace(0, 2, 5), 2.0, 0.7
Y = np.array([1.9, 1.4, 1.1, 0.6, 0.5])

CPP = """\
#include <cstdio>
#include <vector>
#include "loss.h"

int main()
{
    const std::vector<double> t{0.0, 0.5, 1.0, 1.5, 2.0}, y{1.9, 1.4, 1.1, 0.6, 0.5};
    double a_bar, b_bar;
    loss_grad(t.size(), t.data(), y.data(), 2.0, 0.7, &a_bar, &b_bar);
    std::printf("%.17g %.17g\\n", a_bar, b_bar);
}
"""

FORTRAN = """\
program main
    use iso_c_binding
    implicit none
    interface
        subroutine loss_grad(n, t, y, a, b, a_bar, b_bar) bind(c)
            import :: c_double, c_size_t
            integer(c_size_t), value :: n
            real(c_double), value :: a, b
            real(c_double), intent(in) :: t(*), y(*)
            real(c_double), intent(out) :: a_bar, b_bar
        end subroutine
    end interface
    real(c_double) :: t(5) = [0d0, 0.5d0, 1d0, 1.5d0, 2d0]
    real(c_double) :: y(5) = [1.9d0, 1.4d0, 1.1d0, 0.6d0, 0.5d0]
    real(c_double) :: a_bar, b_bar
    call loss_grad(5_c_size_t, t, y, 2d0, 0.7d0, a_bar, b_bar)
    print '(es25.17e3, es25.17e3)', a_bar, b_bar
end program
"""

JAVASCRIPT = """\
import { grad } from "./loss.mjs";

const { a, b } = grad([0.0, 0.5, 1.0, 1.5, 2.0], [1.9, 1.4, 1.1, 0.6, 0.5], 2.0, 0.7);
console.log(a, b);
"""


def from_python(folder: Path) -> tuple[float, float]:
    """Compile the C file as a library, and call it through ctypes."""
    library = folder / "loss.so"
    subprocess.run(["cc", "-std=c99", "-O2", "-shared", "-fPIC", folder / "loss.c", "-o", library, "-lm"], check=True)
    loss = ctypes.CDLL(str(library))
    vector, number = np.ctypeslib.ndpointer(np.float64, flags="C"), ctypes.c_double
    loss.loss_grad.argtypes = [ctypes.c_size_t, vector, vector, number, number, vector, vector]
    a_bar, b_bar = np.empty(1), np.empty(1)
    loss.loss_grad(T.size, T, Y, A, B, a_bar, b_bar)
    return float(a_bar[0]), float(b_bar[0])


def from_cpp(folder: Path) -> tuple[float, float]:
    """Compile a C++ program that includes the header, and link it with the C file."""
    (folder / "main.cpp").write_text(CPP)
    subprocess.run(["cc", "-std=c99", "-c", "loss.c"], cwd=folder, check=True)
    subprocess.run(["c++", "main.cpp", "loss.o", "-o", "main"], cwd=folder, check=True)
    return _printed(["./main"], folder)


def from_fortran(folder: Path) -> tuple[float, float]:
    """Compile a Fortran program with an interface to the C function, and link the two."""
    (folder / "main.f90").write_text(FORTRAN)
    subprocess.run(["cc", "-std=c99", "-c", "loss.c"], cwd=folder, check=True)
    subprocess.run(["gfortran", "main.f90", "loss.o", "-o", "in_fortran"], cwd=folder, check=True)
    return _printed(["./in_fortran"], folder)


def from_javascript(folder: Path) -> tuple[float, float]:
    """Import the ES module in Node.js."""
    (folder / "main.mjs").write_text(JAVASCRIPT)
    return _printed(["node", "main.mjs"], folder)


def _printed(command: list[str], folder: Path) -> tuple[float, float]:
    a, b = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.split()
    return float(a), float(b)


CALLS = {
    "Python": (from_python, ["cc"]),
    "C++": (from_cpp, ["cc", "c++"]),
    "Fortran": (from_fortran, ["cc", "gfortran"]),
    "JavaScript": (from_javascript, ["node"]),
}


def gradients() -> dict[str, tuple[float, float]]:
    """Return the gradient at one point, as each language computes it that this machine has."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        LOSS.export(folder / "loss.c", include="value, grad")
        LOSS.export(folder / "loss.mjs", include="value, grad")
        return {name: call(folder) for name, (call, needs) in CALLS.items() if all(map(shutil.which, needs))}


if __name__ == "__main__":
    print(f"NumPy       {LOSS.grad(T, Y, A, B)}")
    for name, gradient in gradients().items():
        print(f"{name:11} {gradient}")
