"""`compile` of Python functions: parameters, results, options, names, pickles and the cache."""

import copy
import dataclasses
import functools
import inspect
import pickle
from typing import NamedTuple

import numpy as np
import pytest
from scipy import special
from tables import each

import symdiff
from symdiff import ParseError

MATRIX = np.arange(6.0).reshape(2, 3)


def model(x, a, b=2.0):
    """Return a model.

    With details.
    """
    h = MATRIX @ x
    return np.sum(np.tanh(h * a) + b)


@dataclasses.dataclass(frozen=True)
class Spring:
    mass: float
    stiffness: float = 3.0
    name: str = "spring"


class Point(NamedTuple):
    u: float
    v: float = 1.0


@dataclasses.dataclass
class Pair:
    left: Spring
    right: Spring


def test_parameters_are_arguments():
    f = symdiff.compile(lambda x, y: x * y)
    assert f.args == ("x", "y")
    assert f(2.0, 3.0) == 6.0
    assert f.grad(2.0, 3.0) == (3.0, 2.0)
    assert symdiff.compile(model, args="x[3], a").args == ("x", "a")
    assert symdiff.compile(model, args="a, x[3]").args == ("a", "x")


def test_a_default_value_is_a_constant_unless_args_names_it():
    def scaled(x, *, y, z=2.0):
        return x * y * z

    assert symdiff.compile(scaled).args == ("x", "y")
    assert symdiff.compile(scaled).text == "# scaled\nx*y*2"
    assert symdiff.compile(scaled, args="z, y, x").args == ("z", "y", "x")

    def repeated(x, times=3):
        for _ in range(times):
            x = np.sin(x)
        return x

    assert symdiff.compile(repeated).text.count("sin") == 3
    assert symdiff.compile(repeated, constants={"times": 5}).text.count("sin") == 5


def test_constants_are_values_of_parameters():
    f = symdiff.compile(model, args="x[3]", constants={"a": 2.0, "b": [1.0, 3.0]})
    assert f(np.ones(3)) == pytest.approx(model(np.ones(3), 2.0, np.array([1.0, 3.0])))
    with pytest.raises(ParseError, match="both in args and in constants"):
        symdiff.compile(model, args="x[3], a", constants={"a": 2.0})
    with pytest.raises(ParseError, match="constants names c, but the parameters of model are x, a, b"):
        symdiff.compile(model, args="x[3], a", constants={"c": 2.0})


def test_names_that_are_no_parameters():
    with pytest.raises(ParseError, match="args leaves out 'a', a parameter of model"):
        symdiff.compile(model, args="x[3]")
    with pytest.raises(ParseError, match="args names q, but the parameters of model are x, a, b"):
        symdiff.compile(model, args="x[3], a, q")
    with pytest.raises(ParseError, match="no parameters without a default value"):
        symdiff.compile(lambda: 3.0)
    with pytest.raises(TypeError, match="wrt names 'q'"):
        symdiff.compile(model, args="x[3], a", wrt="q")
    assert symdiff.compile(lambda u, k: u * k, args="x[3], rate").args == (
        "x",
        "rate",
    )  # in order, if no name is the same


def test_records_as_parameters():
    def energy(p: Spring, q):
        return p.mass * q**2 / 2 + p.stiffness * q

    f = symdiff.compile(energy)
    assert f.args == ("p_mass", "q")
    assert f(2.0, 3.0) == energy(Spring(2.0), 3.0)
    f = symdiff.compile(energy, args="q, p_stiffness, p_mass")
    assert f(1.5, 2.0, 3.0) == energy(Spring(3.0, 2.0), 1.5)

    def moved(p: Point, t: tuple[float, float]):
        return p.u * t[0] + p.v * t[1]

    f = symdiff.compile(moved)
    assert f.args == ("p_u", "t_0", "t_1")
    assert f(2.0, 3.0, 4.0) == moved(Point(2.0), (3.0, 4.0))

    def both(pair: Pair):
        return pair.left.mass * pair.right.mass

    assert symdiff.compile(both).args == ("pair_left_mass", "pair_right_mass")

    def unknown(p, t):
        return p.mass * p["rate"] * t[0]

    assert symdiff.compile(unknown, args="p_mass, p_rate, t[2]")(2.0, 3.0, [4.0, 0.0]) == 24.0
    assert symdiff.compile(lambda t=(1.0, 2.0): t[0] + t[1], args="t[2]")([3.0, 4.0]) == 7.0

    def started(x, p=Spring(2.0, 5.0)):
        return x * p.mass * p.stiffness

    assert symdiff.compile(started).text == "# started\nx*2*5"
    assert symdiff.compile(started, args="x, p_mass").text == "# started\nx*p_mass*5"


def test_dicts_and_tuples_as_parameters():
    def read(p, x):
        return p["rate"] * x + p["shift"]

    f = symdiff.compile(read, args="p_rate, p_shift, x[n]")
    np.testing.assert_array_equal(f(2.0, 1.0, np.arange(3.0)), [1.0, 3.0, 5.0])

    def defaults(x, p={"rate": 2.0, "shift": 1.0}):  # noqa: B006
        return p["rate"] * x + p["shift"]

    assert symdiff.compile(defaults).args == ("x",)
    assert symdiff.compile(defaults, args="x, p_shift").args == ("x", "p_shift")

    def layers(params, x):
        for W, b in params:
            x = np.tanh(x @ W + b)
        return x

    f = symdiff.compile(layers, args="params_0_0[m,h], params_0_1[h], params_1_0[h,k], params_1_1[k], x[m]")
    point = np.ones((2, 3)), np.zeros(3), np.ones((3, 1)), np.ones(1), np.array([0.1, 0.2])
    np.testing.assert_allclose(f(*point), layers([point[:2], point[2:4]], point[4]))


def test_open_parameters():
    def total(*xs):
        return sum(xs)

    assert symdiff.compile(total, args="a, b, c")(1.0, 2.0, 3.0) == 6.0
    assert symdiff.compile(lambda x, **k: x * k["a"], args="x, a")(2.0, 3.0) == 6.0
    with pytest.raises(ParseError, match="name the arguments, as in args='x, y'"):
        symdiff.compile(total)


def test_callables():
    class Model:
        def __init__(self):
            self.rate = 2.0

        def predict(self, x):
            return x * self.rate

        def __call__(self, x):
            return x + self.rate

    assert symdiff.compile(Model().predict).text == "# predict\nx*2"
    assert symdiff.compile(Model()).text == "# Model\nx + 2"
    f = symdiff.compile(functools.partial(model, b=1.0), args="x[3], a")
    assert f.__name__ == "model"
    assert symdiff.compile(functools.partial(lambda x, y: x - y, 5.0))(2.0) == 3.0
    assert symdiff.compile(np.sin).text == "# sin\nsin(x)"
    assert symdiff.compile(special.xlogy).args == ("x", "y")
    assert symdiff.compile(functools.lru_cache(model), args="x[3], a").__name__ == "model"


def test_results():
    def several(x, y):
        s = x + y
        return s, x * y, [x, y]

    f = symdiff.compile(several)
    assert f.outputs == ("s", "out1", "out2")
    assert f.results == ((), (), (2,))

    def named(x):
        return {"a": x * 2, "b": {"c": x, "d": (x, x + 1)}}

    def again(x, y):
        s = x + y
        x = s * x
        return x, s, s, {"s": y, "t": s}

    assert symdiff.compile(again).outputs == ("out0", "s1", "out2", "s", "t")

    f = symdiff.compile(named)
    assert f.outputs == ("a", "b_c", "b_d_0", "b_d_1")
    assert tuple(f(3.0)) == (6.0, 3.0, 3.0, 4.0)
    assert f(3.0).b_c == 3.0
    assert symdiff.compile(lambda x: Point(x, v=x * 2)).text == "v = x*2\nu = x\nu, v"
    assert symdiff.compile(lambda x: {"x": 2 * x, "sum": x}).outputs == ("x_", "sum_")
    assert symdiff.compile(lambda x: Point(u=2 * x, v=x * 2)).outputs == ("u", "v")
    assert symdiff.compile(lambda x: np.array([x, 2 * x])).results == ((2,),)
    assert symdiff.compile(lambda x: 0 * x + 3)(1.0) == 3.0


def test_the_function_looks_like_the_python_function():
    f = symdiff.compile(model, args="x[3], a")
    assert f.__name__ == f.__qualname__ == "model"
    assert f.__doc__.startswith("Return a model.\n\nWith details.\n\n# model\nh = MATRIX @ x\n")
    assert str(inspect.signature(f)) == "(x, a)"
    assert f.text == "# model\nh = MATRIX @ x\nsum(tanh(h*a) + 2)"
    assert repr(f) == r'Function("# model\nh = MATRIX @ x\nsum(tanh(h*a) + 2)": (x[3], a) -> out)'
    assert f.grad.__name__ == "grad"
    assert "def value(x, a):" in f.source

    @symdiff.compile
    def area(width, height):
        """Return an area."""
        return width * height

    @functools.partial(symdiff.compile, args="x[n]")
    def total(x):
        return np.sum(x)

    assert total([1.0, 2.0]) == 3.0
    assert area(2.0, 3.0) == 6.0
    assert area.__name__ == "area"


def test_pickles_and_copies():
    f = symdiff.compile(model, args="x[3], a")
    for g in (pickle.loads(pickle.dumps(f)), copy.copy(f), copy.deepcopy(f)):
        assert g == f
    symdiff.clear_cache()
    g = pickle.loads(pickle.dumps(f))
    assert (g, g.__name__, g.__doc__) == (f, "model", f.__doc__)
    assert g(np.ones(3), 0.5) == f(np.ones(3), 0.5)
    h = pickle.loads(pickle.dumps(f.grad.jacobian))
    assert h == f.grad.jacobian


def test_the_cache_goes_by_what_was_traced():
    assert symdiff.compile(model, args="x[3], a") is symdiff.compile(model, args="x[3], a")
    rate = [2.0]

    def scaled(x):
        return x * rate[0]

    f = symdiff.compile(scaled)
    rate[0] = 3.0
    assert symdiff.compile(scaled)(1.0) == 3.0
    assert f(1.0) == 2.0


def test_a_function_runs_once():
    calls = []

    def counted(x):
        calls.append(1)
        return x * 2

    f = symdiff.compile(counted)
    f(2.0), f.grad(2.0), f.jacobian(np.ones(3)), f.latex
    assert calls == [1]


@each("backend", ["numpy", "llvm"])
def test_options(backend):
    f = symdiff.compile(model, args="x[3], a", wrt="a", backend=backend)
    x = np.array([0.1, 0.2, -0.3])
    h = MATRIX @ x
    assert f.wrt == ("a",)
    np.testing.assert_allclose(f.grad(x, 0.5).a, np.sum(h / np.cosh(h * 0.5) ** 2), rtol=1e-12)
    textbook = symdiff.compile(model, args="x[3], a", optimize=False)
    assert "v2_bar = out_bar * 1.0" in textbook.vjp.source
    assert textbook(x, 0.5) == pytest.approx(model(x, 0.5))
    assert f.check(x, 0.5)
    assert r"\tanh" in f.latex
    many = symdiff.compile(model, args="x[3], a")(np.ones((4, 3)), np.ones(4))
    np.testing.assert_allclose(many, [model(np.ones(3), 1.0)] * 4)
