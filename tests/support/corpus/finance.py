"""Finance and economics: options, rates, portfolios, utility, loans."""

from corpus import Formula

FORMULAS = (
    Formula(
        "black_scholes_call",
        """
        d1 = (ln(S/K) + (r - q + sigma^2/2)*T)/(sigma*sqrt(T))
        d2 = d1 - sigma*sqrt(T)
        N1 = (1 + erf(d1/sqrt(2)))/2
        N2 = (1 + erf(d2/sqrt(2)))/2
        S*exp(-q*T)*N1 - K*exp(-r*T)*N2
        """,
        {
            "S": (80.0, 120.0),
            "K": (80.0, 120.0),
            "T": (0.2, 2.0),
            "r": (0.01, 0.06),
            "q": (0.0, 0.03),
            "sigma": (0.15, 0.5),
        },
    ),
    Formula(
        "black_scholes_put",
        """
        s = sigma*sqrt(T)
        d1 = log(S/K)/s + (r/sigma + sigma/2)*sqrt(T)
        K*exp(-r*T)*erfc((d1 - s)/sqrt(2))/2 - S*erfc(d1/sqrt(2))/2
        """,
        {"S": (80.0, 120.0), "K": (80.0, 120.0), "T": (0.2, 2.0), "r": (0.01, 0.06), "sigma": (0.15, 0.5)},
    ),
    Formula(
        "black_scholes_vega",
        """
        d1 = (ln(S/K) + (r + σ**2/2)*τ)/(σ*sqrt(τ))
        S*sqrt(τ)*exp(-d1**2/2)/sqrt(2*pi)
        """,
        {"S": (80.0, 120.0), "K": (80.0, 120.0), "r": (0.01, 0.06), "σ": (0.15, 0.5), "τ": (0.2, 2.0)},
    ),
    Formula(
        "digital_call",
        """
        d2 = (ln(S/K) + (r - sigma^2/2)*T)/(sigma*sqrt(T))
        exp(-r*T)*erfc(-d2/sqrt(2))/2
        """,
        {"S": (80.0, 120.0), "K": (80.0, 120.0), "T": (0.2, 2.0), "r": (0.01, 0.06), "sigma": (0.15, 0.5)},
    ),
    Formula(
        "black_76_caplet",
        """
        v = sigma*sqrt(T)
        d = ln(F/K)/v + v/2
        P*tau*(F*(1 + erf(d/sqrt(2))) - K*(1 + erf((d - v)/sqrt(2))))/2
        """,
        {
            "F": (0.02, 0.06),
            "K": (0.02, 0.06),
            "sigma": (0.15, 0.5),
            "T": (0.5, 5.0),
            "tau": (0.25, 0.5),
            "P": (0.8, 1.0),
        },
    ),
    Formula(
        "bachelier_call",
        """
        s = sigma*sqrt(T)
        d = (F - K)/s
        (F - K)*erfc(-d/sqrt(2))/2 + s*exp(-d^2/2)/sqrt(2*pi)
        """,
        {"F": (-0.01, 0.05), "K": (-0.01, 0.05), "sigma": (0.01, 0.03), "T": (0.5, 5.0)},
    ),
    Formula(
        "margrabe_exchange",
        """
        sigma = sqrt(s1^2 + s2^2 - 2*rho*s1*s2)
        d1 = (ln(S1/S2) + sigma^2*T/2)/(sigma*sqrt(T))
        d2 = d1 - sigma*sqrt(T)
        (S1*erfc(-d1/sqrt(2)) - S2*erfc(-d2/sqrt(2)))/2
        """,
        {
            "S1": (80.0, 120.0),
            "S2": (80.0, 120.0),
            "s1": (0.2, 0.5),
            "s2": (0.2, 0.5),
            "rho": (-0.6, 0.6),
            "T": (0.3, 2.0),
        },
    ),
    Formula(
        "perpetual_american_put",
        """
        beta = 2*r/sigma^2
        B = beta*K/(1 + beta)
        where(S > B, (K - B)*(S/B)**(-beta), K - S)
        """,
        {"S": (90.0, 120.0), "K": (80.0, 85.0), "r": (0.02, 0.06), "sigma": (0.2, 0.5)},
    ),
    Formula(
        "merton_distance_to_default",
        "(ln(V/D) + (mu - sigma^2/2)*T)/(sigma*sqrt(T))",
        {"V": (100.0, 150.0), "D": (40.0, 80.0), "mu": (0.02, 0.1), "sigma": (0.1, 0.4), "T": (0.5, 3.0)},
    ),
    Formula(
        "vasicek_bond",
        """
        B = (1 - exp(-a*T))/a
        A = exp((b - sigma^2/(2*a^2))*(B - T) - sigma^2/(4*a)*B^2)
        A*exp(-B*r)
        """,
        {"a": (0.1, 1.0), "b": (0.02, 0.06), "sigma": (0.005, 0.03), "T": (1.0, 20.0), "r": (0.01, 0.06)},
    ),
    Formula(
        "cox_ingersoll_ross_bond",
        """
        gamma = sqrt(kappa^2 + 2*sigma^2)
        d = (gamma + kappa)*(exp(gamma*T) - 1) + 2*gamma
        A = (2*gamma*exp((kappa + gamma)*T/2)/d)**(2*kappa*theta/sigma^2)
        B = 2*(exp(gamma*T) - 1)/d
        A*exp(-B*r)
        """,
        {"kappa": (0.2, 1.0), "theta": (0.02, 0.06), "sigma": (0.05, 0.15), "T": (1.0, 10.0), "r": (0.01, 0.06)},
    ),
    Formula(
        "nelson_siegel",
        """
        x = t/lambda
        beta0 + beta1*(1 - exp(-x))/x + beta2*((1 - exp(-x))/x - exp(-x))
        """,
        {"t": (0.5, 30.0), "beta0": (0.03, 0.06), "beta1": (-0.03, 0.01), "beta2": (-0.03, 0.03), "lambda": (0.7, 3.0)},
    ),
    Formula(
        "svi_total_variance",
        "a + b*(rho*(k - m) + sqrt((k - m)^2 + sigma^2))",
        {
            "k": (-1.0, 1.0),
            "a": (0.01, 0.05),
            "b": (0.05, 0.3),
            "rho": (-0.7, 0.3),
            "m": (-0.1, 0.1),
            "sigma": (0.05, 0.3),
        },
    ),
    Formula(
        "sabr_implied_volatility",
        """
        L = ln(F/K)
        g = (F*K)^((1 - beta)/2)
        z = nu/alpha*g*L
        x = ln((sqrt(1 - 2*rho*z + z^2) + z - rho)/(1 - rho))
        c = (1 - beta)^2
        low = g*(1 + c/24*L^2 + c^2/1920*L^4)
        h = c/24*alpha^2/g^2 + rho*beta*nu*alpha/(4*g) + (2 - 3*rho^2)/24*nu^2
        alpha/low*z/x*(1 + h*T)
        """,
        {
            "F": (0.04, 0.06),
            "K": (0.02, 0.035),
            "T": (1.0, 5.0),
            "alpha": (0.02, 0.06),
            "beta": (0.3, 0.7),
            "rho": (-0.5, -0.1),
            "nu": (0.2, 0.6),
        },
    ),
    Formula(
        "geometric_asian_call",
        """
        s = sigma/sqrt(3)
        b = (r - sigma^2/6)/2
        d1 = (log(S/K) + (b + s^2/2)*T)/(s*sqrt(T))
        d2 = d1 - s*sqrt(T)
        S*exp((b - r)*T)*erfc(-d1/sqrt(2))/2 - K*exp(-r*T)*erfc(-d2/sqrt(2))/2
        """,
        {"S": (90.0, 120.0), "K": (80.0, 110.0), "T": (0.5, 2.0), "r": (0.01, 0.06), "sigma": (0.2, 0.5)},
    ),
    Formula(
        "down_and_in_call",
        """
        lambda = r/sigma^2 + 0.5
        s = sigma*sqrt(T)
        y = ln(H^2/(S*K))/s + lambda*s
        S*(H/S)^(2*lambda)*(1 + erf(y/sqrt(2)))/2 - K*exp(-r*T)*(H/S)^(2*lambda - 2)*(1 + erf((y - s)/sqrt(2)))/2
        """,
        {
            "S": (95.0, 110.0),
            "K": (90.0, 105.0),
            "H": (82.0, 89.0),
            "T": (0.5, 2.0),
            "r": (0.01, 0.05),
            "sigma": (0.25, 0.5),
        },
    ),
    Formula(
        "compound_interest",
        "P*(1 + r/n)^(n*t)",
        {"P": (100.0, 1000.0), "r": (0.01, 0.1), "n": (1.0, 12.0), "t": (1.0, 30.0)},
    ),
    Formula(
        "mortgage_payment",
        "i = r/12; P*i*(1 + i)^n/((1 + i)^n - 1)",
        {"P": (1e5, 5e5), "r": (0.02, 0.08), "n": (120.0, 360.0)},
    ),
    Formula(
        "bond_price",
        "F*(1 + y)^(-n) + c*F*(1 - (1 + y)^(-n))/y",
        {"F": (100.0, 1000.0), "c": (0.01, 0.08), "y": (0.02, 0.09), "n": (2.0, 30.0)},
    ),
    Formula("gordon_growth", "D*(1 + g)/(k - g)", {"D": (1.0, 5.0), "g": (0.01, 0.04), "k": (0.06, 0.12)}),
    Formula("crra_utility", "(c^(1 - γ) - 1)/(1 - γ)", {"c": (0.5, 5.0), "γ": (1.5, 6.0)}),
    Formula("cara_utility", "-exp(-alpha*w)/alpha", {"alpha": (0.5, 3.0), "w": (0.1, 3.0)}),
    Formula(
        "cobb_douglas",
        "A*K^alpha*L^(1 - alpha)",
        {"A": (0.5, 2.0), "K": (1.0, 100.0), "L": (1.0, 100.0), "alpha": (0.2, 0.5)},
    ),
    Formula(
        "ces_production",
        "A*(a*K^rho + (1 - a)*L^rho)^(1/rho)",
        {"A": (0.5, 2.0), "a": (0.2, 0.8), "K": (1.0, 20.0), "L": (1.0, 20.0), "rho": (-2.0, -0.3)},
    ),
    Formula(
        "solow_steady_state",
        "(s/(n + g + delta))^(alpha/(1 - alpha))",
        {"s": (0.1, 0.4), "n": (0.005, 0.02), "g": (0.01, 0.03), "delta": (0.03, 0.08), "alpha": (0.25, 0.4)},
    ),
    Formula(
        "two_asset_sharpe_ratio",
        """
        mean = w*mu_1 + (1 - w)*mu_2 - r
        variance = w^2*s_1^2 + (1 - w)^2*s_2^2 + 2*w*(1 - w)*rho*s_1*s_2
        mean/sqrt(variance)
        """,
        {
            "w": (0.1, 0.9),
            "mu_1": (0.06, 0.12),
            "mu_2": (0.04, 0.1),
            "r": (0.01, 0.03),
            "s_1": (0.1, 0.3),
            "s_2": (0.1, 0.3),
            "rho": (-0.5, 0.8),
        },
    ),
    Formula(
        "kelly_log_growth", "p*ln(1 + b*f) + (1 - p)*ln(1 - f)", {"p": (0.5, 0.7), "b": (0.8, 2.0), "f": (0.05, 0.6)}
    ),
    Formula(
        "normal_expected_shortfall",
        "z = (q - mu)/sigma; mu + sigma*exp(-z^2/2)/sqrt(2*pi)/(0.5*erfc(z/sqrt(2)))",
        {"q": (0.5, 3.0), "mu": (-0.2, 0.2), "sigma": (0.8, 1.5)},
    ),
    Formula(
        "almgren_chriss_cost",
        """
        kappa = sqrt(lambda*sigma^2/eta)
        eta*X^2*tanh(kappa*tau/2)*(tau*sinh(2*kappa*T) + 2*T*sinh(kappa*tau))/(2*tau^2*sinh(kappa*T)^2)
        """,
        {
            "X": (0.5, 2.0),
            "T": (1.0, 3.0),
            "tau": (0.1, 0.5),
            "sigma": (0.5, 1.5),
            "eta": (0.5, 2.0),
            "lambda": (0.3, 1.0),
        },
    ),
    Formula(
        "progressive_tax",
        """
        Piecewise((0.1*x, x < 10000),
                  (1000 + 0.2*(x - 10000), x < 40000),
                  (7000 + t*(x - 40000), True))
        """,
        {"x": (42000.0, 90000.0), "t": (0.3, 0.5)},
    ),
    Formula(
        "call_spread_payoff",
        "exp(-r*T)*min(max(S - K1, 0), K2 - K1)",
        {"S": (101.0, 119.0), "K1": (90.0, 100.0), "K2": (120.0, 130.0), "r": (0.01, 0.05), "T": (0.2, 2.0)},
    ),
    Formula(
        "prospect_value",
        "x^alpha if x >= 0 else -lambda*(-x)^beta",
        {"x": (-5.0, -0.5), "alpha": (0.8, 0.95), "beta": (0.8, 0.95), "lambda": (1.5, 2.5)},
    ),
)
