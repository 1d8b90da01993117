"""Native code for vectors of every width, and for processors of which less is known, is run on this one.

LLVM does not optimise it: what differs from machine to machine is the code that symdiff writes.
"""

import platform

import numpy as np
import pytest
from backends import both
from native_code import EXAMPLE, FUSED, agree, agree_to_rounding, check_operations, drawn, reported
from tables import each

import symdiff

pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")

from symdiff.runtime import native

pytestmark = pytest.mark.usefixtures("unoptimised")

# Of a processor: its family, what it has, and then bytes of a vector and the letter of its variants in the C library.
MACHINES = {
    "AVX-512": ("x86", "avx512f", 64, "e"),
    "AVX2": ("x86", "avx2", 32, "d"),
    "SSE2": ("x86", "sse2", 16, "b"),
    "no vector functions": ("x86", "", 16, ""),
    "unknown family": ("", "sse2", 16, "b"),
}


@pytest.fixture(params=MACHINES)
def machine(request, monkeypatch):
    """What native code is made for, by Functions from now on."""
    family, feature, width, letter = MACHINES[request.param]
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("the vectors are those of x86")
    if feature and not native.binding().get_host_cpu_features().get(feature):
        pytest.skip(f"this processor has no {feature}")
    made = native.machine_of(family, {feature: True})
    assert made.width == width
    if platform.libc_ver()[0] == "glibc":
        assert bool(letter) == bool(made.variants)
        assert all(variant.startswith(f"_ZGV{letter}N") for variant in made.variants.values())
    monkeypatch.setattr(native, "machine", lambda: made)
    symdiff.clear_cache()
    yield made
    symdiff.clear_cache()


@each("arity", [1, 2, 3])
def test_every_operation(machine, arity):
    source = check_operations(arity)
    assert f"<{machine.width // 8} x double>" in source


ARRAYS = [case[:2] for case in FUSED if case[2] is not None]


# Each machine computes half of them, in turn.
@pytest.mark.parametrize(
    ("machine", "text", "args"),
    [(name, *case) for k, name in enumerate(MACHINES) for case in ARRAYS[k % 2 :: 2]],
    indirect=["machine"],
)
def test_core_arrays(machine, text, args):
    f, g = both(text, args=args)
    assert f.value_and_grad.backend == "llvm"
    most = 1e5 if "softmax" in text else 100
    for n, loop in [(2, ()), (3, (4,)), (17, ()), (70, (2, 3)), (1100, ())]:
        agree_to_rounding(f.value_and_grad, g.value_and_grad, drawn(f, n, loop), most)
    for n in (3, 600):
        agree_to_rounding(f.value_and_grad, g.value_and_grad, drawn(f, n, (), np.float32), most)


def test_every_element_is_taken_once(machine):
    f = symdiff.compile("sum(x)", args="x[n]", backend="llvm")
    for n in range(1, 54):
        assert f(2.0 ** np.arange(n)) == 2.0**n - 1


def test_warnings_are_those_of_numpy(machine):
    for text in ("log(x)", "exp(1000*x)", "sqrt(x) + 1/x"):
        f, g = both(text, threads=2)
        x = np.linspace(0.1, 0.5, 1001)
        assert reported(f, x) == reported(g, x) == []
        x[500], x[0] = 1.0, 0.0
        assert reported(f, x) == reported(g, x) != []
        assert reported(f.grad, x) == reported(g.grad, x)
    f = symdiff.compile("sum(1/x)", args="x[n]", backend="llvm")
    assert [text for text, _ in reported(f, x)] == ["divide by zero encountered in divide"]


def test_floats_and_layouts(machine):
    f, g = both(EXAMPLE)
    assert f.value_and_grad(2.0, 5.0) == g.value_and_grad(2.0, 5.0)
    x = np.linspace(1.1, 3, 210).reshape(30, 7)
    for args in ((x, 2.5), (x[::2], x[1::2]), (x.T, x[:, :1].T), (x[:, None], x), (x[:, 2], x[:, 3])):
        agree(f, g, args, least=1)
        agree(f.vjp, g.vjp, (*args, 1.5), most=16, least=1)


@each(
    ("text", "args"),
    [
        ("softmax(A*w, axis=1) @ x", "A[m,n], w[n], x[n]"),
        ("tanh(A @ x)*exp(-x) + A[0]*x - x**2", "A[n,n], x[n]"),
        ("sum(A*exp(A), axis=0) @ x", "A[m,n], x[n]"),
    ],
)
def test_routines(machine, text, args):
    f, g = both(text, args=args)
    f, g = f.vjp, g.vjp
    assert f.backend == ("llvm" if machine.family else "numpy")
    for n, loop in [(1, ()), (3, (4,)), (17, ()), (70, (2, 3))]:
        agree_to_rounding(f, g, drawn(f, n, loop))
    agree_to_rounding(f, g, drawn(f, 19, (), np.float32), 1000)
