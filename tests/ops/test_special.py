"""Special functions: values, derivatives, edges, and what they are in other targets."""

import math
import re
import runpy
from functools import partial

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from reference import MPMATH

import symdiff
from symdiff.ops.table import BASIC, FORMULAS, FUNCTIONS, PRIMITIVES, Formula
from symdiff.ops.table.fields import SPECIAL, call, fields, methods, readable, slopes
from symdiff.ops.table.special.densities import DENSITIES

special = pytest.importorskip("scipy.special")

ENTRIES = [p for p in PRIMITIVES.values() if p.name not in BASIC and p.sample and not p.internal]
# SciPy itself is off by more than 1e-12
ROUGH = {"hyperu": 1e-9}


def written(entry, point):
    """Return a call with numbers for constant orders, and the names and values of the other arguments."""
    given = [
        f"{int(v)}" if k < entry.orders else n for k, (n, v) in enumerate(zip(entry.parameters, point, strict=True))
    ]
    return f"{entry.name}({', '.join(given)})", list(entry.parameters[entry.orders :]), list(point[entry.orders :])


def center(entry):
    return [round(0.6 * low + 0.4 * high, 3) for low, high in entry.sample]


def moved(exact, point, k, value):
    return exact(*point[:k], value, *point[k + 1 :])


def known(entry):
    """Return the names of the arguments by which there is a derivative."""
    return [n for n, rule in zip(entry.parameters, entry.partials, strict=True) if rule not in ("", "0")]


def test_values_and_derivatives():
    with mpmath.workdps(25):
        for entry in ENTRIES:
            point = center(entry)
            text, names, given = written(entry, point)
            rel = ROUGH.get(entry.name, 1e-11)
            exact = MPMATH[entry.name]
            f = symdiff.compile(text, args=names, wrt=known(entry) or names)
            want = float(exact(*map(mpf, point)))
            assert f(*given) == pytest.approx(want, rel=rel), text
            assert f(*[np.full(2, v) for v in given])[1] == f(*given)
            if not known(entry):
                continue
            wanted = []
            for name in f.wrt:
                k = entry.parameters.index(name)
                along = partial(moved, exact, point, k)
                wanted.append(float(mpmath.diff(along, mpf(point[k]), h=mpf(1e-9))))
            assert tuple(f.grad(*given)) == pytest.approx(wanted, rel=1e-9), text
            assert [f.diff(name)(*given) for name in f.wrt] == pytest.approx(wanted, rel=1e-9), text


def test_second_derivatives():
    for entry in ENTRIES:
        by = known(entry)
        if not by:
            continue
        text, names, given = written(entry, center(entry))
        f = symdiff.compile(text, args=names, wrt=by)
        hessian = np.asarray(f.hessian(*given))
        np.testing.assert_allclose(hessian, hessian.T, rtol=1e-9, atol=1e-13, err_msg=text)
        for k, name in enumerate(by):
            i = names.index(name)
            h = 1e-4 * max(1.0, abs(given[i]))
            low, high = (np.array(f.grad(*given[:i], given[i] + s, *given[i + 1 :])) for s in (-h, h))
            np.testing.assert_allclose(hessian[k], (high - low) / (2 * h), rtol=2e-5, atol=2e-6, err_msg=text)


def test_edges():
    for entry in ENTRIES:
        for point, partials in entry.kinks:
            text, names, given = written(entry, point)
            for k, (name, want) in enumerate(zip(entry.parameters, partials, strict=True)):
                if want is None or k < entry.orders:
                    continue
                f = symdiff.compile(text, args=names, wrt=[name])
                with np.errstate(all="ignore"):
                    found = [f.grad(*given)[0], f.diff(name)(*given), f.grad(*[np.full(2, v) for v in given])[0][1]]
                assert found == pytest.approx([want] * 3, rel=1e-12), (text, point, name)


def test_tails():
    for text, x, want in [
        ("dawsn(x)", 200.0, -1.2500468779299439e-05),
        ("i0e(x)", 1e3, -6.310198962627115e-06),
        ("k0e(x)", 1e3, -1.9809212205993365e-05),
        ("voigt_profile(x, 1, 0.5)", 30.0, -1.1861854256649071e-05),
        ("betaln(a, 1)", 1e12, -1e-12),
        ("erfcinv(x)", 1e-200, -2.336653418050882e198),
        ("expn(3, x)", 700.0, -1.4045180121540397e-307),
        ("wrightomega(x)", -700.0, 9.859676543759771e-305),
    ]:
        assert symdiff.compile(text).grad(x)[0] == pytest.approx(want, rel=1e-12, abs=0.0), text


def test_a_source_carries_its_methods():
    for text, point in [
        ("betainc(a, b, x)", (1.5, 2.5, 0.3)),
        ("lambertw(x)*zeta(y)", (0.4, 2.5)),
        ("voigt_profile(x, s, g)", (0.3, 0.8, 0.5)),
        ("ellipkinc(p, m)*beta(p, m)", (2.0, 0.4)),
        ("kve(v, x)", (0.3, 50.0)),
    ]:
        f = symdiff.compile(text).grad
        scope = {"np": np}
        exec(f.source, scope)
        assert scope["grad"](*map(np.float64, point)) == tuple(f(*point)), text
        assert all(found[1] == one for found, one in zip(f(*[np.full(2, v) for v in point]), f(*point), strict=True))


def test_an_exported_module_has_its_methods(tmp_path):
    f = symdiff.compile("betainc(a, b, x)*lambertw(x)")
    f.export(tmp_path / "made.py")
    made = runpy.run_path(str(tmp_path / "made.py"))
    assert made["grad"](1.2, 2.0, 0.3) == tuple(f.grad(1.2, 2.0, 0.3))


def test_binomial_coefficients_that_are_zero():
    def exact(n, k):
        return mpmath.gamma(n + 1) * mpmath.rgamma(k + 1) * mpmath.rgamma(n - k + 1)

    f = symdiff.compile("binom(n, k)")
    for point in ((3.0, 5.0), (-2.5, 1.5), (5.0, -2.0), (0.5, -3.0), (200.0, 201.0)):
        with mpmath.workdps(50):
            first, second = (
                [float(mpmath.diff(exact, tuple(map(mpf, point)), by)) for by in orders]
                for orders in (((1, 0), (0, 1)), ((2, 0), (1, 1), (0, 2)))
            )
        assert tuple(f.grad(*point)) == pytest.approx(first, rel=1e-11, abs=1e-30)
        assert f.hessian(*point)[np.triu_indices(2)] == pytest.approx(second, rel=1e-11, abs=1e-30)


def test_functions_with_several_values():
    f = symdiff.compile("s, c = sici(x); s*c")
    assert f(1.3) == math.prod(special.sici(1.3))
    assert symdiff.compile("airy(x)")(0.5) == pytest.approx(special.airy(0.5))
    with pytest.raises(symdiff.SymdiffError, match="fresnel has 2 values here"):
        symdiff.compile("fresnel(x) + 1")


def test_complex_arguments():
    z = 0.7 + 0.4j
    for entry in ENTRIES:
        if not entry.holomorphic:
            continue
        point = center(entry)
        given = [f"{v:g}" for v in point[:-1]] if entry.name != "lambertw" else []
        f = symdiff.compile(f"{entry.name}({', '.join([*given, 'z'])})")
        slope = (f(z + 1e-5) - f(z - 1e-5)) / 2e-5
        assert f.grad(z)[0] == pytest.approx(slope, rel=1e-7), entry.name
    with pytest.raises(TypeError, match="'jv' is defined for complex arguments only where v is a real number"):
        symdiff.compile("jv(v, x)")(0.5, z)


def test_a_text_may_have_these_names_for_other_things():
    assert symdiff.compile("beta(x) = x^2; beta(zeta)*k1").args == ("zeta", "k1")
    assert symdiff.compile("beta*x + i0").args == ("beta", "x", "i0")


def test_what_is_not_known_is_refused():
    with pytest.raises(symdiff.SymdiffError, match="derivative of hyperu by its argument a is not known"):
        symdiff.compile("hyperu(a, 1, x)").grad(1.0, 2.0)
    f = symdiff.compile("hyperu(a, 1, x)", wrt=["x"])
    assert f.grad(1.0, 2.0)[0] < 0
    assert f.trace(1.0, 2.0).gradient == f.grad(1.0, 2.0)
    with pytest.raises(symdiff.ParseError, match=r"in order, as normal_lpdf\(x, mu, sigma\)"):
        symdiff.compile("normal_lpdf(x, mu=0, sigma=1)")
    with pytest.raises(ValueError, match="the target C has no jv"):
        symdiff.compile("jv(2, x)").source_for("c")
    with pytest.raises(ValueError, match="the target C has no j0"):  # no function of C99
        symdiff.compile("j0(x)").source_for("c")
    with pytest.raises(ValueError, match="the target JavaScript has no j0"):
        symdiff.compile("j0(x)").source_for("javascript")


def test_every_entry_says_what_a_reader_needs():
    for entries in fields(SPECIAL).values():
        for entry in entries:
            assert entry.domain or entry.name in FORMULAS, entry.name
            assert call(entry).startswith(entry.name)
            if entry.name in FUNCTIONS:
                text, names, _ = written(entry, center(entry))
                assert symdiff.compile(text, args=names).latex


def test_readers_meet_no_name_without_explanation():
    for entries in fields().values():
        for entry in entries:
            if isinstance(entry, Formula):
                texts, explained = [entry.text] if isinstance(entry.text, str) else entry.text, ""
            else:
                texts, explained = [text for _, text in slopes(entry)], dict(methods(entry))
            for text in map(readable, texts):
                for name in re.findall(r"\b([a-z]\w*)\(", text):
                    operation = PRIMITIVES.get(name)
                    assert not (operation and operation.internal) or call(operation) in explained, (entry.name, name)
    assert readable("where(special(x == 0), 1, -away(special(x == 0), x + 1)*log(held(x)))") == "-(x + 1)*log(x)"
    assert readable("y/gamma_power(a - 1, c, x)") == "y/(x^(a - 1)*exp(-x - c))"


# Densities


def test_densities_and_their_logarithms():
    stats = pytest.importorskip("scipy.stats")
    same = {
        "normal": stats.norm,
        "lognormal": lambda m, s: stats.lognorm(s, scale=math.exp(m)),
        "student_t": stats.t,
        "gamma": lambda a, b: stats.gamma(a, scale=1 / b),
        "beta": stats.beta,
        "exponential": lambda b: stats.expon(scale=1 / b),
        "weibull": lambda a, s: stats.weibull_min(a, scale=s),
        "cauchy": stats.cauchy,
        "laplace": stats.laplace,
        "logistic": stats.logistic,
        "von_mises": lambda m, k: stats.vonmises(k, m),
        "poisson": stats.poisson,
        "binomial": stats.binom,
        "neg_binomial": lambda a, b: stats.nbinom(a, b / (1 + b)),
        "neg_binomial_2": lambda m, p: stats.nbinom(p, p / (p + m)),
    }
    parameters = {
        "beta": (2.5, 1.5),
        "binomial": (9.0, 0.3),
        "student_t": (4.5, 0.4, 1.3),
        "exponential": (1.7,),
        "poisson": (2.5,),
    }
    for density in DENSITIES:
        rest = parameters.get(density.name, (0.8, 1.3))
        kind = "pmf" if density.counts else "pdf"
        log, plain = (
            symdiff.compile(f"{density.name}_{k}({', '.join(density.arguments.split())})") for k in (f"l{kind}", kind)
        )
        for x in (0.4, 0.9, -3.0, 30.0) if kind == "pdf" else (0.0, 3.0, -1.0, 40.0, 2.5):
            of = same[density.name](*rest)
            if density.name != "von_mises" or abs(x) < 3:
                want = float(getattr(of, f"log{kind}")(x))
                assert log(x, *rest) == pytest.approx(want, rel=1e-12, abs=1e-13), (density.name, x)
                assert plain(x, *rest) == pytest.approx(math.exp(want), rel=1e-12), (density.name, x)
            slopes = log.grad(x, *rest)
            assert all(map(math.isfinite, slopes)), (density.name, x)
            if not math.isfinite(log(x, *rest)):
                assert not any(slopes)
                assert not any(plain.grad(x, *rest))
            else:
                for k, slope in enumerate(
                    slopes[1:] if density.name != "binomial" else slopes[2:], -len(rest) + (density.name == "binomial")
                ):
                    given = [x, *rest]
                    low, high = (
                        [*given[: len(given) + k], given[k] + h, *given[len(given) + k + 1 :]] for h in (-1e-5, 1e-5)
                    )
                    assert slope == pytest.approx((log(*high) - log(*low)) / 2e-5, rel=1e-6, abs=1e-7), (
                        density.name,
                        x,
                        k,
                    )


def test_von_mises_density_without_concentration():
    for kappa in (0.0, 1e-9):
        f = symdiff.compile("von_mises_lpdf(x, 0, kappa)", wrt=["kappa"])
        assert f.grad(2.0, kappa)[0] == pytest.approx(math.cos(2.0), rel=1e-8)


def test_tails_of_densities():
    for text, want in [
        ("normal_lpdf(1e3, 0, 1)", -500000.9189385332),
        ("cauchy_lpdf(1e200, 0, 1)", -922.1787670834677),
        ("logistic_lpdf(-1e3, 0, 1)", -1000.0),
        ("student_t_lpdf(0.5, 1e8, 0, 1)", -1.0439385367984227),
        ("von_mises_lpdf(0.1, 0, 1e6)", -4989.845905353457),
        ("student_t_lpdf(1e200, 3, 0, 1)", -1840.8717386675238),
        ("neg_binomial_2_lpmf(10, 3, 1e15)", -7.118289686394399),
        ("neg_binomial_lpmf(3, 1e8, 1e8)", -2.791759464228055),
        ("binomial_lpmf(3, 1e6, 1e-5)", -4.884027190431753),
        ("gamma_lpdf(0, 1, 3)", math.log(3)),
        ("beta_lpdf(0, 1, 3)", math.log(3)),
        ("poisson_lpmf(0, 0)", 0.0),
        ("binomial_lpmf(4, 4, 1)", 0.0),
    ]:
        assert symdiff.compile(text)() == pytest.approx(want, rel=1e-12, abs=1e-12), text
    for text in ("normal_pdf(0, 0, -1)", "poisson_pmf(1, -1)", "von_mises_pdf(0, 0, -1)", "binomial_pmf(1, 2, 1.5)"):
        assert math.isnan(symdiff.compile(text)())


# Python functions


def traced(x, y):
    s, c = special.sici(x)
    bessel = special.jv(0.5, x) * special.k1(y)
    return s * c + bessel + special.lambertw(x, -0.0).real + special.zeta(x + 1.0, y) + special.eval_legendre(3, x)


def test_python_functions_that_call_scipy():
    f = symdiff.compile(traced)
    assert f(1.3, 2.2) == pytest.approx(traced(1.3, 2.2), rel=1e-14)
    assert f.grad(1.3, 2.2).y == pytest.approx((traced(1.3, 2.2 + 1e-5) - traced(1.3, 2.2 - 1e-5)) / 2e-5, rel=1e-8)
