# log(x1) + x1*x2 - sin(x2)

def value(x1, x2):
    out = np.log(x1) + x1 * x2 - np.sin(x2)
    return out
