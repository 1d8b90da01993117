"""Facts about the machine, the revision and the installed packages."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

_SETTINGS = ("OPENBLAS_", "OMP_", "MKL_", "NPY_", "NUMEXPR_", "NUMBA_", "XLA_", "TORCH", "MALLOC_")  # that change speed
_PACKAGES = ("numpy", "scipy", "jaxlib", "llvmlite")  # in addition to those of the peers


def machine() -> dict[str, Any]:
    """Return facts about the interpreter, the processor and the load."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "compiler": platform.python_compiler(),
        "system": platform.platform(),
        "cpu": _cpu(),
        "cpus": cpus(),
        "caches": _caches(),
        "numpy_simd": np.show_config(mode="dicts").get("SIMD Extensions", {}),
        "environment": {name: os.environ[name] for name in sorted(os.environ) if name.startswith(_SETTINGS)},
        "load": load(),
    }


def load() -> list[float] | None:
    """Return the load averages over 1, 5 and 15 minutes, or None if unknown."""
    return [round(mean, 2) for mean in os.getloadavg()] if hasattr(os, "getloadavg") else None


def cpus() -> int:
    """Return the number of CPUs that this process can use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _caches() -> list[str]:
    """Return the caches of the first CPU by level, or an empty list if unknown."""
    found = []
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            level, kind, size, shared = (
                (folder / name).read_text().strip() for name in ("level", "type", "size", "shared_cpu_list")
            )
        except OSError:
            continue
        found.append(f"L{level} {kind.lower()} {size}, of CPUs {shared}")
    return found


def _cpu() -> str:
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def revision() -> str:
    """Return the git revision, with a mark if files differ from it, or an empty string if unknown."""
    command = ["git", "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)  # noqa: S603
    except OSError:
        return ""
    return done.stdout.strip()


def versions(peers: Sequence[str]) -> dict[str, str]:
    """Return the versions of the peers' packages and of the packages that they build on."""
    found = {}
    for name in (*peers, *_PACKAGES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return dict(sorted(found.items()))
