"""The command."""

import platform
import re
import subprocess
import sys

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff.api.export import MEMBERS
from symdiff.cli import COMMANDS, main
from symdiff.language.arrays import ARRAY_FUNCTIONS
from symdiff.ops.table import FORMULAS, FUNCTIONS

EXAMPLE = "log(x1)+x1*x2-sin(x2)"


def run(capsys, *words):
    status = main(words)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_value_gradient_and_source(capsys):
    status, out, err = run(capsys, EXAMPLE, "--at", "x1=2", "x2=5")
    assert (status, err) == (0, "")
    assert "f(x1, x2) = log(x1)+x1*x2-sin(x2)" in out
    assert "11.652071455223084" in out
    assert "5.5" in out
    assert "1.7163378145367738" in out
    assert "def value_and_grad(x1, x2):" in out


def test_without_a_point_only_the_source(capsys):
    status, out, _ = run(capsys, "a*x^2 + b", "--wrt", "a", "b")
    assert status == 0
    assert "value  " not in out
    assert "return out, (a_bar, b_bar)" in out


def test_a_derivative_at_a_point(capsys):
    status, out, err = run(capsys, "x^2*y", "--at", "x=2", "y=3", "--of", "hessian")
    assert (status, err) == (0, "")
    point, source = out.split("\n\n", 2)[1:]
    assert point == "at       x = 2\nat       y = 3\nhessian  [[6. 4.]\n          [4. 0.]]"
    assert source.startswith("def hessian(x, y):")
    for of, more, lines in [
        ("value", [], ["value  12.0"]),
        ("grad", [], ["grad.x  12.0", "grad.y  4.0"]),
        ("value_and_jacobian", [], ["value     12.0", "jacobian  [12.  4.]"]),
        ("vjp", ["out_bar=2"], ["out    12.0", "x_bar  24.0", "y_bar  8.0"]),
        ("hvp", ["x_dot=1", "y_dot=0"], ["hvp.x  6.0", "hvp.y  4.0"]),
    ]:
        _, out, _ = run(capsys, "x^2*y", "--of", of, "--at", "x=2", "y=3", *more)
        assert out.startswith("f(x, y) = x^2*y\n")
        shown = out.split("\n\n")[1].splitlines()
        assert [line for line in shown if line[:3] != "at "] == lines
        assert f"def {of}(x, y" in out
    _, out, _ = run(capsys, "x^2*y", "--of", "grad", "--at", "x=1,2", "y=3")
    assert [line.split() for line in out.splitlines()[2:4]] == [["x", "y", "grad.x", "grad.y"], ["1", "3", "6", "1"]]


def test_long_numbers_of_a_point_are_as_python_writes_them(capsys):
    _, out, _ = run(capsys, "a*b*c", "--at", "a=9999999", "b=1e7", "c=5e20")
    assert [line.split(" = ")[1] for line in out.splitlines()[2:5]] == ["9999999", "10000000.0", "5e+20"]


def test_a_range_prints_a_table(capsys):
    status, out, _ = run(capsys, "x^2*y", "--at", "x=0:10:5", "y=2")
    assert status == 0
    table = [line.split() for line in out.splitlines()[2:8]]
    assert table[0] == ["x", "y", "value", "d/dx", "d/dy"]
    assert table[2] == ["2.5", "2", "12.5", "10", "6.25"]
    assert len(table) == 6
    _, out, _ = run(capsys, "x*y", "--at", "x=0:1:2", "y=1,2,3")
    assert len(out.split("\n\n")[1].splitlines()) == 7


def test_check(capsys):
    status, out, _ = run(capsys, "check", EXAMPLE, "--at", "x1=2", "--at", "x2=1:5:9")
    assert status == 0
    assert "all derivatives agree" in out
    loss = ("sum((y-a*x)^2)", "--args", "x[n],y[n],a", "--wrt", "a", "--at", "x=1,2,3", "y=2,4,7", "a=2")
    status, out, _ = run(capsys, "check", *loss)
    assert status == 0
    assert "d2 out/d a d a  hessian  28" in out
    status, out, _ = run(capsys, "check", "relu(x)", "--at", "x=0")
    assert status == 1
    assert "DIFFERS" in out


@each(
    ("words", "said"),
    [
        (["log(x)", "--at", "x=-1"], "log(x) is NaN at x = -1.0, outside of its domain."),
        (["arcsin(x)", "--at", "x=2"], "arcsin(x) is NaN at x = 2.0, outside of its domain."),
        (["arccosh(x)", "--at", "x=0.5"], "arccosh(x) is NaN at x = 0.5, outside of its domain."),
        (["x^y", "--at", "x=-2", "y=0.5"], "x**y is NaN at x = -2.0, y = 0.5, outside of its domain."),
        (["log(x - 2)*y", "--at", "x=1", "y=3"], "log(x - 2.0) is NaN at x - 2.0 = -1.0, outside of its domain."),
        (["r = x - 2; log(r)", "--at", "x=1"], "log(r) is NaN at r = -1.0, outside of its domain."),
        (["1/x", "--at", "x=0"], "1.0 / x is infinite at x = 0.0, a division by zero."),
        (["x/y", "--at", "x=0", "y=0"], "x / y is NaN at x = 0.0, y = 0.0, a division by zero."),
        (["x % y", "--at", "x=3", "y=0"], "x % y is NaN at x = 3.0, y = 0.0, a division by zero."),
        (["log(x)", "--at", "x=0"], "log(x) is infinite at x = 0.0, a pole."),
        (["arctanh(x)", "--at", "x=1"], "arctanh(x) is infinite at x = 1.0, a pole."),
        (["exp(x)", "--at", "x=1000"], "exp(x) is infinite at x = 1000.0, beyond 1.8e308, the largest number."),
        (["3 + x*y", "--at", "x=1e200", "y=1e200"], "x * y is infinite at x = 1e+200, y = 1e+200, beyond 1.8e308"),
        (["x + 2", "--at", "x=nan"], "x is NaN itself."),
        (["x + 2", "--at", "x=inf"], "x is infinite itself."),
        (["sqrt(x)", "--at", "x=0"], "The derivative of sqrt(x) by x is infinite at x = 0.0."),
        (["2*cbrt(x - 4) + y", "--at", "x=4", "y=1"], "The derivative of cbrt(x - 4.0) by x - 4.0 is infinite at x - 4.0 = 0.0."),
        (["x**0.5", "--at", "x=0"], "The derivative of x**0.5 by x is infinite at x = 0.0."),
        (["where(x > 0, log(x), 1/x)", "--at", "x=0"], "1.0 / x is infinite at x = 0.0, a division by zero."),
        (["x + 1, log(x)", "--at", "x=0"], "log(x) is infinite at x = 0.0, a pole."),
        (["[sqrt(x), y]", "--at", "x=0", "y=1"], "The derivative of sqrt(x) by x is infinite at x = 0.0."),
        (["sum(log(x))", "--args", "x[n]", "--at", "x=1,0,2"], "log(x) is infinite at x = (3,) [1. 0. 2.], a pole."),
        (["log(x)", "--at", "x=0", "--of", "grad"], "1.0 * (1.0 / x) is infinite at x = 0.0, a division by zero."),
        (["sqrt(x)", "--at", "x=0", "--of", "jacobian"], "is infinite at sqrt(x) = 0.0, a division by zero."),
        (["log(x)", "--at", "x=-1:1:5"], "Not finite at 3 of 5 points, first at x = -1:\nlog(x) is NaN at x = -1.0, outside of its domain."),
        (["sqrt(x) + y", "--at", "x=0:1:3", "y=1:2:2"], "Not finite at 2 of 6 points, first at x = 0, y = 1:\nThe derivative of sqrt(x)"),
    ],
)  # fmt: skip
def test_what_is_not_finite_is_said_in_a_sentence(capsys, words, said):
    status, out, err = run(capsys, *words)
    assert (status, err) == (0, "")
    assert said in out.split("\n\n", 2)[2]


@each(
    "words",
    [
        ["log(1 + exp(x))", "--at", "x=1000"], ["where(x > 0, log(x), 1)", "--at", "x=0"],
        ["x^2*y", "--at", "x=1:2:3", "y=0"], ["sum(x)", "--args", "x[n]", "--at", "x=1,2"], ["3"], ["x"],
    ],
)  # fmt: skip
def test_of_what_is_finite_nothing_is_said(capsys, words):
    _, out, _ = run(capsys, *words)
    assert not any(said in out for said in ("infinite", "NaN", "finite at"))


def test_several_outputs_in_a_table_and_their_jacobian(capsys):
    _, out, _ = run(capsys, "x*y, x", "--at", "x=1,2", "y=3")
    assert out.splitlines()[2].split() == ["x", "y", "out0", "out1", "dout0/dx", "dout1/dx", "dout0/dy", "dout1/dy"]
    assert "jacobian[..., 0, 0] = y" in out


def test_constant_expressions_as_values(capsys):
    _, out, _ = run(capsys, "sin(x)", "--at", "x=pi/2")
    assert "value  1.0" in out


def test_formulas_that_begin_with_a_minus(capsys):
    for formula in ("-x", "-x^2", "-(x)"):
        status, out, _ = run(capsys, formula, "--at", "x=-2")
        assert status == 0
        assert f"f(x) = {formula}\n" in out


def test_several_outputs(capsys):
    status, out, _ = run(capsys, "r = hypot(x, y); r, x/r", "--at", "x=3", "y=4")
    assert status == 0
    assert "r         5.0" in out
    assert "dout1/dy" in out


def test_infinite_results_are_shown_without_warnings(capsys):
    status, out, err = run(capsys, "1/x", "--at", "x=0")
    assert (status, err) == (0, "")
    assert "inf" in out


def test_source(capsys):
    for what in ("value", "grad", "value_and_grad", "jvp", "vjp"):
        status, out, _ = run(capsys, "source", EXAMPLE, "--of", what)
        assert status == 0
        assert out.startswith(f"import numpy as np\n\n\ndef {what}(x1, x2")
        compile(out, "", "exec")
    _, out, _ = run(capsys, "source", EXAMPLE, "--target", "math")
    assert "math.log(x1)" in out
    _, out, _ = run(capsys, "source", EXAMPLE, "--textbook")
    assert "v5_bar = 1.0" in out
    _, out, _ = run(capsys, "source", "x*y", "--wrt", "y", "--args", "y", "x")
    assert "return out, (y_bar,)" in out
    assert "(y, x)" in out


@each(
    ("words", "imports"),
    [
        (["exp(x)*erf(x)"], "import numpy as np\nfrom scipy import special\n"),
        (["erf(x)", "--of", "value"], "from scipy import special\n"),
        (["exp(x)", "--target", "math"], "import math\n"),
        (["exp(x)", "--target", "loops"], "import numpy as np\n"),
        (["x*y"], ""),
    ],
)
def test_source_runs_as_a_file(capsys, words, imports):
    _, out, _ = run(capsys, "source", *words)
    head = out.partition("def ")[0]
    assert head == imports + "\n\n" * bool(imports)
    scope = {}
    exec(out, scope)
    function = scope["value" if "value" in words else "value_and_grad"]
    assert function(*[0.5] * len(function.__code__.co_varnames[: function.__code__.co_argcount])) is not None


def test_arrays_are_shown_as_numbers_are(capsys):
    _, out, _ = run(capsys, "sum(x^2)*a", "--args", "x[n],a", "--at", "x=1,2", "a=-0.5")
    assert out.splitlines()[2:7] == [
        "at     x = [1. 2.]",
        "at     a = -0.5",
        "value  -2.5",
        "d/dx   [-1. -2.]",
        "d/da   5.0",
    ]
    _, out, _ = run(capsys, "A@x", "--args", "A[2,2],x[2]", "--wrt", "x", "--at", "A=1,2;3,4", "x=1,0")
    assert (
        "at        A = [[1. 2.]\n               [3. 4.]]\nat        x = [1. 0.]\nout       [1. 3.]\njacobian  [[" in out
    )


def test_what_fails_prints_nothing_before(capsys):
    for words in (["x@y", "--args", "x[n],y[n]", "--at", "x=1,2", "y=1,2,3"], ["[x, y]", "--at", "x=1,2", "y=2"]):
        status, out, err = run(capsys, *words)
        assert (status, out) == (2, "")
        assert err.startswith("symdiff: ")


def test_without_scipy_the_value_is_shown(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    status, out, err = run(capsys, "gamma(unscipied)", "--at", "unscipied=1.5")
    assert status == 2
    assert "value  0.886226925452758" in out
    assert "d/d" not in out
    assert "return out" in out
    assert "pip install 'scipy" in err


@each(
    ("words", "said"),
    [
        (["lgo(x)"], "did you mean 'log'?\n  lgo(x)\n  ^"),
        (["x*y", "--at", "x=1"], "--at gives no value to y"),
        (["x", "--at", "y=1"], "'y', which is not among the arguments (x)"),
        (["x*e^(-x)", "--at", "x=1"], "--at gives no value to e; write exp(x) for the exponential"),
        (["x", "--at", "x"], "--at takes NAME=VALUE without spaces, as --at x=2, not 'x'"),
        (["x*y", "--at", "2", "5"], "as --at x=2 y=5, not '2'"),
        (["x*y", "--at", "x=1", "2", "3"], "separated by commas: x=1,2"),
        (["x*y", "--at", "x=1", "y=2", "-of", "grad"], "--at takes NAME=VALUE"),
        (["x*y", "--at", "x=1,y=2"], "write each argument as a word of its own: --at x=1 y=2\n"),
        (["x*y", "--at", "x=1;y=2"], "write each argument as a word of its own: --at x=1 y=2\n"),
        (["x*y", "--at", "x=1,2 y=2"], "write each argument as a word of its own: --at x=1,2 y=2\n"),
        (["x", "--at", "x=[1,2]"], "write an array without brackets: x=1,2\n"),
        (["x", "--args", "x[n,m]", "--at", "x=[[1, 2], [3, 4]]"], "without brackets: x=1,2;3,4\n"),
        (
            ["sum(x)", "--args", "x[n]", "--at", "x=1;2"],
            "'x' is an array of one axis; separate its values by commas, as x=1,2",
        ),
        (["x", "--at", "x=1 2"], "separate the values of 'x' by commas: x=1,2\n"),
        (["x", "--at", "x=1,k"], "the value of 'x' is not a number or an expression of constants such as 2*pi: 'k'"),
        (["x", "--at", "x=1k"], "the value of 'x' is not a number or an expression of constants such as 2*pi: '1k'"),
        (["x", "--at", "x="], "x= lacks a value; write x=2, or several as x=1,2,3"),
        (["x", "--at", "x=1,-1e5000"], "x=-1e5000 is too large for a float; infinity is written inf"),
        (["x", "--at", "x=0:inf:3"], "the ends of the range of 'x' must be finite numbers"),
        (["x", "--at", "x=1", "x=2"], "twice"),
        (["x", "--at", "x=two"], "the value of 'x' is not a number"),
        (["x", "--at", "x=0:1"], "START:STOP:COUNT"),
        (["x*y", "--at", "x=1,", "y=2"], "x=1, lacks a value"),
        (["x", "--at", "x=0:1:2.5"], "whole number"),
        (["x", "--at", "x=0:1:1000000000"], "at most"),
        (["x*y", "--at", "x=0:1:1000", "y=0:1:1000"], "at most"),
        (["pi*r^2", "--at", "pi=3"], "not among the arguments (r); pi is a constant unless args names it\n"),
        (["f.txt"], 'f.txt looks like the name of a file; in a shell write "$(cat f.txt)"\n'),
        (["x^2*y", "--of", "hvp", "--at", "x=1", "y=2"], "--at gives no value to x_dot, y_dot\n"),
        (["x, y", "--of", "hessian"], "needs one scalar output"),
        (["x", "--wrt", "z"], "wrt names 'z'"),
        (["x*y", "--args", "x"], "'y' is not among the arguments (x)"),
        (["source", "x, y", "--of", "grad"], "needs one scalar output"),
        (["source", "digamma(x)", "--target", "math"], "no digamma"),
    ],
)
def test_errors_go_to_stderr_with_status_2(capsys, words, said):
    status, out, err = run(capsys, *words)
    assert status == 2
    assert said in err
    assert err.startswith("symdiff: ")
    assert "Traceback" not in err
    assert out == "" or out.startswith("f(")


@each(
    ("words", "said"),
    [
        (["sourse", "x^2"], "symdiff: there is no command 'sourse'; did you mean 'source'?"),
        (["Check", "x", "--at", "x=1"], "there is no command 'Check'; did you mean 'check'?"),
        (["chekc", "x", "--of", "grad"], "there is no command 'chekc'; did you mean 'check'?"),
        (["x^2", "check"], "the command goes first: symdiff check FORMULA"),
        (["x", "--wtr", "x"], "there is no option '--wtr'; did you mean '--wrt'?"),
        (["x", "--At", "x=1"], "there is no option '--At'; did you mean '--at'?"),
        (["x", "-at", "x=1"], "there is no option '-at'; write --at, with two dashes"),
        (["-at", "x=1", "x"], "there is no option '-at'; write --at, with two dashes"),
        (["--verbos"], "there is no option '--verbos'; the options are --help, --version, --at, --of, --wrt, --args"),
        (["--versin"], "there is no option '--versin'; did you mean '--version'?"),
        (
            ["x", "--quiet"],
            "there is no option '--quiet'; the options are --help, --version, --at, --of, --wrt, --args",
        ),
        (["x^2", "--at", "x=1", "--hessian"], "there is no option '--hessian'; write --of hessian"),
        (["latex", "x", "--gradient"], "there is no option '--gradient'; write --of grad"),
        (["check", "x", "--tol", "1"], "there is no option '--tol'; the options are --help, --at, --wrt, --args"),
        (["latex", "x", "--at", "x=1"], "no option '--at'; the options are --help, --of, --mathtext, --wrt, --args"),
        (["latex", "x", "-o", "f.tex"], "no option '-o'; the options are --help, --of, --mathtext, --wrt, --args"),
        (["x", "--tangent", "x=1"], "no option '--tangent' without a command; these have it: symdiff trace"),
        (["hessian", "x^2*y", "--at", "x=1", "y=2"], "no command 'hessian'; write symdiff FORMULA --of hessian"),
        (["gradient", "x^2"], "there is no command 'gradient'; write symdiff FORMULA --of grad"),
        (
            ["derive", "x^2", "--at", "x=1"],
            "there is no command 'derive'; symdiff FORMULA prints value and gradient; the commands are "
            + ", ".join(COMMANDS),
        ),
        (
            ["alpha", "--foo", "3"],
            "there is no option '--foo'; the options are --help, --version, --at, --of, --wrt, --args",
        ),
        (["x^2", "y", "z"], "there are more words after the formula 'x^2'; write the formula as one word, in quotes"),
        (["sin", "x"], "there are more words after the formula 'sin'; write the formula as one word, in quotes"),
        (["x^2", "--wrt"], "symdiff: --wrt lacks a value; write --wrt NAME"),
        (["graph", "x^2", "-o"], "symdiff graph: --output lacks a value; write --output FILE"),
        (["source", "x", "--of", "gradient"], "argument --of: there is no 'gradient'; did you mean 'grad'?"),
        (["x", "--of", "Hess"], "argument --of: there is no 'Hess'; did you mean 'hessian'?"),
        (["x", "--of", "hesian"], "argument --of: there is no 'hesian'; did you mean 'hessian'?"),
        (["latex", "x", "--of", "zebra"], f"--of: there is no 'zebra'; the names are {', '.join(MEMBERS)}"),
        (
            ["source", "x", "--target", "np"],
            "there is no 'np'; the names are numpy, loops, math, array_api, class, c, javascript, llvm",
        ),
        (["export", "x", "--target", "nunpy"], "there is no 'nunpy'; the names are numpy, math, c, javascript"),
        (
            ["x", "-o", "f.py"],
            "there is no option '-o' without a command; these have it: symdiff graph, plot, report, export",
        ),
        (["export", "x", "model.py"], "symdiff export: use -o to give the file to write: -o model.py"),
        (["x^2", "+", "1"], "there are more words after the formula 'x^2'; put quotes around all of it: \"x^2 + 1\""),
        (["x*y", "x=1", "y=2"], "use --at to give values: --at x=1 y=2"),
        (["y=x^2;", "z=y"], "write the formula as one word, in quotes"),
        (
            ["--at", "x=2", "x^2"],
            "--at takes all words after it; put the formula first: symdiff FORMULA --at ...",
        ),
        (["latex", "--wrt", "x", "x^2"], "put the formula first: symdiff latex FORMULA --wrt ..."),
        (["source"], "required: FORMULA"),
    ],
)
def test_usage_errors_say_what_to_write(capsys, words, said):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    usage, message = capsys.readouterr().err.rsplit("\n", 2)[:2]
    assert usage.startswith("usage: symdiff")
    assert message.endswith(said)


def test_help_names_every_command_and_function(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    words = set(re.findall(r"\w+", capsys.readouterr().out))
    assert words >= {*COMMANDS, *ARRAY_FUNCTIONS, *(n for n, p in (FORMULAS | FUNCTIONS).items() if n == p.name)}


def test_usage_errors_have_status_2(capsys):
    for words in ([], ["source"], ["x", "--nonsense"], ["source", "x", "--of", "everything"]):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2
    for words in (["--help"], ["source", "--help"], ["x", "--version"]):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 0
    assert "examples:" in capsys.readouterr().out


@each(("words", "option"), [(["help"], ["--help"]), (["help", "plot"], ["plot", "--help"])])
def test_help_as_a_word(capsys, words, option):
    printed = []
    for given in (words, option):
        with pytest.raises(SystemExit) as caught:
            main(given)
        assert caught.value.code == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


def test_the_version_and_the_versions_of_what_it_uses(capsys):
    for words in (["--version"], ["version"]):
        assert main(words) == 0
        assert capsys.readouterr().out == f"symdiff {symdiff.__version__}\n"
    for words in (["--version", "-v"], ["version", "--verbose"]):
        assert main(words) == 0
        lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
        assert lines["symdiff"] == symdiff.__version__
        assert lines["numpy"] == np.__version__
        assert lines["Python"].startswith(platform.python_version())
        assert {"scipy", "llvmlite", "matplotlib", "threads", 'backend="llvm"'} <= lines.keys()


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "symdiff", EXAMPLE, "--at", "x1=2", "x2=5"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "11.652071455223084" in done.stdout
    done = subprocess.run([sys.executable, "-m", "symdiff", "2x"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "symdiff: an operator is missing here; write 2*x\n  2x\n   ^\n"


def test_all_listed_functions_are_described(capsys):
    main(["functions"])
    names = [name for line in capsys.readouterr().out.splitlines() if line[0] == " " for name in line.split()]
    assert len(names) > 200
    for name in names:
        main(["functions", name])
        assert len(capsys.readouterr().out) > len(name) + 10
