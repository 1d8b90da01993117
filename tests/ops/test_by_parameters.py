"""Derivatives of special functions by their parameters: the methods against mpmath, in the middle and in the tails."""

import warnings
from importlib import import_module

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from symdiff.derive import calculus
from symdiff.emit import numpy as numpy_target
from symdiff.graph.ir import Graph, Program
from symdiff.ops.table import PRIMITIVES
from symdiff.runtime.load import load
from symdiff.simplify.build import Builder

pytest.importorskip("scipy")

# The functions and their arguments: parameters that are differentiated, then x. The rows are in the tails, far away from
# each other, at whole numbers, and where methods meet.
CASES = {
    "gammainc_by_a": (
        lambda a, x: mpmath.gammainc(a, 0, x, regularized=True),
        [(2.5, 3.0), (1.0, 1e-9), (1e-8, 0.5), (1e-3, 2.0), (40.0, 3.0), (60.0, 200.0), (300.0, 301.0), (7.0, 8.0)],
    ),
    "betainc_by_ab": (
        lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True),
        [(2.5, 3.0, 0.4), (0.5, 0.5, 1e-6), (30.0, 2.0, 0.5), (3.0, 50.0, 0.5), (0.01, 0.02, 0.97), (1.0, 1.0, 0.25)],
    ),
    "jv_by_v": (mpmath.besselj, [(1e-3, 1e-8), (0.5, 2.0), (-2.5, 30.0), (40.1, 10.0), (30.2, 30.0)]),
    "yv_by_v": (mpmath.bessely, [(0.5, 1e-8), (0.5, 2.0), (-2.7, 30.0), (40.1, 10.0), (30.2, 30.0)]),
    "iv_by_v": (mpmath.besseli, [(0.5, 1e-8), (0.5, 2.0), (-2.7, 5.0), (40.1, 300.0)]),
    "kv_by_v": (mpmath.besselk, [(0.5, 1e-8), (0.5, 2.0), (-2.7, 5.0), (40.1, 300.0)]),
    "zeta_by_x": (
        mpmath.zeta,
        [(2.0, 1.0), (1.001, 0.3), (30.0, 2.5), (3.5, 1e4), (-0.25, 1.0), (-7.5, 1.0)],
    ),
    "hyp0f1_by": (lambda z, v: mpmath.hyp0f1(v, z), [(2.0, 1.5), (-60.0, 0.5), (30.0, 180.0), (-300.0, 100.0)]),
    "hyp1f1_by": (
        lambda z, a, b: mpmath.hyp1f1(a, b, z),
        [(0.3, 1.5, 2.5), (90.0, 1.5, 2.5), (-90.0, 1.5, 2.5), (-3.0, -2.0, 0.5), (1e-9, 0.0, 3.0)],
    ),
    "hyp2f1_by": (
        lambda z, a, b, c: mpmath.hyp2f1(a, b, c, z),
        [(0.3, 1.5, 2.5, 3.5), (0.95, 0.5, 0.5, 1.0), (-50.0, 0.5, 1.5, 2.0), (-0.5, -2.0, 1.0, 0.5)],
    ),
}
# The orders that are compared, and where they stand: before the arguments they belong to, in the same order
ORDERS = {
    1: [(1,), (2,)],
    2: [(1, 0), (0, 1), (1, 1), (2, 0)],
    3: [(0, 1, 0), (0, 0, 1), (0, 1, 1), (1, 1, 0), (0, 2, 0)],
    4: [(0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (1, 0, 1, 0), (0, 1, 0, 1)],
}


def method(name):
    return getattr(import_module(f"symdiff.ops.methods.{PRIMITIVES[name].helper}"), name)


@pytest.mark.parametrize("name", CASES)
def test_against_mpmath(name):
    reference, points = CASES[name]
    of_z = name.startswith("hyp")  # the derivative by z comes first, and z itself last
    for orders in ORDERS[PRIMITIVES[name].orders]:
        given = [(*rest, z) for z, *rest in points] if of_z else points
        got = method(name)(*orders, *map(np.array, zip(*given, strict=True)))
        assert method(name)(*map(float, orders), *given[0]) == pytest.approx(got[0], rel=1e-14)
        for point, number in zip(points, got, strict=True):
            by = (*orders, *[0] * (len(point) - len(orders)))
            with mpmath.workdps(30 if name != "gammainc_by_a" else 60):  # its reference cancels in the upper tail
                right = mpmath.re(mpmath.diff(reference, tuple(map(mpf, point)), by))
            assert number == pytest.approx(float(right), rel=1e-10, abs=1e-300), (orders, point)


def test_bessel_functions_of_whole_orders():
    """The sums of DLMF 10.15.3, 10.15.4 and 10.38.4."""

    def rest(f, n, x):
        terms = [(x / 2) ** k * f(k, x) / mpmath.factorial(k) / (n - k) for k in range(n)]
        return mpmath.factorial(n) / 2 * (x / 2) ** -n * mpmath.fsum(terms)

    for n in (0, 1, 2, 5):
        for x in (0.01, 1.0, 7.5):
            with mpmath.workdps(40):
                z = mpf(x)
                right = {
                    "jv_by_v": mpmath.pi / 2 * mpmath.bessely(n, z) + rest(mpmath.besselj, n, z),
                    "yv_by_v": -mpmath.pi / 2 * mpmath.besselj(n, z) + rest(mpmath.bessely, n, z),
                    "kv_by_v": rest(mpmath.besselk, n, z),
                }
            for name, number in right.items():
                assert method(name)(1, n, x) == pytest.approx(float(number), rel=1e-11), (name, n, x)


def test_scaled_bessel_functions():
    for name, plain, sign in (("ive", mpmath.besseli, -1), ("kve", mpmath.besselk, 1)):
        for k, n in ((0, 1), (1, 1), (2, 1), (1, 2)):
            for v, x in ((0.5, 2.0), (2.3, 500.0), (-1.5, 3.0)):
                with mpmath.workdps(20):
                    right = mpmath.diff(
                        lambda v, x, f=plain, s=sign: mpmath.re(f(v, x) * mpmath.exp(s * x)), (v, x), (n, k)
                    )
                assert method(f"{name}_by_v")(k, n, v, x) == pytest.approx(float(right), rel=1e-10)


def test_edges_and_arguments_outside_of_the_domain():
    nan, inf = np.nan, np.inf
    rows = [
        ("gammainc_by_a", (1,), [(2.0, 0.0), (2.0, inf), (-1.0, 1.0), (1.0, -1.0), (nan, 1.0)], [0, 0, nan, nan, nan]),
        (
            "betainc_by_ab",
            (1, 0),
            [(2.0, 2.0, 0.0), (2.0, 2.0, 1.0), (2.0, 2.0, 1.5), (0.0, 2.0, 0.5)],
            [0, 0, nan, nan],
        ),
        ("jv_by_v", (1,), [(0.0, 0.0), (1.0, 0.0), (1.0, -1.0), (1.0, inf)], [-inf, 0, nan, 0]),
        ("iv_by_v", (1,), [(0.0, 0.0), (1.0, 0.0), (1.0, -1.0)], [-inf, 0, nan]),
        ("yv_by_v", (1,), [(1.0, 0.0), (1.0, -1.0)], [nan, nan]),
        ("kv_by_v", (1,), [(1.0, 0.0), (1.0, -1.0), (0.0, 2.0), (1.0, inf)], [nan, nan, 0, 0]),
        ("zeta_by_x", (1,), [(0.5, 2.0), (1.0, 1.0), (2.0, -1.0)], [nan, nan, nan]),
        ("hyp1f1_by", (0, 1, 0), [(1.0, 2.0, 800.0)], [nan]),
        ("hyp2f1_by", (0, 1, 0, 0), [(1.0, 2.0, 3.0, 0.999), (1.0, 2.0, 3.0, 1.5)], [nan, nan]),
    ]
    with warnings.catch_warnings(action="error"):
        for name, orders, points, expected in rows:
            got = method(name)(*orders, *np.array(points).T)
            np.testing.assert_array_equal(got, expected, err_msg=name)


def test_shapes_precision_and_more_elements_than_a_block():
    f = method("gammainc_by_a")
    assert isinstance(f(1.0, 2.0, 3.0), float)
    assert f(1, np.ones((2, 1)), np.ones((1, 3))).shape == (2, 3)
    assert f(1, np.ones((0,)), 3.0).shape == (0,)
    assert f(1, np.ones(2, np.float32), 3.0).dtype == np.float32
    x = np.linspace(0.1, 20.0, 5000)
    np.testing.assert_allclose(f(1, 2.0, x)[[0, 4095, 4096, 4999]], f(1, 2.0, x[[0, 4095, 4096, 4999]]), rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("gammainc_by_a(1, a, x)", (2.5, 3.0)),
        ("gamma_ratio_by_a(1, a, x)", (2.5, 3.0)),
        ("gamma_ratio_by_a(2, a, x)", (2.5, 5.0)),
        ("gamma_density_by_a(2, a, x)", (2.5, 3.0)),
        ("betainc_by_ab(1, 0, a, b, x)", (2.5, 3.0, 0.3)),
        ("beta_density_by_ab(1, 1, a, b, x)", (2.5, 3.0, 0.3)),
        ("jv_by_v(1, a, x)", (2.5, 3.0)),
        ("iv_by_v(1, a, x)", (2.5, 3.0)),
        ("kve_by_v(0, 1, a, x)", (2.5, 3.0)),
        ("zeta_by_x(1, a, x)", (2.5, 3.0)),
        ("hyp1f1_by(0, 1, 0, a, b, x)", (2.5, 3.0, 0.3)),
        ("hyp2f1_by(0, 1, 0, 0, a, b, b + 1, x)", (2.5, 3.0, 0.3)),
    ],
)
def test_rules(text, point):
    names = ["a", "b", "x"] if len(point) == 3 else ["a", "x"]
    graph = Graph()
    builder = Builder(graph)
    inputs = tuple(builder.input(name) for name in names)
    out = builder.formula(text, dict(zip(names, inputs, strict=True)))
    program = Program(graph, inputs, (out,), ("out",))
    both = calculus.gradient(program, names)
    for made, nest in ((program, 0), (both, tuple(range(len(names))))):
        source = numpy_target.source(numpy_target.prepare(made), "f", nest)
        if made is program:
            value = load(source, "f")
        else:
            gradient = load(source, "f")
    got = gradient(*point)
    for k in range(len(names)):
        step = np.zeros(len(names))
        step[k] = 1e-5
        slope = (value(*(point + step)) - value(*(point - step))) / 2e-5
        assert got[k] == pytest.approx(slope, rel=1e-7), names[k]
