"""Functions and operators as other packages and the files of models write them."""

import functools
import math
from itertools import product

import mpmath
import numpy as np
import pytest
from backends import VARIANTS
from reference import ulps
from tables import each

import symdiff
from symdiff import ParseError, ShapeError
from symdiff.language.arrays import ARRAY_FUNCTIONS
from symdiff.ops.table import BASIC, CORE, FORMULAS, FUNCTIONS, PRIMITIVES

NAMES = sorted({*FUNCTIONS, *FORMULAS, *ARRAY_FUNCTIONS, "piecewise"})
SOFT = [name for name in NAMES if name not in CORE]
quiet = pytest.mark.filterwarnings("ignore::RuntimeWarning")


# Spellings


@each(
    ("text", "same"),
    [
        ("x > 0 && y < 0", "x > 0 and y < 0"), ("x < 0 || y < 0", "x < 0 or y < 0"), ("x && y", "x and y"),
        ("x < 0 || x > 0 && y > 0", "x < 0 or (x > 0 and y > 0)"), ("(x < 0 || y < 0) && z > 0", "(x < 0 or y < 0) and z > 0"),
        ("x > 0 && y < 0 || z < 0 and x < 0", "(x > 0 and y < 0) or (z < 0 and x < 0)"), ("x+1 > 0&&y*2 < 0", "x + 1 > 0 and y*2 < 0"),
        ("!(x > 0)", "not x > 0"), ("!(x > 0) && y < 0", "(not x > 0) and y < 0"), ("!x", "not x"), ("!!x", "not not x"),
        ("x > 0 && !(y > 0)", "x > 0 and not y > 0"), ("2*!x", "2*(x == 0)"), ("x*!(y > 0)", "x*(y <= 0)"), ("-!y", "-(y == 0)"),
        ("(!x) > y", "(x == 0) > y"), ("x if !(y > 0) else z", "x if y <= 0 else z"), ("!x^2", "not x^2"), ("x^!y", "x^(y == 0)"),
        ("where(!(x > 0) || y < 0, x, z)", "where(x <= 0 or y < 0, x, z)"), ("!(x > 0) & (y < 0)", "~(x > 0) & (y < 0)"),
        ("x!=y", "x != y"), ("x != !y", "x != (y == 0)"), ("!x!=y", None), ("!(x > 0) == (y > 0)", None),
        ("piecewise(x, x > 1, y, x > 0, z)", "Piecewise((x, x > 1), (y, x > 0), (z, True))"), ("piecewise(x, x > 0, 0)", "where(x > 0, x, 0)"),
        ("piecewise(x, x > 0 && y < 0, y)", "where(x > 0 and y < 0, x, y)"), ("piecewise((x, x > 1), (y, True))", "where(x > 1, x, y)"),
        ("piecewise(x**2, x >= 0)", "Piecewise((x**2, x >= 0))"), ("2*piecewise(x, True, y) + 1", "2*x + 1"), ("piecewise(z)", "z"),
        ("piecewise(x > 0, y < 0, 0)", "where(y < 0, x > 0, 0)"), ("piecewise(piecewise(x, y > 0, z), x > 0, y)", "where(x > 0, where(y > 0, x, z), y)"),
        ("div(x, y)", "x/y"), ("divide(x, y + z)", "x/(y + z)"), ("rem(x, y)", "fmod(x, y)"), ("sec(x)", "1/cos(x)"), ("csc(y)", "1/sin(y)"),
        ("cosec(y)", "csc(y)"), ("cotan(y)", "cot(y)"), ("coth(y)", "1/tanh(y)"), ("cosech(y)", "csch(y)"), ("asec(z)", "arcsec(z)"),
        ("acsc(z)", "arccsc(z)"), ("acot(z)", "arccot(z)"), ("asech(x)", "arcsech(x)"), ("arsech(x)", "arcsech(x)"), ("acsch(y)", "arccsch(y)"),
        ("arcsch(y)", "arccsch(y)"), ("acoth(z)", "arccoth(z)"), ("arcoth(z)", "arccoth(z)"), ("arsinh(x)", "asinh(x)"), ("arcosh(z)", "acosh(z)"),
        ("artanh(x)", "atanh(x)"), ("asind(x)", "rad2deg(arcsin(x))"), ("acosd(x)", "rad2deg(arccos(x))"), ("atand(y)", "rad2deg(arctan(y))"),
        ("acotd(y)", "rad2deg(arccot(y))"), ("asecd(z)", "rad2deg(arcsec(z))"), ("acscd(z)", "rad2deg(arccsc(z))"), ("secd(x)", "1/cosd(x)"),
        ("cscd(x)", "1/sind(x)"), ("atan2d(x, y)", "rad2deg(arctan2(x, y))"), ("re(x)", "x"), ("real(x*y)", "x*y"), ("conj(x)", "x"),
        ("conjugate(x + y)", "x + y"), ("arg(y)", "angle(y)"), ("im(x)", "imag(x)"),
    ],
)  # fmt: skip
def test_spellings_that_mean_the_same(text, same):
    if same is None:
        with pytest.raises(ParseError, match="write parentheses, as !"):
            symdiff.compile(text)
        return
    point = {"x": 0.7, "y": -1.3, "z": 2.5}
    for options in ({}, {"optimize": False}):
        f, g = (symdiff.compile(t, args="x, y, z", **options) for t in (text, same))
        assert f(**point) == pytest.approx(g(**point), rel=1e-15)
        assert f.grad(**point) == pytest.approx(g.grad(**point), rel=1e-14)


@each(
    ("text", "position", "said"),
    [
        ("5!", 1, "gamma(n + 1)"), ("n!/(k!*(n - k)!)", 1, "gamma(n + 1)"), ("(n)!", 3, "gamma(n + 1)"), ("x !y", 2, "gamma(n + 1)"),
        ("!x > 0", 3, "!(x > y) or (!x) > y"), ("!x + 1", 3, "!(x + y)"), ("!x*y", 2, "(!x) * y"), ("!-x < 0", 4, "!(x < y)"),
        ("y + !x - 1", 7, "(!x) - y"), ("!(x > 0)*y", 8, "(!x) * y"), ("!", 1, "stops after"), ("x &&", 4, "stops after"),
        ("&& x", 0, "a value is missing"), ("x ||", 4, "stops after"), ("||x||", 0, "norm(x)"), ("x |||y", 4, "a value is missing"),
        ("piecewise(x > 0, x, -x)", 0, "values and conditions in turn"), ("piecewise(1, x, 2)", 0, "for a number write a != 0"),
        ("piecewise(1, 2, 3)", 0, "values and conditions in turn"), ("piecewise((x, x > 0), 1)", 0, "takes pairs"), ("piecewise()", 10, "needs an argument"),
        ("piecewise(x, y=2)", 0, "no named arguments"), ("Piecewise(x, x > 0, 0)", 0, "Piecewise takes pairs"), ("div(x)", 0, "takes 2 arguments, not 1"),
        ("fmod(x)", 0, "takes 2 arguments"), ("isnan(x, y)", 0, "takes 1 argument"), ("sec*sec(x)", 0, "needs an argument, as in sec(x)"),
    ],
)  # fmt: skip
def test_errors_say_what_and_where(text, position, said):
    with pytest.raises(ParseError) as caught:
        symdiff.compile(text)
    assert said in str(caught.value)
    assert caught.value.position == position, str(caught.value)


def test_a_piecewise_without_a_last_value_is_nan_elsewhere():
    f = symdiff.compile("piecewise(x**2, x > 1, 3*x, x < 0)")
    x = np.array([2.0, 0.5, -1.0])
    np.testing.assert_array_equal(f(x), [4.0, np.nan, -3.0])
    np.testing.assert_array_equal(f.grad(x).x, [4.0, 0.0, 3.0])
    g = symdiff.compile("piecewise(log(x), x > 0, sqrt(-x), x < 0, 0)")
    with np.errstate(all="raise"):
        np.testing.assert_allclose(g.grad(np.array([2.0, -4.0, 0.0])).x, [0.5, -0.25, 0.0])
    assert r"\text{otherwise}" in g.latex
    assert r"\text{otherwise}" not in f.latex


# Names


@pytest.mark.long
@each("name", SOFT)
def test_a_name_that_is_not_called_is_a_variable(name):
    for text in (f"{name}*x + 1", f"x/{name}**2", f"-{name} + sin(x)"):
        f = symdiff.compile(text)
        assert set(f.args) == {name, "x"}
        for derived in (f.grad, f.jacobian, f.hessian):
            assert np.all(np.isfinite(np.asarray(derived(**{name: 1.5, "x": 0.7}))))
        assert f.latex
    assert symdiff.compile(name)(2.0) == 2.0
    assert symdiff.compile(f"{name} = x + 1; {name}*x")(2.0) == 6.0
    assert symdiff.compile(f"{name}*x", constants={name: 3.0})(2.0) == 6.0
    assert symdiff.compile(f"x + {name}", args=f"x, {name}")(2.0, 3.0) == 5.0
    with pytest.raises(ParseError, match=f"'{name}' is not among the arguments"):
        symdiff.compile(f"x + {name}", args="x")
    with pytest.raises(ParseError, match=f"'{name}' is a variable here"):
        symdiff.compile(f"{name}(x)", args=f"{name}, x")


def test_every_name_that_is_none_of_the_core_is_new():
    assert set(NAMES) >= CORE - {"Piecewise"}
    for name in CORE:
        with pytest.raises(ParseError, match=rf"function '{name}' needs an argument, as in {name}\(x\)"):
            symdiff.compile(f"{name}*x")


def test_derivatives_do_not_see_variables_with_the_names_of_functions_of_their_rules():
    f = symdiff.compile("sech(x)*tanh_ + sind(x)*coth + tan(x)*real", args="x, tanh_, coth, real")
    assert f.diff("coth")(30.0, 1.0, 2.0, 3.0) == pytest.approx(0.5, rel=1e-15)
    assert f.diff("x")(0.3, 0.0, 1.0, 0.0) == pytest.approx(math.pi / 180 * math.cos(math.radians(0.3)))


# Numbers


def _asec(x):
    return mpmath.acos(1 / x)


EXACT = {
    "sec": mpmath.sec, "csc": mpmath.csc, "cot": mpmath.cot, "sech": mpmath.sech, "csch": mpmath.csch, "coth": mpmath.coth,
    "arcsec": _asec, "arccsc": lambda x: mpmath.asin(1 / x), "arccot": lambda x: mpmath.atan(1 / x), "arcsech": lambda x: mpmath.acosh(1 / x),
    "arccsch": lambda x: mpmath.asinh(1 / x), "arccoth": lambda x: mpmath.atanh(1 / x),
    "sind": lambda x: mpmath.sinpi(x / 180), "cosd": lambda x: mpmath.cospi(x / 180), "tand": lambda x: mpmath.sinpi(x / 180) / mpmath.cospi(x / 180),
    "cotd": lambda x: mpmath.cospi(x / 180) / mpmath.sinpi(x / 180), "secd": lambda x: 1 / mpmath.cospi(x / 180), "cscd": lambda x: 1 / mpmath.sinpi(x / 180),
    "asind": lambda x: mpmath.degrees(mpmath.asin(x)), "acosd": lambda x: mpmath.degrees(mpmath.acos(x)), "atand": lambda x: mpmath.degrees(mpmath.atan(x)),
    "asecd": lambda x: mpmath.degrees(_asec(x)), "acscd": lambda x: mpmath.degrees(mpmath.asin(1 / x)), "acotd": lambda x: mpmath.degrees(mpmath.atan(1 / x)),
}  # fmt: skip
WAVE = [1e-9, 0.3, 1.0, 1.5707963, math.pi / 2, 2.0, 3.1415926535, math.pi, 10.0, 1e5 + 0.3, -0.7, -1e-9, -4.7]
LARGE = [1e-150, 1e-9, 1e-3, 0.3, 1.0, 5.0, 19.0, 40.0, 300.0, 700.0]
BEYOND = [1 + 2.0**-52, 1 + 1e-12, 1 + 1e-6, 1.3, 4.0, 1e5, 1e100, 1e153]
WITHIN = [1e-300, 1e-150, 1e-9, 0.3, 0.9, 1 - 1e-6, 1 - 1e-12, 1 - 2.0**-53]
TURNS = [
    1e-9,
    0.25,
    30.0,
    45.0,
    59.9,
    90 - 1e-9,
    90 + 2.0**-46,
    135.5,
    180 + 1e-9,
    200.0,
    270 - 1e-7,
    359.9999,
    1e5 + 0.3,
]
POINTS = {
    **dict.fromkeys(("sec", "csc", "cot"), WAVE), "sech": LARGE, "csch": LARGE, "coth": LARGE, "arcsec": BEYOND, "arccsc": BEYOND, "arccoth": BEYOND,
    "arccot": [*LARGE, 1e150], "arccsch": [*LARGE, 1e100], "arcsech": WITHIN, "asecd": BEYOND, "acscd": BEYOND, "acotd": LARGE,
    **dict.fromkeys(("sind", "cosd", "tand", "cotd", "secd", "cscd"), TURNS), "asind": [1e-9, 0.3, 0.9], "acosd": [1e-9, 0.3, 0.9], "atand": LARGE,
}  # fmt: skip
BOTH_SIGNS = {"sech", "csch", "coth", "arcsec", "arccsc", "arccoth", "arccot", "arccsch", "sind", "cosd", "tand"}
EVEN = {"sec", "sech", "cosd", "secd"}  # their derivatives vanish where they do not


@quiet
@each("name", EXACT)
def test_functions_to_all_digits(name):
    """Values and two derivatives near their poles, where they end, and where their parts overflow."""
    points = POINTS[name] + [-x for x in POINTS[name]] * (name in BOTH_SIGNS)
    others = [options for options in VARIANTS.values() if options]
    for options in ({}, others[list(EXACT).index(name) % len(others)]):
        f = symdiff.compile(f"{name}(x)", **options)
        for order, g in enumerate((f, f.diff("x"), f.diff("x", "x"))):
            arrays = g(np.array(points))
            for x, array in zip(points, arrays, strict=True):
                digits = 700 if 1e-300 < abs(x) < 1e-100 else 120
                with mpmath.workdps(digits):
                    value, want = _derivative(EXACT[name], mpmath.mpf(x), order, digits)
                    scale = max(abs(want), abs(value) / 100) if name in EVEN else abs(want)
                    if not 1e-290 < scale < 1e300:
                        continue
                    for got in (array, g(x)):
                        error = abs(mpmath.mpf(float(got)) - want) / scale
                        assert error < 3e-14, (name, order, x, options, float(got), float(want))


@functools.cache
def _derivative(function, x, order, digits):
    """The value, and the derivative of that order by steps that stay in the domain."""
    with mpmath.workdps(digits):
        value = function(x)
        step = min(abs(abs(x) - 1) or 1, abs(x), 1) * mpmath.mpf(10) ** -35
        return value, mpmath.diff(function, x, order, h=step) if order else value


@quiet
def test_derivatives_where_parts_of_functions_overflow():
    for name, x, value, slope in [
        ("sech", 800.0, 0.0, -0.0), ("sech", -800.0, 0.0, 0.0), ("csch", 800.0, 0.0, -0.0), ("csch", -800.0, -0.0, -0.0), ("coth", 800.0, 1.0, 0.0),
        ("coth", -800.0, -1.0, 0.0), ("arcsec", math.inf, math.pi / 2, 0.0), ("arcsec", -math.inf, math.pi / 2, 0.0), ("arccsc", -math.inf, -0.0, 0.0),
        ("arccot", math.inf, 0.0, 0.0), ("arccot", 1e300, 1e-300, 0.0), ("arccsch", math.inf, 0.0, 0.0), ("arccoth", -math.inf, -0.0, 0.0),
        ("arcsec", 1e300, math.pi / 2, 0.0), ("arccsc", 1e300, 1e-300, 0.0), ("arccoth", 1e300, 1e-300, 0.0), ("arcsec", 1.0, 0.0, math.inf),
        ("arcsec", -1.0, math.pi, math.inf), ("arccsc", -1.0, -math.pi / 2, -math.inf), ("arccoth", 1.0, math.inf, math.inf), ("arccoth", -1.0, -math.inf, math.inf),
        ("arcsech", 0.0, math.inf, -math.inf), ("arcsech", 1.0, 0.0, -math.inf), ("csch", 0.0, math.inf, -math.inf), ("csch", -0.0, -math.inf, -math.inf),
        ("arccot", 0.0, math.pi / 2, -1.0), ("arccot", -0.0, -math.pi / 2, -1.0), ("arccot", 1e-310, math.pi / 2, -1.0), ("cot", 0.0, math.inf, -math.inf),
    ]:  # fmt: skip
        for options in VARIANTS.values():
            f = symdiff.compile(f"{name}(x)", **options)
            for derived, want in ((f, value), (f.diff("x"), slope)):
                for got in (derived(x), derived(np.array([x]))[0]):
                    assert got == pytest.approx(want, rel=1e-15), (name, x, options)
    for name, points in (
        ("arcsec", [0.5, 0.0, -0.5]),
        ("arccsc", [0.5, 0.0]),
        ("arccoth", [0.5, 0.0, -0.5]),
        ("arcsech", [1.5, -0.5, -2.0]),
    ):
        for x in points:
            assert math.isnan(symdiff.compile(f"{name}(x)")(x))
            assert np.isnan(symdiff.compile(f"{name}(x)")(np.array([x]))[0])


def test_no_warning_where_there_is_nothing_to_warn_of():
    x = np.array([-800.0, -2.0, 0.0, 2.0, 800.0, math.inf])
    with np.errstate(all="raise", under="ignore"):
        for name in ("sech", "arccot", "atand", "acotd", "angle", "isnan", "isinf", "isfinite", "imag"):
            f = symdiff.compile(f"{name}(x)")
            for derived in (f, f.value_and_grad):
                derived(x)
                derived(-800.0)
            f.diff("x", "x")(x[:-1])
        symdiff.compile("csch(x) + coth(x)").hessian(x[[0, 1, 3, 4]])


def test_degrees_are_exact_at_right_angles():
    x = np.arange(-1080.0, 1081.0, 90.0)
    turn = (x / 90 % 4).astype(int)
    sine, cosine = np.array([0.0, 1.0, 0.0, -1.0])[turn], np.array([1.0, 0.0, -1.0, 0.0])[turn]
    rate = math.pi / 180
    for options in VARIANTS.values():
        sind, cosd, tand = (symdiff.compile(f"{name}(x)", **options) for name in ("sind", "cosd", "tand"))
        for got, want in [
            (sind, sine), (cosd, cosine), (sind.diff("x"), rate * cosine), (cosd.diff("x"), -rate * sine),
            (sind.diff("x", "x"), -rate * (rate * sine)), (cosd.diff("x", "x", "x"), rate * (rate * (rate * sine))),
        ]:  # fmt: skip
            np.testing.assert_array_equal(got(x), want)
            np.testing.assert_array_equal([got(float(one)) for one in x], want)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(np.abs(tand(x)), np.where(cosine == 0, np.inf, 0.0))
            np.testing.assert_array_equal(tand(x[:-1:2] + 45.0), np.where(turn[:-1:2] % 2, -1.0, 1.0) * 1.0)
            np.testing.assert_array_equal(tand.diff("x")(x), np.where(cosine == 0, np.inf, rate))
            assert tand(90.0) == math.inf
            assert tand(270.0) == -math.inf
        assert sind(1e300) == pytest.approx(float(mpmath.sinpi(mpmath.mpf(1e300) / 180)), rel=1e-15)
        assert sind(-1e-300) == pytest.approx(-1e-300 * rate, rel=1e-15)
    one = symdiff.compile("asind(x), acosd(x), atand(x), atan2d(y, x)")
    assert one(1.0, 1.0) == (90.0, 0.0, 45.0, 45.0)
    assert symdiff.compile("atan2d(y, x)")(-1.0, 0.0) == -90.0


@quiet
def test_fmod_is_that_of_c():
    values = [7.5, -7.5, 0.3, -0.3, 1e300, -1e300, 0.0, -0.0, math.inf, -math.inf, math.nan, 2.0, 5e-324]
    for options in VARIANTS.values():
        f = symdiff.compile("fmod(x, y)", **options)
        for x, y in product(values, repeat=2):
            with np.errstate(all="ignore"):
                want = np.fmod(x, y)
            for got in (f(x, y), f(np.array([x]), np.array([y]))[0]):
                assert ulps(got, want) == 0
                assert math.isnan(got) or math.copysign(1, got) == math.copysign(1, want)
        assert f.grad(7.5, 2.0) == (1.0, -3.0)
        assert f.grad(-7.5, 2.0) == (1.0, 3.0)
        assert f.grad(7.5, -2.0) == (1.0, 3.0)
        np.testing.assert_array_equal(f.hessian(-7.5, 2.0), np.zeros((2, 2)))
    assert symdiff.compile("mod(x, y)").grad(-7.5, 2.0) == (1.0, 4.0)  # which has the sign of y


@quiet
def test_copysign():
    for options in VARIANTS.values():
        f = symdiff.compile("copysign(x, y)", **options)
        for x, y in product([3.0, -3.0, 0.0, -0.0, math.inf], [2.0, -2.0, 0.0, -0.0, -math.inf, math.nan]):
            side = math.copysign(1.0, y)
            for got, slope in ((f(x, y), f.grad(x, y)), (f(np.array([x]), y)[0], f.grad(np.array([x]), y))):
                assert abs(got) == abs(x)
                assert math.copysign(1, got) == side
                assert tuple([np.ravel(part)[0] for part in slope]) == ((x > 0) * side - (x < 0) * side, 0.0)
        assert math.isnan(f(math.nan, 1.0))
        assert f.hessian(2.0, -1.0).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_conditions_on_numbers():
    x = np.array([1.0, math.nan, math.inf, -math.inf, -0.0, 1e308])
    for options in VARIANTS.values():
        for name in ("isnan", "isinf", "isfinite"):
            f = symdiff.compile(f"{name}(x)", **options)
            np.testing.assert_array_equal(f(x), getattr(np, name)(x).astype(float))
            assert [f(float(one)) for one in x] == getattr(np, name)(x).tolist()
            np.testing.assert_array_equal(f.grad(x).x, np.zeros(6))
        f = symdiff.compile("where(isnan(y) || !isfinite(a), 0, (y - a*x)**2)", wrt="a", **options)
        with np.errstate(all="raise"):
            np.testing.assert_array_equal(f.grad(np.array([math.nan, 1.0]), 2.0, 3.0).a, [0.0, 30.0])
            np.testing.assert_array_equal(f.hessian(np.array([math.nan, 1.0]), 2.0, 3.0).ravel(), [0.0, 18.0])
    loss = symdiff.compile("sum(where(isfinite(y), y - a*x, 0)**2)", args="x[n], y[n], a", wrt="a")
    with np.errstate(all="raise"):
        assert loss.grad(np.arange(4.0), np.array([1.0, 2.0, math.nan, 4.0]), 1.0).a == -2.0 * (1.0 + 3.0)
    assert symdiff.compile("isnan(x) and y > 0").args == ("x", "y")
    assert symdiff.compile("~isnan(x) & (x > 0)")(2.0) == 1.0


@each("name", ["sum", "mean", "prod", "max", "min", "norm", "logsumexp", "softmax"])
def test_no_axis_is_all_axes(name):
    x = np.random.default_rng(0).uniform(0.5, 2, (3, 4))
    f, g = (symdiff.compile(f"{name}(x{axis})", args="x[m,n]") for axis in ("", ", axis=None"))
    np.testing.assert_array_equal(f(x), g(x))
    np.testing.assert_array_equal(f.jacobian(x), g.jacobian(x))
    assert f.latex == g.latex
    named = symdiff.compile(f"{name}(x, axis = None)*None", args="x[m,n], None")
    np.testing.assert_array_equal(named(x, 2.0), 2 * f(x))
    with pytest.raises(ShapeError, match="not a scalar"):
        symdiff.compile(f"{name}(x, axis=None)")
    with pytest.raises(ParseError, match="no argument named 'ax'"):
        symdiff.compile(f"{name}(x, ax=None)", args="x[n]")


def test_none_is_a_value_of_named_arguments_alone():
    assert symdiff.compile("None*2")(3.0) == 6.0
    for value in ("axis=None + 1", "axis=(None, 1)", "axis=-None", "ax=None", "axis=None, axis=0"):
        with pytest.raises(ParseError):
            symdiff.compile(f"sum(x, {value})", args="x[n]")
    with pytest.raises(ParseError):
        symdiff.compile("sin(axis=None)")


OPERANDS = [p for p in PRIMITIVES.values() if p.name in BASIC and p.sample and not p.internal and not p.symbols]


@pytest.mark.long
@each("primitive", OPERANDS, ids=lambda p: p.name)
def test_spellings_keep_operands_together(primitive):
    """An operand that is itself a sum, a product, a negative or a choice, in every target."""
    if primitive.name == "polygamma":
        pytest.skip("its order is a constant")
    names = primitive.parameters
    point = {name: sum(bounds) / 2 for name, bounds in zip(names, primitive.sample, strict=True)}
    arrays = {name: np.full(2, value) for name, value in point.items()}
    plain = symdiff.compile(f"{primitive.name}({', '.join(names)})", args=names)
    want, slopes = plain(**point), plain.grad(**point)
    patterns = ("({0} - 1) + one", "({0} + 1) - one", "0.5*{0}*(one + 1)", "-(-one*{0})", "({0}) if one > 0 else one")
    calls = [f"{primitive.name}({', '.join([pattern.format(name) for name in names])})" for pattern in patterns]
    for call in calls:
        for options in ({}, {"optimize": False}):
            f = symdiff.compile(call, args=[*names, "one"], wrt=names, **options)
            for found in (f(**point, one=1.0), f(**arrays, one=1.0)[1]):
                assert found == pytest.approx(want, rel=1e-12), (call, options)
            for found in (f.grad(**point, one=1.0), [d[1] for d in f.grad(**arrays, one=1.0)]):
                assert tuple(found) == pytest.approx(slopes, rel=1e-12), (call, options)
        f = symdiff.compile(call, args=[*names, "one"])
        if primitive.holomorphic and not primitive.takes and " if " not in call:
            assert f(**{name: complex(v) for name, v in point.items()}, one=1.0) == pytest.approx(want, rel=1e-12)


# Complex arguments

PLANE = [0.3 + 0.2j, -0.7 + 2.5j, 3 - 1j, -9 - 11j, 1e-9 + 2e-9j, -1e-9 + 3e-9j, 30 + 2j, -40 + 1j, 2.5 + 9j]
HOLOMORPHIC = {
    "sinc": lambda z: mpmath.sinc(mpmath.pi * z), "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)), "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "loggamma": mpmath.loggamma, "sec": mpmath.sec, "csc": mpmath.csc, "cot": mpmath.cot, "sech": mpmath.sech, "csch": mpmath.csch, "coth": mpmath.coth,
    "arcsec": _asec, "arccsc": mpmath.acsc, "arccot": lambda z: mpmath.atan(1 / z), "arcsech": mpmath.asech, "arccsch": mpmath.acsch,
    "arccoth": lambda z: mpmath.atanh(1 / z), "deg2rad": lambda z: z * mpmath.pi / 180, "rad2deg": lambda z: z * 180 / mpmath.pi,
    "sind": lambda z: mpmath.sin(z * mpmath.pi / 180), "cosd": lambda z: mpmath.cos(z * mpmath.pi / 180), "tand": lambda z: mpmath.tan(z * mpmath.pi / 180),
    "asind": lambda z: mpmath.asin(z) * 180 / mpmath.pi, "acscd": lambda z: mpmath.acsc(z) * 180 / mpmath.pi, "div": lambda z: z / 3,
}  # fmt: skip


@each("name", HOLOMORPHIC)
def test_holomorphic_functions_of_complex_arguments(name):
    call = f"{name}(z, 3)" if name == "div" else f"{name}(z)"
    for options in ({}, {"optimize": False}):
        f = symdiff.compile(call, **options)
        modes = [f, f.diff("z"), lambda z, f=f: f.grad(z).z, lambda z, f=f: f.jvp(z, 1.0).out_dot, f.diff("z", "z")]
        if name == "loggamma":
            with pytest.raises(TypeError, match="of gamma or digamma is not defined for complex"):
                modes.pop()(1j)
        for k, g in enumerate(modes):
            order = (0, 1, 1, 1, 2)[k]
            arrays = g(np.array(PLANE))
            for z, array in zip(PLANE, arrays, strict=True):
                want = complex(_derivative(HOLOMORPHIC[name], mpmath.mpmathify(z), order, 120)[1])
                for got in (array, g(z)):
                    assert abs(got - want) <= 2e-13 * abs(want) + 1e-300, (name, order, z, got, want)


def test_branches_and_large_parts_of_complex_arguments():
    soft = symdiff.compile("softplus(z)")
    for z in (800 + 2j, 800 + 9j, -800 + 1j, 50 - 30j, 3 + 3.2j, 3 - 3.2j):
        with mpmath.workdps(800):
            want = complex(mpmath.log(1 + mpmath.exp(mpmath.mpmathify(z))))
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            assert soft(z) == pytest.approx(want, rel=1e-14, abs=1e-300)
            assert symdiff.compile("sigmoid(z)")(z) == pytest.approx(_sigmoid(z), rel=1e-14, abs=1e-300)
            if abs(z) > 100:
                assert symdiff.compile("sech(z) + csch(z)").grad(z).z == 0.0
    for below in (-0.5, -2.5):
        from scipy import special

        for side in (0.0, -0.0):
            z = complex(below, side)
            assert symdiff.compile("loggamma(z)")(z) == special.loggamma(z)
    assert math.isnan(symdiff.compile("loggamma(z)")(-0.5))


def _sigmoid(z):
    with mpmath.workdps(800):
        return complex(1 / (1 + mpmath.exp(-mpmath.mpmathify(z))))


PARTS = {"real": np.real, "imag": np.imag, "conj": np.conj, "angle": np.angle}


@each("name", PARTS)
def test_parts_of_complex_numbers(name):
    z = np.array([1 + 2j, -3 - 0.5j, 0.0, -2.0, 1j])
    for options in ({}, {"optimize": False}):
        f = symdiff.compile(f"{name}(z)", **options)
        np.testing.assert_array_equal(f(z), PARTS[name](z))
        assert f(3 - 4j) == complex(PARTS[name](3 - 4j))
        assert f(z).dtype == np.complex128
        assert f(z.astype(np.complex64)).dtype == np.complex64
        assert not np.shares_memory(f(z), z)
        for derived in (f.grad, f.jacobian, f.diff("z"), f.hessian, f.value_and_grad):
            with pytest.raises(TypeError, match=f"'{name}' has no derivative by complex arguments"):
                derived(z)
        x = np.array([2.0, -3.0, 0.0, -0.0])
        for given in (x, x.astype(np.float32)):
            got = f(given)
            np.testing.assert_array_equal(got, PARTS[name](given))
            assert got.dtype == given.dtype
            assert got.flags.writeable
            assert not np.shares_memory(got, given)
            np.testing.assert_array_equal(f.grad(given).z, np.full(4, float(name in ("real", "conj"))))
        assert [f(float(one)) for one in x] == PARTS[name](x).tolist()
        assert f.hessian(2.0).tolist() == [[0.0]]
        assert f.check(2.0).ok
        assert f.check(-2.0).ok
    core = symdiff.compile(f"sum({name}(z)*w)", args="z[n], w[n]")
    np.testing.assert_array_equal(core.grad(x, x + 1).w, PARTS[name](x))
    assert core(z, z) == np.sum(PARTS[name](z) * z)
    by_w = symdiff.compile(f"sum({name}(z)*w)", args="z[n], w[n]", wrt="w")
    np.testing.assert_array_equal(by_w.grad(z, z).w, PARTS[name](z))


def test_what_is_made_of_parts_is_real():
    z = np.array([1 + 2j, -3 - 0.5j])
    for text, want in [
        ("hypot(real(z), imag(z))", np.abs(z)), ("where(real(z) > 0, z, -z)", np.where(z.real > 0, z, -z)), ("maximum(real(z), 0)", np.maximum(z.real, 0)),
        ("floor(imag(z))*z", np.floor(z.imag) * z), ("z*conj(z)", z * z.conj()), ("where(isfinite(z) && imag(z) < 0, 1, z)", np.where(z.imag < 0, 1, z)),
    ]:  # fmt: skip
        np.testing.assert_allclose(symdiff.compile(text)(z), want, rtol=1e-15)
    np.testing.assert_array_equal(symdiff.compile("where(real(z) > 0, z**2, -z)").grad(z).z, [2 + 4j, -1])
    np.testing.assert_array_equal(symdiff.compile("floor(real(z))*z").grad(z).z, [1, -3])
    for text in ("abs(z)", "maximum(conj(z), 0)", "z > 0", "fmod(z, 2)", "copysign(z, 1)", "floor(z)"):
        with pytest.raises(TypeError, match="is not defined for complex arguments"):
            symdiff.compile(text)(z)


# Other members


@each("text", ["sec(x)*csc(x) + cot(x)", "sech(x) + csch(x)*coth(x)", "asec(x + 2) + acsc(x + 2)*acot(x)", "sind(x)*cosd(x)/tand(x)",
                                  "asech(x/3) + acsch(x) + acoth(x + 2)", "fmod(7*x, y)*copysign(x, y)", "piecewise(sin(x), x > 1, cosd(x), x < 0.5, y)",
                                  "where(isfinite(x) && !(y > 2), x**2, y)", "atan2d(x, y)*real(x) + angle(x)", "asind(x/3) + acosd(x/3) + acotd(x)"])  # fmt: skip
def test_every_member_agrees(text):
    f = symdiff.compile(text)
    point = {"x": 1.3, "y": 0.8}
    given = {name: point[name] for name in f.args}
    arrays = {name: np.full(5, value) for name, value in given.items()}
    assert f.check(**given).ok
    scope = {"np": np, "math": math}
    for g in (f, f.grad, f.jvp, f.hessian):
        exec(g.source, scope)
        exec(g.source_for("math").replace("def ", "def math_"), scope)
        args = [*given.values(), *[1.0] * (len(g.args) - len(given))]
        got, want = (np.array(scope[name](*args), float) for name in (f"math_{g.name}", g.name))
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-15)
    for options in VARIANTS.values():
        g = symdiff.compile(text, **options)
        want = np.array(f.grad(**given))[:, None] * np.ones(5)
        np.testing.assert_allclose(g.grad(**arrays), want, rtol=1e-13, atol=1e-15)
    assert str(f.trace(**given))
    assert f.graph.dot if hasattr(f.graph, "dot") else f.graph
    assert f.grad.latex
    single = f(**{name: np.float32(value) for name, value in given.items()})
    assert single.dtype == np.float32
    assert float(single) == pytest.approx(f(**given), rel=1e-5)


def test_sympy_prints_these():
    sympy = pytest.importorskip("sympy")
    x, y = sympy.symbols("x y", positive=True)
    point = {"x": 0.6, "y": 1.7}
    for expression in (
        sympy.sec(x) + sympy.csc(x) * sympy.cot(y), sympy.sech(x) * sympy.csch(y) + sympy.coth(x), sympy.asec(y) + sympy.acsc(y) + sympy.acot(x),
        sympy.asech(x) + sympy.acsch(x) + sympy.acoth(y), sympy.acot(x).diff(x) + sympy.sech(x * y).diff(x, y),
    ):  # fmt: skip
        f = symdiff.compile(expression, args="x, y")
        assert f(**point) == pytest.approx(float(expression.subs({x: 0.6, y: 1.7})), rel=1e-14)
        assert f.diff("x")(**point) == pytest.approx(float(expression.diff(x).subs({x: 0.6, y: 1.7})), rel=1e-13)


NEW = [
    "sech({})", "csch(1 + ({})**2)", "coth(1 + ({})**2)", "sec(sin({}))", "csc(1.5 + sin({}))", "cot(1.5 + sin({}))", "arccot(1 + ({})**2)",
    "arcsec(2 + ({})**2)", "arccsc(2 + ({})**2)", "arccoth(2 + ({})**2)", "arcsech(1/(2 + ({})**2))", "arccsch(1 + ({})**2)", "sind(40*({}))",
    "cosd(40*({}))", "tand(9*sin({}))", "cotd(50 + 9*sin({}))", "secd(9*sin({}))", "cscd(50 + 9*sin({}))", "acosd(0.5*sin({}))", "atand({})",
    "copysign(1 + ({0})**2, {1})", "real({0})*conj({1}) + imag({0})", "piecewise({0}, x > 9, {1}, isfinite(y))", "div({0}, 2 + ({1})**2)",
    "({0})*({1})", "({0}) - ({1})", "atan2d(1 + ({0})**2, {1})", "fmod(0.9*sin({0}), 2 + ({1})**2)",
]  # fmt: skip


@each("seed", range(8))
def test_random_formulas(seed):
    import random

    rng = random.Random(seed)  # noqa: S311 - a test

    def formula(depth):
        if depth == 0:
            return rng.choice(["x", "y", "0.7"])
        return rng.choice(NEW).format(formula(depth - 1), formula(depth - 1))

    text = f"{formula(3)} + x*y"
    point = {"x": rng.uniform(0.1, 1.2), "y": rng.uniform(0.1, 1.2)}
    f = symdiff.compile(text, args="x, y")
    report = f.check(**point)
    assert not any(c.differs for c in report.comparisons), (text, str(report))
    want = f.grad(**point)
    arrays = {name: np.full(3, value) for name, value in point.items()}
    for options in VARIANTS.values():
        g = symdiff.compile(text, args="x, y", **options)
        assert g.grad(**point) == pytest.approx(want, rel=1e-11, abs=1e-13), text
        np.testing.assert_allclose([d[1] for d in g.grad(**arrays)], want, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(g.jacobian(**point), want, rtol=1e-11, atol=1e-13)
    assert f.hessian(**point) == pytest.approx(f.grad.jacobian(**point), rel=1e-11, abs=1e-11)
    assert f.grad.latex
