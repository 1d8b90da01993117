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
    v5 = special.ndtr(d1)
    v6 = np.exp(-r * T)
    v7 = K * v6
    v8 = special.ndtr(d2)
    out = S * v5 - v7 * v8
    # reverse sweep
    v9 = v7 * (0.3989422804014327 * np.exp(-0.5 * d2**2))
    v10 = v8 * K * v6
    d1_bar = S * (0.3989422804014327 * np.exp(-0.5 * d1**2)) - v9
    v11 = d1_bar / v4
    v4_bar = v9 - d1_bar * (d1 / v4)
    v2_bar = v11 * T
    T_bar = v10 * r + v4_bar * sigma * (0.5 / v3) + v11 * v2
    r_bar = v10 * T + v2_bar
    sigma_bar = v4_bar * v3 + v2_bar * sigma
    v1_bar = v11 / v1
    S_bar = v5 + v1_bar / K
    K_bar = -(v8 * v6 + v1_bar * (v1 / K))
    return out, (S_bar, K_bar, r_bar, sigma_bar, T_bar)
