"""What a call costs does not depend on the numbers that it is given, nor compiling on those in the text."""

import itertools
import math
import re
import subprocess
import sys

import mpmath
import numpy as np
import pytest
from tables import each

import symdiff
from symdiff.ops.table import BUILT_IN, FORMULAS, FUNCTIONS

pytestmark = pytest.mark.long

pytest.importorskip("scipy")

# Far out, near poles and near the ends of the range.
EXTREME = [0.5 - 2.0**50, -1e12 - 0.5, -1e11 - 0.25, -(2.0**53), -1e18, -1e300, 0.5, 1e-300, -5e-324, -1 + 2.0**-53, 2.0**50 + 0.5, 1e18, 1e308, math.inf, -math.inf, math.nan]  # fmt: skip

SWEEP = """
import itertools, warnings
import numpy as np
import symdiff
warnings.simplefilter("ignore")
inf, nan = float("inf"), float("nan")
extreme = {extreme}
native = {{}}
def run(g, names):
    points = list(itertools.product(extreme if len(names) < 3 else extreme[::3], repeat=len(names)))
    g(*np.array(points).T)
    for point in points if len(names) == 1 else points[::7]:
        g(*point)
for call, names in {calls}:
    f = symdiff.compile(call, args=names)
    if symdiff.compile(call, args=names, backend="llvm").backend == "llvm":
        native.setdefault(tuple(names), []).append(call)
    run(f, names)
    run(f.value_and_grad, names)
    if len(names) == 1:
        for z in (np.array(extreme) + 0.3j, 0.3 + 1j*np.array(extreme)):
            try:
                f.grad(z)
            except TypeError:  # not defined there
                pass
        bound = dict(constants=dict(a=0.0), args="x")
        for value in extreme:
            bound["constants"]["a"] = value
            symdiff.compile(f"x*{{call}}", **bound)(1.0)
            symdiff.compile(f"x*{{call}}", optimize=False, **bound)(1.0)
    print(call)
for names, calls in native.items():
    run(symdiff.compile(", ".join(calls), args=names, backend="llvm"), names)
print("native")
"""


def calls():
    for name, entry in {**FUNCTIONS, **FORMULAS}.items():
        if name in BUILT_IN and name in (entry.name, "Max"):
            count = len(entry.parameters)
            names = ["a", "b", "c"][:count]
            yield (f"{name}({', '.join(names)})", names) if name != "polygamma" else ("polygamma(2, a)", ["a"])
    for text in ("polygamma(1, a)", "polygamma(9, a)", "polygamma(170, a)", "polygamma(171, a)", "polygamma(1e9, a)"):
        yield text, ["a"]
    yield from (("a^(2^50)", ["a"]), ("a^-(2^50)", ["a"]), ("a**b", ["a", "b"]), ("a % b", ["a", "b"]))


def finishes(script, expected):
    """Run in a process of its own, because nothing ends a loop inside of a library but the end of its process."""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.split("\n")[:-1] == expected


@each("part", range(2))
def test_no_operation_takes_steps_of_one(part):
    pytest.importorskip("llvmlite")
    chosen = list(itertools.islice(calls(), part, None, 2))
    finishes(SWEEP.format(extreme=EXTREME, calls=chosen), [*[call for call, _ in chosen], "native"])


FAR = [
    'C("x + polygamma(1, 0.5 - 2^50)")(0.0)',
    'C("polygamma(3, -1e15 - 0.5)*x", optimize=False)(1.0)',
    'C("digamma(x)").grad(-1e11 - 0.5)',
    'C("lgamma(x)").hessian(np.full(3, -1e12 - 0.5))',
    'C("gammaln(x)").diff("x", "x", "x")(np.float32(-8388607.5))',
    'C("gamma(x)*digamma(y)").hessian(0.5, -1e13 - 0.5)',
    'C("sum(digamma(x))", args="x[n]").grad(np.array([2.0, -1e12 - 0.5]))',
    'C("digamma(a)*x", constants={"a": -1e12 - 0.5}).grad(1.0)',
    'C("lgamma(x)").vjp(-1e12 - 0.5, 1.0), C("digamma(x)").jvp(-1e12 - 0.5, 1.0), C("digamma(x)").jacobian(-1e12 - 0.5)',
    'C("digamma(x)").grad.trace(-1e12 - 0.5), C("digamma(x)").check(-1e12 - 0.5)',
    'C("where(x > 0, lgamma(x), 0)").hessian(np.array([-1e12 - 0.5, 2.0]))',
    'C("digamma(x)").export(at={"x": -1e12 - 0.5}, include="value grad")',
]


def test_derivatives_of_the_gamma_function_far_below_zero():
    script = "import numpy as np\nfrom symdiff import compile as C\n"
    finishes(script + "".join([f"{code}\nprint({k})\n" for k, code in enumerate(FAR)]), [*map(str, range(len(FAR)))])


def exact(n, x):
    """Polygamma to many digits: mpmath steps too, but what is left of x may be replaced by its part in (0, 1)."""
    x = mpmath.mpf(float(x))
    part = x - mpmath.floor(x)
    return mpmath.polygamma(n, part) + (-1) ** n * (mpmath.polygamma(n, 1 - x) - mpmath.polygamma(n, 1 - part))


BELOW = [-5e-324, -1e-300, -1e-9, -0.25, -0.5, -0.75, -1 + 2.0**-53, -1.25, -2.5, -7.9, -33.3, -1000.5, -1000.25, -1e6 - 1e-9, -123456.789, -1e11 - 0.5, -1e11 - 0.25, -1e12 - 0.0001220703125, 0.5 - 2.0**50, 0.5 - 2.0**52]  # fmt: skip


@each("order", [1, 2, 3, 4, 7, 12])
def test_polygamma_between_poles(order):
    f, g = symdiff.compile(f"polygamma({order}, x)"), symdiff.compile("digamma(x)").diff(*"x" * order)
    assert g.source == g.source.replace("special.psi", "")
    scope = {"np": np}
    exec(g.source, scope)
    with np.errstate(over="ignore"):
        arrays = [h(np.array(BELOW)) for h in (f, g, scope["diff"])]
        for k, x in enumerate(BELOW):
            with mpmath.workdps(250 if x < -1e-9 else 700):
                want = float(exact(order, x))
            for got in (f(x), g(x), *[array[k] for array in arrays]):
                assert got == pytest.approx(want, rel=1e-14, abs=0), (order, x)
            single = np.float32(x)
            if -8e6 < x < -1e-30 and single % 1:
                with mpmath.workdps(60):
                    want = float(exact(order, single))
                assert f(single) == pytest.approx(want, rel=2e-5 * order)


def test_polygamma_at_poles_and_beyond_them():
    from scipy import special

    x = np.array([0.0, -0.0, -1.0, -2.0, -1e6, -(2.0**52), -(2.0**60), -1e300, -math.inf, math.inf, math.nan, 0.3, 5.0])
    for order in range(1, 5):
        f = symdiff.compile(f"polygamma({order}, x)")
        with np.errstate(all="raise"):
            np.testing.assert_array_equal(f(x), special.polygamma(order, x))
            np.testing.assert_array_equal([f(float(one)) for one in x], special.polygamma(order, x))
            mixed = f(np.array([-1.0, -0.5, 3.0]))
        assert mixed[[0, 2]].tolist() == special.polygamma(order, [-1.0, 3.0]).tolist()
    assert math.isnan(symdiff.compile("polygamma(171, x)")(-0.5))  # 171! is beyond floats
    assert symdiff.compile("polygamma(0, x)", optimize=False)(-2.5) == pytest.approx(
        float(special.psi(-2.5)), rel=1e-14
    )


def test_the_source_of_polygamma_stands_alone():
    f = symdiff.compile("lgamma(polygamma*x)", args="polygamma, x")
    scope = {"np": np}
    exec(f.hessian.source, scope)
    np.testing.assert_array_equal(scope["hessian"](0.5, -3.0), f.hessian(0.5, -3.0))
    assert f.hessian.source.count("def polygamma(") == 1
    assert re.search(r"def hessian\(polygamma_, x\)", f.hessian.source)
    module = {"__name__": "exported"}
    exec(symdiff.compile("digamma(x)*y").export(include="value grad hessian", at={"x": -2.5, "y": 2.0}), module)
    found = module["hessian"](-1e11 - 0.5, 2.0)
    np.testing.assert_array_equal(found, symdiff.compile("digamma(x)*y").hessian(-1e11 - 0.5, 2.0))
    assert module["check"]()
    assert "polygamma" not in symdiff.compile("digamma(x)").source
