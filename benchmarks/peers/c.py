"""C, as a careful programmer writes it: one loop over the points, on several threads.

The loop is compiled for this processor. `-ffast-math` lets gcc call the vector functions of
the C library. Each call has new memory for its results, as with the other tools.

The bare loop runs on one thread, writes into arrays made before, and is timed in C. It is a
call without anything around it. Long sums are translated to C from their text, and gcc finds
common parts of the terms.
"""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.measure import Call, parts
from benchmarks.peers import Peer, Unsupported
from benchmarks.work.formulas import Formula

_GCC = shutil.which("gcc")
if _GCC is None:
    raise ImportError("there is no gcc")

_LOOP = """
#include <math.h>
static inline double square(double x) {{ return x*x; }}
{qualities} void loop({parameters}, long n) {{
    {pragma}
    for (long i = 0; i < n; i++) {{
        {body}
    }}
}}
void repeat({parameters}, long n, long times) {{
    while (times-- > 0) loop({names}, n);
}}
"""
_SHARED = ("", "#pragma omp parallel for simd schedule(static) if(parallel: n > 20000)")
_BARE = ("__attribute__((noipa))", "#pragma omp simd")  # each repetition is a call
_LINES = {
    "example": """
double x1 = a0[i], x2 = a1[i];
r0[i] = log(x1) + x1*x2 - sin(x2); r1[i] = x2 + 1/x1; r2[i] = x1 - cos(x2);
""",
    "rosenbrock": """
double a = a0[i], b = a1[i], c = a2[i];
double p = 1 - a, q = b - a*a, r = c - b, s = a + c, rr = r*r, ss = s*s, ab = a*b;
double dr = 2*r*ss, ds = 2*s*rr, dq = 200*q;
r0[i] = p*p + 100*(q*q) + ab*c + rr*ss;
r1[i] = b*c + ds - 2*a*dq - 2*p; r2[i] = a*c + dq - dr; r3[i] = ab + dr + ds;
""",
    "black_scholes": """
double S = a0[i], K = a1[i], r = a2[i], sigma = a3[i], T = a4[i];
double root = sqrt(T), width = sigma*root;
double d1 = (log(S/K) + (r + 0.5*(sigma*sigma))*T)/width, d2 = d1 - width;
double n1 = 0.5*(1 + erf(d1*0.7071067811865476)), n2 = 0.5*(1 + erf(d2*0.7071067811865476));
double discount = exp(-r*T), present = K*discount, rho = present*n2;
double vega = S*0.3989422804014327*exp(-0.5*(d1*d1));
r0[i] = S*n1 - rho; r1[i] = n1; r2[i] = -discount*n2; r3[i] = rho*T;
r4[i] = vega*root; r5[i] = 0.5*vega*sigma/root + r*rho;
""",
    "logistic_loss": """
double a = a0[i], x = a1[i], b = a2[i], y = a3[i], z = a4[i], t = a*x + b;
double decay = exp(-fabs(t)), soft = fmax(t, 0) + log1p(decay);
double w = y*((t < 0 ? decay : 1)/(1 + decay)) - z;
r0[i] = soft*y - t*z; r1[i] = x*w; r2[i] = a*w; r3[i] = w; r4[i] = soft; r5[i] = -t;
""",
}


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return the loop with new arrays for its results."""
    count = len(formula.args)
    loop = _compiled(_body(formula), count, _SHARED).loop

    def call(*given: Any) -> list[Any]:
        results = [np.empty(given[0].shape) for _ in range(count + 1)]
        loop(*[a.ctypes.data for a in (*given, *results)], given[0].size)
        return results

    return call, arrays


def bare(formula: Formula, arrays: tuple[Any, ...]) -> Call:
    """Return the bare loop."""
    library = _compiled(_body(formula), len(formula.args), _BARE)
    results = [np.zeros(len(arrays[0])) for _ in range(len(arrays) + 1)]

    def given() -> tuple[Any, ...]:
        return *[a.ctypes.data for a in (*arrays, *results)], arrays[0].size

    def call(*_: Any) -> list[Any]:
        library.loop(*given())
        return results

    return Call(call, arrays, arranged=parts, repeat=lambda times: library.repeat(*given(), times))


def fresh(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return the loop with new arrays for its results, compiled again."""
    _compiled.cache_clear()
    return value_and_grad_arrays(formula, arrays)


def _body(formula: Formula) -> str:
    """Return the body of the loop: the lines written by hand, or those of a long sum."""
    if formula.name in _LINES:
        return _LINES[formula.name].strip()
    if not formula.terms:
        raise Unsupported("not written by hand")
    given = ", ".join(f"{name} = a{k}[i]" for k, name in enumerate(formula.args))
    lines = [f"r{k}[i] = {_squares(text)};" for k, text in enumerate((formula.text, *formula.partials))]
    return "\n".join([f"double {given};", *lines])


def _squares(text: str) -> str:
    """Return a text with squares as calls of `square`. Parentheses can have one more level inside."""
    text = re.sub(r"(\w+)\*\*2", r"square(\1)", text)
    return re.sub(r"(\((?:[^()]|\([^()]*\))*\))\*\*2", r"square\1", text)


@cache
def _compiled(body: str, count: int, kind: tuple[str, str]) -> Any:
    names = [f"const double *restrict a{k}" for k in range(count)]
    names += [f"double *restrict r{k}" for k in range(count + 1)]
    short = [name.rpartition("restrict ")[2] for name in names]
    text = _LOOP.format(
        qualities=kind[0],
        pragma=kind[1],
        parameters=", ".join(names),
        names=", ".join(short),
        body=body.replace("\n", "\n        "),
    )
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "loop.c"), Path(folder, "loop.so")
        source.write_text(text)
        options = [
            "-O3",
            "-march=native",
            "-mprefer-vector-width=512",
            "-ffast-math",
            "-fopenmp",
            "-fdisable-tree-sincos",
            "-shared",
            "-fPIC",
        ]
        command = [_GCC, *options, str(source), "-o", str(library), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - its own text
        if done.returncode:
            raise RuntimeError(done.stderr)
        made = ctypes.CDLL(str(library))
    made.loop.argtypes = [ctypes.c_void_p] * len(names) + [ctypes.c_long]
    made.repeat.argtypes = [*made.loop.argtypes, ctypes.c_long]
    made.loop.restype = made.repeat.restype = None
    return made


PEER = Peer(
    arrays={"C (by hand)": value_and_grad_arrays},
    native={"C (bare loop)": bare, "C (by hand)": value_and_grad_arrays},
    fresh={"C (by hand)": fresh},
)
