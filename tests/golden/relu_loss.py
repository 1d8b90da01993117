# sum((t - (w2*maximum(0, w1*x + b1) + b2))**2)

def value_and_grad(x, t, w1, b1, w2, b2):
    dtype = x.dtype.type
    # forward sweep
    v1 = w1 * x + b1
    v2 = np.maximum(0.0, v1)
    v3 = t - (w2 * v2 + b2)
    out = v3 @ v3
    # reverse sweep
    v4 = -2.0 * v3
    b2_bar = v4.sum()
    w2_bar = v4 @ v2
    v1_bar = v4 * w2
    np.putmask(v1_bar, 0.0 > v1, 0.0)
    v1_bar[0.0 == v1] *= 0.5
    b1_bar = v1_bar.sum()
    w1_bar = v1_bar @ x
    return out, (w1_bar, b1_bar, w2_bar, b2_bar)
