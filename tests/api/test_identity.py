"""Functions are values: equal by content, hashed, copied, pickled, also to a fresh process."""

import copy
import multiprocessing
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
from backends import leaves
from tables import each

import symdiff

EXAMPLE = "log(x1) + x1*x2 - sin(x2)"
FUNCTIONS = [
    symdiff.compile(EXAMPLE),
    symdiff.compile(EXAMPLE, wrt="x2").grad,
    symdiff.compile(EXAMPLE).value_and_grad,
    symdiff.compile(EXAMPLE).hessian.coo,
    symdiff.compile(EXAMPLE).grad.jacobian,
    symdiff.compile(EXAMPLE).diff("x1", "x2"),
    symdiff.compile(EXAMPLE, constants={"x2": 0.1}, optimize=False, threads=1),
    symdiff.compile("a = x*y; a, sin(a)").jvp.vjp,
    symdiff.compile("r = t - x*w - b; sum(r**2), r", args="x[n], t[n], w, b", wrt=["w", "b"]).jacobian,
    symdiff.compile("sum(X @ w)*b", args="X[n,3], w[3], b").pack("w b", name="theta").hessian,
    symdiff.compile("x + inf", constants={"inf": float("nan")}),
]


def numbers(f, seed=0):
    draw = np.random.default_rng(seed)
    return [draw.uniform(1, 2, tuple([d if isinstance(d, int) else 4 for d in core])) for core in f.cores]


@each("f", FUNCTIONS, ids=repr)
@each("again", [lambda f: pickle.loads(pickle.dumps(f)), copy.copy, copy.deepcopy])
def test_taken_apart_and_put_together(f, again):
    made = again(f)
    assert made == f
    assert hash(made) == hash(f)
    assert repr(made) == repr(f)
    assert made.source == f.source
    for one, other in zip(leaves(made(*numbers(f))), leaves(f(*numbers(f))), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_pickle_is_of_the_cache_of_its_process():
    f = symdiff.compile(EXAMPLE)
    assert pickle.loads(pickle.dumps(f)) is f
    assert pickle.loads(pickle.dumps(f.grad)) is f.grad


def test_a_pickle_is_text_and_options_alone():
    data = pickle.dumps(symdiff.compile(EXAMPLE).hessian)
    assert EXAMPLE.encode() in data
    assert len(data) < 400


def test_equality_is_of_content():
    f = symdiff.compile(EXAMPLE)
    assert f == symdiff.compile(EXAMPLE, args="x1, x2")
    assert f == symdiff.compile(EXAMPLE, wrt=["x1", "x2"])
    others = [
        symdiff.compile(EXAMPLE + " "),
        symdiff.compile(EXAMPLE, args="x2, x1"),
        symdiff.compile(EXAMPLE, wrt="x1"),
        symdiff.compile(EXAMPLE, threads=1),
        symdiff.compile(EXAMPLE, optimize=False),
        symdiff.compile(EXAMPLE, args="x1[n], x2[n]"),
        f.grad,
        f.diff("x1"),
        f.diff("x2"),
        EXAMPLE,
        None,
    ]
    for other in others:
        assert f != other
    assert f.diff("x1").diff("x2") == f.diff("x1", "x2")
    assert len({f, *others[:-2]}) == 10
    assert symdiff.compile("x*c", constants={"c": 0.0}) != symdiff.compile("x*c", constants={"c": -0.0})


def test_the_repr_says_what_it_is():
    f = symdiff.compile(EXAMPLE)
    assert repr(f) == f'Function("{EXAMPLE}": (x1, x2) -> out)'
    assert repr(f.diff("x1", "x2")) == f"""Function("{EXAMPLE}".diff('x1').diff('x2'): (x1, x2) -> out)"""
    assert ".hessian.coo:" in repr(f.hessian.coo)
    assert ".pack(('x1',), 'q'):" in repr(f.pack("x1", "q"))
    long = symdiff.compile("a = x*y + sin(x)*cos(y) + tan(x)*exp(y) - log(x+2) + y*1\na*2")
    assert "\\..." not in repr(long)
    several = symdiff.compile("""
        r = hypot(x, y)
        r**2
    """)
    assert repr(several) == r'Function("r = hypot(x, y)\nr**2": (x, y) -> out)'


def test_what_is_looked_for_under_another_name():
    f = symdiff.compile(EXAMPLE)
    for name, hint in [("gradient", "write f.grad"), ("gard", "did you mean 'grad'"), ("jac", "write f.jacobian")]:
        with pytest.raises(AttributeError, match=f"no attribute '{name}'; {hint}"):
            getattr(f, name)
    for name in ("zebra", "print", "numpy", "foo"):  # nothing is near enough
        with pytest.raises(AttributeError, match=rf"no attribute '{name}'$"):
            getattr(f, name)
    with pytest.raises(AttributeError, match="only the coo of"):
        f.rows  # noqa: B018
    assert not hasattr(f, "__array__")
    assert set(dir(symdiff)) >= set(symdiff.__all__)
    assert "contexts" not in dir(symdiff)


def test_a_function_is_made_by_compile():
    for given in (("x^2",), ()):
        with pytest.raises(TypeError, match=r"made by symdiff\.compile, as symdiff"):
            symdiff.Function(*given)


def test_what_is_looked_for_in_the_package():
    for name, hint in [
        ("grad", "; write f = symdiff.compile(text), then f.grad"),
        ("gradient", "; write f = symdiff.compile(text), then f.grad"),
        ("plot", "; write f = symdiff.compile(text), then f.plot"),
        ("Compile", "; did you mean 'compile'?"),
        ("zebra", ""),
        ("__array__", ""),
    ]:
        with pytest.raises(AttributeError) as caught:
            getattr(symdiff, name)
        assert str(caught.value) == f"module 'symdiff' has no attribute {name!r}{hint}"
    code = "from symdiff import *; from symdiff import cli, __main__ as m; import symdiff.evaluate; compile, cli.main"
    done = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_another_process_makes_the_same_numbers(tmp_path):
    """Of a fresh interpreter, with another seed of hashes."""
    path = tmp_path / "functions.pickle"
    path.write_bytes(pickle.dumps([(f, numbers(f)) for f in FUNCTIONS]))
    code = (
        "import pickle, sys, hashlib\n"
        "import numpy as np\n"
        "digest = hashlib.sha256()\n"
        "def feed(value):\n"
        "    if isinstance(value, tuple):\n"
        "        for part in value: feed(part)\n"
        "    else: digest.update(np.asarray(value).tobytes())\n"
        "for f, args in pickle.load(open(sys.argv[1], 'rb')): feed(f(*args))\n"
        "print(digest.hexdigest())\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, env=env
        ).stdout
        for env in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"})
    }
    import hashlib

    digest = hashlib.sha256()
    for f in FUNCTIONS:
        for value in leaves(f(*numbers(f))):
            digest.update(np.asarray(value).tobytes())
    assert found == {digest.hexdigest() + "\n"}


def test_multiprocessing_by_spawn():
    f = symdiff.compile(EXAMPLE).grad
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.starmap(f, [(2.0, 5.0), (1.0, 1.0)]) == [f(2.0, 5.0), f(1.0, 1.0)]


def test_what_is_not_a_function_of_ours_is_refused():
    data = pickle.dumps(symdiff.compile(EXAMPLE)).replace(EXAMPLE.encode(), EXAMPLE.replace("log", "lgg").encode())
    with pytest.raises(symdiff.ParseError):
        pickle.loads(data)


def test_equal_functions_of_two_threads():
    found = []
    threads = [threading.Thread(target=lambda: found.append(symdiff.compile("x**7 + y").grad)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
