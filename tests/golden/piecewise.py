# Piecewise((0, x < 0), (x**2, x < 1), (2*x - 1, True))

def value_and_grad(x):
    dtype = np.result_type(x, 0.0).type
    # forward sweep
    v1 = x < 0.0
    v2 = x < 1.0
    v3 = np.where(v1, np.nan, x)
    v4 = 2.0 * v3
    v5 = np.where(v2, np.where(v2, v3, np.nan) * x, np.where(v2, np.nan, v4) - 1.0)
    out = np.where(v1, 0.0, v5)
    # reverse sweep
    v6 = np.logical_not(v1)
    v7 = np.where(v6 & np.logical_not(v2), dtype(2.0), 0.0)
    x_bar = v7 + np.where(v6 & v2, v4, 0.0)
    return out, (x_bar,)
