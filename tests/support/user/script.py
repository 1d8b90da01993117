"""A user's script: every member with its type."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import symdiff
from symdiff import Function

f = symdiff.compile("log(x1) + x1*x2 - sin(x2)", args="x1, x2", wrt=["x1", "x2"])
value: float = f(2, 5)
g = f.grad(2.0, x2=5.0)
print(g.x1, g[0], g._fields)
x: NDArray[np.float64] = np.linspace(1, 2, 5)
both = f.value_and_grad(x, 3.0)
print(both[0], both[1].x1)
h: Function = f.hessian
print(h(2, 5), h.source, h.source_for("math"))
names: tuple[str, ...] = f.args
print(f.jacobian(x, x), f.jvp(1.0, 2.0, 1.0, 0.0), f.vjp(1.0, 2.0, 1.0), f.hvp(1, 2, 1, 0))
d: Function = f.diff("x1", "x1")
b: Function = f.bind(x2=5.0)
print(d(2, 5), b(2.0), b.signature, f.latex, f.trace(2, 5), f.graph())
f.export(Path("model.py"))
loss = symdiff.compile("sum((a*x - y)**2)", args="x[n], y[n], a", wrt="x")
print(loss.hessian.sparse(x, x, 2.0).nnz)
print(f.check(2, 5))


def decay(t: Any, a: Any) -> Any:
    return a * np.exp(-t)


k = symdiff.compile(decay)
try:
    symdiff.compile("2x")
except symdiff.ParseError as error:
    print(error.position, error.hint, error.line, error.column)
symdiff.limits.rows = 1_000_000
s = symdiff.external(np.sin, ["cos(x)"])
print(symdiff.compile("s(x)**2", functions={"s": s})(1.0))
print(symdiff.propagate(f, np.array([1.0, 2.0]), cov=np.eye(2)))
