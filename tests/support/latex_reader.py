"""A reader of the LaTeX that symdiff writes, by the conventions of a mathematician, to values.

It knows nothing of the printer: a product is what stands side by side, a minus sign is of the
whole product behind it, a big sign takes the product that follows. A vector is a column.
"""

import re

import numpy as np

from symdiff.ops.evaluate import function
from symdiff.ops.table import BASIC, PRIMITIVES

_MARKS = re.compile(r"\\begin\{\w+\}|\\end\{\w+\}|\\left|\\right|\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\S")
FUNCTIONS = {
    p.latex: p.name
    for p in PRIMITIVES.values()
    if p.name in BASIC and p.latex and "#" not in p.latex and not p.symbols and p.name != "where"
}
FUNCTIONS |= {r"\operatorname{clip}": "clip"}
_RELATIONS = {"<": "lt", ">": "gt", r"\leq": "le", r"\geq": "ge", "=": "eq", r"\neq": "ne"}
_STOP = {
    "+",
    "-",
    r"\right",
    "&",
    r"\\",
    "}",
    "]",
    ")",
    ",",
    r"\wedge",
    r"\vee",
    r"\end{cases}",
    r"\odot",
    r"\in",
    *_RELATIONS,
}


def equations(text):
    """The pairs of a left side and a right side."""
    if text.startswith(r"\begin{aligned}"):
        lines = text.removeprefix(r"\begin{aligned}").removesuffix(r"\end{aligned}").split(" \\\\\n")
        return [line.strip().split(" &= ", 1) for line in lines]
    left = re.match(r"(\\frac\{\\(partial|mathrm\{d\}).*?|\\left\(\\nabla.*?|[^ =\[(]+) = ", text)
    return [[left[1], text[left.end() :]]] if left else [["", text]]


def read(text, names):
    """The value of an expression, where names (as LaTeX) have these values."""
    reader = _Reader(text.partition(r", \quad 0 \leq")[0], names)
    value = reader.condition()
    assert reader.next is None, f"{reader.next!r} is left of {text!r}"
    return value


class _Reader:
    def __init__(self, text, names):
        self.marks = _MARKS.findall(text)
        self.names = dict(names)
        self.at = 0

    @property
    def next(self):
        return self.marks[self.at] if self.at < len(self.marks) else None

    def take(self, *wanted):
        mark = self.next
        assert not wanted or mark in wanted, f"{mark!r} where {wanted} is due, of {' '.join(self.marks)}"
        self.at += 1
        return mark

    def skip(self, *marks):
        while self.next in marks:
            self.at += 1

    # From the loosest to the tightest

    def condition(self):
        value = self.conjunction()
        while self.next == r"\vee":
            self.take()
            value = np.logical_or(value, self.conjunction())
        return value

    def conjunction(self):
        value = self.comparison()
        while self.next == r"\wedge":
            self.take()
            value = np.logical_and(value, self.comparison())
        return value

    def comparison(self):
        left, value = self.remainder(), None
        while self.next in _RELATIONS:
            relation = function(_RELATIONS[self.take()])
            right = self.remainder()
            held = relation(left, right)
            value, left = held if value is None else np.logical_and(value, held), right
        if self.next == r"\in":
            self.take()
            return left in self.progression()
        return left if value is None else value

    def progression(self):
        """The set of numbers from the first two of them and perhaps the last."""
        self.at += 2
        first = self.sum()
        self.take(",")
        step = self.sum() - first
        self.take(",")
        self.take(r"\ldots")
        last = 1000 * step
        if self.next == ",":
            self.take()
            last = self.sum()
        self.at += 2
        return range(int(first), int(last + np.sign(step)), int(step))

    def remainder(self):
        value = self.sum()
        if self.next == r"\;" and self.marks[self.at + 1 : self.at + 6] == [r"\mathrm", "{", "m", "o", "d"]:
            self.at += 7
            self.take(r"\;")
            value = np.mod(value, self.sum())
        return value

    def sum(self):
        value = self.signed()
        while self.next in ("+", "-"):
            sign = self.take()
            term = self.product()
            value = value + term if sign == "+" else value - term
        return value

    def signed(self):
        if self.next == "-":
            self.take()
            return -self.product()
        return self.product()

    def product(self):
        value = self.side_by_side()
        while self.next == r"\odot":
            self.take()
            value = value * self.side_by_side()
        return value

    def side_by_side(self):
        value = self.power()
        while True:
            self.skip(r"\cdot", r"\,", r"\times")
            if self.next is None or self.next in _STOP or self.next == r"\;":
                return value
            factor = self.power()
            both = np.ndim(value) == 2 and np.ndim(factor) == 2
            value = scalar(value @ factor) if both else value * factor

    def power(self):
        value = self.base()
        while self.next in ("^", "_"):
            if self.take() == "_":
                value = element(value, self.indices())
                continue
            exponent = self.group(r"\mathsf", "T")
            value = value.T if exponent == "T" else value**exponent
        return value

    def group(self, *special):
        """What is in braces."""
        self.take("{")
        if special and self.next == special[0]:
            self.take()
            self.group_text()
            self.take("}")
            return special[1]
        self.skip(r"\circ")
        value = self.condition()
        self.take("}")
        return value

    def group_text(self):
        """The text in braces."""
        self.take("{")
        depth, start = 1, self.at
        while depth:
            mark = self.take()
            depth += (mark == "{") - (mark == "}")
        return "".join(self.marks[start : self.at - 1])

    def indices(self):
        text = self.group_text()
        return [read(part, self.names) for part in text.split(",")]

    def base(self):
        mark = self.next
        if mark[0].isdigit():
            return np.float64(self.take())
        if mark == r"\left":
            return self.delimited()
        if mark == r"\frac":
            self.take()
            above = self.group()
            return above / self.group()
        if mark == r"\sqrt":
            self.take()
            if self.next == "[":
                self.at += 3
                return np.cbrt(self.group())
            return np.sqrt(self.group())
        if mark == "e" and self.marks[self.at + 1 : self.at + 2] == ["^"]:
            self.at += 2
            return np.exp(self.group())
        if mark == r"\neg":
            self.take()
            return np.logical_not(self.base())
        if mark == r"\begin{cases}":
            return self.cases()
        if mark in (r"\sum", r"\prod", r"\max", r"\min", r"\bigvee") and self.marks[self.at + 1] == "_":
            return self.big()
        delta = r"\mathbf" if r"\delta" in self.names else r"\delta"
        if mark == delta and "_" in self.marks[self.at + 1 : self.at + 5]:
            self.at = self.marks.index("_", self.at)
            self.take("_")
            i, j = self.indices()
            return float(i == j)
        if mark == r"\infty":
            self.take()
            return np.inf
        if mark == r"\pi" and r"\pi" not in self.names:
            self.take()
            return np.pi
        return self.named()

    def delimited(self):
        self.take(r"\left")
        kind = self.take()
        value = self.condition()
        parts = [value]
        while self.next == ",":
            self.take()
            parts.append(self.condition())
        self.take(r"\right")
        self.take()
        if kind == "[":
            if len(parts) > 1 or np.asarray(value).dtype != bool:
                return np.array(parts, float).reshape(len(parts), -1)
            return np.where(value, 1.0, 0.0)[()]
        match kind:
            case "|":
                return np.abs(value)
            case r"\lfloor":
                return np.floor(value)
            case r"\lceil":
                return np.ceil(value)
            case r"\Vert":
                return np.sqrt(np.sum(np.square(value)))
        return value

    def cases(self):
        self.take()
        found = None
        while True:
            with np.errstate(all="ignore"):
                value = self.condition()
            self.take("&")
            self.take(r"\text")
            said = self.group_text()
            holds = True if said == "otherwise" else self.condition()
            if found is None and holds:
                found = value
            if self.next != r"\\":
                break
            self.take()
        self.take(r"\end{cases}")
        return np.nan if found is None else found

    def big(self):
        sign = self.take()
        self.take("_")
        index, without = re.fullmatch(r"(\w)=0(?:,\w\\neq(\w))?", self.group_text()).groups()
        self.take("^")
        last = int(self.group())
        body, values = self.at, []
        for k in range(last + 1):
            if without and k == self.names[without]:
                continue
            self.at, self.names[index] = body, k
            values.append(self.comparison() if sign == r"\bigvee" else self.side_by_side())
        del self.names[index]
        return {r"\sum": sum, r"\prod": np.prod, r"\max": max, r"\min": min, r"\bigvee": any}[sign](values)

    def named(self):
        """A name with its subscripts, or a function with its arguments."""
        start = self.at
        text = self.take()
        if text in (r"\mathrm", r"\operatorname", r"\dot", r"\bar", r"\hat", r"\tilde", r"\vec"):
            text += "{" + self.group_text() + "}"
        if text == r"\log" and self.next == r"\Gamma":
            text += self.take()
        if text == r"\log" and self.next == r"\sum":
            return np.log(self.base())
        subscript = ""
        if self.next == "_":
            self.take()
            subscript = self.group_text()
        full = f"{text}_{{{subscript}}}" if subscript else text
        if full in FUNCTIONS and self.next in (r"\left", "^") and full not in self.names:
            return self.applied(FUNCTIONS[full])
        if full in self.names:
            return self.names[full]
        parts = subscript.split(",")
        for k in range(len(parts) - 1, -1, -1):
            name = f"{text}_{{{','.join(parts[:k])}}}" if k else text
            if name in self.names:
                return element(self.names[name], [read(part, self.names) for part in parts[k:]])
        if text == r"\mathrm{NaN}":
            return np.nan
        raise AssertionError(f"no {full!r} in {' '.join(self.marks[start - 3 : start + 6])}")

    def applied(self, name):
        exponent = None
        if self.next == "^":
            self.take()
            exponent = self.group()
        self.take(r"\left")
        self.take("(")
        arguments = [self.condition()]
        while self.next == ",":
            self.take()
            arguments.append(self.condition())
        self.take(r"\right")
        self.take(")")
        while len(arguments) > PRIMITIVES[name].arity:
            arguments[:2] = [function(name)(*arguments[:2])]
        arguments += PRIMITIVES[name].defaults[: PRIMITIVES[name].arity - len(arguments)]
        with np.errstate(all="ignore"):
            value = function(name)(*arguments)
        return value if exponent is None else value**exponent


def element(value, indices):
    """An element, an index of a column being one number."""
    indices = [int(i) for i in indices]
    if any(not 0 <= i < n for i, n in zip(indices, np.shape(value), strict=False)):
        return 1.0  # any number: a bracket, which is 0, takes it away
    return value[(*indices, 0)] if len(indices) < np.ndim(value) else value[tuple(indices)]


def scalar(value):
    """A matrix of one element as a number."""
    return value[0, 0] if value.shape == (1, 1) else value
