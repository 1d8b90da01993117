# where(x > 0, log(x), x*y)

def value_and_grad(x, y):
    # forward sweep
    v1 = x > 0.0
    out = math.log(x) if v1 else x * y
    # reverse sweep
    y_bar = 0.0 if v1 else x
    x_bar = 1.0 / x if v1 else y
    return out, (x_bar, y_bar)
