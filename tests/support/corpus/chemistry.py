"""Chemistry: kinetics, equations of state, solutions, electrochemistry, statistical thermodynamics."""

from corpus import Formula

FORMULAS = (
    Formula(
        "arrhenius",
        "A*exp(-E_a/(8.314462618*T))",
        {"A": (1e10, 1e13), "E_a": (4e4, 1e5), "T": (280.0, 800.0)},
    ),
    Formula(
        "eyring",
        """
        R = 8.314462618
        kappa*1.380649e-23*T/6.62607015e-34*exp(DS/R)*exp(-DH/(R*T))
        """,
        {"kappa": (0.5, 1.0), "T": (280.0, 500.0), "DH": (4e4, 9e4), "DS": (-100.0, 50.0)},
    ),
    Formula(
        "van_der_waals",
        "n*0.08314462618*T/(V - n*b) - a*n^2/V^2",
        {"n": (0.5, 2.0), "T": (250.0, 400.0), "V": (1.0, 20.0), "a": (1.0, 5.0), "b": (0.02, 0.06)},
    ),
    Formula(
        "redlich_kwong",
        """
        a = 0.42748*R^2*T_c^2.5/P_c
        b = 0.08664*R*T_c/P_c
        R*T/(V - b) - a/(sqrt(T)*V*(V + b))
        """,
        {"R": (8.3, 8.32), "T": (300.0, 500.0), "V": (1e-3, 1e-2), "T_c": (150.0, 300.0), "P_c": (3e6, 7e6)},
    ),
    Formula(
        "peng_robinson",
        """
        R = 8.314462618
        kappa = 0.37464 + 1.54226*omega - 0.26992*omega^2
        alpha = (1 + kappa*(1 - sqrt(T/T_c)))^2
        a = 0.45724*R^2*T_c^2/P_c*alpha
        b = 0.0778*R*T_c/P_c
        R*T/(V - b) - a/(V^2 + 2*b*V - b^2)
        """,
        {"T": (300.0, 500.0), "V": (1e-3, 1e-2), "T_c": (150.0, 300.0), "P_c": (3e6, 7e6), "omega": (0.01, 0.4)},
    ),
    Formula(
        "virial_pressure",
        "R*T*rho*(1 + B*rho + C*rho^2)",
        {"R": (8.3, 8.32), "T": (250.0, 400.0), "rho": (10.0, 200.0), "B": (-2e-4, -1e-5), "C": (1e-9, 5e-9)},
    ),
    Formula(
        "nernst",
        "E_0 - 8.314462618*T/(n*96485.33212)*ln(a_red/a_ox)",
        {"E_0": (0.3, 1.2), "T": (280.0, 350.0), "n": (1.0, 2.0), "a_red": (0.01, 1.0), "a_ox": (0.01, 1.0)},
    ),
    Formula(
        "butler_volmer",
        """
        f = 96485.33212/(8.314462618*T)
        j_0*(exp(alpha*n*f*eta) - exp(-(1 - alpha)*n*f*eta))
        """,
        {"j_0": (1e-4, 1e-2), "alpha": (0.3, 0.7), "n": (1.0, 2.0), "eta": (0.02, 0.2), "T": (290.0, 350.0)},
    ),
    Formula("tafel", "b*log10(i/i_0)", {"b": (0.03, 0.12), "i": (1e-3, 1e-1), "i_0": (1e-7, 1e-5)}),
    Formula(
        "debye_huckel_extended",
        "10**(-A*z^2*sqrt(I)/(1 + B*a*sqrt(I)))",
        {"A": (0.5, 0.52), "z": (1.0, 3.0), "I": (0.001, 0.1), "B": (0.32, 0.34), "a": (3.0, 9.0)},
    ),
    Formula(
        "davies_log_activity",
        "s = sqrt(I); -A*z^2*(s/(1 + s) - 0.3*I)",
        {"A": (0.5, 0.52), "z": (1.0, 3.0), "I": (0.01, 0.5)},
    ),
    Formula("henderson_hasselbalch", "pKa + log10(A/HA)", {"pKa": (3.0, 10.0), "A": (0.01, 1.0), "HA": (0.01, 1.0)}),
    Formula(
        "weak_acid_ph",
        """
        K = 10**(-pKa)
        H = 2*K*C/(K + sqrt(K^2 + 4*K*C))   # the quadratic formula without cancellation
        -log10(H)
        """,
        {"pKa": (3.0, 6.0), "C": (0.001, 1.0)},
    ),
    Formula("langmuir", "q*K*p/(1 + K*p)", {"q": (1.0, 5.0), "K": (0.1, 3.0), "p": (0.1, 10.0)}),
    Formula("freundlich", "K*p**(1/n)", {"K": (0.5, 5.0), "p": (0.1, 10.0), "n": (1.2, 5.0)}),
    Formula(
        "bet_isotherm",
        "v_m*c*x/((1 - x)*(1 + (c - 1)*x))",
        {"v_m": (1.0, 5.0), "c": (20.0, 150.0), "x": (0.05, 0.4)},
    ),
    Formula(
        "antoine",
        "10^(A - B/(C + T))",
        {"A": (7.5, 8.5), "B": (1500.0, 1800.0), "C": (220.0, 240.0), "T": (10.0, 100.0)},
    ),
    Formula(
        "clausius_clapeyron",
        "p_1*exp(-DH/8.314462618*(1/T_2 - 1/T_1))",
        {"p_1": (1e3, 1e5), "DH": (3e4, 5e4), "T_1": (290.0, 320.0), "T_2": (330.0, 380.0)},
    ),
    Formula(
        "regular_solution_mixing",
        "8.314462618*T*(x*ln(x) + (1 - x)*ln(1 - x)) + Omega*x*(1 - x)",
        {"x": (0.1, 0.9), "T": (300.0, 400.0), "Omega": (500.0, 4000.0)},
    ),
    Formula(
        "flory_huggins",
        "phi/N*ln(phi) + (1 - phi)*ln(1 - phi) + chi*phi*(1 - phi)",
        {"phi": (0.05, 0.95), "N": (10.0, 1000.0), "chi": (-0.5, 0.1)},
    ),
    Formula(
        "margules_pressure",
        """
        y = 1 - x
        gamma_1 = exp(y^2*(A + 2*(B - A)*x))
        gamma_2 = exp(x^2*(B + 2*(A - B)*y))
        x*gamma_1*P_1 + y*gamma_2*P_2
        """,
        {"x": (0.1, 0.9), "A": (0.2, 1.0), "B": (0.2, 1.0), "P_1": (20.0, 80.0), "P_2": (20.0, 80.0)},
    ),
    Formula(
        "wilson_ln_gamma",
        """
        s = x + L12*(1 - x)
        t = (1 - x) + L21*x
        -ln(s) + (1 - x)*(L12/s - L21/t)
        """,
        {"x": (0.1, 0.6), "L12": (0.1, 0.3), "L21": (0.5, 0.9)},
    ),
    Formula(
        "nrtl_excess_gibbs",
        """
        y = 1 - x
        G12 = exp(-alpha*tau12)
        G21 = exp(-alpha*tau21)
        x*y*(tau21*G21/(x + y*G21) + tau12*G12/(y + x*G12))
        """,
        {"x": (0.1, 0.9), "tau12": (0.3, 2.0), "tau21": (0.3, 2.0), "alpha": (0.2, 0.47)},
    ),
    Formula(
        "marcus_rate",
        """
        kT = 8.617333262e-5*T
        2*pi/6.582119569e-16*V^2/sqrt(4*pi*lambda*kT)*exp(-(lambda + DG)^2/(4*lambda*kT))
        """,
        {"V": (1e-3, 1e-2), "lambda": (0.5, 1.2), "DG": (-0.5, -0.1), "T": (280.0, 320.0)},
    ),
    Formula(
        "consecutive_reactions",
        "A_0*k_1/(k_2 - k_1)*(exp(-k_1*t) - exp(-k_2*t))",
        {"A_0": (0.5, 2.0), "k_1": (0.1, 0.5), "k_2": (1.0, 3.0), "t": (0.2, 5.0)},
    ),
    Formula(
        "second_order_kinetics",
        "r = B/A*exp((B - A)*k*t); (B - A)/(r - 1)",
        {"A": (0.5, 1.0), "B": (1.5, 3.0), "k": (0.2, 1.0), "t": (0.5, 2.0)},
    ),
    Formula(
        "troe_falloff",
        """
        Pr = k_0*M/k_inf
        F = log10(F_cent)
        c = -0.4 - 0.67*F
        n = 0.75 - 1.27*F
        w = (log10(Pr) + c)/(n - 0.14*(log10(Pr) + c))
        k_inf*Pr/(1 + Pr)*10^(F/(1 + w^2))
        """,
        {"k_0": (0.1, 5.0), "k_inf": (1.0, 10.0), "M": (0.5, 5.0), "F_cent": (0.3, 0.8)},
    ),
    Formula(
        "einstein_heat_capacity",
        "u = theta/T; 3*8.314462618*u^2*exp(u)/(exp(u) - 1)^2",
        {"theta": (100.0, 1300.0), "T": (100.0, 600.0)},
    ),
    Formula(
        "harmonic_vibration_free_energy",
        """
        beta = 1/(0.6950348*T)   # wavenumbers
        nu/2 + ln(1 - exp(-beta*nu))/beta
        """,
        {"nu": (200.0, 3000.0), "T": (200.0, 1000.0)},
    ),
    Formula(
        "sackur_tetrode",
        "N*(ln(V/N*(m*U/(3*pi*N))^1.5) + 2.5)",
        {"N": (1.0, 3.0), "V": (50.0, 200.0), "m": (5.0, 20.0), "U": (5.0, 20.0)},
    ),
    Formula(
        "buckingham_potential",
        "A*exp(-B*r) - C/r^6",
        {"A": (1000.0, 2000.0), "B": (2.5, 3.5), "C": (10.0, 100.0), "r": (2.0, 4.0)},
    ),
    Formula(
        "shomate_enthalpy",
        """
        t = T/1000
        A*t + B*t^2/2 + C*t^3/3 + D*t^4/4 - E/t + F
        """,
        {
            "T": (300.0, 1200.0),
            "A": (25.0, 35.0),
            "B": (5.0, 10.0),
            "C": (3.0, 7.0),
            "D": (-4.0, -1.0),
            "E": (0.05, 0.2),
            "F": (-300.0, -200.0),
        },
    ),
    Formula(
        "karplus",
        "A*cos(phi)^2 + B*cos(phi) + C",
        {"A": (7.0, 10.0), "B": (-2.0, -1.0), "C": (1.0, 4.0), "phi": (-3.0, 3.0)},
    ),
    Formula(
        "van_t_hoff",
        "K_1*exp(DH/8.314462618*(1/T_1 - 1/T_2))",
        {"K_1": (0.5, 5.0), "DH": (-5e4, -1e4), "T_1": (290.0, 300.0), "T_2": (310.0, 350.0)},
    ),
    Formula(
        "stokes_einstein", "1.380649e-23*T/(6*pi*eta*r)", {"T": (280.0, 350.0), "eta": (5e-4, 2e-3), "r": (1e-9, 1e-7)}
    ),
    Formula(
        "absorbance_with_stray_light",
        "-log10((10^(-epsilon*c*l) + s)/(1 + s))",
        {"epsilon": (100.0, 1000.0), "c": (1e-4, 1e-3), "l": (0.5, 2.0), "s": (1e-3, 1e-2)},
    ),
)
