"""The computational graph: its text, the values and adjoints on its nodes, and its picture."""

import re
import shutil
import sys
import types
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from primitives import call_at_a_point
from tables import each

import symdiff
from symdiff.cli import main
from symdiff.derive.every import every
from symdiff.emit.dot import _quoted, drawable
from symdiff.ops.table import BASIC, PRIMITIVES

EXAMPLE = "log(x1) + x1*x2 - sin(x2)"

PLAIN = """\
  n0 [label="x", shape=ellipse, fillcolor="#d5e3f5"]
  n1 [label="2", shape=plain, style=""]
  n2 [label="^"]
  n3 [label="y", shape=ellipse, fillcolor="#d5e3f5"]
  n4 [label="r = ÷"]
  n0 -> n2 [label="1"]
  n1 -> n2 [label="2"]
  n2 -> n4 [label="1"]
  n3 -> n4 [label="2"]
  out0 [label="r", shape=ellipse, fillcolor="#d5f0d5"]
  n4 -> out0
}
"""

VALUED = """\
  n0 [label="x1\\n= 2\\nadjoint 5.5", shape=ellipse, fillcolor="#d5e3f5"]
  n1 [label="log\\n= 0.693147\\nadjoint 1"]
  n2 [label="x2\\n= 5\\nadjoint 1.71634", shape=ellipse, fillcolor="#d5e3f5"]
  n3 [label="×\\n= 10\\nadjoint 1"]
  n4 [label="+\\n= 10.6931\\nadjoint 1"]
  n5 [label="sin\\n= -0.958924\\nadjoint -1"]
  n6 [label="−\\n= 11.6521\\nadjoint 1"]
  n0 -> n1
  n0 -> n3
  n2 -> n3
  n1 -> n4
  n3 -> n4
  n2 -> n5
  n4 -> n6 [label="1"]
  n5 -> n6 [label="2"]
  out0 [label="out", shape=ellipse, fillcolor="#d5f0d5"]
  n6 -> out0
}
"""


def body(drawing):
    text = str(drawing)
    assert text.startswith("digraph {\n")
    return text[text.index("  n0 ") :]


def labels(drawing):
    """The lines of the label of each node, in order."""
    found = re.findall(r'^  (?:n|out)\d+ \[label="((?:[^"\\]|\\.)*)"', str(drawing), re.MULTILINE)
    return [label.split("\\n") for label in found]


def test_plain():
    assert body(symdiff.compile("r = x^2/y; r").graph()) == PLAIN


def test_with_values():
    f = symdiff.compile(EXAMPLE)
    assert body(f.graph(2, 5)) == VALUED
    assert str(f.graph(x2=5, x1=2.0)) == str(f.graph(2, 5)) == repr(f.graph(np.float64(2), 5))


@each("name", [n for n, p in PRIMITIVES.items() if n in BASIC and not p.internal and p.sample])
def test_every_operation_has_a_node(name):
    text, point = call_at_a_point(name)
    f = symdiff.compile(f"({text}) + 0*y" if PRIMITIVES[name].condition else text)
    named = [label[0] for label in labels(f.graph())]
    primitive = PRIMITIVES[name]
    signs = {"sub": "−", "neg": "−", "mul": "×", "div": "÷", "pow": "^"}
    assert signs.get(name) or (primitive.symbols[0].text if primitive.symbols else name) in named
    point = {**point, "y": 1.0} if PRIMITIVES[name].condition else point
    assert f"= {f(**point):.6g}" in labels(f.graph(**point))[-2]


@each(
    ("text", "args", "point"),
    [
        (EXAMPLE, None, (2.0, 5.0)),
        ("where(x > 0, log(x), y*x)*y", None, (-1.0, 2.0)),
        ("r = hypot(x, y); where(r > 0, x/r, 0)", None, (0.0, 0.0)),
        ("abs(x)*maximum(x, y)", None, (1.0, 1.0)),
        ("norm(x)*x[0]", "x[n]", ([0.0, 0.0],)),
        ("sum((y - a*x)^2)", "x[n], y[n], a", ([1.0, 2.0], [2.0, 3.0], 0.5)),
        ("sum(softmax(W@x)*y[1:])", "W[2,n], x[n], y[3]", ([[1.0, 2.0], [0.5, 1.0]], [1.0, 2.0], [1.0, 0.0, 3.0])),
    ],
)
@each("optimize", [True, False])
def test_values_and_adjoints(text, args, point, optimize):
    f = symdiff.compile(text, args=args, optimize=optimize)
    given = [np.asarray(p) for p in point]
    program = drawable(f.program)
    values, adjoints = every(program, given)
    assert values[program.outputs[0]] == pytest.approx(f(*point))
    for i, partial in zip(program.inputs, f.grad(*point), strict=True):
        np.testing.assert_allclose(adjoints.get(i, 0.0), partial)
    assert len(values) == len(program.graph.rows)
    for i, bar in adjoints.items():
        assert np.shape(bar) == np.shape(values[i])
    assert str(f.graph(*point)).count("adjoint") == len(adjoints)


def test_a_choice_shows_which_side_changes_the_result():
    found = {label[0]: label[1:] for label in labels(symdiff.compile("where(x > 0, sqrt(x), x*y)").graph(4, 3))}
    assert found["sqrt"] == ["= 2", "adjoint 1"]
    assert found["×"] == ["= 12", "adjoint 0"]
    assert found[">"] == ["= True"]
    assert found["y"] == ["= 3", "adjoint 0"]


def test_derivatives_and_several_results():
    f = symdiff.compile("r = x*y; r, sin(r)")
    text = str(f.graph(1, 2))
    assert "adjoint" not in text  # of which result?
    assert [label[0] for label in labels(f.graph())][-2:] == ["r", "out1"]
    g = symdiff.compile("exp(x*y)").grad
    assert str(g.graph(1, 2)).count("shape=ellipse") == 4
    assert "@" in [label[0] for label in labels(symdiff.compile("A@x", args="A[m,n], x[n]").graph())]
    arrays = labels(symdiff.compile("A@x", args="A[m,n], x[n]").graph(np.ones((3, 4)), np.ones(4)))
    assert arrays[0] == ["A[m, n]", "= array of shape (3, 4)"]
    assert arrays[1] == ["x[n]", "= [1., 1., 1., 1.]"]


def test_labels_are_escaped():
    assert _quoted(['a"b\\n', "c"]) == r'"a\"b\\n\nc"'
    assert 'label="α"' in str(symdiff.compile("α^2").graph())


def test_wrong_input():
    f = symdiff.compile("x*y")
    with pytest.raises(TypeError, match="missing"):
        f.graph(1)
    with pytest.raises(symdiff.ShapeError, match="one point"):
        f.graph(np.ones(3), 1)
    with pytest.raises(TypeError, match="real"):
        f.graph(1j, 1)
    with pytest.raises(TypeError, match="'x'"):
        f.graph("a", 1)
    g = symdiff.compile("x@y", args="x[n], y[n]")
    with pytest.raises(symdiff.ShapeError, match="n is 3"):
        g.graph(np.ones(3), np.ones(4))
    with pytest.raises(symdiff.ShapeError, match="out of range"):
        symdiff.compile("x[3]", args="x[n]").graph(np.ones(2))
    huge = symdiff.compile(" + ".join(f"x*{k}.5" for k in range(2000)))
    with pytest.raises(symdiff.LimitError, match=r"symdiff.limits.shown = 2000"):
        huge.graph()


# Pictures

SVG = "{http://www.w3.org/2000/svg}"
PICTURES = [
    ("3.0", ""),
    ("x^2", None),
    (EXAMPLE, None),
    ("r = a*exp(-b*t) + c - y; r^2/s^2", None),
    (" + ".join(f"w{k}*sin(x{k})" for k in range(12)), None),
    ("(" * 20 + "x" + "".join(f"*x + {k}.5)" for k in range(20)), None),
    ("where(x > 0, log(x), x^2)*y + (sin(y) if x < y else cos(y))", None),
    ("r = x*y; r, sin(r), x, 3.0", None),
    ("sum(softmax(W@tanh(V@x + b))*y)", "W[m,h], V[h,n], x[n], b[h], y[m]"),
    ("hill(x, k, n) = x^n/(k^n + x^n)\ny = hill(s, k, 2)\ny*v + hill(s, k, 4)", None),
    ("step(h, x) = tanh(0.5*h + w*x)\nfold(step, 0.0, X)*a", "X[n], w, a"),
    ("norm(A@x - x)", "x[2]"),
    ("; ".join(f"t{k} = t{k - 1}*t{max(0, k - 7)} + x" for k in range(1, 60)) + "; t59", "t0, x"),
]


class Picture:
    """What a picture of a graph is made of."""

    def __init__(self, svg):
        self.root = ET.fromstring(svg)  # noqa: S314 - the text is our own
        self.size = [float(x) for x in self.root.get("viewBox").split()[2:]]
        rects = [e for e in self.root.iter(f"{SVG}rect") if e.get("class") != "paper"]
        self.boxes = [[float(e.get(key)) for key in ("x", "y", "width", "height")] for e in rects]
        self.kinds = [e.get("class") for e in rects]
        groups = list(self.root.iter(f"{SVG}g"))
        self.texts = [[t.text for t in g.iter(f"{SVG}text")] for g in groups]
        self.tips = [tuple(map(float, e.get("points").split()[0].split(","))) for e in self.root.iter(f"{SVG}polygon")]
        self.paths = [
            [tuple(map(float, p.split(","))) for p in re.findall(r"[-\d.e]+,[-\d.e]+", e.get("d"))]
            for e in self.root.iter(f"{SVG}path")
        ]

    def on_the_border(self, x, y):
        """The boxes that have a point on the border."""
        close = 0.2
        return [
            k
            for k, (left, top, width, height) in enumerate(self.boxes)
            if left - close <= x <= left + width + close
            and top - close <= y <= top + height + close
            and min(abs(x - left), abs(x - left - width), abs(y - top), abs(y - top - height)) <= close
        ]


def compiled(text, args):
    constants = {"A": np.eye(2)} if "A" in text else None
    return symdiff.compile(text, args=args, constants=constants)


@each(("text", "args"), PICTURES)
def test_boxes_and_edges_of_a_picture(text, args):
    f = compiled(text, args)
    picture = Picture(f.graph().svg())
    width, height = picture.size
    for k, (x, y, w, h) in enumerate(picture.boxes):
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height
        for a, b, c, d in picture.boxes[:k]:
            assert x >= a + c or a >= x + w or y >= b + d or b >= y + h, "two boxes overlap"
    assert picture.kinds.count("argument") + picture.kinds.count("result") >= len(f.args)
    assert len(picture.tips) == len(picture.paths)
    for tip, path in zip(picture.tips, picture.paths, strict=True):
        assert picture.on_the_border(*tip), "an edge ends beside its box"
        assert all(0 <= x <= width and 0 <= y <= height for x, y in path)
        for x, y in path:  # the points that direct a curve lie in its hull
            for left, top, w, h in picture.boxes:
                assert not (left + 1 < x < left + w - 1 and top + 1 < y < top + h - 1), "an edge crosses a box"
    shared = [path[0] for path in picture.paths if not picture.on_the_border(*path[0])]
    ends = {point for path in picture.paths for point in path}
    assert ends.issuperset(shared), "an edge begins nowhere"


def test_a_picture_has_the_steps_of_the_trace():
    for text, point in [(EXAMPLE, (2.0, 5.0)), ("a = x*y + sin(x*2); b = sin(x) + a; a + b*log(y)", (1.5, 3.0))]:
        for optimize in (True, False):
            f = symdiff.compile(text, optimize=optimize)
            found = {words[0]: words[1:] for words in Picture(f.graph(*point).svg()).texts}
            steps = [step for step in f.trace(*point) if step.kind != "result"]
            if optimize and text != EXAMPLE:  # equal steps are one node
                continue
            assert len(found) == len(steps)
            for step in steps:
                name = f"{step.name} = {step.expression}" if step.expression else step.name
                assert found[name] == [f"{step.value:.6g}", f"{step.adjoint:.6g}"]


def test_results_and_shapes_of_a_picture():
    picture = Picture(symdiff.compile("r = x*y; r, sin(r), x, 3.0").graph(1, 2).svg())
    assert picture.texts == [
        ["x", "1", "result out2"],
        ["y", "2"],
        ["r = x * y", "2"],
        ["v1 = sin(r)", "0.909297", "result out1"],
        ["out3 = 3.0"],
    ]
    assert picture.kinds == ["result", "argument", "result", "result", "result"]
    f = symdiff.compile("sum(A@x)", args="A[m,n], x[n]")
    assert Picture(f.graph().svg()).texts == [["A[m, n]"], ["x[n]"], ["v1 = A @ x", "shape (m,)"], ["v2 = sum(v1)"]]
    assert ["v1 = A @ x", "[3., 7.]", "[1., 1.]"] in Picture(f.graph([[1, 2], [3, 4]], [1, 1]).svg()).texts
    heads = [t.text for t in Picture(f.grad.graph().svg()).root.findall(f"{SVG}text")]
    assert heads == ["grad of sum(A@x)"]


def test_long_and_hostile_texts_of_a_picture():
    names = "變數, ö_, __x__, v1"
    f = symdiff.compile("where((變數 < ö_) & (__x__ > 2), v1, ö_)  # <script>\x00", args=names)
    svg = f.graph(1, 2, 3, 4).svg()
    assert "<script" not in svg
    assert any("變數 < ö_" in words[0] for words in Picture(svg).texts)
    assert not any(outside in svg for outside in ("href", "url(", "<style", "@import"))
    long = "a" * 200
    picture = Picture(symdiff.compile(f"{long}*{long}1 + {long}2").graph().svg())
    assert picture.size[0] < 1500
    assert all(len(word) <= 34 for words in picture.texts for word in words)
    assert any(long in title.text for title in picture.root.iter(f"{SVG}title"))  # the whole name, on hovering


def test_svg_needs_nothing_else(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    drawing = symdiff.compile("c = x > 0; where(c, log(x), x^2)").graph(2)
    svg = drawing.svg()
    assert "0.693147" in svg
    assert drawing._repr_svg_() == svg == symdiff.compile("c = x > 0; where(c, log(x), x^2)").graph(2).svg()
    drawing.save(tmp_path / "g.svg")
    assert (tmp_path / "g.svg").read_text(encoding="utf-8") == svg
    large = symdiff.compile(" + ".join(f"x*{k}.5" for k in range(300))).graph()
    assert large._repr_svg_() is None
    with pytest.raises(
        ImportError, match=r"more than 400 nodes needs the package graphviz: pip install 'graphviz>=0.20'"
    ):
        large.svg()
    with pytest.raises(ImportError, match=r"a graph as .png needs the package graphviz"):
        drawing.save(tmp_path / "g.png")


def test_a_large_graph_is_drawn_by_graphviz(monkeypatch, tmp_path):
    class ExecutableNotFound(RuntimeError):  # noqa: N818 - as graphviz calls it
        pass

    class Source:
        installed = True

        def __init__(self, text):
            self.text = text

        def pipe(self, format):  # noqa: A002 - as graphviz calls it
            if not self.installed:
                raise ExecutableNotFound
            return f"{format} of {len(self.text)}".encode()

    fake = types.SimpleNamespace(Source=Source, ExecutableNotFound=ExecutableNotFound)
    monkeypatch.setitem(sys.modules, "graphviz", fake)
    large = symdiff.compile(" + ".join(f"x*{k}.5" for k in range(300))).graph()
    assert large.svg() == large._repr_svg_() == f"svg of {len(str(large))}"
    symdiff.compile("x*y").graph().save(tmp_path / "g.pdf")
    assert (tmp_path / "g.pdf").read_bytes().startswith(b"pdf of")
    Source.installed = False
    with pytest.raises(ImportError, match="apt install graphviz"):
        large.svg()


@pytest.mark.skipif(not shutil.which("dot"), reason="needs the program dot")
def test_pictures_of_graphviz(tmp_path):
    pytest.importorskip("graphviz")
    symdiff.compile("c = x > 0; where(c, log(x), x^2)").graph(2).save(tmp_path / "g.png")
    assert (tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")


def test_it_is_written_to_a_file(tmp_path):
    f = symdiff.compile("x*y")
    f.graph().save(tmp_path / "g.dot")
    assert (tmp_path / "g.dot").read_text(encoding="utf-8") == str(f.graph())
    f.graph().save(str(tmp_path / "G.DOT"))
    assert (tmp_path / "G.DOT").read_text(encoding="utf-8") == str(f.graph())
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        f.graph().save(tmp_path / "nowhere" / "g.dot")
    with pytest.raises(ValueError, match=r"end in one of .svg, .png, .pdf, .dot, .gv"):
        f.graph().save("g")
    with pytest.raises(TypeError, match=r"to write a file: f.graph\(\).save\('g.svg'\)"):
        f.graph("g.svg")


# The commands


def test_graph_command_names_a_directory_that_is_not_there(capsys, tmp_path):
    assert main(["graph", "x", "-o", str(tmp_path / "nowhere" / "g.dot")]) == 2
    assert capsys.readouterr().err == f"symdiff: there is no directory {str(tmp_path / 'nowhere')!r}\n"


def test_graph_command(capsys, tmp_path, monkeypatch):
    assert main(["graph", EXAMPLE]) == 0
    assert capsys.readouterr().out == str(symdiff.compile(EXAMPLE).graph())
    path = tmp_path / "g.dot"
    assert main(["graph", EXAMPLE, "--at", "x1=2", "x2=5", "-o", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == str(symdiff.compile(EXAMPLE).graph(2, 5))
    assert main(["graph", "sum(x*a)", "--args", "x[n]", "a", "--at", "x=1,2", "a=3"]) == 0
    assert "= [1., 2.]" in capsys.readouterr().out
    for words, said in [
        (["x*y", "-o", "g.jpg"], "end in one of .svg, .png, .pdf, .dot, .gv, not 'g.jpg'"),
        (["x*y", "--at", "x=1:2:3", "y=1"], "--at gives 3 values to 'x', which takes one number here"),
        (["x*y", "--at", "x=1"], "no value to y"),
        (["2x"], "write 2*x"),
    ]:
        assert main(["graph", *words]) == 2
        assert said in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "graphviz", None)
    assert main(["graph", "x*y", "-o", str(tmp_path / "g.svg")]) == 0
    assert (tmp_path / "g.svg").read_text(encoding="utf-8") == symdiff.compile("x*y").graph().svg()
    assert main(["graph", "x*y", "-o", str(tmp_path / "g.png")]) == 2
    assert "pip install" in capsys.readouterr().err


def test_latex_command(capsys):
    assert main(["latex", EXAMPLE]) == 0
    assert capsys.readouterr().out == symdiff.compile(EXAMPLE).latex + "\n"
    assert main(["latex", EXAMPLE, "--of", "grad", "--mathtext"]) == 0
    assert capsys.readouterr().out == symdiff.compile(EXAMPLE).grad.mathtext + "\n"
    assert main(["latex", "x, y", "--of", "grad"]) == 2
    assert "one scalar output" in capsys.readouterr().err
