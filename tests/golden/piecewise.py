# Piecewise((0, x < 0), (x**2, x < 1), (2*x - 1, True))

def value_and_grad(x):
    dtype = np.result_type(x, 0.0).type
    # forward sweep
    v1 = x < 0.0
    v2 = x < 1.0
    v3 = np.logical_not(v1)
    v4 = v3 & v2
    v5 = 2.0 * np.where(v1, np.nan, x)
    v6 = v3 & np.logical_not(v2)
    v7 = np.where(v2, np.where(v4, x, np.nan) * x, np.where(v6, v5, np.nan) - 1.0)
    out = np.where(v1, 0.0, v7)
    # reverse sweep
    x_bar = np.where(v6, dtype(2.0), 0.0) + np.where(v4, v5, 0.0)
    return out, (x_bar,)
