"""The language: what text means, and what is said of text that means nothing."""

import inspect
import math

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff import LimitError, ParseError, ShapeError
from symdiff.language import hints
from symdiff.language.elsewhere import FUNCTIONS_ELSEWHERE
from symdiff.language.parser import parse

POINT = {"x": 0.7, "y": -1.3, "z": 2.5}


@each(
    "text",
    [
        "-x**2", "2**-x", "2**-x**2", "-x**-y", "x**z**0.5", "x - y - z", "x/y/z", "x - (y - z)", "x/(y/z)", "x*-y",
        "x % z", "-x % z", "x*y % z", "+x", "- -x", "-+-x", "x--y", "(x)", "((x + y))*z", "1_000*x", "1e3*x", ".5*x",
        "5.*x", "1E-3*x", "x if x > y else z", "x if x < y else y if y < z else z", "(x if x else y) + z",
        "x + y if x > 0 else z", "x < y", "(x < y) + 1", "x < y < z", "y < x < z", "y < x > z", "x == x != y",
        "(not x > y) + 0", "(not not x > y) + 0", "(x > 0 and y > 0) + 0", "(x > 0 or y > 0) + 0",
        "(x > 0 or y > 0 and z < 0) + 0", "(not x > 0 or z > 0) + 0", "((x > 0) & (y > 0)) + 0", "((x > 0) | (y > 0)) + 0",
        "x*y + z*x - y/z", "-(x + y)*-z", "2*(x > 0)", "(x > 0)*(y < 0)", "True*x", "x if True else y",
    ],
)  # fmt: skip
def test_precedence_is_pythons(text):
    want = eval(text, {}, dict(POINT))
    assert symdiff.compile(text, args="x, y, z")(**POINT) == pytest.approx(float(want), rel=1e-15)


@each(
    ("text", "same"),
    [
        ("x^2", "x**2"), ("-x^2", "-(x**2)"), ("2^3^x", "2**(3**x)"), ("2^-x", "2**(-x)"),
        ("~(x > 0)", "not x > 0"), ("(x > 0) & (y > 0)", "x > 0 and y > 0"),
        ("where(x > y, x, y)", "x if x > y else y"), ("where(x, y, z)", "y if x != 0 else z"),
        ("Piecewise((x, x > 1), (y, x > 0), (z, True))", "x if x > 1 else (y if x > 0 else z)"),
        ("Max(x, y, z)", "maximum(maximum(x, y), z)"), ("min(x, y)", "minimum(x, y)"),
        ("clip(y, -1, 1)", "min(max(y, -1), 1)"), ("square(x + y)", "(x + y)**2"), ("Heaviside(x)", "heaviside(x, 0.5)"),
        ("ln(x)", "log(x)"), ("asin(x)", "arcsin(x)"), ("atan2(x, y)", "arctan2(x, y)"), ("Abs(y)", "abs(y)"),
        ("expit(x)", "sigmoid(x)"), ("pow(x, 2)", "x**2"), ("mod(x, z)", "x % z"),
        ("And(x > 0, y < 0)", "x > 0 and y < 0"), ("Lt(x, y)", "x < y"),
        ("x # a comment; with y\n", "x"), ("\n\n  x +\n  y\n", "x + y"), ("(x\n + y)", "x + y"),
        ("a = x + y; a*a", "(x + y)*(x + y)"), ("a = x\nb = a + 1 # one\n\na*b", "x*(x + 1)"),
        ("a = x; a = a + 1; a", "x + 1"), ("\u00a0x\u00a0+ y\r\n", "x + y"), ("e\u0301x = 1; e\u0301x*x", "x*1.0"),
    ],
)  # fmt: skip
def test_spellings_that_mean_the_same(text, same):
    f, g = (symdiff.compile(t, args="x, y, z") for t in (text, same))
    assert f(**POINT) == g(**POINT)
    assert f.grad(**POINT) == g.grad(**POINT)


def test_free_names_are_arguments_in_order_of_appearance():
    assert symdiff.compile("b = z*x; y + b + x").args == ("z", "x", "y")
    assert symdiff.compile("2 + pi").args == ()
    assert symdiff.compile("pi*r^2").args == ("r",)


@each("name", ["lambda", "E", "S", "I", "np", "math", "out", "v1", "x_bar", "x1_dot", "class", "None",
                                  "print", "len", "dtype", "special", "in", "is", "float", "def", "_x", "__class__",
                                  "__debug__", "α", "µ", "x_", "value", "abs_", "del", "entry", "new", "a0"])  # fmt: skip
def test_any_name_is_a_variable(name):
    f = symdiff.compile(f"{name}*x + log({name})/v2 + maximum({name}, 0)*where({name} > 0, 1, 2)")
    import unicodedata

    name = unicodedata.normalize("NFKC", name)
    assert f.args == (name, "x", "v2")
    want = 2 * 3 + math.log(2) / 5 + 2
    for value in (2.0, 2):
        assert f(value, 3.0, 5.0) == pytest.approx(want)
        assert f(**{name: value, "x": 3.0, "v2": 5.0}) == pytest.approx(want)
    arrays = np.full(4, 2.0), 3.0, 5.0
    np.testing.assert_allclose(f(*arrays), want)
    gradient = f.grad(2.0, 3.0, 5.0)
    assert gradient == pytest.approx((3 + 0.5 / 5 + 1, 2.0, -math.log(2) / 25))
    assert gradient._fields == (name, "x", "v2")
    assert gradient._asdict()[name] == gradient[0]
    if not name.startswith("_"):
        assert getattr(gradient, name) == gradient[0]
    assert f"{name}=" in repr(gradient)
    for derived in (f.jvp, f.vjp, f.diff(name), f.grad.jvp, f.jvp.vjp):
        compile(derived.source, "", "exec")
        compile(derived.source_for("math"), "", "exec")


def test_args_win_over_every_other_meaning():
    f = symdiff.compile("gamma*pi + S*inf", args="gamma, pi, S, inf")
    assert f(2.0, 3.0, 5.0, 1.0) == 11.0
    with pytest.raises(ParseError, match="'gamma' is a variable here"):
        symdiff.compile("gamma(2)", args="gamma")


def test_constants():
    f = symdiff.compile("m*g*h", constants={"g": 9.81})
    assert f.args == ("m", "h")
    assert f(2.0, 3.0) == 2 * 9.81 * 3
    assert symdiff.compile("gamma*x", constants={"gamma": 0.5})(4.0) == 2.0
    assert symdiff.compile("m*g", constants={"g": np.float32(2)})(3.0) == 6.0
    for bad in ("1", 1j, None, ["1"], [1j], {}):
        with pytest.raises(TypeError, match="constant 'g'"):
            symdiff.compile("m*g*h", constants={"g": bad})


def test_several_outputs():
    f = symdiff.compile("r = sqrt(x**2 + y**2)\n-x/r**3, -y/r**3")
    assert f.outputs == ("out0", "out1")
    assert f(3.0, 4.0) == pytest.approx((-3 / 125, -4 / 125))
    g = symdiff.compile("r = hypot(x, y); t = arctan2(y, x); r, t, r*t")
    assert g.outputs == ("r", "t", "out2")
    assert g(3.0, 4.0).r == 5.0
    assert symdiff.compile("a = x; a, a").outputs == ("a", "out1")
    assert symdiff.compile("a = x + 1; a").outputs == ("a",)
    assert symdiff.compile("x").outputs == ("out",)


@each(
    ("text", "position", "said"),
    [
        ("lgo(x) + 1", 0, "unknown function 'lgo'; did you mean 'log'?"),
        ("qr(x)", 0, "unknown function 'qr'; for arrays the language has @, .T and "),
        ("median(x)", 0, "unknown function 'median'; for arrays"),
        ("einsum(x)", 0, "einsum takes subscripts in quotes"),
        ("1 + Sin(x)", 4, "did you mean 'sin'?"),
        ("2x", 1, "write 2*x"), ("2 x", 2, "write 2*x"), ("x y", 2, "write x*y"), ("2(x)", 1, "write 2*(...)"),
        ("(x)(y)", 3, "write (...)*(...)"), ("x 2", 2, "write x*2"), ("sin x", 4, "write sin(x)"),
        ("x +", 3, "the formula stops after '+'; write the missing"), ("x + * y", 4, "a value is missing before"), ("*x", 0, "a value is missing"),
        ("(x", 0, "never closed"), ("sin(x", 3, "never closed"), ("x)", 1, "never opened"), ("sin()", 4, "needs an argument"),
        ("()", 1, "a value is missing"), ("sin", 0, "needs an argument"), ("sin(x, y)", 0, "takes 1 argument, not 2"),
        ("hypot(x)", 0, "takes 2 arguments, not 1"), ("heaviside(x,y,z)", 0, "takes 1 or 2 arguments, not 3"),
        ("where(x, y)", 0, "takes 3 arguments, not 2"), ("maximum(x)", 0, "two or more"), ("clip(x, 1)", 0, "takes 3"),
        ("x = 1", 5, "leave out 'x =', or add a last line 'x' (or '; x')"), ("", 0, "is empty; write an expression"),
        ("# only\n", 7, "is empty"), ("  \n ;", 5, "is empty"),
        ("x = ", 4, "stops after '='"), ("x == ", 5, "stops after"), ("a = 1; b = a; ", 14, "add a last line 'b'"),
        ("x\ny", 0, "only the last line"), ("x = y = 2; x", 6, "to compare, write =="), ("x + (y = 2)", 7, "to compare"),
        ("2 = x", 2, "assigns to a name"), ("(x) = 2; x", 4, "assigns to a name"), ("b*a; a = 1", 0, "only the last"),
        ("b = a; a = 1; a", 4, "used before it is assigned"), ("x = x + 1; x", 4, "used before it is assigned"),
        ("x if y", 2, "'if' without 'else'"), ("x else y", 2, "'else' without 'if'"), ("(x if y)", 3, "'if' without"),
        ("if x else y", 0, "a value is missing before 'if'"), ("x not y", 2, "unexpected 'not'"), ("x and", 5, "stops after 'and'"),
        ("-not x", 1, "'not' after an operator needs parentheses"), ("x > 0 & y > 0", 6, "joins conditions only"), ("x | y", 2, "joins conditions"),
        ("~x", 0, "joins conditions only"), ("x.real", 1, "the only attribute is .T"), ("x.T.U", 3, "the only attribute is .T"), ("x[0]", 1, "a scalar has no elements"),
        ("[x, y)", 5, "does not match"), ("'x'", 0, "no strings"), ('"x"', 0, "no strings"), ("x := 2", 2, "unexpected"),
        ("x // y", 2, "write floor"), ("x! + 1", 1, "gamma"), ("x² + 1", 1, "**2"), ("x × y", 2, "write *"),
        ("x − y", 2, "hyphen"), ("x ≤ y", 2, "<="), ("x\x00", 1, "U+0000"), ("{x}", 0, "round parentheses"),
        ("lambda x: x", 7, "an operator is missing"), ("[i for i in x]", 3, "the language has no 'for'"), ("[]", 1, "needs an element"),
        ("x[a]", 1, "a scalar has no elements"), ("x[1.5]", 2, "whole number"), ("x[1:2:0]", 7, "whole number"), ("x[", 1, "never closed"),
        ("sum(x, ax=1)", 0, "named 'ax'"), ("sin(axis=1)", 0, "no argument named"), ("x[]", 2, "whole number"),
        ("(x, y)", 0, "a list in parentheses"), ("(x, y) + 1", 7, "a list in parentheses"), ("sin((x, y))", 0, "a list in"),
        ("Piecewise(x)", 0, "takes pairs"), ("Piecewise((x, x > 0) + 1)", 21, "a list in"), ("x, , y", 3, "a value is missing"),
        ("x, y,", 5, "or leave out the comma"), ("a = x, y; a", 5, "an assignment has one value"), ("sin(x;y)", 3, "never closed"),
        ("qqq(x)", 0, "unknown function 'qqq' (symdiff --help lists all); for a product write qqq*(...)"), ("x(2)", 0, "unknown function 'x'"), ("a = 1; a(2)", 7, "'a' is a variable"),
        ("1.2.3", 3, "."), ("1j", 1, "complex literals"), ("0x10", 1, "numbers are decimal"), ("2 - 0xFF*x", 5, "numbers are decimal"), ("2.0x", 3, "write 2*x"), ("0 x1", 2, "write 0*x1"), ("x <> y", 3, "a value is missing"),
        ("x․y", 1, "unexpected character"), ("$x$", 0, "TeX"), ("\\frac{1}{2}", 0, "TeX"), ("add(x, y)", 0, "unknown function"),
        ("polygamma(x, x)", 0, "a constant whole number, as in polygamma(1, x)"), ("polygamma(-1, x)", 0, "whole number"),
        ("polygamma(0.5, x)", 0, "whole number"), ("polygamma(inf, x)", 0, "whole number"), ("polygamma(x)", 0, "2 arguments"), ("x if y else", 11, "stops after 'else'"), ("f'{x}'", 1, "no strings"), ("x·y", 1, "write *"), ("x\u0387y", 1, ""), ("x₁", 1, "write a plain 1"), ("x–y", 1, "hyphen"),
        ("np.sin(x)", 2, "write sin(...) without 'np'"), ("x &&& y", 4, "a value is missing before '&'"), ("x => y", 3, "write >="), ("|x|", 0, "abs(x)"),
        ("ctg(x)", 0, "write 1/tan(x)"), ("log(x, 10)", 0, "log10"), ("sin**2(x)", 6, "write sin(...)**2"), ("(x\ny, 2", 0, "never closed"),
        ("True = x; x", 0, "a word of the language"), ("if(x > 0, 1, 2)", 0, "where(c, a, b)"), ("x += 1", 3, "name = expression"),
        ("~x", 0, "as in ~(x > 0)"), ("lg(x)", 0, "unknown function 'lg'; write log10(x), log2(x) or log(x)"),
        ("sin[x]", 4, "write sin(...), in round parentheses"), ("integrate(x)", 0, "write quad(g, a, b)"), ("∫x", 0, "write quad(g, a, b)"),
        ("import os", 7, "the language has no 'import', only expressions and assignments"), ("x is 2", 2, "to compare, write =="),
        ("def f(x): return x", 4, "no 'def', only expressions and assignments; for a function write f(x) = x**2"),
        ("for i in range(3): x", 4, "the loops are fold, scan and iterate"), ("while x > 0: x", 6, "with a fixed number of steps"),
        ("f = lambda x, y: x*y\nf(a, b)", 11, "for a function write f(x, y) = ... on a line of its own"),
        ("g(x) = x\nfsolve(g, 1)", 9, "write root(g, z0)"), ("root(lambda x: x - a, 1)", 12, "write g(x) = ... on a line of its own"),
        ("x*P.grad(T)", 3, "functions={'dP': P.grad}"), ("normal_lpdf(x, mu=0, sigma=1)", 0, "takes its arguments in order, as normal_lpdf(x, mu, sigma)"),
        ("take(x, i)", 0, "write x[i], with integers i that args declares"), ("bincount(i)", 0, "write segment_sum(v, i, n)"),
        ("eigh(A)", 0, "write eigvalsh(A)"),
        ("2 lambda", 2, "write 2*lambda"), ("lambda x: x", 7, "for a Python function write only the expression"),
        ("d/dx x^2", 5, "write only x^2; derivatives are those of the whole formula: f.diff('x')"),
        ("d/dx(x^2)", 2, "f.diff('x')"), ("d / dt sin(t)", 7, "f.diff"), ("∂x", 0, "f.diff"), ("diff(x^2, x)", 0, "f.diff"),
        ("grad(x)", 0, "unknown function 'grad'; derivatives are those"), ("print(x)", 0, "unknown function 'print' (symdiff"),
        ("y = x^2", 7, "leave out 'y =', or add a last line 'y'"), ("f(x)=x^2", 0, "the text defines 'f' and has no result; write only the expression"),
        ("log(x) = 1", 7, "to compare, write =="), ("mean(x, y)", 0, "an array, declared as in args='x[n]', or a list, as in mean([a, b])"),
        ("sum(x, y, z)", 0, "or a list, as in sum([a, b])"), ("ln|x|", 5, "for an absolute value write abs(x)"), ("2*|x|", 2, "abs(x)"),
        ("x¹⁰", 1, "write **10"), ("x⁻²", 1, "write **-2"), ("x^½", 2, "write (1/2)"), ("∞", 0, "write inf"), ("∑x", 0, "write sum(...)"),
        ("x^2”", 3, "leave out quotes"), ("x'", 1, "a transpose is x.T"), ("x ? 1 : 2", 2, "write a if c else b"),
        ("x -> x^2", 3, "write only the expression"), ("x === 1", 4, "write =="), ("\u200bx", 0, "U+200B; it is invisible; delete it"),
        ("x.sum()", 1, "write sum(x)"), ("torch.exp(x)", 5, "write exp(...) without 'torch'"), ("x; y", 0, "or separate results by commas"),
        ("Math.sqrt(x)", 4, "write sqrt(...) without 'Math'"), ("Math.PI*r", 4, "no attributes; write pi for the constant"),
        ("np.linalg.norm(x)", 2, "write norm(...) without 'np'"), ("math.fabs(x)", 4, "no attributes; write abs(x)"), ("np.pi*x", 2, "write pi without 'np'"),
        ("x.^2 + y", 1, "write ^ without the point"), ("x + y.*x", 5, "write * without the point"), ("x./y", 1, "write / without the point"),
        ("Sin[x]", 4, "write sin(...), in round parentheses"), ("Exp[-x]", 5, "write exp(...), in round"), ("ArcTan[x]", 7, "write arctan(...)"),
        ("x AND y", 2, "write 'and' in lower case"), ("NOT x", 4, "write 'not' in lower"), ("x > 0 Or y", 6, "write 'or'"),
        ("IF(x>0,x,0)", 0, "unknown function 'IF'; write where(c, a, b)"), ("ifelse(x>0,x,0)", 0, "write where(c, a, b)"),
        ("sum(k*x, k=1..3)", 13, "the language has no ranges"),
        ("cosh^-1(x)", 7, "write arccosh(...), or cosh(...)**-1"), ("sin^(-1)(x)", 8, "write arcsin(...), or"), ("sin^-2(x)", 6, "write sin(...)**-2"),
        ("log^-1(x)", 6, "write log(...)**-1"), ("sin^2 x", 6, "write sin(...)**2"), ("x^2 y", 4, "write 2*y"),
        ("exponential(x)", 0, "write exp(x)"), ("Phi(x)", 0, "write ndtr(x)"), ("normal(x)", 0, "write normal_pdf(x, mu, sigma)"),
        ("nchoosek(n, k)", 0, "write binom(n, k)"), ("lbeta(a, b)", 0, "write betaln(a, b)"), ("tg(x)", 0, "write tan(x)"),
        ("struve(x)", 0, "'symdiff functions' lists the special functions"), ("summ(x)", 0, "did you mean 'sum'?"),
        ("f.txt", 1, 'f.txt looks like the name of a file; in a shell write "$(cat f.txt)"'),
    ],
)  # fmt: skip
def test_errors_say_what_and_where(text, position, said):
    with pytest.raises(ParseError) as caught:
        symdiff.compile(text)
    assert said in str(caught.value)
    assert caught.value.position == position, str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, symdiff.SymdiffError)


@each("text", ["qqqq(x, y)", "Matrx(x, y)", "abd(x, y)", "f.dat + 1", "rand(x, y)"])
def test_no_guess_is_better_than_a_bad_one(text):
    with pytest.raises(ParseError) as caught:
        symdiff.compile(text)
    assert not any(said in str(caught.value) for said in ("did you mean", "product", "file"))


def test_hints_for_functions_of_other_languages_are_formulas():
    for name, text in FUNCTIONS_ELSEWHERE.items():
        if not any(word in text for word in (" or ", " as ", ";")):
            assert parse(text).results, name
            assert not hints.is_function(name)


def test_a_second_argument_that_is_no_axis():
    for text, said in [
        ("norm(x, 1, 2)", "axis 2 of shape (n,) is out of range\n"),
        ("sum(x, 3)", "is out of range; the second argument of sum is the axis\n"),
        ("sum(x, axis=3)", "is out of range\n"),
    ]:
        with pytest.raises(symdiff.SymdiffError) as caught:
            symdiff.compile(text, args="x[n], y[n]")
        assert said in str(caught.value)


def test_the_caret_stands_under_the_place():
    with pytest.raises(ParseError) as caught:
        symdiff.compile("a = 2*x\nb = a +* 3\nb")
    assert str(caught.value) == "a value is missing before '*'\n  line 2: b = a +* 3\n                 ^"
    with pytest.raises(ParseError) as caught:
        symdiff.compile("x + " * 1000 + "sin()")
    lines = str(caught.value).splitlines()
    assert max(map(len, lines)) < 90
    assert lines[1][lines[2].index("^")] == ")"


@each("name", ["sum", "mean", "prod", "norm", "max", "min", "logsumexp"])
def test_reductions_of_scalars_say_how_to_declare_the_shape(name):
    with pytest.raises(ShapeError, match=r"args='x\[n\]'"):
        symdiff.compile(f"{name}(x)")


def test_operations_of_arrays_on_scalars():
    for text in ("x @ y", "x.T", "outer(x, y)"):
        with pytest.raises(ShapeError, match=r"\^"):
            symdiff.compile(text)
    assert symdiff.compile("dot(x, y)")(2.0, 3.0) == 6.0


def test_args_and_wrt():
    assert symdiff.compile("x*y", args="y, x, unused").args == ("y", "x", "unused")
    assert symdiff.compile("x*y", args=["y", "x"], wrt="x").grad(2.0, 3.0) == (2.0,)
    assert symdiff.compile("x*y", wrt=("y", "x")).grad(2.0, 3.0)._fields == ("y", "x")
    assert symdiff.compile("2", args="")() == 2.0
    with pytest.raises(ParseError, match=r"'y' is not among the arguments \(x\)"):
        symdiff.compile("x*y", args="x")
    for name, said in (("e", r"write exp\(x\)"), ("Pi", "write pi")):
        with pytest.raises(ParseError, match=f"'{name}' is not among the arguments .*; {said}"):
            symdiff.compile(f"{name}*x", args="x")
    for bad, said in (
        ("x[3][3]", r"a matrix has one pair of brackets, as x\[m,n\]"),
        ("x(n)", r"in square brackets, as x\[n\]"),
        ("x=1", "values are given in a call"),
        ("x,,y", "a list of names, as x, y"),
        ("x; y", "a list of names, as x, y"),
    ):
        with pytest.raises(ParseError, match=said):
            symdiff.compile("x", args=bad)
    with pytest.raises(ParseError, match="twice"):
        symdiff.compile("x", args="x, x")
    with pytest.raises(ParseError, match="word of the language"):
        symdiff.compile("x", args="x, if")
    with pytest.raises(ParseError, match="'x' is an argument and cannot be assigned"):
        symdiff.compile("x = 2; x", args="x")
    for bad in ("x[n", "x[]", "x[1.5]", "x[n,]", "[n]", "x[n][m]", "x[-1]", "x[n+1]"):
        with pytest.raises(ParseError):
            symdiff.compile("1", args=bad)
    with pytest.raises(ParseError, match="names alone"):
        symdiff.compile("sum(x)", args="x[n]", wrt="x[n]")
    with pytest.raises(TypeError, match=r"wrt names 'z', which is not among the arguments \(x, y\)$"):
        symdiff.compile("x*y", wrt="z")
    with pytest.raises(TypeError, match=r"wrt names 'pi', .*; pi is a constant unless args names it"):
        symdiff.compile("pi*r^2", wrt="pi")
    for bad in (3, [1, 2]):
        with pytest.raises(TypeError):
            symdiff.compile("x", args=bad)


def test_options_have_names():
    for given in ("x", ["x"], {"x": 1}):
        with pytest.raises(TypeError, match=r"options by name, as args='x, y' or wrt='x'; 2 given"):
            symdiff.compile("sin(x)", given)
    assert str(inspect.signature(symdiff.compile)).startswith("(text: 'Any', *, args: ")


def test_options():
    for bad in ("cuda", None):
        with pytest.raises(ValueError, match="backend"):
            symdiff.compile("x", backend=bad)
    for bad in (0, -1, 1.5, "2"):
        with pytest.raises(ValueError, match="threads"):
            symdiff.compile("x", threads=bad)
    for bad in (3, b"x", None, ["x"]):
        with pytest.raises(TypeError, match="formula"):
            symdiff.compile(bad)


def test_limits():
    with pytest.raises(LimitError, match=r"symdiff.limits.depth"):
        symdiff.compile("(" * 200_000)
    before = symdiff.limits.characters
    try:
        symdiff.limits.characters = 10
        with pytest.raises(LimitError, match=r"symdiff.limits.characters = 10"):
            symdiff.compile("x + x + x + x")
    finally:
        symdiff.limits.characters = before


def test_sympy_expressions_compile():
    import sympy

    x, y = sympy.symbols("x y")
    expression = (
        sympy.Piecewise((sympy.log(x), (x > 0) & (y < 1)), (sympy.Max(x, y, 2), True)) + sympy.Rational(3, 4) * x
    )
    f = symdiff.compile(expression, args=(x, y))
    assert f(x=2.0, y=0.5) == pytest.approx(math.log(2) + 1.5)
    assert f(x=2.0, y=5.5) == pytest.approx(7.0)
    slope = symdiff.compile(sympy.gamma(x).diff(x))
    assert slope(2.5) == pytest.approx(symdiff.compile("gamma(x)").grad(2.5)[0])
    q = sympy.IndexedBase("q")
    assert symdiff.compile(x * q[0] - q[2], args="x, q[3]")(2.0, np.array([3.0, 4.0, 5.0])) == 1.0
    assert symdiff.compile(sympy.Symbol("E") * x + sympy.Symbol("I"), args="E, I, x")(2.0, 7.0, 5.0) == 17.0


def test_args_win_over_constants_of_sympy():
    import sympy

    x = sympy.Symbol("x")
    assert symdiff.compile(x * sympy.I, args="x, I")(3.0, 1j) == 3j
    assert symdiff.compile(x * sympy.I, constants={"I": 2.0})(3.0) == 6.0


def test_sympy_expressions_that_have_no_meaning_here():
    import sympy

    x = sympy.Symbol("x")
    for expression, said in [
        (x + sympy.Symbol("x", positive=True), "two different symbols are written 'x'; rename one"),
        (sympy.Dummy("t") * sympy.Dummy("t"), "two different symbols are written '_t'"),
        (sympy.Symbol("ﬁ") + sympy.Symbol("fi"), "two different symbols are written 'fi'"),
        (sympy.Symbol("E") * sympy.E, "a symbol has the name of the constant 'E'; rename the symbol"),
        (sympy.Symbol("pi") * sympy.pi, "the constant 'pi'"),
        *[
            (2 * x + sympy.Symbol(name), "is not a name of the language; rename it")
            for name in ("x#y", "2", "x y", "x+y", "", "x ", "a.b", "x_{1}", "a\nb", "x;y")
        ],
        (x * sympy.Symbol("a", commutative=False), "the symbol 'a' does not commute; for a matrix write MatrixSymbol"),
        (x * sympy.Symbol("if"), "'if' is a word of the language"),
        (x * sympy.I, "I is the imaginary unit, which the language does not have"),
        (sympy.polylog(3, x), "'polylog'; the command 'symdiff functions' lists the special functions"),
        (sympy.Function("g")(x), r"unknown function 'g' \(symdiff --help lists all\)\n"),
        (sympy.Integral(sympy.exp(x**2), (x, 0, x)), "an Integral has no form here; write expression.doit"),
    ]:
        with pytest.raises(ParseError, match=said):
            symdiff.compile(expression)


def test_a_remainder_of_something_negative_is_subtracted_as_it_is():
    for optimize in (True, False):
        f = symdiff.compile("a - -b % c", optimize=optimize)
        assert f(1.0, 0.9, 0.5) == 1.0 - (-0.9 % 0.5)
        assert f(np.full(2, 1.0), 0.9, 0.5).tolist() == [1.0 - (-0.9 % 0.5)] * 2


def test_a_value_for_pi_is_one_under_either_name():
    for name in ("pi", "π"):
        for text in ("pi*x", "π*x", "(pi + π)*x/2"):
            assert symdiff.compile(text, constants={name: 3})(2.0) == 6.0
    assert symdiff.compile("π*x", args="π, x", constants={"pi": 3})(5.0, 2.0) == 10.0
