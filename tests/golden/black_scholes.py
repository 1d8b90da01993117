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
    v5 = S * 0.5
    v6 = d1 / 1.4142135623730951
    v7 = 1.0 + special.erf(v6)
    v8 = np.exp(-(r * T))
    v9 = K * v8 * 0.5
    v10 = d2 / 1.4142135623730951
    v11 = 1.0 + special.erf(v10)
    out = v5 * v7 - v9 * v11
    # reverse sweep
    v12 = v9 * (1.1283791670955126 * np.exp(-v10**2)) * 0.7071067811865475
    v13 = v11 * 0.5
    v14 = v13 * K * v8
    d1_bar = 0.7071067811865475 * (v5 * (1.1283791670955126 * np.exp(-v6**2))) - v12
    v15 = d1_bar / v4
    v4_bar = v12 - d1_bar * (d1 / v4)
    v2_bar = v15 * T
    T_bar = v14 * r + v4_bar * sigma * (0.5 / v3) + v15 * v2
    r_bar = v14 * T + v2_bar
    sigma_bar = v4_bar * v3 + 0.5 * v2_bar * (2.0 * sigma)
    v1_bar = v15 / v1
    S_bar = v7 * 0.5 + v1_bar / K
    K_bar = -(v13 * v8) - v1_bar * (v1 / K)
    return out, (S_bar, K_bar, r_bar, sigma_bar, T_bar)
