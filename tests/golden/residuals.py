# y - p[0]*exp(-p[1]*t)

def jacobian(p, t, y):
    n = t.shape[-1]
    dtype = p.dtype.type
    # forward sweep
    v1 = np.exp(-p[1] * t)
    # tangents
    jacobian = np.empty((n, 2), dtype)
    jacobian[:, 0] = -v1
    jacobian[:, 1] = p[0] * (t * v1)
    return jacobian
