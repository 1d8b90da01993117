# x @ A @ x/(x @ x)

def value_and_grad(A, x):
    # forward sweep
    v1 = x @ A
    v2 = x.dot(x)
    out = v1.dot(x) / v2
    # reverse sweep
    x_bar = v1 / v2 - 2.0 * (out / v2) * x + x @ A.T / v2
    A_bar = x / v2 * x[:, None]
    return out, (A_bar, x_bar)
