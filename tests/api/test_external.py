"""`symdiff.external`: formulas that call Python functions, with the derivatives that stand beside these."""

import math
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

import symdiff
from symdiff import ParseError, ShapeError, external

X = np.array([[0.3, 1.2, 2.5], [0.7, 0.1, 1.9]])


def spring(x, k):
    return np.sin(x) * k


def at_a_point(x):
    return math.exp(x) if x < 700 else math.inf


def spring_by_x(x, k):
    return np.cos(x) * k


def spring_by_xx(x, k):
    return -np.sin(x) * k


SPRING = external(spring, ("cos(x)*k", "sin(x)"))
EXP = external(at_a_point, "out", vectorized=False)
SIGMOID = symdiff.compile("1/(1 + exp(-x))")
TWICE = external(spring_by_x, {"x": spring_by_xx, "k": "cos(x)"})

# External functions h, each with a formula of the same value. All have second derivatives.
SAME = [
    (SPRING, "sin(x)*k"),
    (external(spring, [TWICE, symdiff.compile("sin(u) + 0*v")]), "sin(x)*k"),
    (external(lambda x, k: x + 2 * k, (1, 2.0)), "x + 2*k"),
    (external(np.hypot, ("x/out", "y/h(x, y)")), "hypot(x, k)"),
    (
        external(np.logaddexp, ("s(x - k)", "s(k - x)"), args="x, k", functions={"s": SIGMOID}),
        "logaddexp(x, k)",
    ),
    (external(lambda x, k: math.exp(x * k), ("u = k*h(x, k); u", "x*out"), vectorized=False), "exp(x*k)"),
]


def of(h, text="a*h(b, 2*a)^2 + h(a, a)", **options):
    return symdiff.compile(text, functions={"h": h}, **options)


def test_values_and_derivatives_are_those_of_the_same_formula():
    single = np.float32([0.5, 1.5]), np.float32([1.0, 2.0])
    for h, text in SAME:
        for optimize in (True, False):
            f, same = of(h, optimize=optimize), of(symdiff.compile(text, args="x, k"))
            for at in ((0.4, 1.3), (X, 0.7), single, (X[:0], 1)) if optimize else ((X, 0.7),):
                rtol = 1e-5 if at is single else 1e-12
                for name in ("__call__", "grad", "hessian") if optimize else ("__call__", "grad"):
                    got, want = getattr(f, name)(*at), getattr(same, name)(*at)
                    for one, other in zip(got, want, strict=True) if isinstance(got, tuple) else [(got, want)]:
                        np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-12, err_msg=f"{name} of {text}")
                        assert getattr(one, "dtype", float) == getattr(other, "dtype", float)
                got, want = f.jvp(*at, *at)[1], same.jvp(*at, *at)[1]
                np.testing.assert_allclose(got, want, rtol=rtol, atol=1e-12, err_msg=text)
            assert type(f(0.4, 1.3)) is float
        assert of(h, "h(b, 2*a)").check(X[0], 0.7).ok


def test_core_arrays_loops_and_choices():
    f = of(SPRING, "sum(h(A, v[:, None]))", args="A[m,n], v[m]")
    assert f(X, X[:, 0]) == pytest.approx(np.sum(np.sin(X) * X[:, :1]))
    assert f.check(X, X[:, 0]).ok
    np.testing.assert_allclose(f(np.stack([X, 2 * X]), X[:, 0]), [f(X, X[:, 0]), f(2 * X, X[:, 0])])
    assert f.jacobian.sparse(X, X[:, 0]).shape == (1, 8)
    loop = of(external(lambda h, x: h * x + 1, ("x", "h")), "scan(h, 0.5, v)", args="v[n]")
    assert loop.check(X[0]).ok
    assert of(SPRING, "g(u) = h(u, 2); g(x)*g(1)")(0.5) == pytest.approx(4 * math.sin(0.5) * math.sin(1))
    chosen = of(external(np.log, "1/x"), "where(x > 0, h(x), 0)")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(chosen.grad(np.array([-1.0, 0.0, 2.0])).x, [0, 0, 0.5])
        assert chosen(-1.0) == 0


def squares(x):
    return np.sum(x**2, axis=-1)


def squares_at_a_point(x):
    return sum(v * v for v in x)


def test_core_shapes_of_arguments_and_results():
    same = symdiff.compile("sum(sum(A^2, axis=1)*b)^2", args="A[m,k], b[m]")
    for h in (
        external(squares, "2*x", args="x[n]"),
        external(squares_at_a_point, "2*x", args="x[n]", vectorized=False),
        external(squares, external(lambda x: 2 * x, "2*eye(n)", args="x[n]", result="[n]"), args="x[n]"),
        external(squares, symdiff.compile("2*u", args="u[m]"), args="x[n]"),
    ):
        f = of(h, "sum(h(A)*b)^2", args="A[m,k], b[m]")
        for at in ((X, X[:, 0]), (np.stack([X, 2 * X]), X[:, 0])):
            np.testing.assert_allclose(f(*at), same(*at))
            np.testing.assert_allclose(f.jacobian(*at), same.jacobian(*at))
            np.testing.assert_allclose(f.hessian(*at), same.hessian(*at), atol=1e-12)
        assert f.jvp(*at, *at)[1] == pytest.approx(same.jvp(*at, *at)[1])
    assert of(h, "h([a, 2])").grad(3.0).a == 6
    matrix = external(lambda A, x: np.einsum("...ij,...j->...i", A, x), (None, "A"), args="A[m,n], x[n]", result="[m]")
    f = of(matrix, "h(B, V)", args="B[p,q], V[r,q]", wrt="V")
    assert f.signature == "(p,q),(r,q)->(r,p)"
    np.testing.assert_allclose(f.jacobian(X, np.ones((2, 3))), np.kron(np.eye(2), X))
    chosen = of(external(squares, "1/x", args="x[n]"), "sum(where(b > 0, h(A), 0))", args="A[m,k], b[m]")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(chosen.grad(np.eye(2), np.array([-1.0, 0.0])).A, np.zeros((2, 2)))


def test_a_function_runs_as_it_is():
    given = []
    f = of(external(lambda x: given.append(x) or x * x), "1 + h(x)")
    large = np.ones((300, 1000))
    assert f(2.0) == 5
    assert f(large, out=np.empty(large.shape)).sum() == 2 * large.size
    assert [type(x) for x in given] == [float, np.ndarray]
    assert given[1].shape == large.shape  # no blocks
    plain = external(at_a_point, vectorized=False)
    assert plain(0.0) == 1.0
    np.testing.assert_array_equal(plain([[0.0, 800.0]]), [[1.0, np.inf]])
    same = of(external(lambda x: x, 1), "h(x)")
    same(large)[0] = 7  # results have memory of their own
    assert large[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        of(external(lambda x: np.negative(x, out=x), args="x"), "h(x)")(large)
    assert of(external(np.exp, "out", holomorphic=True), "h(x)*x").grad(0j).x == 1


def test_sources_say_where_the_function_comes_from():
    f = of(SPRING, "h(a, 2)")
    assert f.source == (f"from {__name__} import spring as h\n\n\ndef value(a):\n    out = h(a, 2.0)\n    return out\n")
    assert "out = np.vectorize(h, otypes=[dtype])(x)" in of(EXP, "h(x)").source
    assert "out = h(x)" in of(EXP, "h(x)").source_for("math")
    assert of(external(np.exp, "out"), "h(x)").grad.source.startswith("from numpy import exp as h\n")
    hidden = of(external(lambda x: x + 1, "1"), "h(x)")
    assert '# h = f.functions["h"], which is ' in hidden.source
    for made in (hidden, hidden.value_and_grad, f.grad, of(EXP, "h(x)")):
        for target in ("numpy", "loops", "math"):
            scope = {"np": np, "math": math, **({"h": made.functions["h"]} if made.text == hidden.text else {})}
            exec(made.source_for(target), scope)
            np.testing.assert_allclose(flat(scope[made.name](0.5)), flat(made(0.5)))


def flat(result):
    parts = result if isinstance(result, tuple) else (result,)
    return [number for part in parts for number in (flat(part) if isinstance(part, tuple) else [float(part)])]


def test_names_of_functions_do_not_collide_with_those_of_the_source():
    names = "value np math general v1 x_bar small loop dtype a0 grad sin print softplus lambda_ special constants"
    for name in names.split():
        f = symdiff.compile(f"{name}(x)*y + {name}(y)", functions={name: external(lambda x: x * x, "2*x")})
        assert (f(2.0, 3.0), *f.grad(2.0, 3.0)) == (21, 12, 10), name
        assert f(np.full(2, 2.0), 3.0).tolist() == [21, 21], name
    cos, sin = external(np.cos, "-sin(x)"), external(np.sin, "cos(x)")
    inner = of(cos, "h(x) + 1")
    f = symdiff.compile("h(x) + i(x)*h_", functions={"h": sin, "i": inner})
    assert f(0.3, 2.0) == pytest.approx(math.sin(0.3) + 2 * math.cos(0.3) + 2)
    assert of(inner, "g*h(g)")(0.3) == pytest.approx(0.3 * math.cos(0.3) + 0.3)


def test_what_other_targets_say():
    f = of(SPRING, "h(a, b)*b")
    for target, said in (
        ("c", "C has no h"),
        ("javascript", "JavaScript has no h"),
        ("llvm", "native target has no h"),
    ):
        with pytest.raises(ValueError, match=said):
            f.source_for(target)
    with pytest.raises(TypeError, match="'h' is a function of NumPy's arrays"):
        f.source_for("array_api")
    with pytest.raises(TypeError, match="'h' is not defined for complex arguments"):
        f(1j, 2.0)
    assert f.latex == r"\operatorname{h}\left(a, b\right) b"
    assert [step.expression for step in f.trace(1.0, 2.0)][2] == "h(a, b)"
    assert 'label="h"' in str(f.graph())


def test_the_native_backend_falls_back_and_says_so():
    pytest.importorskip("llvmlite")
    f = of(SPRING, "h(a, b)*b", backend="llvm")
    assert f.backend == "numpy"
    np.testing.assert_allclose(f.grad(X, 2.0), of(SPRING, "h(a, b)*b").grad(X, 2.0))


def test_export_imports_the_function(tmp_path):
    (tmp_path / "springs.py").write_text("import math\n\ndef pull(x):\n    return math.sin(x)\n")
    sys.path.insert(0, str(tmp_path))
    try:
        import springs
    finally:
        sys.path.remove(str(tmp_path))
    f = of(external(springs.pull, "cos(x)", vectorized=False), "2*h(a)")
    for target in ("numpy", "math"):
        f.export(tmp_path / "model.py", target=target)
        text = (tmp_path / "model.py").read_text()
        assert "from springs import pull as h\n" in text
        assert ", springs: value" in text
        done = subprocess.run([sys.executable, "model.py", "--check"], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    with pytest.raises(ValueError, match=r"'h' is .*<lambda> of test_external.py, line .*; define it in a module"):
        of(external(lambda x: x, 1), "h(x)").export()
    with pytest.raises(ValueError, match="the target C has no h"):
        f.export(target="c")


def test_equality_and_pickles():
    f = of(SPRING, "h(a, b)*b")
    assert of(external(spring, ("cos(x)*k", "sin(x)")), "h(a, b)*b") is f
    assert of(external(spring, ("cos(x)*k", None)), "h(a, b)*b") != f
    for made in (f, f.grad, of(EXP, "h(a)")):
        assert pickle.loads(pickle.dumps(made)) == made
    assert pickle.loads(pickle.dumps(f.grad))(1.0, 2.0) == f.grad(1.0, 2.0)


def test_check_finds_a_wrong_derivative():
    wrong = of(external(np.sin, "-cos(x)"), "2*h(x)").check(0.5)
    assert not wrong.ok
    assert "DIFFERS" in str(wrong)


def test_check_compares_what_is_given():
    found = of(external(np.sin, np.cos), "a*h(a*b)").check(1.0, 2.0)
    assert found.ok
    assert {c.mode for c in found.comparisons} == {"forward", "reverse"}
    assert "second derivatives were not compared: 'cos' has no derivative by 'x'" in str(found)
    assert not of(external(np.sin, np.sin), "a*h(a*b)").check(1.0, 2.0).ok


def test_a_derivative_that_is_not_given_is_refused_by_name():
    f = of(external(spring, (None, "sin(x)")), "h(a, b)*b")
    assert f.diff("b")(0.5, 2.0) == pytest.approx(4 * math.sin(0.5))
    for member in ("grad", "jvp", "jacobian"):
        with pytest.raises(TypeError, match="'h' has no derivative by 'x'; give one") as error:
            getattr(f, member)
        assert isinstance(error.value, AttributeError)
    once = of(external(spring, (spring_by_x, "sin(x)")), "h(a, b)*b")
    assert once.grad(0.5, 2.0).a == pytest.approx(4 * math.cos(0.5))
    with pytest.raises(TypeError, match="'spring_by_x' has no derivative by 'x'"):
        repr(once.hessian)
    nameless = of(external(spring, (lambda x, k: np.cos(x) * k, "sin(x)")), "h(a, b)*b")
    with pytest.raises(TypeError, match="'dh_dx' has no derivative by 'x'"):
        repr(nameless.hessian)


WRONG = [
    (lambda: external(3), TypeError, "external takes a Python function, not int"),
    (lambda: external(math.hypot), TypeError, "as in args='x, y'"),
    (lambda: external(np.modf), TypeError, "does not have one number as its result"),
    (lambda: external(lambda *a: a), TypeError, "takes any number of arguments"),
    (lambda: external(lambda: 1), TypeError, "external takes a function of one or more arguments"),
    (lambda: external(lambda x, *, y: x + y), TypeError, "takes arguments by name alone"),
    (lambda: external(spring, "1"), TypeError, "spring has 2 arguments (x, k), and there is 1 in partials"),
    (lambda: external(spring, {"z": 1}), TypeError, "partials has 'z', which is not among the arguments of spring"),
    (lambda: external(spring, ("k/", None)), ParseError, "the formula stops after '/'"),
    (lambda: external(spring, ("z", None)), ParseError, "'z' is not among the arguments (x, k, out)"),
    (lambda: external(spring, (1, [1])), TypeError, "by k is list; write a formula, a function, a number or None"),
    (lambda: external(spring, ("[x, x]", 1)), ShapeError, "by x has the shape (), and '[x, x]' has (2,)"),
    (lambda: external(spring, ("x, x", 1)), ParseError, "a partial derivative is one value, and 'x, x' has 2"),
    (lambda: external(spring, (EXP, 1)), TypeError, "which does not take spring(x, k) and return the shape ()"),
    (lambda: external(spring, (SIGMOID, 1)), TypeError, "which does not take spring(x, k) and return the shape ()"),
    (lambda: external(squares, "2*x", args="x[n]: int"), ParseError, "args has the integer 'x'"),
    (lambda: external(squares, "2", args="x[n]", result="[m]"), ParseError, "the dimension m, which no argument has"),
    (lambda: external(squares, args="x[n]", result=3), TypeError, "result is the shape of a result, as '[n]', not 3"),
    (lambda: external(lambda x: x, "[x, x]"), ShapeError, "derivative of the function by x has the shape ()"),
    (lambda: external(squares, "[1, 2]", args="x[n]"), ShapeError, "by x has the shape (n,), and '[1, 2]' has (2,)"),
    (lambda: external(squares, args="x[n]")(1.0), ShapeError, "squares(x[n]): argument 'x' has shape ()"),
    (
        lambda: of(external(squares, args="x[3]"), "h(v)", args="v[2]"),
        ShapeError,
        "h(x[3]): argument 'x' has shape (2,)",
    ),
    (lambda: of(external(np.sum, args="x[n]"), "h(v)", args="v[n]")(X), ShapeError, "write vectorized=False"),
    (lambda: external(SIGMOID), TypeError, "needs no external"),
    (lambda: external(spring, name="a b"), ParseError, "the name of an external function is one name"),
    (lambda: of(external(spring, ("foo(x)", 1)), "h(a, b)"), ParseError, "unknown function 'foo'"),
    (lambda: of(external(np.sum, args="x"), "h(a)")(X), ShapeError, "sum(x) returned shape () for argument of shape"),
    (
        lambda: of(external(lambda x: None if x else 0), "h(a)")(1.0),
        TypeError,
        "h(x) returned 'NoneType', where real numbers",
    ),
    (lambda: of(external(lambda x: x + 1j), "h(a)")(X), TypeError, "returned an array of complex128, where real"),
    (lambda: of(external(lambda x: [x], vectorized=False), "h(a)")(X), ShapeError, "returned shape (1,)"),
    (lambda: EXP(1.0, 2.0), TypeError, "at_a_point(x) takes 1 argument, not 2"),
]


def test_errors_say_what_to_write():
    for make, kind, said in WRONG:
        with pytest.raises(kind) as error:
            make()
        assert said in str(error.value), said
    with pytest.raises(TypeError) as error:
        of(external(math.exp), "h(x)")(X)
    assert "write vectorized=False" in error.value.__notes__[0]
