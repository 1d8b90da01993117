"""Exported modules: they stand alone, give the Function's numbers, check themselves, and hold no text of strangers."""

import ast
import importlib.util
import io
import json
import os
import pathlib
import random
import shutil
import stat
import subprocess
import sys
import tokenize

import numpy as np
import pytest
import random_formulas
from corpus import activations, biology, chemistry, densities, engineering, finance, optimisation, physics
from processes import printed_under_hash_seeds
from tables import each

import symdiff
from symdiff.api.export import MEMBERS
from symdiff.cli import main

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "exported"
EXAMPLE = "log(x1) + x1*x2 - sin(x2)"
ALL = [name for name in MEMBERS if name != "hessp"]
FIELDS = (physics, chemistry, biology, finance, engineering, optimisation, activations, densities)
CORPUS = [(formula.text, list(formula.domain)) for field in FIELDS for formula in field.FORMULAS][::16]
RANDOM = [text for text, _ in (next(random_formulas.problems(random.Random(k))) for k in range(8))]  # noqa: S311 - drawn alike each time
# text, args, include
ARRAYS = {
    "residuals": ("sum((y - a*x)**2)", "x[n], y[n], a", ALL),
    "slices": ("sum(x[1:]*x[:-1]) + y", "x[n], y", ALL),
    "long": ("sum(exp(x))/x[11]", "x[n]", ["value", "hessp", "grad"]),
    "parity": ("x[::2] @ x[1::2]", "x[n]", ["value", "grad"]),
    "system": ("[y[1], mu*(1 - y[0]**2)*y[1] - y[0]]", "t, y[2], mu", ["value", "jacobian", "jvp", "vjp"]),
    "views": ("X.T, X, X[0], s", "X[m,n], s", ["value", "jacobian", "value_and_jacobian"]),
    "logistic": ("sum(log(1 + exp(X @ w)) - y*(X @ w))", "X[m,n], y[m], w[n]", ["value_and_grad", "hvp"]),
    "fixed": ("norm(p)", "p[3]", ["value", "grad", "hessian"]),
}
NAMES = [
    "lambda*np + value",
    "check*math + main*POINT",
    "_floats*_fit*Grad*_numbers",
    "l*O + I*sys",
    "bool*float",
    "_x + __y*ValueError",
]

# Runs each module of a folder where symdiff, and whatever else is named, cannot be imported.
DRIVER = """
import importlib.util, json, pathlib, sys
folder, *blocked = sys.argv[1:]
for name in ["symdiff", *blocked]:
    sys.modules[name] = None
def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
results = {}
for path in sorted(pathlib.Path(folder).glob("*.py")):
    module = load(path)
    assert module.check() is True, path
    assert module.main(["--check"]) == 0
    results[path.stem] = [
        [number.hex() for number in map(float, module._numbers(function(*[module.POINT[n] for n in names])))]
        for function, names, _ in module.STORED
    ]
print(json.dumps(results))
"""


def load(text, folder, name="model"):
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_alone(folder, *blocked):
    command = [sys.executable, "-W", "error", "-c", DRIVER, str(folder), *blocked]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_script(path, *words, **options):
    return subprocess.run(
        [sys.executable, "-W", "error", str(path), *words], capture_output=True, text=True, encoding="utf-8", **options
    )


def member(f, name):
    return f if name == "value" else getattr(f, name)


def flat(result):
    if isinstance(result, tuple):
        return [number for part in result for number in flat(part)]
    return np.ravel(result).tolist()


def names_of(f):
    one = f.results == ((),)
    return ALL if one else ["value", "jvp", "vjp", "jacobian", "value_and_jacobian"]


def functions(*more):
    texts = [(text, None) for text in [EXAMPLE, *NAMES, *RANDOM, "x*y, x, y", "2*x + y", *more]] + CORPUS
    return [symdiff.compile(text, args=args) for text, args in texts]


def test_floats_are_those_of_the_function_to_the_last_bit(tmp_path):
    kept = {}
    for k, f in enumerate(functions("3.5")):
        try:
            f.hessian.source_for("math")
        except symdiff.ShapeError:
            pass
        except ValueError:  # of digamma, say, which is the derivative of lgamma
            continue
        if f.text.startswith("x^alpha if"):  # both sides of the choice are computed, and one always raises
            with pytest.raises(ValueError, match=r"^jvp cannot be computed at any.* target='numpy'"):
                f.export(include="jvp", target="math")
            continue
        kept[f"m{k}"] = f
        f.export(tmp_path / f"m{k}.py", include=names_of(f) if f.args else "value", target="math")
    assert len(kept) > 20
    results = run_alone(tmp_path, "numpy", "scipy")
    for name, f in kept.items():
        module = load((tmp_path / f"{name}.py").read_text(), tmp_path, name)
        for (function, names, _), got in zip(module.STORED, results[name], strict=True):
            expected = flat(member(f, function.__name__)(*[module.POINT[n] for n in names]))
            assert [float(v).hex() for v in expected] == got, (f, function)


def test_arrays_are_those_of_the_function_to_the_last_bit(tmp_path):
    exported = functions("where(x > 0, log(x), y)", "x > y")
    for k, f in enumerate(exported):
        f.export(tmp_path / f"m{k}.py", include=names_of(f))
    run_alone(tmp_path)
    for k, f in enumerate(exported):
        module = load((tmp_path / f"m{k}.py").read_text(), tmp_path, f"m{k}")
        for function, names, _ in module.STORED:
            point = [module.POINT[n] for n in names]
            for shapes in ([(4,)] * len(names), [(1, 3) if j % 2 else (2, 1) for j in range(len(names))]):
                given = [
                    v * np.linspace(0.9, 1.1, 6)[: np.prod(s)].reshape(s) for v, s in zip(point, shapes, strict=True)
                ]
                with np.errstate(all="ignore"):
                    got, expected = function(*given), member(f, function.__name__)(*given)
                same(got, expected, given, (f, function))


def same(got, expected, given, what):
    if isinstance(expected, tuple):
        assert len(got) == len(expected), what
        for one, other in zip(got, expected, strict=True):
            same(one, other, given, what)
        return
    assert np.array_equal(got, expected, equal_nan=True), what
    assert np.shape(got) == np.shape(expected), what
    assert got.dtype == expected.dtype, what
    assert not any(np.may_share_memory(got, a) for a in given), what


@each("name", ARRAYS)
def test_arrays_inside_the_formula(tmp_path, name):
    text, args, include = ARRAYS[name]
    f = symdiff.compile(text, args=args, wrt="w" if name == "logistic" else None)
    f.export(tmp_path / "model.py", include=include)
    run_alone(tmp_path)
    module = load((tmp_path / "model.py").read_text(), tmp_path)
    for function, names, _ in module.STORED:
        # Loop dimensions that broadcast; then none, where the Function sums in another order.
        given = [
            np.multiply(
                module.POINT[n], 1 + np.arange(3 * (k % 2) + 1).reshape((-1,) + (1,) * np.ndim(module.POINT[n])) / 8
            )
            for k, n in enumerate(names)
        ]
        same(function(*given), member(f, function.__name__)(*given), given, function)
        point = [np.array(module.POINT[n]) for n in names]
        got, expected = flat(function(*point)), flat(member(f, function.__name__)(*point))
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
        if name == "residuals":
            with pytest.raises(ValueError, match="does not end in"):
                function(np.ones(2), *given[1:])


def test_sizes_that_do_not_fit_are_refused(tmp_path):
    f = symdiff.compile("sum(x[1:]*x[:-1])", args="x[n]")
    module = load(f.export(), tmp_path)
    with pytest.raises(ValueError, match="out of range"):
        module.value(np.ones(0))
    with pytest.raises(ValueError, match="does not end in"):
        module.value(1.0)
    packed = symdiff.compile("sum(x*y) + a", args="x[n], y[n], a").pack("x a")
    module = load(packed.export(), tmp_path)
    assert module.value([1, 2, 3], [4, 5]) == 1 * 4 + 2 * 5 + 3
    with pytest.raises(ValueError, match="not n \\+ 1"):
        module.value([1, 2], [4, 5])


def test_what_arguments_may_be(tmp_path):
    module = load(symdiff.compile("x**20 + y").export(include="value,grad"), tmp_path)
    assert module.value(np.array([10]), 1)[0] == 10.0**20 + 1
    assert module.value(np.float32(2), 1).dtype == np.float32
    assert type(module.value(2, 1)) is np.float64
    assert module.grad(y=1, x=2)._fields == ("x", "y")
    assert module.value(np.array([[1, 2]], ">i4"), [[1], [2]]).shape == (2, 2)
    for wrong in (1j, "a", None, [object()]):
        with pytest.raises(TypeError):
            module.value(wrong, 1.0)
    module = load(symdiff.compile("x**20 + y").export(target="math"), tmp_path)
    assert module.value(2, 1) == 2.0**20 + 1
    assert type(module.hessian(2, 1)[0][1]) is float
    with pytest.raises(OverflowError):
        module.value(1e300, 1)


def test_large_matrices_of_floats_are_lists_of_rows(tmp_path):
    f = symdiff.compile("+".join(f"x{k}*x{k + 1}" for k in range(12)))
    module = load(f.export(target="math"), tmp_path)
    point = [module.POINT[name] for name in f.args]
    assert module.hessian(*point) == f.hessian(*point).tolist()


def test_the_script(tmp_path):
    path = tmp_path / "model.py"
    symdiff.compile(EXAMPLE).export(path, at={"x1": 2, "x2": 5})
    done = run_script(path)
    assert done.returncode == 0
    assert "value = 11.652071455223084\ngrad.x1 = 5.5\n" in done.stdout
    assert done.stdout.endswith("check: the same as stored\n")
    done = run_script(path, "1", "-2")
    assert (done.returncode, done.stderr) == (0, "")
    assert "x2 = -2.0" in done.stdout
    assert "check" not in done.stdout
    assert "Arguments: x1, x2" in run_script(path, "--help").stdout
    for words, said in (
        (["1"], "give one value for each of: x1 x2 (1 given)"),
        (["1", "two"], "x2 takes a number, not 'two'"),
        (["--nonsense"], "write --check or --help alone, not --nonsense"),
        (["--check", "1"], "alone, not --check 1"),
        (["1", "2", "3"], "for each of: x1 x2 (3 given)"),
    ):
        done = run_script(path, *words)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert done.stderr.endswith(f"{said}\n")
    path.write_text(path.read_text().replace("x2 + 1.0 / x1", "x2 + 1.0001 / x1"))
    for words in ([], ["--check"]):
        done = run_script(path, *words)
        assert done.returncode == 1
        assert "grad: " in done.stdout
    symdiff.compile("sum(A @ x)", args="A[m,n], x[n]").export(path)
    done = run_script(path, "1,2;3,4", "5,6")
    assert "value = 56.0" in done.stdout
    done = run_script(path, "1,2;3", "5,6")
    assert (done.returncode, done.stderr) == (2, "error: A takes numbers, such as 1,2,3 or 1,2;3,4, not '1,2;3'\n")
    symdiff.compile("log(x)").export(path, target="math")
    done = run_script(path, "-1")
    assert (done.returncode, done.stdout[:8]) == (2, "x = -1.0")
    symdiff.compile("α").export(path)
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    assert "\\u03b1 = " in run_script(path, env=env).stdout


HOSTILE = [
    'x # """\nimport os',
    'x # """ + __import__("os").system("echo hacked") + """',
    "x # ''' \\",
    'x # \\" \\"\\"\\" \\\\"""',
    "x # \\N{nothing} \\x \\u12 \\777",
    "x # \x00\x07\x1b[31m \u202e\u2028raise SystemExit\u2029\x0b\x0c\x85\ud800",
    "# coding: rot13\nx",
    "x # {__import__} %s {0} <call> <read> <unicode> _floats",
    "# ruff: noqa\n# fmt: off\nx # type: ignore",
    "x # " + '"' * 5000,
    "x # é ü 数学 🎲",
]


@each("text", HOSTILE)
@each("target", ["numpy", "math"])
def test_texts_of_strangers_stay_in_the_docstring(tmp_path, text, target):
    if "import os" in text and "\n" in text:
        text = text.replace("\nimport os", " import os\n")
    plain = symdiff.compile("x").export(target=target)
    hostile = symdiff.compile(text).export(target=target)
    (tmp_path / "model.py").write_text(hostile, encoding="utf-8")
    trees = [ast.parse(t) for t in (plain, hostile)]
    docs = [ast.get_docstring(t) for t in trees]
    assert docs[1].splitlines()[0] == docs[0].splitlines()[0]
    assert all(c.isprintable() or c == "\n" for c in docs[1])
    codes = [[ast.unparse(node) for node in t.body[1:]] for t in trees]
    codes = [[c.replace("    sys.stdout.reconfigure(errors='backslashreplace')\n", "") for c in code] for code in codes]
    assert codes[0] == codes[1]
    assert max(map(len, hostile.splitlines())) <= 100
    assert not any(
        t.type == tokenize.COMMENT and "coding" in t.string
        for t in tokenize.generate_tokens(io.StringIO(hostile).readline)
    )
    if target == "math":  # which starts faster
        assert run_script(tmp_path / "model.py").returncode == 0


def test_long_formulas_are_wrapped_and_abbreviated():
    text = " + ".join(f"sin(x{k}*y)" for k in range(400))
    lines = symdiff.compile(text).export(include="value").split('"""')[1].splitlines()
    assert len(lines) < 75
    assert max(map(len, lines)) <= 88
    assert f"({len(text)} characters in all)" in "\n".join(lines)


def cases():
    yield "example", symdiff.compile(EXAMPLE), {"at": {"x1": 2, "x2": 5}}
    yield (
        "example_math",
        symdiff.compile(EXAMPLE),
        {"at": {"x1": 2, "x2": 5}, "target": "math", "include": "value, value_and_grad"},
    )
    yield (
        "line",
        symdiff.compile("r = y - a*x - b\nsum(r**2)", args="x[n], y[n], a, b", wrt="a, b"),
        {"include": "value_and_grad"},
    )


def test_golden(request):
    for name, f, options in cases():
        text, path = f.export(**options), GOLDEN / f"{name}.py"
        if request.config.getoption("--rewrite-golden"):
            path.write_text(text)
        assert text == path.read_text()
    assert {p.stem for p in GOLDEN.glob("*.py")} == {name for name, *_ in cases()}


@each("name", ["numpy.py", "math.py", "collections.py"])
def test_a_module_does_not_stand_in_its_own_way(tmp_path, name):
    with pytest.raises(ValueError, match=f"{name} would stand in the way"):
        symdiff.compile("x").export(tmp_path / name)


def test_the_same_text_under_any_hash_seed():
    code = "import test_export as t; print([f.export(**o) for _, f, o in t.cases()])"
    assert len(printed_under_hash_seeds(code, __file__)) == 1


def test_ruff_has_nothing_to_say(tmp_path):
    ruff = shutil.which("ruff") or shutil.which("ruff", path=str(pathlib.Path(sys.executable).parent))
    assert ruff is not None, "the extra `test` has it"
    for k, (text, args) in enumerate([(text, None) for text in [EXAMPLE, *NAMES, "x*y, x", "3.5"]] + CORPUS[::4]):
        for target in ("numpy", "math"):
            for optimize in (True, False):
                f = symdiff.compile(text, args=args, optimize=optimize)
                try:
                    f.export(tmp_path / f"m{k}_{target}_{optimize}.py", target=target)
                except ValueError:
                    assert target == "math"
    for name, (text, args, include) in ARRAYS.items():
        symdiff.compile(text, args=args).export(tmp_path / f"{name}.py", include=[n for n in include if n != "hvp"])
    for rules in ([], ["--select", "E4,E7,E9,F"]):
        done = subprocess.run(
            [ruff, "check", "--isolated", "--no-cache", *rules, str(tmp_path)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


def test_members():
    f, g = symdiff.compile(EXAMPLE), symdiff.compile("x*y, x")
    assert "def hessian(" in f.export()
    assert "def jacobian(" in g.export()
    assert f.export(include="grad").count("\ndef grad(") == 1
    assert f.export(include=("value", "grad", "hessian")) == f.export()
    assert "Value(out0, out1)" in g.export(include="value")
    assert "def value_and_grad(" in f.diff("x1").export(include="value_and_grad")
    assert ".diff('x1') of this formula" in f.diff("x1").export()
    for wrong, said in [("gradient", "include takes value, grad, "), ("", "names nothing"), ("grad grad", "twice")]:
        with pytest.raises(ValueError, match=said):
            f.export(include=wrong)
    for wrong in (3, [3], b"value"):
        with pytest.raises(TypeError, match="include"):
            f.export(include=wrong)
    with pytest.raises(
        symdiff.ShapeError,
        match=r"one scalar output.*include takes value, jvp, vjp, jacobian, value_and_jacobian\)",
    ):
        g.export(include="grad")
    with pytest.raises(TypeError, match=r"combine them with pack.*hvp\)"):
        f.export(include="hessp")
    with pytest.raises(ValueError, match="one of 'numpy', 'math', 'c', 'javascript'"):
        f.export(target="llvm")
    for text, args in (("digamma(x)", None), ("sum(x)", "x[n]")):
        with pytest.raises(ValueError, match="the math module has no"):
            symdiff.compile(text, args=args).export(target="math")


def test_native_functions_export_their_numpy_source():
    pytest.importorskip("llvmlite")
    assert symdiff.compile(EXAMPLE, backend="llvm").export() == symdiff.compile(EXAMPLE).export()


def test_constants_are_told():
    assert "Constants: g = 9.81" in symdiff.compile("g*t**2/2", constants={"g": 9.81}).export()


def test_points(tmp_path):
    for text in ("arccosh(x)*log(-y)", "arcsin(x - 50)", "log(x)", "sqrt(x - 20)*sqrt(30 - y)", "1/(x - x)"):
        module = load(symdiff.compile(text).export(), tmp_path)
        finite = all(np.isfinite(v) for _, _, stored in module.STORED for v in stored)
        assert finite or text in ("1/(x - x)", "arcsin(x - 50)")
        assert module.check()
    f = symdiff.compile("a*sum(x)", args="x[n], a")
    module = load(f.export(include="value,jvp", at={"x": [1, 2, 3, 4], "a": 2, "x_dot": [1, 0, 0, 0]}), tmp_path)
    assert module.POINT["x_dot"] == [1.0, 0.0, 0.0, 0.0]
    assert module.STORED[0][2] == [20.0]
    assert load(f.export(at=([1, 2], 3)), tmp_path).STORED[0][2] == [9.0]
    g = symdiff.compile("sum(X[i, j]*w)", args="X[3,2], w[m], i[m]: int, j[m]: int")
    assert load(g.export(), tmp_path).check()
    at = {"X": np.ones((3, 2)), "w": [1, 2], "i": [0, 2], "j": [1, -1]}
    module = load(g.export(at=at), tmp_path)
    assert module.check()
    assert module.POINT["i"] == [0, 2]
    with pytest.raises(TypeError, match="'i' is declared as an integer"):
        g.export(at=at | {"i": [0.5, 1]})
    module = load(symdiff.compile("x").export(at=[-np.inf]), tmp_path)
    assert module.check()
    assert module.POINT["x"] == -np.inf
    module = load(symdiff.compile("sum(x**2)", args="x[300]").export(), tmp_path)
    assert np.size(module.POINT["x"]) == 300
    assert max(len(stored) for *_, stored in module.STORED) <= 101
    for at, error, said in [
        ({"x": [1]}, TypeError, "no value to a"),
        ({"x": [1], "a": 2, "z": 3}, TypeError, "'z', which is not among the arguments"),
        ({"x": [1], "a": 1j}, TypeError, "complex"),
        ({"x": [1], "a": "two"}, TypeError, "'a'"),
        ({"x": [1], "a": [1, 2]}, symdiff.ShapeError, "one point"),
        ({"x": [1, 2], "a": 1, "x_dot": [1]}, symdiff.ShapeError, "x_dot"),
        ([1], TypeError, "1 values, and there are 2 arguments"),
        ("x=1", TypeError, "dict of names"),
        ({"x": np.ones(20_000), "a": 1}, ValueError, "at most"),
    ]:
        with pytest.raises(error, match=said):
            f.export(include="value,jvp", at=at)
    with pytest.raises(ValueError, match="value cannot be computed at the point given"):
        symdiff.compile("log(x)").export(target="math", at={"x": 0})
    with pytest.raises(ValueError, match="more than"):
        symdiff.compile("sum(x**3)", args="x[5000]").export()


def test_files(tmp_path, monkeypatch):
    f = symdiff.compile(EXAMPLE)
    path = tmp_path / "model.py"
    for spelt in (path, str(path), os.fsencode(path)):
        path.unlink(missing_ok=True)
        assert f.export(spelt) is None
        assert path.read_text() == f.export()
    path.chmod(0o640)
    link = tmp_path / "link.py"
    link.symlink_to(path)
    f.export(link, include="grad")
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.read_text() == f.export(include="grad")
    with pytest.raises(IsADirectoryError, match="is a directory"):
        f.export(tmp_path)
    with pytest.raises(FileNotFoundError, match="no directory"):
        f.export(tmp_path / "nowhere" / "model.py")
    for name in ("model", "model.txt"):
        with pytest.raises(ValueError, match=r"the file of a module must end in \.py, not '.*model"):
            f.export(tmp_path / name)
    with pytest.raises(TypeError):
        f.export(3.5)
    f.export(os.devnull)

    def fail(*_):
        raise OSError("full")

    monkeypatch.setattr(pathlib.Path, "replace", fail)
    with pytest.raises(OSError, match="full"):
        f.export(path)
    assert path.read_text() == f.export(include="grad")
    assert {p.name for p in tmp_path.iterdir()} == {"model.py", "link.py"}


def test_the_command_refuses_what_cannot_be_imported(tmp_path, capsys):
    assert main(["export", "x", "-o", str(tmp_path / "model")]) == 2
    assert "the file of a module must end in .py" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_command(tmp_path, capsys):
    path = tmp_path / "model.py"
    words = ["export", EXAMPLE, "--include", "value,grad", "--at", "x1=2", "x2=5", "-o", str(path)]
    assert main(words) == 0
    assert capsys.readouterr().out == ""
    assert path.read_text() == symdiff.compile(EXAMPLE).export(include="value,grad", at=(2, 5))
    assert main(["export", "sum(a*x)", "--args", "x[n],a", "--at", "x=1,2,3", "a=2"]) == 0
    assert '"x": [1.0, 2.0, 3.0]' in capsys.readouterr().out
    assert main(["export", "-x", "--target", "math"]) == 0
    assert "import math" in capsys.readouterr().out
    for words, said in [
        (["x", "--include", "gradient"], "there is no member 'gradient'"),
        (["x*y, x", "--include", "grad"], "(include takes value"),
        (["x", "-o", str(tmp_path)], "is a directory"),
        (["x", "--at", "x=1,2"], "2 values to 'x'"),
        (["x", "--at", "y=1"], "not among the arguments"),
        (["digamma(x)", "--target", "math"], "no digamma"),
    ]:
        assert main(["export", *words]) == 2
        assert said in capsys.readouterr().err
