# sum((t - (w2*maximum(0, w1*x + b1) + b2))**2)

def value_and_grad(x, t, w1, b1, w2, b2):
    # forward sweep
    v1 = w1 * x + b1
    v2 = np.maximum(v1, 0.0)
    v3 = t - (w2 * v2 + b2)
    out = v3.dot(v3)
    # reverse sweep
    b2_bar = -2.0 * v3.sum()
    w2_bar = -2.0 * v3.dot(v2)
    v4 = 2.0 * w2
    v5 = v3 * ~(v1 < 0.0)
    v5[v1 == 0.0] *= 0.5
    b1_bar = -v4 * v5.sum()
    w1_bar = -v4 * v5.dot(x)
    return out, (w1_bar, b1_bar, w2_bar, b2_bar)
