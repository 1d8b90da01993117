"""Physics: mechanics, relativity, optics, electromagnetism, quanta; SI units unless a formula says otherwise."""

from corpus import Formula

FORMULAS = (
    Formula(
        "planck_law_frequency",
        """
        h = 6.62607015e-34
        c = 299792458
        k = 1.380649e-23
        2*h*nu^3/c^2/(exp(h*nu/(k*T)) - 1)
        """,
        {"nu": (1e13, 3e14), "T": (1000.0, 6000.0)},
    ),
    Formula(
        "planck_law_wavelength",
        """
        c1 = 3.741771852e-16  # 2 pi h c^2
        c2 = 1.438776877e-2   # h c / k
        c1/lambda^5/expm1(c2/(lambda*T))
        """,
        {"lambda": (4e-7, 2e-6), "T": (2000.0, 7000.0)},
    ),
    Formula(
        "relativistic_energy",
        "c = 299792458; hypot(p*c, m*c^2)",
        {"p": (1e-22, 1e-21), "m": (9e-31, 2e-30)},
    ),
    Formula(
        "relativistic_kinetic_energy",
        """
        c = 2.99792458e8
        gamma = 1/sqrt(1 - (v/c)^2)
        (gamma - 1)*m*c^2
        """,
        {"m": (1.0, 3.0), "v": (1e8, 2.5e8)},
    ),
    Formula("relativistic_doppler", "f*sqrt((1 - beta)/(1 + beta))", {"f": (1e9, 2e9), "beta": (-0.8, 0.8)}),
    Formula(
        "velocity_addition",
        "c = 299792458; (u + v)/(1 + u*v/c^2)",
        {"u": (1e7, 2.5e8), "v": (1e7, 2.5e8)},
    ),
    Formula("vis_viva", "sqrt(mu*(2/r - 1/a))", {"mu": (3.9e14, 4.1e14), "r": (7e6, 9e6), "a": (8e6, 2e7)}),
    Formula(
        "schwarzschild_time_dilation",
        "t*sqrt(1 - 2*6.6743e-11*M/(r*299792458^2))",
        {"t": (1.0, 10.0), "M": (2e30, 1e31), "r": (2e4, 1e6)},
    ),
    Formula(
        "schwarzschild_effective_potential",
        "-G*M/r + L^2/(2*r^2) - G*M*L^2/(c^2*r^3)",
        {"G": (0.9, 1.1), "M": (1.0, 2.0), "L": (4.0, 6.0), "c": (1.0, 1.5), "r": (5.0, 30.0)},
    ),
    Formula(
        "lennard_jones",
        "4*epsilon*((sigma/r)^12 - (sigma/r)^6)",
        {"r": (0.9, 2.5), "epsilon": (0.5, 2.0), "sigma": (0.8, 1.2)},
    ),
    Formula(
        "morse_potential",
        "D*(1 - exp(-a*(r - r_e)))^2",
        {"D": (1.0, 5.0), "a": (0.5, 2.0), "r": (1.5, 3.0), "r_e": (0.7, 1.2)},
    ),
    Formula("yukawa_potential", "-g^2*exp(-mu*r)/r", {"g": (0.5, 2.0), "mu": (0.1, 2.0), "r": (0.5, 3.0)}),
    Formula(
        "coulomb_force",
        """
        epsilon_0 = 8.8541878128e-12
        r = hypot(x, y)
        q_1*q_2/(4*pi*epsilon_0*r^2)
        """,
        {"q_1": (1e-9, 1e-6), "q_2": (1e-9, 1e-6), "x": (-2.0, -0.5), "y": (0.5, 3.0)},
    ),
    Formula(
        "double_pendulum_lagrangian",
        """
        g = 9.80665
        T = (m1 + m2)*l1^2*w1^2/2 + m2*l2^2*w2^2/2 + m2*l1*l2*w1*w2*cos(t1 - t2)
        V = -(m1 + m2)*g*l1*cos(t1) - m2*g*l2*cos(t2)
        T - V
        """,
        {
            "m1": (0.5, 2.0),
            "m2": (0.5, 2.0),
            "l1": (0.5, 1.5),
            "l2": (0.5, 1.5),
            "t1": (-1.5, 1.5),
            "t2": (-1.5, 1.5),
            "w1": (-3.0, 3.0),
            "w2": (-3.0, 3.0),
        },
    ),
    Formula(
        "pendulum_period",
        "2*pi*sqrt(L/g)*(1 + theta^2/16 + 11*theta^4/3072 + 173*theta^6/737280)",
        {"L": (0.2, 3.0), "g": (9.7, 9.9), "theta": (0.1, 1.5)},
    ),
    Formula(
        "projectile_range_from_height",
        """
        v_x = v*cos(theta)
        v_y = v*sin(theta)
        v_x/g*(v_y + sqrt(v_y**2 + 2*g*h))
        """,
        {"v": (5.0, 50.0), "theta": (0.2, 1.3), "h": (0.5, 20.0), "g": (9.7, 9.9)},
    ),
    Formula(
        "fresnel_reflectance_s",
        """
        theta_t = arcsin(n_1/n_2*sin(theta_i))   # Snell
        a = n_1*cos(theta_i)
        b = n_2*cos(theta_t)
        ((a - b)/(a + b))^2
        """,
        {"n_1": (1.0, 1.2), "n_2": (1.4, 1.8), "theta_i": (0.1, 1.3)},
    ),
    Formula(
        "single_slit_diffraction",
        "I_0*sinc(a*sin(theta)/lambda)**2",
        {"I_0": (0.5, 2.0), "a": (1e-6, 3e-6), "theta": (0.05, 0.4), "lambda": (4e-7, 7e-7)},
    ),
    Formula(
        "double_slit_interference",
        """
        s = sin(theta)
        I*cos(pi*d*s/lambda)^2*sinc(b*s/lambda)^2
        """,
        {"I": (0.5, 2.0), "d": (2e-6, 5e-6), "b": (5e-7, 1e-6), "theta": (0.05, 0.5), "lambda": (4e-7, 7e-7)},
    ),
    Formula(
        "gaussian_beam_intensity",
        """
        z_R = pi*w_0^2/lambda
        w = w_0*sqrt(1 + (z/z_R)^2)
        I_0*(w_0/w)^2*exp(-2*r^2/w^2)
        """,
        {"I_0": (1.0, 5.0), "w_0": (1.0, 2.0), "r": (0.1, 1.5), "z": (0.5, 8.0), "lambda": (0.5, 1.5)},
    ),
    Formula(
        "fermi_dirac_occupation",
        "1/(exp((E - mu)/(8.617333262e-5*T)) + 1)",
        {"E": (0.0, 0.4), "mu": (0.1, 0.3), "T": (200.0, 1000.0)},
    ),
    Formula(
        "bose_einstein_occupation",
        "1/(exp((E - mu)/(k*T)) - 1)",
        {"E": (0.5, 2.0), "mu": (-1.0, 0.2), "k": (0.9, 1.1), "T": (0.5, 2.0)},
    ),
    Formula(
        "langevin_magnetisation",
        """
        x = mu*B/(k*T)
        N*mu*(1/tanh(x) - 1/x)
        """,
        {"N": (1.0, 5.0), "mu": (1.0, 2.0), "B": (1.0, 3.0), "k": (0.9, 1.1), "T": (0.3, 1.0)},
    ),
    Formula(
        "brillouin_function",
        """
        a = (2*J + 1)/(2*J)
        b = 1/(2*J)
        a/tanh(a*x) - b/tanh(b*x)
        """,
        {"J": (0.5, 3.5), "x": (0.5, 4.0)},
    ),
    Formula(
        "current_loop_field",
        """
        mu_0 = 1.25663706212e-6
        mu_0*I*R^2/(2*(R^2 + z^2)^(3/2))
        """,
        {"I": (0.1, 10.0), "R": (0.05, 0.5), "z": (-1.0, 1.0)},
    ),
    Formula(
        "rutherford_cross_section",
        "(Z_1*Z_2*1.43996448/(4*E))^2/sin(theta/2)^4",
        {"Z_1": (1.0, 3.0), "Z_2": (20.0, 80.0), "E": (2.0, 8.0), "theta": (0.3, 3.0)},
    ),
    Formula(
        "klein_nishina",
        """
        alpha = E/0.51099895
        P = 1/(1 + alpha*(1 - cos(theta)))
        0.5*2.8179403262e-15^2*P^2*(P + 1/P - sin(theta)^2)
        """,
        {"E": (0.05, 3.0), "theta": (0.1, 3.0)},
    ),
    Formula(
        "bethe_stopping_power",
        """
        m_e = 0.51099895
        gamma2 = 1/(1 - beta^2)
        0.307075*z^2*Z/A/beta^2*(ln(2*m_e*beta^2*gamma2/(I*1e-6)) - beta^2)
        """,
        {"z": (1.0, 2.0), "Z": (6.0, 30.0), "A": (12.0, 60.0), "I": (70.0, 300.0), "beta": (0.2, 0.95)},
    ),
    Formula(
        "compton_wavelength",
        "lambda + 6.62607015e-34/(9.1093837015e-31*299792458)*(1 - cos(theta))",
        {"lambda": (1e-12, 1e-10), "theta": (0.2, 3.0)},
    ),
    Formula(
        "relativistic_breit_wigner",
        """
        g = sqrt(M^2*(M^2 + Gamma^2))
        k = 2*sqrt(2)*M*Gamma*g/(pi*sqrt(M^2 + g))
        k/((E^2 - M^2)^2 + M^2*Gamma^2)
        """,
        {"E": (85.0, 97.0), "M": (91.0, 91.4), "Gamma": (2.0, 3.0)},
    ),
    Formula(
        "barrier_transmission",
        """
        kappa = sqrt(2*m*(V_0 - E))
        1/(1 + V_0^2*sinh(kappa*a)^2/(4*E*(V_0 - E)))
        """,
        {"E": (0.3, 0.8), "V_0": (1.0, 2.0), "m": (0.5, 1.5), "a": (0.3, 2.0)},
    ),
    Formula(
        "hydrogen_2p_density",
        """
        r = sqrt(x^2 + y^2 + z^2)
        psi = z/a*exp(-r/(2*a))/(4*sqrt(2*pi)*a^1.5)
        psi*psi
        """,
        {"x": (0.2, 2.0), "y": (-2.0, -0.2), "z": (0.3, 3.0), "a": (0.5, 1.1)},
    ),
    Formula(
        "damped_oscillator",
        """
        zeta = c/(2*sqrt(k*m))
        omega = sqrt(k/m)
        w_d = omega*sqrt(abs(1 - zeta^2))
        exp(-zeta*omega*t)*where(zeta < 1, cos(w_d*t), cosh(w_d*t))
        """,
        {"m": (0.5, 1.0), "c": (0.1, 1.0), "k": (1.0, 4.0), "t": (0.1, 3.0)},
    ),
    Formula(
        "uniform_sphere_potential",
        "Piecewise((-G*M*(3*R^2 - r^2)/(2*R^3), r < R), (-G*M/r, True))",
        {"G": (0.9, 1.1), "M": (1.0, 5.0), "R": (1.9, 2.0), "r": (0.2, 1.8)},
    ),
    Formula(
        "barometric_pressure",
        """
        T = T_0 - L*h
        p_0*(T/T_0)^(9.80665*0.0289644/(8.314462618*L))
        """,
        {"p_0": (98000.0, 103000.0), "T_0": (280.0, 300.0), "L": (0.005, 0.008), "h": (10.0, 9000.0)},
    ),
    Formula(
        "sawtooth_wave",
        "A*(2*((t/P + phi) % 1) - 1)",
        {"A": (0.5, 2.0), "t": (3.0, 3.3), "P": (0.95, 1.0), "phi": (0.05, 0.3)},
    ),
    Formula("radioactive_decay", "A_0*exp2(-t/T)", {"A_0": (1.0, 100.0), "t": (0.1, 20.0), "T": (1.0, 10.0)}),
    Formula(
        "rapidity_and_transverse_mass",
        "m_T = sqrt(E^2 - p_z^2); m_T*arctanh(p_z/E)",
        {"E": (10.0, 20.0), "p_z": (1.0, 9.0)},
    ),
    Formula(
        "finite_well_wave_function",
        """
        kappa = k*tan(k*a)
        cos(k*x) if not (x < -a or x > a) else cos(k*a)*exp(-kappa*(abs(x) - a))
        """,
        {"x": (-2.0, -1.2), "k": (0.8, 1.3), "a": (0.9, 1.1)},
    ),
)
