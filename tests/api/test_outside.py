"""The option `functions` of `compile`: a formula calls other Functions."""

import pickle

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff import ParseError, ShapeError

G = symdiff.compile("x^2*k + sin(x)")
Q = symdiff.compile("r = x*w; sum(r)+1", args="x[n], w[n]")
STEP = symdiff.compile("a*h + x")
MANY = symdiff.compile("p = x*y; p, p + sum(v)", args="x, y, v[n]")

LAST = symdiff.compile("step(h, x) = 0.5*h + x; fold(step, 0.0, v)", args="v[k]")
OUTER = "s(h, x) = 0.5*h + x; row(t, v) = t + fold(s, 0.0, v)^2; fold(row, 0.0, A)"

# The call of a function, the same formula without it, arguments for both, and a point.
SAME = [
    ("g(a, k=2) + log(b)*g(b, a)", "a^2*2 + sin(a) + log(b)*(b^2*a + sin(b))", None, (1.0, 2.0)),
    ("g(k=b, x=a)*1", "a^2*b + sin(a)", "a, b", (1.0, 2.0)),
    ("p, q = gg(a, a*b); p*q", "(2*a*(a*b) + cos(a))*a^2", None, (1.0, 2.0)),
    ("v, p, q = both(a, b); v - p*q", "a^2*b + sin(a) - (2*a*b + cos(a))*a^2", None, (1.0, 2.0)),
    ("gxx(a, b)", "2*b - sin(a)", "a, b", (1.0, 2.0)),
    ("g(X, c)", "X^2*c + sin(X)", "X[n], c", (np.arange(3.0), 2.0)),
    ("q(A, v)", "A @ v + 1", "A[m,n], v[n]", (np.arange(6.0).reshape(2, 3), np.ones(3))),
    ("q(A[:, None], A)", "A @ A.T + 1", "A[m,n]", (np.arange(6.0).reshape(2, 3),)),
    ("p, s = many(x, y, v); p*s", "x*y*(x*y + sum(v))", "x, y, v[3]", (2.0, 3.0, np.arange(3.0))),
    ("fold(step, 1.0, X)", "f(h, x) = 0.5*h + x; fold(f, 1.0, X)", "X[n]", (np.arange(3.0),)),
    ("sum(last(A)^2)", OUTER, "A[m,n]", (np.arange(6.0).reshape(2, 3),)),
    ("last(v)*a", "s(h, x) = 0.5*h + x; fold(s, 0.0, v)*a", "v[n], a", (np.arange(3.0), 2.0)),
    ("sin(2*a)", "2*a + 1", None, (1.0,)),
    ("gb(a)", "[a^2 + sin(a), 2*a^2 + sin(a)]", None, (1.0,)),
]
FUNCTIONS = {
    "g": G,
    "gg": G.grad,
    "both": G.value_and_grad,
    "gxx": G.diff("x", "x"),
    "q": Q,
    "step": STEP.bind(a=0.5),
    "many": MANY,
    "last": LAST,
    "sin": symdiff.compile("x + 1"),
    "gb": G.bind(k=[1.0, 2.0]),
}


def made(text, args=None, **options):
    used = {name: f for name, f in FUNCTIONS.items() if f"{name}(" in text or f"({name}," in text}
    return symdiff.compile(text, args=args, functions=used, **options)


def flat(result):
    parts = result if isinstance(result, tuple) else (result,)
    return np.concatenate([np.ravel(part) for part in parts])


@each("optimize", [True, False])
def test_a_call_is_the_formula_in_its_place(optimize):
    for text, plain, args, point in SAME:
        f, same = made(text, args, optimize=optimize), symdiff.compile(plain, args=args)
        np.testing.assert_allclose(f(*point), same(*point), rtol=1e-14, err_msg=text)
        np.testing.assert_allclose(flat(f.jacobian(*point)), flat(same.jacobian(*point)), rtol=1e-13, err_msg=text)
        if not f.results[0]:
            np.testing.assert_allclose(f.hessian(*point), same.hessian(*point), rtol=1e-12, err_msg=text)
        loops = [np.stack([a, a + 1]) for a in point]
        np.testing.assert_allclose(f(*loops), same(*loops), rtol=1e-14, err_msg=text)
        if "last" in text:
            np.testing.assert_allclose(f.hessian(*loops), same.hessian(*loops), rtol=1e-12, err_msg=text)


def test_a_loop_of_a_function_stays_simple():
    assert "* 1.0" not in made("last(v)*a", "v[n], a").grad.source
    source = made("sum(last(A)^2)", "A[m,n]").source
    assert [line.strip() for line in source.splitlines() if "for" in line] == [
        "for t in range(m):",
        "for t2 in range(n):",
    ]


def test_a_call_shows_as_the_formula_in_its_place():
    f = made("1 + g(a, 2)*g(a, 2)")
    assert f.source == "def value(a):\n    out = 1.0 + (a**2 * 2.0 + np.sin(a))**2\n    return out\n"
    assert "sin" in f.latex
    assert [step.expression for step in f.trace(1.0)].count("sin(a)") == 2  # each call has steps of its own
    for target in ("math", "c", "javascript", "array_api"):
        assert "sin" in f.source_for(target)
    module = {"__name__": "exported"}
    exec(f.export(), module)
    assert "# g(x, k) is x^2*k + sin(x)\n" in module["__doc__"]
    assert module["value"](1.0) == f(1.0)
    assert f(1 + 2j) == 1 + (G(1 + 2j, 2)) ** 2


def test_equality_pickles_and_the_cache():
    f = made("g(a, 2)")
    assert made("g(a, 2)") is f
    assert symdiff.compile("g(a, 2)", functions={"g": STEP.bind(a=1.0)}) != f
    for other in (f, f.grad, f.bind(a=1.0)):
        assert pickle.loads(pickle.dumps(other)) == other
    assert symdiff.compile("f(a) + 1", functions={"f": f.diff("a")})(1.0) == f.diff("a")(1.0) + 1


REFUSED = [
    ("g(x)", {}, ParseError, "g(x, k) takes 2 arguments, not 1"),
    ("g(x, y, z)", {}, ParseError, "g(x, k) takes 2 arguments, not 3"),
    ("g(x, z=2)", {}, ParseError, "g(x, k) has no argument named 'z'"),
    ("g(x, x=2)", {}, ParseError, "g(x, k) got x twice"),
    ("g + 1", {"functions": {"g": G}}, ParseError, "'g' is a function; for its value write g(x, k)"),
    ("1 + gg(a, 2)", {}, ParseError, "gg has 2 values here; write a, b = gg(...) on a line of its own"),
    ("g(x, (1, 2))", {}, ParseError, "a list in parentheses is not a value"),
    ("f(x) = hlil(x); f(x)", {"functions": {"hill": G}}, ParseError, "unknown function 'hlil'; did you mean 'hill'?"),
    ("sin(x)", {"functions": {"sinn": G}}, ParseError, "functions has 'sinn', which the formula does not use"),
    ("a*x", {"functions": {"g": G}, "args": "a, x, g"}, ParseError, "'g' is both in args and in functions"),
    ("g(x, 1)", {"constants": {"g": 1.0}}, ParseError, "'g' is both in constants and in functions"),
    ("g = 2; g*x", {"functions": {"g": G}}, ParseError, "'g' is among functions; write another name"),
    ("g(t) = t; g(x)", {"functions": {"g": G}}, ParseError, "'g' is among functions; write another name"),
    ("x", {"functions": {"pi": G}}, ParseError, "functions names 'pi', which is a constant of the language"),
    ("x", {"functions": {"f, g": G}}, ParseError, "write one name for each function"),
    ("g(x)", {"functions": {1: G}}, TypeError, "functions has the key 1; write one name for each function"),
    ("g()", {"functions": {"g": symdiff.compile("3.5")}}, TypeError, "write its value among the constants"),
    ("x", {"functions": G}, TypeError, "functions is a dict of names and functions"),
    ("g(x)", {"functions": {"g": 3}}, TypeError, "function 'g' is int, not a Function or an external function"),
    ("g(x)", {"functions": {"g": np.sin}}, TypeError, "write symdiff.external(g, partials=...)"),
    ("q(x, y)", {"args": "x[n], y[m]"}, ShapeError, "q(x[n], w[n]): argument 'w' has shape (m,)"),
    ("q(x, y)", {}, ShapeError, "q(x[n], w[n]): argument 'x' has shape (), and (n,) is needed"),
]


def test_errors_say_what_to_write():
    for text, options, kind, said in REFUSED:
        with pytest.raises(kind) as error:
            symdiff.compile(text, **options) if "functions" in options else made(text, **options)
        assert said in str(error.value), text


def test_long_chains_of_functions():
    f = symdiff.compile("x")
    for _ in range(500):
        f = symdiff.compile("q(x) + 1", functions={"q": f})
    assert f(1.0) == 501.0
