"""The command."""

import subprocess
import sys

import pytest

from symdiff.cli import main

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
    status, out, _ = run(capsys, "check", "relu(x)", "--at", "x=0")
    assert status == 1
    assert "DIFFERS" in out


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
        assert out.startswith(f"def {what}(x1, x2")
        compile(out, "", "exec")
    _, out, _ = run(capsys, "source", EXAMPLE, "--target", "math")
    assert "math.log(x1)" in out
    _, out, _ = run(capsys, "source", EXAMPLE, "--textbook")
    assert "v5_bar = 1.0" in out
    _, out, _ = run(capsys, "source", "x*y", "--wrt", "y", "--args", "y", "x")
    assert "return out, (y_bar,)" in out
    assert "(y, x)" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lgo(x)"], "did you mean 'log'?\n  lgo(x)\n  ^"),
        (["x*y", "--at", "x=1"], "--at gives no value to y"),
        (["x", "--at", "y=1"], "'y', which is not an argument: (x)"),
        (["x", "--at", "x"], "--at takes NAME=VALUE, not 'x'"),
        (["x", "--at", "x=1", "x=2"], "twice"),
        (["x", "--at", "x=two"], "the value of 'x' is not a number"),
        (["x", "--at", "x=0:1"], "START:STOP:COUNT"),
        (["x*y", "--at", "x=1,", "y=2"], "a value of 'x' is missing"),
        (["x", "--at", "x=0:1:2.5"], "whole number"),
        (["x", "--at", "x=0:1:1000000000"], "at most"),
        (["x*y", "--at", "x=0:1:1000", "y=0:1:1000"], "at most"),
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


def test_usage_errors_have_status_2(capsys):
    for words in ([], ["source"], ["x", "--nonsense"], ["source", "x", "--of", "everything"]):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2
    for words in (["--help"], ["source", "--help"], ["--version"]):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 0
    assert "examples:" in capsys.readouterr().out


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "symdiff", EXAMPLE, "--at", "x1=2", "x2=5"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "11.652071455223084" in done.stdout
    done = subprocess.run([sys.executable, "-m", "symdiff", "2x"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "symdiff: an operator is missing here; write 2*x\n  2x\n   ^\n"
