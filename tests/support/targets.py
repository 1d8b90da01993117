"""The targets: how each runs a program, and how near it comes to NumPy. The table of `tests/emit/test_targets.py`.

A new target is one entry of `TARGETS`. Its `run` gets all cases of a group at once, so that it can make one file or one
process of them.
"""

import base64
import ctypes
import inspect
import itertools
import json
import math
import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from cases import Case
from samples import reaches

from symdiff.api.kernel import Kernel
from symdiff.api.sweeps import Sweeps
from symdiff.emit import c, classes, curly, javascript, nested
from symdiff.emit import math as math_target
from symdiff.emit.llvm.program import missing
from symdiff.emit.numpy import known
from symdiff.errors import ShapeError, SymdiffError
from symdiff.graph.dims import concrete
from symdiff.graph.ir import Graph, Program
from symdiff.language.parser import Syntax
from symdiff.limits import limits
from symdiff.ops.base import Operation
from symdiff.ops.external import NotGivenError
from symdiff.ops.table import PRIMITIVES
from symdiff.pipeline import Recipe, function
from symdiff.runtime.results import record_of
from symdiff.simplify.build import Builder

# For each point of a case, an array for each output (None: the target raises an error there). Or why the target refuses
# the program. Or None, if the target has nothing to do with the program.
Outcome = list[list[np.ndarray] | None] | str | None


@dataclass(frozen=True)
class Target:
    """A target.

    Attributes:
        name: The name.
        run: Returns the outcome of each of some cases. A text must have the name of an operation of the program, or be one of
            `refuses`.
        ulps: By how many units of the last place the result of one operation may differ from NumPy's, as the documentation
            says. Results of a program may differ by what such errors of all steps make.
        available: Returns why the target cannot run here, or an empty text.
        refuses: What the target refuses as a whole.
        own: By how many units the operations differ that the library of the target computes less accurately.
        like: The target that gives the same results for programs of scalars, to the last bit.
        special: It has NumPy's numbers at special values too, signs of zeros included.
        apart: The operations that this does not hold for, because the other target has functions of its own.
    """

    name: str
    run: Callable[[list[Case]], list[Outcome]]
    ulps: float
    available: Callable[[], str] = lambda: ""
    refuses: tuple[str, ...] = ()
    own: dict[str, float] = field(default_factory=dict)
    like: str = ""
    apart: tuple[str, ...] = ()
    special: bool = False

    def ulps_of(self, names):
        """Return by how many units one operation of a program may differ."""
        return max([self.ulps, *[ulps for name, ulps in self.own.items() if name in names]])


def _python(target):
    """Return a function that runs a case by the generated function of a target of Python."""

    def run(case):
        program = case.program
        made = function(program, target, "f", tuple(range(len(program.outputs))))
        with np.errstate(all="ignore"):
            return by_columns(case, made) if case.scalar else [_shaped(case, made(*map(_of_numpy, case.points[0])))]

    return lambda cases: [run(case) for case in cases]


def by_columns(case, made):
    """Return the outcome of a case of scalars by a function of arrays, which runs once for all points."""
    columns = [np.broadcast_to(np.asarray(a, float), (len(case.points),)) for a in made(*case.columns)]
    return [[column[k] for column in columns] for k in range(len(case.points))]


def _of_numpy(value):
    return np.asarray(value)[()]


def _shaped(case, results):
    """Return the results of the one point of a case of arrays, in their full shapes."""
    shapes = [concrete(case.program.graph.shape(i), case.sizes) for i in case.program.outputs]
    return [np.broadcast_to(np.asarray(a, float), shape) for a, shape in zip(results, shapes, strict=True)]


def _blocks(cases):
    return [by_columns(case, _filled(case)) if case.scalar else "arrays" for case in cases]


def _filled(case):
    """Return a function of arrays that calls the function for blocks with new arrays for the results."""
    made = function(case.program, "blocks", "f", ())

    def filled(*columns):
        outs = [np.empty(len(case.points)) for _ in case.program.outputs]
        with np.errstate(all="ignore"):
            made(*columns, *outs)
        return outs

    return filled


def _math(cases):
    found = []
    for case in cases:
        absent = math_target.missing(case.program)
        if absent is not None:
            found.append(absent)
            continue
        made = function(case.program, "math", "f", tuple(range(len(case.program.outputs))))
        found.append([_raising(case, made, point) for point in case.points])
    return found


def _raising(case, made, point):
    try:
        return _shaped(case, made(*point))
    except (ArithmeticError, ValueError):  # at an infinity or a NaN, where a call goes to NumPy
        return None


_TOGETHER = 20  # programs of one module of native code


def _llvm(cases):
    """Run the programs of scalars in modules of many, and each of arrays in one of its own."""
    from symdiff.runtime.elements import FusedElements
    from symdiff.runtime.fused import FusedPoints

    found = {}
    waiting = []
    for case in cases:
        absent = missing(case.program)
        if absent is not None:
            found[case.name] = absent
        elif case.scalar and case.program.inputs:
            waiting.append(case)
        elif not any(map(case.program.graph.shape, case.program.inputs)):
            found[case.name] = None
        else:
            code = FusedElements(case.program, 1, lambda _: lambda *_: None)
            shapes = [np.shape(a) for a in case.wanted[0]]
            arguments = [np.asarray(a, float) for a in case.points[0]]
            found[case.name] = [code(arguments, (), np.dtype(float), case.sizes, shapes, [None] * len(shapes))]
    for start in range(0, len(waiting), _TOGETHER):
        some = waiting[start : start + _TOGETHER]
        program, columns = together(some)
        code = FusedPoints(program, 1, lambda _: lambda *_: None)
        count = len(columns[0])
        shapes = [(count,)] * len(program.outputs)
        results = iter(code(columns, (count,), np.dtype(float), {}, shapes, [None] * len(shapes)))
        for case in some:
            own = [next(results) for _ in case.program.outputs]
            found[case.name] = [[column[k] for column in own] for k in range(len(case.points))]
    return [found[case.name] for case in cases]


def together(cases):
    """Return one program of the programs of several cases of scalars, and its arguments."""
    b = Builder(Graph())
    inputs, outputs = [], []
    for case in cases:
        new = []
        for row in case.program.graph.rows:
            made = ("input", f"x{len(b.graph.rows)}") if row[0] == "input" else row
            made = made if row[0] in ("input", "const") else (row[0], *[new[j] for j in row[1:]])
            new.append(b.graph.intern(made))
        inputs += [new[i] for i in case.program.inputs]
        outputs += [new[i] for i in case.program.outputs]
    columns = [np.asarray(column, float) for case in cases for column in case.columns]
    return Program(b.graph, tuple(inputs), tuple(outputs), tuple([f"r{k}" for k in range(len(outputs))])), columns


_FEW = 10  # rows of a small program


def _class(cases):
    """Run the forward methods of classes, for small programs and a fifth of the others.

    A program without a derivative has no class. Functions whose derivatives take long are left out.
    """
    found = []
    for k, case in enumerate(cases):
        program = case.program
        wrt = [name for name, integer in zip(program.arguments, program.integers, strict=True) if not integer]
        outcome = None
        rows = program.graph.rows
        marked = any(row[0] in ("by", "fixed") for row in rows)
        slow = any(row[0] in PRIMITIVES and PRIMITIVES[row[0]].slow for row in rows)  # derivatives by parameters are
        few = len(rows) < _FEW
        if wrt and (case.of or few or k % 5 == 0) and not (marked or slow):
            with suppress(SymdiffError, NotGivenError):
                both = Sweeps(program, wrt, tangent=False, cotangent=True).both(wrt)
                scope = {"np": np, **known(program)}
                exec(classes.source(both, "Formula", ""), scope)
                forward = partial(_forward, scope["Formula"](), len(program.outputs))
                with np.errstate(all="ignore"):
                    if case.scalar:
                        outcome = by_columns(case, forward)
                    else:
                        outcome = [_shaped(case, forward(*map(_of_numpy, case.points[0])))]
        found.append(outcome)
    return found


def _forward(made, count, *arguments):
    """Return the results of a class, always as a tuple. The backward method runs, too."""
    results = made.forward(*arguments)
    made.backward(*[np.ones_like(np.asarray(a, float))[()] for a in ((results,) if count == 1 else results)])
    return (results,) if count == 1 else results


def _standard(package, room):
    """Return a function that runs cases by the source for the array API standard, on arrays of a library."""

    def run(case, make, space):
        program = case.program
        try:
            made = function(program, "array_api", "f", tuple(range(len(program.outputs))))
        except TypeError as error:  # an external function takes arrays of NumPy alone
            return str(error)
        given = {"special": space.special()} if "special" in inspect.signature(made).parameters else {}
        columns = case.columns if case.scalar else case.points[0]
        try:
            with np.errstate(all="ignore"):
                results = made(*[make(np.asarray(a)) for a in columns], xp=space.xp, device=space.device, **given)
        except AttributeError as error:
            return error.name
        found = [np.asarray(a) for a in results]
        return by_columns(case, lambda *_: found) if case.scalar else [_shaped(case, found)]

    def run_all(cases):
        make = import_module(package).asarray
        space = import_module(f"symdiff.api.foreign.{room}").space_of(make(np.zeros(())))
        return [run(case, make, space) for case in cases]

    return run_all


def _jax(cases):
    """Run cases in double precision, step by step: it takes long to compile each of them."""
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        return _standard("jax.numpy", "jax")(cases)
    finally:
        jax.config.update("jax_enable_x64", before)


def _torch(cases):
    """Run cases in double precision, also where no argument says so."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return _standard("torch", "torch")(cases)
    finally:
        torch.set_default_dtype(before)


# Dask


class _Given(Recipe):
    """The recipe of a program that no formula gives. A number stands in place of the formula."""

    made: Program | None = None

    def program(self, **_):
        made = self.made
        for step in self.steps:
            made = step.derive(made, step.by)
        return made


_CHUNK = 2  # elements along an axis
_NUMBER = itertools.count()
_COPIES = 3  # equal points of a case of arrays that cannot be cut along an axis of its own


def _dask(cases):
    """Run cases in one computation: scalars in chunks of points, arrays in chunks of an axis of theirs, if possible.

    The code of a task is NumPy's, so a fifth of the formulas of scalars is enough, and half of those of arrays.
    """
    import dask

    lazy = {}
    scalars = [case for case in cases if case.scalar and case.program.inputs and not any(case.program.integers)]
    scalars = [case for k, case in enumerate(scalars) if case.of or k % 5 == 0]
    for start in range(0, len(scalars), _TOGETHER):
        some = scalars[start : start + _TOGETHER]
        program, columns = together(some)
        results = iter(_lazy(_kernel(program), columns))
        lazy |= {case.name: [next(results) for _ in case.program.outputs] for case in some}
    arrays = [case for case in cases if any(map(case.program.graph.shape, case.program.inputs))]
    lazy |= {case.name: _lazy_arrays(case) for k, case in enumerate(arrays) if case.function is None or k % 2 == 0}
    lazy |= {
        case.name: _lazy(_kernel(case.program), case.columns)
        for case in cases
        if case.scalar and any(case.program.integers)
    }
    with np.errstate(all="ignore"):
        made = dask.compute(lazy, scheduler="synchronous", optimize_graph=False)[0]
    return [_at_points(case, made.get(case.name)) for case in cases]


def _lazy_arrays(case):
    """Return the lazy results of a case of arrays, or an error that does not say which operation needs a whole axis."""
    kernel = _kernel(case.program)
    ends = reaches(case.program, case.sizes)
    given = [
        a % ends[i] if name in kernel.segments else a  # operations alone count segments from the end, too
        for name, i, a in zip(kernel.args, case.program.inputs, case.points[0], strict=True)
    ]
    for dim in case.sizes:
        try:
            return _lazy(kernel, given, dim)
        except ShapeError as error:
            said = [row[0].name for row in case.program.graph.rows if isinstance(row[0], Operation)]
            if not any(name in str(error) for name in (*said, "an array of several parts", "argument 'x0' has shape")):
                return str(error)
    return _lazy(kernel, [np.stack([a] * _COPIES) if np.ndim(a) else a for a in given])


def _kernel(program):
    recipe = _Given(Syntax(f"program {next(_NUMBER)}", [], []), None, None, (), True, 1, "numpy", limits, made=program)
    return Kernel(recipe, program, record_of("results", program.names), "f")


def _lazy(kernel, arguments, cut=None):
    """Return the lazy results of a program. Loop dimensions are in chunks, and the dimension `cut`."""
    import dask.array as da

    from symdiff.api.foreign.dask import call

    given = []
    for value, core in zip(arguments, kernel.cores, strict=True):
        ahead = [_CHUNK] * (np.ndim(value) - len(core))
        chunks = (*ahead, *[_CHUNK if str(dim) == cut else -1 for dim in core])
        given.append(da.from_array(value, chunks=chunks) if chunks else value)
    return call(kernel, given, None)


def _at_points(case, found):
    """Return the outcome of a case. Copies of a point have equal results."""
    if found is None or isinstance(found, str):
        return found
    if case.scalar:
        return [[column[k] for column in found] for k in range(len(case.points))]
    shapes = [np.shape(want) for want in case.wanted[0]]
    for a, shape in zip(found, shapes, strict=True):
        if np.ndim(a) > len(shape):
            np.testing.assert_array_equal(a, np.broadcast_to(a[0], a.shape))
    return [[a[0] if np.ndim(a) > len(shape) else a for a, shape in zip(found, shapes, strict=True)]]


def _missing(*packages):
    """Return a function that says which of some packages is not installed."""
    return lambda: next((f"{name} is not installed" for name in packages if find_spec(name) is None), "")


# C and JavaScript


def compiler(*names):
    """Return the first compiler or interpreter that there is; None if there is none."""
    return next((name for name in names if shutil.which(name)), None)


def _without(*names):
    """Return a function that says whether all of some programs are missing."""
    return lambda: "" if compiler(*names) else f"there is no {' or '.join(names)} on this machine"


def _parts(cases, language):
    """Return for each case why a language refuses it, or the part of a file that computes it."""
    found = []
    for k, case in enumerate(cases):
        layout = ("f", case.program.names, (None,) * len(case.program.outputs))
        found.append(nested.missing(case.program, language) or curly.Part(f"f{k}", "", case.program, layout))
    return found


def _c(cases):
    """Compile the functions of all cases in one file."""
    helpers = curly.Helpers(c.C)
    parts = [part if isinstance(part, str) else c.function(part, helpers) for part in _parts(cases, c.C)]
    texts = [c.TYPES + c.HEAD, *helpers.texts.values()]
    for case, one in zip(cases, parts, strict=True):
        if not isinstance(one, str):
            texts += [one.text, _caller(case, one)]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "all.c")
        path.write_text("\n".join(texts), encoding="utf-8")
        made = path.with_suffix(".so")
        subprocess.run(
            [compiler("gcc", "clang", "cc"), *STRICT, "-O0", "-shared", "-fPIC", path, "-o", made, "-lm"], check=True
        )
        library = ctypes.CDLL(str(made))
    found = []
    for case, one in zip(cases, parts, strict=True):
        found.append(one if isinstance(one, str) else [_called(library, case, one, point) for point in case.points])
    return found


STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
_CALL = """\
int call_{name}(const double *x, const int64_t *i, double *out, double *work)
{{
    (void)x, (void)i, (void)out, (void)work;
    {call}
    return 0;
}}
"""


def _caller(case, one):
    """Return the definition of a function that calls another one with its arguments in one array, and those of integers."""
    at = {"x": 0, "i": 0, "out": 0}
    given = []
    for p in one.parameters:
        if p.role == "size":
            given.append(str(case.sizes[next(name for name, own in one.sizes.items() if own == p.name)]))
        elif p.role == "work":
            given.append("work")
        else:
            of = "out" if p.role == "result" else "i" if "int64_t" in p.declared else "x"
            given.append(f"{of} + {at[of]}" if p.shape or of == "out" else f"{of}[{at[of]}]")
            at[of] += math.prod(concrete(p.shape, case.sizes))
    call = f"{one.name}({', '.join(given)});"
    start = {"double": "*out = ", "int": "return ", "void": ""}[one.kind]
    text = _CALL.format(name=one.name, call=start + call)
    return text.replace("    return 0;\n", "") if one.kind == "int" else text


def _called(library, case, one, point):
    x = np.concatenate([np.ravel(a) for a in point if np.asarray(a).dtype.kind == "f"] or [np.zeros(0)])
    i = np.concatenate([np.ravel(a) for a in point if np.asarray(a).dtype.kind == "i"] or [np.zeros(0, np.int64)])
    ends = np.cumsum([math.prod(np.shape(want)) for want in case.wanted[0]])
    out, work = np.full(max(ends[-1], 1), np.nan), np.full(one.room(case.sizes) + 1, np.nan)
    call = getattr(library, f"call_{one.name}")
    assert call(*[a.ctypes.data_as(ctypes.c_void_p) for a in (x, i.astype(np.int64), out, work)]) == 0, case.name
    return [
        a.reshape(np.shape(want)) for a, want in zip(np.split(out[: ends[-1]], ends[:-1]), case.wanted[0], strict=True)
    ]


_CALLS = """
const flat = (part) => (typeof part === "object" ? Object.values(part).flatMap(flat) : [part]);
const found = [];
for (const [f, points] of calls) {
    for (const point of points) {
        found.push(Buffer.from(new Float64Array(flat(f(...point))).buffer).toString("base64"));
    }
}
console.log(JSON.stringify(found));
"""


def _javascript(cases):
    """Run the functions of all cases in one process."""
    helpers = curly.Helpers(javascript.JAVASCRIPT)
    parts = _parts(cases, javascript.JAVASCRIPT)
    texts = [javascript.function(part, helpers) for part in parts if not isinstance(part, str)]
    calls = [
        f"[{part.name}, {json.dumps([[np.asarray(a).tolist() for a in point] for point in case.points])}]"
        for case, part in zip(cases, parts, strict=True)
        if not isinstance(part, str)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "all.mjs")
        text = "\n".join([*helpers.texts.values(), *texts, "{", f"const calls = [{', '.join(calls)}];", _CALLS, "}"])
        path.write_text(text, encoding="utf-8")
        done = subprocess.run(["node", path], check=True, capture_output=True, text=True)
    numbers = iter([np.frombuffer(base64.b64decode(text)) for text in json.loads(done.stdout)])
    found = []
    for case, part in zip(cases, parts, strict=True):
        if isinstance(part, str):
            found.append(part)
            continue
        ends = np.cumsum([math.prod(np.shape(want)) for want in case.wanted[0]])[:-1]
        outs = [np.split(next(numbers), ends) for _ in case.points]
        found.append([[a.reshape(np.shape(want)) for a, want in zip(out, case.wanted[0], strict=True)] for out in outs])
    return found


TARGETS = [
    Target("numpy", _python("numpy"), ulps=1),
    Target("math", _math, ulps=4, refuses=("array arguments", "array operations")),
    Target("blocks", _blocks, ulps=1, refuses=("arrays",), like="numpy"),
    Target(
        "llvm",
        _llvm,
        ulps=4,
        available=lambda: "" if find_spec("llvmlite") else "the extra symdiff-compiler[llvm] is not installed",
        refuses=(
            "integer arguments",
            "different shapes",
            "max along some of the axes",
            "product of arrays along an axis",
        ),
    ),
    Target("class", _class, ulps=1, special=True),
    Target(
        "c",
        _c,
        ulps=4,
        available=_without("gcc", "clang", "cc"),
        like="math",
        apart=("hypot", "gamma", "lgamma"),
        special=True,
    ),
    Target("javascript", _javascript, ulps=4, available=_without("node"), special=True),
    Target("array_api", _standard("array_api_strict", "standard"), ulps=1, available=_missing("array_api_strict")),
    Target(
        "torch",
        _torch,
        ulps=4,
        available=_missing("torch", "array_api_compat"),
        refuses=("gamma", "loggamma"),
        # An eigenvector may have the other sign.
        own={"ndtr": 100, "digamma": 1e4, "polygamma": 1e7, "eigvectors": 1e17},
    ),
    Target(
        "jax",
        _jax,
        ulps=8,
        available=_missing("jax"),
        own={"gamma": 50, "log_ndtr": 50, "logit": 150, "loggamma": 1000, "eigvectors": 1e17},
    ),
    Target("dask", _dask, ulps=1, available=_missing("dask"), like="numpy"),
]
