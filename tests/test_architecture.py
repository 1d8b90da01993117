"""The layers of the package: a part imports only from lower layers, and the package itself imports only NumPy."""

import ast
import functools
import pathlib
import subprocess
import sys
import tomllib

import symdiff
from symdiff import errors

ROOT = pathlib.Path(symdiff.__file__).parent

# Lowest floor first; a module imports from floors below its own, and within its own floor.
FLOORS = [
    {"errors", "guess", "structs"},
    {"limits"},
    {"graph"},
    {"ops"},
    {"simplify"},
    {"language"},
    {"derive"},
    {"emit"},
    {"runtime"},
    {"pipeline"},
    {"numpy"},
    {"api"},
    {"__init__"},
    {"cli"},
    {"__main__"},
]

# Attributes that Python documents, though they begin with an underscore.
PUBLIC_ALL_THE_SAME = {"_fields", "_replace", "_asdict", "_getframe", "_current_frames"}

MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
}

# The extras, each imported in one module, when it is used.
EXTRAS = {
    ("dask.py", "dask"),
    ("evaluate.py", "scipy"),
    ("sparse.py", "scipy"),
    ("native.py", "llvmlite"),
    ("graph.py", "graphviz"),
    ("plot.py", "matplotlib"),
    ("mathml.py", "math_core"),
    ("torch.py", "torch"),
    ("torch.py", "array_api_compat"),
    ("jax.py", "jax"),
}


@functools.cache
def nodes(path):
    """The nodes of the syntax tree of a module."""
    return list(ast.walk(ast.parse(path.read_text())))


def room(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path):
    """Modules imported, those that types alone need included."""
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def floor(name):
    return next(k for k, rooms in enumerate(FLOORS) if name in rooms)


def test_a_room_imports_only_from_lower_floors():
    for path in ROOT.rglob("*.py"):
        own = room(path)
        for module in imported(path):
            parts = module.split(".")
            if parts[0] == "symdiff":
                other = parts[1] if len(parts) > 1 else "__init__"
                assert other == own or floor(other) <= floor(own), f"{path.name} imports {module}"


def modules_imported(path):
    """Modules of the package that a module imports, also where it is used or for types alone."""
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found = f"{node.module}.{alias.name}"
                yield found if found in MODULES else node.module


def test_modules_do_not_import_each_other_in_circles():
    left = {
        name: {other for other in modules_imported(path) if other in MODULES and other != name}
        for name, path in MODULES.items()
    }
    while free := {name for name, needed in left.items() if not needed & left.keys()}:
        left = {name: needed for name, needed in left.items() if name not in free}
    assert not left, sorted(left)


def test_private_attributes_are_read_in_their_own_module_alone():
    for path in MODULES.values():
        defined = {node.name for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        read = []
        for node in nodes(path):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
                if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                    defined.add(node.attr)
                elif node.attr not in PUBLIC_ALL_THE_SAME:
                    read.append(node)
        for node in read:
            assert node.attr in defined, f"{path.name}:{node.lineno} reads {ast.unparse(node)}"


def test_only_numpy_and_the_standard_library():
    allowed = {*sys.stdlib_module_names, "numpy", "symdiff"}
    for path in ROOT.rglob("*.py"):
        for module in imported(path):
            top = module.split(".")[0]
            extra = (path.name, top) in EXTRAS or (path.parent.name, top) == ("methods", "scipy")  # read as text
            assert top in allowed or extra, f"{path.name} imports {module}"


def test_extras_are_those_of_the_project_file():
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {name: [requirement] for name, requirement in errors.EXTRAS.items()}.items() <= project[
        "optional-dependencies"
    ].items()


def test_importing_symdiff_imports_numpy_and_nothing_else():
    code = (
        "import sys, numpy; before = set(sys.modules); import symdiff;"
        "f = symdiff.compile('x*y'); f.grad(1.0, 2.0); f.grad(numpy.ones(2), 1.0);"
        "print(*{m.split('.')[0] for m in set(sys.modules) - before})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    new = set(run.stdout.split()) - {"symdiff", "numpy"}
    assert new <= set(sys.stdlib_module_names), new


def test_what_a_first_value_does_not_need_is_not_imported():
    code = "import sys, symdiff; symdiff.compile('x*y')(1.0, 2.0); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rooms = (
        "derive.calculus",
        "derive.holomorphic",
        "derive.selections",
        "emit.latex",
        "emit.dot",
        "emit.llvm",
        "api.export",
        "api.trace",
        "api.check",
        "api.graph",
        "api.latex",
        "api.packing",
        "api.sparse",
        "language.shared",
        "language.sympy",
        "language.written",
        "runtime.colouring",
        "runtime.native",
    )
    assert not {f"symdiff.{name}" for name in rooms} & set(run.stdout.split())
