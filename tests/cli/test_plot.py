"""`symdiff plot`: what is drawn, where lines break, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest
from tables import each

from symdiff.cli import main

pytest.importorskip("matplotlib")

HEADS = {
    "png": b"\x89PNG",
    "pdf": b"%PDF",
    "svg": b"<?xml",
    "jpg": b"\xff\xd8",
    "jpeg": b"\xff\xd8",
    "webp": b"RIFF",
    "eps": b"%!PS",
    "ps": b"%!PS",
    "tif": b"II",
    "tiff": b"II",
    "svgz": b"\x1f\x8b",
}


@pytest.fixture
def drawn(tmp_path, monkeypatch, capsys):
    """Draws, and returns the figure that was saved."""
    from matplotlib.figure import Figure

    kept = []
    save = Figure.savefig

    def saved(self, *args, **kwargs):
        save(self, *args, **kwargs)
        kept.append(self)

    monkeypatch.setattr(Figure, "savefig", saved)

    def draw(*words, name="plot.png"):
        path = tmp_path / name
        status = main(["plot", *words, "-o", str(path)])
        assert (status, capsys.readouterr()) == (0, ("", ""))
        assert path.stat().st_size > 1000
        return kept[-1]

    draw.folder = tmp_path
    return draw


def lines_of(panel):
    return {line.get_label(): line.get_xydata() for line in panel.lines if not line.get_label().startswith("_")}


def test_a_function_and_its_derivatives(drawn):
    figure = drawn("a*sin(x)", "--range", "x=0:2*pi", "--at", "a=2")
    assert figure.get_suptitle() == "$a \\, \\sin\\left(x\\right)$\na = 2"
    assert [panel.get_ylabel() for panel in figure.axes] == ["f", "df/dx", "d²f/dx²"]
    assert figure.axes[-1].get_xlabel() == "x"
    for panel, g in zip(figure.axes, (np.sin, np.cos, lambda x: -np.sin(x)), strict=True):
        x, y = lines_of(panel)["f"].T
        assert (x[0], x[-1]) == (0.0, 2 * np.pi)
        assert np.allclose(y, 2 * g(x), atol=1e-12)
        assert panel.get_xlim() == (0.0, 2 * np.pi)


def test_each_order_has_a_panel_of_its_own_scale(drawn):
    figure = drawn("sin(30*x)", "--range", "x=-1:1")
    low, high = figure.axes[1].get_ylim()
    assert -35 < low < -30 < 30 < high < 35
    assert len(drawn("x", "--range", "x=0:1", "--order", "0").axes) == 1


def test_several_outputs(drawn):
    figure = drawn("r = x^2; r, 2*r", "--range", "x=0:1", "--order", "1")
    assert [list(lines_of(panel)) for panel in figure.axes] == [["r", "out1"], ["r", "out1"]]
    figure = drawn("A @ [x, x^2]", "--args", "A[2,2]", "x", "--at", "A=1,2;3,4", "--range", "x=-1:2")
    assert list(lines_of(figure.axes[0])) == ["out[0]", "out[1]"]
    figure = drawn("x*v", "--args", "x", "v[n]", "--at", "v=1,2,3", "--range", "x=-1:2", "--order", "0")
    assert list(lines_of(figure.axes[0])) == ["out[0]", "out[1]", "out[2]"]


@each("formula", ["1/x", "1/x^3", "tan(x + pi/2)", "1/sin(x)"])
def test_lines_break_at_poles(drawn, formula):
    panel = drawn(formula, "--range", "x=-1:1", "--order", "0").axes[0]
    x, y = lines_of(panel)["f"].T
    assert np.isnan(y).any()
    low, high = panel.get_ylim()
    assert -1000 < low < 0 < high < 1000
    crossing = (y[1:] * y[:-1] < 0) & (np.abs(x[1:]) < 0.1)
    assert not crossing.any()


@each("formula", ["floor(x)", "tanh(1e5*x)"])
def test_steps_and_steep_lines_do_not_break(drawn, formula):
    panel = drawn(formula, "--range", "x=-1.5:1.7", "--order", "0").axes[0]
    assert not np.isnan(lines_of(panel)["f"]).any()
    low, high = panel.get_ylim()
    assert low < -1
    assert high > 1


def test_only_where_there_is_a_value(drawn):
    figure = drawn("log(x)", "--range", "x=-1:3")
    for panel in figure.axes:
        x, y = lines_of(panel)["f"].T
        assert 0 <= x[np.isfinite(y)].min() < 0.001
    low, high = figure.axes[0].get_ylim()
    assert low < -2
    assert 1 < high < 2


def test_peaks_are_shown_whole(drawn):
    low, high = drawn("exp(-1000*(x - 0.1)^2)", "--range", "x=-3:3", "--order", "0").axes[0].get_ylim()
    assert low < 0
    assert 1 < high < 1.2
    low, high = drawn("exp(x)", "--range", "x=0:10", "--order", "0").axes[0].get_ylim()
    assert high > np.exp(10)


def test_a_gap_of_one_point(drawn):
    figure = drawn("sin(x)/x", "--range", "x=-15:15")  # NaN at 0
    _, y = lines_of(figure.axes[2])["f"].T
    assert np.nanmax(np.abs(y)) < 0.34


def test_two_ranges(drawn):
    figure = drawn("x^2 + 10*b*y", "--range", "y=-2:2", "x=0:3", "--at", "b=1")
    panel, _ = figure.axes  # the second is the colour bar
    assert (panel.get_xlabel(), panel.get_ylabel(), panel.get_title()) == ("y", "x", "f")
    assert (panel.get_xlim(), panel.get_ylim()) == ((-2.0, 2.0), (0.0, 3.0))
    quiver = next(c for c in panel.collections if type(c).__name__ == "Quiver")
    assert np.allclose(quiver.U / quiver.V, 10 / (2 * np.asarray(quiver.Y)))  # along the gradient
    assert "gradient" in figure.get_supxlabel()
    figure = drawn("x*y, log(x*y), sqrt(-1 - x^2)*y", "--range", "x=-1:1", "y=-1:1")
    titles = [panel.get_title() for panel in figure.axes if panel.get_title()]
    assert titles == ["out0", "out1", "out2: not finite anywhere"]
    drawn("3 + 0*x*y", "--range", "x=-1:1", "y=-1:1")
    drawn("1/(x*y)", "--range", "x=-1:1", "y=-1:1")


@pytest.mark.parametrize("suffix", HEADS)
def test_formats(drawn, suffix):
    drawn("x^2", "--range", "x=-1:1", "--order", "0", name=f"p.{suffix}")
    assert (drawn.folder / f"p.{suffix}").read_bytes().startswith(HEADS[suffix])


def test_text_that_is_mathematics_or_style_elsewhere(drawn):
    figure = drawn("θ_1^2 # costs $1, or $2", "--range", "θ_1=-1:1", name="p.PNG")
    assert figure.get_suptitle() == r"$\theta_{1}^{2}$"
    figure = drawn("é_$1".replace("$", "") + "*x % 3", "--range", "x=-1:1", "--at", "é_1=2", name="p.svg")
    assert figure.get_suptitle() == "é_1*x % 3\né_1 = 2"  # a font for mathematics may lack the letter
    assert not figure._suptitle.get_parse_math()
    long = " + ".join(f"sin({k}*x)" for k in range(100))
    assert drawn(long, "--range", "x=0:1", "--order", "0").get_suptitle().count("\n") == 2
    drawn("a = x^2\nb = 2*a\na, b", "--range", "x=0:1")


def test_pyplot_and_the_settings_are_left_alone(drawn):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    drawn("x^2", "--range", "x=-1:1")
    assert dict(mpl.rcParams) == before
    code = (
        "import sys; from symdiff.cli import main; s = main(['plot', 'x', '--range', 'x=0:1', '-o', sys.argv[1]]);"
        "assert 'matplotlib.pyplot' not in sys.modules; sys.exit(s)"
    )
    done = subprocess.run([sys.executable, "-c", code, "/dev/null/x.png"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "symdiff: there is no directory '/dev/null'\n"


def test_matplotlib_is_an_extra(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["plot", "x", "--range", "x=0:1", "-o", str(tmp_path / "p.png")]) == 2
    assert "pip install 'matplotlib" in capsys.readouterr().err


def test_elements_of_arrays(drawn):
    valley = ["sum(100*(x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)*a", "--args", "x[n]", "a"]
    panel = drawn(*valley, "--range", "x[0]=-2:2", "x[1]=-1:3", "--at", "a=2").axes[0]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("x[0]", "x[1]")
    figure = drawn(*valley, "--range", "x[1]=-1:1", "--at", "a=2", "x=1,5,2")
    assert [panel.get_ylabel() for panel in figure.axes] == ["f", "df/dx[1]"]
    x, y = lines_of(figure.axes[0])["f"].T
    assert np.allclose(y, 2 * (100 * (x - 1) ** 2 + 100 * (2 - x**2) ** 2 + (1 - x) ** 2))


def test_data_and_a_band(drawn):
    file = drawn.folder / "decay.csv"
    for text in (
        "t,y,dy\n0,2.1,.1\n1,1,.1\n2,.4,.2\n",
        "# t y dy\n0 2.1 .1\n\n1 1 .1  # odd\n2 .4 .2",
        "0;2.1;.1\n1;1;.1\n2;.4;.2",
    ):
        file.write_text(text, encoding="utf-8")
        words = ["a*exp(-b*t)", "--range", "t=0:3", "--at", "a=2", "b=0.7", "--order", "1"]
        figure = drawn(*words, "--data", str(file), "--std", "a=0.1", "b=0.05")
        panel = figure.axes[0]
        assert [text.get_text() for text in panel.get_legend().get_texts()] == ["f", "± one standard deviation", "data"]
        x, y = panel.containers[0].lines[0].get_data()
        assert [*x, *y] == [0, 1, 2, 2.1, 1, 0.4]
        assert len(figure.axes) == 2


def test_data_give_the_range(drawn):
    file = drawn.folder / "decay.csv"
    file.write_text("0,2.1\n4,1\n", encoding="utf-8")
    panel = drawn("a*exp(-t)", "--at", "a=2", "--order", "0", "--data", str(file)).axes[0]
    x = lines_of(panel)["f"][:, 0]
    assert panel.get_xlabel() == "t"
    assert x[0] <= 0
    assert x[-1] >= 4


def test_errors_of_data(tmp_path, capsys):
    file = tmp_path / "bad.csv"
    for text, said in [
        ("1,2\n3,x\n", "line 2 of"),
        ("", "two, three or four columns"),
        ("1\n2\n", "two, three or four columns"),
        ("1,2\n1,2,3\n", "two, three or four columns"),
    ]:
        file.write_text(text, encoding="utf-8")
        words = ["x", "--range", "x=0:1", "--data", str(file), "-o", str(tmp_path / "p.png")]
        assert main(["plot", *words]) == 2
        assert said in capsys.readouterr().err
    file.write_text("1,2\n2,3\n", encoding="utf-8")
    for words, said in [
        (["x", "--at", "x=1"], "or --data and no value for one argument"),
        (["x*y"], "plot needs a value for x, y, as --at x=1, or a range"),
    ]:
        assert main(["plot", *words, "--data", str(file), "-o", str(tmp_path / "p.png")]) == 2
        assert said in capsys.readouterr().err
    assert main(["plot", "x", "--range", "x=0:1", "--data", "nowhere.csv", "-o", str(tmp_path / "p.png")]) == 2
    assert "nowhere.csv" in capsys.readouterr().err


@each(
    ("words", "said"),
    [
        (["x"], "one range or two, as --range x=-3:3"),
        (["x*y*z", "--range", "x=0:1", "y=0:1", "z=0:1"], "one range or two, as --range x=-3:3, not 3"),
        (["x", "--range", "x"], "--range takes NAME=START:STOP, not 'x'"),
        (["x", "--range", "x=1"], "--range takes NAME=START:STOP, not 'x=1'"),
        (["x", "--range", "x=0:1:5"], "--range takes NAME=START:STOP"),
        (["x", "--range", "x=:1"], "--range takes NAME=START:STOP"),
        (["x", "--range", "x=a:1"], "--range: the value of 'x' is not a number"),
        (["x", "--range", "x=3:-3"], "'x' runs backwards; write x=-3:3"),
        (["x", "--range", "x=1:1"], "the range of 'x' is empty: 1:1"),
        (["x", "--range", "x=0:inf"], "the ends of 'x' are not finite"),
        (["x", "--range", "x=nan:1"], "the ends of 'x' are not finite"),
        (["x", "--range", "x=-1e308:1e308"], "not finite"),
        (["x", "--range", "x=0:1", "x=1:2"], "--range gives 'x' twice"),
        (["x", "--range", "y=0:1"], "'y', which is not among the arguments (x)"),
        (["x", "--range", "x=0:1", "--at", "x=2"], "'x' has a range, and a value by --at"),
        (["x*a*b", "--range", "x=0:1"], "plot needs a value for a, b, as --at a=1, or a range, as --range a=0:1"),
        (["x*a", "--range", "x=0:1", "--at", "a=1,2"], "--at gives 2 values to 'a', which takes one number here"),
        (["x*a", "--range", "x=0:1", "--at", "a=1", "c=2"], "'c', which is not among the arguments"),
        (["sum(v)*x", "--args", "v[n]", "x", "--range", "v=0:1", "--at", "x=1"], "'v' is an array"),
        (["sum(v)", "--args", "v[n]", "--range", "v[2]=0:1"], "the other elements of 'v', as --at v=0,0,0"),
        (["sum(v)", "--args", "v[n]", "--range", "v[2]=0:1", "--at", "v=1,2"], "'v' has 2 elements, and v[2] is not"),
        (["sum(v)", "--args", "v[2]", "--range", "v[0]=0:1"], "the other elements of 'v', as --at v=0,0"),
        (["sum(v)", "--args", "v[n,n]", "--range", "v[2]=0:1"], "has no elements with one index, as v[2]"),
        (["x", "--range", "x[0]=0:1"], "'x' has no elements with one index, as x[0]"),
        (["sqrt(-1 - x^2)", "--range", "x=0:1"], "not finite anywhere on x = 0 to 1"),
        (["sqrt(-1 - x^2)*y", "--range", "x=0:1", "y=0:1"], "not finite anywhere on x = 0 to 1, y = 0 to 1"),
        (["x", "--range", "x=0:1", "--order", "7"], "--order is a whole number from 0 to 4, not 7"),
        (["x", "--range", "x=0:1", "--order", "-1"], "not -1"),
        (["x*y", "--range", "x=0:1", "y=0:1", "--order", "1"], "--order is for one range"),
        (["x*v", "--args", "x", "v[20]", "--at", "v=" + ",".join("1" * 20), "--range", "x=0:1"], "at most 10"),
        (["lgo(x)", "--range", "x=0:1"], "did you mean 'log'?"),
    ],
)
def test_errors(capsys, tmp_path, words, said):
    status = main(["plot", *words, "-o", str(tmp_path / "p.png")])
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert err.startswith("symdiff: ")
    assert said in err
    assert not (tmp_path / "p.png").exists()


@each(
    ("name", "said"),
    [("p.xyz", "Format 'xyz' is not supported (supported formats: "), ("p", "no suffix"), ("-", "no suffix")],
)
def test_suffixes_that_are_no_format(capsys, name, said):
    assert main(["plot", "x", "--range", "x=0:1", "-o", name]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "png" in err


def test_a_picture_needs_a_name(capsys):
    with pytest.raises(SystemExit):
        main(["plot", "x", "--range", "x=0:1"])
    assert "-o/--output" in capsys.readouterr().err
