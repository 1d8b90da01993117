# max(x) - norm(x)

def grad(x):
    dtype = x.dtype.type
    # forward sweep
    v1 = np.sqrt(x @ x)
    # reverse sweep
    v2 = x == x.max()
    v3 = v1 == 0.0
    v4 = -0.5 / np.where(v3, np.nan, v1) * x
    v5 = np.where(v2, 1.0 / np.where(v2, dtype(1.0), 0.0).sum(), 0.0)
    x_bar = np.where(v3, 0.0, v4 + v4) + v5
    return x_bar,
