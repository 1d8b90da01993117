"""The types of the package, as the script of a user sees them. `tests/support/user/script.py` is such a script."""

import importlib.util
import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).parent / "support" / "user" / "script.py"

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("checker", "options"),
    [("mypy", ["--strict", "--no-incremental"]), ("pyright", ["--warnings", "--pythonpath", sys.executable])],
    ids=["mypy", "pyright"],
)
def test_a_strict_checker_accepts_the_script(checker, options, tmp_path):
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    script = tmp_path / "script.py"  # outside of the checkout, so that the package counts as installed
    script.write_text(SCRIPT.read_text())
    done = subprocess.run(
        [sys.executable, "-m", checker, *options, script.name], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_script_runs(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
