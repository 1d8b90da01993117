# sum(log(1 + exp(X @ w)) - y*(X @ w))

def hessian(X, y, w):
    # tangents
    v1 = 0.5 * (X @ w)
    v2 = 0.25 * (2.0 * np.exp(-np.abs(v1)) / (1.0 + np.exp(-2.0 * np.abs(v1))))**2
    hessian = (X.T * v2 @ X).T
    return hessian
