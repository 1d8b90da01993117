# log(x1) + x1*x2 - sin(x2)

def vjp(x1, x2, out_bar):
    # forward sweep
    out = np.log(x1) + x1 * x2 - np.sin(x2)
    # reverse sweep
    x2_bar = out_bar * x1 - out_bar * np.cos(x2)
    x1_bar = out_bar * x2 + out_bar / x1
    return out, x1_bar, x2_bar
