"""Functions that a text defines, and calls of loops: what they mean, and what is refused."""

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff import LimitError, Limits, ParseError, ShapeError


@each(
    ("text", "same"),
    [
        ("hill(x, k, n) = x^n/(k^n + x^n)\nhill(a, 2, 3)*b", "a^3/(2^3 + a^3)*b"),
        ("square_of(u) = u*u; square_of(a) + square_of(b + 1)", "a^2 + (b + 1)^2"),
        ("f(x) = x*b\ng(x) = f(x) + f(x + 1)\ng(a)", "a*b + (a + 1)*b"),
        ("c = 2*a; f(y) = c*y; c = 3*b; f(b) + c", "2*a*b + 3*b"),  # names are as at the line of the definition
        ("f(a) = a^2\nf(b) + a", "b^2 + a"),  # parameters are local
        ("f(x) = pi*x; f(a)*b", "pi*a*b"),
        ("f(x, y) = x + y, x*y\ns, p = f(a, b)\ns/p", "(a + b)/(a*b)"),
        ("f(x, y) = (x + y, x*y)\ns, p = f(a, b)\ns/p", "(a + b)/(a*b)"),
        ("f(x, y) = y, x\ng(x, y) = f(x, y)\na, b_ = g(a_, b); a/b_", None),
        ("p, q = a + b, a*b\np - q", "a + b - a*b"),
        ("f(x) = x if x > 0 else -x\nf(a)*b", "(a if a > 0 else -a)*b"),
        ("sign_of(x) = where(x > 0, 1, -1); sign_of(a)*b", "where(a > 0, 1, -1)*b"),
        ("f(x) =\n  x +\n  b\nf(a)", "a + b"),
        ("gamma_(x) = x; gamma_(gamma_(gamma_(a)))*b", "a*b"),
        ("step(x) = x*b; iterate(step, a, 3)", "a*b*b*b"),
    ],
)
def test_own_functions_are_written_out(text, same):
    if same is None:
        assert symdiff.compile(text)(3.0, 4.0) == 4 / 3
        return
    f, g = symdiff.compile(text, args="a, b"), symdiff.compile(same, args="a, b")
    for made, want in ((f, g), (f.grad, g.grad), (f.hessian, g.hessian)):
        np.testing.assert_allclose(made(1.3, 0.7), want(1.3, 0.7), rtol=1e-13)


def test_several_values_are_results():
    f = symdiff.compile("f(x, y) = x + y, x*y\nf(a, b), a")
    assert f.outputs == ("out0", "out1", "out2")
    assert f(2.0, 3.0) == (5.0, 6.0, 2.0)
    assert symdiff.compile("x, y = a + 1, b; x, y")(1.0, 2.0) == symdiff.compile("a + 1, b")(1.0, 2.0)


def test_free_names_are_arguments_in_order_of_the_text():
    assert symdiff.compile("f(x) = x*k + c\nf(z)").args == ("k", "c", "z")


@each(
    ("text", "args", "position", "said"),
    [
        ("f(x) = x*f(x - 1)\nf(a)", None, 9, "'f' calls itself, which is not possible; for a recurrence write fold"),
        ("f(x) = g(x)\ng(x) = x\nf(a)", None, 7, "'g' is used before it is defined; define it on a line above"),
        ("y = f(a)\nf(x) = x\ny", None, 4, "'f' is used before it is defined"),
        ("f(x) = x\nf(a, b)", None, 9, "f(x) takes 1 argument, not 2"),
        ("f(x, y) = x*y\nf(a)", None, 14, "f(x, y) takes 2 arguments, not 1"),
        ("f(x) = x\nf + 1", None, 11, "'f' is a function; for its value write f(x)"),
        ("f(x) = x\nf", None, 9, "'f' is a function; for its value write f(x)"),
        ("f(x) = x\nf(x=a)", None, 9, "f takes its arguments in order, as f(x), not x=..."),
        ("hill(x) = x\nhil(a) + hill(a)", None, 12, "unknown function 'hil'; did you mean 'hill'?"),
        ("sin(x) = x\nsin(a)", None, 7, "'sin' is a function of the language"),
        ("fold(x) = x\nfold(a)", None, 8, "'fold' is a function of the language"),
        ("pi(x) = x\npi(a)", None, 0, "'pi' is a constant of the language and no function"),
        ("f(x) = x; f(x) = 2*x; f(a)", None, 10, "'f' is defined above; write another name"),
        ("f = 2*a; f(x) = x; f(a)", None, 9, "'f' is assigned above and cannot be defined as a function"),
        ("f(x) = x; f = 2; f(a)", None, 10, "'f' is a function that the text defines and cannot be assigned to"),
        ("f(x) = x; f(f)", "f", 0, "'f' is an argument and cannot be defined as a function"),
        ("f(x, x) = x; f(a, b)", None, 5, "'x' stands here twice; write different names"),
        ("f(x, if) = x; f(a, b)", None, 5, "if"),
        ("f(2) = x; f(a)", None, 5, "a function is defined as in f(x, y) = x*y"),
        ("f(x) = x\na", None, 0, "the function 'f' is not used; leave it out"),
        ("f(x) = x, x\nf(a) + 1", None, 17, "f has 2 values here; write a, b = f(...) on a line of its own"),
        ("f(x) = x, x\na, b, c = f(z); a*b*c", None, 12, "a, b, c are 3 names for 2 values"),
        ("a, b = x; a*b", None, 0, "a, b are 2 names for 1 value"),
        ("a = x, y; a", None, 5, "an assignment has one value; for two write a, b = x, y"),
        ("f(x) = x", None, 0, "the text defines 'f' and has no result; write only the expression"),
        ("fold(h, x, y)", None, 0, "fold takes a function of the text, the first state, and arrays"),
        ("f(x) = x; fold(f)", None, 10, "fold takes a function of the text, the first state, and arrays"),
        ("f(x) = x; iterate(f, a)", None, 10, "iterate takes a function of the text, the first state, and how often"),
        ("f(x) = x; iterate(f, a, b)", None, 10, "iterate takes a count that is known before the call"),
        ("f(x) = x; iterate(f, a, 2.5)", None, 10, "iterate takes a count that is known before the call"),
        ("f(x) = x; iterate(f, a, -1)", None, 10, "iterate takes a count that is known before the call"),
        ("f(x) = x; iterate(f, a, 3, n=2)", None, 10, "iterate has no argument named 'n'; there are segments"),
        ("f(x) = x; iterate(f, a, 3, segments=0)", None, 10, "segments is a constant whole number, such as 100"),
        ("f(x) = x; fold(f, a, X, size=3)", "a, X[n]", 10, "fold has no argument named 'size'; there are length, segments"),
        ("f(x) = x; fold(f, a, X)", "a, X[n]", 10, "fold calls f with 1 value of the state and 1 element, and f(x) takes 1"),
        ("f(x) = x; fold(f, (a, b), length=3)", "a, b", 10, "fold calls f with 2 values of the state, and f(x) takes 1"),
        ("f(x, y) = x, y; iterate(f, [a, b], 3)", "a, b", 16, "takes 2; several values of a state stand in parentheses, as in (h0, c0)"),
        ("iterate(cos, a, 3)", None, 8, "list it in args; loops, roots and integrals take functions of the text, as in step(x) = cos(x)"),
        ("f(x, y) = x; fold(f, (a, b), length=3)", "a, b", 13, "f returns the next state, 2 values, and has 1"),
    ],
)  # fmt: skip
def test_errors_say_what_and_where(text, args, position, said):
    with pytest.raises(ParseError) as caught:
        symdiff.compile(text, args=args)
    assert said in str(caught.value)
    assert caught.value.position == position


@each(
    ("text", "args", "said"),
    [
        ("f(h, x) = h + x; fold(f, a, b)", "a, b", "fold goes along the first axis of arrays, and its argument 3 is a scalar"),
        ("f(h, x, y) = h + x*y; fold(f, 0, X, Y)", "X[n], Y[m]", "fold goes along arrays of different lengths: n and m"),
        ("f(h, x) = h + x; scan(f, 0, X, length=3)", "X[n]", "scan goes along arrays of different lengths: 3 and n"),
        ("f(h) = 2*h; scan(f, a)", "a", "scan needs an array to go along, as in scan(step, h0, X), or length=..."),
        ("f(h, x) = h*v + x; fold(f, 0, X)", "X[n], v[d]", "the state 'h' has shape () before a step and (d,) after it; a first"),
        ("f(h, x) = W @ h*x; fold(f, h0, X)", "X[n], h0[d], W[m,d]", "the state 'h' has shape (d,) before a step and (m,) after it"),
        ("f(h, x) = sum(h)*x; fold(f, h0, X)", "X[n], h0[d]", "the state 'h' has shape (d,) before a step and () after it"),
        ("f(x) = x + v; f(w)", "v[n], w[m]", "shapes (m,) and (n,) do not broadcast"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit(text, args, said):
    with pytest.raises(ShapeError) as caught:
        symdiff.compile(text, args=args)
    assert said in str(caught.value)
    assert "^" in str(caught.value)


def test_lengths_that_differ_at_a_call():
    f = symdiff.compile(
        "f(h, x) = h + x; fold(f, 0, X[1:])*iterate(g_, 1, n - 3)".replace("fold", "g_(x) = 2*x; fold"), args="X[n]"
    )
    assert f(np.arange(5.0)) == 10 * 4
    with pytest.raises(ShapeError, match="iterate calls its step n - 3 times, and that is negative"):
        f(np.arange(2.0))


def test_definitions_that_grow_exponentially_are_refused_at_once():
    lines = ["f0(x) = sin(x) + cos(x)", *[f"f{k}(x) = f{k - 1}(x) + f{k - 1}(x + 1)" for k in range(1, 60)], "f59(a)"]
    with pytest.raises(LimitError, match=r"'f\d+' has more operations, with all calls in it written out, than"):
        symdiff.compile("\n".join(lines))
    with pytest.raises(LimitError, match="'f13' has more operations"):
        symdiff.compile("\n".join(lines), limits=Limits.for_untrusted())


def test_functions_may_call_each_other_to_any_depth():
    lines = ["f0(x) = x + a", *[f"f{k}(x) = f{k - 1}(x)" for k in range(1, 3000)], "f2999(b)"]
    assert symdiff.compile("\n".join(lines))(2.0, 3.0) == 5.0


def test_loops_inside_of_each_other():
    def nested(depth):
        lines = ["f0(x) = x*w", *[f"f{k}(x) = iterate(f{k - 1}, x, 2)" for k in range(1, depth + 1)], f"f{depth}(a)"]
        return symdiff.compile("\n".join(lines), args="a, w")

    f = nested(8)
    assert f(3.0, 1.001) == pytest.approx(3 * 1.001**256)
    assert f.grad(3.0, 1.001).w == pytest.approx(3 * 256 * 1.001**255)
    with pytest.raises(ParseError, match="loops inside of each other are at most 8 deep"):
        nested(9)
