# x @ A @ x/(x @ x)

def value_and_grad(A, x):
    # forward sweep
    v1 = x @ A
    v2 = x @ x
    out = v1 @ x / v2
    # reverse sweep
    v3 = 1.0 / v2
    v1_bar = v3 * x
    x_bar = v3 * v1 - 2.0 * (out / v2 * x) + v1_bar @ A.T
    A_bar = v1_bar * x[:, None]
    return out, (A_bar, x_bar)
