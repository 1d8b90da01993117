"""Biology: enzymes, populations, epidemics, nerves, genetics, pharmacology, plants."""

from corpus import Formula

FORMULAS = (
    Formula("michaelis_menten", "V*S/(K + S)", {"V": (1.0, 10.0), "S": (0.1, 20.0), "K": (0.5, 5.0)}),
    Formula(
        "competitive_inhibition",
        "V*S/(K_m*(1 + I/K_i) + S)",
        {"V": (1.0, 10.0), "S": (0.1, 20.0), "K_m": (0.5, 5.0), "I": (0.1, 5.0), "K_i": (0.1, 2.0)},
    ),
    Formula(
        "haldane_substrate_inhibition",
        "mu*S/(K_s + S + S^2/K_i)",
        {"mu": (0.3, 1.0), "S": (0.1, 20.0), "K_s": (0.5, 5.0), "K_i": (2.0, 10.0)},
    ),
    Formula("hill", "V*x^n/(K^n + x^n)", {"V": (0.5, 2.0), "x": (0.1, 5.0), "K": (0.5, 2.0), "n": (1.0, 4.0)}),
    Formula(
        "monod_wyman_changeux",
        "(alpha*(1 + alpha)^3 + L*c*alpha*(1 + c*alpha)^3)/((1 + alpha)^4 + L*(1 + c*alpha)^4)",
        {"alpha": (0.5, 20.0), "L": (100.0, 5000.0), "c": (0.001, 0.05)},
    ),
    Formula(
        "tight_binding_morrison",
        """
        s = E + I + K
        v*(1 - (s - sqrt(s^2 - 4*E*I))/(2*E))
        """,
        {"v": (0.5, 2.0), "E": (1.0, 3.0), "I": (0.5, 3.0), "K": (0.2, 2.0)},
    ),
    Formula(
        "logistic_growth",
        "K/(1 + (K - N_0)/N_0*exp(-r*t))",
        {"K": (50.0, 200.0), "N_0": (1.0, 10.0), "r": (0.1, 1.0), "t": (0.5, 20.0)},
    ),
    Formula(
        "gompertz_growth", "a*exp(-b*exp(-c*t))", {"a": (1.0, 10.0), "b": (1.0, 5.0), "c": (0.1, 1.0), "t": (0.5, 10.0)}
    ),
    Formula(
        "von_bertalanffy",
        "a*(L*(1 - exp(-K*(t - t_0))))^b",
        {"a": (0.01, 0.02), "b": (2.8, 3.2), "L": (30.0, 100.0), "K": (0.1, 0.5), "t": (1.0, 15.0), "t_0": (-1.0, 0.0)},
    ),
    Formula(
        "richards_growth",
        "A + (K - A)/(C + Q*exp(-B*t))^(1/nu)",
        {
            "A": (0.1, 1.0),
            "K": (5.0, 10.0),
            "B": (0.5, 2.0),
            "nu": (0.5, 2.0),
            "Q": (0.5, 2.0),
            "C": (0.9, 1.1),
            "t": (0.0, 4.0),
        },
    ),
    Formula(
        "lotka_volterra_invariant",
        "delta*x - gamma*ln(x) + beta*y - alpha*ln(y)",
        {
            "x": (0.5, 5.0),
            "y": (0.5, 5.0),
            "alpha": (0.5, 1.5),
            "beta": (0.2, 1.0),
            "gamma": (0.5, 1.5),
            "delta": (0.2, 1.0),
        },
    ),
    Formula("holling_type_3", "a*N^2/(1 + a*h*N^2)", {"a": (0.1, 2.0), "h": (0.1, 1.0), "N": (0.2, 10.0)}),
    Formula(
        "beddington_deangelis",
        "a*N*P/(1 + a*h*N + c*(P - 1))",
        {"a": (0.1, 2.0), "N": (0.5, 10.0), "P": (1.0, 5.0), "h": (0.1, 1.0), "c": (0.1, 1.0)},
    ),
    Formula(
        "allee_growth",
        "r*N*(N/A - 1)*(1 - N/K)",
        {"r": (0.1, 1.0), "N": (20.0, 80.0), "A": (5.0, 15.0), "K": (100.0, 200.0)},
    ),
    Formula("ricker_recruitment", "S*exp(a*(1 - S/K))", {"S": (1.0, 50.0), "a": (0.5, 3.0), "K": (20.0, 60.0)}),
    Formula(
        "sir_incidence",
        "I = N - S - R; beta*S*I/N - gamma*I",
        {"N": (1000.0, 1200.0), "S": (300.0, 700.0), "R": (50.0, 200.0), "beta": (0.5, 1.0), "gamma": (0.05, 0.1)},
    ),
    Formula("final_size_residual", "1 - z - exp(-R_0*z)", {"z": (0.05, 0.95), "R_0": (1.2, 5.0)}),
    Formula(
        "hodgkin_huxley_alpha_n",
        "0.01*(10 - V)/(exp((10 - V)/10) - 1)",
        {"V": (15.0, 100.0)},
    ),
    Formula(
        "hodgkin_huxley_current",
        "120*m^3*h*(V - 50) + 36*n^4*(V + 77) + 0.3*(V + 54.387)",
        {"V": (-70.0, 30.0), "m": (0.05, 0.95), "h": (0.05, 0.95), "n": (0.05, 0.95)},
    ),
    Formula(
        "goldman_hodgkin_katz",
        """
        inside = P_K*K_in + P_Na*Na_in + P_Cl*Cl_out
        outside = P_K*K_out + P_Na*Na_out + P_Cl*Cl_in
        8.314462618*T/96485.33212*log(outside/inside)
        """,
        {
            "T": (290.0, 310.0),
            "P_K": (0.9, 1.1),
            "P_Na": (0.02, 0.1),
            "P_Cl": (0.3, 0.5),
            "K_in": (130.0, 150.0),
            "K_out": (3.0, 6.0),
            "Na_in": (5.0, 15.0),
            "Na_out": (140.0, 150.0),
            "Cl_in": (4.0, 12.0),
            "Cl_out": (100.0, 120.0),
        },
    ),
    Formula(
        "ghk_flux",
        "u = z*F*V/(R*T); P*z*F*u*(c_i - c_o*exp(-u))/(1 - exp(-u))",
        {
            "P": (0.5, 2.0),
            "z": (1.0, 2.0),
            "F": (96.0, 97.0),
            "V": (0.02, 0.08),
            "R": (0.00831, 0.00832),
            "T": (290.0, 310.0),
            "c_i": (100.0, 150.0),
            "c_o": (3.0, 10.0),
        },
    ),
    Formula(
        "morris_lecar_calcium",
        "m = 0.5*(1 + tanh((V - V_1)/V_2)); g*m*(V - V_Ca)",
        {"V": (-60.0, 40.0), "V_1": (-3.0, 3.0), "V_2": (15.0, 20.0), "g": (3.0, 6.0), "V_Ca": (110.0, 130.0)},
    ),
    Formula(
        "fitzhugh_nagumo",
        "v - v^3/3 - w + I",
        {"v": (-2.0, 2.0), "w": (-1.0, 1.0), "I": (0.1, 0.9)},
    ),
    Formula(
        "bateman_oral_dose",
        "F*D*k_a/(V*(k_a - k_e))*(exp(-k_e*t) - exp(-k_a*t))",
        {
            "F": (0.3, 1.0),
            "D": (50.0, 500.0),
            "V": (10.0, 50.0),
            "k_a": (1.0, 3.0),
            "k_e": (0.1, 0.5),
            "t": (0.5, 12.0),
        },
    ),
    Formula(
        "two_compartment_bolus",
        """
        s = k10 + k12 + k21
        d = sqrt(s^2 - 4*k10*k21)
        alpha = (s + d)/2
        beta = (s - d)/2
        D/V*((alpha - k21)/(alpha - beta)*exp(-alpha*t) + (k21 - beta)/(alpha - beta)*exp(-beta*t))
        """,
        {
            "D": (50.0, 100.0),
            "V": (5.0, 20.0),
            "k10": (0.1, 0.5),
            "k12": (0.3, 1.0),
            "k21": (0.2, 0.8),
            "t": (0.2, 8.0),
        },
    ),
    Formula("jukes_cantor", "-3/4*ln(1 - 4/3*p)", {"p": (0.02, 0.6)}),
    Formula(
        "kimura_two_parameter",
        "-0.5*log((1 - 2*P - Q)*sqrt(1 - 2*Q))",
        {"P": (0.05, 0.2), "Q": (0.02, 0.2)},
    ),
    Formula("haldane_map", "0.5*(1 - exp(-2*d))", {"d": (0.05, 2.0)}),
    Formula("kosambi_map", "0.5*tanh(2*d)", {"d": (0.05, 1.0)}),
    Formula(
        "selection_next_frequency",
        """
        q = 1 - p
        mean = p^2*w11 + 2*p*q*w12 + q^2*w22
        (p^2*w11 + p*q*w12)/mean
        """,
        {"p": (0.1, 0.9), "w11": (0.8, 1.2), "w12": (0.8, 1.2), "w22": (0.5, 1.0)},
    ),
    Formula(
        "kimura_fixation_probability",
        "(1 - exp(-2*s))/(1 - exp(-4*N*s))",
        {"s": (0.005, 0.1), "N": (20.0, 200.0)},
    ),
    Formula(
        "light_response_non_rectangular",
        """
        b = phi*I + A_max
        (b - sqrt(b^2 - 4*theta*phi*I*A_max))/(2*theta) - R_d
        """,
        {"I": (50.0, 2000.0), "phi": (0.03, 0.07), "A_max": (10.0, 40.0), "theta": (0.5, 0.9), "R_d": (0.5, 2.0)},
    ),
    Formula(
        "farquhar_assimilation",
        """
        A_c = V_cmax*(C - Gs)/(C + K_c*(1 + O/K_o))
        A_j = J/4*(C - Gs)/(C + 2*Gs)
        min(A_c, A_j) - R_d
        """,
        {
            "C": (100.0, 200.0),
            "V_cmax": (40.0, 60.0),
            "J": (150.0, 200.0),
            "Gs": (35.0, 45.0),
            "K_c": (380.0, 420.0),
            "K_o": (270.0, 290.0),
            "O": (205.0, 215.0),
            "R_d": (0.5, 1.5),
        },
    ),
    Formula("q10_rate", "k*Q10^((T - 25)/10)", {"k": (0.5, 2.0), "Q10": (1.5, 3.0), "T": (5.0, 40.0)}),
    Formula(
        "briere_thermal_performance",
        "where((T > T_0) & (T < T_m), a*T*(T - T_0)*sqrt(T_m - T), 0)",
        {"a": (1e-4, 3e-4), "T": (15.0, 30.0), "T_0": (5.0, 10.0), "T_m": (35.0, 40.0)},
    ),
    Formula(
        "ckd_epi_2021_female",
        "142*min(S/0.7, 1)^(-0.241)*max(S/0.7, 1)^(-1.2)*0.9938^A*1.012",
        {"S": (0.8, 3.0), "A": (20.0, 80.0)},
    ),
    Formula("du_bois_surface", "0.007184*W^0.425*H^0.725", {"W": (40.0, 120.0), "H": (140.0, 200.0)}),
    Formula("kleiber", "70*M**0.75", {"M": (0.02, 500.0)}),
)
