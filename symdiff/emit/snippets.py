"""The parts that all exported modules share."""

NUMPY_NOTE = """\
The functions take numbers and arrays, which broadcast together as in NumPy. All
results have the broadcast shape. Integers count as float64, and float32 stays float32.
Outside of its domain, a function returns NaN or an infinity and warns as
numpy.errstate says."""

MATH_NOTE = """\
The functions take and return floats. A matrix is a list of its rows. The math
module raises errors where NumPy returns an infinity or NaN: ValueError outside
of the domain of a function (and for log(0)), OverflowError for a result that is
too large, ZeroDivisionError for x/0. These functions do not catch such errors.
An error can come from a step that the result does not need, such as the other
side of a choice."""

USAGE = """\
Run this file
    without arguments, to print and check all results at POINT,
    with a value for each argument in order, to print the results there,<form>
    with --check, to compare all results at POINT with the stored results.
The exit status is 1 if a stored result differs, 2 for wrong arguments.

symdiff generated this file. The file runs without symdiff."""

FLOATS = '''\
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
'''

INTEGERS = '''\
def _integers(arg):
    """Return an argument that is made of integers as an array of them."""
    array = np.asarray(arg)
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"an argument is made of integers, not {array.dtype}")
    return array.astype(int, copy=False)[()]
'''

FIT = '''\
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
'''

CHECK = '''\
def check():
    """Return whether all functions give the stored results. Print the differences."""
    same = True
    for function, names, stored in STORED:
        <call>
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
    nan = <module>.isnan(a) and <module>.isnan(b)
    return a == b or nan or abs(a - b) <= error < float("inf")


def _numbers(result):
    """Return all numbers of a result in order."""
    if isinstance(result, (tuple, list)):
        return [number for part in result for number in _numbers(part)]
    return <numbers>
'''

READ = '''\
def _read(name, word):
    """Return a number, a vector such as 1,2,3, or a matrix with ; between its rows."""
    rank = np.ndim(POINT[name])
    rows = [[<number>(number) for number in row.split(",")] for row in word.split(";")]
    if rank == 2 or len(rows) > 1:
        return np.array(rows)
    return np.array(rows[0]) if rank == 1 or len(rows[0]) > 1 else rows[0][0]
'''

MAIN = '''\
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
<number>                try:
                    point[name] = <read>
                except ValueError:
                    raise ValueError(
                        f"{name} takes <kind>, not {word!r}"
                    ) from None
        for name, given in point.items():
            _show(name, given)
        for function, names, _ in STORED:
            <call>
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
        text = str(result).replace("\\n", "\\n" + " " * (len(label) + 3))
        print(f"{label} = {text}")


if __name__ == "__main__":
<unicode>    sys.exit(main(sys.argv[1:]))
'''
