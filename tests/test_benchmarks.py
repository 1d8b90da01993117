"""Run the benchmarks without peers. The tests check that they run, not their numbers."""

import contextlib
import io
import json
import math
import pathlib
import re
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from tables import each

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import __main__ as command
from benchmarks import special
from benchmarks.harness import memory
from benchmarks.harness.measure import Call, Row, numbers, parts, race, wrong
from benchmarks.output import plot, table
from benchmarks.output.report import Target, as_fast, at_most, under, within
from benchmarks.peers import hand, plain
from benchmarks.peers import symdiff as base
from benchmarks.sections.arrays import excuse_of, pieces
from benchmarks.work import gradbench
from benchmarks.work.formulas import EXAMPLE, LOGISTIC_LOSS, LONG_SUM, ROSENBROCK, long_sum
from benchmarks.work.problems import functions
from symdiff.ops.table import PRIMITIVES

pytestmark = pytest.mark.long

ROOT = pathlib.Path(__file__).parents[1]


def run(*args):
    done = subprocess.run([sys.executable, "-m", *args], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_this_process(main, *args):
    """Return what a command prints, without a process of its own, which takes a second to import what it needs."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main([*map(str, args)]) == 0
    return printed.getvalue()


def sections(output, *names, peers=(), run=run):
    options = ("--quick", "--fresh-heap", "--peers", *peers, "--output", str(output), "--only", *names)
    printed = in_this_process(command.main, *options) if run is None else run("benchmarks", *options)
    assert "WRONG" not in printed
    assert "failed" not in printed
    return json.loads(output.read_text())


def test_sections_run_and_agree(tmp_path):
    names = ("compile", "scaling", "kinetics", "memory", "huge", "choices", "index", "tables", "sparse", "trees")
    facts = sections(tmp_path / "found.json", *names, run=None)
    machine = facts["machine"]
    assert machine["cpus"] >= 1
    assert {"caches", "numpy_simd", "environment", "load"} <= machine.keys()
    calls, loss, *files = facts["sections"]["memory"]["tables"]
    assert all(row["traced"] >= 0 for row in (*calls["rows"], *loss["rows"]))
    assert len(files) == sys.platform.startswith("linux")


def test_native_calls_beside_a_bare_loop(tmp_path):
    found = sections(tmp_path / "found.json", "native", peers=("c",))["sections"]["native"]
    if find_spec("llvmlite") is None:
        assert [target["reached"] for target in found["targets"]] == [None]
        return
    assert len(found["tables"]) == 12
    assert all(any(row["tool"] == "symdiff (llvm)" for row in table["rows"]) for table in found["tables"])
    alone = [
        target["reached"] for target in found["targets"] if "numba" in target["text"] or "symengine" in target["text"]
    ]
    assert alone == [None] * 10


def test_calls_arrays_and_sweep_with_their_table_and_picture(tmp_path):
    output, picture = tmp_path / "found.json", tmp_path / "sweep.svg"
    facts = sections(output, "call", "arrays", "sweep", peers=("hand", "plain"), run=None)
    assert len(facts["sections"]["sweep"]["targets"]) == 9
    assert not [target for target in facts["sections"]["arrays"]["targets"] if target["reached"] is None]
    printed = in_this_process(table.main, "--points", 1000, output)
    assert "| symdiff |" in printed
    assert "nobody writes this by hand" in printed
    pytest.importorskip("matplotlib")
    in_this_process(plot.main, output, picture)
    assert picture.read_text().count("<path") > 100


def test_a_table_of_a_run_without_arrays_says_so(tmp_path, capsys):
    (tmp_path / "none.json").write_text('{"sections": {}}')
    assert table.main([str(tmp_path / "none.json")]) == 1
    assert "--only arrays" in capsys.readouterr().err


def test_a_picture_without_matplotlib_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert command.main(["--only", "sweep", "--plot", "x.png"]) == 2
    assert "pip install" in capsys.readouterr().err
    assert "pip install" in plot.excuse_of()


WRITTEN = [EXAMPLE, ROSENBROCK, LOGISTIC_LOSS, LONG_SUM, long_sum("distinct", 8, distinct=True)]


@each("formula", WRITTEN, ids=lambda formula: formula.name)
def test_written_partials_are_those_of_symdiff(formula):
    names = {name: getattr(math, name) for name in ("sin", "cos", "exp", "log")}
    at = dict(zip(formula.args, formula.point, strict=True))
    written = [eval(text, names | at) for text in (formula.text, *formula.partials)]
    assert not wrong(
        written, np.concatenate([np.atleast_1d(p) for p in parts(base.value_and_grad(formula)(*at.values()))])
    )


@each("formula", [EXAMPLE, ROSENBROCK], ids=lambda formula: formula.name)
def test_values_by_hand(formula):
    assert hand.value(formula)(*formula.point) == pytest.approx(base.function(formula)(*formula.point), rel=1e-14)


SMALL = [
    gradbench.gmm(7, 3, 2),
    gradbench.ba(2, 3, 5),
    gradbench.kmeans(9, 3, 2),
    gradbench.llsq(8, 3),
    gradbench.lse(6),
    gradbench.det(4),
    gradbench.lstm(5, 3),
    gradbench.ode(4, 2),
    gradbench.particle(60),
    gradbench.saddle(3),
]


@each("problem", SMALL, ids=lambda problem: problem.name)
def test_problems_of_gradbench(problem):
    value, partials = base.gradient(problem)()
    plain = problem.function(functions(np, logsumexp=lambda x, axis: np.logaddexp.reduce(x, axis=axis)))
    assert value == pytest.approx(plain(*problem.point), rel=1e-12)
    right = numbers((value, partials))
    if problem.name in hand.WRITTEN:
        assert not wrong(hand.gradient(problem)(), right)
    else:  # by the complex step
        turned = [x + 1e-100j * (k in problem.places) for k, x in enumerate(problem.point)]
        assert plain(*turned).imag / 1e-100 == pytest.approx(sum(map(np.sum, partials)), rel=1e-12)
    if base.HAS_LLVM:
        assert not wrong(base.native_gradient(problem)(), right)


def test_wrong_numbers_are_named_and_not_timed():
    arrays = EXAMPLE.arrays(50)
    right, (function, _) = pieces(EXAMPLE, arrays), plain.value_and_grad_arrays(EXAMPLE, arrays)

    def off(*x):
        value, (first, second) = function(*x)
        second[-1] += 1e-6
        return value, (first, second)

    entrants = {"right": Call(function, arrays, arranged=parts), "off": Call(off, arrays, arranged=parts)}
    entrants["short"] = Call(lambda *x: function(*x)[0], arrays, arranged=parts)
    good, *bad = race(entrants, right, rounds=2, seconds=0.0001)
    assert len(good.times) == 2
    assert not good.note
    assert all(not row.times and row.note.startswith("WRONG") for row in bad)


def test_targets_fail_where_symdiff_has_no_time_and_are_skipped_where_the_other_has_none():
    rows = [Row("symdiff", [1.0]), Row("slow", [3.0]), Row("absent", note="skipped: not installed")]
    assert (
        str(as_fast(rows, "slow", 2.0, "x"))
        == "  PASS  x: symdiff at least 2 times as fast as slow: 3.00 times as fast"
    )
    assert not as_fast(rows, "slow", 4.0, "x").reached
    assert at_most(rows, "absent", 1, "x").reached is None
    assert at_most([Row("symdiff", note="WRONG: off"), rows[1]], "slow", 1, "x").reached is False


def test_targets_of_a_factor_and_seconds_beyond_it_and_of_seconds():
    rows = [Row("symdiff", [2.5]), Row("bare", [1.0])]
    assert within(rows, "bare", (1.5, 1.0), "x").reached
    assert not within(rows, "bare", (1.5, 0.9), "x").reached
    assert within(rows, "absent", (1.5, 1.0), "x").reached is None
    assert under(rows, 2.6, "x").reached
    assert not under(rows, 2.5, "x").reached
    assert under([], 2.5, "x").reached is False


def test_what_repeats_itself_is_asked_for_as_many_as_are_timed():
    counts = []

    def repeat(times):
        counts.append(times)
        sum(range(100 * times))

    call = Call(lambda x: x, (1.0,), repeat=repeat)
    (row,) = race({"bare": call}, np.array([1.0]), rounds=2, seconds=0.001)
    assert len(row.times) == 2
    assert max(counts) > 1


def test_sizes_that_would_take_too_much_are_not_run():
    assert not excuse_of(None, 10_000_000, 5.0)
    assert not excuse_of((100_000, 0.1, 0.1, 1_000), 1_000_000, 5.0)
    assert "took 6.00 s to make" in excuse_of((1_000, 6.0, 0.1, 1_000), 100_000, 5.0)
    assert "about 10.0 s a call" in excuse_of((100_000, 0.1, 1.0, 1_000), 1_000_000, 5.0)
    assert memory.available() is None or "GB a call" in excuse_of((100_000, 0.1, 0.1, 10**14), 1_000_000, 5.0)
    assert not excuse_of((1_000, 0.1, 1.0, 1_000), 1_000_000, 5.0)  # of few points, much is the same for more


def test_memory_of_a_call():
    made, taken = memory.beyond(lambda: np.ones(5_000_000))
    assert taken is None or abs(taken - made.nbytes) < 5e6


def test_a_section_that_breaks_is_a_target_missed_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    from benchmarks.sections import huge, memory

    def breaks(setup):
        raise MemoryError("no room")
        yield

    monkeypatch.setattr(memory, "run", breaks)
    monkeypatch.setattr(huge, "run", lambda _: iter([Target("huge", True, "1 s")]))
    output = tmp_path / "found.json"
    assert command.main(["--only", "memory", "huge", "--peers", "--output", str(output)]) == 0
    assert "FAIL  memory: runs to its end: failed: MemoryError: no room" in capsys.readouterr().out
    assert json.loads(output.read_text())["sections"]["huge"]["targets"]


def test_the_table_of_errors_of_special_functions():
    pytest.importorskip("scipy")
    text = special.FILE.read_text(encoding="utf-8")
    for primitive in special.functions():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{primitive.name}("))
        largest = [float(number) for number in re.findall(r" / (\d\S*e\S\d\d)", row)]
        assert len(largest) == len([*special.partials(primitive)]), primitive.name
        assert max(largest) < 1e-9, primitive.name
    for name in ("gammainc", "betainc", "jv", "kve", "hyp1f1"):
        for one in special.errors(PRIMITIVES[name], 2, seed=1):
            assert max(one.found, default=0.0) < 1e-11, (name, one.by)
    assert special.table(1, ["erf"]).count("\n") == 2
