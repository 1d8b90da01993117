"""Files of C: they compile without a warning, check themselves, and have the numbers of NumPy."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tables import each
from targets import STRICT, compiler

import symdiff

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
needs_c = pytest.mark.skipif(not COMPILERS, reason="there is no C compiler on this machine")

# A formula, its arguments, and the members that a file has.
FILES = {
    "names": ("int = θ*y0 + double; log(int) + if_ + class_", "θ, y0, double, if_, class_", "value, grad, hessian"),
    "taken": (
        "sum(found)*sum(stored) + sum(EOF)*taken_value + SIZE_MAX*TAKEN_MAIN + taken_grad",
        "found[n], stored[n], EOF[3], taken_value, SIZE_MAX, TAKEN_MAIN, taken_grad",
        "value, grad",
    ),
    "identity": ("x, 2*y", "x[3], y[n]", "value, jacobian"),
    "products": ("sum((A @ B)**2)/trace(A @ B)", "A[n,n], B[n,n]", "hessian"),
    "scalars": ("where(x > 0, sigmoid(x)*x % y, erf(y)*log(-x))", "x, y", "value, grad, hessian_coo, jvp, vjp, hvp"),
    "perceptron": (
        "mean((tanh(X @ W + b) @ v - y)**2)",
        "X[m,k], W[k,h], b[h], v[h], y[m]",
        "value, value_and_grad, hvp",
    ),
    "indices": ("sum(x[i]*w) + sum(segment_sum(w, j, n)**2)", "x[n], i[m]: int, w[m], j[m]: int", "value, grad"),
    "chain": ("sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", "x[5]", "value, grad, hessian, hessian_coo"),
    "logistic": ("g(s, u) = s + a*u*(1 - s)\nscan(g, s0, x)", "x[n], a, s0", "value, jvp, jacobian"),
    "table": ("sum(A @ x) + x[j]", "x[3], j: int", "value"),
    "tiny": ("x**y*1e-320 + sum(z)", "x, y, z[0]", "value, grad"),
    "grid": ("prod(x)*sum(linspace(0, 1, n)*exp(x))", "x[n]", "value, hessian"),
    "system": ("x @ solve(A + A.T + 9*eye(n), x) + logdet(A @ A.T + eye(n))", "A[n,n], x[n]", "value, grad"),
}
CONSTANTS = {"table": {"A": np.arange(6.0).reshape(2, 3)}}


def made(name, folder, **options):
    text, args, include = FILES[name]
    constants = CONSTANTS.get(name)
    f = symdiff.compile(text, args=args, constants=constants)
    wrt = [name for name, integer in zip(f.args, f.integers, strict=True) if not integer]
    symdiff.compile(text, args=args, wrt=wrt, constants=constants).export(
        folder / f"{name}.c", include=include, **options
    )


def run(*command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@needs_c
@each("name", FILES)
def test_files_compile_without_a_warning_and_check_themselves(name, tmp_path):
    made(name, tmp_path)
    for compiler_name in COMPILERS:
        done = run(compiler_name, *STRICT, f"-D{name.upper()}_MAIN", f"{name}.c", "-o", "main", "-lm", folder=tmp_path)
        assert not done.returncode, done.stderr
        done = run("./main", folder=tmp_path)
        assert done.stdout == "check: the same as stored\n"
        assert not done.returncode
    source = (tmp_path / f"{name}.c").read_text(encoding="utf-8")
    (tmp_path / f"{name}.c").write_text(source.replace("stored[1] = {", "stored[1] = {1e9 + "), encoding="utf-8")
    run(COMPILERS[0], f"-D{name.upper()}_MAIN", f"{name}.c", "-o", "main", "-lm", folder=tmp_path)
    if "stored[1] = {" in source:
        assert run("./main", folder=tmp_path).returncode == 1


@needs_c
def test_constants_in_single_precision(tmp_path):
    made("tiny", tmp_path, precision="single")  # 1e-320f would be a warning
    done = run(COMPILERS[0], *STRICT, "-DTINY_MAIN", "tiny.c", "-o", "main", "-lm", folder=tmp_path)
    assert not done.returncode, done.stderr
    assert not run("./main", folder=tmp_path).returncode


@needs_c
def test_single_precision(tmp_path):
    made("perceptron", tmp_path, precision="single")
    source = (tmp_path / "perceptron.c").read_text()
    assert "tanhf(" in source
    assert "double *" not in source
    done = run(COMPILERS[0], *STRICT, "-DPERCEPTRON_MAIN", "perceptron.c", "-o", "main", "-lm", folder=tmp_path)
    assert not done.returncode, done.stderr
    assert not run("./main", folder=tmp_path).returncode


@needs_c
@pytest.mark.skipif(not shutil.which("g++"), reason="there is no C++ compiler on this machine")
def test_the_header_is_for_c_and_cpp(tmp_path):
    for name in ("names", "taken", "indices"):
        made(name, tmp_path)
        for language, standard in (("c", "c99"), ("c++", "c++11")):
            flags = [*STRICT[1:], f"-std={standard}", "-x", language, "-fsyntax-only"]
            done = run("g++", *flags, f"{name}.h", folder=tmp_path)
            assert not done.returncode, done.stderr


def library(name, folder):
    made(name, folder)
    run(
        compiler("gcc", "clang"),
        "-std=c99",
        "-O1",
        "-shared",
        "-fPIC",
        f"{name}.c",
        "-o",
        f"{name}.so",
        "-lm",
        folder=folder,
    )
    return ctypes.CDLL(str(folder / f"{name}.so"))


def pointer(a):
    return a.ctypes.data_as(ctypes.c_void_p)


def room(function, *sizes):
    """Return an array of as many numbers as a function says."""
    function.restype = ctypes.c_size_t
    return np.empty(function(*map(ctypes.c_size_t, sizes)))


@needs_c
def test_many_points_of_scalars(tmp_path):
    f = symdiff.compile(FILES["scalars"][0])
    c = library("scalars", tmp_path)
    x, y = np.random.default_rng(0).uniform(0.5, 2, (2, 50))
    out = np.empty((3, 50))
    c.scalars_value_batch(ctypes.c_size_t(50), *map(pointer, (x, y, out[0])))
    c.scalars_grad_batch(ctypes.c_size_t(50), *map(pointer, (x, y, out[1], out[2])))
    assert_allclose(out, [f(x, y), *f.grad(x, y)], rtol=1e-13)
    rows, cols = (np.empty(9, np.uintp) for _ in range(2))
    coo = f.hessian.coo
    assert c.scalars_hessian_coo_places(pointer(rows), pointer(cols)) == len(coo.rows)
    assert_array_equal(rows[: len(coo.rows)], coo.rows)
    assert_array_equal(cols[: len(coo.rows)], coo.cols)


@needs_c
def test_many_points_of_arrays(tmp_path):
    f = symdiff.compile(*FILES["perceptron"][:1], args=FILES["perceptron"][1])
    c = library("perceptron", tmp_path)
    draw = np.random.default_rng(0)
    sizes = {"m": 4, "k": 3, "h": 2}
    given = [draw.normal(size=(5, *[sizes[str(d)] for d in core])) for core in f.cores]
    names = ["m", "k", "h"]
    numbers = [ctypes.c_size_t(sizes[n]) for n in names]
    results = [np.empty(5), *map(np.empty_like, given)]
    work = room(c.perceptron_value_and_grad_work, *sizes.values())
    c.perceptron_value_and_grad_batch(ctypes.c_size_t(5), *numbers, *map(pointer, (*given, *results, work)))
    value, gradient = f.value_and_grad(*given)
    for got, want in zip(results, [value, *gradient], strict=True):
        assert_allclose(got, want, rtol=1e-11)


@needs_c
def test_integers_are_checked(tmp_path):
    c = library("indices", tmp_path)
    x, w, out = np.arange(3.0), np.ones(2), np.empty(1)
    work = room(c.indices_value_work, 3, 2)

    def call(indices, segments):
        i, j = np.array(indices, np.int64), np.array(segments, np.int64)
        return c.indices_value(ctypes.c_size_t(3), ctypes.c_size_t(2), *map(pointer, (x, i, w, j, out, work)))

    assert call((0, -1), (0, 2)) == 0
    assert out[0] == 2 + 1 + 1
    assert call((0, 3), (0, 2)) == 1
    assert call((-4, 0), (0, 2)) == 1
    assert call((0, -1), (0, 3)) == 1
    assert call((0, -1), (-1, 0)) == 1  # as in Python, a segment does not count from the end


@needs_c
def test_sizes_are_checked(tmp_path):
    symdiff.compile("logsumexp(x[1:])", args="x[n]").export(tmp_path / "small.c", include="value")
    run(COMPILERS[0], "-shared", "-fPIC", "small.c", "-o", "small.so", "-lm", folder=tmp_path)
    c, out = ctypes.CDLL(str(tmp_path / "small.so")), np.empty(1)
    for size, status in ((0, 1), (1, 1), (2, 0)):
        assert c.small_value(ctypes.c_size_t(size), pointer(np.ones(2)), pointer(out), pointer(np.empty(9))) == status
    assert out[0] == 1.0


@needs_c
def test_a_singular_matrix_is_a_failure(tmp_path):
    symdiff.compile("solve(A, x)", args="A[n,n], x[n]").export(tmp_path / "f.c", include="value")
    run(COMPILERS[0], "-shared", "-fPIC", "f.c", "-o", "f.so", "-lm", folder=tmp_path)
    c, out = ctypes.CDLL(str(tmp_path / "f.so")), np.empty(2)
    work = room(c.f_value_work, 2)
    for matrix, status in ((np.ones((2, 2)), 1), (np.array([[0.0, 2], [4, 0]]), 0)):
        assert c.f_value(ctypes.c_size_t(2), *map(pointer, (matrix, np.ones(2), out, work))) == status
    assert_array_equal(out, [0.25, 0.5])


def test_an_array_that_is_a_result_stays_an_array():
    for text, args in (("x", "x[3]"), ("x", "x[n]"), ("2*y", "x[3], y"), ("y, x", "x[m,n], y")):
        assert "const double *restrict x" in symdiff.compile(text, args=args).source_for("c")


@needs_c
def test_a_file_whose_name_begins_with_a_digit(tmp_path):
    symdiff.compile("x*y").export(tmp_path / "2d.c", include="value")
    assert "double v2d_value(double x, double y);" in (tmp_path / "2d.h").read_text()
    done = run(COMPILERS[0], *STRICT, "-fsyntax-only", "2d.c", folder=tmp_path)
    assert not done.returncode, done.stderr


# The texts


def test_the_source_of_a_gradient():
    f = symdiff.compile("r = y - a*x - b; sum(r**2)", args="x[n], y[n], a, b", wrt="a, b")
    assert f.grad.source_for("c") == (
        """\
#include <stddef.h>
#include <stdint.h>

#include <math.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF /* as GCC does with -std=c99 */
#endif

/* Gradient by a reverse sweep: the derivative by each argument. Arrays, row by row:
   x[n], y[n]. */
void grad(
    size_t n, const double *restrict x, const double *restrict y, double a, double b,
    double *restrict a_bar, double *restrict b_bar)
{
    const ptrdiff_t n_ = (ptrdiff_t)n;
    double v1 = 0.0;
    double v2 = 0.0;
    for (ptrdiff_t i = 0; i < n_; i++) {
        const double v3 = x[i];
        const double r = y[i] - a * v3 - b;
        v1 += r;
        v2 += r * v3;
    }
    *b_bar = -(2.0 * v1);
    *a_bar = -(2.0 * v2);
}
"""
    )


def test_textbook_form():
    f = symdiff.compile("log(x1) + x1*x2 - sin(x2)", optimize=False)
    assert "    const double v4_bar = v5_bar * 1.0;\n" in f.value_and_grad.source_for("c")


@each(
    ("text", "args", "name"),
    [
        ("eigvalsh(A)", "A[n,n]", "eigvalsh"),
        ("polygamma(2, x)", None, "polygamma"),
        ("g(s, u) = erfcx(s) + u; fold(g, 0, x)", "x[n]", "erfcx"),
    ],
)
def test_what_is_lacking_is_refused_by_name(text, args, name):
    f = symdiff.compile(text, args=args)
    for target, spoken in (("c", "C"), ("javascript", "JavaScript")):
        with pytest.raises(ValueError, match=f"the target {spoken} has no {name}"):
            f.source_for(target)


def test_errors_of_export(tmp_path):
    f = symdiff.compile("x*y")
    with pytest.raises(ValueError, match=r"must end in \.c or \.h"):
        f.export(tmp_path / "f.py", target="c")
    with pytest.raises(ValueError, match=r"must end in \.mjs or \.js"):
        f.export(tmp_path / "f.c", target="javascript")
    with pytest.raises(ValueError, match="precision must be 'double'"):
        f.export(tmp_path / "f.c", precision="half")
    with pytest.raises(ValueError, match="precision must be 'double'"):
        f.export(tmp_path / "f.mjs", precision="single")
    with pytest.raises(ValueError, match=r"include takes value, .*hessp"):
        f.export(include="hessian_coo")
    f.export(tmp_path / "f.h")
    assert [path.name for path in tmp_path.iterdir()] == ["f.h"]
    assert f.export(target="c").startswith("/*")
    assert f.export(target="c") == f.export(target="c")


def test_the_text_of_a_user_cannot_end_the_comment():
    text = symdiff.compile("x + 1  # */ int evil; /* ??/").export(target="c")
    assert text.index("*/") > text.index("symdiff generated")
    assert "??" not in text
