# scores = tanh(X @ W + b) @ V + c
# mean(logsumexp(scores, axis=1) - sum(Y*scores, axis=1))

def value_and_grad(X, Y, W, b, V, c):
    m = X.shape[-2]
    # forward sweep
    v1 = X @ W + b
    v2 = np.tanh(v1)
    scores = v2 @ V + c
    v3 = scores.max(axis=-1)
    v4 = scores - np.where(np.abs(v3) < np.inf, v3, np.nextafter(v3, 0.0))[:, None]
    v5 = np.exp(np.minimum(v4, 0.0))
    v6 = np.maximum(v5.sum(axis=-1), 1.0)
    out = (np.log(v6) + v3 - np.vecdot(Y, scores)).sum() / m
    # reverse sweep
    v7 = v5 / v6[:, None] - Y
    c_bar = v7.sum(axis=-2) / m
    V_bar = v2.T @ v7 / m
    v8 = np.exp(-2.0 * np.abs(v1))
    v9 = v7 @ V.T * (v8 / (1.0 + v8)**2)
    v10 = 4.0 / m
    b_bar = v10 * v9.sum(axis=-2)
    W_bar = v10 * (X.T @ v9)
    return out, (W_bar, b_bar, V_bar, c_bar)
