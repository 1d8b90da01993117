# sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)

def hvp(x, x_dot):
    n = x.shape[-1]
    dtype = x.dtype.type
    # forward sweep
    v1 = x[:-1]
    # tangents
    v1_dot = x_dot[:-1]
    v2 = x_dot[1:] - 2.0 * (v1_dot * v1)
    x_bar_dot = np.zeros(n, dtype)
    x_bar_dot[:-1] = 2.0 * v1_dot - 400.0 * (v2 * v1 + v1_dot * (x[1:] - v1**2))
    x_bar_dot[1:] += 200.0 * v2
    return x_bar_dot,
