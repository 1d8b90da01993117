"""Native code for vectors of every width, and for processors of which less is known, is run on this one."""

import platform

import numpy as np
import pytest
import test_llvm as points
import test_llvm_arrays as elements
from backends import both, leaves

import symdiff
from symdiff.api import compiler

pytest.importorskip("llvmlite", reason="the extra symdiff[llvm] is not installed")

from symdiff.runtime import native

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
    monkeypatch.setattr(compiler, "_CACHE", compiler._Cache())
    return made


def table(arity):
    """All operations of so many operands, each with arguments of its own: the operations, the formula, the names."""
    operations = [p for p in points.USERS if p.arity == arity]
    texts, names = [], []
    for p in operations:
        own = [f"{p.name}_{name}" for name in p.parameters]
        symbol = p.symbols[0] if p.symbols else None
        texts.append(
            f"{p.name}({', '.join(own)})" if symbol is None else
            f"{symbol.text}{own[0]}" if symbol.prefix else f"{own[0]} {symbol.text} {own[1]}"
        )  # fmt: skip
        names += own
    return operations, ", ".join(texts), names


@pytest.mark.parametrize("arity", [1, 2, 3])
def test_every_operation(machine, arity):
    """Over its sample in both precisions, and at special values."""
    operations, text, names = table(arity)
    f, g = both(text, args=names)
    assert f"<{machine.width // 8} x double>" in f.source_for("llvm")
    draw = np.random.default_rng(0)
    regions = [p.sample[k] if k < len(p.sample) else p.sample[0] for p in operations for k in range(p.arity)]
    samples = [draw.uniform(low, high, 103) for low, high in regions]
    values = points.SPECIAL[::2] if arity == 3 else points.SPECIAL
    special = [np.append(a.ravel(), [1.0] * 3) for a in np.meshgrid(*[values] * arity)]
    cases = [(samples, np.float64), (samples, np.float32), (special * len(operations), np.float64)]
    for args, dtype in cases:
        given = [a.astype(dtype) for a in args]
        with np.errstate(all="ignore"):
            got, want = leaves(f(*given)), leaves(g(*given))
        for p, one, other in zip(operations, got, want, strict=True):
            assert one.dtype == other.dtype
            distance = points.apart(one, other, points.CANCELS.get(p.name, 0))
            if p.name == "lgamma" and args is not samples:  # SciPy's are wrong there
                distance[(np.abs(args[0]) < 1e-300) | (args[0] == -np.inf)] = 0
            assert np.all(distance <= points.MOST[p.module]), (p.name, dtype)
            if args is not samples:
                np.testing.assert_array_equal(np.signbit(one[one == 0]), np.signbit(other[one == 0]), err_msg=p.name)


@pytest.mark.parametrize(("text", "args", "loops"), [case for case in elements.FUSED if case[2] is not None])
def test_core_arrays(machine, text, args, loops):
    del loops
    f, g = both(text, args=args)
    assert f.value_and_grad.backend == "llvm"
    most = 1e5 if "softmax" in text else 100
    for n, loop in [(2, ()), (3, (4,)), (17, ()), (70, (2, 3)), (1100, ())]:
        elements.agree(f.value_and_grad, g.value_and_grad, elements.drawn(f, n, loop), most)
    for n in (3, 600):
        elements.agree(f.value_and_grad, g.value_and_grad, elements.drawn(f, n, (), np.float32), most)


def test_every_element_is_taken_once(machine):
    f = symdiff.compile("sum(x)", args="x[n]", backend="llvm")
    for n in range(1, 54):
        assert f(2.0 ** np.arange(n)) == 2.0**n - 1


@pytest.mark.parametrize("size", [3, 1001, 200_000])
def test_warnings_are_those_of_numpy(machine, size):
    for text in ("log(x)", "exp(1000*x)", "sqrt(x) + 1/x"):
        f, g = both(text, threads=2)
        x = np.linspace(0.1, 0.5, size)
        assert points.reported(f, x) == points.reported(g, x) == []
        x[size // 2], x[0] = 1.0, 0.0
        assert points.reported(f, x) == points.reported(g, x) != []
        assert points.reported(f.grad, x) == points.reported(g.grad, x)
    f = symdiff.compile("sum(1/x)", args="x[n]", backend="llvm")
    assert [text for text, _ in points.reported(f, x)] == ["divide by zero encountered in divide"]


def test_floats_and_layouts(machine):
    f, g = both(points.EXAMPLE)
    assert f.value_and_grad(2.0, 5.0) == g.value_and_grad(2.0, 5.0)
    x = np.linspace(1.1, 3, 210).reshape(30, 7)
    for args in ((x, 2.5), (x[::2], x[1::2]), (x.T, x[:, :1].T), (x[:, None], x), (x[:, 2], x[:, 3])):
        points.agree(f, g, args, least=1)
        points.agree(f.vjp, g.vjp, (*args, 1.5), most=16, least=1)
