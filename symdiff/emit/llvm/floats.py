"""Native code for Python floats: a method of CPython that takes floats and returns a tuple of floats.

The code calls the functions of the C library. So does the `math` module, but for a few functions such as `gamma` and
`hypot`. Therefore most results are the same to the last bit.
"""

from __future__ import annotations

from dataclasses import replace

from symdiff.emit import llvm
from symdiff.emit.fuse import Loops
from symdiff.emit.llvm.frame import METHOD
from symdiff.emit.llvm.vectors import Counts

# The functions of CPython's stable interface that the method calls.
INTERFACE = (
    "PyTuple_New",
    "PyTuple_SetItem",
    "PyFloat_FromDouble",
    "PyFloat_AsDouble",
    "PyErr_Occurred",
    "PyLong_FromSsize_t",
    "Py_DecRef",
)


def source(loops: Loops, machine: llvm.Machine) -> str:
    """Return the module of prepared loops over points, for float objects.

    Its function `call` takes a float for each argument. It returns a tuple of the results, or 0 if there was a
    floating-point error. An object with a method `__float__` counts as a float.
    """
    given, made = len(loops.inputs), len(loops.results)
    counts = Counts(varying=given, numbers=0, folds=0, results=made, single=0)
    narrow = replace(machine, width=8, variants={}, head=0)
    module = llvm.source(loops, narrow, single=False, varying=[True] * given)
    table = [_ARGUMENT.format(k=k) for k in range(given)]
    table += [_RESULT.format(k=k, place=given + k) for k in range(made)]
    floats = [_FLOAT.format(k=k, before=f"%null{k - 1}" if k else "false") for k in range(made)]
    fields = {
        "all": counts.all,
        "given": given,
        "made": made,
        "table": "".join(table),
        "floats": "".join(floats),
        "last": made - 1,
    }
    return f"{module}\n{_METHOD.format(**fields)}"


_METHOD = (
    METHOD
    + """ptr %self, ptr %objects, i64 %number) #0 {{
begin:
  %inputs = alloca [{given} x double]
  %values = alloca [{made} x double]
  %table = alloca [{all} x [2 x i64]]
{table}  %error = call ptr @PyErr_Occurred()
  %wrong = icmp ne ptr %error, null
  br i1 %wrong, label %end, label %compute
compute:
  %found = call i32 @run(ptr %table, i64 1, i64 1, i64 -1)
  %good = icmp eq i32 %found, 0
  br i1 %good, label %new, label %refuse
new:
  %tuple = call ptr @PyTuple_New(i64 {made})
  %absent = icmp eq ptr %tuple, null
  br i1 %absent, label %end, label %fill
fill:
{floats}  br i1 %null{last}, label %drop, label %end
drop:
  call void @Py_DecRef(ptr %tuple)
  br label %end
refuse:
  %zero = call ptr @PyLong_FromSsize_t(i64 0)
  br label %end
end:
  %result = phi ptr [ null, %begin ], [ %zero, %refuse ], [ null, %new ], [ null, %drop ], [ %tuple, %fill ]
  ret ptr %result
}}

declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare ptr @PyFloat_FromDouble(double)
declare double @PyFloat_AsDouble(ptr)
declare ptr @PyErr_Occurred()
declare ptr @PyLong_FromSsize_t(i64)
declare void @Py_DecRef(ptr)
"""
)
_ARGUMENT = """\
  %object{k}.at = getelementptr ptr, ptr %objects, i64 {k}
  %object{k} = load ptr, ptr %object{k}.at
  %read{k} = call double @PyFloat_AsDouble(ptr %object{k})
  %given{k} = getelementptr double, ptr %inputs, i64 {k}
  store double %read{k}, ptr %given{k}
  %slot{k} = getelementptr [2 x i64], ptr %table, i64 {k}
  store ptr %given{k}, ptr %slot{k}
  %step{k} = getelementptr i64, ptr %slot{k}, i64 1
  store i64 0, ptr %step{k}
"""
_RESULT = """\
  %made{k} = getelementptr double, ptr %values, i64 {k}
  %slot{place} = getelementptr [2 x i64], ptr %table, i64 {place}
  store ptr %made{k}, ptr %slot{place}
  %step{place} = getelementptr i64, ptr %slot{place}, i64 1
  store i64 0, ptr %step{place}
"""
# A float that cannot be made is null in the tuple, which is then dropped.
_FLOAT = """\
  %value{k} = load double, ptr %made{k}
  %float{k} = call ptr @PyFloat_FromDouble(double %value{k})
  %set{k} = call i32 @PyTuple_SetItem(ptr %tuple, i64 {k}, ptr %float{k})
  %null{k}.own = icmp eq ptr %float{k}, null
  %null{k} = or i1 {before}, %null{k}.own
"""
