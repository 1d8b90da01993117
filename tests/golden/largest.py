# max(x) - norm(x)

def grad(x):
    dtype = x.dtype.type
    # forward sweep
    v1 = np.sqrt(x.dot(x))
    # reverse sweep
    v2 = v1 == 0.0
    v3 = x == x.max()
    v4 = 2.0 * np.where(v2, 0.0, -0.5 / np.where(v2, 1.0, v1)) * x
    x_bar = v4 + np.where(v3, 1.0 / dtype(v3).sum(), 0.0)
    return x_bar,
