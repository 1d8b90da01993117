# scores = tanh(X @ W + b) @ V + c
# mean(logsumexp(scores, axis=1) - sum(Y*scores, axis=1))

def value_and_grad(X, Y, W, b, V, c):
    m = X.shape[-2]
    # forward sweep
    v1 = X @ W + b
    v2 = np.tanh(v1)
    scores = v2 @ V + c
    v3 = scores.max(axis=-1)
    v4 = np.where(np.abs(v3) < np.inf, v3, 0.0)
    v5 = np.exp(scores - v4[:, None])
    v6 = v5.sum(axis=-1)
    out = (np.log(v6) + v4 - (Y * scores).sum(axis=-1)).sum() / m
    # reverse sweep
    scores_bar = -1.0 / m * Y + v5 / v6[:, None] / m
    c_bar = scores_bar.sum(axis=-2)
    V_bar = v2.T @ scores_bar
    v1_bar = scores_bar @ V.T * 1.0 / np.cosh(np.minimum(np.abs(v1), 710.0))**2
    b_bar = v1_bar.sum(axis=-2)
    W_bar = X.T @ v1_bar
    return out, (W_bar, b_bar, V_bar, c_bar)
