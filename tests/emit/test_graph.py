"""The computational graph: its text, the values and adjoints on its nodes, and its picture."""

import re
import shutil
import sys
import types

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


@pytest.mark.skipif(not shutil.which("dot"), reason="needs the program dot")
def test_svg(tmp_path):
    pytest.importorskip("graphviz")
    drawing = symdiff.compile("c = x > 0; where(c, log(x), x^2)").graph(2)
    svg = drawing.svg()
    assert "<svg" in svg
    assert "0.693147" in svg
    assert drawing._repr_mimebundle_(include=None)["image/svg+xml"] == svg
    drawing.save(tmp_path / "g.png")
    assert (tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")
    drawing.save(tmp_path / "g.svg")
    assert (tmp_path / "g.svg").read_text(encoding="utf-8") == svg


def test_svg_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    drawing = symdiff.compile("x*y").graph()
    with pytest.raises(ImportError, match=r"pip install 'graphviz>=0.20'"):
        drawing.svg()
    assert drawing._repr_mimebundle_() == {"text/plain": str(drawing)}


def test_svg_without_the_program(monkeypatch):
    class ExecutableNotFound(RuntimeError):  # noqa: N818 - as graphviz calls it
        pass

    class Source:
        def __init__(self, text):
            self.text = text

        def pipe(self, **_):
            raise ExecutableNotFound

    fake = types.SimpleNamespace(Source=Source, ExecutableNotFound=ExecutableNotFound)
    monkeypatch.setitem(sys.modules, "graphviz", fake)
    with pytest.raises(ImportError, match="apt install graphviz"):
        symdiff.compile("x*y").graph().svg()


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
    assert main(["graph", "x*y", "-o", str(tmp_path / "g.svg")]) == 2
    assert "pip install" in capsys.readouterr().err


def test_latex_command(capsys):
    assert main(["latex", EXAMPLE]) == 0
    assert capsys.readouterr().out == symdiff.compile(EXAMPLE).latex + "\n"
    assert main(["latex", EXAMPLE, "--of", "grad", "--mathtext"]) == 0
    assert capsys.readouterr().out == symdiff.compile(EXAMPLE).grad.mathtext + "\n"
    assert main(["latex", "x, y", "--of", "grad"]) == 2
    assert "one scalar output" in capsys.readouterr().err
