"""Arguments that mean more than their numbers: units, labels, masks and the like are refused, or kept."""

import collections
import datetime as dt
import decimal
import fractions
import re
import sys

import mpmath
import numpy as np
import pytest
import sympy
from backends import leaves
from numpy.testing import assert_array_equal
from tables import each

import symdiff
from symdiff import ShapeError

pytestmark = [
    pytest.mark.usefixtures("backend"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),  # NumPy's, of matrices
]


# Stand-ins for what other packages have, of those that the tests do not need.


class Carrier(np.ndarray):
    """An array with a unit, as those of astropy and unyt are."""

    def __new__(cls, values, unit):
        made = np.asarray(values, float).view(cls)
        made.carried = unit
        return made

    def __array_finalize__(self, other):
        self.carried = getattr(other, "carried", None)


class Astropy(Carrier):
    unit = property(lambda self: self.carried)

    def to_value(self, unit):
        assert unit == self.carried
        return self.view(np.ndarray)


class Unyt(Carrier):
    units = property(lambda self: self.carried)
    to_value = Astropy.to_value


class Quantities(Carrier):
    """Of the package quantities: units are quantities, and the dimensionality has their name."""

    units = property(lambda self: f"1.0 {self.carried}")
    dimensionality = property(lambda self: self.carried)
    magnitude = property(lambda self: self.view(np.ndarray))

    def rescale(self, unit):
        assert unit == self.carried
        return self


class OpenMM:
    def __init__(self, value, unit):
        self._value, self.unit = value, unit

    def value_in_unit(self, unit):
        assert unit == self.unit
        return self._value

    def __float__(self):
        return float(self._value)


class Bare:
    """The least that says that numbers have a unit."""

    def __init__(self, value, units):
        self.value, self.units = value, units

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.value, dtype)


class Torch:
    """A tensor that requires grad."""

    requires_grad = True

    def __init__(self, value):
        self._value = np.asarray(value)

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")

    def detach(self):
        return self

    def numpy(self):
        return self._value


class Broken:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("this is on another device")


MEMBERS = ["value", "grad", "value_and_grad", "jvp", "vjp", "jacobian", "hessian", "hvp", "diff"]


def member(f, name):
    return f if name == "value" else f.diff("x") if name == "diff" else getattr(f, name)


def every(call):
    """All that takes arguments, of a formula of x and another."""
    f = symdiff.compile("a*x^2")
    for name in MEMBERS:
        g = member(f, name)
        yield (
            lambda x, g=g: (
                g(x, *[2.0] * (len(g.args) - 1)) if g.args[0] == "x" else g(2.0, x, *[2.0] * (len(g.args) - 2))
            )
        )
        yield lambda x, g=g: g(**{**dict.fromkeys(g.args, 2.0), "x": x})
    yield lambda x: f(2.0, x, out=np.empty(2))
    yield lambda x: f.trace(2.0, x)
    yield lambda x: f.check(2.0, x)
    yield lambda x: symdiff.propagate(f, [2.0, x], std={"x": 0.1})


UNITS = [
    (Astropy([1.0, 2.0], "s"), "x.to_value('s')"),
    (Astropy(2.0, "km / s"), "x.to_value('km / s')"),
    (Astropy(2.0, ""), "x.to_value('')"),
    (Unyt([1.0, 2.0], "(dimensionless)"), "x.to_value('dimensionless')"),
    (Quantities([1.0, 2.0], "m/s"), "x.rescale('m/s').magnitude"),
    (OpenMM(2.0, "nm"), "x.value_in_unit(x.unit)"),
    (Bare([1.0, 2.0], "K"), "x.value"),
]


@each(("quantity", "cure"), UNITS, ids=lambda v: v if isinstance(v, str) else "")
def test_quantities_are_refused_with_what_to_pass(quantity, cure):
    for call in every(quantity):
        with pytest.raises(
            TypeError, match=re.escape(f"; pass {cure.replace('(dimensionless)', 'dimensionless')}")
        ) as e:
            call(quantity)
        assert str(e.value).startswith("argument 'x' is a ")
        assert "in the unit" in str(e.value)
    f = symdiff.compile("sum(x)*a", args="x[n], a")
    with pytest.raises(TypeError, match="argument 'x' is a "):
        f(quantity, 1.0)
    with pytest.raises(TypeError, match=re.escape("argument 'x' is a list, and an element of it is a ")):
        f([quantity, quantity], 1.0)
    if "dimensionless" not in cure:
        assert_array_equal(eval(cure, {"x": quantity}), np.asarray(getattr(quantity, "_value", quantity)))


def test_quantities_of_pint():
    pint = pytest.importorskip("pint")
    unit = pint.UnitRegistry()
    for x in (unit.Quantity(2.0, "ms"), unit.Quantity(np.array([1.0, 2.0]), "m/s**2"), unit.Quantity(3, ""),
              unit.Quantity(20.0, "degC"), unit.Quantity([1.0, 2.0], "percent")):  # fmt: skip
        for call in every(x):
            with pytest.raises(TypeError, match=r"argument 'x' is a Quantity in the unit .*; pass x\.to\(") as e:
                call(x)
        cure = re.search(r"pass (x\.to\('.*'\)\.magnitude)", str(e.value))[1]
        assert_array_equal(eval(cure, {"x": x}), x.magnitude)
        with pytest.raises(TypeError, match=r"an element of it is a Quantity .*element\.to\("):
            symdiff.compile("x")([x, x])
    objects = np.array([unit.Quantity(2.0, "s"), None], object)
    with pytest.raises(TypeError, match="argument 'x' is of dtype object, and an element of it is a Quantity"):
        symdiff.compile("x")(objects)


def test_uncertain_numbers():
    uncertainties = pytest.importorskip("uncertainties")
    from uncertainties import unumpy

    x = uncertainties.ufloat(1.0, 0.1)
    for call in every(x):
        with pytest.raises(TypeError, match=r"argument 'x' is a number with an uncertainty; pass x\.nominal_value, or"):
            call(x)
    with pytest.raises(
        TypeError, match=r"an element of it is a number with an uncertainty; pass element\.nominal_value"
    ):
        symdiff.compile("x")(unumpy.uarray([1.0, 2.0], [0.1, 0.2]))


def test_tensors_that_require_grad():
    for x in (Torch(2.0), Torch([1.0, 2.0])):
        for call in every(x):
            with pytest.raises(
                TypeError, match=r"argument 'x' is a Torch that requires grad; pass x\.detach\(\)\.numpy\(\)"
            ):
                call(x)
        with pytest.raises(TypeError, match=r"is a list, and an element of it is a Torch that requires grad"):
            symdiff.compile("x")([x, 1.0])
    x.requires_grad = False
    with pytest.raises(TypeError, match=r"argument 'x' is not an array: Can't call numpy"):
        symdiff.compile("x")(x)
    with pytest.raises(TypeError, match=r"argument 'x' is not an array: this is on another device"):
        symdiff.compile("x")(Broken())


# What is no number: dtype and cure; None where there is no cure.
OTHERS = [
    (decimal.Decimal("1.5"), "is Decimal, of dtype object", "float(x)"),
    (fractions.Fraction(1, 2), "is Fraction, of dtype object", "float(x)"),
    (sympy.Rational(1, 3), "of dtype object", "float(x)"),
    (mpmath.mpf("0.1"), "is mpf, of dtype object", "float(x)"),
    (mpmath.mpc(1, 2), "is mpc, of dtype object", "complex(x)"),
    (sympy.Symbol("q"), "is Symbol, of dtype object", None),
    ([decimal.Decimal(1), 2.0], "is list, of dtype object with Decimal in it", "numpy.array(x, float)"),
    (np.array([1.5, 2], object), "is of dtype object", "x.astype(float)"),
    (np.array([fractions.Fraction(1, 2)]), "is of dtype object", "x.astype(float)"),
    (np.array([{}], object), "is of dtype object with dict in it", None),
    (None, "is NoneType, of dtype object", "numpy.nan for a number that is missing"),
    ([1.0, None], "is list, of dtype object with NoneType in it", "numpy.array(x, float)"),
    ("1.5", "is text ('1.5'), not a number, of dtype <U3", "float(x)"),
    (b"1.5", "of dtype |S3", "float(x)"),
    ("one", "is text ('one'), not a number, of dtype <U3", None),
    ("1+2j", "of dtype <U4", "complex(x)"),
    (["1", "2.5"], "of dtype <U3", "numpy.array(x, float)"),
    (np.array(["1", "2"]), "of dtype <U1", "x.astype(float)"),
    (np.array(["1", "x"]), "of dtype <U1", None),
    (np.array(["2020", "2021"], "M8[D]"), "of dtype datetime64[D]", "(x - x.min()) / numpy.timedelta64(1, 's')"),
    (np.datetime64("2020-01-01T00:00:01"), "of dtype datetime64[s]", "(x - numpy.datetime64('2000-01-01')) / numpy.timedelta64(1, 's')"),
    ([np.datetime64("2020-01-02")], "of dtype datetime64[D]", "(numpy.asarray(x) - numpy.asarray(x).min()) / numpy.timedelta64(1, 's')"),
    (np.array([1, 2], "m8[ms]"), "of dtype timedelta64[ms]", "x / numpy.timedelta64(1, 's')"),
    (dt.timedelta(seconds=3), "is timedelta, of dtype object", "x.total_seconds()"),
    (dt.date(2020, 1, 1), "is date, of dtype object", "seconds since a start, as (x - start).total_seconds()"),
    (np.zeros(2, [("a", "f8"), ("b", "f8")]), "of dtype [('a'", "a field of it, as x['a']"),
    (np.zeros(2, "V3"), "of dtype |V3", None),
    (np.float16(2), "of dtype float16", "x.astype(numpy.float32)"),
    (np.ones(2, np.longdouble), "of dtype ", "x.astype(float)"),
    (np.ones(2, np.clongdouble), "of dtype ", "x.astype(complex)"),
    (np.ma.array([1.0, 2.0], mask=[0, 1]), "is a masked array of float64", "x.filled(numpy.nan)"),
    (np.ma.array([1, 2]), "is a masked array of int", "x.astype(float).filled(numpy.nan)"),
    (np.ma.masked, "is a masked array of float64", "x.filled(numpy.nan)"),
    ([1.0, np.ma.masked], "an element of it is a masked array", "element.filled(numpy.nan)"),
    ([[1.0], [np.ma.array([1.0], mask=True)]], "an element of it is a masked array", "element.filled(numpy.nan)"),
    (np.ones((1, 2)).view(np.matrix), "is a matrix of float64", "numpy.asarray(x)"),
    ([[1.0], [1.0, 2.0]], "is not an array: it has lists of 1 and of 2 elements, which is dtype object", None),
    ([1.0, [2.0]], "is not an array: it has lists beside what is no list, which is dtype object", None),
    ([[1.0, 2.0], [[1.0], [2.0]]], "is not an array: it has lists beside what is no list, which is dtype object", None),
    ({"x": 1.0}, "is dict, of dtype object", "its values, as list(x.values()), or by name, as f(**x)"),
    ({1.0, 2.0}, "is set, of dtype object", "a list, as sorted(x)"),
    ({"a": 1.0}.values(), "is dict_values, of dtype object", "list(x)"),
    (map(float, "12"), "is map, of dtype object", "list(x)"),
    (len, "is builtin_function_or_method, of dtype object", "what it returns"),
    (object(), "is object, of dtype object", None),
]  # fmt: skip


@each(("x", "kind", "cure"), OTHERS, ids=[f"{k}-{o[1][:30]}" for k, o in enumerate(OTHERS)])
def test_what_is_no_number_is_a_type_error_with_dtype_and_cure(x, kind, cure):
    for call in every(x):
        with pytest.raises(TypeError) as e:
            call(x)
        said = str(e.value)
        assert said.startswith("argument 'x' is ")
        assert kind in said
        assert f"pass {cure}" in said if cure else ": pass" not in said
        assert len(said) < 300


@each(("x", "kind", "cure"), [o for o in OTHERS if o[2]], ids=lambda v: v if isinstance(v, str) else "")
def test_every_cure_gives_numbers(x, kind, cure):
    found = re.split(r", or | for a| of it, as |: ", cure)[0]
    found = cure.rpartition(", as ")[2] if ", as " in cure and "f(**x)" not in cure else found
    found = "list(x.values())" if "values()" in found else found
    if found == "what it returns" or found.startswith("element") or "start)" in found:
        return
    assert np.asarray(symdiff.compile("2*x")(eval(found, {"x": x, "numpy": np}))).dtype.kind in "fc"


def test_a_sparse_array_of_scipy():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match=r"is dia_array, of dtype object; .*: pass x\.toarray\(\)"):
        symdiff.compile("x")(sparse.eye_array(2))


def test_out_is_a_plain_array():
    f = symdiff.compile("a*x")
    x = np.ones(2)
    for out in (np.ma.array([1.0, 2.0], mask=[0, 1]), Astropy([0.0, 0.0], "s"), Unyt([0.0, 0.0], "s")):
        with pytest.raises(TypeError, match=f"out= for 'out' is {type(out).__name__}, not a plain array"):
            f(x, x, out=out)
        assert_array_equal(np.asarray(out), np.asarray(out))
    with pytest.raises(TypeError, match="out= for 'out' is list, not an array"):
        f(x, x, out=[0.0, 0.0])


def test_what_is_just_numbers_is_taken():
    import array

    f = symdiff.compile("2*x")
    for x in ([1.0, 2.0], (1, 2), range(1, 3), array.array("d", [1, 2]), memoryview(np.array([1.0, 2.0])),
              collections.deque([1.0, 2.0]), [np.float64(1), np.array(2.0)], np.array([1.0, 2.0]).view(np.recarray)):  # fmt: skip
        assert_array_equal(f(x), [2.0, 4.0])
    assert f([[1.0, 2.0], (3.0, 4.0)]).tolist() == [[2, 4], [6, 8]]
    tagged = np.array([1.0, 2.0]).view(type("Tagged", (np.ndarray,), {"unit": None}))  # as a column of astropy without
    assert_array_equal(f(tagged), [2.0, 4.0])


def test_uncertainties_of_arguments_are_plain_numbers_too():
    f = symdiff.compile("a*x")
    for std, said in [
        (np.ma.array(0.1), "is a masked array"),
        (Astropy(0.1, "s"), "in the unit 's'"),
        ([Astropy(0.1, "s"), 0.2], "standard deviation of 'a' .* in the unit 's'"),
        (Torch(0.1), "requires grad"),
    ]:
        with pytest.raises(TypeError, match=said):
            symdiff.propagate(f, [1.0, 2.0], std=std if isinstance(std, list) else {"x": std})
    with pytest.raises(TypeError, match="argument 'p' is a masked array"):
        f.pack("a x").unpack(np.ma.array([1.0, 2.0]))


# Labels


pd = pytest.importorskip("pandas")


@pytest.fixture
def s():
    return pd.Series([1.0, 2.0, 4.0], index=["p", "q", "r"])


def test_an_elementwise_function_returns_the_label_of_its_arguments(s, backend):
    f = symdiff.compile("a*x^2 + b", args="x, a, b")
    other = pd.Series([3.0, 5.0, 7.0], index=["p", "q", "r"])
    plain = s.to_numpy(), other.to_numpy()
    for name in MEMBERS:
        g = member(f, name)
        rest = [2.0] * (len(g.args) - 2)
        for args, numeric in [
            ((s, 2.0, *rest), (plain[0], 2.0, *rest)),
            ((s, other, *rest), (*plain, *rest)),
            ((2.0, other, *rest), (2.0, plain[1], *rest)),
            ((s, plain[1], *rest), (*plain, *rest)),
            ((s, list(plain[1]), *rest), (*plain, *rest)),
            ((s, np.float64(3), *rest), (plain[0], np.float64(3), *rest)),
            ((s, 3, *rest), (plain[0], 3, *rest)),
        ]:
            for _ in range(2):  # the second call takes a shorter way
                got, want = leaves(g(*args)), leaves(g(*numeric))
                assert len(got) == len(want)
                for one, number in zip(got, want, strict=True):
                    assert type(one) is (np.ndarray if name in ("jacobian", "hessian") else pd.Series)
                    assert_array_equal(np.asarray(one), number)
                    if isinstance(one, pd.Series):
                        assert one.index is s.index or one.index.equals(s.index)
        named = dict(zip(g.args, (s, other, *rest), strict=True))
        assert_array_equal(np.asarray(leaves(g(**named))[0]), leaves(g(*plain, *rest))[0])
    gradient = f.grad(s, other, 1.0)
    assert type(gradient).__name__ == "grad"
    assert gradient.x.to_dict() == {"p": 6.0, "q": 20.0, "r": 56.0}
    assert list(f.value_and_jacobian(s, other, 1.0).value.index) == ["p", "q", "r"]


def test_names_of_series_go_on_where_they_are_one():
    f = symdiff.compile("a*x")
    x, y = pd.Series([1.0, 2.0], name="x"), pd.Series([3.0, 4.0], name="y")
    assert f(x, x).name == "x"
    assert f(2.0, x).name == "x"
    assert f(x, y).name is None


def test_types_of_series():
    f = symdiff.compile("2*x")
    for dtype, made in [("int64", "float64"), ("bool", "float64"), ("float32", "float32"), ("complex128", "complex128"),
                        ("Int64", "float64"), ("Float64", "float64")]:  # fmt: skip
        assert str(f(pd.Series([1, 0], dtype=dtype)).dtype) == made
    missing = f(pd.Series([1.0, None], index=[3, 4]))
    assert missing.isna().tolist() == [False, True]
    for bad, said in [
        (pd.Series(["a", "b"]), "argument 'x' is Series, of dtype object|argument 'x' is text"),
        (pd.Series(["1", "2"]), r"pass x\.astype\(float\)"),
        (pd.Series([1, 2], dtype="category"), r"of dtype category, whose numbers are names; pass x\.astype\(float\)"),
        (
            pd.Series(pd.date_range("2020", periods=2)),
            r"of dtype datetime64.* pass \(x - x\.min\(\)\) / numpy\.timedelta64",
        ),
        (pd.Series(pd.to_timedelta([1, 2], "s")), r"of dtype timedelta64.* pass x / numpy\.timedelta64\(1, 's'\)"),
        (pd.Timestamp("2020"), r"is Timestamp, of dtype object"),
        (pd.Timedelta("1s"), r"pass x\.total_seconds\(\)"),
        (pd.NA, "is NAType, of dtype object.*numpy.nan for a number that is missing"),
        (pd.MultiIndex.from_tuples([(1, 2)]), "argument 'x' is MultiIndex"),
        ([pd.Series([1.0]), pd.Series([2.0])], "an element of it is a Series with labels; pass numpy.asarray"),
        (pd.DataFrame({"a": [1.0], "b": ["z"]}), "argument 'x' is DataFrame, of dtype object with str in it"),
    ]:
        with pytest.raises(TypeError, match=said):
            f(bad)
    times = pd.Series(pd.date_range("2020", periods=2, freq="D"), index=["u", "v"])
    assert f((times - times.min()) / np.timedelta64(1, "s")).to_dict() == {"u": 0.0, "v": 172800.0}
    assert isinstance(f(pd.Index([1.0, 2.0])), np.ndarray)
    assert isinstance(f(pd.array([1, 2])), np.ndarray)


@each(
    ("index", "how"),
    [
        (["q", "r", "p"], "the same labels in another order"),
        (["p", "q", "z"], "'r' and 'z' at position 2"),
        (["p", "q"], "3 labels and 2"),
        ([0, 1, 2], "'p' and 0 at position 0"),
    ],
)
def test_different_labels_are_an_error_that_says_how_to_align(s, index, how):
    other = pd.Series(np.arange(1.0, len(index) + 1), index=index)
    f = symdiff.compile("a*x", args="x, a")
    members = [member(f, name) for name in MEMBERS] + [f.trace, f.check]
    for g in members:
        rest = [1.0] * (len(getattr(g, "args", "xa")) - 2)
        with pytest.raises(ValueError, match=f"'x' and 'a' are labelled differently \\({how}\\)") as e:
            g(s, other, *rest)
        assert "x, a = x.align(a, join='inner'), or pass x.to_numpy() and a.to_numpy()" in str(e.value)
        assert isinstance(e.value, ShapeError)
    with pytest.raises(ValueError, match="labelled differently"):
        f(s, other, out=np.empty(3))
    with pytest.raises(ValueError, match="labelled differently"):
        symdiff.propagate(f, [s, 2.0], std={"a": other})
    x, a = s.align(other, join="inner")
    assert list(f(x, a).index) == list(x.index)
    if len(index) == 3:
        assert_array_equal(f(s.to_numpy(), other.to_numpy()), s.to_numpy() * other.to_numpy())


def test_labels_that_are_equal_in_another_way():
    f = symdiff.compile("a*x", args="x, a")
    x = pd.Series([1.0, 2.0], index=pd.RangeIndex(2))
    assert f(x, pd.Series([1.0, 2.0], index=pd.Index([0, 1]))).tolist() == [1.0, 4.0]
    twice = pd.Series([1.0, 2.0], index=["p", "p"])
    assert f(twice, twice).tolist() == [1.0, 4.0]
    times = pd.date_range("2020", periods=2)
    assert f(pd.Series([1.0, 2.0], index=times), pd.Series([1.0, 2.0], index=times.copy())).index.equals(times)
    two = pd.MultiIndex.from_product([["u"], [1, 2]])
    assert f(pd.Series([1.0, 2.0], index=two), 2.0).index.equals(two)
    assert f(pd.Series([], dtype=float), 2.0).index.size == 0


def test_arrays_of_another_shape_have_no_labels_to_go_by(s):
    f = symdiff.compile("a*x", args="x, a")
    for other in (np.ones((4, 1)), np.ones((2, 3)), np.ones((2, 1, 3))):
        with pytest.raises(
            ValueError, match=r"'x' has labels for the shape \(3,\), .* shape \(.*\): pass x\.to_numpy\(\)"
        ):
            f(s, other)
        assert f(s.to_numpy(), other).shape == np.broadcast_shapes((3,), other.shape)
    with pytest.raises(ValueError, match="do not broadcast"):
        f(s, np.ones(4))
    with pytest.raises(ValueError, match="has labels for the shape"):
        f(pd.Series([1.0]), np.ones(3))


def test_frames():
    f = symdiff.compile("a*x", args="x, a")
    frame = pd.DataFrame({"u": [1.0, 2.0], "v": [3.0, 4.0]}, index=["p", "q"])
    doubled = f(frame, 2.0)
    pd.testing.assert_frame_equal(doubled, frame * 2)
    pd.testing.assert_frame_equal(f(frame, frame), frame * frame)
    pd.testing.assert_frame_equal(f.grad(frame, frame).x, frame)
    pd.testing.assert_frame_equal(f(frame, frame.loc["p"]), frame * frame.loc["p"])  # along the columns, as pandas
    assert f(frame, np.array([1.0, 10.0])).loc["q"].tolist() == [2.0, 40.0]
    assert f(frame["u"], frame["v"]).to_dict() == {"p": 3.0, "q": 8.0}
    assert f(**frame.rename(columns={"u": "x", "v": "a"})).to_dict() == {"p": 3.0, "q": 8.0}
    with pytest.raises(TypeError, match=r"'a' missing; to pass columns by name, write \*\*values"):
        f(frame.rename(columns={"u": "x", "v": "a"}))
    with pytest.raises(ValueError, match=r"as in x, a = x\.align\(a, axis=1, join='inner'\)"):
        f(frame, frame["u"])
    with pytest.raises(ValueError, match=r"as in a, x = a\.align\(x, axis=1, join='inner'\)"):
        f(frame["u"], frame)
    with pytest.raises(ValueError, match="the same labels in another order"):
        f(frame, frame[["v", "u"]])
    with pytest.raises(ValueError, match="the same labels in another order"):
        f(frame, frame.loc[["q", "p"]])


def test_core_arguments_take_the_numbers_of_labelled_data(s):
    f = symdiff.compile("sum(x*y)*a", args="x[n], y[n], a")
    assert f(s, s, 2.0) == 42.0
    assert type(f(s, s, 2.0)) is np.float64
    assert type(f.grad(s, s, 2.0).x) is np.ndarray
    assert type(symdiff.compile("a*x", args="x[n], a")(s, 2.0)) is np.ndarray
    other = s[["q", "p", "r"]]
    with pytest.raises(ValueError, match=r"'x' and 'y' are labelled differently \(the same labels in another order\)"):
        f(s, other, 2.0)
    with pytest.raises(ValueError, match="labelled differently"):
        f.grad(s, other, 2.0)
    assert symdiff.compile("sum(x)*sum(y)", args="x[n], y[m]")(s, pd.Series([1.0], index=["w"])) == 7.0
    fixed = symdiff.compile("sum(x*y)", args="x[3], y[3]")
    assert fixed(s, s) == 21.0
    with pytest.raises(ValueError, match="labelled differently"):
        fixed(s, other)
    frame = pd.DataFrame(np.eye(3), index=s.index, columns=s.index)
    assert symdiff.compile("x @ A @ x", args="x[n], A[n,n]")(s, frame) == 21.0
    with pytest.raises(ValueError, match="'A' and 'x' are labelled differently"):
        symdiff.compile("x @ A @ x", args="x[n], A[n,n]")(s, frame[["q", "p", "r"]])
    with pytest.raises(ValueError, match="the rows and the columns of 'A' are labelled differently"):
        symdiff.compile("sum(A)", args="A[n,n]")(frame[["q", "p", "r"]])


def test_rows_of_a_frame_are_loop_dimensions_with_labels():
    f = symdiff.compile("sum(x)*a", args="x[n], a")
    frame = pd.DataFrame({"u": [1.0, 2.0], "v": [3.0, 4.0]}, index=["p", "q"])
    assert f(frame, 2.0).to_dict() == {"p": 8.0, "q": 12.0}
    assert f(frame, pd.Series([1.0, 2.0], index=["p", "q"])).to_dict() == {"p": 4.0, "q": 12.0}
    gradient = f.grad(frame, 2.0)
    assert type(gradient.x) is np.ndarray
    assert gradient.a.to_dict() == {"p": 4.0, "q": 6.0}
    with pytest.raises(ValueError, match="'x' and 'a' are labelled differently"):
        f(frame, pd.Series([1.0, 2.0], index=["q", "p"]))


def test_out_beside_labels(s):
    f = symdiff.compile("a*x", args="x, a")
    out = np.empty(3)
    assert f(s, 2.0, out=out) is out
    assert out.tolist() == [2.0, 4.0, 8.0]
    gradient = f.grad(s, 2.0, out=(out, None))
    assert gradient.x is out
    assert list(gradient.a.index) == ["p", "q", "r"]
    with pytest.raises(TypeError, match="out= for 'out' is Series, not an array"):
        f(s, 2.0, out=s)


def test_traces_and_checks_take_the_numbers_of_labelled_data(s):
    f = symdiff.compile("a*x^2", args="x, a")
    trace = f.trace(s, 2.0, tangent={"x": s}, cotangent=s)
    for step in trace:
        assert type(step.value) is type(step.tangent) is type(step.adjoint) is np.ndarray
    assert trace.gradient.x.tolist() == [4.0, 16.0, 64.0]
    assert str(trace).count("\n") == 26  # a line for each number, however the data are labelled
    assert f.check(s, 2.0).comparisons[0].points == 3
    assert type(symdiff.propagate(f, [s, 2.0], std={"x": 0.1}).value) is np.ndarray
    for seed, said in [
        (Astropy([1.0], "s"), "in the unit 's'"),
        ("1", "is text"),
        (np.ma.array(1.0), "is a masked array"),
    ]:
        with pytest.raises(TypeError, match=f"argument 'x_dot' (.* )?{said}"):
            f.trace(s, 2.0, tangent={"x": seed})


class Labelled:
    """A Series of a package that is not pandas."""

    index = (0, 1)

    def to_numpy(self):
        return np.array([1.0, 2.0])

    def __array__(self, dtype=None, copy=None):
        return self.to_numpy()


def test_labels_of_other_packages_are_refused():
    said = r"argument 'x' is a Labelled with labels that are not of pandas; pass x\.to_numpy\(\)"
    with pytest.raises(TypeError, match=said):
        symdiff.compile("2*x")(Labelled())


def test_large_series_keep_their_labels():
    f = symdiff.compile("sin(x)*a + exp(-x)")
    x = pd.Series(np.linspace(0, 1, 200_000), index=np.arange(200_000) * 2)
    got = f.value_and_grad(x, 2.0)
    assert got.value.index is x.index
    assert_array_equal(got.grad.a.to_numpy(), f.grad(x.to_numpy(), 2.0).a)


def test_pandas_is_not_imported_for_labels(monkeypatch):
    monkeypatch.delitem(sys.modules, "pandas")
    assert symdiff.compile("2*x")([1.0, 2.0]).tolist() == [2.0, 4.0]
    assert "pandas" not in sys.modules


# Dimensions that have names


def test_arrays_of_xarray_go_by_the_names_of_their_dimensions():
    xr = pytest.importorskip("xarray")
    f = symdiff.compile("a*x^2 + b", args="x, a, b")
    x = xr.DataArray(np.arange(6.0).reshape(2, 3), dims=("i", "j"), coords={"j": [10, 20, 30]}, attrs={"units": "m"})
    a = xr.DataArray([1.0, 2.0], dims="i")
    want = a * x**2 + 1.0
    xr.testing.assert_allclose(f(x, a, 1.0), want)
    xr.testing.assert_allclose(f(x.T, a, 1.0).transpose("i", "j"), want)
    assert f(x, a, 1.0).attrs == {}
    xr.testing.assert_allclose(f.grad(x, a, 1.0).a, x**2 + 0 * a)
    xr.testing.assert_allclose(f.value_and_grad(x, a, 1.0).grad.x, 2 * a * x)
    xr.testing.assert_allclose(f.diff("x")(x, a, b=1.0), 2 * a * x)
    assert type(f.value_and_grad(x, a, 1.0)).__name__ == "value_and_grad"
    assert float(f(xr.DataArray(2.0), 3.0, 1.0)) == 13.0
    both = f(xr.Dataset({"u": x, "v": 2 * x}), a, 1.0)
    xr.testing.assert_allclose(both["v"], a * (2 * x) ** 2 + 1.0)
    other = x.assign_coords(j=[10, 20, 31])
    with pytest.raises(ValueError, match=r"align them first, as in x, y = xarray\.align\(x, y, join='inner'\)"):
        f(x, other, 1.0)
    with pytest.raises(TypeError, match=r"'x' is of xarray and 'a' of pandas: pass a\.to_xarray\(\)"):
        f(x, pd.Series([1.0, 2.0]), 1.0)
    with pytest.raises(TypeError, match="out= takes arguments that are plain arrays"):
        f(x, a, 1.0, out=np.empty((2, 3)))
    with pytest.raises(TypeError, match=r"argument 'x' is a DataArray of xarray, .* pass x\.to_numpy\(\)"):
        f.check(x, 1.0, 1.0)


def test_other_axes_of_xarray_are_refused_with_the_line_to_write():
    xr = pytest.importorskip("xarray")
    x = xr.DataArray(np.arange(6.0).reshape(2, 3), dims=("i", "time"))
    y = xr.DataArray(np.arange(6.0).reshape(2, 3) + 1, dims=("i", "time"))
    a = xr.DataArray([1.0, 2.0], dims="i")
    f = symdiff.compile("sum(x*y)*a", args="x[n], y[n], a")
    g = symdiff.compile("a*x^2", args="x, a")
    vector = symdiff.compile("a*x - y", args="x[n], y[n], a")
    arrays = x.to_numpy(), y.to_numpy(), a.to_numpy()
    cases = [("f", function, (x, y, a), arrays) for function in (f, f.grad, f.diff("a"), f.jacobian, f.hvp)[:4]]
    cases += [("g", function, (x, a), (arrays[0], arrays[2][:, None])) for function in (g.jacobian, g.hessian)]
    cases += [("vector", vector, (x, y, a), arrays)]
    for name, function, given, plain in cases:
        with pytest.raises(TypeError, match=r"write xarray\.apply_ufunc\(") as e:
            function(*given)
        line = str(e.value).rpartition("write ")[2].replace("(f", f"({name}")
        own = {"f": f, "g": g, "vector": vector}
        made = eval(line, {"xarray": xr, **own, **dict(zip(function.args, given, strict=True))})
        for one, number in zip(made if isinstance(made, tuple) else (made,), leaves(function(*plain)), strict=True):
            assert_array_equal(one.to_numpy(), number)
            assert one.dims[0] == "i"
    with pytest.raises(TypeError, match=r"value_and_grad\(x\[n\], y\[n\], a\) has .*: pass x\.to_numpy\(\) for each"):
        f.value_and_grad(x, y, a)


def test_a_time_is_no_constant():
    for time in (np.timedelta64(5, "ns"), np.datetime64(5, "ns")):
        with pytest.raises(TypeError, match="constant 'g' is"):
            symdiff.compile("g*x", constants={"g": time})
