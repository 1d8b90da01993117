"""`f.plot`: what is drawn, which norms and texts are chosen, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest
from tables import each

import symdiff

pytest.importorskip("matplotlib")

from matplotlib import pyplot as plt
from matplotlib.colors import LogNorm, Normalize, SymLogNorm

from symdiff.api.plot import save

compiled = symdiff.compile
DECAY = "a*exp(-b*t)"


@pytest.fixture(autouse=True)
def _closed():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def decay():
    return compiled(DECAY, args="t, a, b")


def points():
    t = np.linspace(0.5, 4, 8)
    return t, 2 * np.exp(-0.7 * t) + 0.05 * (-1) ** np.arange(8)


def line_of(ax, label="f"):
    return next(line for line in ax.lines if line.get_label() == label).get_data()


def x_of(ax, label):
    return line_of(ax, label)[0]


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def norm_of(ax):
    return next(c for c in ax.collections if type(c).__name__ == "QuadContourSet").norm


def test_a_curve():
    ax = decay().plot(t=(0, 4), a=2, b=0.7)
    x, y = line_of(ax)
    assert (x[0], x[-1]) == ax.get_xlim() == (0, 4)
    np.testing.assert_allclose(y, 2 * np.exp(-0.7 * x))
    assert ax.figure.get_suptitle() == "$a e^{-b t}$\na = 2, b = 0.7"
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_legend()) == ("t", "f", None)
    assert plt.gcf() is ax.figure
    given = np.array([0.0, 1.0, 3.0])
    assert np.array_equal(line_of(decay().plot(t=given, a=2, b=0.7))[0], given)
    assert np.array_equal(line_of(decay().bind(a=2).plot(t=[0, 1, 3], b=0.7))[0], given)


def test_derivatives_stand_below():
    axes = decay().plot(t=(0, 4), a=2, b=0.7, derivatives=2)
    assert [ax.get_ylabel() for ax in axes] == ["f", "df/dt", "d²f/dt²"]
    for n, ax in enumerate(axes):
        x, y = line_of(ax)
        np.testing.assert_allclose(y, 2 * (-0.7) ** n * np.exp(-0.7 * x), rtol=1e-12)
    assert len(decay().plot(t=(0, 4), a=2, b=0.7, derivatives=True)) == 2


def test_data_error_bars_and_a_band():
    t, y = points()
    cov = np.array([[0.01, 0.002], [0.002, 0.003]])
    ax = decay().plot(a=2, b=0.7, data=(t, y, 0.1), cov=cov)
    low, high = ax.get_xlim()
    assert (0 < low < 0.5, 4 < high < 4.5) == (True, True)
    assert legend_of(ax) == ["f", "± one standard deviation", "data"]
    (band,) = [c for c in ax.collections if type(c).__name__ in ("FillBetweenPolyCollection", "PolyCollection")]
    corners = band.get_paths()[0].vertices
    x = corners[5, 0]
    f = decay()
    spread = symdiff.propagate(f, (x, 2, 0.7), cov=[[0, 0, 0], [0, *cov[0]], [0, *cov[1]]]).std
    edges = sorted(corners[np.isclose(corners[:, 0], x), 1])
    np.testing.assert_allclose(edges, [f(x, 2, 0.7) - spread, f(x, 2, 0.7) + spread])
    limits = [decay().plot(a=2, b=0.7, data=(t, y), **given).get_ylim() for given in ({}, {"std": [1, 0]})]
    assert limits[1][1] > limits[0][1]
    for std in ({"a": 0.1}, [0.1, 0.02]):
        assert legend_of(decay().plot(t=(0, 1), a=2, b=0.7, std=std))[1].startswith("±")
    both = (t, y, [np.full(8, 0.1), np.full(8, 0.2)], 0.05)
    assert decay().plot(t=(0, 1), a=2, b=0.7, data=both).get_ylim()[0] <= y.min() - 0.1


def test_a_band_around_each_result():
    ax = compiled("sin(x), a*cos(x)", args="x, a").plot(x=(0, 6), a=1, std={"a": 0.2})
    assert legend_of(ax) == [
        r"$f_{0} = \sin\left(x\right)$",
        "± one standard deviation",
        r"$f_{1} = a \, \cos\left(x\right)$",
    ]
    assert len(ax.collections) == 2


def test_several_formulas_and_axes_of_the_caller():
    ax = decay().plot(compiled("cos(t)"), compiled("c^2"), t=(0, 4), a=2, b=0.7, c=3)
    assert legend_of(ax) == ["$a e^{-b t}$", r"$\cos\left(t\right)$", "$c^{2}$"]
    assert all(text.get_parse_math() for text in ax.get_legend().get_texts())
    figure, own = plt.subplots(2)
    assert compiled("x^2").plot(x=(-1, 1), ax=own[0]) is own[0]
    compiled("x_2/2", args="x_2").plot(x_2=(-3, 0), ax=own[0])
    assert legend_of(own[0]) == ["$x^{2}$", r"$\dfrac{x_{2}}{2}$"]
    assert own[0].get_xlim() == (-3, 1)
    assert (own[0].get_title(), figure.get_suptitle()) == ("", "")
    with plt.rc_context({"axes.grid": True}):
        assert len(compiled("x^3").plot(x=(0, 1), derivatives=1, ax=own)) == 2
    equations = compiled("r = x^2; 1/x, r, exp(x)").plot(x=(1, 2))
    assert legend_of(equations) == [r"$f_{0} = \dfrac{1}{x}$", "$r = x^{2}$", "$f_{2} = e^{x}$"]


def test_elements_of_arrays_have_ranges():
    f = compiled("sum(100*(x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)", args="x[n]")
    ax = f.plot(x=[(-2, 2), 0.5, 1])
    x, y = line_of(ax)
    np.testing.assert_allclose(y[::1000], [f([v, 0.5, 1]) for v in x[::1000]])
    assert ax.get_xlabel() == "x[0]"
    ax = f.plot(x=[(-2, 2), (-1, 3)], derivatives=True)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x[0]", "x[1]")
    several = compiled("x*a, sum(x^2)", args="x[n], a").plot(x=[(0, 1), 2], a=3, derivatives=1)
    assert [line.get_label() for line in several[0].lines] == ["out0[0]", "out0[1]", "out1"]
    for label, slope in (("out0[0]", 3), ("out0[1]", 0), ("out1", 2 * x_of(several[1], "out1"))):
        np.testing.assert_allclose(line_of(several[1], label)[1], slope)
    low, high = f.plot(x=[(-2, 2), 0.5, 1], std={"x": [0, 0.1, 0.1]}).get_ylim()
    assert high > 1.05 * y.max() > low
    with pytest.raises(ValueError, match=r"the derivative by x\[0\] is drawn to the first order"):
        f.plot(x=[(-2, 2), 0.5, 1], derivatives=2)
    with pytest.raises(ValueError, match="needs 'x' in wrt"):
        compiled("sum(x)*a", args="x[n], a", wrt="a").plot(x=[(0, 1), 2], a=1, derivatives=1)


@each(
    ("text", "low", "high", "kind"),
    [
        ("(1 - x)^2 + 100*(y - x^2)^2", -2, 3, LogNorm),  # a valley
        ("5 + (1 - x)^2 + 100*(y - x^2)^2", -2, 3, LogNorm),
        ("exp(x + y)", 0, 6, LogNorm),
        ("1/(x^2 + y^2)", -1, 1, LogNorm),  # a pole
        ("1/(x*y)", -1, 1, SymLogNorm),
        ("-exp(x + y)", 0, 6, SymLogNorm),
        ("exp(-50*(x^2 + y^2))", -3, 3, LogNorm),
        ("x^2 + y^2", -2, 2, Normalize),
        ("x*y", -1, 1, Normalize),
        ("x + y", 0, 1, Normalize),
        ("exp(-x^2 - y^2)", -3, 3, Normalize),  # a peak
        ("3 + 0*x*y", -1, 1, Normalize),
        ("sin(x)*sin(y)", -5, 5, Normalize),
    ],
)
def test_norms(text, low, high, kind):
    norm = norm_of(compiled(text).plot(x=(low, high), y=(low, high)))
    assert type(norm) is kind


def test_the_valley_has_many_colours():
    f = compiled("(1 - x)^2 + 100*(y - x^2)^2")
    contours = next(c for c in f.plot(x=(-2, 2), y=(-1, 3)).collections if type(c).__name__ == "QuadContourSet")
    x, y = np.meshgrid(np.linspace(-2, 2, 101), np.linspace(-1, 3, 101))
    shares = np.histogram(f(x, y), [-np.inf, *contours.levels, np.inf])[0] / x.size
    assert shares.max() < 0.3
    assert sum(contours.levels < 10) >= 4


def test_points_over_contours():
    x, y = np.linspace(-1, 1, 5), np.linspace(0, 1, 5)
    f = compiled("x^2 - y^3")
    ax = f.plot(x=(-1, 1), y=(-1, 1), data=(x, y, f(x, y)))
    scattered = ax.collections[-1]
    assert np.array_equal(scattered.get_offsets(), np.transpose([x, y]))
    assert scattered.norm.vmax == norm_of(ax).vmax
    assert not any(type(c).__name__ == "Quiver" for c in ax.collections)
    axes = compiled("x*y, x + y").plot(x=(-1, 1), y=(-1, 1), derivatives=True, data=(x, y))
    assert all(any(type(c).__name__ == "Quiver" for c in ax.collections) for ax in axes)


def test_rounding_fills_no_panel():
    axes = compiled("(x + 1)^2 - x^2 - 2*x").plot(x=(-3, 3), derivatives=2)
    for ax, middle in zip(axes, (1, 0, 0), strict=True):
        low, high = ax.get_ylim()
        assert low < middle - 0.01
        assert high > middle + 0.01
    low, high = compiled("sin(x)^2 + cos(x)^2").plot(x=(0, 9)).get_ylim()
    assert high - low > 0.01
    low, high = compiled("(x + 1000)^2 - x^2 - 2000*x").plot(x=(-3, 3)).get_ylim()
    assert high - low > 1
    ax = compiled("sin(x)^2 + cos(x)^2 + 0*y").plot(x=(-5, 5), y=(-5, 5), derivatives=1)
    assert not any(type(c).__name__ == "Quiver" for c in ax.collections)
    assert norm_of(ax).vmax - norm_of(ax).vmin > 0.1
    # Small numbers that are no rounding fill their panel.
    for text in ("1e6 + 1e-5*sin(x)", "1e-30*sin(x)", "5*sin(1e5*x)", "1e-12*sin(1e4*x)", "1 + 1e-9*x"):
        axes = compiled(text).plot(x=(-3, 3), derivatives=1)
        for ax in axes:
            y = line_of(ax)[1]
            low, high = ax.get_ylim()
            assert np.ptp(y) == 0 or high - low < 1.2 * np.ptp(y)


def test_texts_that_are_no_mathematics():
    f = compiled("é_1*x % 3", args="x, é_1")
    with plt.rc_context({"text.usetex": True}):
        ax = f.plot(x=(0, 1), é_1=2, data=([0, 1], [0, 1]))
        title = ax.figure._suptitle
        assert not title.get_usetex()
    assert (title.get_text(), title.get_parse_math()) == ("é_1*x % 3\né_1 = 2", False)
    for text in ("__a__*x_1_2", "α_β*x % y_", " + ".join(f"sin({k}*x)" for k in range(80)), "x if x < 1 else 2"):
        g = compiled(text)
        first, *rest = g.args
        ax = g.plot(**{first: (0, 1)}, **dict.fromkeys(rest, 2), data=([0, 1], [0, 1]))
        assert len(ax.figure.get_suptitle().splitlines()) <= 5
        ax.figure.canvas.draw()
    loop = compiled("s(z, u) = z*u\nfold(s, 1.0, X)*x", args="X[n], x").plot(X=[1, 2], x=(0, 1))  # has no LaTeX
    assert "fold(s, 1.0, X)*x" in loop.figure.get_suptitle()


def test_arguments_with_the_names_of_options():
    ax = compiled("data*ax").plot({"data": (0, 1), "ax": 2}, data=([0, 1], [0, 2]))
    np.testing.assert_allclose(np.ptp(line_of(ax)[1]), 2)


T = (0.0, 1.0)


@each(
    ("given", "kind", "said"),
    [
        ({}, TypeError, "needs a value for t, a, b, as t=1, or a range, as t=(0, 1)"),
        ({"t": T, "a": 1}, TypeError, "needs a value for b, as b=1, or a range, as b=(0, 1)"),
        ({"t": 1, "a": 1, "b": 1}, ValueError, "takes one range or two, as t=(-3, 3)"),
        ({"t": T, "a": T, "b": T}, ValueError, "these have one: t, a, b"),
        ({"t": T, "a": 1, "b": 1, "c": 1}, TypeError, "'c', which is not among the arguments (t, a, b)"),
        ({"t": (1, 0), "a": 1, "b": 1}, ValueError, "'t' runs backwards; write (0, 1)"),
        ({"t": (1, 1), "a": 1, "b": 1}, ValueError, "'t' is empty"),
        ({"t": (0, np.inf), "a": 1, "b": 1}, ValueError, "'t' are not finite"),
        ({"t": ("x", 1), "a": 1, "b": 1}, TypeError, "the ends of the range of 't' are numbers"),
        ({"t": (0, 1, 2), "a": 1, "b": 1}, TypeError, "a range (start, stop), or an array of points"),
        ({"t": [0, 2, 1], "a": 1, "b": 1}, ValueError, "finite and ascend"),
        ({"t": T, "a": "x", "b": 1}, TypeError, "'a' is text"),
        ({"t": (-2, -1), "a": 1, "b": np.nan}, ValueError, "not finite anywhere on t = -2 to -1"),
        ({"t": T, "a": 1, "b": 1, "derivatives": 5}, ValueError, "a whole number from 0 to 4, not 5"),
        ({"t": T, "a": 1, "b": 1, "derivatives": 1, "ax": object()}, TypeError, "ax has 2 of Matplotlib's axes"),
        ({"t": T, "a": 1, "b": 1, "data": [1]}, TypeError, "data is (x, y)"),
        ({"t": T, "a": 1, "b": 1, "data": ([1, 2], [1])}, symdiff.ShapeError, "the shapes (2,) and (1,)"),
        ({"t": T, "a": 1, "b": 1, "data": ([1, 2], ["u", "v"])}, TypeError, "arrays of real numbers"),
        ({"t": T, "a": 1, "b": 1, "data": ([1, 2], [1, 2], [1, 2, 3])}, symdiff.ShapeError, "errors of data"),
        ({"t": T, "a": 1, "b": 1, "data": ([1, 2], [1, 2], -1)}, ValueError, "so they are not negative"),
        ({"t": T, "a": 1, "b": 1, "cov": np.eye(4)}, symdiff.ShapeError, "covariance matrix of a, b, of shape (2, 2)"),
        ({"t": T, "a": 1, "b": 1, "std": [1]}, TypeError, "one standard deviation for each of a, b"),
        ({"t": T, "a": 1, "b": 1, "std": {"c": 1}}, TypeError, "std names 'c'"),
        ({"t": T, "a": T, "b": 1, "std": {"b": 1}}, ValueError, "std and cov are for one range"),
    ],
)
def test_errors(given, kind, said):
    with pytest.raises(kind) as error:
        decay().plot(**given)
    assert said in str(error.value)
    assert not plt.get_fignums()


def test_errors_of_arrays_and_of_other_formulas():
    f = compiled("sum(v)*x", args="v[n], x")
    for given, said in [
        ({"v": (0, 1), "x": 2}, "'v' is an array: a range of one of its elements is written v=[(-3, 3), 1]"),
        ({"v": 3, "x": (0, 1)}, "give a range to an element of it, as v=[(0, 1), 2]"),
        ({"x": (0, 1)}, "needs a value for v, as v=[1, 2]"),
        ({"v": [(0, 1), [2]], "x": 1}, "v[1] takes a number or a range"),
    ]:
        with pytest.raises((TypeError, ValueError)) as error:
            f.plot(**given)
        assert said in str(error.value)
    with pytest.raises(TypeError, match="plot takes Functions, and ranges by name"):
        f.plot((0, 1))
    with pytest.raises(TypeError, match="'a', which is bound already"):
        decay().bind(a=1).plot(t=(0, 1), a=2, b=1)
    with pytest.raises(ValueError, match="with two ranges, one Function is drawn"):
        compiled("x*y").plot(compiled("x"), x=(0, 1), y=(0, 1))
    with pytest.raises(ValueError, match="20 results; at most 10"):
        compiled("x*v", args="x, v[20]").plot(x=(0, 1), v=np.ones(20))


def test_matplotlib_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'matplotlib>=3.8'"):
        compiled("x").plot(x=(0, 1))
    code = "import symdiff, sys; symdiff.compile('x').plot; assert 'matplotlib' not in sys.modules"
    assert not subprocess.run([sys.executable, "-c", code], check=False).returncode


def test_pictures_for_files_leave_pyplot_alone(tmp_path):
    save(tmp_path / "p.svg", [compiled("x^2")], {"x": (0, 1)})
    assert (tmp_path / "p.svg").read_bytes().startswith(b"<?xml")
    assert not plt.get_fignums()
