"""Functions of a formula, which need only NumPy: value_and_grad.

    r = y - a*x - b
    sum(r**2)

Arguments: x[n], y[n], a, b
Differentiated by: a, b

The functions take numbers and arrays, which broadcast together as in NumPy. All
results have the broadcast shape. Integers count as float64, and float32 stays float32.
Outside of its domain, a function returns NaN or an infinity and warns as
numpy.errstate says.
Brackets show the core shape of an argument. The dimensions before it are loop
dimensions, which broadcast together.

Run this file
    without arguments, to print and check all results at POINT,
    with a value for each argument in order, to print the results there,
        (a vector as 1,2,3, a matrix as 1,2;3,4),
    with --check, to compare all results at POINT with the stored results.
The exit status is 1 if a stored result differs, 2 for wrong arguments.

symdiff generated this file. The file runs without symdiff.
"""

import sys
from collections import namedtuple

import numpy as np

ValueAndGrad = namedtuple("ValueAndGrad", ["value", "grad"])
Grad = namedtuple("Grad", ["a", "b"])


def _floats(*args):
    """Return the arguments as arrays of one floating-point type."""
    arrays = [np.asarray(arg) for arg in args]
    kinds = [a.dtype for a, b in zip(arrays, args) if type(b) not in (float, int, bool)]
    kinds = [np.dtype(float) if kind.kind in "iub" else kind for kind in kinds]
    dtype = np.result_type(*set(kinds)) if kinds else np.dtype(float)
    if dtype not in (np.float32, np.float64):
        raise TypeError(
            f"arguments are real numbers or arrays of real numbers, not {dtype}"
        )
    return [a.astype(dtype, copy=False)[()] for a in arrays]


def _fit(*given):
    """Check the core shapes of arrays. Each array comes with its core dimensions."""
    sizes = {}
    for array, *core in given:
        shape = np.shape(array)[-len(core) :]
        for dim, size in zip(core, shape):
            named = isinstance(dim, str) and dim.isidentifier()
            if size != (sizes.setdefault(dim, size) if named else dim) and (
                named or isinstance(dim, int)
            ):
                raise ValueError(
                    f"an argument of shape {np.shape(array)} does not end in {core}"
                    + (f", where {dim} is {sizes[dim]}" if named else "")
                )
        if len(shape) < len(core):
            raise ValueError(f"an argument of shape {shape} does not end in {core}")


def value_and_grad(x, y, a, b):
    """Value and gradient in one pass.

    Args: x[n], y[n], a, b

    Returns: ValueAndGrad(value, grad=Grad(a, b))
    """
    x, y, a, b = _floats(x, y, a, b)
    _fit((x, "n"), (y, "n"))
    # forward sweep
    r = y - a[..., None] * x - b[..., None]
    out = np.vecdot(r, r)
    # reverse sweep
    b_bar = -2.0 * r.sum(axis=-1)
    a_bar = -2.0 * np.vecdot(r, x)
    return ValueAndGrad(out[()], Grad(a_bar, b_bar))


# The point of the stored results.
POINT = {
    "x": [1.43, 0.854, 1.78],
    "y": [1.21, 0.635, 1.56],
    "a": 0.989,
    "b": 1.92,
}
ARGUMENTS = ["x", "y", "a", "b"]
# Each function with its arguments and results. Of many results, some are stored.
STORED = [
    (value_and_grad, ARGUMENTS, [13.543925724536003, 17.261474447999998, 12.748592]),
]


def check():
    """Return whether all functions give the stored results. Print the differences."""
    same = True
    for function, names, stored in STORED:
        with np.errstate(all="ignore"):
            found = _numbers(function(*[POINT[name] for name in names]))
        found = found[:: 1 + len(found) // 100]
        finite = [abs(number) for number in stored if abs(number) < float("inf")]
        least = 1e-12 * max(finite, default=0.0)
        if len(found) != len(stored):
            print(f"{function.__name__}: {len(found)} numbers, not {len(stored)}")
            same = False
        for a, b in zip(found, stored):
            if not _close(a, b, least):
                print(f"{function.__name__}: {a!r}, but stored is {b!r}")
                same = False
    return same


def _close(a, b, least):
    """Return whether two numbers agree up to rounding. Two NaN agree."""
    error = 1e-9 * abs(b) + least
    nan = np.isnan(a) and np.isnan(b)
    return a == b or nan or abs(a - b) <= error < float("inf")


def _numbers(result):
    """Return all numbers of a result in order."""
    if isinstance(result, (tuple, list)):
        return [number for part in result for number in _numbers(part)]
    return np.ravel(result).tolist()


def _read(name, word):
    """Return a number, a vector such as 1,2,3, or a matrix with ; between its rows."""
    rank = np.ndim(POINT[name])
    rows = [[float(number) for number in row.split(",")] for row in word.split(";")]
    if rank == 2 or len(rows) > 1:
        return np.array(rows)
    return np.array(rows[0]) if rank == 1 or len(rows[0]) > 1 else rows[0][0]


def main(words):
    """Run the command and return its exit status."""
    if words and words[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    if words == ["--check"]:
        return 0 if check() else 1
    point = dict(POINT)
    try:
        if words:
            if any(word.startswith("--") for word in words):
                raise ValueError(
                    f"write --check or --help alone, not {' '.join(words)}"
                )
            if len(words) != len(ARGUMENTS):
                needed = " ".join(ARGUMENTS)
                raise ValueError(
                    f"give one value for each of: {needed} ({len(words)} given)"
                )
            for name, word in zip(ARGUMENTS, words):
                try:
                    point[name] = _read(name, word)
                except ValueError:
                    raise ValueError(
                        f"{name} takes numbers, such as 1,2,3 or 1,2;3,4, not {word!r}"
                    ) from None
        for name, given in point.items():
            _show(name, given)
        for function, names, _ in STORED:
            with np.errstate(all="ignore"):
                result = function(*[point[name] for name in names])
            _show(function.__name__, result)
    except (ArithmeticError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if words:
        return 0
    same = check()
    print("check: the same as stored" if same else "check: NOT the same as stored")
    return 0 if same else 1


def _show(label, result):
    """Print a result, with one line for each field of a named tuple."""
    if hasattr(result, "_fields"):
        for field, part in zip(result._fields, result):
            _show(f"{label}.{field}", part)
    else:
        text = str(result).replace("\n", "\n" + " " * (len(label) + 3))
        print(f"{label} = {text}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
