# d1 = (log(S/K) + (r + sigma**2/2)*T)/(sigma*sqrt(T))
# d2 = d1 - sigma*sqrt(T)
# S*0.5*(1 + erf(d1/sqrt(2))) - K*exp(-r*T)*0.5*(1 + erf(d2/sqrt(2)))

from scipy import special


def value_and_grad(S, K, r, sigma, T):
    # forward sweep
    v1 = S / K
    v2 = r + sigma**2 / 2.0
    v3 = np.sqrt(T)
    v4 = sigma * v3
    d1 = (np.log(v1) + v2 * T) / v4
    d2 = d1 - v4
    v5 = d1 / 1.4142135623730951
    v6 = 1.0 + special.erf(v5)
    v7 = np.exp(-r * T)
    v8 = K * v7
    v9 = d2 / 1.4142135623730951
    v10 = 1.0 + special.erf(v9)
    out = S * 0.5 * v6 - v8 * 0.5 * v10
    # reverse sweep
    v11 = 0.39894228040143265 * (v8 * np.exp(-v9**2))
    v12 = 0.5 * v10
    v13 = v12 * K * v7
    d1_bar = 0.39894228040143265 * (S * np.exp(-v5**2)) - v11
    v14 = d1_bar / v4
    v4_bar = v11 - d1_bar * (d1 / v4)
    v2_bar = v14 * T
    T_bar = v13 * r + v4_bar * sigma * (0.5 / v3) + v14 * v2
    r_bar = v13 * T + v2_bar
    sigma_bar = v4_bar * v3 + v2_bar * sigma
    v1_bar = v14 / v1
    S_bar = 0.5 * v6 + v1_bar / K
    K_bar = -(v12 * v7 + v1_bar * (v1 / K))
    return out, (S_bar, K_bar, r_bar, sigma_bar, T_bar)
