"""The table of operations: what is read when, entries without a rule, and methods that code carries with it."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import symdiff
from symdiff.ops import methods
from symdiff.ops.table import BASIC, FUNCTIONS, PRIMITIVES, Primitive

MODULES = [path.stem for path in Path(methods.__file__).parent.glob("[a-z]*.py")]

_PLAIN = """
import sys
import symdiff
f = symdiff.compile("log(x1) + x1*x2 - sin(x2)")
f(2, 5), f.grad(2, 5), f.hessian([2.0, 3.0], 5)
symdiff.compile("sum(max(x)*x) + clip(a, 0, 1)*einsum('i,i->', x, x)", args="x[n], a").grad([1.0, 2.0], 0.5)
assert "symdiff.ops.table.special" not in sys.modules
"""


def test_common_formulas_do_not_read_the_special_functions():
    subprocess.run([sys.executable, "-c", _PLAIN], check=True)


def test_a_name_is_found_as_soon_as_it_is_asked_for():
    assert "sin" in PRIMITIVES
    assert not {"no such name", None}.intersection(PRIMITIVES)
    assert PRIMITIVES.get("no such name") is None
    assert PRIMITIVES.read(("sum", 1)) is None
    assert BASIC - {"input", "const"} <= {*PRIMITIVES, *FUNCTIONS, *symdiff.ops.table.FORMULAS}
    with pytest.raises(KeyError):
        PRIMITIVES["no such name"]


def test_a_derivative_that_is_not_known_is_an_error(monkeypatch):
    entry = Primitive(name="odd_one", arguments=("a", "x"), partials=("", "a*x"), numpy="{a} + {x}", math="{a} + {x}")
    monkeypatch.setitem(PRIMITIVES, "odd_one", entry)
    monkeypatch.setitem(FUNCTIONS, "odd_one", entry)
    monkeypatch.setitem(symdiff.graph.operations.TAKES, "odd_one", "rr")
    f = symdiff.compile("odd_one(b, y)", args="b, y", wrt="y")
    assert (f(2, 3), *f.grad(2, 3)) == (5.0, 6.0)
    with pytest.raises(symdiff.SymdiffError, match="derivative of odd_one by its argument a is not known"):
        symdiff.compile("odd_one(b, y)").grad(2, 3)


def test_methods_are_whole_and_their_names_differ():
    of_modules = "_close _fit _floats _integers _numbers _read _show check main value grad hessian jacobian"
    found = dict.fromkeys(of_modules.split(), "exported modules")
    for module in MODULES:
        for name, (text, _) in methods._definitions(module).items():
            assert found.setdefault(name, module) == module
            assert not re.search(r": (Any|float)|->", text.split('"""')[0].split("\n")[0])
    for primitive in PRIMITIVES.values():
        if primitive.helper:
            special = pytest.importorskip("scipy.special")
            scope = {"np": np, "special": special}
            sources = methods.sources(primitive.helper, primitive.numpy)
            exec("\n\n".join(sources.values()), scope)
            free = {name for text in sources.values() for name in re.findall(r"\b_\w+(?=\()", text)}
            assert free <= sources.keys()
