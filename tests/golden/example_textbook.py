# log(x1) + x1*x2 - sin(x2)

def value_and_grad(x1, x2):
    # forward sweep
    v1 = np.log(x1)
    v2 = x1 * x2
    v3 = np.sin(x2)
    v4 = v1 + v2
    v5 = v4 - v3
    # reverse sweep
    v5_bar = 1.0
    v4_bar = v5_bar * 1.0
    v3_bar = v5_bar * -1.0
    v2_bar = v4_bar * 1.0
    v1_bar = v4_bar * 1.0
    x2_bar = v3_bar * np.cos(x2) + v2_bar * x1
    x1_bar = v2_bar * x2 + v1_bar * (1.0 / x1)
    return v5, (x1_bar, x2_bar)
