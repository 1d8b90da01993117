"""Native code for one point: a method of CPython that takes floats and arrays, and returns the whole result of a call.

The code calls the functions of the C library. So does the `math` module, but for a few functions such as `gamma` and
`hypot`. Therefore most results are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import prod

import numpy as np

from symdiff.emit.fuse import Input, Loop, Loops, UnfusableError
from symdiff.emit.llvm import ATTRIBUTES, Machine, StraightCode, Writer
from symdiff.emit.llvm.common import errors_kept
from symdiff.emit.llvm.frame import METHOD
from symdiff.emit.python import Nest
from symdiff.graph.dims import Dim, Shape, fixed, symbols
from symdiff.graph.ir import Program
from symdiff.ops.elements import Index
from symdiff.ops.places import Range

# The functions of CPython's stable interface that the method calls, and one that has long been part of the full one.
INTERFACE = (
    "PyTuple_SetItem",
    "PyFloat_FromDouble",
    "PyLong_FromSsize_t",
    "PyObject_Vectorcall",
    "PyType_GenericAlloc",
    "Py_DecRef",
)

LIES = 257  # the flags of NumPy's C interface for an array that is aligned and in one piece

# What the method finds in the tuple that is its `self`, behind two objects that it needs to live. The shapes of new
# arrays and the classes of tuples come last.
FLOAT, OTHERWISE, ARRAY, DTYPE, NUMBER, ZEROS, EMPTY, BEHIND = range(2, 10)


@dataclass(frozen=True, slots=True)
class Point:
    """A program of scalars at one point.

    Attributes:
        loops: The program as the native target takes it, as one loop.
        cores: The core shapes of the arguments.
        shapes: The shapes of the outputs.
        inputs: For each input of the program, the argument and the place in it.
        results: For each result, the output and the place in it.
        demands: The names of sizes, the least value that each may have, and whether it is the only one.
    """

    loops: Loops
    cores: tuple[Shape, ...]
    shapes: tuple[tuple[int, ...], ...]
    inputs: tuple[tuple[int, int], ...]
    results: tuple[tuple[int, int], ...]
    demands: tuple[tuple[str, int, bool], ...] = ()

    @property
    def blocks(self) -> tuple[dict[int, int], dict[int, int]]:
        """The blocks of memory of the arguments that are arrays, and of the results that are."""
        number = count(_ARRAYS)
        arguments, results = [
            {k: next(number) for k, shape in enumerate(shapes) if shape} for shapes in (self.cores, self.shapes)
        ]
        return arguments, results


def at_a_point(program: Program, loops: Loops) -> Point:
    """Return a program as one that computes at one point.

    Args:
        program: The program of a Function.
        loops: Its loops.

    Raises:
        UnfusableError: There is a loop over elements, or a place that is not known before the call.
    """
    graph = program.graph
    cores = tuple([graph.shape(i) for i in program.inputs])
    if (loops.shape is not None and loops.loops) or loops.folds or loops.added or not loops.results:
        raise UnfusableError("loop over elements")
    if any(not isinstance(dim, int) and symbols(dim) != {str(dim)} for core in cores for dim in core):
        raise UnfusableError("size made of other sizes")
    results = [graph.shape(i) for i in program.outputs]
    if any(not isinstance(dim, int) for shape in results for dim in shape):
        raise UnfusableError("array of unknown shape")
    shapes = tuple(map(fixed, results))
    places: list[tuple[int, int]] = []
    for result in loops.results:
        shape = shapes[result.output]
        if len(result.place) != len(shape) and prod(shape) != 1:
            raise UnfusableError("array of equal elements")
        at = _offset(result.place, shape) if result.place else 0
        places.append((result.output, at))
    if len(set(places)) != len(places):
        raise UnfusableError("sum of parts")
    inputs = tuple([_element(given, cores) for given in loops.inputs])
    one = Loop(range(len(loops.results)), range(0))
    demands = tuple([_demand(cores, dim, exact=exact) for dim, exact, _ in graph.demands])
    return Point(replace(loops, loops=(one,), single=0, numbers=0), cores, shapes, inputs, tuple(places), demands)


def _demand(cores: Iterable[Shape], dim: Dim, *, exact: bool) -> tuple[str, int, bool]:
    """Return what a size that arguments have must be, from what must be 0, or at least 0."""
    sizes = {side for core in cores for side in core if not isinstance(side, int)}
    for side in sizes:
        rest = dim - side
        if isinstance(rest, int):
            return str(side), -rest, exact
    raise UnfusableError("size made of several sizes")


def _offset(place: Sequence[object], shape: Sequence[int]) -> int:
    """Return the place of an element in an array that lies in one piece."""
    at = 0
    for k, size in zip(place, shape, strict=True):
        if not isinstance(k, int):
            raise UnfusableError("range of elements")
        at = at * size + k
    return at


def _element(given: object, cores: Sequence[Shape]) -> tuple[int, int]:
    """Return the argument and the place in it that an input is."""
    if not isinstance(given, Input):
        raise UnfusableError("size of an axis")
    core = cores[given.argument]
    if all(isinstance(dim, int) for dim in core):
        seen = np.arange(prod(fixed(core))).reshape(fixed(core))
        for view in given.views:
            seen = view.seen(seen, seen.ndim)
        return given.argument, int(seen.reshape(-1)[0])
    if len(given.views) == len(core) == 1 and isinstance(view := given.views[0], Index):
        (k,) = view.place
        if isinstance(k, Range) and k.count == 1:
            k = k.start
        if isinstance(k, int):
            return given.argument, k
    raise UnfusableError("place that depends on a size")


_OBJECTS, _VALUES, _ARRAYS = range(3)  # blocks of memory: the arguments of the call, floats of results, arrays
_FEW = 256  # entries of memory that a call takes from the stack, which may be small


class _Code(StraightCode):
    """Straight-line code whose arrays are blocks of memory: each element has a fixed place in a block.

    The place of a float among the objects is that of its object.
    """

    writer: _Writer

    def address(self, place: int) -> str:
        block, _ = self.writer.at[place]
        key = "block", block
        if key not in self.registers:
            self.registers[key] = own = f"%b{block}"
            self.lines.append(f"{own}.at = getelementptr ptr, ptr %pointers, i64 {block}")
            self.lines.append(f"{own} = load ptr, ptr {own}.at")
        return self.registers[key]

    def element(self, place: int) -> str:
        key = "element", place
        if key not in self.registers:
            address = self.address(place)
            self.registers[key] = own = f"%e{place}"
            block, at = self.writer.at[place]
            if block == _OBJECTS:
                self.lines.append(f"{own}.at = getelementptr ptr, ptr {address}, i64 {at}")
                self.lines.append(f"{own}.object = load ptr, ptr {own}.at")
                address, at = f"{own}.object", self.writer.machine.head // 8
            self.lines.append(f"{own} = getelementptr double, ptr {address}, i64 {at}")
        return self.registers[key]


class _Writer(Writer):
    """Writes the function that computes a point.

    Attributes:
        at: For each input, and then for each result, the block of memory and the place in it.
    """

    code = _Code

    def __init__(self, point: Point, machine: Machine) -> None:
        narrow = replace(machine, width=8, variants={})
        super().__init__(point.loops, narrow, single=False, varying=[True] * len(point.inputs))
        given, made = point.blocks
        inputs = [(given[k], at) if k in given else (_OBJECTS, k) for k, at in point.inputs]
        results = [(made[k], at) if k in made else (_VALUES, k) for k, at in point.results]
        self.at = [*inputs, *results]


def source(point: Point, machine: Machine, nest: Nest) -> str:
    """Return the module of a program at one point.

    Its function `call` takes a float for each argument without axes, and an array of float64 in one piece for each
    other one. It returns the outputs, nested in tuples. It passes all other calls on to the function at `OTHERWISE` in
    its `self`, and those that meet a floating-point error.
    """
    writer = _Writer(point, machine)
    compute = writer.vectors(0, point.loops.loops[0])
    start, end, declared = errors_kept(machine.family)
    if point.loops.quiet:
        start, end, declared = "", "  %flags = add i32 0, 0\n", ""
    method = _Method(point, machine, nest).text(start, end)
    writer.declared |= {"declare ptr @malloc(i64)", "declare void @free(ptr)"} if "@malloc(" in method else set()
    parts = [compute, *writer.helpers.values(), method, declared, *sorted(writer.declared)]
    return "\n".join([*parts, *ATTRIBUTES])


class _Method:
    """Writes the method.

    Attributes:
        lines: The instructions and labels so far.
    """

    def __init__(self, point: Point, machine: Machine, nest: Nest) -> None:
        self.point, self.machine, self.nest = point, machine, nest
        self.lines: list[str] = []
        self.given, self.made = point.blocks
        self.arrays = list(self.made)
        self._tuples = count()

    def text(self, start: str, end: str) -> str:
        """Return the method. `start` and `end` are the code that finds floating-point errors."""
        point = self.point
        made = len(point.shapes)
        entries = made + _ARRAYS + len(self.given) + len(self.made)
        self.lines += [
            f"%pointers = getelementptr ptr, ptr %values, i64 {made}",
            "%shape = alloca ptr",
            f"%is.number = icmp eq i64 %number, {len(point.cores)}",
            "%is.plain = icmp eq ptr %names, null",
            "%is.call = and i1 %is.number, %is.plain",
            "%is.memory = icmp ne ptr %values, null",
            "%is.taken = and i1 %is.call, %is.memory",
            "br i1 %is.taken, label %classes, label %otherwise",
        ]
        self._check_classes()
        self._check_arrays()
        self._block(_OBJECTS, "%objects")
        self._block(_VALUES, "%values")
        for k, block in self.given.items():
            self._block(block, self._load(f"data{k}", "ptr", f"%object{k}", self.machine.head))
        self._make_arrays()
        self.lines += ["%flags = call i32 @compute(ptr %pointers)"]
        self.lines += ["%good = icmp eq i32 %flags, 0", "br i1 %good, label %result, label %refuse", "refuse:"]
        self.lines += [*self._dropped(self.arrays), "br label %otherwise", "result:"]
        self._results()
        self.lines.append("otherwise:")
        otherwise = self._item(OTHERWISE, "next")
        passed = f"ptr {otherwise}, ptr %objects, i64 %number, ptr %names"
        self.lines += [f"%passed = call ptr @PyObject_Vectorcall({passed})", "ret ptr %passed"]
        body = [line if line.endswith(":") else f"  {line.strip()}" for line in self.lines if line]
        take, free = _HEAP if entries > _FEW else _STACK
        return _METHOD.format(
            body="\n".join(body), start=start, end=end, take=take.format(entries=entries, size=8 * entries), free=free
        )

    def _load(self, name: str, kind: str, base: str, at: int) -> str:
        """Read a field of an object and return the register."""
        self.lines += [f"%{name}.at = getelementptr i8, ptr {base}, i64 {at}", f"%{name} = load {kind}, ptr %{name}.at"]
        return f"%{name}"

    def _item(self, k: int, name: str) -> str:
        """Read an item of `self` and return the register."""
        return self._load(name, "ptr", "%self", self.machine.items + 8 * k)

    def _demand(self, name: str, condition: str) -> None:
        """Go on if a condition holds, and pass the call on if not."""
        self.lines += [
            f"%is.{name} = {condition}",
            f"br i1 %is.{name}, label %behind.{name}, label %otherwise",
            f"behind.{name}:",
        ]

    def _check_classes(self) -> None:
        cores = self.point.cores
        self.lines.append("classes:")
        number, array = self._item(FLOAT, "float"), self._item(ARRAY, "array")
        good = "true"
        for k, core in enumerate(cores):
            self._load(f"object{k}", "ptr", "%objects", 8 * k)
            kind = self._load(f"kind{k}", "ptr", f"%object{k}", self.machine.head - 8)
            self.lines.append(f"%is{k} = icmp eq ptr {kind}, {array if core else number}")
            self.lines.append(f"%all{k} = and i1 {good}, %is{k}")
            good = f"%all{k}"
        self.lines += [f"br i1 {good}, label %arrays, label %otherwise", "arrays:"]

    def _check_arrays(self) -> None:
        """Check the dtype and shape of arrays, and whether they are aligned and in one piece."""
        head = self.machine.head
        dtype = self._item(DTYPE, "dtype")
        sizes: dict[str, str] = {}
        for k, core in enumerate(self.point.cores):
            if not core:
                continue
            own = self._load(f"dtype{k}", "ptr", f"%object{k}", head + 40)
            self._demand(f"dtype{k}", f"icmp eq ptr {own}, {dtype}")
            rank = self._load(f"rank{k}", "i32", f"%object{k}", head + 8)
            self._demand(f"rank{k}", f"icmp eq i32 {rank}, {len(core)}")
            flags = self._load(f"flags{k}", "i32", f"%object{k}", head + 48)
            self.lines.append(f"%lies{k} = and i32 {flags}, {LIES}")
            self._demand(f"lies{k}", f"icmp eq i32 %lies{k}, {LIES}")
            shape = self._load(f"shape{k}", "ptr", f"%object{k}", head + 16)
            for axis, dim in enumerate(core):
                side = self._load(f"side{k}.{axis}", "i64", shape, 8 * axis)
                expected = str(dim) if isinstance(dim, int) else sizes.setdefault(str(dim), side)
                self._demand(side[1:], f"icmp eq i64 {side}, {expected}")
        for n, (name, least, exact) in enumerate(self.point.demands):
            self._demand(f"size{n}", f"icmp {'eq' if exact else 'sge'} i64 {sizes[name]}, {least}")

    def _block(self, k: int, address: str) -> None:
        self.lines.append(f"%block{k} = getelementptr ptr, ptr %pointers, i64 {k}")
        self.lines.append(f"store ptr {address}, ptr %block{k}")

    def _make_arrays(self) -> None:
        """Make the arrays of the results. Those with elements that are zero by structure are made of zeros."""
        point = self.point
        for n, k in enumerate(self.arrays):
            filled = sum([output == k for output, _ in point.results]) == prod(point.shapes[k])
            make, shape = self._item(EMPTY if filled else ZEROS, f"make{k}"), self._item(BEHIND + n, f"to{k}")
            self.lines += [
                f"store ptr {shape}, ptr %shape",
                f"%made{k} = call ptr @PyObject_Vectorcall(ptr {make}, ptr %shape, i64 1, ptr null)",
                f"%no{k} = icmp eq ptr %made{k}, null",
                f"br i1 %no{k}, label %none{k}, label %some{k}",
                f"none{k}:",
                *self._dropped(self.arrays[:n]),
                "ret ptr null",
                f"some{k}:",
            ]
            self._block(self.made[k], self._load(f"content{k}", "ptr", f"%made{k}", self.machine.head))

    def _dropped(self, arrays: Iterable[int]) -> list[str]:
        return [f"call void @Py_DecRef(ptr %made{k})" for k in arrays]

    def _results(self) -> None:
        """Make the floats and tuples, and return the result. Return null where one of them cannot be made.

        A float that cannot be made is null in its tuple. The arrays are put in their tuples last.
        """
        if isinstance(self.nest, int):
            self.lines.append(f"ret ptr {f'%made{self.nest}' if self.arrays else self._number(self.nest)}")
            return
        missing, links = "false", list[str]()

        def put(part: Nest, of: str, at: int) -> None:
            nonlocal missing
            if part in self.arrays:
                own = f"%made{part}"
            elif isinstance(part, int):
                own = self._number(part)
                self.lines += [f"%null{part}.own = icmp eq ptr {own}, null"]
                self.lines += [f"%null{part} = or i1 {missing}, %null{part}.own"]
                missing = f"%null{part}"
            else:
                own = self._tuple(len(part))
            if of:
                lines = links if part in self.arrays else self.lines
                lines.append(f"%set{own[1:]} = call i32 @PyTuple_SetItem(ptr {of}, i64 {at}, ptr {own})")
            if not isinstance(part, int):
                self.lines += [f"%no{own[1:]} = icmp eq ptr {own}, null"]
                self.lines += [f"br i1 %no{own[1:]}, label %drop, label %fill{own[1:]}", f"fill{own[1:]}:"]
                for k, one in enumerate(part):
                    put(one, own, k)

        put(self.nest, "", 0)
        self.lines += [f"br i1 {missing}, label %drop, label %link", "link:", *links, "ret ptr %tuple0"]
        self.lines += ["drop:", *self._dropped(self.arrays), "call void @Py_DecRef(ptr %tuple0)", "ret ptr null"]

    def _number(self, k: int) -> str:
        """Make the float of an output, or a number of NumPy's where an argument is an array. Return the register."""
        self.lines.append(f"%value{k}.at = getelementptr double, ptr %values, i64 {k}")
        self.lines.append(f"%value{k} = load double, ptr %value{k}.at")
        if any(self.point.cores):
            kind = self._item(NUMBER, f"number{k}")
            self.lines.append(f"%made{k} = call ptr @number(ptr {kind}, double %value{k})")
        else:
            self.lines.append(f"%made{k} = call ptr @PyFloat_FromDouble(double %value{k})")
        return f"%made{k}"

    def _tuple(self, size: int) -> str:
        """Make a tuple and return the register."""
        n = next(self._tuples)
        kind = self._item(BEHIND + len(self.arrays) + n, f"class{n}")
        self.lines.append(f"%tuple{n} = call ptr @PyType_GenericAlloc(ptr {kind}, i64 {size})")
        return f"%tuple{n}"


_STACK = "  %memory = alloca [{entries} x i64]\n", ""
_HEAP = "  %memory = call ptr @malloc(i64 {size})\n", "  call void @free(ptr %memory)\n"

_METHOD = (
    METHOD
    + """ptr %self, ptr %objects, i64 %number, ptr %names) #0 {{
{take}  %made = call ptr @take(ptr %self, ptr %objects, i64 %number, ptr %names, ptr %memory)
{free}  ret ptr %made
}}

define internal ptr @take(ptr %self, ptr %objects, i64 %number, ptr %names, ptr %values) #0 {{
begin:
{body}
}}

define internal i32 @compute(ptr %pointers) #0 {{
{start}  call void @vectors0(ptr %pointers, i64 1, ptr null)
{end}  ret i32 %flags
}}

define internal ptr @number(ptr %kind, double %value) #0 {{
begin:
  %given = alloca ptr
  %float = call ptr @PyFloat_FromDouble(double %value)
  %none = icmp eq ptr %float, null
  br i1 %none, label %end, label %some
some:
  store ptr %float, ptr %given
  %made = call ptr @PyObject_Vectorcall(ptr %kind, ptr %given, i64 1, ptr null)
  call void @Py_DecRef(ptr %float)
  br label %end
end:
  %result = phi ptr [ null, %begin ], [ %made, %some ]
  ret ptr %result
}}

declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare ptr @PyFloat_FromDouble(double)
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare ptr @PyType_GenericAlloc(ptr, i64)
declare void @Py_DecRef(ptr)
"""
)
