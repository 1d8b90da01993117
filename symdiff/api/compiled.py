"""The type of a Function, for the functions of this room. They use its public attributes alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from symdiff.api.kernel import Kernel
from symdiff.graph.dims import Shape
from symdiff.graph.ir import Program
from symdiff.pipeline import Derive, Recipe
from symdiff.runtime.results import Layout


class Compiled(Protocol):
    """A Function. See `symdiff.api.function.Function` for its attributes."""

    name: str
    text: str
    args: tuple[str, ...]
    wrt: tuple[str, ...]
    outputs: tuple[str, ...]
    cores: tuple[Shape, ...]
    integers: tuple[bool, ...]
    results: tuple[Shape, ...]
    recipe: Recipe
    program: Program
    layout: Layout
    kernel: Kernel
    bound: Mapping[str, Any]

    @property
    def free(self) -> Compiled:
        """The same Function with all arguments of the program."""

    @property
    def mathtext(self) -> str:
        """The formula for Matplotlib."""

    @property
    def coo(self) -> Compiled:
        """The entries of a matrix of derivatives that can be nonzero."""

    @property
    def rows(self) -> Any:
        """The rows of the entries."""

    @property
    def cols(self) -> Any:
        """The columns of the entries."""

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Return the result of a call."""

    def filled(self, args: Sequence[Any], named: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the arguments of a call and the bound ones, in the order of the program."""

    def source_for(self, target: str) -> str:
        """Return the source for a target."""

    @property
    def value_and_jacobian(self) -> Compiled:
        """The value and the Jacobian."""

    def value_and_jacobian_by(self, by: tuple[str, ...] | None) -> Compiled:
        """Return the value and the Jacobian by some names."""

    def diff(self, *names: str) -> Compiled:
        """Return a partial derivative."""

    def derived(
        self,
        name: str,
        derive: Derive,
        layout: Any = ...,
        by: tuple[str, ...] | None = None,
        *,
        program: Program | None = None,
        wrt: tuple[str, ...] | None = None,
    ) -> Compiled:
        """Return a derivative."""

    @property
    def grad(self) -> Compiled:
        """The gradient."""

    @property
    def vjp(self) -> Compiled:
        """The vector-Jacobian product."""

    @property
    def jvp(self) -> Compiled:
        """The Jacobian-vector product."""

    @property
    def hvp(self) -> Compiled:
        """The Hessian-vector product."""

    @property
    def hessian(self) -> Compiled:
        """The Hessian matrix."""

    @property
    def jacobian(self) -> Compiled:
        """The Jacobian matrix."""

    @property
    def value_and_grad(self) -> Compiled:
        """The value and the gradient."""

    @property
    def source(self) -> str:
        """The NumPy source."""

    @property
    def latex(self) -> str:
        """The LaTeX form."""

    def trace(self, /, *args: Any) -> Any:
        """Return the evaluation table."""

    def graph(self, *args: Any) -> Any:
        """Return the computational graph."""
