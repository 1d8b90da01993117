"""Code that is run in a process of its own."""

import pathlib
import subprocess
import sys
from textwrap import dedent


def clean(code, *options, times=1):
    """Run the code in a new process, so many times, which has to end well and say nothing."""
    for _ in range(times):
        run = subprocess.run(
            [sys.executable, *options, "-W", "error", "-c", dedent(code)], capture_output=True, text=True, timeout=120
        )
        assert (run.returncode, run.stderr) == (0, "")


def printed_under_hash_seeds(code, file):
    """Return what the code prints under several hash seeds. It may import the tests beside `file`."""
    paths = ":".join([str(pathlib.Path(file).parent), *sys.path])
    return {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": paths},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
