# s = (sigma/r)**6; 4*epsilon*(s**2 - s)

def value_and_grad(sigma, r, epsilon):
    # forward sweep
    v1 = sigma / r
    v2 = v1**2
    v3 = v2**2
    s = v3 * v2
    v4 = 4.0 * epsilon
    out = v4 * (s**2 - s)
    # reverse sweep
    r_bar = -(8.0 * (epsilon * s) - v4) * (6.0 * (v3 * v1)) * (v1 / r)
    return out, (r_bar,)
