"""How the work of every member grows with each form of growth that the language has.

Work is counted and not timed: the calls of functions, Python's and C's, that a member takes. Six times the size may
take six times the work, or 36 times where the result has as many entries.
"""

import cProfile
import pickle

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff.graph.dims import symbols

pytestmark = pytest.mark.long

LINEAR, SQUARE = 4.1 / 3, 16 / 9  # times so much, as the work of small sizes is not quite in proportion


def _names(n, name="x"):
    return [f"{name}{k}" for k in range(n)]


def _lines(n, first, step, last="{0}"):
    """Assignments, each of the one before it."""
    lines = [f"s0 = {first}", *[f"s{k} = " + step.format(f"s{k - 1}", k) for k in range(1, n)]]
    return "\n".join([*lines, last.format(f"s{n - 1}")])


# A text of size n and options, for each form that may grow.
FORMS = {
    "sum": lambda n: (" + ".join(_names(n)), {}),
    "sum of squares": lambda n: (" + ".join(f"{x}^2" for x in _names(n)), {}),
    "differences": lambda n: (" - ".join(f"sin(x*{k})" for k in range(n)), {}),
    "product": lambda n: ("*".join(f"(x{k % 5} + {k})" for k in range(n)), {}),
    "quotients": lambda n: ("/".join(f"(x{k % 5} + {k})" for k in range(n)), {}),
    "functions": lambda n: ("sin(" * n + "x" + ")" * n, {}),
    "fractions": lambda n: ("1/(1 + " * n + "x" + ")" * n, {}),
    "powers": lambda n: ("(" * n + "x" + ")^1.01" * n, {}),
    "tower": lambda n: ("**".join(["x"] * n), {}),
    "exponents": lambda n: (" + ".join(f"x^{k}" for k in range(n)), {}),
    "parentheses": lambda n: ("(" * n + "x" + ")" * n, {}),
    "signs": lambda n: ("-" * n + "x", {}),
    "negations": lambda n: (f"where({'not ' * n}(x > 0), x*y, 1)", {}),
    "assignments": lambda n: (_lines(n, "x", "{0}*0.9 + y"), {}),
    "one name assigned again": lambda n: ("v = x\n" + "v = v*0.99 + sin(v)\n" * n + "v", {}),
    "comparisons": lambda n: (f"where({' < '.join(f'x*{k}' for k in range(n))}, x, x^2)", {}),
    "and": lambda n: (f"where({' and '.join(f'(x > {k})' for k in range(n))}, x, log(x))", {}),
    "or": lambda n: (f"where({' or '.join(f'(x > {k})' for k in range(n))}, x, log(x))", {}),
    "if": lambda n: ("".join(f"log(x + {k}) if x < {k} else " for k in range(n)) + "x^2", {}),
    "where": lambda n: ("".join(f"where(x > {k}, log(x + {k}), " for k in range(n)) + "x" + ")" * n, {}),
    "cases": lambda n: (f"Piecewise({', '.join(f'(log(x + {k}), x < {k})' for k in range(n))}, (x^2, True))", {}),
    "sum of choices": lambda n: (" + ".join(f"where(x > {k}, log(x), x*y)" for k in range(n)), {}),
    "product of choices": lambda n: ("*".join(f"where(x > {k}, log(x), x*y)" for k in range(n)), {}),
    "maximum": lambda n: (f"maximum({', '.join(f'x*{k}' for k in range(n))})", {}),
    "hypot": lambda n: ("hypot(x, " * n + "y" + ")" * n, {}),
    "logaddexp": lambda n: ("logaddexp(x, " * n + "y" + ")" * n, {}),
    "log of a sum": lambda n: (f"log({' + '.join(f'exp(x*{k})' for k in range(n))})", {}),
    "constants": lambda n: (
        " + ".join(f"c{k}*x" for k in range(n)),
        {"constants": {f"c{k}": k + 0.5 for k in range(n)}},
    ),
    "arguments": lambda n: ("x0^2 + x1", {"args": _names(n)}),
    "wrt": lambda n: (" + ".join(f"{x}^3" for x in _names(n)), {"wrt": _names(n)[::-1]}),
    "comments": lambda n: ("# c\n" * n + ";" * n + "x^2" + "\n" * n, {}),
    "a long name": lambda n: (f"{'x' * n}*{'y' * n}", {}),
    "long numbers": lambda n: (f"x*0.{'3' * n} + 1_{'0' * n}", {}),
    "results": lambda n: (", ".join(f"x*{k} + y" for k in range(n)), {}),
    "named results": lambda n: (
        "".join(f"r{k} = x*{k} + y\n" for k in range(n)) + ", ".join(_names(n, "r")),
        {},
    ),
    "one result again": lambda n: ("r = x^2\n" + ", ".join(["r"] * n), {}),
    "results of their own": lambda n: (", ".join(f"{x}^2" for x in _names(n)), {}),
    "list": lambda n: (f"[{', '.join(f'x*{k} + y' for k in range(n))}]", {}),
    "list of names": lambda n: (f"[{', '.join(f'{x}^2' for x in _names(n))}]", {}),
    "rows": lambda n: (f"[{', '.join(f'[x*{k}, y]' for k in range(n))}]", {}),
    "list of arrays": lambda n: (f"[{', '.join(f'x*{k}' for k in range(n))}]", {"args": "x[k]"}),
    "norm of a list": lambda n: (f"norm([{', '.join(f'x*{k}' for k in range(n))}])", {}),
    "elements of a list": lambda n: (
        f"v = [{', '.join(f'x*{k}' for k in range(n))}]\n" + " + ".join(f"v[{k}]^2" for k in range(n)),
        {},
    ),
    "elements": lambda n: (" + ".join(f"x[{k}]*x[{k + 1}]" for k in range(n)), {"args": f"x[{n + 1}]"}),
    "elements of any array": lambda n: (" + ".join(f"x[{k}]*x[{k + 1}]" for k in range(n)), {"args": "x[n]"}),
    "band": lambda n: (f"[{', '.join(f'x[{k}]*x[{k + 1}]' for k in range(n))}]", {"args": f"x[{n + 1}]"}),
    "subscripts": lambda n: (f"sum(x{'[::2]' * n}^2)", {"args": "x[n]"}),
    "shifts": lambda n: (f"sum(x{'[1:]' * n}^2)", {"args": "x[n]"}),
    "transposes": lambda n: (f"sum(x{'.T' * n}^2)", {"args": "x[n,m]"}),
    "products of matrices": lambda n: (f"sum({'(A @ ' * n}x{')' * n})", {"args": "A[n,n], x[n]"}),
    "layers": lambda n: (f"sum({'tanh(w*' * n}x{')' * n})", {"args": "x[n], w"}),
    "array arguments": lambda n: (
        " + ".join(f"sum(x{k}^2)" for k in range(n)),
        {"args": [f"x{k}[n{k}]" for k in range(n)]},
    ),
}


def _first(f):
    """The derivative by a reverse sweep, whatever the count of results."""
    return f.value_and_grad if f.results == ((),) else f.vjp


def _declared(f):
    """The arguments as `args` takes them."""
    return [f"{name}[{','.join(map(str, core))}]" if core else name for name, core in zip(f.args, f.cores, strict=True)]


def _point(f):
    """Arguments with the core shapes of a Function, named dimensions as long as its subscripts take."""
    size = f.text.count("[") + 2
    shapes = [tuple([size if symbols(dim) else dim for dim in core]) for core in f.cores]
    return [np.full(shape, 0.5) if shape else 0.5 for shape in shapes]


# What is asked of a Function: each returns the Functions whose rows it made, if any.
MEMBERS = {
    "math": lambda f: f.source_for("math"),
    "numpy": lambda f: f.source,
    "loops": lambda f: f.source_for("loops"),
    "blocks": lambda f: f.source_for("blocks"),
    "call": lambda f: f(*_point(f)),
    "gradient": lambda f: _first(f).source,
    "gradient of floats": lambda f: _first(f).source_for("math"),
    "jvp": lambda f: f.jvp.source,
    "hvp": lambda f: f.hvp.source,
    "jacobian": lambda f: f.jacobian.source,
    "sparsity": lambda f: (f.jacobian.sparsity, f.jacobian.coo.source),
    "hessian": lambda f: f.hessian.source,
    "hessian's entries": lambda f: (f.hessian.sparsity, f.hessian.coo.source),
    "latex": lambda f: f.latex,
    "latex of the jacobian": lambda f: f.jacobian.latex,
    "graph": lambda f: str(f.graph()),
    "trace": lambda f: str(f.trace(*_point(f))),
    "pack": lambda f: f.pack(f.args).source,
    "textbook": lambda f: _first(symdiff.compile(f.text, args=_declared(f), optimize=False)).source,
    "pickle": lambda f: pickle.loads(pickle.dumps(f)),
    "repr": lambda f: (repr(f), f.signature, hash(f), str(f.__signature__)),
}
# Matrices of n*n entries, sums inside each other, and places in arrays of n named sizes, which are sums of n terms.
SQUARES = {
    ("list of names", "latex of the jacobian"),
    ("results of their own", "latex of the jacobian"),
    ("hypot", "sparsity"),  # of few levels
    ("hypot", "hessian's entries"),
    ("tower", "hvp"),
    ("tower", "hessian"),
    ("tower", "hessian's entries"),
    ("powers", "sparsity"),  # less from some levels on
    ("powers", "hessian's entries"),
    ("array arguments", "jacobian"),
    ("array arguments", "hessian"),
    ("array arguments", "latex of the jacobian"),
}


def counted(call):
    """How many calls of functions a call takes; None if it is refused."""
    profile = cProfile.Profile(subcalls=False)
    try:
        profile.runcall(call)
    except (ValueError, TypeError):
        return None
    return sum(entry.callcount for entry in profile.getstats())


def work(form, n):
    text, options = FORMS[form](n)
    made = []
    found = {"compile": counted(lambda: made.append(symdiff.compile(text, **options)))}
    (f,) = made
    for member, ask in MEMBERS.items():
        found[member] = counted(lambda ask=ask: ask(f))
    return found


SIZES = dict.fromkeys(FORMS, (4, 11))
SIZES |= dict.fromkeys(("quotients", "exponents", "maximum", "hypot"), (10, 25))
SIZES["long numbers"] = 12, 36
SIZES |= {"tower": (9, 15), "layers": (4, 10), "powers": (16, 40)}  # of long rows, and of few levels
SIZES |= dict.fromkeys(("differences", "one name assigned again"), (4, 24))  # of some longer lines
SIZES["product"] = 15, 40  # of five variables, each of them thrice
for _form in ("rows", "list", "list of arrays", "list of names", "norm of a list", "elements", "band"):
    SIZES[_form] = 40, 70  # each target has a form for long lists
SIZES["list"] = 66, 104


@each("form", FORMS)
def test_work_grows_as_the_results_do(form):
    work(form, 3)  # what is made once for all; the sizes below are others
    small, large = SIZES[form]
    few, many, ratio = work(form, small), work(form, large), large / small
    much = {
        member: round(many[member] / count, 1)
        for member, count in few.items()
        if count
        and many[member]
        and many[member] / count > (SQUARE * ratio**2 if (form, member) in SQUARES else LINEAR * ratio)
    }
    assert not much
