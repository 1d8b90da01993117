# [y[1], mu*(1 - y[0]**2)*y[1] - y[0]]

def jacobian(t, y, mu):
    dtype = y.dtype.type
    # forward sweep
    v1 = y[0]
    # tangents
    jacobian = np.zeros((2, 2), dtype)
    jacobian[0, 1] = 1.0
    jacobian[1, 0] = -1.0 - 2.0 * v1 * mu * y[1]
    jacobian[1, 1] = mu * (1.0 - v1**2)
    return jacobian
