"""Activation functions, gates and losses of machine learning and robust statistics."""

from corpus import Formula

FORMULAS = (
    Formula("logistic_sigmoid", "1/(1 + exp(-x))", {"x": (-30.0, 30.0)}),
    Formula(
        "sigmoid_neuron",
        "sigmoid(w1*x1 + w2*x2 + b)",
        {"w1": (-1.0, 1.0), "w2": (-1.0, 1.0), "b": (-1.0, 1.0), "x1": (-2.0, 2.0), "x2": (-2.0, 2.0)},
    ),
    Formula("tanh_from_exponentials", "(exp(x) - exp(-x))/(exp(x) + exp(-x))", {"x": (0.5, 4.0)}),
    Formula("leaky_relu", "where(x > 0, x, alpha*x)", {"x": (-3.0, -0.2), "alpha": (0.01, 0.3)}),
    Formula("relu_6", "min(relu(x), 6)*s", {"x": (0.5, 5.5), "s": (0.5, 2.0)}),
    Formula("elu", "x if x > 0 else alpha*(exp(x) - 1)", {"x": (-4.0, -0.2), "alpha": (0.5, 2.0)}),
    Formula(
        "selu",
        "1.0507009873554805*where(x > 0, x, 1.6732632423543772*expm1(x))",
        {"x": (-4.0, -0.2)},
    ),
    Formula("celu", "max(0, x) + min(0, alpha*(exp(x/alpha) - 1))", {"x": (-3.0, -0.2), "alpha": (0.5, 2.0)}),
    Formula("gelu", "0.5*x*(1 + erf(x/sqrt(2)))", {"x": (-3.0, 4.0)}),
    Formula("gelu_tanh", "0.5*x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x^3)))", {"x": (-2.0, 4.0)}),
    Formula("swish", "x/(1 + exp(-beta*x))", {"x": (-5.0, 5.0), "beta": (0.5, 2.0)}),
    Formula("mish", "x*tanh(ln(1 + exp(x)))", {"x": (-5.0, 5.0)}),
    Formula("scaled_softplus", "log(1 + exp(beta*x))/beta", {"x": (-10.0, 10.0), "beta": (0.5, 3.0)}),
    Formula("softsign", "x/(1 + abs(x))", {"x": (-5.0, -0.2)}),
    Formula("squareplus", "(x + sqrt(x^2 + b))/2", {"x": (-3.0, 3.0), "b": (0.5, 4.0)}),
    Formula("hard_swish", "x*clip(x + 3, 0, 6)/6", {"x": (-2.8, 2.8)}),
    Formula("hard_tanh", "clip(a*x, -1, 1)", {"x": (-0.9, 0.9), "a": (0.5, 1.0)}),
    Formula("log_sigmoid", "-softplus(-x)", {"x": (-20.0, 20.0)}),
    Formula("snake", "x + sin(a*x)^2/a", {"x": (-3.0, 3.0), "a": (0.5, 3.0)}),
    Formula(
        "softmax_first_of_three",
        "exp(a)/(exp(a) + exp(b) + exp(c))",
        {"a": (-3.0, 3.0), "b": (-3.0, 3.0), "c": (-3.0, 3.0)},
    ),
    Formula(
        "softmax_cross_entropy",
        "logaddexp(logaddexp(z1, z2), z3) - (y1*z1 + y2*z2 + y3*z3)",
        {"z1": (-4.0, 4.0), "z2": (-4.0, 4.0), "z3": (-4.0, 4.0), "y1": (0.1, 0.5), "y2": (0.1, 0.5), "y3": (0.1, 0.5)},
    ),
    Formula("lse_two_by_hand", "log(exp(a) + exp(b)) - t*a", {"a": (-20.0, 20.0), "b": (-20.0, 20.0), "t": (0.1, 0.9)}),
    Formula(
        "gru_cell",
        """
        z = sigmoid(w_z*x + u_z*h)
        r = sigmoid(w_r*x + u_r*h)
        n = tanh(w_n*x + r*u_n*h)
        (1 - z)*n + z*h
        """,
        {
            "x": (-1.0, 1.0),
            "h": (-1.0, 1.0),
            "w_z": (-1.0, 1.0),
            "u_z": (-1.0, 1.0),
            "w_r": (-1.0, 1.0),
            "u_r": (-1.0, 1.0),
            "w_n": (-1.0, 1.0),
            "u_n": (-1.0, 1.0),
        },
    ),
    Formula(
        "lstm_output",
        """
        c_next = sigmoid(f)*c + sigmoid(i)*tanh(g)
        sigmoid(o)*tanh(c_next)
        """,
        {"f": (-2.0, 2.0), "i": (-2.0, 2.0), "g": (-2.0, 2.0), "o": (-2.0, 2.0), "c": (-2.0, 2.0)},
    ),
    Formula("binary_cross_entropy", "-(y*ln(p) + (1 - y)*ln(1 - p))", {"p": (0.05, 0.95), "y": (0.1, 0.9)}),
    Formula("bce_with_logits", "max(x, 0) - x*y + log1p(exp(-abs(x)))", {"x": (0.3, 8.0), "y": (0.1, 0.9)}),
    Formula(
        "focal_loss",
        "p = 1/(1 + exp(-x)); -alpha*(1 - p)^gamma*ln(p)",
        {"x": (-3.0, 3.0), "alpha": (0.2, 0.8), "gamma": (0.5, 3.0)},
    ),
    Formula(
        "huber",
        "r = y - f; r^2/2 if abs(r) <= delta else delta*(abs(r) - delta/2)",
        {"y": (2.0, 5.0), "f": (-1.0, 0.5), "delta": (0.5, 1.2)},
    ),
    Formula("pseudo_huber", "delta^2*(sqrt(1 + (r/delta)^2) - 1)", {"r": (-5.0, -0.5), "delta": (0.5, 2.0)}),
    Formula("log_cosh", "ln(cosh(y - f))", {"y": (1.0, 4.0), "f": (-4.0, 0.0)}),
    Formula("squared_hinge", "max(0, 1 - y*f)^2", {"y": (0.8, 1.2), "f": (-2.0, 0.7)}),
    Formula("pinball", "r = y - q; max(tau*r, (tau - 1)*r)", {"y": (1.0, 3.0), "q": (-1.0, 0.8), "tau": (0.1, 0.9)}),
    Formula(
        "tukey_biweight",
        "Piecewise((c^2/6*(1 - (1 - (r/c)^2)^3), abs(r) <= c), (c^2/6, True))",
        {"r": (-4.0, 4.0), "c": (4.5, 5.0)},
    ),
    Formula("cauchy_loss", "c^2/2*ln(1 + (r/c)^2)", {"r": (-5.0, 5.0), "c": (0.5, 3.0)}),
    Formula("welsch_loss", "c^2/2*(1 - exp(-(r/c)^2))", {"r": (0.5, 4.0), "c": (0.5, 3.0)}),
    Formula(
        "barron_general_loss",
        "b = abs(alpha - 2); b/alpha*(((r/c)^2/b + 1)^(alpha/2) - 1)",
        {"r": (0.5, 5.0), "alpha": (-4.0, -0.5), "c": (0.5, 2.0)},
    ),
    Formula(
        "gaussian_kl_divergence",
        "ln(s2/s1) + (s1^2 + (m1 - m2)^2)/(2*s2^2) - 1/2",
        {"m1": (-2.0, 0.0), "s1": (0.5, 2.0), "m2": (0.5, 2.0), "s2": (0.5, 2.0)},
    ),
    Formula("variational_kl", "-0.5*(1 + logvar - mu^2 - exp(logvar))", {"mu": (0.3, 2.0), "logvar": (0.3, 2.0)}),
    Formula("gaussian_nll", "0.5*(ln(var) + (y - mu)^2/var)", {"y": (-2.0, 2.0), "mu": (-2.0, 2.0), "var": (0.2, 4.0)}),
    Formula("poisson_deviance", "2*(y*ln(y/mu) - (y - mu))", {"y": (5.0, 10.0), "mu": (0.5, 4.0)}),
    Formula(
        "tweedie_deviance",
        "2*(y^(2 - p)/((1 - p)*(2 - p)) - y*mu^(1 - p)/(1 - p) + mu^(2 - p)/(2 - p))",
        {"y": (3.0, 8.0), "mu": (0.5, 2.0), "p": (1.3, 1.7)},
    ),
    Formula(
        "contrastive_loss",
        """
        d = hypot(x1 - x2, y1 - y2)
        s*d^2/2 + (1 - s)*max(0, m - d)^2/2
        """,
        {"x1": (0.0, 0.5), "y1": (0.0, 0.5), "x2": (0.7, 1.2), "y2": (0.7, 1.2), "s": (0.1, 0.9), "m": (2.0, 3.0)},
    ),
    Formula(
        "triplet_loss",
        "relu((a - p)^2 - (a - n)^2 + margin)",
        {"a": (-0.5, 0.5), "p": (2.0, 3.0), "n": (0.5, 1.0), "margin": (0.2, 1.0)},
    ),
    Formula(
        "wing_loss",
        "abs_r = abs(r); where(abs_r < w, w*ln(1 + abs_r/e), abs_r - w*(1 - ln(1 + w/e)))",
        {"r": (-8.0, -1.0), "w": (9.0, 11.0), "e": (1.0, 3.0)},
    ),
    Formula("dice_loss", "1 - (2*p*g + s)/(p^2 + g^2 + s)", {"p": (0.05, 0.4), "g": (0.6, 0.95), "s": (0.1, 1.0)}),
    Formula(
        "temperature_distillation",
        "T^2*(sigmoid(t/T)*(softplus(s/T) - s/T) + (1 - sigmoid(t/T))*softplus(s/T))",
        {"s": (-4.0, 4.0), "t": (-4.0, 4.0), "T": (1.0, 5.0)},
    ),
)
