"""The benchmarks run, without peers: their numbers are nobody's promise, that they are there is."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]


def test_sections_run_and_agree(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "--quick", "--peers", "--output", str(tmp_path / "found.json")]
    run = subprocess.run(
        [*command, "--only", "compile", "scaling", "kinetics"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "WRONG" not in run.stdout
    assert "failed:" not in run.stdout
    assert (tmp_path / "found.json").exists()
