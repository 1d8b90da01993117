# i = beta*S*I/N; -i, i - gamma*I, gamma*I

def value(S, I, N, beta, gamma):
    i = beta * S * I / N
    out0 = -i
    out2 = gamma * I
    out1 = i - out2
    return out0, out1, out2
