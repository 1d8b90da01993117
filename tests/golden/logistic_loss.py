# log(1 + exp(a*x + b))*y - (a*x + b)*z

def value_and_grad(a, x, b, y, z):
    # forward sweep
    v1 = a * x + b
    v2 = np.exp(-np.abs(v1))
    out = (np.maximum(v1, 0.0) + np.log1p(v2)) * y - v1 * z
    # reverse sweep
    b_bar = y * (np.exp(np.minimum(v1, 0.0)) / (1.0 + v2)) - z
    a_bar = b_bar * x
    return out, (a_bar, b_bar)
