# x**y

def grad(x, y):
    # reverse sweep
    v1 = (x == 0.0) & (y >= 0.0)
    v2 = np.where(v1, np.nan, x)
    v3 = (np.abs(x) <= 5.6e-309) & (y == 0.0)
    x_bar = np.where(v3, 0.0, y * np.power(x, np.where(v3, np.nan, y) - 1.0))
    y_bar = np.where(v1, 0.0, np.power(v2, y) * np.log(v2))
    return x_bar, y_bar
