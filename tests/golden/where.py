# where(x > 0, log(x), x*y)

def value_and_grad(x, y):
    # forward sweep
    v1 = x > 0.0
    with np.errstate(all="ignore"):
        out = np.where(v1, np.log(x), x * y)
        # reverse sweep
        y_bar = np.where(v1, 0.0, x)
        x_bar = np.where(v1, 1.0 / x, y)
    return out, (x_bar, y_bar)
