"""Tables are SciPy's and NumPy's interpolants, with derivatives by the number, the values and the knots."""

import numpy as np
import pytest
from scipy import interpolate

import symdiff
from symdiff import ParseError, ShapeError

DRAW = np.random.default_rng(0)
XS = np.cumsum(DRAW.uniform(0.2, 1.5, 9))
YS = np.array([1.0, 1.5, 1.5, 0.2, -1.0, -3.0, -2.9, 4.0, 4.5])
# In each piece, at each knot, outside of the knots.
POINTS = np.concatenate([DRAW.uniform(XS[0], XS[-1], 30), XS, [XS[0] - 1.3, XS[-1] + 0.7, XS[-1] + 40.0]])
INNER = POINTS[:39]


def compiled(text, **options):
    """Return a formula of x with the table as constants, with constant knots alone, and as arguments."""
    table = {"xs": XS, "ys": YS}
    yield symdiff.compile(text, args="x", constants=table, **options), ()
    yield symdiff.compile(text, args="x, ys[9]", constants={"xs": XS}, **options), (YS,)
    yield symdiff.compile(text, args="x, xs[n], ys[n]", **options), (XS, YS)


def agree(f, point):
    """Compare both modes of the derivative with a difference, in a direction that changes all arguments."""
    grad, step = f.grad(*point), [DRAW.normal(size=np.shape(p)) for p in point]
    ahead, behind = ([p + sign * 1e-6 * s for p, s in zip(point, step, strict=True)] for sign in (1, -1))
    along = sum(np.sum(part * s) for part, s in zip(grad, step, strict=True))
    assert along == pytest.approx((f(*ahead) - f(*behind)) / 2e-6, rel=1e-5, abs=1e-7)
    assert f.jvp(*point, *step)[1] == pytest.approx(along, rel=1e-9)


CUBICS = {
    "pchip(x, xs, ys)": interpolate.PchipInterpolator(XS, YS),
    "spline(x, xs, ys)": interpolate.CubicSpline(XS, YS),
    'spline(x, xs, ys, bc="natural")': interpolate.CubicSpline(XS, YS, bc_type="natural"),
    "spline(x, xs, ys, bc='clamped')": interpolate.CubicSpline(XS, YS, bc_type="clamped"),
    "spline(x, xs, ys, extrapolate=False)": interpolate.CubicSpline(XS, YS, extrapolate=False),
    'pchip(x, xs, ys, extrapolate="periodic")': interpolate.PchipInterpolator(XS, YS, extrapolate="periodic"),
}


@pytest.mark.parametrize("text", CUBICS)
def test_cubics_and_their_derivatives_are_those_of_scipy(text):
    for f, table in compiled(text):
        derived = [f, f.diff("x"), f.diff("x", "x"), f.diff("x", "x", "x")]
        for order, g in enumerate(derived):
            want = CUBICS[text](POINTS, order)
            np.testing.assert_allclose(g(POINTS, *table), want, rtol=1e-9, atol=1e-9 * np.nanmax(np.abs(want)))
        assert np.array_equal(derived[-1].diff("x")(INNER, *table), np.zeros(39))


def test_lines_are_those_of_numpy_and_exact_at_the_points():
    want = np.interp(POINTS, XS, YS)
    slopes = np.append(np.diff(YS) / np.diff(XS), np.nan)
    for f, table in compiled("interp(x, xs, ys)"):
        np.testing.assert_allclose(f(POINTS, *table), want, rtol=1e-14, atol=1e-14)
        np.testing.assert_array_equal(f(XS, *table), YS)
        d = f.diff("x")
        np.testing.assert_allclose(d(XS[:-1], *table), slopes[:-1], rtol=1e-12)  # from the right
        np.testing.assert_allclose(d(XS[-1], *table), slopes[-2], rtol=1e-12)  # the last piece
        np.testing.assert_array_equal(d(POINTS[-3:], *table), [0, 0, 0])
        np.testing.assert_array_equal(d.diff("x")(POINTS, *table), np.zeros(len(POINTS)))
        np.testing.assert_array_equal(f(np.array([-np.inf, np.inf, np.nan]), *table), [YS[0], YS[-1], np.nan])
    steep = symdiff.compile("interp(x, [0, 1], [1e20, 1])")
    assert steep(7.0) == steep(1.0) == 1.0


def test_how_lines_go_on_outside():
    left, right = XS[0] - 1.3, XS[-1] + 0.7
    line = interpolate.interp1d(XS, YS, fill_value="extrapolate")
    for f, table in compiled('interp(x, xs, ys, extrapolate="linear"), interp(x, xs, ys, extrapolate="nan")'):
        on, none = f(np.array([left, right, XS[2]]), *table)
        np.testing.assert_allclose(on, line([left, right, XS[2]]), rtol=1e-12)
        np.testing.assert_array_equal(np.isnan(none), [True, True, False])
        slope = f.diff("x")(left, *table)
        assert slope[0] == pytest.approx((YS[1] - YS[0]) / (XS[1] - XS[0]))
        assert np.isnan(slope[1])  # not the derivative of a constant
    for f, table in compiled("interp(x, xs, ys, left=-7, right=2*x)"):
        np.testing.assert_allclose(f(np.array([left, right]), *table), [-7, 2 * right])
        np.testing.assert_array_equal(f.diff("x")(np.array([left, right]), *table), [0, 2])
    for f, table in compiled('interp(x, xs, ys, extrapolate="periodic"), spline(x, xs, ys, extrapolate="clamp")'):
        period = XS[-1] - XS[0]
        around, held = f(np.array([XS[3] + 2 * period, XS[3], right]), *table)
        np.testing.assert_allclose(around[:2], YS[3])
        assert held[2] == pytest.approx(YS[-1])
        assert f.diff("x")(right, *table)[1] == 0


def test_the_end_points_belong_to_the_pieces_beside_them():
    f = symdiff.compile("interp(x, [0, 1, 2], [0, 1, 5], extrapolate=False)")
    assert f(2.0) == 5.0
    assert f.diff("x")(2.0) == f.diff("x")(1.0) == 4.0
    assert f.diff("x")(0.0) == 1.0
    assert np.isnan(f(np.nextafter(2.0, 3.0)))


def test_piecewise_polynomials_are_those_of_scipy():
    c, breaks = DRAW.normal(size=(5, 3)), np.array([-1.0, 0.5, 2.0, 2.25])
    points = np.linspace(-2.0, 3.0, 41)
    for options in ({"constants": {"c": c, "t": breaks}, "args": "x"}, {"args": "x, c[5,m], t[n]"}):
        given = () if "constants" in options else (c, breaks)
        for extrapolate in (True, False, "periodic"):
            spelt = f'"{extrapolate}"' if isinstance(extrapolate, str) else extrapolate
            f = symdiff.compile(f"ppoly(x, c, t, extrapolate={spelt})", **options)
            p = interpolate.PPoly(c, breaks, extrapolate)
            for order, g in enumerate((f, f.diff("x"), f.diff("x", "x"))):
                np.testing.assert_allclose(g(points, *given), p(points, order), rtol=1e-10, atol=1e-10)

    steps = symdiff.compile("ppoly(x, [[1, 2]], [0, 1, 2])")
    np.testing.assert_array_equal(steps(np.array([-1.0, 1.0, np.inf, np.nan])), [1, 2, 2, np.nan])


def test_tables_of_two_variables_are_those_of_scipy():
    ys, z = np.array([0.0, 0.5, 2.0, 2.5]), DRAW.normal(size=(9, 4))
    x, y = DRAW.uniform(XS[0], XS[-1], 40), DRAW.uniform(0, 2.5, 40)
    x, y = np.append(x, XS[[0, 3, -1]]), np.append(y, ys[[0, 1, -1]])
    want = interpolate.RegularGridInterpolator((XS, ys), z)(np.stack([x, y], axis=-1))
    on = interpolate.RegularGridInterpolator((XS, ys), z, bounds_error=False, fill_value=None)
    constant = symdiff.compile("interp2(x, y, xs, ys, Z)", args="x, y", constants={"xs": XS, "ys": ys, "Z": z})
    given = symdiff.compile("interp2(x, y, xs, ys, Z)", args="x, y, xs[n], ys[m], Z[n,m]")
    np.testing.assert_allclose(constant(x, y), want, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(given(x, y, XS, ys, z), want, rtol=1e-12, atol=1e-13)
    assert constant(x[0], y[0]) == pytest.approx(want[0])
    assert constant(-9.0, 99.0) == z[0, -1]
    agree(given, [x[1], y[1], XS, ys, z])
    free = symdiff.compile('interp2(x, y, xs, ys, Z, extrapolate="linear")', args="x, y, xs[n], ys[m], Z[n,m]")
    assert free(-1.0, 3.0, XS, ys, z) == pytest.approx(on([-1.0, 3.0])[0])
    vectors = symdiff.compile("interp2(u, y, xs, ys, Z)", args="u[p], y, xs[n], ys[m], Z[n,m,2]")
    found = vectors(x[:3], y[0], XS, ys, np.stack([z, 2 * z], axis=-1))
    np.testing.assert_allclose(found, constant(x[:3], y[0])[:, None] * [1, 2])


@pytest.mark.parametrize("text", ["interp(x, xs, ys)", *list(CUBICS)[:4]])
def test_derivatives_by_the_values_and_the_knots(text):
    (_, half, (f, _)) = compiled(text)
    np.testing.assert_allclose(half[0].grad(INNER[3], YS).ys, f.grad(INNER[3], XS, YS).ys, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(f.grad(XS[2], XS, YS).ys, np.eye(9)[2], atol=1e-12)  # the value is that of the table
    point = [1.2, XS[:5] - XS[0], YS[3:8]]
    agree(f, point)
    agree(f.diff("x"), point)


def test_values_that_are_vectors_and_arrays_of_numbers():
    many = np.stack([YS, 2 * YS + 1, YS**2], axis=-1)
    for text, make in (
        ("pchip(u, xs, Y)", interpolate.PchipInterpolator),
        ("spline(u, xs, Y)", interpolate.CubicSpline),
        ("interp(u, xs, Y)", lambda xs, ys: interpolate.interp1d(xs, ys, axis=0)),
    ):
        want = make(XS, many)(INNER[:6].reshape(2, 3))
        given = symdiff.compile(text, args="u[p,q], xs[n], Y[n,k]")
        constant = symdiff.compile(text, args="u[p,q]", constants={"xs": XS, "Y": many})
        half = symdiff.compile(text, args="u[p,q], Y[9,k]", constants={"xs": XS})
        u = INNER[:6].reshape(2, 3)
        for got in (given(u, XS, many), constant(u), half(u, many)):
            np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12)
        assert constant(u).shape == (2, 3, 3)


def test_a_table_for_each_point():
    f = symdiff.compile("spline(x, xs, ys)", args="x, xs[n], ys[n]")
    tables, values = XS + 0.1 * np.arange(3)[:, None], YS * np.arange(1, 4)[:, None]
    x = INNER[:3]
    want = [interpolate.CubicSpline(*table)(at) for *table, at in zip(tables, values, x, strict=True)]
    np.testing.assert_allclose(f(x, tables, values), want, rtol=1e-10)
    np.testing.assert_allclose(f.grad(x, tables, values).ys[1], f.grad(x[1], tables[1], values[1]).ys, rtol=1e-10)
    strict = symdiff.compile("interp(x, xs, ys)", args="x, xs[n], ys[n]")
    one = interpolate.make_interp_spline(tables[2], values[2], k=1)
    np.testing.assert_allclose(strict(x[:, None], tables, values)[:, 2], one(np.clip(x, *tables[2][[0, -1]])))


def test_infinite_values():
    q, ys = np.array([0.5, 1.0, 1.5, 2.0, 3.0]), np.array([1.0, np.inf, 2.0, 3.0])
    xs = np.arange(4.0)
    with np.errstate(all="ignore"):
        for constants, given in (({"xs": xs, "ys": ys}, ()), ({"xs": xs}, (ys,))):
            f = symdiff.compile("interp(x, xs, ys)", args="x, ys[4]" if given else "x", constants=constants)
            np.testing.assert_array_equal(f(q, *given), np.interp(q, xs, ys))


def test_knots_that_depend_on_a_dimension():
    ys, k = np.array([1.0, 2.0, 4.0, 3.0, 7.0]), np.arange(5.0)
    for text, want in (
        ("interp(x, arange(n), ys)", np.interp(1.3, k, ys)),
        ("spline(x, linspace(0, 4, n), ys)", interpolate.CubicSpline(k, ys)(1.3)),
        ("searchsorted(cumsum(ones(n)), x)", 1.0),
        ("ppoly(x, 2*eye(n)[:2, :2], arange(3))", 2.0),
    ):
        assert symdiff.compile(text, args="x, ys[n]")(1.3, ys) == pytest.approx(want), text


def test_few_knots():
    for n in (2, 3, 4):
        xs, ys = XS[:n], YS[:n]
        points = np.linspace(xs[0] - 1, xs[-1] + 1, 7)
        for text, p in (
            ("pchip(x, xs, ys)", interpolate.PchipInterpolator(xs, ys)),
            ("spline(x, xs, ys)", interpolate.CubicSpline(xs, ys)),
            ('spline(x, xs, ys, bc="natural")', interpolate.CubicSpline(xs, ys, bc_type="natural")),
        ):
            f = symdiff.compile(text, args=f"x, xs[{n}], ys[{n}]")
            np.testing.assert_allclose(f(points, xs, ys), p(points), rtol=1e-11, atol=1e-12)
            g = symdiff.compile(text, args="x", constants={"xs": xs, "ys": ys})
            np.testing.assert_allclose(g(points), p(points), rtol=1e-11, atol=1e-12)
    for text, least in (("pchip(x, xs, ys)", 3), ("spline(x, xs, ys)", 4), ("interp(x, xs, ys)", 2)):
        f = symdiff.compile(text, args="x, xs[n], ys[n]")
        with pytest.raises(ValueError, match=f"at least {least}"):
            f(0.5, XS[: least - 1], YS[: least - 1])


def test_many_knots():
    xs = np.cumsum(DRAW.uniform(0.01, 2.0, 400))
    ys, x = np.stack([np.sin(xs), np.cos(xs)], axis=-1), DRAW.uniform(xs[0], xs[-1], 9)
    for bc in ("not-a-knot", "natural", "clamped"):
        want = interpolate.CubicSpline(xs, ys, bc_type=bc)(x)
        text = f'spline(x, xs, Y, bc="{bc}")'
        np.testing.assert_allclose(symdiff.compile(text, args="x", constants={"xs": xs, "Y": ys})(x), want, rtol=1e-10)
        f = symdiff.compile(text, args="x, Y[400,2]", constants={"xs": xs})
        np.testing.assert_allclose(f(x, ys), want, rtol=1e-10)
        assert "solve" not in f.source  # the constant system is eliminated once
    g = symdiff.compile("spline(x, xs, y)", args="x, y[400]", constants={"xs": xs})
    agree(g, [x[0], ys[:, 0]])


def test_searchsorted_is_that_of_numpy():
    v = np.array([[XS[0], XS[-1], np.nan], [-9.0, XS[3] + 0.01, 99.0]])
    for side in ("left", "right"):
        f = symdiff.compile(f'searchsorted(xs, v, side="{side}") + 0', args="xs[n], v[p,q]")
        np.testing.assert_array_equal(f(XS, v), np.searchsorted(XS, v, side))
    equal = [0.0, 1.0, 1.0, 2.0]
    assert symdiff.compile("2*searchsorted(k, x)", args="x", constants={"k": equal})(1.0) == 2.0
    assert symdiff.compile('searchsorted(k, x, side="right")/1', args="x", constants={"k": equal})(1.0) == 3.0
    last = symdiff.compile('ys[searchsorted(xs, x, side="right") - 1]', args="x, xs[n], ys[n]")  # a step function
    np.testing.assert_array_equal(last(XS + 0.01, XS, YS), YS)
    assert last.grad(XS[2], XS, YS).x == 0
    over = symdiff.compile("ys[searchsorted(xs, x)]", args="x, xs[n], ys[n]")
    with pytest.raises(IndexError, match=r"searchsorted\(xs, x\) has the index 9, .* axis 0 of ys with size 9"):
        over(99.0, XS, YS)


def test_constants_are_computed_once_and_floats_are_looked_up_in_tuples():
    f = symdiff.compile("spline(x, [0, 1, 2, 4], [1, 3, 2, 0])")
    assert f.source.rstrip().endswith(
        '    v1 = np.searchsorted(xs[1:3], x, "right")\n'
        "    v2 = x - xs[v1]\n"
        "    out = ((ys_c[0][v1] * v2 + ys_c[1][v1]) * v2 + ys_c[2][v1]) * v2 + ys_c[3][v1]\n"
        "    return out"
    )
    assert "    v1 = bisect_right(xs2, x)\n" in f.source_for("math")
    assert type(f(1.5)) is float
    assert f(1.5) == f(np.array([1.5]))[0]
    assert np.isnan(f(np.nan))
    half = symdiff.compile("spline(x, xs, ys)", args="x, ys[9]", constants={"xs": XS})
    assert "solve" not in half.source
    assert "xs_spline @ ys" in half.source
    long = np.linspace(0.0, 1.0, 5000)
    assert symdiff.compile("interp(x, xs, ys)", args="x", constants={"xs": long, "ys": long**2})(0.5) == pytest.approx(
        0.25
    )


def test_tables_in_loops():
    f = symdiff.compile(
        "step(h) = h + 0.1*spline(h, xs, ys)\nfold(step, h0, length=4)", args="h0", constants={"xs": XS, "ys": YS}
    )
    h, table = 1.2, interpolate.CubicSpline(XS, YS)
    for _ in range(4):
        h = h + 0.1 * table(h)
    assert f(1.2) == pytest.approx(h)
    assert f.check(1.2).ok
    assert "solve" not in f.source


def test_native_code():
    pytest.importorskip("llvmlite")
    f, own = (
        symdiff.compile("interp(x, xs, ys)", args="x", constants={"xs": XS, "ys": YS}, backend=b)
        for b in ("llvm", "numpy")
    )
    assert f.backend == "llvm"
    np.testing.assert_allclose(f(POINTS), own(POINTS), rtol=1e-14)
    assert f(POINTS[0]) == own(POINTS[0])


def test_other_targets():
    f = symdiff.compile("pchip(x, xs, ys)", args="x, xs[n], ys[n]")
    for target in ("c", "javascript", "array_api"):
        assert "search" in f.source_for(target) or "/ 2" in f.source_for(target)
    f = symdiff.compile("spline(x, [0, 1, 2, 3], [1, 3, 2, 0])")
    assert "searchsorted" in f.latex
    assert "searchsorted" in str(f.trace(1.5))
    with pytest.raises(TypeError, match=r"complex|searchsorted"):
        f(1.0 + 1.0j)
    scope = {}
    exec(f.export(target="math"), scope)
    assert scope["value"](1.5) == f(1.5)


def test_traced_functions():
    def looked_up(x, y):
        return y * np.interp(x, XS, YS, left=0.0) + np.asarray(XS, like=x)[np.searchsorted(XS, x, side="right") - 1]

    f, x = symdiff.compile(looked_up), INNER[0]
    assert f(x, 2.0) == pytest.approx(2 * np.interp(x, XS, YS) + XS[np.searchsorted(XS, x, side="right") - 1])
    assert f.grad(x, 2.0).y == pytest.approx(np.interp(x, XS, YS))


WRONG = [
    ("interp(x, [0, 2, 1], [1, 2, 3])", "the xs of interp must ascend; element 2 is 1.0, after 2.0"),
    ("spline(x, [0, 1, 1], [1, 2, 3])", "element 2 is 1.0, after 1.0; sort the knots"),
    ("interp(x, [0, nan, 1], [1, 2, 3])", "the xs of interp must be numbers; element 1 is nan"),
    ("interp(x, [0, 1, 2], [1, 2])", "interp has 3 knots and the ys of shape (2,)"),
    ("interp(x, [0], [1])", "interp needs at least 2 knots; xs has 1"),
    ("interp(x, 1, [1, 2])", "interp needs an array, not a scalar"),
    ("interp(x, [[0, 1], [2, 3]], [1, 2])", "the xs of interp must be a vector"),
    ("interp(x, [0, 1])", "interp takes numbers, ascending knots and the values there, as in interp(x, xs, ys)"),
    ('spline(x, [0, 1], [1, 2], bc="free")', 'bc of spline is "not-a-knot", "natural" or "clamped"'),
    ("spline(x, [0, 1], [1, 2], bc=x)", 'bc of spline is "not-a-knot", "natural" or "clamped"'),
    ("pchip(x, [0, 1], [1, 2], extrapolate=2)", 'extrapolate of pchip is True, False, "clamp" or "periodic"'),
    ("interp(x, [0, 1], [1, 2], period=3)", 'write extrapolate="periodic"'),
    ('spline(x, [0, 1], [1, 2], bc_type="natural")', 'write bc="natural"'),
    ("ppoly(x, [1, 2], [0, 1])", "a row for each power and a column for each piece"),
    ("ppoly(x, [[1, 2], [3, 4]], [0, 1])", "coefficients c of shape (2, 2) for 1 pieces"),
    ("interp2(x, 1, [0, 1], [0, 1], [[1, 2, 3], [1, 2, 3]])", "2 and 2 knots and the Z of shape (2, 3)"),
    ('searchsorted([0, 1], x, "right")', "name the argument: side='right'"),
    ('searchsorted([0, 1], x, side="up")', 'side of searchsorted is "left" or "right"'),
    ("searchsorted([1, 0], x)", "the a of searchsorted must ascend; element 1 is 0.0, after 1.0"),
    ('sin(x, how="up")', "sin has no argument named 'how'"),
    ("interp1d(x)", "write interp(x, xs, ys)"),
    ("CubicSpline(x)", "write spline(x, xs, ys)"),
    ("lookup(x)", "write interp(x, xs, ys)"),
]


def test_what_is_wrong_is_said():
    for text, said in WRONG:
        with pytest.raises((ParseError, ShapeError)) as caught:
            symdiff.compile(text, args="x")
        assert said in str(caught.value), text
    with pytest.raises(ShapeError, match="the first axes have to agree"):
        symdiff.compile("interp(x, xs, ys)", args="x, xs[n], ys[m]")
