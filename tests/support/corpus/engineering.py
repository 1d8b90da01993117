"""Engineering: flow, heat, structures, circuits, control, gas dynamics, navigation."""

from corpus import Formula

FORMULAS = (
    Formula(
        "swamee_jain_friction",
        "0.25/log10(e/(3.7*D) + 5.74/Re^0.9)^2",
        {"e": (1e-5, 1e-3), "D": (0.05, 0.5), "Re": (5e3, 1e6)},
    ),
    Formula(
        "churchill_friction",
        """
        A = (2.457*ln(1/((7/Re)^0.9 + 0.27*k)))^16
        B = (37530/Re)^16
        8*((8/Re)^12 + 1/(A + B)^1.5)^(1/12)
        """,
        {"Re": (5e3, 1e5), "k": (1e-4, 1e-2)},
    ),
    Formula(
        "darcy_weisbach",
        "f*L/D*rho*v^2/2",
        {"f": (0.01, 0.05), "L": (10.0, 200.0), "D": (0.05, 0.5), "rho": (900.0, 1100.0), "v": (0.5, 4.0)},
    ),
    Formula(
        "manning_trapezoid",
        """
        A = (b + z*y)*y
        P = b + 2*y*sqrt(1 + z^2)
        A/n*(A/P)^(2/3)*sqrt(S)
        """,
        {"b": (1.0, 5.0), "y": (0.3, 2.0), "z": (0.5, 3.0), "n": (0.01, 0.04), "S": (1e-4, 1e-2)},
    ),
    Formula(
        "venturi_flow",
        "C*pi*d^2/4*sqrt(2*dp/(rho*(1 - (d/D)^4)))",
        {"C": (0.95, 0.99), "d": (0.03, 0.06), "D": (0.08, 0.15), "dp": (1e3, 1e4), "rho": (900.0, 1100.0)},
    ),
    Formula(
        "gnielinski_nusselt",
        """
        f = (0.79*ln(Re) - 1.64)^-2
        (f/8)*(Re - 1000)*Pr/(1 + 12.7*sqrt(f/8)*(Pr^(2/3) - 1))
        """,
        {"Re": (5e3, 1e6), "Pr": (0.7, 50.0)},
    ),
    Formula(
        "log_mean_temperature_difference",
        """
        d1 = T_hi - T_co
        d2 = T_ho - T_ci
        U*A*(d1 - d2)/ln(d1/d2)
        """,
        {
            "U": (100.0, 500.0),
            "A": (1.0, 10.0),
            "T_hi": (140.0, 160.0),
            "T_ho": (50.0, 60.0),
            "T_ci": (10.0, 30.0),
            "T_co": (60.0, 80.0),
        },
    ),
    Formula(
        "counterflow_effectiveness",
        "e = exp(-N*(1 - C)); (1 - e)/(1 - C*e)",
        {"N": (0.3, 5.0), "C": (0.1, 0.9)},
    ),
    Formula(
        "fin_heat_rate",
        "m = sqrt(h*P/(k*A)); sqrt(h*P*k*A)*theta*tanh(m*L)",
        {
            "h": (10.0, 100.0),
            "P": (0.05, 0.2),
            "k": (15.0, 400.0),
            "A": (1e-4, 1e-3),
            "L": (0.02, 0.2),
            "theta": (20.0, 100.0),
        },
    ),
    Formula(
        "semi_infinite_solid_convection",
        """
        s = sqrt(alpha*t)
        erfc(x/(2*s)) - exp(h*x/k + (h*s/k)^2)*erfc(x/(2*s) + h*s/k)
        """,
        {"x": (0.01, 0.1), "t": (500.0, 3000.0), "alpha": (5e-7, 2e-6), "h": (20.0, 100.0), "k": (1.0, 3.0)},
    ),
    Formula(
        "beam_point_load_deflection",
        """
        b = L - a
        y = P*b*x*(L^2 - b^2 - x^2)/(6*E*I*L)
        y + where(x > a, P*(x - a)^3/(6*E*I), 0)
        """,
        {"P": (1e3, 1e4), "L": (4.0, 6.0), "a": (1.0, 2.0), "x": (2.2, 3.8), "E": (2e11, 2.1e11), "I": (1e-6, 1e-5)},
    ),
    Formula(
        "column_critical_stress",
        """
        s = K*L/r
        s_1 = sqrt(2*pi^2*E/S_y)
        Piecewise((S_y*(1 - (s/s_1)^2/2), s < s_1), (pi^2*E/s^2, True))
        """,
        {"K": (0.5, 1.0), "L": (0.5, 1.5), "r": (0.03, 0.05), "E": (2e11, 2.1e11), "S_y": (2.5e8, 3.5e8)},
    ),
    Formula(
        "von_mises_stress",
        "sqrt(((s1 - s2)^2 + (s2 - s3)^2 + (s3 - s1)^2)/2)",
        {"s1": (100.0, 200.0), "s2": (10.0, 80.0), "s3": (-100.0, -10.0)},
    ),
    Formula(
        "principal_stress_angle",
        "0.5*arctan2(2*tau_xy, sigma_x - sigma_y)",
        {"sigma_x": (-50.0, 100.0), "sigma_y": (-50.0, 100.0), "tau_xy": (20.0, 80.0)},
    ),
    Formula(
        "lame_hoop_stress",
        "(p_i*r_i^2 - p_o*r_o^2)/(r_o^2 - r_i^2) + (p_i - p_o)*r_i^2*r_o^2/((r_o^2 - r_i^2)*r^2)",
        {"p_i": (10.0, 50.0), "p_o": (0.1, 5.0), "r_i": (0.1, 0.15), "r_o": (0.25, 0.4), "r": (0.16, 0.24)},
    ),
    Formula(
        "rlc_impedance",
        "omega = 2*pi*f; hypot(R, omega*L - 1/(omega*C))",
        {"R": (10.0, 100.0), "L": (1e-3, 1e-2), "C": (1e-6, 1e-5), "f": (100.0, 5000.0)},
    ),
    Formula(
        "second_order_step_response",
        """
        w_d = w*sqrt(1 - zeta^2)
        1 - exp(-zeta*w*t)*(cos(w_d*t) + zeta/sqrt(1 - zeta^2)*sin(w_d*t))
        """,
        {"w": (1.0, 5.0), "zeta": (0.1, 0.8), "t": (0.2, 3.0)},
    ),
    Formula(
        "bode_phase",
        "rad2deg(-arctan(w*T_1) - atan2(2*zeta*w/w_n, 1 - (w/w_n)^2))",
        {"w": (0.1, 20.0), "T_1": (0.1, 2.0), "zeta": (0.1, 1.0), "w_n": (1.0, 10.0)},
    ),
    Formula(
        "butterworth_decibels",
        "-10*log10(1 + (f/f_c)^(2*n))",
        {"f": (500.0, 3000.0), "f_c": (800.0, 1200.0), "n": (1.0, 5.0)},
    ),
    Formula(
        "shockley_diode",
        "I_s*(exp(V/(n*V_T)) - 1)",
        {"I_s": (1e-14, 1e-12), "V": (0.2, 0.7), "n": (1.0, 2.0), "V_T": (0.025, 0.027)},
    ),
    Formula(
        "mosfet_drain_current",
        """
        V_ov = V_gs - V_t
        Piecewise((0, V_ov <= 0),
                  (k*(V_ov - V_ds/2)*V_ds, V_ds < V_ov),
                  (k/2*V_ov^2*(1 + lambda*(V_ds - V_ov)), True))
        """,
        {"V_gs": (1.5, 2.5), "V_ds": (2.5, 5.0), "V_t": (0.5, 0.9), "k": (1e-4, 1e-3), "lambda": (0.01, 0.1)},
    ),
    Formula(
        "microstrip_impedance",
        """
        u = w/h
        e = (e_r + 1)/2 + (e_r - 1)/2*((1 + 12/u)^-0.5 + where(u < 1, 0.04*(1 - u)^2, 0))
        60/sqrt(e)*ln(8/u + u/4) if u < 1 else 120*pi/(sqrt(e)*(u + 1.393 + 0.667*ln(u + 1.444)))
        """,
        {"w": (0.2, 0.9), "h": (1.0, 1.6), "e_r": (2.0, 10.0)},
    ),
    Formula(
        "friis_path_loss",
        "20*log10(d) + 20*log10(f) + 20*log10(4*pi/299792458) - G_t - G_r",
        {"d": (10.0, 1e4), "f": (1e8, 5e9), "G_t": (0.0, 10.0), "G_r": (0.0, 10.0)},
    ),
    Formula("shannon_capacity", "B*log2(1 + S/(N_0*B))", {"B": (1e6, 2e7), "S": (1e-12, 1e-10), "N_0": (4e-21, 1e-20)}),
    Formula(
        "nozzle_mass_flux",
        "p/sqrt(T)*sqrt(gamma/R)*M*(1 + (gamma - 1)/2*M^2)^(-(gamma + 1)/(2*(gamma - 1)))",
        {"p": (1e5, 1e6), "T": (300.0, 1000.0), "gamma": (1.2, 1.6), "R": (280.0, 300.0), "M": (0.2, 3.0)},
    ),
    Formula(
        "prandtl_meyer",
        """
        g = sqrt((gamma + 1)/(gamma - 1))
        m = sqrt(M^2 - 1)
        g*atan(m/g) - atan(m)
        """,
        {"M": (1.5, 5.0), "gamma": (1.2, 1.6)},
    ),
    Formula(
        "oblique_shock_deflection",
        """
        s = M*sin(beta)
        arctan(2/tan(beta)*(s^2 - 1)/(M^2*(gamma + cos(2*beta)) + 2))
        """,
        {"M": (2.5, 5.0), "beta": (0.6, 1.0), "gamma": (1.3, 1.5)},
    ),
    Formula(
        "normal_shock_total_pressure",
        """
        a = ((gamma + 1)*M^2/((gamma - 1)*M^2 + 2))^(gamma/(gamma - 1))
        b = ((gamma + 1)/(2*gamma*M^2 - (gamma - 1)))^(1/(gamma - 1))
        a*b
        """,
        {"M": (1.2, 4.0), "gamma": (1.2, 1.6)},
    ),
    Formula(
        "tsiolkovsky", "I_sp*9.80665*ln(m_0/m_f)", {"I_sp": (200.0, 450.0), "m_0": (100.0, 500.0), "m_f": (10.0, 80.0)}
    ),
    Formula(
        "haversine_distance",
        """
        a = sin(deg2rad(p2 - p1)/2)^2 + cos(deg2rad(p1))*cos(deg2rad(p2))*sin(deg2rad(l2 - l1)/2)^2
        2*6371.0088*asin(sqrt(a))
        """,
        {"p1": (-60.0, -10.0), "l1": (-100.0, -20.0), "p2": (10.0, 60.0), "l2": (0.0, 60.0)},
    ),
    Formula(
        "pacejka_magic_formula",
        "D*sin(C*arctan(B*x - E*(B*x - arctan(B*x))))",
        {"x": (-0.3, 0.3), "B": (5.0, 12.0), "C": (1.2, 1.9), "D": (0.7, 1.2), "E": (-0.5, 0.9)},
    ),
    Formula(
        "two_link_arm_elbow",
        """
        c = (x^2 + y^2 - a^2 - b^2)/(2*a*b)
        t2 = arccos(c)
        arctan2(y, x) - arctan2(b*sin(t2), a + b*cos(t2))
        """,
        {"x": (0.5, 1.0), "y": (0.5, 1.0), "a": (0.9, 1.1), "b": (0.7, 0.9)},
    ),
    Formula(
        "magnus_dew_point",
        """
        g = ln(RH/100) + 17.625*T/(243.04 + T)
        243.04*g/(17.625 - g)
        """,
        {"T": (5.0, 40.0), "RH": (20.0, 99.0)},
    ),
    Formula(
        "steinhart_hart",
        "L = ln(R); 1/(A + B*L + C*L^3) - 273.15",
        {"R": (1e3, 5e4), "A": (1.1e-3, 1.2e-3), "B": (2.3e-4, 2.4e-4), "C": (8e-8, 1e-7)},
    ),
    Formula(
        "catenary_sag", "a = H/w; a*(cosh(L/(2*a)) - 1)", {"H": (500.0, 2000.0), "w": (5.0, 20.0), "L": (50.0, 150.0)}
    ),
    Formula(
        "hertz_contact_pressure",
        """
        E = 1/((1 - n1^2)/E1 + (1 - n2^2)/E2)
        R = 1/(1/R1 + 1/R2)
        cbrt(6*F*E^2/(pi^3*R^2))
        """,
        {
            "F": (10.0, 1000.0),
            "E1": (7e10, 2e11),
            "E2": (7e10, 2e11),
            "n1": (0.25, 0.35),
            "n2": (0.25, 0.35),
            "R1": (0.005, 0.05),
            "R2": (0.005, 0.05),
        },
    ),
    Formula(
        "wind_turbine_power_coefficient",
        """
        li = 1/(1/(lambda + 0.08*beta) - 0.035/(beta^3 + 1))
        0.5176*(116/li - 0.4*beta - 5)*exp(-21/li) + 0.0068*lambda
        """,
        {"lambda": (4.0, 12.0), "beta": (0.5, 10.0)},
    ),
    Formula(
        "chebyshev_filter_stop_band",
        "1/sqrt(1 + e^2*cosh(n*arccosh(w))^2)",
        {"w": (1.1, 3.0), "n": (1.0, 5.0), "e": (0.3, 1.0)},
    ),
    Formula(
        "triangle_wave",
        "u = t/T; A*(4*abs(u - floor(u + 0.5)) - 1)",
        {"A": (0.5, 2.0), "t": (3.1, 3.4), "T": (0.98, 1.02)},
    ),
    Formula(
        "dead_zone_and_saturation",
        """
        e = r - y
        u = K*sign(e)*max(abs(e) - d, 0)
        u if abs(u) <= u_max and abs(u) != 0 else u_max*sign(u)
        """,
        {"r": (-3.0, -1.5), "y": (-0.5, 0.5), "K": (0.5, 2.0), "d": (0.1, 0.5), "u_max": (8.0, 10.0)},
    ),
)
