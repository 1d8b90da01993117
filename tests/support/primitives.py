"""Operations of the table, for tests that go through all of them."""

import math

from symdiff.ops.table import BASIC, FUNCTIONS, PRIMITIVES

# Special functions have tests of their own, which allow for the errors of SciPy
NUMERIC = [p for p in PRIMITIVES.values() if p.name in BASIC and p.sample and not p.condition]
SPECIAL_VALUES = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    710.0,
    -746.0,
    1e-310,
    1e308,
    math.inf,
    -math.inf,
    math.nan,
]


def call_of(primitive):
    if primitive.symbols and not primitive.symbols[0].prefix:
        return f" {primitive.symbols[0].text} ".join(primitive.parameters)
    return "-x" if primitive.name == "neg" else f"{primitive.name}({', '.join(primitive.parameters)})"


def call_at_a_point(name):
    """The text of a call of an operation by its arguments, and a point."""
    primitive = PRIMITIVES[name]
    symbols = [s for s in primitive.symbols if s.text[0] not in "&|~"]
    places = primitive.sample or tuple((0.3, 0.7) for _ in range(primitive.arity))
    names = [f"x{k}" for k in range(primitive.arity)]
    kinds = primitive.takes or "r" * primitive.arity
    parts = [f"({n} > 0.5)" if kind == "c" else n for n, kind in zip(names, kinds, strict=True)]
    if symbols:
        text = f"{symbols[0].text} {parts[0]}" if symbols[0].prefix else f"{parts[0]} {symbols[0].text} {parts[1]}"
    else:
        spelt_name = next(n for n, p in FUNCTIONS.items() if p is primitive)
        if primitive.orders:
            parts[0] = "2"
        text = f"{spelt_name}({', '.join(parts)})"
    point = {n: (a + 2 * b) / 3 for n, (a, b) in zip(names, places, strict=True) if n in text}
    return text, point
