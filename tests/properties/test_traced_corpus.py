"""The formulas of the corpus, written as NumPy functions, give the programs of their texts."""

import re

import numpy as np
from numpy_functions import as_function, without
from tables import each
from test_corpus import CORPUS, statements

import symdiff
from symdiff.graph.ir import operands, verify


def rows(program):
    """The rows that the outputs need, in the order in which a walk from the outputs meets them."""
    verify(program)
    number = {i: k for k, i in enumerate(program.inputs)}
    found = [program.graph.rows[i] for i in program.inputs]
    for output in program.outputs:
        waiting = [output]
        while waiting:
            i = waiting[-1]
            missing = [j for j in operands(program.graph.rows[i]) if j not in number]
            waiting += missing[::-1]
            if not missing:
                waiting.pop()
                if i not in number:
                    number[i] = len(number)
                    row = program.graph.rows[i]
                    found.append((row[0], *[number[j] for j in row[1:]]) if operands(row) else row)
    return found, [number[i] for i in program.outputs]


@each("formula", CORPUS[::2], ids=lambda formula: formula.name)
def test_a_formula_and_its_function_are_one_program(formula):
    text = re.sub(r"\blambda\b", "lambda_", formula.text)  # a word of Python
    names = ["lambda_" if name == "lambda" else name for name in formula.domain]
    traced = symdiff.compile(as_function(statements(text), names), args=names)
    parsed = symdiff.compile(without(text), args=names)
    assert rows(traced.program) == rows(parsed.program)
    assert symdiff.compile(traced.text, args=names).program.graph.rows == traced.program.graph.rows
    point = [float(np.mean(interval)) for interval in formula.domain.values()]
    assert traced(*point) == parsed(*point)
