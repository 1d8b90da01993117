"""Functions of a formula, which need only the standard library: value, value_and_grad.

    log(x1) + x1*x2 - sin(x2)

Arguments: x1, x2
Differentiated by: x1, x2

The functions take and return floats. A matrix is a list of its rows. The math
module raises errors where NumPy returns an infinity or NaN: ValueError outside
of the domain of a function (and for log(0)), OverflowError for a result that is
too large, ZeroDivisionError for x/0. These functions do not catch such errors.
An error can come from a step that the result does not need, such as the other
side of a choice.

Run this file
    without arguments, to print and check all results at POINT,
    with a value for each argument in order, to print the results there,
    with --check, to compare all results at POINT with the stored results.
The exit status is 1 if a stored result differs, 2 for wrong arguments.

symdiff generated this file. The file runs without symdiff.
"""

import math
import sys
from collections import namedtuple

ValueAndGrad = namedtuple("ValueAndGrad", ["value", "grad"])
Grad = namedtuple("Grad", ["x1", "x2"])


def value(x1, x2):
    """The formula itself.

    Args: x1, x2

    Returns: out
    """
    x1, x2 = float(x1), float(x2)
    out = math.log(x1) + x1 * x2 - math.sin(x2)
    return out


def value_and_grad(x1, x2):
    """Value and gradient in one pass.

    Args: x1, x2

    Returns: ValueAndGrad(value, grad=Grad(x1, x2))
    """
    x1, x2 = float(x1), float(x2)
    # forward sweep
    out = math.log(x1) + x1 * x2 - math.sin(x2)
    # reverse sweep
    x2_bar = x1 - math.cos(x2)
    x1_bar = x2 + 1.0 / x1
    return ValueAndGrad(out, Grad(x1_bar, x2_bar))


# The point of the stored results.
POINT = {
    "x1": 2.0,
    "x2": 5.0,
}
ARGUMENTS = ["x1", "x2"]
# Each function with its arguments and results. Of many results, some are stored.
STORED = [
    (value, ARGUMENTS, [11.652071455223084]),
    (value_and_grad, ARGUMENTS, [11.652071455223084, 5.5, 1.7163378145367738]),
]


def check():
    """Return whether all functions give the stored results. Print the differences."""
    same = True
    for function, names, stored in STORED:
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
    nan = math.isnan(a) and math.isnan(b)
    return a == b or nan or abs(a - b) <= error < float("inf")


def _numbers(result):
    """Return all numbers of a result in order."""
    if isinstance(result, (tuple, list)):
        return [number for part in result for number in _numbers(part)]
    return [result]


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
                    point[name] = float(word)
                except ValueError:
                    raise ValueError(
                        f"{name} takes a number, not {word!r}"
                    ) from None
        for name, given in point.items():
            _show(name, given)
        for function, names, _ in STORED:
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
