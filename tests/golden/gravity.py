# r = sqrt(x**2 + y**2)
# -x/r**3, -y/r**3

def vjp(x, y, out0_bar, out1_bar):
    # forward sweep
    r = np.sqrt(x**2 + y**2)
    v1 = r**2
    v2 = v1 * r
    v3 = x / v2
    out0 = -v3
    v4 = y / v2
    out1 = -v4
    # reverse sweep
    v5 = (out1_bar * (v4 / v2) + out0_bar * (v3 / v2)) * (3.0 * v1) * (0.5 / r)
    y_bar = v5 * (2.0 * y) - out1_bar / v2
    x_bar = v5 * (2.0 * x) - out0_bar / v2
    return out0, out1, x_bar, y_bar
