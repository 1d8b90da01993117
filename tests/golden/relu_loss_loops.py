# sum((t - (w2*maximum(0, w1*x + b1) + b2))**2)

def value_and_grad(x, t, w1, b1, w2, b2):
    dtype = x.dtype.type
    # forward sweep
    v1 = w1[..., None] * x + b1[..., None]
    v2 = np.maximum(v1, 0.0)
    v3 = t - (w2[..., None] * v2 + b2[..., None])
    out = np.vecdot(v3, v3)
    # reverse sweep
    b2_bar = -2.0 * v3.sum(axis=-1)
    w2_bar = -2.0 * np.vecdot(v3, v2)
    v4 = 2.0 * w2
    v5 = v3 * ~(v1 < 0.0) * np.where(v1 == 0.0, dtype(0.5), 1.0)
    b1_bar = -v4 * v5.sum(axis=-1)
    w1_bar = -v4 * np.vecdot(v5, x)
    return out, (w1_bar, b1_bar, w2_bar, b2_bar)
