"""Functions that stand for a formula."""

from __future__ import annotations

from symdiff.ops.table.entry import Formula

FIELD = "further functions, some of degrees"

# An angle in degrees is t + 180*n, where t is between -90 and 90 and is exact. The sign of sine and cosine changes with n.
_TURNS = "round(fmod(x, 360)/180)"
_REST = f"(fmod(x, 360) - 180*{_TURNS})"
_SIGN = f"(2*abs(abs({_TURNS}) - 1) - 1)"

FORMULAS: tuple[Formula, ...] = (
    Formula("square", ("x",), "x^2"),
    Formula("clip", ("x", "low", "high"), "minimum(maximum(x, low), high)"),
    Formula("div", ("x", "y"), "x/y", aliases=("divide",)),
    Formula("sec", ("x",), "1/cos(x)"),
    Formula("csc", ("x",), "1/sin(x)", aliases=("cosec",)),
    Formula("coth", ("x",), "1/tanh(x)"),
    *(
        Formula(name, ("x",), text, text_of_radians)
        for name, text, text_of_radians in (
            ("sind", f"sine(x, {_SIGN}*sin(deg2rad({_REST})))", "sin(deg2rad(x))"),
            ("cosd", f"cosine(x, {_SIGN}*sin(deg2rad(90 - abs({_REST}))))", "cos(deg2rad(x))"),
            ("tand", "tangent(x, sind(x)/cosd(x))", "tan(deg2rad(x))"),
            ("cotd", "cotangent(x, cosd(x)/sind(x))", "cot(deg2rad(x))"),
            ("secd", "1/cosd(x)", ""),
            ("cscd", "1/sind(x)", ""),
        )
    ),
    *(
        Formula(f"a{function}d", ("x",), f"rad2deg(arc{function}(x))")
        for function in ("sin", "cos", "tan", "cot", "sec", "csc")
    ),
    Formula("atan2d", ("y", "x"), "rad2deg(arctan2(y, x))"),
    # As in SciPy and SymPy, where the result is complex for x < 0
    Formula("loggamma", ("x",), "lgamma(x) + where(x < 0, nan, 0)", "loggamma(x)"),
    Formula("real", ("x",), "x", "real(x)", ("re",)),
    Formula("imag", ("x",), "where(x == x, 0, 0)", "imag(x)", ("im",)),
    Formula("conj", ("x",), "x", "conj(x)", ("conjugate",)),
)
