# log(x1) + x1*x2 - sin(x2)

def value_and_grad(x1, x2):
    # forward sweep
    out = np.log(x1) + x1 * x2 - np.sin(x2)
    # reverse sweep
    x2_bar = x1 - np.cos(x2)
    x1_bar = x2 + 1.0 / x1
    return out, (x1_bar, x2_bar)
