# log(x1) + x1*x2 - sin(x2)

def jvp(x1, x2, x1_dot, x2_dot):
    # forward sweep
    out = np.log(x1) + x1 * x2 - np.sin(x2)
    # tangents
    out_dot = x1_dot / x1 + (x1_dot * x2 + x2_dot * x1) - x2_dot * np.cos(x2)
    return out, out_dot
