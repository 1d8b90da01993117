"""The iterations that find roots and minima: sources of functions that generated code contains where it calls them.

Each function takes the residual, a function that returns the values and the slopes at some points. The functions for
arrays compute all points at once. A point that is done leaves the arrays, so that the others do not move it.

A root is found where the residual is 0, where Newton's step is at most four units in the last place, or where a step
below the cube root of the rounding unit makes the residual no smaller: then this is taken for its rounding errors.

Sources: Deuflhard, Newton Methods for Nonlinear Problems (2004), section 3.3 (the halving of steps, and the natural
monotonicity test, which does not depend on the units of the residuals); Press et al., Numerical Recipes (2007), section
9.4 (`rtsafe`: bisection where Newton's step leaves the bracket or is too slow); Nocedal & Wright, Numerical
Optimization (2006), sections 3.1 and 3.4 (Armijo's condition, and the Hessian with the absolute values of its
eigenvalues); Hager & Zhang, "A new conjugate gradient method with guaranteed descent" (2005) (the condition on slopes
where values differ by rounding errors alone).
"""

from __future__ import annotations

# For arrays

IN_A_ROW = '''\
def in_a_row(residual, given, ranks):
    """Return the residual, the loop shape, and arrays with one axis for all points."""
    given = [np.asarray(a) for a in given]
    ranks = (*ranks, *[0] * (len(given) - len(ranks)))
    cores = [a.shape[a.ndim - rank :] for a, rank in zip(given, ranks)]
    ahead = [a.shape[: a.ndim - rank] for a, rank in zip(given, ranks)]
    loop = np.broadcast_shapes(*ahead)
    count = int(np.prod(loop))
    wide = [np.broadcast_to(a, loop + core) for a, core in zip(given, cores)]
    rows = [a.reshape((count,) + core) for a, core in zip(wide, cores)]

    def at_one_point(*rows):
        return [np.asarray(a)[None] for a in residual(*[row[0] for row in rows])]

    return residual if loop else at_one_point, loop, rows
'''

FOUND_AT = '''\
def found_at(loop, found, given, what):
    """Return results in the shape of the points.

    Where there is none and no argument is nan, this is reported as NumPy reports
    invalid values: as np.errstate(invalid=...) says.
    """
    none = np.isnan(found).any(axis=tuple(range(1, found.ndim)))
    for a in given:
        none &= ~np.isnan(a).any(axis=tuple(range(1, a.ndim)))
    count, mode = int(np.count_nonzero(none)), np.geterr()["invalid"]
    said = f"none found at {count} point{'s' * (count != 1)}; the result there is nan"
    said = f"invalid value encountered in {what}: {said}"
    if count and mode == "raise":
        raise FloatingPointError(said)
    if count and mode == "log":
        np.geterrcall().write(f"Warning: {said}\\n")
    if count and mode == "call":
        np.geterrcall()("invalid value", 8)
    if count and mode == "print":
        print(f"Warning: {said}")
    if count and mode == "warn":
        import warnings

        warnings.warn(said, RuntimeWarning, stacklevel=3)
    return found.reshape(loop + found.shape[1:])[()]
'''

NEWTON = '''\
def newton(residual, start, given=(), ranks=()):
    """Return the root of `residual` that Newton's method finds from `start` on.

    The residual returns values and slopes. A step is halved as long as it makes the
    value no smaller. Points without a root are nan.
    """
    residual, loop, whole = in_a_row(residual, (start, *given), (0, *ranks))
    z, *given = whole
    eps = np.finfo(z.dtype).eps
    near = eps ** (1 / 3)
    found, at = np.full_like(z, np.nan), np.arange(len(z))
    best, step = z, np.full_like(z, np.inf)
    least, part = np.full_like(z.real, np.inf), np.ones_like(z.real)
    with np.errstate(all="ignore"):
        for _ in range(200):
            r, slope = residual(z, *given)
            size = np.abs(r)
            better = size <= (1 - part / 4) * least
            best, least = np.where(better, z, best), np.where(better, size, least)
            step = np.where(better, np.where(r == 0, 0, r / slope), step)
            room = np.where(better, 4 * eps * np.abs(best), near * (np.abs(best) + near))
            part = np.where(better, 1, part / 2)
            done = (np.abs(step) <= room) & (least < np.inf)
            found[at[done]] = (best - np.where(better, step, 0))[done]
            far = part * np.abs(step)
            moves = (part > eps) | ((far > eps * (np.abs(best) + near)) & (far < np.inf))
            left = ~done & (least < np.inf) & moves
            if not left.all():
                at, best, step, least, part, *given = [
                    a[left] for a in (at, best, step, least, part, *given)
                ]
            if not len(at):
                break
            z = best - part * step
    return found_at(loop, found, whole, "root")
'''

NEWTON_BETWEEN = '''\
def newton_between(residual, start, low, high, given=(), ranks=()):
    """Return the root of `residual` between `low` and `high`, where its sign differs.

    The residual returns values and slopes. Newton's step is taken where it stays
    between the ends and is short, and the middle of them elsewhere. Points where the
    signs do not differ are nan.
    """
    given = (start, low, high, *given)
    residual, loop, whole = in_a_row(residual, given, (0, 0, 0, *ranks))
    z, low, high, *given = whole
    eps, at = np.finfo(z.dtype).eps, np.arange(len(z))
    with np.errstate(all="ignore"):
        below, above = residual(low, *given)[0], residual(high, *given)[0]
        found = np.where(above == 0, high, z.dtype.type(np.nan))
        found = np.where(below == 0, low, found)
        most = np.maximum(np.abs(below), np.abs(above))
        left = (np.sign(below) * np.sign(above) < 0) & (z == z)
        z = np.clip(z, np.minimum(low, high), np.maximum(low, high))
        turned = below > above
        low, high = np.where(turned, high, low), np.where(turned, low, high)
        before = last = np.abs(high - low)
        for _ in range(2000):
            if not left.all():
                at, z, low, high, most, before, last, *given = [
                    a[left] for a in (at, z, low, high, most, before, last, *given)
                ]
            if not len(at):
                break
            r, slope = residual(z, *given)
            step = r / slope
            low, high = np.where(r < 0, z, low), np.where(r < 0, high, z)
            least = np.minimum(np.abs(step), np.abs(high - low))
            done = (r == 0) | (least <= 4 * eps * np.abs(z))
            new = z - step
            found[at[done]] = np.where(np.abs(step) <= 4 * eps * np.abs(z), new, z)[done]
            found[at[done & ~(np.abs(r) <= most)]] = np.nan
            left = ~done & (r == r)
            inside = (np.minimum(low, high) < new) & (new < np.maximum(low, high))
            short = inside & (2 * np.abs(step) < before)
            new = np.where(short, new, (low + high) / 2)
            before, last, z = last, np.abs(new - z), new
    return found_at(loop, found, whole, "root")
'''

NEWTON_SYSTEM = '''\
def newton_system(residual, start, given=(), ranks=()):
    """Return the root of a vector of residuals that Newton's method finds.

    The residual returns vectors and Jacobian matrices. A step is halved as long as the
    next step, with the same matrix, is no shorter. Points without a root are nan.
    """
    residual, loop, whole = in_a_row(residual, (start, *given), (1, *ranks))
    z, *given = whole
    eps = np.finfo(z.dtype).eps
    near = eps ** (1 / 3)
    found, at = np.full_like(z, np.nan), np.arange(len(z))

    def length(step, best):
        size = np.abs(best)
        scale = size + near * (1 + size.max(axis=-1, keepdims=True, initial=0))
        return (np.abs(step) / scale).max(axis=-1, initial=0)

    with np.errstate(all="ignore"):
        r, matrix = residual(z, *given)
        matrix = np.broadcast_to(matrix, z.shape + z.shape[-1:])
        best, step, part = z, steps_of(matrix, r), np.ones_like(z.real[:, :1].sum(axis=-1))
        left = np.isfinite(length(step, best))
        for _ in range(200):
            if not left.all():
                at, best, step, matrix, part, *given = [
                    a[left] for a in (at, best, step, matrix, part, *given)
                ]
            if not len(at):
                break
            exact = (np.abs(step) <= 4 * eps * np.abs(best)).all(axis=-1)
            z = best - part[:, None] * step
            r, slopes = residual(z, *given)
            now = length(step, best)
            better = length(steps_of(matrix, r), best) <= (1 - part / 4) * now
            done = exact | (~better & (now <= near))
            found[at[done]] = np.where((exact & better)[:, None], z, best)[done]
            taken = better[:, None]
            matrix = np.where(taken[:, None], slopes, matrix)
            best = np.where(taken, z, best)
            step = np.where(taken, steps_of(matrix, r), step)
            part = np.where(better, 1, part / 2)
            far = part * now
            left = ~done & ((part > eps) | ((far > eps) & (far < np.inf)))
    return found_at(loop, found, whole, "root")
'''

STEPS_OF = '''\
def steps_of(matrix, r):
    """Return the solutions of linear systems; nan where a matrix is singular."""
    try:
        return np.linalg.solve(matrix, r[..., None])[..., 0]
    except np.linalg.LinAlgError:
        made = np.full_like(r, np.nan)
        for k in range(len(r)):
            try:
                made[k] = np.linalg.solve(matrix[k], r[k])
            except np.linalg.LinAlgError:
                pass
        return made
'''

NEWTON_MINIMUM = '''\
def newton_minimum(slopes, start, given=(), ranks=()):
    """Return the minimum that Newton's method finds from `start` on.

    `slopes` returns gradients, Hessian matrices and values. The steps use the absolute
    values of the curvatures, so that they lead down. A step is halved as long as it
    makes the value no smaller. Points without a minimum are nan.
    """
    slopes, loop, whole = in_a_row(slopes, (start, *given), ranks)
    z, *given = whole
    shape = z.shape
    eps = np.finfo(z.dtype).eps
    near = eps ** (1 / 3)

    def at_points(z, *given):
        own = (len(z),) + shape[1:]
        g, h, value = slopes(z.reshape(own), *given)
        h = np.broadcast_to(h, own + shape[1:]).reshape(z.shape + z.shape[1:])
        return np.broadcast_to(g, own).reshape(z.shape), h, value

    def downhill(g, h):
        fine = np.isfinite(g).all(axis=-1) & np.isfinite(h).all(axis=(-2, -1))
        curves, axes = np.linalg.eigh(np.where(fine[:, None, None], h, 0))
        along = (axes.mT @ g[..., None])[..., 0] / np.abs(curves)
        return np.where(fine[:, None], (axes @ along[..., None])[..., 0], np.nan), curves

    z = z.reshape(len(z), int(np.prod(shape[1:])))
    found, at = np.full_like(z, np.nan), np.arange(len(z))
    with np.errstate(all="ignore"):
        g, h, least = at_points(z, *given)
        best, (step, curves), part = z, downhill(g, h), np.ones_like(least)
        left = np.isfinite(step).all(axis=-1) & np.isfinite(least)
        for _ in range(200):
            if not left.all():
                at, best, g, step, curves, least, part, *given = [
                    a[left]
                    for a in (at, best, g, step, curves, least, part, *given)
                ]
            if not len(at):
                break
            size = np.abs(best)
            now = (np.abs(step) / (size + near * (1 + size))).max(axis=-1, initial=0)
            exact = (np.abs(step) <= 4 * eps * size).all(axis=-1)
            z = best - part[:, None] * step
            new, h, value = at_points(z, *given)
            down = value <= least - part * (g * step).sum(axis=-1) / 10000
            slope, before = (np.abs(a).max(axis=-1, initial=0) for a in (new, g))
            level = np.abs(value - least) <= 4 * eps * np.abs(least)
            better = down | (level & (slope <= (1 - part / 4) * before))
            done = exact | (~better & (now <= near))
            convex = (curves > 0).all(axis=-1)
            found[at[done & convex]] = np.where(exact[:, None], z, best)[done & convex]
            taken = better[:, None]
            next_step, next_curves = downhill(new, h)
            best, g = np.where(taken, z, best), np.where(taken, new, g)
            step = np.where(taken, next_step, step)
            curves = np.where(taken, next_curves, curves)
            least, part = np.where(better, value, least), np.where(better, 1, part / 2)
            far = part * now
            left = ~done & ((part > eps) | ((far > eps) & (far < np.inf)))
    return found_at(loop, found.reshape(shape), whole, "minimum")
'''

# For floats

NEWTON_OF_FLOATS = '''\
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
'''

NEWTON_BETWEEN_OF_FLOATS = '''\
def newton_between(residual, z, low, high, eps=2.0**-52):
    """Return the root of `residual` between `low` and `high`, where its sign differs.

    The residual returns a value and a slope. Newton's step is taken where it stays
    between the ends and is short, and the middle of them elsewhere. If the signs do not
    differ, this raises ValueError.
    """
    below, above = residual(low)[0], residual(high)[0]
    if below == 0.0:
        return low
    if above == 0.0:
        return high
    most = max(abs(below), abs(above))
    if (below < 0.0) is not (above > 0.0) or z != z:
        raise ValueError("the signs at the ends do not differ")
    z = min(max(z, min(low, high)), max(low, high))
    if below > above:
        low, high = high, low
    before = last = abs(high - low)
    for _ in range(2000):
        r, slope = residual(z)
        if r < 0.0:
            low = z
        else:
            high = z
        step = r / slope if slope else math.inf
        new, room = z - step, 4.0 * eps * abs(z)
        if r == 0.0 or min(abs(step), abs(high - low)) <= room:
            if abs(r) <= most:
                return new if abs(step) <= room else z
            break
        short = min(low, high) < new < max(low, high) and 2.0 * abs(step) < before
        new = new if short else (low + high) / 2.0
        before, last, z = last, abs(new - z), new
    raise ValueError("Newton's method finds no root")
'''

NEWTON_MINIMUM_OF_FLOATS = '''\
def newton_minimum(slopes, start, eps=2.0**-52, near=2.0 ** (-52 / 3)):
    """Return the minimum that Newton's method finds from `start` on.

    `slopes` returns the derivative, the curvature and the value. The steps use the
    absolute curvature, so that they lead down. A step is halved as long as it makes the
    value no smaller. Without a minimum this raises ValueError.
    """
    best, part = start, 1.0
    g, curve, least = slopes(best)
    step = g / abs(curve)
    for _ in range(200):
        exact = abs(step) <= 4.0 * eps * abs(best)
        z = best - part * step
        slope, bend, value = slopes(z)
        better = value <= least - part * g * step / 10000.0
        if not better and abs(value - least) <= 4.0 * eps * abs(least):
            better = abs(slope) <= (1.0 - part / 4.0) * abs(g)
        small = near * (abs(best) + near * (1.0 + abs(best)))
        if exact or (not better and abs(step) <= small):
            if curve > 0.0:
                return z if exact else best
            break
        if better:
            best, g, curve, least, part = z, slope, bend, value, 1.0
            step = g / abs(curve)
        else:
            part /= 2.0
            if not (part > eps or eps * small < near * part * abs(step) < math.inf):
                break
    raise ValueError("Newton's method finds no minimum")
'''

# For arrays in the array API standard: a fixed number of steps, without choices that depend on values

NEWTON_IN_STANDARD = '''\
def newton(xp, residual, z):
    """Return the root of `residual` that Newton's method finds from z on in 60 steps.

    The residual returns values and slopes. A step is halved as long as it makes the
    value no smaller. Points without a root are nan.
    """
    eps = float(xp.finfo(z.dtype).eps)
    near = eps ** (1 / 3)
    best, step, found = z, 0 * z + xp.inf, 0 * z + xp.nan
    least, part = 0 * xp.abs(z) + xp.inf, 0 * xp.abs(z) + 1
    for _ in range(60):
        r, slope = residual(z)
        size = xp.abs(r)
        better = size <= (1 - part / 4) * least
        best, least = xp.where(better, z, best), xp.where(better, size, least)
        step = xp.where(better, xp.where(r == 0, 0 * r, r / slope), step)
        scale = xp.abs(best)
        room = xp.where(better, 4 * eps * scale, near * (scale + near))
        done = (xp.abs(step) <= room) & (least < xp.inf) & xp.isnan(found)
        found = xp.where(done, best - xp.where(better, step, 0 * step), found)
        part = xp.where(better, 0 * part + 1, part / 2)
        z = best - part * step
    return found
'''

NEWTON_BETWEEN_IN_STANDARD = '''\
def newton_between(xp, residual, z, low, high):
    """Return the root of `residual` between `low` and `high`, where its sign differs.

    The residual returns values and slopes. In each of 100 steps, Newton's step is taken
    where it stays between the ends and is short, and the middle of them elsewhere.
    Points where the signs do not differ are nan.
    """
    eps = float(xp.finfo(z.dtype).eps)
    below, above = residual(low)[0], residual(high)[0]
    most = xp.maximum(xp.abs(below), xp.abs(above))
    none = 0 * below + xp.nan
    found = xp.where(below == 0, low, xp.where(above == 0, high, none))
    fits = xp.sign(below) * xp.sign(above) < 0
    z = xp.minimum(xp.maximum(z, xp.minimum(low, high)), xp.maximum(low, high))
    turned = below > above
    low, high = xp.where(turned, high, low), xp.where(turned, low, high)
    before = last = xp.abs(high - low)
    for _ in range(100):
        r, slope = residual(z)
        step = r / slope
        low, high = xp.where(r < 0, z, low), xp.where(r < 0, high, z)
        new, room = z - step, 4 * eps * xp.abs(z)
        near = xp.abs(step) <= room
        done = (r == 0) | near | (xp.abs(high - low) <= room)
        done = done & fits & (xp.abs(r) <= most) & xp.isnan(found)
        found = xp.where(done, xp.where(near, new, z), found)
        inside = (xp.minimum(low, high) < new) & (new < xp.maximum(low, high))
        short = inside & (2 * xp.abs(step) < before)
        new = xp.where(short, new, (low + high) / 2)
        before, last, z = last, xp.abs(new - z), new
    return found
'''

NEWTON_SYSTEM_IN_STANDARD = '''\
def newton_system(xp, residual, z):
    """Return the root of a vector of residuals that Newton's method finds in 40 steps.

    The residual returns vectors and Jacobian matrices. A step is halved as long as the
    next step, with the same matrix, is no shorter. Points without a root are nan.
    """
    eps = float(xp.finfo(z.dtype).eps)
    near = eps ** (1 / 3)

    def steps(matrix, r):
        return xp.linalg.solve(matrix, r[..., None])[..., 0]

    def length(step, best):
        size = xp.abs(best)
        scale = size + near * (1 + xp.max(size, axis=-1, keepdims=True))
        return xp.max(xp.abs(step) / scale, axis=-1, keepdims=True)

    r, matrix = residual(z)
    best, step, found = z, steps(matrix, r), 0 * r + xp.nan
    part = 0 * length(step, best) + 1
    for _ in range(40):
        exact = xp.all(xp.abs(step) <= 4 * eps * xp.abs(best), axis=-1, keepdims=True)
        z = best - part * step
        r, slopes = residual(z)
        now = length(step, best)
        better = length(steps(matrix, r), best) <= (1 - part / 4) * now
        done = (exact | (~better & (now <= near))) & xp.isnan(found)
        found = xp.where(done, xp.where(exact & better, z, best), found)
        matrix = xp.where(better[..., None], slopes, matrix)
        best = xp.where(better, z, best)
        step = xp.where(better, steps(matrix, r), step)
        part = xp.where(better, 0 * part + 1, part / 2)
    return found
'''

NEWTON_MINIMUM_IN_STANDARD = '''\
def newton_minimum(xp, slopes, z, rank):
    """Return the minimum that Newton's method finds from z on in 60 steps.

    `slopes` returns gradients, Hessian matrices and values. The steps use the absolute
    values of the curvatures, so that they lead down. A step is halved as long as it
    makes the value no smaller. Points without a minimum are nan.
    """
    eps = float(xp.finfo(z.dtype).eps)
    near = eps ** (1 / 3)
    z = z if rank else z[..., None]

    def at_points(z):
        g, h, value = slopes(z if rank else z[..., 0])
        if not rank:
            return g[..., None], h[..., None, None] + 0 * g[..., None, None], value[..., None]
        return g, h + 0 * g[..., None], value[..., None]

    def downhill(g, h):
        fine = xp.all(xp.isfinite(h), axis=(-2, -1), keepdims=True)
        curves, axes = xp.linalg.eigh(xp.where(fine, h, 0 * xp.ones_like(h)))
        along = (axes.mT @ g[..., None])[..., 0] / xp.abs(curves)
        return xp.where(fine[..., 0], (axes @ along[..., None])[..., 0], 0 * g + xp.nan), curves

    g, h, least = at_points(z)
    best, (step, curves) = z + 0 * g, downhill(g, h)
    part, found = 0 * least + 1, 0 * g + xp.nan
    for _ in range(60):
        size = xp.abs(best)
        scaled = xp.abs(step) / (size + near * (1 + size))
        now = xp.max(scaled, axis=-1, keepdims=True)
        exact = xp.all(xp.abs(step) <= 4 * eps * size, axis=-1, keepdims=True)
        z = best - part * step
        new, h, value = at_points(z)
        slope = xp.sum(g * step, axis=-1, keepdims=True)
        down = value <= least - part * slope / 10000
        level = xp.abs(value - least) <= 4 * eps * xp.abs(least)
        flat = xp.max(xp.abs(new), axis=-1, keepdims=True)
        steep = xp.max(xp.abs(g), axis=-1, keepdims=True)
        better = down | (level & (flat <= (1 - part / 4) * steep))
        convex = xp.all(curves > 0, axis=-1, keepdims=True)
        done = (exact | (~better & (now <= near))) & convex & xp.isnan(found)
        found = xp.where(done, xp.where(exact, z, best), found)
        next_step, next_curves = downhill(new, h)
        best, g = xp.where(better, z, best), xp.where(better, new, g)
        step = xp.where(better, next_step, step)
        curves = xp.where(better, next_curves, curves)
        least = xp.where(better, value, least)
        part = xp.where(better, 0 * part + 1, part / 2)
    return found if rank else found[..., 0]
'''
