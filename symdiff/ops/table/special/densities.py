"""Densities of distributions and their logarithms, as formulas.

The parameters are those of the Stan Functions Reference, which is the source of the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

from symdiff.ops.table.entry import Formula

FIELD = "densities"


@dataclass(frozen=True, slots=True)
class Density:
    """A distribution.

    Attributes:
        name: Its name.
        arguments: The variable and the parameters.
        log: The logarithm of the density or of the probability of a count.
        support: The condition of the variable outside of which the density is 0. Empty: there is none.
        counts: The arguments that are whole numbers. Derivatives by them are 0.
        parameters: What the parameters are, in words.
        valid: A condition of the parameters that `log` does not turn into NaN. Empty: there is none.
        alias: Another name.
    """

    name: str
    arguments: str
    log: str
    parameters: str
    support: str = ""
    counts: str = ""
    valid: str = ""
    alias: str = ""

    def formulas(self) -> tuple[Formula, Formula]:
        """Return the logarithm of the density, and the density."""
        given = tuple(self.arguments.split())
        text = f"where({self.support}, {self.log}, -inf)" if self.support else self.log
        text = f"where({self.valid}, {text}, nan)" if self.valid else text
        kind = "pmf" if self.counts else "pdf"
        names = [name for name in (self.name, self.alias) if name]
        logs, plain = [f"{name}_l{kind}" for name in names], [f"{name}_{kind}" for name in names]
        return (
            Formula(logs[0], given, text, aliases=tuple(logs[1:]), domain=self.parameters),
            Formula(plain[0], given, f"exp({text})", aliases=tuple(plain[1:]), domain=self.parameters),
        )


_Z = "((x - mu)/sigma)"
_K = "held(k)"
_FEWER = "held(minimum(k, n - k))"
_WHOLE = "k >= 0 and k == floor(k)"

DENSITIES = (
    Density(
        "normal",
        "x mu sigma",
        f"-0.5*{_Z}^2 - log(sigma) - 0.5*log(2*pi)",
        "mean mu, standard deviation sigma > 0",
    ),
    Density(
        "lognormal",
        "x mu sigma",
        "-0.5*((log(x) - mu)/sigma)^2 - log(x) - log(sigma) - 0.5*log(2*pi)",
        "mean mu and standard deviation sigma > 0 of log(x)",
        support="x > 0",
    ),
    Density(
        "student_t",
        "x nu mu sigma",
        f"-(nu + 1)/2*where(abs({_Z}) < 1e100, log1p({_Z}^2/nu), 2*(log(abs(x - mu)) - log(sigma)) - log(nu)) - betaln(0.5, 0.5*nu) - 0.5*log(nu) - log(sigma)",
        "degrees of freedom nu > 0, location mu, scale sigma > 0",
    ),
    Density(
        "gamma",
        "x alpha beta",
        "xlogy(alpha - 1, x) - beta*x + alpha*log(beta) - lgamma(alpha)",
        "shape alpha > 0, rate beta > 0",
        support="x >= 0",
        valid="alpha > 0",
    ),
    Density(
        "beta",
        "x alpha beta",
        "xlogy(alpha - 1, x) + xlog1py(beta - 1, -x) - betaln(alpha, beta)",
        "shapes alpha > 0 and beta > 0",
        support="x >= 0 and x <= 1",
        valid="alpha > 0 and beta > 0",
    ),
    Density("exponential", "x beta", "log(beta) - beta*x", "rate beta > 0", support="x >= 0"),
    Density(
        "weibull",
        "x alpha sigma",
        "log(alpha) - log(sigma) + xlogy(alpha - 1, x/sigma) - (x/sigma)^alpha",
        "shape alpha > 0, scale sigma > 0",
        support="x >= 0",
    ),
    Density(
        "cauchy",
        "x mu sigma",
        "log(sigma) - log(pi) - 2*log(hypot(sigma, x - mu))",
        "location mu, scale sigma > 0",
    ),
    Density(
        "laplace",
        "x mu sigma",
        "-abs(x - mu)/sigma - log(2*sigma)",
        "location mu, scale sigma > 0",
        alias="double_exponential",
    ),
    Density(
        "logistic",
        "x mu sigma",
        f"-abs({_Z}) - 2*log1p(exp(-abs({_Z}))) - log(sigma)",
        "location mu, scale sigma > 0",
    ),
    Density(
        "von_mises",
        "x mu kappa",
        # i0e has a kink at 0, and i0 overflows
        "where(kappa < 1, kappa*cos(x - mu) - log(i0(kappa)), -2*kappa*sin(0.5*(x - mu))^2 - log(i0e(kappa))) - log(2*pi)",
        "location mu, concentration kappa >= 0; x on any interval of length 2*pi",
        valid="kappa >= 0",
    ),
    Density(
        "poisson",
        "k mu",
        f"xlogy({_K}, mu) - mu - lgamma({_K} + 1)",
        "rate mu >= 0",
        support=_WHOLE,
        counts="k",
        valid="mu >= 0",
    ),
    Density(
        "binomial",
        "k n theta",
        f"xlogy({_K}, theta) + xlog1py(held(n) - {_K}, -theta)"
        f" + lgamma_step(held(n) - {_FEWER} + 1, {_FEWER}) - lgamma({_FEWER} + 1)",
        "number of trials n, chance of success 0 <= theta <= 1",
        support=f"{_WHOLE} and k <= n",
        counts="k n",
        valid="theta >= 0 and theta <= 1",
    ),
    Density(
        "neg_binomial",
        "k alpha beta",
        f"lgamma_step(alpha, {_K}) - lgamma({_K} + 1) - alpha*log1p(1/beta) - {_K}*log1p(beta)",
        "shape alpha > 0, inverse scale beta > 0",
        support=_WHOLE,
        counts="k",
        valid="alpha > 0 and beta > 0",
    ),
    Density(
        "neg_binomial_2",
        "k mu phi",
        f"lgamma_step(phi, {_K}) - lgamma({_K} + 1) + xlogy({_K}, mu/(mu + phi)) - phi*log1p(mu/phi)",
        "mean mu >= 0, precision phi > 0",
        support=_WHOLE,
        counts="k",
        valid="mu >= 0 and phi > 0",
    ),
)

FORMULAS = tuple(formula for density in DENSITIES for formula in density.formulas())
