"""Random formulas of arrays, axes of length 1 among them."""

import re

ARGS = {
    "a": (), "b": (), "x": ("n",), "y": ("n",), "u": ("m",), "p": (3,), "r": (2,), "q": (1,), "w": ("k",),
    "A": ("m", "n"), "B": ("n", "m"), "S": ("n", "n"), "G": ("m", "k"), "C": ("m", 1), "E": ("n", 1), "R": (1, "n"),
    "F": (1, "m"), "D": (1, 1), "T": ("m", 1, "n"),
}  # fmt: skip
SIZES = {"n": 3, "m": 2, "k": 1}
# For each shape what has it; for some, lists alone.
LEAVES = {shape: [name for name in ARGS if ARGS[name] == shape] for shape in dict.fromkeys(ARGS.values())}
for _text, _shape in {
    "[a]": (1,), "[2]": (1,), "[a, b]": (2,), "[a, b, a]": (3,), "[x]": (1, "n"), "[u]": (1, "m"), "[w]": (1, "k"),
    "[[a]]": (1, 1), "[q]": (1, 1), "[[a], [b]]": (2, 1), "[q, [b]]": (2, 1), "[[a, b]]": (1, 2), "[r]": (1, 2),
    "[[a, b], [b, a]]": (2, 2), "[r, [a, a]]": (2, 2), "[x, y]": (2, "n"), "[q, [a], q]": (3, 1), "[p]": (1, 3),
    "[R]": (1, 1, "n"), "[A]": (1, "m", "n"), "[R, R]": (2, 1, "n"), "[D]": (1, 1, 1), "[C]": (1, "m", 1),
}.items():  # fmt: skip
    LEAVES.setdefault(_shape, []).append(_text)

UNARY = [
    "sin({})", "tanh({})", "exp(-({})**2)", "sqrt(1 + ({})**2)", "-({})", "log(2 + ({})**2)", "{}/3", "abs({})", "({})**2",
    "1/(2 + ({})**2)", "relu({})", "softplus({})",
]  # fmt: skip
BINARY = [
    "({} + {})", "({} - {})", "({}*{})", "({}/(2 + ({})**2))", "(1.5 + tanh({}))**({})", "maximum({}, {})",
    "minimum({}, {})", "hypot({}, 1 + ({})**2)", "logaddexp({}, {})", "arctan2({}, 1 + ({})**2)",
]  # fmt: skip
ALONG = ["sum", "mean", "max", "min", "norm", "logsumexp", "prod"]


def broadcasting(rng, shape):
    """Two shapes that broadcast together to that one."""

    def weaker():
        return rng.choice([s for s in LEAVES if len(s) <= len(shape) and _fits(s, shape)])

    one, other = weaker(), weaker()
    axes = [(1,) * (len(shape) - len(s)) + s for s in (one, other)]
    if max(len(one), len(other)) < len(shape) or tuple(p if q == 1 else q for p, q in zip(*axes, strict=True)) != shape:
        one = shape
    return rng.sample([one, other], 2)


def _fits(shape, to):
    return all(p in (1, q) for p, q in zip(shape[::-1], to[::-1], strict=False))


def formula(rng, shape, depth):
    """A random formula of that shape."""
    if depth == 0:
        return rng.choice([*LEAVES[shape], str(rng.randint(1, 3))]) if shape == () else rng.choice(LEAVES[shape])

    def sub(s):
        return formula(rng, s, depth - 1)

    def colons(axis, key):
        return ", ".join([":"] * axis + [key])

    def binary():
        one, other = broadcasting(rng, shape)
        return rng.choice(BINARY).format(sub(one), sub(other))

    def choice():
        (one, other), (third, _) = broadcasting(rng, shape), broadcasting(rng, shape)
        return f"where({sub(third)} > 0.3, {sub(one)}, {sub(other)})"

    ways = [lambda: rng.choice(UNARY).format(sub(shape)), binary, binary, choice]
    longer = [(s, k) for s in LEAVES for k in range(len(s)) if s[:k] + s[k + 1 :] == shape]

    def along():
        s, axis = rng.choice(longer)
        return f"{rng.choice(ALONG)}({sub(s)}, axis={rng.choice([axis, axis - len(s)])})"

    def element():
        s, axis = rng.choice(longer)
        return f"({sub(s)})[{colons(axis, rng.choice(['0', '-1'] if s[axis] in (1, 'k') else ['0', '-1', '1']))}]"

    ways += [along, element] if longer else []
    arrays = [s for s in LEAVES if s]
    if not shape:
        vectors = [s for s in LEAVES if len(s) == 1]

        def product():
            s = rng.choice(vectors)
            return f"(({sub(s)}) @ ({sub(s)}))"

        def total():
            one, other = broadcasting(rng, rng.choice(arrays))
            return f"sum(({sub(one)})*({sub(other)}))"

        return rng.choice([*ways, lambda: f"{rng.choice(ALONG)}({sub(rng.choice(arrays))})", product, total])()
    axis = rng.randrange(len(shape))
    ways += [
        lambda: f"softmax({sub(shape)}, axis={axis})",
        lambda: f"({sub(shape)})[{colons(axis, '::-1')}]",
    ]
    if isinstance(shape[0], int):
        ways += [lambda: f"[{', '.join(sub(shape[1:]) for _ in range(shape[0]))}]"]
    if shape[axis] == 1:
        whole = [s for s in arrays if len(s) == len(shape) and (*s[:axis], 1, *s[axis + 1 :]) == shape]
        ways += [lambda: f"({sub(rng.choice(whole))})[{colons(axis, rng.choice([':1', '-1:']))}]"]
    if len(shape) == 2 and shape[::-1] in LEAVES:
        ways += [lambda: f"({sub(shape[::-1])}).T"]
    if len(shape) == 2 and {shape[:1], shape[1:]} <= LEAVES.keys():
        ways += [lambda: f"outer({sub(shape[:1])}, {sub(shape[1:])})"]
    products = [
        pair
        for k in ("n", "m", "k", 1, 2, 3)
        for pair in [((*shape[:1], k), (k, *shape[1:])), *[((k,), (k, *shape))] * (len(shape) == 1)]
        if len(shape) < 3 and set(pair) <= LEAVES.keys()
    ]
    if products:

        def contraction():
            one, other = rng.choice(products)
            return f"(({sub(one)}) @ ({sub(other)}))"

        ways += [contraction]
    return rng.choice(ways)()


def declared(text):
    """The arguments of a formula."""
    names = [name for name in ARGS if re.search(rf"(?<!\.)\b{name}\b", text)]
    return ", ".join([f"{name}[{','.join(map(str, ARGS[name]))}]" if ARGS[name] else name for name in names])
