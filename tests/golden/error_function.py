# 0.5*(1 + erf(x/sqrt(2)))

from scipy import special


def value_and_grad(x):
    # forward sweep
    out = special.ndtr(x)
    # reverse sweep
    x_bar = 0.3989422804014327 * np.exp(-0.5 * x**2)
    return out, (x_bar,)
