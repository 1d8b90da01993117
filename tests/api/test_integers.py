"""Arguments that are made of integers: what they take, and what every member does with them."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from tables import each

import symdiff

X = np.array([0.5, -1.5, 2.0, 4.0])
W = np.array([1.0, 3.0, -2.0])
I = np.array([0, 2, 2])
WEIGHTED = "sum(w*x[i]^2)"
ARGS = "x[n], w[m], i[m]: int"


def weighted(**options):
    return symdiff.compile(WEIGHTED, args=ARGS, **options)


def test_integers_show_where_arguments_are_listed():
    f = weighted()
    assert f.args == ("x", "w", "i")
    assert f.wrt == ("x", "w")
    assert f.signature == "(n),(m),(m)->()"
    assert repr(f) == 'Function("sum(w*x[i]^2)": (x[n], w[m], i[m]: int) -> out)'
    assert "Arguments: x[n], w[m], i[m]: int" in f.__doc__
    with pytest.raises(TypeError, match=r"value\(x\[n\], w\[m\], i\[m\]: int\)"):
        f(X)


@each("args", [ARGS, ["x[n]", "w[m]", "i[m]: int"], "x[n],w[m],i[m]:int", "x[n] w[m] i[m] : int"])
def test_ways_to_declare_integers(args):
    assert symdiff.compile(WEIGHTED, args=args) == weighted()


def test_a_function_of_integers_is_another_one():
    numbers, integers = (symdiff.compile("x*k", args=args) for args in ("x, k", "x, k: int"))
    assert numbers != integers
    assert numbers.wrt != integers.wrt
    assert numbers(2.0, 0.5) == 1
    with pytest.raises(TypeError, match="argument 'k' is declared as an integer"):
        integers(2.0, 0.5)


@each(("args", "said"), [("i: float", "the kind of an argument is int"), ("i:", "the kind")])
def test_other_kinds_are_refused(args, said):
    with pytest.raises(symdiff.ParseError, match=said):
        symdiff.compile("i", args=args)


@each("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", ">i4", ">i8"])
def test_integers_of_any_width(dtype):
    assert weighted()(X, W, I.astype(dtype)) == W @ X[I] ** 2
    assert weighted()(X, W, np.repeat(I, 2).astype(dtype)[::2]) == W @ X[I] ** 2


@each("given", [[0, 2, 2], (0, 2, 2), [np.int8(0), 2, np.uint16(2)]])
def test_lists_of_integers(given):
    assert weighted()(X, W, given) == W @ X[I] ** 2


@each(
    ("given", "said"),
    [
        (I.astype(float), r"of dtype float64: pass numpy.asarray\(i\).astype\(int\)"),
        (I > 0, r"of dtype bool: pass numpy.flatnonzero\(i\)"),
        ([0.0, 2.0, 2.0], "of dtype float64"),
        ([0, 2, 2**64], "has an integer of more than 64 bits"),
        (np.array([0, 1, 2**63], np.uint64), "has an integer of more than 64 bits"),
        (["a", "b", "c"], "is text"),
        (I.astype(complex), "of dtype complex128"),
    ],
)
def test_other_arrays_are_refused(given, said):
    with pytest.raises(TypeError, match=f"argument 'i' .*{said}"):
        weighted()(X, W, given)


@each("given", [2.0, True, np.float64(2), np.True_, 1j, None, 2**64, "2"])
def test_other_scalars_are_refused(given):
    f = symdiff.compile("x[k]", args="x[n], k: int")
    with pytest.raises(TypeError, match="argument 'k'"):
        f(X, given)


# As numbers


def test_an_integer_is_a_number_in_arithmetic():
    f = symdiff.compile("x**k + k/2", args="x, k: int")
    for k in (3, np.int8(3), np.uint64(3), np.array(3)):
        assert f(2.0, k) == 9.5
    assert type(f(2.0, 3)) is float
    assert type(symdiff.compile("2*k", args="k: int")(3)) is float
    np.testing.assert_array_equal(f([1.0, 2.0], [[0], [3]]), [[1, 1], [2.5, 9.5]])
    assert f.grad(2.0, 3) == (12,)
    assert f.source_for("math").count("float(k)") == 1
    big = 2**53 - 1
    assert symdiff.compile("k", args="k: int")(big) == big


@each("dtype", [np.float32, np.complex64, np.complex128])
def test_integers_do_not_change_the_precision(dtype):
    x = X.astype(dtype)
    for text, args in (("x*k", "x, k: int"), ("x[k]*k", "x[n], k: int"), ("x + j", "x[n], j[n]: int")):
        f = symdiff.compile(text, args=args)
        got = f(x, [1, 2, 3, 0])
        assert got.dtype == dtype
        assert f.vjp(x, [1, 2, 3, 0], np.ones_like(got)).x_bar.dtype == dtype
    np.testing.assert_array_equal(symdiff.compile("x*k", args="x, k: int")(x, 2**24 + 1), x * dtype(2**24 + 1))


def test_large_arrays_of_numbers_and_integers_in_blocks():
    x, k = np.linspace(0, 1, 300_000), np.arange(300_000) % 3
    f = symdiff.compile("x*k + k", args="x, k: int")
    for threads in (1, 2):
        g = symdiff.compile("x*k + k", args="x, k: int", threads=threads)
        np.testing.assert_array_equal(g(x, k), x * k + k)
        np.testing.assert_array_equal(g(x, k.astype(np.int8), out=np.empty_like(x)), x * k + k)
    assert f.grad(x, k).x[5] == 2


def test_a_textbook_and_native_code_give_the_same():
    pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")
    for text, args, given in (
        (WEIGHTED, ARGS, (X, W, I)),
        ("x*k + sin(k)", "x, k: int", (X, np.arange(4))),
        ("x*k + sin(k)", "x, k: int", (2.0, 3)),
        ("sum(x*k)", "x[n], k[n]: int", (X, np.arange(4))),
    ):
        f = symdiff.compile(text, args=args)
        for options in ({"optimize": False}, {"backend": "llvm"}):
            g = symdiff.compile(text, args=args, **options)
            np.testing.assert_allclose(g(*given), f(*given), rtol=1e-14)
            np.testing.assert_allclose(np.ravel(g.jacobian(*given)), np.ravel(f.jacobian(*given)), rtol=1e-14)
    assert "define" in symdiff.compile(WEIGHTED, args=ARGS, backend="llvm").source_for("llvm")


# No derivative


def test_there_is_no_derivative_by_an_integer():
    f = weighted()
    with pytest.raises(TypeError, match="wrt names 'i', which is an integer: there is no derivative by it"):
        weighted(wrt="x, i")
    with pytest.raises(TypeError, match="'i' is an integer: there is no derivative by it"):
        f.diff("i")
    with pytest.raises(TypeError, match="pack names 'i', which is made of integers"):
        f.pack("x i")
    with pytest.raises(TypeError, match="'i' is an integer"):
        symdiff.propagate(f, {"x": X, "w": W, "i": I}, std={"i": [1.0, 1.0, 1.0]})
    assert f.jvp.args == ("x", "w", "i", "x_dot", "w_dot")
    assert f.vjp.outputs == ("out", "x_bar", "w_bar")
    assert f.hvp.args == ("x", "w", "i", "x_dot", "w_dot")
    assert symdiff.compile("k + 1", args="k: int").wrt == ()


# Other members


def test_copies_and_bound_arguments():
    f = weighted()
    for g in (pickle.loads(pickle.dumps(f.grad)), copy.deepcopy(f.grad)):
        assert g == f.grad
        np.testing.assert_array_equal(g(X, W, I).x, f.grad(X, W, I).x)
    bound = f.bind(i=[0, 2, 2])
    assert bound.args == ("x", "w")
    np.testing.assert_array_equal(bound.grad(X, W).x, f.grad(X, W, I).x)
    assert pickle.loads(pickle.dumps(bound))(X, W) == f(X, W, I)
    assert symdiff.compile("x**k", args="x, k: int").bind(k=3)(2.0) == 8
    with pytest.raises(symdiff.BoundsError, match="the index 4"):
        f.bind(i=[0, 1, 4])(X, W)
    with pytest.raises(TypeError, match="argument 'i'"):
        f.bind(i=[0.5, 1, 2])
    packed = f.pack("x w")
    np.testing.assert_array_equal(packed.grad(np.concatenate([X, W]), I)[0], np.concatenate(f.grad(X, W, I)))


def test_check_trace_graph_and_propagate():
    f = weighted()
    assert f.check(X, W, I).ok
    assert f.trace(X, W, I).result == f(X, W, I)
    np.testing.assert_array_equal(f.trace(X, W, I).gradient.x, f.grad(X, W, I).x)
    assert "i[m]" in str(f.graph())
    assert "gather" in str(f.graph(X, W, I))
    std = symdiff.propagate(f, {"x": X, "w": W, "i": I}, std={"x": np.full(4, 0.1)}).std
    np.testing.assert_allclose(std, 0.1 * np.linalg.norm(f.grad(X, W, I).x), rtol=1e-14)


def test_latex():
    f = weighted()
    assert f.latex == r"\sum_{j=0}^{m - 1} w_{j} x_{i_{j}}^{2}"
    assert r"\frac{\partial f}{\partial x_{j}} &= 2 \sum_{i_{k} = j} w_{k} x_{i_{k}}" in f.grad.latex
    g = symdiff.compile("X[i, j + 1]", args="X[n,n], i[m]: int, j[m]: int")
    assert r"X_{i_{k},j_{k} + 1}" in g.latex
    assert symdiff.compile("x**k", args="x, k: int").latex == "x^{k}"


def test_labelled_integers():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    s = pd.Series([1.0, 2.0], index=["a", "b"])
    f = symdiff.compile("x*k", args="x, k: int")
    pd.testing.assert_series_equal(f(s, pd.Series([3, 4], index=["a", "b"])), pd.Series([3.0, 8.0], index=["a", "b"]))
    with pytest.raises(symdiff.ShapeError, match="labelled differently"):
        f(s, pd.Series([3, 4], index=["b", "a"]))
    frame = pd.DataFrame({"group": [0, 1, 1], "y": [1.0, 2.0, 4.0]})
    g = symdiff.compile("segment_mean(y, group, 2)", args="y[m], group[m]: int")
    np.testing.assert_array_equal(g(frame.y, frame.group), [1, 3])


@each("target", ["numpy", "math"])
def test_exported_modules(tmp_path, target):
    text, args = (WEIGHTED, ARGS) if target == "numpy" else ("x**k + k", "x, k: int")
    f, path = symdiff.compile(text, args=args), tmp_path / "made.py"
    f.export(path, target=target)
    scope = {"__name__": "made"}
    exec(path.read_text(), scope)
    given = (X, W, I) if target == "numpy" else (2.0, 3)
    assert scope["value"](*given) == f(*given)
    for got, want in zip(scope["grad"](*given), f.grad(*given), strict=True):
        np.testing.assert_array_equal(got, want)
    if target == "numpy":
        many = scope["grad"](X, W, np.stack([I, I[::-1]]))
        np.testing.assert_array_equal(many.x[1], f.grad(X, W, I[::-1]).x)
    wrong = (X, W, [0.5, 1, 2]) if target == "numpy" else (2.0, 1.5)
    with pytest.raises((TypeError, AttributeError)):
        scope["value"](*wrong)
    words = ["1,2", "1,1", "0,1"] if target == "numpy" else ["2", "3"]
    for more, status in (([], 0), (words, 0), ([*words[:-1], "7.5"], 2)):
        done = subprocess.run([sys.executable, path, *more], capture_output=True, text=True, check=False)
        assert done.returncode == status, done


def test_sources_can_be_pasted():
    for text, args, given in (
        (WEIGHTED, ARGS, (X, W, I)),
        ("X[i, j]", "X[n,k], i[m]: int, j[m]: int", (np.eye(3), I, I[::-1])),
        ("segment_max(X, i, 4)", "X[m,k], i[m]: int", (np.eye(3), I)),
    ):
        for g in (symdiff.compile(text, args=args), symdiff.compile(text, args=args).jacobian):
            scope = {"np": np}
            exec(g.source, scope)
            np.testing.assert_array_equal(scope[g.name](*given), g(*given))
            exec(g.source_for("loops"), scope)
            stacked = [np.stack([a, a]) for a in given]
            np.testing.assert_array_equal(scope[g.name](*stacked), g(*stacked))
