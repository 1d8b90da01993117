# Piecewise((0, x < 0), (x**2, x < 1), (2*x - 1, True))

def value_and_grad(x):
    dtype = np.result_type(x, 0.0).type
    # forward sweep
    v1 = x < 0.0
    v2 = x < 1.0
    with np.errstate(all="ignore"):
        v3 = 2.0 * x
        out = np.where(v1, 0.0, np.where(v2, x**2, v3 - 1.0))
    # reverse sweep
    v4 = np.logical_not(v1)
    v5 = np.where(v4 & np.logical_not(v2), dtype(2.0), 0.0)
    x_bar = v5 + np.where(v4 & v2, v3, 0.0)
    return out, (x_bar,)
