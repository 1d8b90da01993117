"""Code that is run in a process of its own."""

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
