# x @ A @ x/(x @ x)

def value_and_grad(A, x):
    # forward sweep
    v1 = x @ A
    v2 = x @ x
    out = v1 @ x / v2
    # reverse sweep
    v1_bar = x / v2
    x_bar = v1 / v2 - 2.0 * (out / v2 * x) + v1_bar @ A.T
    A_bar = v1_bar * x[:, None]
    return out, (A_bar, x_bar)
