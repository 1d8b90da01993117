"""Random formulas and points, as Hypothesis strategies that shrink to readable text."""

from hypothesis import strategies as st

NAMES = ("x", "y", "z")

UNARY = [
    "sin({})", "cos({})", "tanh({})", "exp({})", "arctan({})", "sqrt({})", "log({})", "abs({})", "-{}", "{}**2", "{}**3",
    "1/{}", "cbrt({})", "expm1({})", "log1p({})", "sigmoid({})", "softplus({})", "relu({})", "floor({})", "arcsinh({})",
    "square({})", "{}**-2", "sign({})", "{}**0.5", "log(1 + exp({}))", "log(1 + {})", "exp({}) - 1", "1/(1 + exp(-{}))",
]  # fmt: skip
BINARY = [
    "{} + {}", "{} - {}", "{}*{}", "{}/{}", "maximum({}, {})", "minimum({}, {})", "hypot({}, {})", "arctan2({}, {})",
    "{}**{}", "logaddexp({}, {})", "{} % {}", "log(exp({}) + exp({}))",
]  # fmt: skip
CONDITIONS = ["{} > {}", "{} <= {}", "{} == {}", "not {} > {}", "{} > 0 and {} < 1", "{} > 0 or {} < 1"]
CHOICES = ["where({}, {}, {})", "({1} if {0} else {2})", "Piecewise(({1}, {0}), ({2}, True))"]

# What is smooth and defined everywhere, so that differences and SymPy can judge it.
SMOOTH_UNARY = ["sin({})", "cos({})", "tanh({})", "arctan({})", "-{}", "{}**2", "{}**3", "exp(sin({}))", "sqrt(1 + {}**2)",
                "log(2 + cos({}))", "1/(2 + sin({}))", "sigmoid({})", "arcsinh({})", "expm1(sin({}))", "log(1 + exp({}))"]  # fmt: skip
SMOOTH_BINARY = ["{} + {}", "{} - {}", "{}*{}", "{}/(2 + {}**2)", "(1 + {}**2)**sin({})", "hypot(1 + {}**2, {})"]

LEAVES = [*NAMES, *NAMES, "2", "0.5", "-1", "3", "1.5"]


def _templates(templates, parts):
    filled = [st.sampled_from(templates)] + [parts] * 3
    return st.tuples(*filled).map(lambda t: t[0].format(*(f"({p})" if not p.isalnum() else p for p in t[1:])))


def formulas(*, max_leaves=12):
    """Any scalar formula of the language."""

    def extend(parts):
        condition = _templates(CONDITIONS, parts)
        choice = st.tuples(st.sampled_from(CHOICES), condition, parts, parts).map(lambda t: t[0].format(*t[1:]))
        return _templates(UNARY, parts) | _templates(BINARY, parts) | choice

    return st.recursive(st.sampled_from(LEAVES), extend, max_leaves=max_leaves)


def smooth_formulas(*, max_leaves=8):
    """Formulas that are smooth on the whole plane."""

    def extend(parts):
        return _templates(SMOOTH_UNARY, parts) | _templates(SMOOTH_BINARY, parts)

    return st.recursive(st.sampled_from(LEAVES), extend, max_leaves=max_leaves)


def points(count, low=-2.0, high=2.0):
    """`count` floats, ordinary ones and special ones; not the tiny ones, at which x/x cancels terms of 1/x."""
    special = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 2.0])
    ordinary = st.floats(low, high, allow_subnormal=False).filter(lambda x: abs(x) > 1e-4)
    return st.lists(ordinary | special, min_size=count, max_size=count)
