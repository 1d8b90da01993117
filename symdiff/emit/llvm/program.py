"""What the native target takes: loops of operations that each have a spelling in LLVM."""

from __future__ import annotations

from dataclasses import replace

from symdiff.emit.fuse import Loops, UnfusableError, fuse
from symdiff.emit.passes import eager, expand_exponentials, expand_formulas, expand_powers, has_choices
from symdiff.graph.ir import Program, compact
from symdiff.ops.loops import within
from symdiff.ops.table import Primitive, is_formula


def missing(program: Program) -> str | None:
    """Return the name of what the target cannot do for `program`; None if there is nothing."""
    if any(program.integers):
        return "integer arguments"
    try:
        fuse(_lowered(program) if program.graph.shapes else program)
    except UnfusableError as error:
        return str(error)
    return None


def prepare(program: Program, *, limited: bool = True) -> Loops:
    """Return the program as `source` takes it: as loops of operations that each have a spelling in LLVM.

    `limited` says that the loops may have only so many arrays; see `fuse`.

    Raises:
        UnfusableError: The program has something that loops cannot do.
    """
    loops = fuse(_lowered(program), limited=limited)
    return replace(loops, program=spelled(loops.program), quiet=has_choices(program))


def spelled(program: Program) -> Program:
    """Return a program, each elementwise operation of which has a spelling in LLVM."""
    return compact(expand_formulas(within(program, spelled), _formula))


def _lowered(program: Program) -> Program:
    program = expand_exponentials(program)
    return eager(expand_powers(program) if program.graph.shared else compact(program))


def _formula(entry: Primitive) -> str | None:
    return entry.llvm if entry.llvm is not None and is_formula(entry.llvm) else None
