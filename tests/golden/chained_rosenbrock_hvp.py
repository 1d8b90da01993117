# sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)

def hvp(x, x_dot):
    n = x.shape[-1]
    dtype = x.dtype.type
    # forward sweep
    v1 = x[:-1]
    # reverse sweep
    v2 = 2.0 * v1
    # tangents
    v1_dot = x_dot[:-1]
    v3 = (x_dot[1:] - v1_dot * v2) * 100.0
    v4 = -2.0 * v3 * v2 + v1_dot * 2.0 * (-2.0 * (100.0 * (x[1:] - v1**2)))
    x_bar_dot = np.zeros(n, dtype)
    x_bar_dot[:-1] = v4 - v1_dot * -2.0
    x_bar_dot[1:] += 2.0 * v3
    return x_bar_dot,
