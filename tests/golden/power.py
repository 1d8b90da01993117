# x**y

def grad(x, y):
    # reverse sweep
    v1 = (np.abs(x) <= 5.6e-309) & (y == 0.0)
    x_bar = np.where(v1, 0.0, y * np.power(np.where(v1, 1.0, x), y - 1.0))
    v2 = (x == 0.0) & (y >= 0.0)
    y_bar = np.where(v2, 0.0, np.power(x, y) * np.log(np.where(v2, 1.0, x)))
    return x_bar, y_bar
