# lambda*np + v1*out

def grad(lambda_, np_, v1, out):
    lambda_bar = np_
    np_bar = lambda_
    v1_bar = out
    out_bar = v1
    return lambda_bar, np_bar, v1_bar, out_bar
