"""Formulas of the corpus as functions of NumPy's and SciPy's."""

import ast
import re

import numpy as np
from scipy import special

# Names of the language that NumPy and SciPy spell in another way.
SPELLINGS = {
    "ln": "np.log",
    "abs": "np.abs",
    "max": "np.maximum",
    "min": "np.minimum",
    "sigmoid": "special.expit",
    "lgamma": "special.gammaln",
}
# Names that they do not have, each with what people write.
WITHOUT = {"softplus": "logaddexp(0, x)", "relu": "maximum(x, 0)"}


class _Spelled(ast.NodeTransformer):
    """Choices, conditions and calls as NumPy has them."""

    def _call(self, name, *args):
        return ast.Call(ast.parse(name, mode="eval").body, list(args), [])

    def _joined(self, name, first, *others):
        for other in others:
            first = self._call(name, first, other)
        return first

    def visit_IfExp(self, node):
        self.generic_visit(node)
        return self._call("np.where", node.test, node.body, node.orelse)

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        return self._joined(f"np.logical_{type(node.op).__name__.lower()}", *node.values)

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        return self._call("np.logical_not", node.operand) if isinstance(node.op, ast.Not) else node

    def visit_Compare(self, node):
        self.generic_visit(node)
        values = [node.left, *node.comparators]
        parts = [ast.Compare(values[k], [op], [values[k + 1]]) for k, op in enumerate(node.ops)]
        return self._joined("np.logical_and", *parts)

    def visit_Call(self, node):
        self.generic_visit(node)
        name = node.func.id
        if name == "Piecewise":
            value = ast.parse("np.nan", mode="eval").body
            for pair in reversed(node.args):
                chosen, condition = pair.elts
                always = isinstance(condition, ast.Constant) and condition.value is True
                value = chosen if always else self._call("np.where", condition, chosen, value)
            return value
        if name in WITHOUT:
            text = ast.unparse(node.args[0])
            return ast.parse("np." + re.sub(r"\bx\b", f"({text})", WITHOUT[name]), mode="eval").body
        spelt = SPELLINGS.get(name) or (f"np.{name}" if hasattr(np, name) else f"special.{name}")
        if spelt in ("np.maximum", "np.minimum"):
            return self._joined(spelt, *node.args)
        return self._call(spelt, *node.args)

    def visit_Name(self, node):
        return ast.parse("np.pi", mode="eval").body if node.id == "pi" else node


def as_function(statements, arguments):
    """Return a Python function of a formula, given as its statements in Python's syntax."""
    lines = [f"def formula({', '.join(arguments)}):"]
    for statement in statements:
        target, _, value = re.fullmatch(r"(?:(\w+)\s*(=)(?!=))?(.*)", statement).groups()
        tree = _Spelled().visit(ast.parse(value.replace("^", "**").strip(), mode="eval").body)
        lines.append(f"    {f'{target} =' if target else 'return'} {ast.unparse(tree)}")
    scope = {"np": np, "special": special}
    exec("\n".join(lines), scope)
    return scope["formula"]


def without(text):
    """Return a text that defines the functions which NumPy and SciPy do not have."""
    for name, instead in WITHOUT.items():
        if f"{name}(" in text:
            text = f"{name}_(x) = {instead}\n" + re.sub(rf"\b{name}\(", f"{name}_(", text)
    return text
