# (1 - x)**2 + 100*(y - x**2)**2

def value_and_grad(x, y):
    # forward sweep
    v1 = 1.0 - x
    v2 = y - x * x
    out = v1 * v1 + 100.0 * (v2 * v2)
    # reverse sweep
    y_bar = 200.0 * v2
    x_bar = -400.0 * (v2 * x) - 2.0 * v1
    return out, (x_bar, y_bar)
