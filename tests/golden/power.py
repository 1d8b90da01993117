# x**y

def grad(x, y):
    # reverse sweep
    v1 = x == 0.0
    v2 = v1 & (y == 0.0)
    x_bar = np.where(v2, 0.0, y * np.power(np.where(v2, np.nan, x), y - 1.0))
    v3 = v1 & (y >= 0.0)
    y_bar = np.where(v3, 0.0, np.power(x, y) * np.log(np.where(v3, np.nan, x)))
    return x_bar, y_bar
