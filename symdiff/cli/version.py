"""`symdiff --version` and `symdiff --version -v`: what a report of an error needs to say."""

from __future__ import annotations

import platform
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import numpy as np

import symdiff
from symdiff.errors import EXTRAS
from symdiff.runtime.threads import usable_cpus

# Packages whose arrays or trees Functions take. They belong to no extra for users.
_OTHERS = ("dask", "torch", "jax", "sympy", "pandas", "xarray", "pint")


def text(*, verbose: bool = False) -> str:
    """Return the version of symdiff. With `verbose`, return a line for each thing that it depends on, too."""
    head = f"symdiff {symdiff.__version__}"
    if not verbose:
        return head
    lines = {"Python": _python(), "system": f"{platform.system()} {platform.release()}, {platform.machine()}"}
    lines["numpy"] = np.__version__
    packages = dict.fromkeys([*[requirement.split(">=")[0] for requirement in EXTRAS.values()], *_OTHERS])
    lines |= {name: _installed(name) for name in packages}
    lines["threads"] = f"at most {usable_cpus()} on large arrays"
    lines['backend="numpy"'] = "available"
    lines['backend="llvm"'] = _native()
    width = max(map(len, lines))
    return "\n".join([head, *[f"  {name:<{width}}  {value}" for name, value in lines.items()]])


def _python() -> str:
    free = ", free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    return (
        f"{platform.python_version()} ({platform.python_implementation()}{free}), {sys.maxsize.bit_length() + 1} bits"
    )


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _native() -> str:
    """Return what native code uses on this machine."""
    if find_spec("llvmlite") is None:
        return "not available: llvmlite is not installed"
    from symdiff.runtime import native

    machine, llvm = native.machine(), native.binding()
    numbers = machine.width // 8
    functions = "libmvec" if machine.variants else "none: functions such as sin are called for one number at a time"
    return "; ".join(
        [
            f"LLVM {'.'.join(map(str, llvm.llvm_version_info))} for {llvm.get_host_cpu_name()}",
            f"vectors of {numbers} float64 numbers",
            f"vector functions: {functions}",
            f"floats: {'native calls' if machine.head else 'the math module'}",
        ]
    )
