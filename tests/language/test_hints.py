"""Text that other languages, tools and papers write: compiled to what it means there, or refused with what to write.

Whoever follows a hint to the letter has to get the formula that was meant. The tables give the text, what it is after
the hints were followed, and what it means as a Python expression.
"""

import math
import pickle
import warnings

import numpy as np
import pytest
from tables import each

import symdiff
from symdiff import FormulaWarning, ParseError
from symdiff.language import elsewhere
from symdiff.language.hints import is_function, no_function

POINT = {"x": 0.7, "y": 1.3, "a": 2.0, "b": 0.5, "c": 3.0, "d": 0.25, "k": 1.5, "n": 2.5, "t": 0.4, "A": 1.2, "B": 0.9}
POINT |= {"p0": 0.3, "p1": 1.1, "K": 0.8, "C": 1.6, "I": 0.6, "i": 0.2, "Vmax": 2.2, "Km": 0.4, "S": 1.7, "r": 0.35}


def value(text):
    """The value of a formula at the point."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f = symdiff.compile(text)
    return f(*(POINT[name] for name in f.args))


def exact(text):
    """What a Python expression of the test's own gives."""
    return eval(text, {**vars(math), **POINT})


# The text, what the hint says, the text that follows it, and what was meant.
FOLLOWED = [
    # assignments and comparisons
    ("y <- a*x^2 + b; y", "write = to assign", "y = a*x^2 + b; y", "a*x**2 + b"),
    ("y<-a*x; y", "write = to assign", "y = a*x; y", "a*x"),
    ("x<-1", "< - with a space", "x < -1", "0.0"),
    ("where(x <- 1, a, b)", "< - with a space", "where(x < - 1, a, b)", "b"),
    ("y := a*x; y", "write = to assign", "y = a*x; y", "a*x"),
    ("y ← a*x; y", "write = to assign", "y = a*x; y", "a*x"),
    ("y == a*x + b", "write y = ...", "y = a*x + b; y", "a*x + b"),
    ("y == a*x + b", "where(y == ..., 1, 0)", "where(y == a*x + b, 1, 0)", "0.0"),
    ("=a*x + b", "leave it out", "a*x + b", "a*x + b"),
    ("a*x -> y", "write only the expression", "a*x", "a*x"),
    ("x → a*x", "write only the expression", "a*x", "a*x"),
    ("let y = a*x; y", "leave out 'let'", "y = a*x; y", "a*x"),
    ("double y = a*x; y", "leave out 'double'", "y = a*x; y", "a*x"),
    # superscripts
    ("Cⁿ/(Kⁿ + Cⁿ)", "write **n", "C**n/(K**n + C**n)", "C**n/(K**n + C**n)"),
    ("eˣ", "write exp(x)", "exp(x)", "exp(x)"),
    ("a*e⁻ˣ", "write exp(-x)", "a*exp(-x)", "a*exp(-x)"),
    ("2ˣ", "write **x", "2**x", "2**x"),
    ("10⁻ˣ", "write **-x", "10**-x", "10**-x"),
    ("xⁿ⁺¹", "write **(n+1)", "x**(n+1)", "x**(n + 1)"),
    ("x² + y³", "write **2", "x**2 + y**3", "x**2 + y**3"),
    ("(a + b)ᵏ", "write **k", "(a + b)**k", "(a + b)**k"),
    ("x¹⁰", "write **10", "x**10", "x**10"),
    # numbers
    ("1,5*x", "write 1.5", "1.5*x", "1.5*x"),
    ("a*x + 0,25", "write 0.25", "a*x + 0.25", "a*x + 0.25"),
    ("y = 1,5*x; y", "write 1.5", "y = 1.5*x; y", "1.5*x"),
    ("exp(-0,5*x)", "as in 0.5", "exp(-0.5*x)", "exp(-0.5*x)"),
    ("(1,5*x + 2)*a", "as in 1.5", "(1.5*x + 2)*a", "(1.5*x + 2)*a"),
    (",5*x", "as in 0.5", "0.5*x", "0.5*x"),
    ("1,000*x", "write 1000 or", "1000*x", "1000*x"),
    ("0,125*x", "write 0.125,", "0.125*x", "0.125*x"),
    ("1,000,000*x", "write 1000000", "1000000*x", "1e6*x"),
    ("1,234.5*x", "write 1234.5", "1234.5*x", "1234.5*x"),
    ("1.234,5*x", "write 1234.5", "1234.5*x", "1234.5*x"),
    ("1.000.000*x", "write 1000000", "1000000*x", "1e6*x"),
    ("1 000*x", "write 1000", "1000*x", "1000*x"),
    ("1'000*x", "write 1000", "1000*x", "1000*x"),
    ("2.0_8*x", "write 2.0 (", "2.0*x", "2*x"),
    ("2_4*x", "write 2 (", "2*x", "2*x"),
    ("2.0_dp*x", "write 2.0", "2.0*x", "2*x"),
    ("1.5d0*x", "write 1.5e0", "1.5e0*x", "1.5*x"),
    ("1.5D-3*x", "write 1.5e-3", "1.5e-3*x", "1.5e-3*x"),
    ("x**2.d0", "write 2.e0", "x**2.e0", "x**2"),
    ("1.0f*x", "write 1.0", "1.0*x", "x"),
    ("2.5f0*x", "write 2.5e0", "2.5e0*x", "2.5*x"),
    ("2L*x", "write 2,", "2*x", "2*x"),
    ("3.14159265x", "write 3.14159265*x", "3.14159265*x", "3.14159265*x"),
    ("3*x + 4i", "write 4*i for a product", "3*x + 4*i", "3*x + 4*i"),
    ("2.5e -3*x", "2.5e-3 for one number", "2.5e-3*x", "2.5e-3*x"),
    ("1.5x10^3*x", "write 1.5e3", "1.5e3*x", "1.5e3*x"),
    ("2 x 3 + y", "write 2*3", "2*3 + y", "6 + y"),
    ("1,00,000*x", "write 0", "100000*x", "1e5*x"),
    ("007*x", "write 7", "7*x", "7*x"),
    ("1\u202f000*x", "write 1000", "1000*x", "1000*x"),
    ("1 1/2", "write 1 + 1/2", "1 + 1/2", "1.5"),
    ("5%*x", "write 5/100", "5/100*x", "0.05*x"),
    ("a + 5% + x", "write 5/100", "a + 5/100 + x", "a + 0.05 + x"),
    ("(1 + 5%)*x", "write 5/100", "(1 + 5/100)*x", "1.05*x"),
    ("5% - x", "write 5/100", "5/100 - x", "0.05 - x"),
    # names
    ("Pi*x", "write pi", "pi*x", "pi*x"),
    ("PI*x", "write pi", "pi*x", "pi*x"),
    ("M_PI*x", "write pi", "pi*x", "pi*x"),
    ("M_PI_2*x", "write pi/2", "pi/2*x", "pi/2*x"),
    ("M_LN2*x", "write log(2)", "log(2)*x", "log(2)*x"),
    ("M_E*x", "write exp(1)", "exp(1)*x", "e*x"),
    ("M_SQRT1_2*x", "write sqrt(0.5)", "sqrt(0.5)*x", "sqrt(0.5)*x"),
    ("%pi*x", "write pi", "pi*x", "pi*x"),
    ("PI()*x", "write pi", "pi*x", "pi*x"),
    ("x if true else y", "write True", "x if True else y", "x"),
    ("where(FALSE, x, y)", "write False", "where(False, x, y)", "y"),
    ("min(x, Inf)", "write inf", "min(x, inf)", "x"),
    ("πr", "write π*r", "π*r", "pi*r"),
    ("2πr", "write 2*π*r", "2*π*r", "2*pi*r"),
    # brackets
    ("[0] + [1]*x", "as p1", "p0 + p1*x", "p0 + p1*x"),
    ("exp([0] + [1]*x)", "as p1", "exp(p0 + p1*x)", "exp(p0 + p1*x)"),
    ("k*[I]", "write I", "k*I", "k*I"),
    ("Vmax*[S]/(Km + [S])", "write S", "Vmax*S/(Km + S)", "Vmax*S/(Km + S)"),
    ("[A]*[B]", "write A", "A*B", "A*B"),
    ("max([A], [B])", "write A", "max(A, B)", "max(A, B)"),
    ("-log10([A])", "write A", "-log10(A)", "-log10(A)"),
    ("Sin[x]", "write sin(...)", "sin(x)", "sin(x)"),
    ("Exp[-x]", "write exp(...)", "exp(-x)", "exp(-x)"),
    ("Sqrt[2]*x", "write sqrt(...)", "sqrt(2)*x", "sqrt(2)*x"),
    ("sum([a -b])", "a - b", "sum([a - b])", "a - b"),
    ("sum([a -b])", "a, -b", "sum([a, -b])", "a - b"),
    ("sum([a b c])", "write [a, b]", "sum([a, b, c])", "a + b + c"),
    ("{a + b}*c", "round parentheses", "(a + b)*c", "(a + b)*c"),
    ("max(a; b)", "separated by commas", "max(a, b)", "max(a, b)"),
    # operators
    ("x − y", "write -", "x - y", "x - y"), ("x × y", "write *", "x * y", "x*y"), ("x·y", "write *", "x*y", "x*y"),
    ("xˆ2", "write ^", "x^2", "x**2"), ("where(x = 1, a, b)", "write ==", "where(x == 1, a, b)", "b"), ("Math.LN2*x", "write log(2)", "log(2)*x", "log(2)*x"),
    ("math.tau*x", "write 2*pi", "2*pi*x", "2*pi*x"), ("TMath::Exp(x)", "write only exp", "exp(x)", "exp(x)"), ("(double)x", "leave out (double)", "x", "x"),
    ("x ~= y", "write !=", "x != y", "1.0"), ("Γ(x)", "write gamma(x)", "gamma(x)", "gamma(x)"), ("Rational(1, 2)*x", "write x/y", "1/2*x", "x/2"),
    ("x∗y", "write *", "x*y", "x*y"), ("x ÷ y", "write /", "x / y", "x/y"), ("x∕y", "write /", "x/y", "x/y"),
    ("x\u2062y", "write *", "x*y", "x*y"), ("x – y", "write -", "x - y", "x - y"), ("（x）", "write a plain (", "(x)", "x"),
    ("x ≤ y", "write <=", "x <= y", "1.0"), ("x ≥ y", "write >=", "x >= y", "0.0"), ("x ≠ y", "write !=", "x != y", "1.0"),
    ("√(x)", "write sqrt(...)", "sqrt(x)", "sqrt(x)"), ("∛(x)", "write cbrt(...)", "cbrt(x)", "x**(1/3)"),
    ("min(x, ∞)", "write inf", "min(x, inf)", "x"), ("⌊y⌋", "write floor(...)", "floor(y)", "1.0"),
    ("sin(30°)", "write deg2rad(...)", "sin(deg2rad(30))", "sin(radians(30))"),
    ("x.*y", "write * without", "x*y", "x*y"), ("x.^2", "write ^ without", "x^2", "x**2"), ("x./y", "write / without", "x/y", "x/y"),
    ("y %% x", "write x % y", "y % x", "y % x"), ("y mod x", "write x % y", "y % x", "y % x"), ("y // x", "write floor_divide(x, y)", "floor_divide(y, x)", "1.0"),
    ("x*a // twice", "# for a comment", "x*a # twice", "x*a"), ("x*a /* twice */", "begins with #", "x*a # twice", "x*a"),
    ("x.gt.y", "write >", "x > y", "0.0"), ("x < y .and. a > b", "write 'and'", "x < y and a > b", "1.0"), (".not. x > y", "write 'not'", "not x > y", "1.0"),
    ("|x - y|", "write abs(x)", "abs(x - y)", "abs(x - y)"), ("x AND y", "write 'and'", "x and y", "1.0"),
    # choices
    ("if x > 0 then a else b", "write (a) if x > 0 else (b)", "(a) if x > 0 else (b)", "a"),
    ("2*x + if x > y then a + b else b", "write (a + b) if x > y else (b)", "2*x + ((a + b) if x > y else (b))", "2*x + b"),
    ("IF x > 0 THEN a ELSE b", "write (a) if x > 0 else (b)", "(a) if x > 0 else (b)", "a"),
    ("x > 0 ? a : b", "write a if c else b", "a if x > 0 else b", "a"),
    ("AND(x > 0, y > 0)*a", "write And(x, y)", "And(x > 0, y > 0)*a", "a"),
    # programs of other languages
    ("lambda x: x**2", "write only the expression, x**2, and args='x'", "x**2", "x**2"),
    ("lambda x, y: x*y", "write only the expression, x*y, and args='x, y'", "x*y", "x*y"),
    (r"\frac{a}{b}", "write (a)/(b)", "(a)/(b)", "a/b"), (r"\sin x", "write sin", "sin(x)", "sin(x)"), (r"a \cdot b", "write *", "a * b", "a*b"),
    (r"x^{2}", "round parentheses", "x^(2)", "x**2"), ("$x$", "TeX", "x", "x"), (r"\pi*x", "write pi", "pi*x", "pi*x"),
    ("x*a \\\n + b", "leave out the backslash", "x*a\n + b", "a*x + b"), ("x*a + ...\n b", "leave out the points", "x*a +\n b", "a*x + b"),
    # products without an operator
    ("2x", "write 2*x", "2*x", "2*x"), ("a x", "write a*x", "a*x", "a*x"), ("1/2x", "(2*x)", "1/(2*x)", "1/(2*x)"),
    ("a^2x", "(2*x)", "a^(2*x)", "a**(2*x)"), ("sin 2x", "write sin(2x)", "sin(2*x)", "sin(2*x)"), ("2e^x", "2*exp(...)", "2*exp(x)", "2*exp(x)"),
    # lines
    ("y = a*x\n - b", "write the - at the end", "y = a*x -\n b; y", "a*x - b"),
    ("a*x\n - b", "write the - at the end", "a*x -\n b", "a*x - b"),
    ("y = a*x + b\n(c + d)", "write an operator at the end", "y = a*x + b*\n(c + d); y", "a*x + b*(c + d)"),
    ("y = a*x\n + b", "leave out 'y ='", "a*x\n + b", "a*x + b"),
]  # fmt: skip


@each(("text", "hint", "followed", "meant"), FOLLOWED)
def test_a_hint_leads_to_what_was_meant(text, hint, followed, meant):
    with pytest.raises(ParseError) as caught:
        symdiff.compile(text)
    assert hint in str(caught.value).splitlines()[0]
    assert caught.value.hint
    assert caught.value.message + "; " + caught.value.hint == str(caught.value).splitlines()[0]
    assert value(followed) == pytest.approx(float(exact(meant)), rel=1e-15)


# Honest formulas that look a little like those above, and what they mean.
HONEST = [
    ("x, 2*y", "x, 2*y"), ("1, x", "1, x"), ("1,x", "1, x"), ("x,2*y", "x, 2*y"), ("1.5,2*x", "1.5, 2*x"), ("1, 5*x", "1, 5*x"),
    ("1,2,3", "1, 2, 3"), ("x,-1", "x, -1"), ("max(0,5*x)", "max(0, 5*x)"), ("clip(x,0,1)", "x"), ("sum([1,2])", "3"),
    ("where(x<-1, a, b)", "b"), ("where(x<-1,a,b)", "b"), ("x < -1", "0"), ("(x<-1) + a", "a"), ("a if x<-1 else b", "b"),
    ("1_000*x", "1000*x"), ("1_000_000.5*x", "1000000.5*x"), ("0.000_001*x", "1e-6*x"), ("1e3*x", "1000*x"),
    ("y % x", "y % x"), ("5%x", "5 % x"), ("5 % x", "5 % x"), ("y%2", "y % 2"), ("y % -x", "y % -x"), ("y%(x + 1)", "y % (x + 1)"),
    ("sum([a - b])", "a - b"), ("sum([a-b, -c])", "a - b - c"), ("sum([a -b, c])", "a - b + c"), ("sum([a, b -c])", "a + b - c"), ("sum([(a -b)])", "a - b"), ("sum([-a, b])", "-a + b"), ("sum([a, b] + [a])", "3*a + b"),
    ("sum([x])", "x"), ("sum([a*x]*b)", "a*x*b"), ("x == y", "0"), ("x == 1", "0"), ("x == -3", "0"), ("-x == a*b", "0"), ("a*b == x + y", "0"), ("x == 2*3", "0"), ("where(y == a*x + b, 1, 0)", "0"),
    ("True*x", "x"), ("a if False else b", "b"), ("π*x", "pi*x"), ("π", "pi"), ("2*π*x", "2*pi*x"), ("pow(x,2)", "x**2"),
    ("Kₘ = 2*x; Kₘ", "2*x"), ("x--y", "x + y"), ("+x", "x"), ("a = +x; a", "x"),
]  # fmt: skip


@each(("text", "meant"), HONEST)
def test_honest_formulas_are_left_alone(text, meant):
    want = exact(meant)
    assert value(text) == pytest.approx(tuple(map(float, want)) if isinstance(want, tuple) else float(want), rel=1e-15)


# Lines

GAUSS = """\
y = b1*exp( -b2*x ) + b3*exp( -(x-b4)**2 / b5**2 )
                    + b6*exp( -(x-b7)**2 / b8**2 ) + e
"""


def test_the_models_of_nist_are_whole():
    """The text of the models Gauss1 to Gauss3 in NIST's files of reference data."""
    point = {"x": 70.0, "e": 0.25, "b1": 98.8, "b2": 0.0105, "b3": 100.5, "b4": 67.5, "b5": 23.1}
    point |= {"b6": 72.0, "b7": 178.9, "b8": 18.4}
    want = eval(GAUSS.replace("\n", " ").replace("y =", ""), {"exp": math.exp, **point})
    with pytest.raises(ParseError, match="leave out 'y =', or add a last line 'y'"):
        symdiff.compile(GAUSS)
    for text in (GAUSS + "y", GAUSS.replace("y =", "   ")):
        assert symdiff.compile(text)(**point) == pytest.approx(want, rel=1e-15)


@each(
    ("text", "meant"),
    [
        ("a*x\n + b", "a*x + b"), ("a*x\n+b", "a*x + b"), ("a*x\n\n # more\n + b\n + c", "a*x + b + c"),
        ("y = a*x\n + b\ny", "a*x + b"), ("y = a*x\n + b; y*c", "(a*x + b)*c"), ("a\n * x", "a*x"), ("a\n / x", "a/x"),
        ("a\n ** x", "a**x"), ("a\n ^x", "a**x"), ("a\n < x", "0"), ("a\n and x", "1"), ("a\nor x", "1"), ("x\n if a > b\n else y", "x"),
        ("y = -a*x\n + b\ny", "-a*x + b"), ("(a\n - b)", "a - b"), ("a -\n b", "a - b"), ("a,\nb", "a, b"), ("a\n, b", "a, b"),
        ("r = a*x\n-b/r", "-b/(a*x)"), ("r = a*x\n-b/r, r", "-b/(a*x), a*x"), ("r = a*x\n(b + c)/r", "(b + c)/(a*x)"),
        ("r = a*x\n-r", "-a*x"), ("r = a*x # here\n\n-r\n", "-a*x"), ("r = a*x;\n-r", "-a*x"), ("-a\n*b", "-a*b"),
    ],
)  # fmt: skip
def test_lines_that_go_on(text, meant):
    want = exact(meant)
    got = value(text)
    assert (
        tuple(got) == pytest.approx(want) if isinstance(want, tuple) else got == pytest.approx(float(want), rel=1e-15)
    )


@each(
    ("text", "said"),
    [
        ("y = a*x\n - b", "'y' is assigned but not used; if the next line continues this one, write the - at the end"),
        ("y = a*x + b\n(c+d)", "'y' is assigned but not used; if the next line continues this one, write an operator"),
        ("y = a*x\n[b]", "'y' is assigned but not used; if the next"), ("y = a*x\n-b, c", "'y' is assigned but not used"),
        ("y = a*x\n\n-b", "'y' is assigned"), ("y = a*x; -b", "'y' is assigned but not used; leave it out, or write y among"),
        ("u = a*x\nv = c*x\n-u", "'v' is assigned but not used; if"), ("u = a; v = u; x", "'v' is assigned"),
        ("y = a*x\ny = y + b\n(c + d)", "'y' is assigned but not used; if"), ("y = a; y = b; y", "'y' is assigned again before it is used"),
        ("a*x\n - b", "this line could continue the line before it; to continue it, write the - at the end of that line"),
        ("y\n-x + a*(1 - x^2)*y", "this line could continue"), ("x + y\n(x - y)", "this line could continue the line before it; to continue it, write an operator"),
        ("-x + y\n+x - y", "this line could continue the line before it; to continue it, write the +"), ("+x + y\n+x - y", "this line could continue"),
        ("y = a*x\n-b\ny", "this line could continue"), ("-x\ny", "only the last line is a result"), ("x\ny", "only the last line"),
        ("y = a*x\n % slope\ny", "a line that begins with % could be a comment"), ("y = a*x;\n * b", "a value is missing before '*'"),
        ("a = 1\n, b", "an assignment has one value"),
    ],
)  # fmt: skip
def test_lines_that_are_refused(text, said):
    with pytest.raises(ParseError) as caught:
        symdiff.compile(text)
    assert str(caught.value).startswith(said)


# Names and constants


def test_constants_of_other_languages_have_their_values():
    inf, nan, golden = math.inf, math.nan, (1 + math.sqrt(5)) / 2
    values = {"M_PI_2": math.pi / 2, "M_PI_4": math.pi / 4, "M_1_PI": 1 / math.pi, "M_2_PI": 2 / math.pi}
    values |= {"M_2_SQRTPI": 2 / math.sqrt(math.pi), "M_LN2": math.log(2), "M_LN10": math.log(10)}
    values |= {"M_LOG2E": math.log2(math.e), "M_LOG10E": math.log10(math.e), "M_SQRT2": 2**0.5, "M_SQRT1_2": 0.5**0.5}
    values |= {
        "EulerGamma": np.euler_gamma,
        "euler_gamma": np.euler_gamma,
        "GoldenRatio": golden,
        "oo": inf,
        "NaN": nan,
        "NAN": nan,
    }
    values |= dict.fromkeys(("Pi", "PI", "M_PI", "MATH_PI", "Math_PI", "_pi"), math.pi)
    values |= dict.fromkeys(("M_E", "exponentiale", "Math_E", "_e"), math.e)
    values |= dict.fromkeys(("Inf", "INF", "infinity", "Infinity", "INFINITY"), inf)
    values |= {"true": 1, "TRUE": 1, "false": 0, "FALSE": 0}
    assert values.keys() == elsewhere.CONSTANTS_ELSEWHERE.keys()
    for name, written in elsewhere.CONSTANTS_ELSEWHERE.items():
        assert symdiff.compile(written)() == pytest.approx(values[name], rel=1e-15, nan_ok=True), name
        with pytest.raises(ParseError, match="is not a constant here"):
            symdiff.compile(name)


def test_a_name_stands_in_one_line_of_the_table():
    names = [*" ".join(elsewhere._WRITTEN.values()).split(), *elsewhere.SOLVERS]
    assert len(names) == len(set(names)) == len(elsewhere.FUNCTIONS_ELSEWHERE)
    absent = [name for group in elsewhere.ABSENT.values() for name in group]
    assert not [name for name in (*names, *absent) if is_function(name)]


def test_names_of_constants_are_variables_where_args_lists_them():
    for name in ("Pi", "M_PI", "M_LN2", "true", "TRUE", "Inf", "oo", "π", "πr", "e", "E"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            f = symdiff.compile(f"{name}**2*x", args=["x", name])
        assert f(2.0, 3.0) == 18.0
        assert symdiff.compile(f"{name} = x + 1; {name}*x")(2.0) == 6.0
        assert symdiff.compile(f"{name}*x", constants={name: 3.0}).args == ("x",)


def test_pi_in_both_spellings():
    f = symdiff.compile("π*x + sin(π)")
    assert f.args == ("x",)
    assert f(2.0) == math.pi * 2 + math.sin(math.pi)
    assert f.latex == symdiff.compile("pi*x + sin(pi)").latex
    assert "π" not in f.source.split('"""')[-1]
    assert symdiff.compile("𝜋*x")(1.0) == math.pi
    assert symdiff.compile("π*x", optimize=False).grad(1.0) == (math.pi,)
    with pytest.raises(TypeError, match="π is a constant unless args names it"):
        symdiff.compile("π*x", wrt="π")
    with pytest.raises(ParseError, match="write another name, such as varpi"):
        symdiff.compile("ϖ*x")


@each("text", ["A*e^(-t)", "e**x", "2*E^x", "pow(e, x)", "E**2 + E**x", "y = e^x; y*e^y", "x + e^x\n + e"])
def test_a_variable_e_as_the_base_of_a_power_warns_once(text):
    name = "E" if "E" in text else "e"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        f = symdiff.compile(text)
        f.grad, f.hessian  # noqa: B018 - made, and silent
        pickle.loads(pickle.dumps(f))
    (warning,) = caught
    assert warning.category is FormulaWarning
    assert issubclass(FormulaWarning, UserWarning)
    assert warning.filename == __file__
    assert f"{name!r} is a variable here" in str(warning.message)
    assert "write exp(...)" in str(warning.message)


@each("text", ["e*x", "x**e", "exp(x)", "e = exp(1); e^x", "sqrt(1 - e*e)", "(2*e)^x", "a_e^x"])
def test_other_uses_of_e_are_silent(text):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        symdiff.compile(text)
        symdiff.compile("e^x", args="e, x")
        symdiff.compile("e^x", constants={"e": math.e})


def test_the_command_says_it_too(capsys):
    from symdiff.cli import main

    assert main(["A*e^(-t)", "--at", "A=1", "t=2", "e=3"]) == 0
    assert capsys.readouterr().err == (
        "symdiff: 'e' is a variable here, not the number e: write exp(...), or list e in args to keep the variable\n"
    )
    assert main(["A*e^(-t)", "--args", "A", "e", "t", "--at", "A=1", "t=2", "e=3"]) == 0
    assert capsys.readouterr().err == ""


def test_names_in_args_and_constants():
    for options in ({"args": "x, g", "constants": {"g": 9.81}}, {"args": ["g"], "constants": {"g": 1}}):
        with pytest.raises(ParseError, match="'g' is both in args and in constants; leave it out of one"):
            symdiff.compile("g*2", **options)


@each(
    ("text", "constants", "close"),
    [
        ("m*gravity*h", {"gravty": 9.81}, "gravity"), ("alpha*x", {"alhpa": 1}, "alpha"), ("m*g", {"G": 9.81}, "g"),
        ("sigma*x", {"sgima": 1, "y": 2}, "sigma"), ("kB*T", {"kb": 1}, "kB"), ("k_on*x", {"kon": 1}, "k_on"), ("velocity*t", {"velosity": 1}, "velocity"),
    ],
)  # fmt: skip
def test_a_constant_whose_name_is_a_slip(text, constants, close):
    with pytest.raises(ParseError, match=f"which the formula does not use; did you mean '{close}'"):
        symdiff.compile(text, constants=constants)


def test_constants_that_are_not_used():
    assert symdiff.compile("k1*x", constants={"k2": 1, "k10": 2}).args == ("k1", "x")
    assert symdiff.compile("m*g*h", constants={"g": 9.81, "R": 8.3, "speed_of_light": 3e8}).args == ("m", "h")
    assert symdiff.compile("m*gravity", args="m, gravity", constants={"gravty": 9.81})(2.0, 3.0) == 6.0
    with pytest.raises(ParseError, match=r"'gravity' is not among the arguments \(m\); did you mean 'gravty'\?"):
        symdiff.compile("m*gravity", args="m", constants={"gravty": 9.81})
    for constants, said in (({"g h": 1}, "write one name"), ({"": 3}, "write one name"), ({"g": 1, "ｇ": 2}, "twice")):
        with pytest.raises(ParseError, match=said):
            symdiff.compile("x", constants=constants)


# Errors as values


@each(
    ("text", "message", "hint", "line", "column", "position"),
    [
        ("sinn(x)", "unknown function 'sinn'", "did you mean 'sin'?", 1, 1, 0),
        ("2x", "an operator is missing here", "write 2*x", 1, 2, 1),
        ("a = 2*x\nb = a +* 3\nb", "a value is missing before '*'", "", 2, 8, 15),
        ("a = x\n\n  1,5*a", "1,5 could be one number or several results", "write 1.5, or 1, 5 for results", 3, 3, 9),
        ("x +", "the formula stops after '+'", "write the missing value", 1, 4, 3),
    ],
)
def test_what_a_parse_error_knows(text, message, hint, line, column, position):
    with pytest.raises(ParseError) as caught:
        symdiff.compile(text)
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert (error.message, error.hint) == (message, hint)
        assert (error.line, error.column, error.position) == (line, column, position)
        assert str(error) == str(caught.value)
        assert type(error) is ParseError


# Functions of other languages: a guess, and a formula, is the function that has the name elsewhere.

_X = np.array([0.15, 0.3, 0.45, 0.6, 0.85])
_Y = np.array([0.1, 0.25, 0.2, 0.5, 0.3])  # less, as binomial coefficients have it


def _modules():
    special = pytest.importorskip("scipy.special")
    for module in (math, np, special):
        for name in dir(module):
            if name[0] != "_" and not isinstance(getattr(module, name), type) and not is_function(name):
                yield name, getattr(module, name)


def _said(name):
    hint = ParseError(no_function(name)).hint
    if hint.startswith("did you mean '"):
        return hint.split("'")[1] + "({})"
    return (
        hint.removeprefix("write ") if hint.startswith("write ") and " or " not in hint and "; " not in hint else None
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # old functions of NumPy have hints too
def test_hints_for_functions_of_numpy_and_scipy_compute_them():
    """Of one and of two numbers: what the hint says is what the function of that name gives."""
    held = set()
    for name, function in _modules():
        text = _said(name)
        if text is None or ("ndtr" in text and not is_function("ndtr")):
            continue
        for count, point in ((1, [_X]), (2, [_X, _Y])):
            formula = text.format(", ".join("xy"[:count]))
            if any(letter in formula for letter in "@[") or "sum(" in formula or "mean(" in formula or "dot" in formula:
                continue
            try:
                want = [function(*(float(p) for p in at)) for at in zip(*point, strict=True)]
                want = np.array(want, float)
                f = symdiff.compile(formula)
                got = [f(**dict(zip(f.args, at[-len(f.args) :], strict=True))) for at in zip(*point, strict=True)]
            except (TypeError, ValueError, ParseError, symdiff.ShapeError):
                continue
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12, err_msg=f"{name}: {text}")
            held.add(name)
    assert len(held) > 40, sorted(held)


@pytest.mark.skipif(not is_function("ndtr"), reason="there is no ndtr")
@each("name", ["Phi", "pnorm", "normcdf", "norm_cdf"])
def test_the_normal_distribution_is_stable(name):
    f = symdiff.compile(_said(name))
    assert f(0.3) == pytest.approx(0.5 * math.erfc(-0.3 / math.sqrt(2)), rel=1e-14)
    assert f(-20.0) == pytest.approx(2.7536241186062337e-89, rel=1e-12)


@each("name", ["pnorm", "rsqrt", "elu", "relu6", "expw", "modf", "signif", "dlnorm", "lgb", "qnorm", "isin", "sincos"])
def test_another_function_is_no_slip(name):
    assert "did you mean" not in no_function(name)


@each(
    ("name", "guess"),
    [("sinn", "sin"), ("lgo", "log"), ("summ", "sum"), ("isn", "sin"), ("Sin", "sin"), ("LN", "ln"), ("sqrtf", "sqrt"), ("tnah", "tanh"),
     ("arctn", "arctan"), ("exxp", "exp"), ("sigmod", "sigmoid"), ("maximun", "maximum")],
)  # fmt: skip
def test_a_slip_is_guessed(name, guess):
    assert f"did you mean {guess!r}?" in no_function(name)


@each(
    ("name", "written"),
    [
        ("lg", "log10(x), log2(x) or log(x)"), ("Phi", "ndtr(x)"), ("pnorm", "ndtr(x)"), ("normcdf", "ndtr(x)"), ("psi", "digamma(x)"),
        ("trigamma", "polygamma(1, x)"), ("logistic", "sigmoid(x)"), ("radians", "deg2rad(x)"), ("degrees", "rad2deg(x)"),
        ("AND", "And(x, y)"), ("OR", "Or(x, y)"), ("NOT", "Not(x)"), ("step", "heaviside(x, 1)"), ("rsqrt", "1/sqrt(x)"),
        ("elu", "where(x > 0, x, expm1(x))"), ("normal_cdf", "ndtr((x - mu)/sigma)"),
        ("inv_gamma_lpdf", "gamma_lpdf(1/x, alpha, beta) - 2*log(x)"), ("select", "where(c, a, b), or Piecewise((a, c), (b, True))"),
    ],
)  # fmt: skip
def test_names_that_the_language_has_otherwise(name, written):
    assert no_function(name) == f"unknown function {name!r}; write {written}"


# SymPy


def test_sympy_expressions_of_several_symbols_need_args():
    sympy = pytest.importorskip("sympy")
    x, y = sympy.symbols("x y")
    for expression in (y - x, [x, y], sympy.Matrix([x, y]), (x, 2 * y), y / x):
        with pytest.raises(TypeError, match="needs args, the order of the arguments; write args='x, y'"):
            symdiff.compile(expression)
    assert symdiff.compile(y - x, args="x, y")(1.0, 5.0) == 4.0
    assert symdiff.compile(x**2)(3.0) == 9.0
    assert symdiff.compile(x * y, constants={"y": 2.0}).args == ("x",)
    assert symdiff.compile(sympy.Integer(7))() == 7.0
    assert symdiff.compile(sympy.pi + sympy.E)() == pytest.approx(math.pi + math.e, rel=1e-15)


def test_symbols_stand_for_their_names():
    sympy = pytest.importorskip("sympy")
    x, y, g = sympy.symbols("x y g")
    f = symdiff.compile(g * x * y**2, args=[x, y], wrt=y, constants={g: 2.0})
    assert f.args == ("x", "y")
    assert f.wrt == ("y",)
    assert f(3.0, 2.0) == 24.0
    assert f.diff(y)(3.0, 2.0) == 24.0
    assert f.diff(x, y)(3.0, 2.0) == 8.0
    assert f.diff((y, y))(3.0, 2.0) == 12.0
    assert symdiff.compile("x*y", args=(x, y), wrt=[y, x]).grad(2.0, 5.0) == (2.0, 5.0)
    assert symdiff.compile("x^2", args=x).diff(x)(3.0) == 6.0
    assert symdiff.compile("sum(q)*x", args=["q[n]", x])(np.ones(3), 2.0) == 6.0
    with pytest.raises(TypeError, match="args is a str of names"):
        symdiff.compile(x + y, args={x, y})
    with pytest.raises(TypeError, match="args is a str of names"):
        symdiff.compile(x + y, args=[x, y + 1])


def test_lists_and_matrices_of_expressions():
    sympy = pytest.importorskip("sympy")
    x, y = sympy.symbols("x y")
    for several in ([x + y, x * y, 3], (x + y, x * y, 3.0), sympy.Tuple(x + y, x * y, 3)):
        f = symdiff.compile(several, args="x, y")
        assert f.outputs == ("out0", "out1", "out2")
        assert f(2.0, 5.0) == (7.0, 10.0, 3.0)
    assert symdiff.compile([x**2])(3.0) == 9.0
    matrix = sympy.Matrix([[x + y, x * y], [sympy.sin(x), 1], [0, y]])
    for given in (matrix, matrix.as_immutable(), sympy.SparseMatrix(matrix)):
        f = symdiff.compile(given, args="x, y")
        np.testing.assert_allclose(f(2.0, 5.0), [[7, 10], [math.sin(2), 1], [0, 5]])
    assert symdiff.compile(sympy.Matrix([x, y]), args="x, y")(1.0, 2.0).shape == (2, 1)
    assert symdiff.compile(sympy.Array([[[x, y]]]), args="x, y")(1.0, 2.0).tolist() == [[[1.0, 2.0]]]
    jacobian = symdiff.compile(sympy.Matrix([x * y, x**2]).jacobian([x, y]), args=[x, y])
    np.testing.assert_allclose(jacobian(2.0, 5.0), [[5, 2], [4, 0]])
    both = symdiff.compile([x + y, sympy.Matrix([[x, y]])], args=[x, y])(2.0, 5.0)
    assert both[0] == 7.0
    assert both[1].tolist() == [[2.0, 5.0]]
    for bad in (
        [],
        [1, 2],
        ["x"],
        [x, ["y"]],
        [x, "y"],
        {x: 1},
        {x},
        3,
        None,
    ):
        with pytest.raises(TypeError, match="compile takes a formula as text"):
            symdiff.compile(bad, args="x, y")
    with pytest.raises(TypeError, match=r"separated by commas, such as 'x\*y, x/y'"):
        symdiff.compile(["x*y", "x/y"])
    with pytest.raises(TypeError, match="no elements"):
        symdiff.compile(sympy.zeros(0, 2))
