"""Functions for code in the array API standard, which has no function of its own for what they do.

Each is the source of a Python function, which generated code contains where it calls the function. The first parameter
is the namespace `xp` of the standard. Arrays may have loop dimensions in front of the axes that an operation knows.
Nothing is assigned to elements, and nothing depends on the values of arrays, so that compilers of other libraries can
trace the code.

Standard: Python array API standard, version 2024.12, https://data-apis.org/array-api/2024.12.
"""

from __future__ import annotations

# Shapes

SPREAD = '''\
def spread(xp, x, rank, to):
    """Return x, whose last axes are `rank` in number, repeated to the shape `to`."""
    ahead, core = x.shape[: x.ndim - rank], x.shape[x.ndim - rank :]
    x = xp.reshape(x, ahead + (1,) * (len(to) - rank) + core)
    return xp.broadcast_to(x, ahead + to)
'''

TOGETHER = '''\
def together(xp, parts, rank):
    """Return arrays with the same axes in front of their last `rank` ones."""
    loop = np.broadcast_shapes(*[part.shape[: part.ndim - rank] for part in parts])
    return [
        xp.broadcast_to(part, loop + part.shape[part.ndim - rank :]) for part in parts
    ]
'''

LISTED = '''\
def listed(xp, parts, to):
    """Return an array of the shape `to` with the parts as its elements, in order."""
    made = xp.stack(together(xp, parts, 0), axis=-1)
    return xp.reshape(made, made.shape[:-1] + to)
'''

JOINED = '''\
def joined(xp, parts, axis, rank):
    """Return arrays with `rank` axes one after the other along an axis."""
    return xp.concat(together(xp, parts, rank), axis=axis)
'''

# Every element of the result is one of the elements of the parts, or zero. `numbers` has the number of each element of
# the result. Parts that share places go to several layers, which are added.
ASSEMBLED = '''\
def assembled(xp, device, to, places, parts, zero):
    """Return zeros of the shape `to`, with each part added at its place of the last axes."""
    core = to[len(to) - len(places[0]) :] if places else ()
    batch = to[: len(to) - len(core)]
    numbers = np.arange(np.prod(core, dtype=int)).reshape(core)
    flat, layers, start = [xp.broadcast_to(zero, batch + (1,))], [], 1
    for place, part in zip(places, parts):
        at = numbers[place]
        whole = batch + at.shape
        part = xp.reshape(part, (1,) * (len(whole) - part.ndim) + part.shape)
        ahead = part.shape[: part.ndim - len(whole)] + batch
        part = xp.broadcast_to(part, ahead + at.shape)
        flat.append(xp.reshape(part, ahead + (at.size,)))
        layer = next((one for one in layers if not one[at].any()), None)
        if layer is None:
            layers.append(layer := np.zeros(numbers.size, int))
        layer[at] = np.arange(start, start + at.size).reshape(at.shape)
        start += at.size
    flat = xp.concat(together(xp, flat, 1), axis=-1)
    if not layers:
        return xp.broadcast_to(zero, to)
    found = [xp.take(flat, xp.asarray(layer, device=device), axis=-1) for layer in layers]
    total = sum(found[1:], start=found[0])
    return xp.reshape(total, total.shape[:-1] + core)
'''

SHAPES = {"spread": SPREAD, "together": TOGETHER, "listed": LISTED, "joined": JOINED, "assembled": ASSEMBLED}

# Products

CONTRACTED = '''\
def contracted(xp, x, y, left, right, out):
    """Return what numpy.einsum("...left,...right->...out") returns, by a product of matrices."""
    alone = [k - len(left) for k, label in enumerate(left) if label not in right + out]
    x = xp.sum(x, axis=tuple(alone)) if alone else x
    alone = [k - len(right) for k, label in enumerate(right) if label not in left + out]
    y = xp.sum(y, axis=tuple(alone)) if alone else y
    left = [label for label in left if label in right + out]
    right = [label for label in right if label in left or label in out]
    sizes = dict(zip(left, x.shape[x.ndim - len(left) :]))
    sizes |= dict(zip(right, y.shape[y.ndim - len(right) :]))
    batch = [label for label in left if label in right and label in out]
    summed = [label for label in left if label in right and label not in out]
    rows = [label for label in left if label not in right]
    columns = [label for label in right if label not in left]

    def matrix(a, own, *groups):
        ahead = a.ndim - len(own)
        order = [ahead + own.index(label) for group in (batch, *groups) for label in group]
        shape = [np.prod([sizes[label] for label in group], dtype=int) for group in groups]
        a = xp.permute_dims(a, (*range(ahead), *order))
        return xp.reshape(a, (*a.shape[: ahead + len(batch)], *map(int, shape)))

    made = xp.matmul(matrix(x, left, rows, summed), matrix(y, right, summed, columns))
    ahead = made.ndim - len(batch) - 2
    own = [*batch, *rows, *columns]
    made = xp.reshape(made, (*made.shape[:ahead], *[sizes[label] for label in own]))
    return xp.permute_dims(made, (*range(ahead), *[ahead + own.index(k) for k in out]))
'''

OTHERS = '''\
def others(xp, x):
    """Return the product of all elements but each one, along the last axis."""
    if not x.shape[-1]:
        return x
    one = xp.ones_like(x[..., :1])
    before = xp.cumulative_prod(xp.concat([one, x[..., :-1]], axis=-1), axis=-1)
    back = xp.flip(x[..., 1:], axis=-1)
    after = xp.cumulative_prod(xp.concat([one, back], axis=-1), axis=-1)
    return before * xp.flip(after, axis=-1)
'''

# One element after the other

DELAYED = '''\
def delayed(xp, x, axis, back):
    """Return the elements moved along an axis by one place, with a zero in the place that is free."""
    if not x.shape[axis]:
        return x
    x = xp.moveaxis(x, axis, -1)
    zero = xp.zeros_like(x[..., :1])
    x = xp.concat([x[..., 1:], zero] if back else [zero, x[..., :-1]], axis=-1)
    return xp.moveaxis(x, -1, axis)
'''

RECURRENCE = '''\
def recurrence(xp, x, added, axis):
    """Return y with y[k] = x[k]*y[k - 1] + added[k] along an axis."""
    x, added = xp.broadcast_arrays(x, added)
    x, added = xp.moveaxis(x, axis, -1), xp.moveaxis(added, axis, -1)
    found = [added[..., k] for k in range(added.shape[-1])]
    for k in range(1, len(found)):
        found[k] = x[..., k] * found[k - 1] + found[k]
    return xp.moveaxis(xp.stack(found, axis=-1), -1, axis) if found else added
'''

# After step s, each element has the s elements before it (Hillis & Steele, "Data parallel algorithms", 1986).
LOGCUMSUMEXP = '''\
def logcumsumexp(xp, x, axis):
    """Return the logarithms of the sums of the exponentials up to each element."""
    if x.shape[axis] < 2:
        return xp.asarray(x, copy=True)
    x = xp.moveaxis(x, axis, -1)
    step = 1
    while step < x.shape[-1]:
        before = xp.logaddexp(x[..., step:], x[..., :-step])
        x = xp.concat([x[..., :step], before], axis=-1)
        step *= 2
    return xp.moveaxis(x, -1, axis)
'''

COLLECTED = '''\
def collected(xp, parts, rank, empty):
    """Return the results of the steps of a loop along an axis in front of `rank` others."""
    return xp.stack(together(xp, parts, rank), axis=-1 - rank) if parts else empty
'''

# Matrices

DIAGONAL = '''\
def diag(xp, device, x, k, to):
    """Return matrices of the shape `to` with x on the k-th diagonal, and zeros elsewhere."""
    rows, columns = to
    rest = (columns if k < 0 else rows) - x.shape[-1]
    zeros = xp.zeros(x.shape[:-1] + (rest,), dtype=x.dtype, device=device)
    x = xp.concat([x, zeros], axis=-1)
    x = x[..., None, :] if k < 0 else x[..., :, None]
    at = xp.eye(rows, columns, k=k, dtype=x.dtype, device=device) != 0
    return xp.where(at, x, xp.zeros_like(x))
'''

SYMMETRIC = '''\
def symmetric(xp, x):
    """Return the symmetric matrices with the lower triangles of these."""
    return xp.tril(x) + xp.tril(x, k=-1).mT
'''

DECOMPOSED = '''\
def decomposed(xp, a):
    """Return the singular values of matrices, the conjugate vectors, and det(u) * det(vt)."""
    finite = xp.all(xp.isfinite(a), axis=(-2, -1))[..., None, None]
    u, s, vt = xp.linalg.svd(xp.where(finite, a, xp.zeros_like(a)))
    sign = (xp.linalg.det(u) * xp.linalg.det(vt))[..., None, None]
    sign = xp.where(finite, sign, xp.nan)
    if xp.isdtype(a.dtype, "complex floating"):
        return sign, xp.conj(u), xp.astype(s, a.dtype), xp.conj(vt)
    return sign, u, s, vt
'''

COFACTORS = '''\
def cofactors(xp, device, a):
    """Return det(a) * inv(a).T of matrices, by the singular values if one is singular."""
    sign, u, s, vt = decomposed(xp, a)
    det = xp.linalg.det(a)[..., None, None]
    regular = xp.isfinite(det) & (det != 0)
    one = xp.eye(a.shape[-1], dtype=a.dtype, device=device)
    inverse = xp.linalg.inv(xp.where(regular, a, one)).mT
    return xp.where(regular, det * inverse, sign * (u * others(xp, s)[..., None, :] @ vt))
'''

SECOND_COFACTORS = '''\
def second_cofactors(xp, device, a, dot):
    """Return the change of the cofactors of matrices along others."""
    sign, u, s, vt = decomposed(xp, a)
    one = xp.eye(s.shape[-1], dtype=s.dtype, device=device)
    rest = others(xp, xp.where(one != 0, one, s[..., None, :])) * (1.0 - one)
    turned = u.mT @ dot @ vt.mT
    diagonal = rest @ xp.linalg.diagonal(turned)[..., None]
    return sign * (u @ (one * diagonal - rest * turned.mT) @ vt)
'''

OF_MATRICES = {
    "others": OTHERS,
    "decomposed": DECOMPOSED,
    "cofactors": COFACTORS,
    "second_cofactors": SECOND_COFACTORS,
}

# Order and indices

REORDERED = '''\
def reordered(xp, key, x, axis, inverse):
    """Return x in the order that sorts the key along an axis, or from that order back to the one before."""
    order = xp.argsort(key, axis=axis)
    order = xp.argsort(order, axis=axis) if inverse else order
    shape = np.broadcast_shapes(x.shape, order.shape)
    x, order = xp.broadcast_to(x, shape), xp.broadcast_to(order, shape)
    return xp.take_along_axis(x, order, axis=axis)
'''

DIVIDED = '''\
def divided(xp, i, j, remainder):
    """Return i // j of integers, or the remainder; 0 where j is 0, as in NumPy."""
    divisor = xp.where(j == 0, 1, j)
    return xp.where(j == 0, 0, i % divisor if remainder else i // divisor)
'''

NUMBERED = '''\
def numbered(xp, indices, sizes):
    """Return the numbers of the elements at indices, in an array of these sizes."""
    total = None
    for i, size in zip(indices, sizes):
        i = xp.where(i < 0, i + size, i)
        total = i if total is None else total * size + i
    return total
'''

GATHERED = '''\
def gathered(xp, x, indices, behind, rank, front):
    """Return the elements of x at indices. Behind loop dimensions, x has `front` axes, an axis for
    each of the indices, and `behind` more. The indices have `rank` axes."""
    split = x.ndim - behind - len(indices)
    ahead, sizes, last = x.shape[:split], x.shape[split : x.ndim - behind], x.shape[x.ndim - behind :]
    at = numbered(xp, indices, sizes)
    x = xp.reshape(x, ahead + (int(np.prod(sizes, dtype=int)),) + last)
    loop, of = at.shape[: at.ndim - rank], at.shape[at.ndim - rank :]
    count = int(np.prod(of, dtype=int))
    if not loop:
        found = xp.take(x, xp.reshape(at, (count,)), axis=split)
        return xp.reshape(found, ahead + of + last)
    at = xp.reshape(at, loop + (1,) * front + (count,) + (1,) * behind)
    ahead = np.broadcast_shapes(ahead, loop + (1,) * front)
    x = xp.broadcast_to(x, ahead + x.shape[split:])
    at = xp.broadcast_to(at, ahead + (count,) + last)
    found = xp.take_along_axis(x, at, axis=-1 - behind)
    return xp.reshape(found, ahead + of + last)
'''

# The elements are sorted by their segments. After step s, each one is combined with the s elements before it that are
# of the same segment. So the last element of a segment has the result.
SEGMENTS = '''\
def segments(xp, device, combine, x, indices, to, behind, rank, front, start):
    """Return the elements of x with equal indices, combined to one element at these indices.

    Behind loop dimensions, x has `front` axes, the `rank` axes of the indices, and `behind` more.
    """
    at = numbered(xp, indices, to)
    loop, of = at.shape[: at.ndim - rank], at.shape[at.ndim - rank :]
    core = front + rank + behind
    ahead, last = x.shape[: x.ndim - core], x.shape[x.ndim - behind :]
    ahead = np.broadcast_shapes(ahead, loop)
    x = xp.broadcast_to(x, ahead + x.shape[x.ndim - core :])
    middle = x.shape[len(ahead) : len(ahead) + front]
    size, count = int(np.prod(to, dtype=int)), int(np.prod(of, dtype=int))
    points = ahead if loop else ()
    number = int(np.prod(points, dtype=int))
    at = xp.reshape(xp.broadcast_to(at, points + of), (number, count))
    at = at + size * xp.arange(number, dtype=at.dtype, device=device)[:, None]
    split = len(points)
    order = [*range(split), *range(x.ndim - rank - behind, x.ndim - behind)]
    order += [k for k in range(x.ndim) if k not in order]
    x = xp.permute_dims(x, tuple(order))
    rest = x.shape[split + rank :]
    x = xp.reshape(x, (number * count,) + rest)
    if not number * count:
        made = xp.full((number * size,) + rest, start, dtype=x.dtype, device=device)
    else:
        at = xp.reshape(at, (number * count,))
        sort = xp.argsort(at)
        at, x = xp.take(at, sort, axis=0), xp.take(x, sort, axis=0)
        step = 1
        while step < number * count:
            same = xp.reshape(at[step:] == at[:-step], (-1,) + (1,) * len(rest))
            both = xp.where(same, combine(x[step:, ...], x[:-step, ...]), x[step:, ...])
            x = xp.concat([x[:step, ...], both], axis=0)
            step *= 2
        numbers = xp.arange(number * size, dtype=at.dtype, device=device)
        ends = xp.searchsorted(at, numbers, side="right")
        found = xp.reshape(xp.searchsorted(at, numbers) < ends, (-1,) + (1,) * len(rest))
        made = xp.take(x, xp.where(ends > 0, ends - 1, ends), axis=0)
        made = xp.where(found, made, xp.full_like(made, start))
    made = xp.reshape(made, points + to + rest)
    order = [*range(split), *range(split + len(to), made.ndim - behind)]
    order += [*range(split, split + len(to)), *range(made.ndim - behind, made.ndim)]
    return xp.permute_dims(made, tuple(order))
'''

AT_INDICES = {"numbered": NUMBERED, "gathered": GATHERED, "segments": SEGMENTS}

# The order of elements

# The standard searches one vector. Several of them are searched by counting.
SEARCHED = '''\
def searched(xp, a, v, side, rank):
    """Return np.searchsorted, where v has `rank` axes behind its loop dimensions."""
    if a.ndim == 1:
        return xp.searchsorted(a, v, side=side)
    a = xp.reshape(a, a.shape[:-1] + (1,) * rank + a.shape[-1:])
    v = xp.reshape(v, v.shape + (1,))
    before = (a <= v) | (v != v) if side == "right" else (a < v) | (v != v)
    return xp.sum(xp.astype(before, xp.int64), axis=-1)
'''
