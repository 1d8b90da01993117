"""What the native target takes: loops of operations that each have a word in LLVM."""

from __future__ import annotations

from dataclasses import replace

from symdiff.build import Builder
from symdiff.emit.fuse import Loops, UnfusableError, fuse
from symdiff.emit.passes import eager, expand_exponentials, expand_powers
from symdiff.ir import Program, Row, compact, replay
from symdiff.language.lower import instantiate
from symdiff.primitives import PRIMITIVES


def missing(program: Program) -> str | None:
    """What `program` has that the target does not, if there is anything."""
    try:
        fuse(_lowered(program) if program.graph.shapes else program)
    except UnfusableError as error:
        return str(error)
    return None


def prepare(program: Program) -> Loops:
    """The program as `source` takes it: as loops of operations that each have a word in LLVM.

    Raises:
        UnfusableError: it cannot be.
    """
    loops = fuse(_lowered(program))
    return replace(loops, program=compact(_spelt(loops.program)))


def _lowered(program: Program) -> Program:
    program = expand_exponentials(program)
    return eager(expand_powers(program) if program.graph.shared else compact(program))


def _is_formula(spelling: str) -> bool:
    return spelling in ("x", "y") or not spelling.replace(".", "_").replace(" ", "_").isidentifier()


_FORMULAS = {name: p.llvm for name, p in PRIMITIVES.items() if p.llvm is not None and _is_formula(p.llvm)}


def _spelt(program: Program) -> Program:
    """The program with formulas of simpler operations in the place of what LLVM has no word for."""
    while any(row[0] in _FORMULAS for row in program.graph.rows):
        builder = Builder(program.graph.like())
        builder.simplify = False

        def make(_: int, row: Row, builder: Builder = builder) -> int:
            text = _FORMULAS.get(row[0])
            if text is None:
                return builder.graph.intern(row)
            return instantiate(builder, text, dict(zip(PRIMITIVES[row[0]].parameters, row[1:], strict=True)))

        program = compact(replay(program, builder.graph, make))
    return program
