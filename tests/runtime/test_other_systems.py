"""Systems other than Linux, simulated: without fork, without glibc, without libmvec and without /proc."""

import subprocess
import sys
import textwrap

import pytest

from symdiff.runtime import methods
from symdiff.runtime.results import record

WITHOUT = """
import builtins, ctypes, os, sys
for name in ("fork", "register_at_fork", "sched_getaffinity"):
    delattr(os, name)
real_library, real_open, libm = ctypes.CDLL, builtins.open, ctypes.CDLL("libm.so.6")
def library(name=None, *rest, **options):
    if "{system}" == "Windows":
        if name is None:
            raise TypeError("bad argument type for built-in operation")  # what Windows does
        if name == "ucrtbase":
            return libm
    if name in ("libmvec.so.1", "libm.so.6", "ucrtbase"):
        raise OSError(f"{{name}}: cannot open shared object file")
    return real_library(name, *rest, **options)
def opened(file, *rest, **options):
    if str(file).startswith("/proc"):
        raise FileNotFoundError(file)
    return real_open(file, *rest, **options)
ctypes.CDLL, builtins.open = library, opened
"""

USE = """
import numpy as np
import symdiff
x = np.linspace(0.5, 2, 400_000)
for backend in ("numpy", *{backends}):
    f = symdiff.compile("exp(x)*sin(y) + cbrt(x)", backend=backend)
    assert f.backend == backend
    assert abs(f.grad(0.5, 2.0).y - np.exp(0.5)*np.cos(2.0)) < 1e-14
    got = f.grad(x, 2.0)
    np.testing.assert_allclose(got.y, np.exp(x)*np.cos(2.0), rtol=1e-14)
    np.testing.assert_allclose(got.x, np.exp(x)*np.sin(2.0) + np.cbrt(x)/(3*x), rtol=1e-14)
    np.testing.assert_allclose(f.grad(x[:100], 2.0).y, np.exp(x[:100])*np.cos(2.0), rtol=1e-14)
assert symdiff.compile("sum(x**2)", args="x[n]").grad(x).x[3] == 2*x[3]
print("done")
"""


@pytest.mark.parametrize("system", ["macOS", "Windows"])
def test_all_backends_on_a_system_like(system):
    try:
        import llvmlite  # noqa: F401 - only whether it is there
    except ImportError:
        backends = ()
    else:
        backends = ("llvm",)
    script = textwrap.dedent(WITHOUT.format(system=system)) + USE.format(backends=backends)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done\n"


def test_records_without_the_interface_of_cpython(monkeypatch):
    kind = record("grad", ("x", "lambda"))
    want = methods.maker(kind)((1.0, 2.0))
    monkeypatch.setattr(methods, "_new_tuple", lambda: None)
    found = methods.maker(kind)((1.0, 2.0))
    assert (type(found), found, getattr(found, "lambda")) == (type(want), want, 2.0)
