"""The report: one page about a formula at a point. A browser, where there is one, opens it."""

import html
import importlib.util
import re
import sys
from html.parser import HTMLParser

import browser
import numpy as np
import pytest

import symdiff
from symdiff.cli import main

EXAMPLE = "log(x1) + x1*x2 - sin(x2)"
HOSTILE = "a < b # </script><script>document.title = 'pwned'</script><img src=x onerror=\"document.title='pwned'\">"
EMPTY = {"meta", "input", "line", "circle", "path", "rect", "br", "polygon", "use", "mspace"}


class Tags(HTMLParser):
    """The tags of a page in order, and whether each one is closed."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.text = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def headings(page):
    return re.findall(r"<h2>(.*?)</h2>", str(page))


def test_the_page_has_all_parts_and_is_well_formed():
    f = symdiff.compile(EXAMPLE)
    page = f.report(2, 5)
    read = Tags(str(page))
    assert not read.open
    assert headings(page) == [
        "Formula", "Value and derivatives", "Move the arguments", "Sources", "Trace", "Graph", "Hessian", "LaTeX",
    ]  # fmt: skip
    text = "".join(read.text)
    assert f.value_and_grad.source in text
    assert symdiff.compile(EXAMPLE, optimize=False).value_and_grad.source in text
    assert f.value_and_grad.source_for("c") in text
    assert f.latex in text
    assert f.grad.latex in text
    for number in (f(2, 5), *f.grad(2, 5), f.hessian(2, 5)[0, 0]):
        assert repr(float(number)) in text
    ids = [given["id"] for _, given in read.tags if "id" in given]
    assert len(ids) == len(set(ids))
    labelled = {given["for"] for tag, given in read.tags if tag == "label" and "for" in given}
    assert labelled <= set(ids)
    assert not re.search(r'(?:src|href)="', str(page))


@pytest.mark.parametrize(
    ("formula", "options", "point", "absent"),
    [
        ("x, x*y", {}, (1.0, 2.0), {"Move the arguments", "Hessian"}),
        ("sum((a*t - y)^2)", {"args": "t[n], y[n], a"}, ([1.0, 2.0], [2.0, 3.0], 1.5), {"Move the arguments"}),
        ("gammainc(a, x)", {}, (2.0, 3.0), {"Move the arguments"}),
        ("log(x)", {}, (0.0,), set()),
        ("1/x", {}, (np.inf,), {"Move the arguments"}),
        ("step(h, a) = h*w + a; fold(step, 0, x)", {"args": "x[n], w"}, ([1.0, 2.0], 0.5), {"Move the arguments"}),
        ("2*3", {}, (), {"Move the arguments", "Hessian"}),
        ("x[i]^2", {"args": "x[n], i: int"}, ([1.0, 2.0], 1), {"Move the arguments"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_formula_lacks_is_left_out_or_explained(formula, options, point, absent):
    page = symdiff.compile(formula, **options).report(*point)
    assert not Tags(str(page)).open
    assert set(headings(page)).isdisjoint(absent)
    assert {"Formula", "Value and derivatives", "Sources", "LaTeX"} <= set(headings(page))


def test_bound_arguments_are_part_of_the_point():
    page = str(symdiff.compile(EXAMPLE).bind(x2=5.0).report(2.0))
    assert page == str(symdiff.compile(EXAMPLE, wrt="x1").report(2.0, 5.0))
    assert "d/dx2" not in page


def test_nothing_of_a_hostile_formula_is_markup():
    f = symdiff.compile(HOSTILE, args="a, b")
    page = f.report(1, 2)
    read = Tags(str(page))
    assert [tag for tag, _ in read.tags].count("script") == 1
    assert not [given for _, given in read.tags if any(name.startswith("on") for name in given)]
    assert "img" not in dict(read.tags)
    assert html.escape(HOSTILE) in str(page)


def test_formulas_are_mathematics_where_a_package_makes_it(monkeypatch):
    f = symdiff.compile(EXAMPLE)
    if importlib.util.find_spec("math_core"):
        assert str(f.report(2, 5)).count("<math ") == 2
    monkeypatch.setitem(sys.modules, "math_core", None)
    assert "<math" not in str(f.report(2, 5))


def test_a_large_hessian_is_not_computed(monkeypatch):
    monkeypatch.setattr(symdiff.Function, "hessian", None)
    names = [f"x{k}" for k in range(13)]
    assert "The Hessian has 13 rows." in str(symdiff.compile("*".join(names)).report(*[1.0] * 13))


def test_errors_say_what_to_write(tmp_path):
    f = symdiff.compile(EXAMPLE)
    with pytest.raises(TypeError, match="x1, x2"):
        f.report()
    with pytest.raises(symdiff.ShapeError, match="one point"):
        f.report([1.0, 2.0], 3.0)
    with pytest.raises(ValueError, match=r"must end in \.html"):
        f.report(2, 5).save(tmp_path / "report.pdf")
    with pytest.raises(TypeError, match="real"):
        f.report(2j, 5)


def test_the_command_writes_the_page(tmp_path, capsys):
    path = tmp_path / "report.html"
    assert main(["report", EXAMPLE, "--at", "x1=2", "x2=5", "-o", str(path)]) == 0
    assert path.read_text() == str(symdiff.compile(EXAMPLE).report(2.0, 5.0))
    assert main(["report", EXAMPLE, "-o", str(path)]) == 2
    assert "x1" in capsys.readouterr().err
    assert "iframe" in symdiff.compile("x").report(1.0)._repr_html_()


@pytest.fixture(scope="module")
def tab():
    program = browser.found()
    if program is None:
        pytest.skip(f"there is no browser: none of {', '.join(browser.NAMES)} is installed")
    with browser.Browser(program) as opened:
        yield opened


def shown(tab):
    return [float(v) for v in tab.run("[...document.querySelectorAll('output')].map((o) => o.value)")]


@pytest.mark.long
def test_sliders_move_the_numbers_in_a_browser(tab, tmp_path):
    f, path = symdiff.compile(EXAMPLE), tmp_path / "report.html"
    f.report(2, 5).save(path)
    assert tab.open(path.as_uri()) == [path.as_uri()]  # it loads nothing else
    assert shown(tab) == [f(2, 5), *f.grad(2, 5)]

    reached = []
    for _ in range(5):
        tab.press("Tab")
        reached.append(tab.run("document.activeElement.id"))
    assert reached == ["range0", "box0", "range1", "box1", "reset"]

    tab.run("document.getElementById('range0').focus()")
    before = tab.run("document.getElementById('curve').innerHTML")
    tab.press("End")
    assert shown(tab) == pytest.approx([f(4, 5), *f.grad(4, 5)], rel=1e-15)
    assert tab.run("document.getElementById('box0').value") == "4"
    assert tab.run("document.getElementById('curve').innerHTML") != before
    tab.press("ArrowLeft")
    assert shown(tab)[0] < f(4, 5)
    tab.run("box1.value = '-20'; box1.dispatchEvent(new Event('input'))")  # beyond the slider, which grows
    assert tab.run("range1.min") == "-20"
    tab.run("reset.click()")
    assert shown(tab) == [f(2, 5), *f.grad(2, 5)]
    tab.run("document.querySelectorAll('input[name=over]')[1].click()")
    assert tab.run("document.querySelector('.over').textContent") == "x2"
    assert "NaN" not in tab.run("document.getElementById('slope').innerHTML")

    assert tab.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert tab.ask("Page.printToPDF")["data"]
    assert not tab.errors


@pytest.mark.long
@pytest.mark.parametrize(
    ("formula", "options", "point"),
    [
        (HOSTILE, {"args": "a, b"}, (1, 2)),
        ("λ*for_ + sqrt(x) + where(x > 0, log(x), -1)", {}, (1.0, 2.0, 0.0)),
        ("sum((a*t - y)^2)", {"args": "t[n], y[n], a"}, ([1.0, 2.0], [2.0, 3.0], 1.5)),
        ("maximum(x, 0)*1e300", {}, (1.0,)),
        ("__proto__*constructor + sin(x)*1.5e308", {"args": "__proto__, constructor, x"}, (2.0, 1e308, 1.0)),
    ],
    ids=["hostile", "names", "arrays", "large", "largest"],
)
def test_other_pages_have_no_errors_in_a_browser(tab, tmp_path, formula, options, point):
    path = tmp_path / "report.html"
    f = symdiff.compile(formula, **options)
    f.report(*point).save(path)
    tab.open(path.as_uri())
    assert tab.run("document.title") == (f.text if len(f.text) <= 80 else f.text[:77] + "...")
    assert not tab.errors
