"""Plain NumPy: the source that symdiff prints, run on whole arrays without symdiff.

This is what a user gets who pastes the source after `import numpy as np`. For a formula of a
thousand operations, nobody would write it by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import symdiff
from benchmarks.peers import Peer
from benchmarks.work.formulas import Formula


def value_and_grad_arrays(formula: Formula, arrays: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return the pasted function, which takes float64 arrays of one shape."""
    scope: dict[str, Any] = {}
    exec("import numpy as np\n" + symdiff.compile(formula.text, args=formula.args).value_and_grad.source, scope)
    return scope["value_and_grad"], arrays


LABEL = "plain NumPy source"
PEER = Peer(arrays={LABEL: value_and_grad_arrays})
