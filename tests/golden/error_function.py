# 0.5*(1 + erf(x/sqrt(2)))

from scipy import special


def value_and_grad(x):
    # forward sweep
    v1 = x / 1.4142135623730951
    out = 0.5 * (1.0 + special.erf(v1))
    # reverse sweep
    x_bar = 0.39894228040143265 * np.exp(-v1**2)
    return out, (x_bar,)
