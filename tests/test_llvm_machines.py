"""The native target as other processors of the family have it: narrower vectors, no vector functions, no flags."""

from dataclasses import replace

import numpy as np
import pytest
import test_llvm
import test_llvm_arrays
from test_llvm import MOST, NUMERIC, SPECIAL, USERS, call_of, reported
from test_llvm_arrays import FUSED, LOSS, LOSS_ARGS, drawn

import symdiff
from symdiff import compiler
from symdiff.runtime import native

pytest.importorskip("llvmlite", reason="the extra symdiff[llvm] is not installed")

# The processor whose code is made, a feature that it lacks, and what there is then: bytes and letter of a vector.
PROCESSORS = {
    "avx2": ("haswell", ("avx512",), 32, "d"),
    "sse2": ("x86-64", ("avx", "fma", "f16c", "xop", "vaes", "vpclmul", "gfni"), 16, "b"),
    "no vector functions": ("haswell", ("avx512",), 32, ""),
    "unknown": ("", (), 0, ""),
}


@pytest.fixture(params=PROCESSORS)
def machine(request, monkeypatch):
    """Native code is made as for this processor, with what is found of it, and Functions are new."""
    llvm = native.binding()
    name, lacks, width, letter = PROCESSORS[request.param]
    features = llvm.get_host_cpu_features()
    if width and native.machine().family != "x86":
        pytest.skip("the processor is of another family")
    if request.param != "unknown" and not all(features.get(f) for f in {64: ["avx512f"], 32: ["avx2"]}.get(width, [])):
        pytest.skip("the processor has no such vectors")
    for feature in features:
        if feature.startswith(tuple(lacks)):
            features[feature] = False
    if name:
        monkeypatch.setattr(llvm, "get_host_cpu_features", lambda: features)
        monkeypatch.setattr(llvm, "get_host_cpu_name", lambda: name)
    if not letter:
        library = native._library
        monkeypatch.setattr(native, "_library", lambda name: None if name == "libmvec.so.1" else library(name))
    made = native.machine.__wrapped__() if width else replace(native.machine(), family="")
    monkeypatch.setattr(native, "machine", lambda: made)
    monkeypatch.setattr(compiler, "_CACHE", compiler._Cache())
    if width:
        assert made.width == width
        assert {text[4] for text in made.variants.values()} == set(letter) or native._library("libmvec.so.1") is None
    return made


def both(text, **options):
    return symdiff.compile(text, backend="llvm", **options), symdiff.compile(text, **options)


def test_the_vectors_are_those_of_the_processor(machine):
    f, g = both("exp(x)*log(x)")
    source = f.source_for("llvm")
    assert f"<{machine.width // 8} x double>" in source
    assert f"<{machine.width // 4} x double>" not in source
    variant = machine.variants.get("exp")
    assert f"@{variant or 'each.exp'}(" in source
    for x in (np.linspace(1, 2, 1003), np.linspace(1, 2, 1003, dtype=np.float32)):
        test_llvm.agree(f, g, [x], most=8)  # those of NumPy in single precision


@pytest.mark.parametrize("primitive", USERS, ids=lambda p: p.name)
def test_every_operation(machine, primitive):
    """Over its sample in both precisions, and at special values."""
    assert primitive in NUMERIC
    f, g = both(call_of(primitive), args=primitive.parameters)
    assert f.backend == "llvm"
    draw = np.random.default_rng(0)
    for dtype in (np.float64, np.float32):
        args = [draw.uniform(low, high, 131).astype(dtype) for low, high in primitive.sample]
        test_llvm.agree(f, g, args, most=MOST[primitive.module], least=test_llvm.CANCELS.get(primitive.name, 0))
    values = SPECIAL[::2] if primitive.arity == 3 else SPECIAL
    args = [np.append(a.ravel(), [1.0] * 3) for a in np.meshgrid(*[values] * primitive.arity)]
    if primitive.name == "lgamma":
        args = [np.where((np.abs(a) < 1e-300) | (a == -np.inf), 0.0, a) for a in args]  # SciPy's are wrong there
    test_llvm.agree(f, g, args, most=MOST[primitive.module])


ANY = [
    ("max(x) - min(x)*sum(x)", "x[n]"),
    ("prod(x) + mean(x)", "x[n]"),
    ("norm(x - max(x))/logsumexp(x)", "x[n]"),
    ("where(max(where(x > a, 1, 0)) > 0, sum(x), prod(x))", "x[n], a"),
    ("sum(where(min(where(x > a, 1, 0)) > 0, log(x), x))", "x[n], a"),
]
CASES = [*[case[:2] for case in FUSED], *ANY]


@pytest.mark.parametrize(("text", "args"), CASES, ids=[c[0] for c in CASES])
def test_reductions(machine, text, args):
    f, g = both(text, args=args)
    assert f.backend == "llvm" or "x.T" in text or "X" in text
    members = [(f, g), (f.value_and_grad, g.value_and_grad)]
    most = 1e5 if "softmax" in text else 100
    for n, loop in [(2, ()), (3, (4,)), (4, ()), (9, ()), (17, (2, 1, 3)), (530, ())]:
        for dtype in (np.float64, np.float32):
            for one, other in members:
                if one.backend == "llvm":
                    test_llvm_arrays.agree(one, other, drawn(f, n, loop, dtype), most)


@pytest.mark.parametrize("text", ["sum(x)", "max(x)", "min(x)", "prod(x)", "mean(x*x)", "logsumexp(x)"])
def test_reductions_of_special_values(machine, text):
    f, g = both(text, args="x[n]")
    for at, one, other in [(k, a, b) for k in (0, 5, 74) for a in (np.nan, np.inf, -np.inf) for b in (0, -0.0, np.inf)]:
        x = np.linspace(-1, 1, 75)
        x[at], x[30] = one, other
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(f(x), g(x), rtol=1e-12, atol=1e-13)


def test_every_element_is_taken_once(machine):
    f = symdiff.compile("sum(x)", args="x[n]", backend="llvm")
    for n in range(1, 54):
        assert f(2.0 ** np.arange(n)) == 2.0**n - 1


def test_threads(machine):
    for text, args, n in [("exp(x)*y", "x, y", 300_001), (LOSS, LOSS_ARGS, 300_001)]:
        f, g = both(text, args=args, threads=3)
        given = [np.linspace(0.1, 2, n)] * 2 if args == "x, y" else drawn(f, n)
        test_llvm_arrays.agree(f.value_and_grad, g.value_and_grad, given, most=1000)


@pytest.mark.parametrize("size", [7, 100_000])
def test_warnings_are_those_of_numpy(machine, size):
    """Without flags NumPy judges each call."""
    good, bad = np.linspace(1.0, 1.5, size), np.linspace(1, 2, size)
    bad[size // 2], bad[size // 3] = 0.0, -1.0
    for text in ("log(x)", "1/x + exp(1000*x)", "where(x > 0, log(x), 0)"):
        f, g = both(text)
        h, k = both(f"sum({text})", args="x[n]")
        for one, other in ((f, g), (f.grad, g.grad), (h, k), (h.grad, k.grad)):
            for x in (good, bad, good):
                assert sorted(reported(one, x)) == sorted(reported(other, x))
            with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
                f(bad) if text != "where(x > 0, log(x), 0)" else symdiff.compile("1/x", backend="llvm")(bad)


def test_floats(machine):
    """Single numbers, whose code has vectors of one lane."""
    f, g = both("log(x)/y + sin(x*y)", args="x, y")
    for args in ((1.5, 2.0), (0.0, 1.0), (-1.0, 1.0), (1.0, 0.0)):
        with np.errstate(all="ignore"):
            got, want = (test_llvm.flat(h.value_and_grad(*args)) for h in (f, g))
        np.testing.assert_allclose(got, want, rtol=1e-14)
        assert all(type(v) is float for v in got)
