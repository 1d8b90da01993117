# r = sqrt(x**2 + y**2)
# -x/r**3, -y/r**3

def vjp(x, y, out0_bar, out1_bar):
    # forward sweep
    r = np.sqrt(x**2 + y**2)
    v1 = r**2 * r
    v2 = x / v1
    out0 = -v2
    v3 = y / v1
    out1 = -v3
    # reverse sweep
    v4 = (out1_bar * (v3 / v1) + out0_bar * (v2 / v1)) * (1.5 * r)
    y_bar = v4 * (2.0 * y) - out1_bar / v1
    x_bar = v4 * (2.0 * x) - out0_bar / v1
    return out0, out1, x_bar, y_bar
