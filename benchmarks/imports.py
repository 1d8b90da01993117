"""Time `import symdiff` beside NumPy's own import: `python -m benchmarks.imports`.

Each import runs in a new process, in turns. The shortest of several runs counts. The time of
symdiff does not include NumPy's import.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

_TIMED = "import time; {before}; start = time.process_time(); {what}; print(time.process_time() - start)"
_NUMPY = _TIMED.format(before="pass", what="import numpy")
_SYMDIFF = _TIMED.format(before="import numpy", what="import symdiff")
_FIRST_CALL = _TIMED.format(before="import numpy", what="import symdiff; symdiff.compile('x*y').grad(2.0, 3.0)")
TARGET = 0.5


def seconds(code: str) -> float:
    """Return the processor time that a piece of code prints when it runs in a new process."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - this interpreter
    return float(run.stdout)


def main() -> None:
    """Print the shortest times, and their ratios to NumPy's."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="number of runs (default: 15)")
    rounds = parser.parse_args().rounds
    codes = {"import numpy": _NUMPY, "import symdiff": _SYMDIFF, "import symdiff, first gradient": _FIRST_CALL}
    times = {name: [seconds(code)] for name, code in codes.items()}  # the first run can write compiled modules
    for _ in range(rounds):
        for name, code in codes.items():
            times[name].append(seconds(code))
    least = {name: min(found[1:]) for name, found in times.items()}
    for name, time in least.items():
        print(f"{name:32} {time * 1e3:6.1f} ms  {time / least['import numpy']:.2f} of NumPy's import")
    ratio = least["import symdiff"] / least["import numpy"]
    print(f"{'PASS' if ratio <= TARGET else 'FAIL'}  import symdiff: at most {TARGET} of NumPy's import: {ratio:.2f}")


if __name__ == "__main__":
    main()
