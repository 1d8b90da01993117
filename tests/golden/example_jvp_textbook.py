# log(x1) + x1*x2 - sin(x2)

def jvp(x1, x2, x1_dot, x2_dot):
    # forward sweep
    v1 = np.log(x1)
    v2 = x1 * x2
    v3 = np.sin(x2)
    v4 = v1 + v2
    v5 = v4 - v3
    # tangents
    v1_dot = x1_dot * (1.0 / x1)
    v2_dot = x1_dot * x2 + x2_dot * x1
    v3_dot = x2_dot * np.cos(x2)
    v4_dot = v1_dot * 1.0 + v2_dot * 1.0
    v5_dot = v4_dot * 1.0 + v3_dot * -1.0
    return v5, v5_dot
