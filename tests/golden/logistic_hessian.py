# sum(log(1 + exp(X @ w)) - y*(X @ w))

def hessian(X, y, w):
    # forward sweep
    v1 = X @ w
    # tangents
    v2 = np.exp(-np.abs(v1))
    hessian = (X.T * (v2 / (1.0 + v2)**2) @ X).T
    return hessian
