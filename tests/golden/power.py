# x**y

def grad(x, y):
    # reverse sweep
    v1 = x == 0.0
    v2 = v1 & (y >= 0.0)
    v3 = np.where(v2, np.nan, x)
    v4 = v1 & (y == 0.0)
    x_bar = np.where(v4, 0.0, y * np.power(x, np.where(v4, np.nan, y) - 1.0))
    y_bar = np.where(v2, 0.0, np.power(v3, y) * np.log(v3))
    return x_bar, y_bar
