# kepler(E) = E - e*sin(E) - M
# root(kepler, M)

def newton(residual, start, eps=2.0**-52, near=2.0 ** (-52 / 3)):
    """Return the root of `residual` that Newton's method finds from `start` on.

    The residual returns a value and a slope. A step is halved as long as it makes the
    value no smaller. Without a root this raises ValueError.
    """
    z = best = start
    step, least, part = math.inf, math.inf, 1.0
    for _ in range(200):
        r, slope = residual(z)
        if abs(r) <= (1.0 - part / 4.0) * least:
            best, least, part = z, abs(r), 1.0
            step = r / slope if r else 0.0
            if abs(step) <= 4.0 * eps * abs(best) < math.inf:
                return best - step
        elif abs(step) <= near * (abs(best) + near) < math.inf:
            return best
        else:
            part /= 2.0
            moves = part > eps or eps * (abs(best) + near) < part * abs(step) < math.inf
            if not (moves and least < math.inf):
                break
        z = best - part * step
    raise ValueError("Newton's method finds no root")


def value_and_grad(e, M):
    # forward sweep
    def kepler(E):
        return E - e * math.sin(E) - M, 1.0 - math.cos(E) * e
    out = newton(kepler, M)
    # reverse sweep
    v1 = -1.0 / (1.0 - math.cos(out) * e)
    M_bar = -v1
    e_bar = -v1 * math.sin(out)
    return out, (e_bar, M_bar)
