"""Probability densities, log-densities and log-probabilities."""

from corpus import Formula

FORMULAS = (
    Formula(
        "normal_density",
        "exp(-((x - mu)/sigma)^2/2)/(sigma*sqrt(2*pi))",
        {"x": (-3.0, 3.0), "mu": (-1.0, 1.0), "sigma": (0.5, 2.0)},
    ),
    Formula(
        "normal_log_density",
        "-0.5*ln(2*pi) - ln(sigma) - 0.5*((x - mu)/sigma)**2",
        {"x": (-3.0, 3.0), "mu": (-1.0, 1.0), "sigma": (0.5, 2.0)},
    ),
    Formula(
        "lognormal_density",
        "exp(-(ln(x) - mu)^2/(2*sigma^2))/(x*sigma*sqrt(2*pi))",
        {"x": (0.2, 5.0), "mu": (-1.0, 1.0), "sigma": (0.3, 1.5)},
    ),
    Formula(
        "student_t_log_density",
        """
        z = (x - mu)/sigma
        c = lgamma((nu + 1)/2) - lgamma(nu/2) - 0.5*log(nu*pi) - log(sigma)
        c - (nu + 1)/2*log1p(z^2/nu)
        """,
        {"x": (-4.0, 4.0), "mu": (-1.0, 1.0), "sigma": (0.5, 2.0), "nu": (1.5, 20.0)},
    ),
    Formula("cauchy_density", "1/(pi*s*(1 + ((x - m)/s)^2))", {"x": (-5.0, 5.0), "m": (-1.0, 1.0), "s": (0.5, 2.0)}),
    Formula("laplace_log_density", "-ln(2*b) - abs(x - mu)/b", {"x": (1.0, 4.0), "mu": (-1.0, 0.5), "b": (0.3, 2.0)}),
    Formula(
        "logistic_density",
        "e = exp(-(x - mu)/s); e/(s*(1 + e)^2)",
        {"x": (-4.0, 4.0), "mu": (-1.0, 1.0), "s": (0.5, 2.0)},
    ),
    Formula(
        "gumbel_log_density",
        "z = (x - mu)/beta; -z - exp(-z) - ln(beta)",
        {"x": (-2.0, 5.0), "mu": (-1.0, 1.0), "beta": (0.5, 2.0)},
    ),
    Formula(
        "weibull_density",
        "k/lambda*(x/lambda)^(k - 1)*exp(-(x/lambda)^k)",
        {"x": (0.2, 3.0), "k": (0.5, 4.0), "lambda": (0.5, 2.0)},
    ),
    Formula(
        "frechet_log_density",
        "ln(alpha/s) - (1 + alpha)*ln(x/s) - (x/s)^(-alpha)",
        {"x": (0.5, 5.0), "alpha": (0.8, 4.0), "s": (0.5, 2.0)},
    ),
    Formula(
        "gamma_density",
        "b^a/gamma(a)*x^(a - 1)*exp(-b*x)",
        {"x": (0.2, 5.0), "a": (0.8, 5.0), "b": (0.5, 2.0)},
    ),
    Formula(
        "gamma_log_density",
        "alpha*ln(beta) - lgamma(alpha) + (alpha - 1)*ln(x) - beta*x",
        {"x": (0.2, 5.0), "alpha": (0.8, 8.0), "beta": (0.5, 2.0)},
    ),
    Formula(
        "beta_density",
        "gamma(alpha + beta)/(gamma(alpha)*gamma(beta))*x^(alpha - 1)*(1 - x)^(beta - 1)",
        {"x": (0.1, 0.9), "alpha": (0.6, 5.0), "beta": (0.6, 5.0)},
    ),
    Formula(
        "beta_log_density",
        "gammaln(a + b) - gammaln(a) - gammaln(b) + (a - 1)*log(x) + (b - 1)*log1p(-x)",
        {"x": (0.1, 0.9), "a": (0.6, 20.0), "b": (0.6, 20.0)},
    ),
    Formula(
        "beta_entropy",
        """
        lnB = lgamma(a) + lgamma(b) - lgamma(a + b)
        lnB - (a - 1)*digamma(a) - (b - 1)*digamma(b) + (a + b - 2)*digamma(a + b)
        """,
        {"a": (1.5, 6.0), "b": (1.5, 6.0)},
    ),
    Formula(
        "chi_squared_density",
        "x^(k/2 - 1)*exp(-x/2)/(2^(k/2)*gamma(k/2))",
        {"x": (0.5, 15.0), "k": (1.0, 10.0)},
    ),
    Formula(
        "f_log_density",
        """
        lnB = lgamma(d1/2) + lgamma(d2/2) - lgamma((d1 + d2)/2)
        d1/2*ln(d1/d2) + (d1/2 - 1)*ln(x) - (d1 + d2)/2*ln(1 + d1*x/d2) - lnB
        """,
        {"x": (0.2, 5.0), "d1": (2.0, 15.0), "d2": (2.0, 15.0)},
    ),
    Formula(
        "inverse_gamma_log_density",
        "a*log(b) - loggamma(a) - (a + 1)*log(x) - b/x",
        {"x": (0.2, 5.0), "a": (0.8, 6.0), "b": (0.5, 4.0)},
    ),
    Formula(
        "inverse_gaussian_density",
        "sqrt(lambda/(2*pi*x^3))*exp(-lambda*(x - mu)^2/(2*mu^2*x))",
        {"x": (0.2, 4.0), "mu": (0.5, 2.0), "lambda": (0.5, 3.0)},
    ),
    Formula("pareto_density", "where(x >= m, a*m^a/x^(a + 1), 0)", {"x": (2.1, 8.0), "m": (0.5, 2.0), "a": (0.8, 4.0)}),
    Formula("exponential_density", "lambda*exp(-lambda*x)", {"x": (0.1, 5.0), "lambda": (0.3, 3.0)}),
    Formula("rayleigh_density", "x/s^2*exp(-x^2/(2*s^2))", {"x": (0.2, 4.0), "s": (0.5, 2.0)}),
    Formula(
        "maxwell_boltzmann_speed",
        """
        k = 1.380649e-23
        4*pi*(m/(2*pi*k*T))^1.5*v^2*exp(-m*v^2/(2*k*T))
        """,
        {"v": (100.0, 1200.0), "m": (2e-26, 6e-26), "T": (200.0, 500.0)},
    ),
    Formula(
        "nakagami_density",
        "2*m^m/(gamma(m)*Omega^m)*x^(2*m - 1)*exp(-m*x^2/Omega)",
        {"x": (0.2, 2.0), "m": (0.6, 4.0), "Omega": (0.5, 2.0)},
    ),
    Formula(
        "kumaraswamy_density",
        "a*b*x^(a - 1)*(1 - x^a)^(b - 1)",
        {"x": (0.1, 0.9), "a": (0.6, 4.0), "b": (0.6, 4.0)},
    ),
    Formula(
        "dirichlet_log_density",
        """
        z = 1 - x - y
        c = lgamma(a + b + g) - lgamma(a) - lgamma(b) - lgamma(g)
        c + (a - 1)*ln(x) + (b - 1)*ln(y) + (g - 1)*ln(z)
        """,
        {"x": (0.1, 0.45), "y": (0.1, 0.45), "a": (0.6, 5.0), "b": (0.6, 5.0), "g": (0.6, 5.0)},
    ),
    Formula(
        "bivariate_normal_density",
        """
        q = 1 - rho^2
        u = (x - m_x)/s_x
        v = (y - m_y)/s_y
        exp(-(u^2 - 2*rho*u*v + v^2)/(2*q))/(2*pi*s_x*s_y*sqrt(q))
        """,
        {
            "x": (-2.0, 2.0),
            "y": (-2.0, 2.0),
            "m_x": (-0.5, 0.5),
            "m_y": (-0.5, 0.5),
            "s_x": (0.7, 1.5),
            "s_y": (0.7, 1.5),
            "rho": (-0.7, 0.7),
        },
    ),
    Formula(
        "skew_normal_density",
        "z = (x - xi)/omega; exp(-z^2/2)/(omega*sqrt(2*pi))*(1 + erf(alpha*z/sqrt(2)))",
        {"x": (-1.0, 4.0), "xi": (-1.0, 1.0), "omega": (0.7, 2.0), "alpha": (-1.0, 3.0)},
    ),
    Formula(
        "ex_gaussian_density",
        "lambda/2*exp(lambda/2*(2*mu + lambda*sigma^2 - 2*x))*erfc((mu + lambda*sigma^2 - x)/(sqrt(2)*sigma))",
        {"x": (-1.0, 4.0), "mu": (-0.5, 0.5), "sigma": (0.5, 1.5), "lambda": (0.3, 2.0)},
    ),
    Formula(
        "levy_density",
        "sqrt(c/(2*pi))*exp(-c/(2*(x - mu)))/(x - mu)^1.5",
        {"x": (1.5, 6.0), "mu": (-1.0, 1.0), "c": (0.5, 3.0)},
    ),
    Formula("burr_density", "c*k*x^(c - 1)/(1 + x^c)^(k + 1)", {"x": (0.2, 4.0), "c": (0.7, 4.0), "k": (0.5, 3.0)}),
    Formula(
        "generalised_extreme_value_log_density",
        "t = 1 + xi*(x - mu)/sigma; -ln(sigma) - (1 + 1/xi)*ln(t) - t^(-1/xi)",
        {"x": (0.0, 5.0), "mu": (-0.5, 0.5), "sigma": (1.0, 2.0), "xi": (0.1, 0.5)},
    ),
    Formula(
        "generalised_pareto_density",
        "(1 + xi*x/sigma)^(-(1/xi + 1))/sigma",
        {"x": (0.2, 5.0), "xi": (0.1, 0.8), "sigma": (0.5, 2.0)},
    ),
    Formula(
        "poisson_log_probability", "k*ln(lambda) - lambda - lgamma(k + 1)", {"k": (0.0, 20.0), "lambda": (0.5, 15.0)}
    ),
    Formula(
        "negative_binomial_log_probability",
        "lgamma(k + r) - lgamma(k + 1) - lgamma(r) + r*ln(r/(r + mu)) + k*ln(mu/(r + mu))",
        {"k": (1.0, 20.0), "r": (0.5, 10.0), "mu": (0.5, 15.0)},
    ),
    Formula(
        "beta_binomial_log_probability",
        """
        choose = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
        top = lgamma(k + a) + lgamma(n - k + b) - lgamma(n + a + b)
        choose + top - (lgamma(a) + lgamma(b) - lgamma(a + b))
        """,
        {"k": (1.0, 5.0), "n": (6.0, 20.0), "a": (0.6, 5.0), "b": (0.6, 5.0)},
    ),
    Formula(
        "triangular_density",
        """
        Piecewise((0, x < a),
                  (2*(x - a)/((b - a)*(c - a)), x < c),
                  (2*(b - x)/((b - a)*(b - c)), x <= b),
                  (0, True))
        """,
        {"x": (1.3, 1.9), "a": (-1.0, 0.0), "c": (0.8, 1.2), "b": (2.0, 3.0)},
    ),
    Formula("hyperbolic_secant_density", "0.5/cosh(pi*x/2)", {"x": (-3.0, 3.0)}),
    Formula(
        "wrapped_cauchy_density",
        "sinh(gamma)/(2*pi*(cosh(gamma) - cos(theta - mu)))",
        {"theta": (-3.0, 3.0), "mu": (-1.0, 1.0), "gamma": (0.3, 2.0)},
    ),
    Formula("arcsine_density", "1/(pi*sqrt(x*(1 - x)))", {"x": (0.05, 0.95)}),
    Formula(
        "logit_normal_density",
        "exp(-(logit(x) - mu)^2/(2*s^2))/(s*sqrt(2*pi)*x*(1 - x))",
        {"x": (0.1, 0.9), "mu": (-1.0, 1.0), "s": (0.5, 2.0)},
    ),
    Formula(
        "normal_mixture_log_density",
        "logaddexp(ln(w) - (x - m1)^2/2, ln(1 - w) - (x - m2)^2/2) - 0.5*ln(2*pi)",
        {"x": (-4.0, 4.0), "w": (0.2, 0.8), "m1": (-3.0, -1.0), "m2": (1.0, 3.0)},
    ),
    Formula(
        "birnbaum_saunders_density",
        """
        a = sqrt(x/beta)
        b = sqrt(beta/x)
        (a + b)/(2*gamma*x)*exp(-((a - b)/gamma)^2/2)/sqrt(2*pi)
        """,
        {"x": (0.3, 4.0), "beta": (0.5, 2.0), "gamma": (0.4, 1.5)},
    ),
    Formula(
        "johnson_su_density",
        """
        z = (x - xi)/lambda
        delta/(lambda*sqrt(2*pi)*sqrt(1 + z^2))*exp(-(gamma + delta*asinh(z))^2/2)
        """,
        {"x": (-3.0, 3.0), "xi": (-0.5, 0.5), "lambda": (0.7, 2.0), "gamma": (-1.0, 1.0), "delta": (0.5, 2.0)},
    ),
    Formula(
        "von_mises_series_log_density",
        """
        t = (kappa/2)^2
        I_0 = 1 + t + t^2/4 + t^3/36 + t^4/576 + t^5/14400   # of the Bessel function
        kappa*cos(x - mu) - ln(2*pi*I_0)
        """,
        {"x": (-3.0, 3.0), "mu": (-1.0, 1.0), "kappa": (0.2, 1.5)},
    ),
)
