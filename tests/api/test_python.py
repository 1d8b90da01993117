"""Results and Functions as Python, its tools and other packages expect them."""

import copy
import functools
import inspect
import multiprocessing
import operator
import pickle
import re
import traceback
import typing
import warnings
from unittest import mock

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import curve_fit
from tables import each

import symdiff
from symdiff import LimitError, ParseError, ShapeError

# Tests of records, messages and names are the same by each backend: a Function has them before anything is compiled.
by_each_backend = pytest.mark.usefixtures("backend")


# Records

f = symdiff.compile("x*y + x")
RECORDS = {
    "grad": f.grad(2.0, 3.0),
    "grad of arrays": f.grad(np.array([1.0, 2.0]), 3.0),
    "hvp": f.hvp(2.0, 3.0, 1.0, 0.0),
    "value_and_grad": f.value_and_grad(2.0, 3.0),
    "jvp": f.jvp(2.0, 3.0, 1.0, 0.0),
    "vjp": f.vjp(2.0, 3.0, 1.0),
    "value": symdiff.compile("x + y, x*y")(2.0, 3.0),
    "diff": symdiff.compile("x + y, x*y").diff("x")(2.0, 3.0),
    "value_and_jacobian": f.value_and_jacobian(2.0, 3.0),
    "unpacked": f.pack("x y").unpack([2.0, 3.0]),
    "one": symdiff.compile("x^2").grad(3.0),
}
vector = np.array([1.0, 2.0])
ARITHMETIC = {
    "2*g": lambda g: 2 * g,
    "g*2": lambda g: g * 2,
    "2.0*g": lambda g: 2.0 * g,
    "True*g": lambda g: True * g,
    "1j*g": lambda g: 1j * g,
    "g + g": lambda g: g + g,
    "g - g": lambda g: g - g,
    "g*g": lambda g: g * g,
    "-g": lambda g: -g,
    "+g": lambda g: +g,
    "abs": abs,
    "g/2": lambda g: g / 2,
    "2/g": lambda g: 2 / g,
    "g//2": lambda g: g // 2,
    "g%2": lambda g: g % 2,
    "g**2": lambda g: g**2,
    "2**g": lambda g: 2**g,
    "g@g": lambda g: g @ g,
    "1 - g": lambda g: 1 - g,
    "divmod": lambda g: divmod(g, 2),
    "rdivmod": lambda g: divmod(2, g),
    "g + tuple": lambda g: (*g, 1) and g + (1.0,),  # noqa: RUF005 - the operator is meant
    "tuple + g": lambda g: (1.0,) + g,  # noqa: RUF005
    "list + g": lambda g: [1.0] + g,  # noqa: RUF005
    "sum": lambda g: sum([g, g]),
    "float64*g": lambda g: np.float64(2) * g,
    "int64*g": lambda g: np.int64(2) * g,
    "float32*g": lambda g: np.float32(2) * g,
    "bool_*g": lambda g: np.bool_(True) * g,
    "g*float64": lambda g: g * np.float64(2),
    "g*int64": lambda g: g * np.int64(2),
    "float64/g": lambda g: np.float64(2) / g,
    "float64**g": lambda g: np.float64(2) ** g,
    "array*g": lambda g: vector * g,
    "array - g": lambda g: vector - g,
    "g*array": lambda g: g * vector,
    "array@g": lambda g: vector @ g,
    "0-d*g": lambda g: np.array(2.0) * g,
    "iadd": lambda g: operator.iadd(g, 1),
    "imul": lambda g: operator.imul(g, 2),
    "isub": lambda g: operator.isub(g, g),
    "array iadd": lambda g: operator.iadd(vector.copy(), g),
    "list imul": lambda g: operator.imul([1.0], g),
    "concat": lambda g: operator.concat(g, g),
}


@each("record", RECORDS)
def test_records_take_no_arithmetic(record):
    said = {what: refusal(operation, RECORDS[record]) for what, operation in ARITHMETIC.items()}
    hint = re.compile(r"is a named tuple, which takes no arithmetic: write np\.array\(g\) .* f\.jacobian")
    assert not {what: message for what, message in said.items() if not hint.search(message)}


def refusal(operation, g):
    """Return the message of the TypeError that an operation raises; an empty text if it raises none."""
    try:
        operation(g)
    except TypeError as error:
        return str(error)
    return ""


def test_records_are_named_tuples_all_the_same():
    g = RECORDS["grad"]
    assert isinstance(g, tuple)
    assert g == (4.0, 2.0)
    x, y = g
    assert (x, y, g[0], g.y, len(g)) == (4.0, 2.0, 4.0, 2.0, 2)
    assert g._asdict() == {"x": 4.0, "y": 2.0}
    assert g._replace(x=1.0) == (1.0, 2.0)
    assert type(g)._make([1.0, 2.0]) == (1.0, 2.0)
    assert g._fields == ("x", "y")
    assert g[::-1] == (2.0, 4.0)
    assert {g: 1}[4.0, 2.0] == 1
    assert sorted([g, (1.0, 2.0)]) == [(1.0, 2.0), g]
    assert sum(g) == 6.0
    assert 4.0 in g
    for again in (pickle.loads(pickle.dumps(g)), copy.copy(g), copy.deepcopy(g)):
        assert again == g
        assert type(again) is type(g)
    match g:
        case (a, b):
            assert (a, b) == (4.0, 2.0)


def test_functions_of_numpy_take_records_as_arrays():
    g = RECORDS["grad"]
    array = np.array([4.0, 2.0])
    assert_array_equal(np.array(g), array)
    assert_array_equal(np.array(g) * 2, array * 2)
    for function in (np.sum, np.mean, np.max, np.linalg.norm, np.abs, np.sin, np.isfinite, np.negative, np.std, np.prod,
                     np.cumsum, np.median, np.diff, np.add.reduce, np.atleast_1d, np.ravel, np.sort):  # fmt: skip
        assert_array_equal(function(g), function(array))
    for function in (
        np.dot,
        np.inner,
        np.outer,
        np.allclose,
        np.maximum,
        np.hypot,
        np.equal,
        np.isclose,
        np.multiply.outer,
    ):
        assert_array_equal(function(g, g), function(array, array))
        assert_array_equal(function(array, g), function(array, array))
    assert_array_equal(np.concatenate([g, g]), [4.0, 2.0, 4.0, 2.0])
    assert_array_equal(np.stack(g), array)
    assert_array_equal(array == g, [True, True])
    assert (np.float64(4.0) == g).tolist() == [True, False]
    assert_allclose(g, array)
    rows = RECORDS["grad of arrays"]
    assert_array_equal(np.array(rows), [[4.0, 4.0], [1.0, 2.0]])
    assert np.sqrt(rows).shape == (2, 2)


def test_what_propagate_returns_takes_no_arithmetic_either():
    p = symdiff.propagate(symdiff.compile("a*x"), [1.0, 2.0], std=[0.1, 0.2])
    for what in ARITHMETIC.values():
        with pytest.raises(TypeError, match=r"a Propagated is a named tuple, which takes no arithmetic: .* p\.value"):
            what(p)
    assert_allclose(p, [2.0, 0.2828427, 0.08], rtol=1e-6)


# Members that cannot be had

FUNCTIONS = {
    "scalar": lambda: symdiff.compile("x*y"),
    "results": lambda: symdiff.compile("x, x*y"),
    "list": lambda: symdiff.compile("[x, y]"),
    "arrays": lambda: symdiff.compile("A @ x", args="A[m,n], x[n]"),
    "sum": lambda: symdiff.compile("sum(x)", args="x[n]"),
    "constant": lambda: symdiff.compile("3"),
    "nothing to differentiate by": lambda: symdiff.compile("x", wrt=""),
    "awkward names": lambda: symdiff.compile("lambda*out*self"),
    "special": lambda: symdiff.compile("lgamma(x)"),
    "no math": lambda: symdiff.compile("digamma(x)"),
    "textbook": lambda: symdiff.compile("log(x)*y", optimize=False),
    "packed": lambda: symdiff.compile("a*x + b").pack("a b"),
    "grad": lambda: symdiff.compile("x*y").grad,
    "jacobian": lambda: symdiff.compile("x*y, x").jacobian,
    "named jacobian": lambda: symdiff.compile("a*x", args="a, x[n]").jacobian,
    "coo": lambda: symdiff.compile("x*y").hessian.coo,
    "nested": lambda: symdiff.compile("x*y").grad.jvp,
    "many": lambda: symdiff.compile("+".join(f"sin(x{k})" for k in range(100))),
}


@by_each_backend
@each("name", FUNCTIONS)
def test_every_member_is_there_or_an_attribute_error(name):
    g = FUNCTIONS[name]()
    members = dict(inspect.getmembers(g))
    assert {"args", "jacobian", "source", "text", "__doc__", "__call__"} <= members.keys()
    for member in dir(g):
        assert hasattr(g, member) == (member in members), member
        try:
            getattr(g, member)
        except AttributeError as error:
            assert str(error), member  # noqa: PT017 - of every member
            assert getattr(g, member, None) is None
    for missing in ("_repr_html_", "__array__", "__wrapped__", "__dataframe__", "shape"):
        assert not hasattr(g, missing)
    assert isinstance(mock.create_autospec(g), mock.NonCallableMock)
    assert mock.Mock(spec=g).args is not None


@each(
    ("make", "member", "kind", "said"),
    [
        (
            "results",
            "grad",
            ShapeError,
            r"grad needs one scalar output, but value\(x, y\) has 2 outputs \(out0, out1\): use jacobian",
        ),
        ("list", "value_and_grad", ShapeError, "value_and_grad needs one scalar output"),
        ("arrays", "hessian", ShapeError, "hessian needs one scalar output"),
        ("results", "hvp", ShapeError, "hvp needs one scalar output"),
        ("list", "hessp", ShapeError, "hessp needs one scalar output"),
        ("scalar", "hessp", TypeError, "hessp needs one name in wrt, not x, y: combine them with pack"),
        ("named jacobian", "sparsity", ShapeError, "sparsity needs a matrix of known size"),
        ("named jacobian", "coo", ShapeError, "coo needs a matrix of known size"),
        ("scalar", "sparsity", AttributeError, "only a jacobian or a hessian has sparsity"),
        ("scalar", "rows", AttributeError, "only the coo of a jacobian or hessian has rows"),
        ("scalar", "gradient", AttributeError, "write f.grad"),
    ],
)
def test_what_a_member_raises_is_an_attribute_error_too(make, member, kind, said):
    g = FUNCTIONS[make]()
    assert not hasattr(g, member)
    for _ in range(2):
        with pytest.raises(kind, match=said) as e:
            getattr(g, member)
        assert isinstance(e.value, AttributeError)
        assert type(e.value).__name__ == kind.__name__
        shown = "".join(traceback.format_exception(e.value))
        assert "Did you mean" not in shown.replace("did you mean", "")
        assert "During handling" not in shown
    again = pickle.loads(pickle.dumps(e.value))
    assert type(again) is type(e.value)
    assert str(again) == str(e.value)
    assert isinstance(copy.copy(e.value), kind)


def test_limits_of_members_are_attribute_errors_too():
    g = symdiff.compile("+".join(f"x{k}*x{k + 1}" for k in range(3000)))
    with pytest.raises(LimitError, match="operations"):
        g.latex  # noqa: B018 - it raises
    assert not hasattr(g, "latex")
    assert g._repr_latex_() is None
    h = symdiff.compile("x*y*limited", limits=symdiff.Limits(rows=9))
    with pytest.raises(AttributeError) as e:
        h.hessian  # noqa: B018
    assert isinstance(e.value, LimitError)
    assert h.grad(1.0, 2.0, 3.0).limited == 2.0


def test_errors_of_parsing_keep_their_attributes():
    from symdiff.api.members import attribute_error

    with pytest.raises(ParseError) as e:
        symdiff.compile("x + sinn(x)")
    made = attribute_error(e.value)
    assert isinstance(made, AttributeError)
    assert isinstance(made, ParseError)
    assert made.position == 4
    assert str(made) == str(e.value)
    assert attribute_error(ImportError("no")).__class__ is ImportError  # Python has no class of both


# Names, docstrings, signatures


def test_a_function_looks_like_a_function():
    g = symdiff.compile("a*exp(-b*t)", args="t[n], a, b", wrt="a, b")
    for made, name, doc in [
        (g, "value", "a*exp(-b*t)\n\nArguments: t[n], a, b\nResults: out[n]\nDerivatives by: a, b"),
        (g.jacobian, "jacobian", "f.jacobian, where f is a*exp(-b*t)\n\nJacobian matrix: an array of loop shape"),
        (g.jvp, "jvp", "Arguments: t[n], a, b, a_dot, b_dot\nResults: out[n], out_dot[n]"),
        (
            g.diff("a", "b"),
            "diff",
            "f.diff('a').diff('b'), where f is a*exp(-b*t)\n\nReturn the partial derivative by each",
        ),
        (g.pack("a b"), "value", "f.pack(('a', 'b'), 'p'), where f is"),
    ]:
        assert made.__name__ == made.__qualname__ == made.name == name
        assert isinstance(made.__module__, str)
        assert doc in made.__doc__
        assert tuple(inspect.signature(made).parameters) == made.args
        assert callable(made)
    assert typing.get_type_hints(g) == {}
    assert "A compiled formula, or a derivative of one" in symdiff.Function.__doc__
    assert symdiff.Function.__name__ == "Function"
    assert str(inspect.signature(symdiff.compile("out*x"))) == "(out, x)"
    assert str(inspect.signature(symdiff.compile("lambda*x"))) == "(*args)"
    long = symdiff.compile("+".join(f"x{k}" for k in range(5000)))
    assert len(long.__doc__) < 1500
    assert symdiff.compile("# a comment\ny = 2*x\ny").__doc__.startswith("# a comment\ny = 2*x\ny\n\nArguments: x\n")


@by_each_backend
def test_wrappers_take_name_docstring_and_signature():
    g = symdiff.compile("a*x^2 + b", args="x, a, b")

    @functools.wraps(g)
    def wrapped(*args, **kwargs):
        return g(*args, **kwargs)

    assert wrapped.__name__ == "value"
    assert wrapped.__doc__ == g.__doc__
    assert str(inspect.signature(wrapped)) == "(x, a, b)"
    assert wrapped.__annotations__ == {}
    assert wrapped(2.0, 3.0, b=1.0) == 13.0
    assert functools.partial(g, a=3.0, b=1.0)(np.array([2.0])).tolist() == [13.0]
    assert str(inspect.signature(functools.partial(g, a=3.0))) == "(x, *, a=3.0, b)"
    assert np.vectorize(g)([1.0, 2.0], 3.0, 1.0).tolist() == [4.0, 13.0]
    assert functools.reduce(lambda total, x: g(x, 1.0, total), [1.0, 2.0], 0.0) == 5.0


@by_each_backend
def test_a_quantity_goes_in_and_out_by_the_wrapper_of_pint():
    pint = pytest.importorskip("pint")
    unit = pint.UnitRegistry()
    g = symdiff.compile("U/R", args="U, R")
    current = unit.wraps("ampere", ("volt", "ohm"))(g)
    assert current(unit.Quantity(10.0, "mV"), unit.Quantity(2.0, "kohm")).to("uA").magnitude == pytest.approx(5.0)
    slope = unit.wraps("ampere/volt", ("volt", "ohm"))(g.diff("U"))
    assert slope(unit.Quantity(1.0, "V"), unit.Quantity([2.0, 4.0], "ohm")).magnitude.tolist() == [0.5, 0.25]
    assert current.__name__ == "value"
    with pytest.raises(TypeError, match=r"argument 'U' is a Quantity in the unit 'volt'"):
        g(unit.Quantity(1.0, "V"), 2.0)


def squares(k):
    return float(symdiff.compile("x^2").grad(float(k)).x)


@by_each_backend
def test_functions_go_to_other_processes():
    g = symdiff.compile("a*x^2", args="x, a")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.starmap(g, [(1.0, 2.0), (2.0, 2.0)]) == [2.0, 8.0]
        assert pool.starmap(g.grad, [(3.0, 2.0)]) == [(12.0, 9.0)]
        assert pool.map(squares, [3]) == [6.0]
        with pytest.raises(ShapeError):
            pool.apply(getattr, (symdiff.compile("x, 2*x"), "grad"))


# Long lists of names


def test_repr_and_messages_of_thousands_of_names_are_short():
    n = 2000
    names = [f"x{k}" for k in range(n)]
    many = symdiff.compile("+".join(names))
    several = symdiff.compile(",".join(names))
    ones = [1.0] * n
    for shown in (many, several, many.grad, many.jvp, several.vjp, many.pack(names[:1000]), many.diff(*["x1"] * 3)):
        assert len(repr(shown)) < 400
    assert repr(many).endswith(": (x0, x1, x2, x3, x4, x5, x6, ...) -> out)")
    assert len(repr(symdiff.compile("x" * 5000 + " + 1"))) < 200
    calls = [
        lambda: many(1.0),
        lambda: many(*ones[1:]),
        lambda: many(*ones, 2.0),
        lambda: many(*ones, q=1.0),
        lambda: many(*[np.ones(2 + k % 2) for k in range(n)]),
        lambda: many.diff("q"),
        lambda: many.pack("q"),
        lambda: many.hessp,
        lambda: many.export(at={}),
        lambda: many.export(at=[1.0]),
        lambda: many.trace(*ones, tangent={"q": 1.0}),
        lambda: many.trace(*ones, tangent=1.0),
        lambda: many.check(*ones),
        lambda: symdiff.propagate(many, 1.0, std=1.0),
        lambda: symdiff.propagate(many, ones, std={"q": 1.0}),
        lambda: symdiff.propagate(many, ones, std=[1.0, 2.0, 3.0]),
        lambda: several(*ones, out=np.ones(3)),
        lambda: several.grad,
        lambda: symdiff.compile(many.text, wrt="q"),
        lambda: symdiff.compile(many.text, args=names[1:]),
        lambda: symdiff.compile("q*r", args=names),
    ]
    for call in calls:
        with pytest.raises((TypeError, ValueError)) as e:
            call()
        assert 20 < len(str(e.value)) < 450, str(e.value)


# Other packages

times = np.linspace(0, 4, 50)
decay = 2.5 * np.exp(-1.3 * times) + 0.5 + 0.01 * np.sin(40 * times)


@by_each_backend
def test_curve_fit_counts_the_parameters_and_a_forgotten_wrt_is_told_of():
    g = symdiff.compile("a*exp(-b*t) + c", args="t, a, b, c", wrt="a, b, c")
    expected, _ = curve_fit(lambda t, a, b, c: a * np.exp(-b * t) + c, times, decay)
    assert_allclose(curve_fit(g, times, decay, jac=g.jacobian)[0], expected, rtol=1e-5)
    forgotten = symdiff.compile("a*exp(-b*t) + c", args="t, a, b, c")
    # As the tutorial has it.
    with pytest.raises(TypeError, match=r"Shape should be \(50, 3\) but it is \(50, 4\)"):
        curve_fit(forgotten, times, decay, jac=forgotten.jacobian)
    with pytest.raises(ValueError, match=r"expected \(50, 3\), actual \(50, 4\)"):
        curve_fit(forgotten, times, decay, jac=forgotten.jacobian, method="trf")


@by_each_backend
def test_lmfit_with_an_exact_jacobian():
    lmfit = pytest.importorskip("lmfit")
    g = symdiff.compile("a*exp(-b*t) + c", args="t, a, b, c", wrt="a, b, c")
    model = lmfit.Model(g)
    assert model.independent_vars == ["t"]
    assert model.param_names == ["a", "b", "c"]
    calls = []

    def jacobian(params, *_, t, **__):
        calls.append(t)
        return -g.jacobian(t, **params.valuesdict())  # of what lmfit minimises, data - model

    start = {"a": 1.0, "b": 1.0, "c": 1.0}
    exact = model.fit(decay, t=times, **start, fit_kws={"Dfun": jacobian, "col_deriv": 0})
    numerical = model.fit(decay, t=times, **start)
    assert calls
    assert exact.success
    assert exact.nfev < numerical.nfev
    for name in start:
        assert exact.best_values[name] == pytest.approx(numerical.best_values[name], rel=1e-5)
        assert exact.params[name].stderr == pytest.approx(numerical.params[name].stderr, rel=1e-3)
    composite = model + lmfit.Model(symdiff.compile("d*t", args="t, d"), prefix="line_")
    assert composite.param_names == ["a", "b", "c", "line_d"]


line = symdiff.compile("a*exp(-b*x) + c", args="x, a, b, c", wrt="a, b, c")


def odr_data():
    rng = np.random.default_rng(0)
    x = np.linspace(0, 4, 40)
    return x + 0.02 * rng.normal(size=40), 2.5 * np.exp(-1.3 * x) + 0.5 + 0.02 * rng.normal(size=40)


@by_each_backend
def test_odr_of_scipy_with_exact_derivatives():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        odr = pytest.importorskip("scipy.odr", reason="SciPy 1.19 has no scipy.odr; odrpack takes its place")
    x, y = odr_data()
    slope = line.diff("x")
    model = odr.Model(
        lambda beta, x: line(x, *beta),
        fjacb=lambda beta, x: np.moveaxis(line.jacobian(x, *beta), -1, 0),
        fjacd=lambda beta, x: slope(x, *beta),
    )
    exact = odr.ODR(odr.RealData(x, y, 0.02, 0.02), model, beta0=[1.0, 1.0, 1.0])
    exact.set_job(deriv=3)  # checked by the package itself
    numerical = odr.ODR(odr.RealData(x, y, 0.02, 0.02), odr.Model(model.fcn), beta0=[1.0, 1.0, 1.0])
    found, expected = exact.run(), numerical.run()
    assert_allclose(found.beta, expected.beta, rtol=1e-5)
    assert_allclose(found.beta, [2.5, 1.3, 0.5], rtol=0.1)


@by_each_backend
def test_odrpack_with_exact_derivatives():
    odrpack = pytest.importorskip("odrpack")
    x, y = odr_data()
    slope = line.diff("x")
    kinds = {
        "jac_beta": lambda x, beta: np.moveaxis(line.jacobian(x, *beta), -1, 0),
        "jac_x": lambda x, beta: slope(x, *beta),
    }
    start = np.ones(3)
    found = odrpack.odr_fit(lambda x, beta: line(x, *beta), x, y, start, **kinds)
    expected = odrpack.odr_fit(lambda x, beta: line(x, *beta), x, y, start)
    assert found.success
    assert found.nfev < expected.nfev
    assert_allclose(found.beta, expected.beta, rtol=1e-5)


@by_each_backend
def test_a_log_density_as_samplers_call_it():
    y = np.random.default_rng(0).normal(3, 2, 50)
    log_density = symdiff.compile(
        "where(p[1] > 0, -0.5*sum((y - p[0])**2)/p[1]**2 - 50*log(p[1]), -inf)", args="p[2], y[k]", wrt="p"
    )
    assert log_density(np.array([3.0, -1.0]), y) == -np.inf
    called = pickle.loads(pickle.dumps(functools.partial(log_density, y=y)))  # as emcee sends it to a pool

    rng = np.random.default_rng(1)
    walkers = np.array([2.0, 1.0]) + 0.1 * rng.normal(size=(16, 2))
    values = called(walkers)  # vectorised, all walkers at once
    assert values.shape == (16,)
    assert values.tolist() == pytest.approx([float(called(walker)) for walker in walkers], rel=1e-12)
    kept = []
    for step in range(1500):  # the stretch moves of Goodman and Weare (2010), as in emcee
        for own, others in ((slice(8), slice(8, None)), (slice(8, None), slice(8))):
            stretch = (1 + rng.uniform(size=8)) ** 2 / 2
            partners = walkers[others][rng.integers(8, size=8)]
            moved = partners + stretch[:, None] * (walkers[own] - partners)
            proposed = called(moved)
            accepted = np.log(rng.uniform(size=8)) < np.log(stretch) + proposed - values[own]
            walkers[own] = np.where(accepted[:, None], moved, walkers[own])
            values[own] = np.where(accepted, proposed, values[own])
        if step > 300:
            kept.append(walkers.copy())
    chain = np.concatenate(kept)
    assert_allclose(chain.mean(axis=0), [y.mean(), y.std()], atol=0.1)

    gradient = log_density.grad
    x, momentum = np.array([3.0, 2.0]), np.array([0.3, -0.2])  # a leapfrog step, as in Hamiltonian Monte Carlo
    start = log_density(x, y) - momentum @ momentum / 2
    for _ in range(20):
        momentum = momentum + 0.01 / 2 * gradient(x, y).p
        x = x + 0.01 * momentum
        momentum = momentum + 0.01 / 2 * gradient(x, y).p
    assert log_density(x, y) - momentum @ momentum / 2 == pytest.approx(start, abs=1e-3)
