"""`f.explain`: the derivative step by step, with the rule of each step, in words and formulas."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from symdiff.api import tables
from symdiff.api.compiled import Compiled
from symdiff.api.sweeps import Entry, Formula, Sweeps, for_readers
from symdiff.api.tables import WIDE, in_one_line, shortened
from symdiff.emit.formula import lines
from symdiff.errors import few
from symdiff.graph.ir import Program, Row, operands
from symdiff.language.hints import no_argument
from symdiff.ops.base import Linear, Operation
from symdiff.ops.contract import Einsum
from symdiff.ops.loops import Part
from symdiff.ops.table import PRIMITIVES
from symdiff.ops.table.fields import edges, slopes
from symdiff.runtime.arguments import normal

# For an operation and the operands that depend on the argument: the name of the rule, and the rule for u and w.
_RULES: dict[str, dict[tuple[int, ...], tuple[str, str]]] = {
    "add": {
        (0, 1): ("sum rule", "(u + w)' = u' + w'"),
        (0,): ("sum rule", "(u + c)' = u'"),
        (1,): ("sum rule", "(c + w)' = w'"),
    },
    "sub": {
        (0, 1): ("sum rule", "(u - w)' = u' - w'"),
        (0,): ("sum rule", "(u - c)' = u'"),
        (1,): ("sum rule", "(c - w)' = -w'"),
    },
    "neg": {(0,): ("constant factor", "(-u)' = -u'")},
    "mul": {
        (0, 1): ("product rule", "(u*w)' = u'*w + w'*u"),
        (0,): ("constant factor", "(u*c)' = u'*c"),
        (1,): ("constant factor", "(c*w)' = w'*c"),
    },
    "div": {
        (0, 1): ("quotient rule", "(u/w)' = u'*(1/w) + w'*(-(u/w)/w), which is (u'*w - u*w')/w^2"),
        (0,): ("constant factor", "(u/c)' = u'*(1/c)"),
        (1,): ("quotient rule", "(c/w)' = w'*(-(c/w)/w), which is -c*w'/w^2"),
    },
    "pow": {
        (0, 1): ("general power rule", "(u^w)' = u'*(w*u^(w - 1)) + w'*(u^w*log(u))"),
        (0,): ("power rule", "(u^c)' = u'*(c*u^(c - 1))"),
        (1,): ("exponential rule", "(c^w)' = w'*(c^w*log(c))"),
    },
}
_OTHER_WAYS = {
    True: ("power rule past steps in between", "All factors with one base count as one power, as x*sqrt(x) = x^1.5."),
    False: (
        "chain rule past steps in between",
        "A function of a length counts as a function of the sum of squares that the length is the root of.",
    ),
}
_STILL = "These steps have no dot:"
_SPECIAL = "At special points the rule has a value of its own, in the form of a where."
_OF_POWERS = (
    "By the base it is 0 where the exponent is 0.",
    "By the exponent it is 0 where the base is 0 and the exponent is not negative.",
)
_OF_PRODUCTS = {
    (0, 1): ("product rule", "(u @ w)' = u' @ w + u @ w'"),
    (0,): ("constant factor", "(u @ c)' = u' @ c"),
    (1,): ("constant factor", "(c @ w)' = c @ w'"),
}
_LONG = 88  # a longer rule is not shown: the derivative of the step shows it
_LETTERS = ("u", "w", "s", "t")


@dataclass(frozen=True, slots=True)
class Rule:
    """One step of an explanation.

    Attributes:
        name: The name of the step, as in the trace and in the source with `optimize=False`.
        expression: The expression of the step.
        rule: The name of the rule: "product rule", "table rule of sin", ...
        formula: The rule as a formula. It is empty if the rule is all in words.
        words: What else there is to say, such as a convention at a kink.
        derivative_name: The name of the derivative of the step, such as v1_dot.
        derivative: The expression of the derivative.
        parts: Names and expressions of long parts of the derivative.
    """

    name: str
    expression: str
    rule: str
    formula: str
    words: tuple[str, ...]
    derivative_name: str
    derivative: str
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """The derivative by one argument.

    Attributes:
        by: The name of the argument.
        start: What the dot of the argument stands for.
        constants: The names that do not depend on the argument.
        flat: The names that depend on the argument and have the derivative 0, as floor(x) has.
        rules: The steps that do, in order.
        ends: For each result, its name and what its derivative is.
        simplified: The lines of the simplified derivative, by name and expression; empty for an array.
        member: The member of the Function that computes it: `diff('x')` or `jvp`.
        is_array: Whether the argument is an array.
        still: The names and expressions of the steps without a dot: those whose derivative is 0, and conditions.
    """

    by: str
    start: str
    constants: tuple[str, ...]
    flat: tuple[str, ...]
    rules: tuple[Rule, ...]
    ends: tuple[tuple[str, str], ...]
    simplified: tuple[tuple[str, str], ...]
    member: str
    is_array: bool = False
    still: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The derivatives of a Function, step by step. It prints as text, and Jupyter shows it.

    Attributes:
        title: The formula.
        sections: The derivative by each argument.
    """

    title: str
    sections: tuple[Section, ...]
    _formulas: tuple[Formula, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        texts = [shortened(self.title, WIDE)]
        for section in self.sections:
            head = _head(section)
            texts += ["", head, "-" * len(head)]
            texts += [part for words in (section.start, *_constant(section)) for part in tables.wrapped(words)]
            if section.still:
                texts += [_STILL, *[f"   {name} = {text}" for name, text in section.still]]
            for k, step in enumerate(section.rules, 1):
                texts += ["", f"{k}. {step.name} = {step.expression}", f"   {_named(step)}"]
                texts += [part for words in step.words for part in tables.wrapped(words, "   ")]
                texts += [f"   {name} = {text}" for name, text in step.parts]
                texts.append(f"   {step.derivative_name} = {step.derivative}")
            texts += [""] + [f"{name} = {text}" for name, text in section.ends]
            if section.simplified:
                texts += ["", _end(section), *[f"   {name} = {text}" for name, text in section.simplified]]
            else:
                texts += ["", _end(section)]
        return "\n".join(texts)

    __repr__ = __str__

    @property
    def html(self) -> str:
        """The explanation in HTML. Its colours are those of the page."""
        code, p = tables.code_in_html, lambda text: f"<p>{text}</p>"
        return "\n".join(["<div>", *self._marked(code, escape, p, lambda text: f"<h4>{text}</h4>", "<br/>"), "</div>"])

    def _repr_html_(self) -> str:
        """Return the explanation for Jupyter."""
        return self.html

    @property
    def markdown(self) -> str:
        """The explanation in Markdown."""
        code, words = tables.code_in_markdown, tables.words_in_markdown
        return "\n\n".join(self._marked(code, words, str, lambda text: f"### {text}", "  \n"))

    def _marked(
        self,
        code: Callable[[str], str],
        words: Callable[[str], str],
        paragraph: Callable[[str], str],
        heading: Callable[[str], str],
        line: str,
    ) -> list[str]:
        """Return the paragraphs in a language of markup."""
        found = [paragraph(code(shortened(self.title, WIDE)))]

        def equations(some: Sequence[tuple[str, str]]) -> str:
            return line.join([code(f"{name} = {text}") for name, text in some])

        for section in self.sections:
            found += [heading(words(_head(section))), paragraph(words(" ".join([section.start, *_constant(section)])))]
            if section.still:
                found.append(paragraph(line.join([words(_STILL), equations(section.still)])))
            for k, step in enumerate(section.rules, 1):
                rule = words(step.rule) + (f": {code(step.formula)}." if step.formula else ".")
                parts = [f"{k}\\." if line != "<br/>" else f"{k}."]
                parts[0] += f" {code(f'{step.name} = {step.expression}')}"
                parts += [rule, *map(words, step.words)]
                parts.append(equations([*step.parts, (step.derivative_name, step.derivative)]))
                found.append(paragraph(line.join(parts)))
            found.append(paragraph(equations(section.ends)))
            end = [words(_end(section)), *([equations(section.simplified)] if section.simplified else ())]
            found.append(paragraph(line.join(end)))
        return found

    @property
    def latex(self) -> str:
        """The explanation in LaTeX: an `array` for each argument, with the rule beside each derivative.

        Raises:
            LimitError: There are more operations than `limits.shown`.
        """
        found = []
        for section, formula in zip(self.sections, self._formulas, strict=True):
            equations = formula.equations()
            dot = equations[f"{section.by}_dot"] + " = 1" * (not section.is_array)
            rows = [[rf"\text{{The derivative by }} {equations[section.by]}", dot]]
            rows += [[equations[name], r"\text{no dot}"] for name, _ in section.still]
            for step in section.rules:
                rows.append([equations[step.name], tables.words_in_latex(step.rule)])
                rows.append([rf"\qquad {equations[step.derivative_name]}", ""])
            rows += [[equations[name], ""] for name, _ in section.ends]
            body = "\n".join([" & ".join(row) + r" \\" for row in rows])
            found.append(f"\\begin{{array}}{{ll}}\n{body}\n\\end{{array}}")
        return "\n\n".join(found)


def _head(section: Section) -> str:
    return f"The derivative by {section.by}"


def _named(step: Rule) -> str:
    return f"{step.rule}: {step.formula}" if step.formula else f"{step.rule}."


def _constant(section: Section) -> list[str]:
    found = []
    if section.constants:
        if len(section.constants) == 1:
            verb, rest = "does", "its derivative is 0, and the term with it is absent"
        else:
            verb, rest = "do", "their derivatives are 0, and the terms with them are absent"
        found.append(f"{few(section.constants)} {verb} not depend on {section.by}: {rest}.")
    if section.flat:
        verb = "has" if len(section.flat) == 1 else "have"
        found.append(f"{few(section.flat)} {verb} the derivative 0, so the terms with it are absent.")
    return found


def _end(section: Section) -> str:
    if section.simplified:
        return f"Simplified, this is what f.{section.member} computes:"
    return f"This is what f.{section.member} computes."


# The explanation of a Function


def explain(f: Compiled, names: Sequence[str]) -> Explanation:
    """Return the explanation of a Function; see `Function.explain`."""
    chosen = [normal(name) for name in names] or list(f.wrt)
    for name in chosen:
        if name not in f.args:
            bound = ", which is bound already" if name in f.bound else no_argument(name)
            raise TypeError(f"{f.kernel.call_text} has no argument {name!r}{bound}")
        if f.integers[f.args.index(name)]:
            raise TypeError(f"{name!r} is an integer: there is no derivative by it")
    if not chosen:
        raise TypeError(f"{f.kernel.call_text} has no argument to differentiate by")
    source = f.recipe.textbook.program()
    if tuple([source.graph.shape(i) for i in source.outputs]) != f.results:
        raise TypeError("this derivative has other outputs in the textbook form, so there is no explanation of it")
    of = "" if f.name == "value" else f"{f.name} of "
    sections = [_section(f, source, name) for name in dict.fromkeys(chosen)]
    formulas = [Formula(f, tangent=True, cotangent=None, wrt=(name,)) for name in dict.fromkeys(chosen)]
    return Explanation(of + in_one_line(f.text), tuple(sections), tuple(formulas))


def _section(f: Compiled, source: Program, by: str) -> Section:
    sweeps = Sweeps(source, (by,), tangent=True, cotangent=None)
    entries, _ = sweeps.entries()
    limits = f.recipe.limits
    if len(entries) > limits.shown:
        raise limits.exceeded("shown", f"an explanation of {len(entries)} steps is too long to read: more")
    known = {entry.line.row: entry for entry in entries if entry.line.kind != "result"}
    moving: set[int] = set()
    dependent = {i for i, row in enumerate(sweeps.primal.graph.rows) if row == ("input", by)}
    for i, row in enumerate(sweeps.primal.graph.rows):
        if i not in known:
            found = not moving.isdisjoint(operands(row))  # a part of the expression of a step
        else:
            found = "tangent" in known[i].columns and known[i].written["tangent"].expression != "0.0"
        if found:
            moving.add(i)
        if not dependent.isdisjoint(operands(row)):
            dependent.add(i)
    rules: list[Rule] = []
    zero: dict[bool, list[str]] = {True: [], False: []}
    still: list[tuple[str, str]] = []
    ends: list[tuple[str, str]] = []
    for entry in entries:
        line = entry.line
        if line.kind == "result":
            written = entry.written["tangent"]
            ends.append((written.name, written.expression))
        elif line.row not in moving:
            zero[line.row in dependent] += [line.name] * ("tangent" in entry.columns)
            still += [(line.name, line.expression)] * (line.kind == "step")
        elif line.kind == "step":
            rules.append(_rule(sweeps, entry, moving, known))
    constants, flat = tuple(zero[False]), tuple(zero[True])
    array = bool(f.cores[f.args.index(by)])
    if array:
        start = f"{by}_dot is any change of {by}, and a dot is the change that follows from it to first order."
        return Section(
            by, start, constants, flat, tuple(rules), tuple(ends), (), "jvp", is_array=True, still=tuple(still)
        )
    start = f"A dot is the derivative by {by}, so {by}_dot = 1."
    simplified = _simplified(f, by)
    member = f"diff({by!r})"
    return Section(by, start, constants, flat, tuple(rules), tuple(ends), simplified, member, still=tuple(still))


def _simplified(f: Compiled, by: str) -> tuple[tuple[str, str], ...]:
    """Return the lines of the simplified derivative. The results have the names of the results with a dot."""
    found = [line for line in lines(for_readers(f.diff(by).program)) if line.kind != "argument"]
    steps = {line.name: line.expression for line in found if line.kind == "step"}
    named = []
    for line in found:
        if line.kind == "result" and line.expression != f"{line.name}_dot":
            alone = [other for other in found if re.search(rf"\b{line.expression}\b", other.expression)] == [line]
            whole = steps.pop(line.expression) if alone and line.expression in steps else line.expression
            named.append((f"{line.name}_dot", whole))
    return (*steps.items(), *named)


def _rule(sweeps: Sweeps, entry: Entry, moving: set[int], known: Mapping[int, Entry]) -> Rule:
    line, written = entry.line, entry.written["tangent"]
    row = sweeps.primal.graph.rows[line.row]
    moved = tuple([k for k, j in enumerate(operands(row)) if j in moving])
    rule, formula, words = _said(row, moved)
    whole = sweeps.primal.graph.rows[row[1]][0] if isinstance(row[0], Part) else None
    if isinstance(whole, Operation):  # a loop, or another operation with several results
        rule, formula = f"rule of {whole.name}", ""
    if row[0] == "pow" and not any(sweeps.primal.graph.rows[i][0] == "const" for i in operands(row)):
        words = tuple([_OF_POWERS[k] for k in moved])
    inner = [row[1 + k] for k in moved if row[1 + k] not in sweeps.primal.inputs]
    if inner and rule.startswith("table rule"):
        rule += ", chain rule"
    if line.row in sweeps.with_other_ways:
        operand_dots = {f"{known[row[1 + k]].line.name}_dot" for k in moved if row[1 + k] in known}
        text = " ".join([part for _, part in (*written.parts, ("", written.expression))])
        words = ()
        if {*re.findall(r"\w+_dot\b", text)} != operand_dots:
            rule, said = _OTHER_WAYS[row[0] in ("mul", "div")]
            formula, words = "", (said,)
    if row[0] != "where" and not isinstance(row[0], Operation) and "where(" in written.expression and not words:
        words = (_SPECIAL,)
    return Rule(line.name, line.expression, rule, formula, words, written.name, written.expression, written.parts)


def _said(row: Row, moved: tuple[int, ...]) -> tuple[str, str, tuple[str, ...]]:
    """Return the name of the rule of a row, the rule as a formula, and what else there is to say.

    Args:
        row: The row.
        moved: The positions of the operands that depend on the argument.
    """
    op = row[0]
    if isinstance(op, Operation):
        if isinstance(op, Linear) or op.name == "sum":
            return "linear operation", f"{op.name}(u)' = {op.name}(u')", ()
        if isinstance(op, Einsum):
            rule, text = _OF_PRODUCTS[moved]
            return rule, text.replace("@", "@" if op.label() == "@" else "·"), ()
        return f"rule of {op.name}", "", ()
    if op in _RULES:
        rule, formula = _RULES[op][moved]
        return rule, formula, ()
    if op == "where":
        return "choice", "where(c, u, w)' = where(c, u', w')", ("Only the side that the condition takes counts.",)
    entry = PRIMITIVES[op]
    name = entry.numpy if entry.internal and entry.numpy.isidentifier() else entry.name
    letters = dict(zip(entry.parameters, _LETTERS, strict=False))
    letters["out"] = f"{name}({', '.join(letters.values())})"
    rules = dict(slopes(entry))
    terms = []
    for k in moved:
        argument = entry.parameters[k]
        text = _put(rules.get(argument, "0"), letters)
        terms.append(f"{letters[argument]}'*" + (text if re.fullmatch(r"[\w.]+|\w+\([^()]*\)", text) else f"({text})"))
    points = "; ".join([_put(edge, letters) for edge in edges(entry)])
    head = "Derivatives at special points" if len(entry.parameters) == 1 else "Derivatives at some special points"
    said = (f"{head}: {points}.",) if points else ()
    formula = f"{letters['out']}' = {' + '.join(terms)}"
    return f"table rule of {name}", formula if len(formula) <= _LONG else "", said


def _put(text: str, names: Mapping[str, str]) -> str:
    """Return a rule with other names in the places of its arguments."""
    return re.sub(r"\b[a-z]\w*\b(?!\()", lambda found: names.get(found[0], found[0]), text)
