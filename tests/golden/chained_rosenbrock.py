# sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)

def value_and_grad(x):
    n = x.shape[-1]
    dtype = x.dtype.type
    # forward sweep
    v1 = x[:-1]
    v2 = x[1:] - v1**2
    v3 = 1.0 - v1
    out = 100.0 * v2.dot(v2) + v3.dot(v3)
    # reverse sweep
    x_bar = np.zeros(n, dtype)
    x_bar[:-1] = -2.0 * v3 - 400.0 * (v2 * v1)
    x_bar[1:] += 200.0 * v2
    return out, (x_bar,)
