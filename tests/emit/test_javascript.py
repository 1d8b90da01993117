"""ES modules: Node.js runs them, they check themselves, and have the numbers of NumPy."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tables import each

import symdiff

needs_node = pytest.mark.skipif(not shutil.which("node"), reason="there is no node on this machine")

FILES = {
    "names": ("new = θ*y0 + delete_; log(new) + typeof_ + Math", "θ, y0, delete_, typeof_, Math"),
    "perceptron": ("mean((tanh(X @ W + b) @ v - y)**2)", "X[m,k], W[k,h], b[h], v[h], y[m]"),
    "logistic": ("g(s, u) = s + a*u*(1 - s)\nscan(g, s0, x)", "x[n], a, s0"),
    "special": ("erf(x)*gamma(y) + lgamma(x + 3) % y", "x, y"),
}


def node(text, folder):
    (folder / "run.mjs").write_text(text, encoding="utf-8")
    return subprocess.run(["node", "run.mjs"], cwd=folder, capture_output=True, text=True)


@needs_node
@each("name", FILES)
def test_modules_check_themselves(name, tmp_path):
    text, args = FILES[name]
    symdiff.compile(text, args=args).export(tmp_path / f"{name}.mjs", include="value, vjp")
    done = subprocess.run(["node", f"{name}.mjs"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "check: the same as stored\n"), done.stderr
    source = (tmp_path / f"{name}.mjs").read_text(encoding="utf-8")
    start = source.index('["value", ')
    (tmp_path / f"{name}.mjs").write_text(
        source[:start] + '["value", [1e9], [1.0]],\n' + source[start:], encoding="utf-8"
    )
    done = subprocess.run(["node", f"{name}.mjs"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, "value: 1000000000, but stored is 1" in done.stdout) == (1, True)


@needs_node
def test_arrays_are_nested_lists_or_typed_arrays(tmp_path):
    f = symdiff.compile("r = A @ x - t; r @ r", args="A[m,n], x[n], t[m]")
    f.export(tmp_path / "f.mjs", include="value_and_grad")
    A, x, t = np.arange(6.0).reshape(2, 3), np.array([1.0, -1, 2]), np.array([0.5, 1])
    call = f"value_and_grad({A.tolist()}, Float64Array.from({x.tolist()}), {t.tolist()})"
    tail = "JSON.stringify([out.value, out.grad.A.map((r) => [...r]), [...out.grad.x], [...out.grad.t]])"
    done = node(f'import {{ value_and_grad }} from "./f.mjs";\nconst out = {call};\nconsole.log({tail});\n', tmp_path)
    value, gradient = f.value_and_grad(A, x, t)
    for got, want in zip(json.loads(done.stdout), [value, *gradient], strict=True):
        assert_allclose(got, want)


@needs_node
def test_orders_with_equal_elements_and_nan(tmp_path):
    f = symdiff.compile("sort(x), argsort(x)*1.0, argmax(x)*1.0, argmin(x)*1.0, x[argsort(sin(x))]", args="x[n]")
    f.export(tmp_path / "f.mjs", include="value")
    rng = np.random.default_rng(0)
    given = [rng.integers(0, 1 + n // 2, n).astype(float) for n in (1, 2, 3, 7, 16, 33)]
    given += [np.array([2.0, np.nan, 1.0, np.nan, 1.0]), np.array([np.inf, -np.inf, np.inf])]
    literal = str([a.tolist() for a in given]).replace("nan", "NaN").replace("inf", "Infinity")
    text = f"""
import {{ value }} from "./f.mjs";
const shown = (part) => Object.values(part).map((a) => (ArrayBuffer.isView(a) ? [...a].map(String) : [String(a)]));
console.log(JSON.stringify({literal}.map((x) => shown(value(x)))));
"""
    found = json.loads(node(text, tmp_path).stdout)
    for got, x in zip(found, given, strict=True):
        with np.errstate(all="ignore"):
            wanted = f(x)
        for one, want in zip(got, wanted, strict=True):
            numbers = [float(a.replace("Infinity", "inf")) for a in one]
            np.testing.assert_array_equal(numbers, np.atleast_1d(want))


@needs_node
def test_a_name_of_the_language_is_a_property_like_others(tmp_path):
    symdiff.compile("__proto__^2*y", args="__proto__, y").export(tmp_path / "f.mjs", include="value_and_grad")
    text = 'import { value_and_grad as f } from "./f.mjs";\nconsole.log(Object.keys(f(3, 2).grad), f(3, 2).grad["__proto__"]);'
    assert node(text, tmp_path).stdout == "[ '__proto__', 'y' ] 12\n"


@needs_node
def test_functions_over_points(tmp_path):
    f = symdiff.compile("every = sum(x)*value; every, x*value", args="x[n], value")
    g = symdiff.compile("a^2*points", args="a, points")
    f.export(tmp_path / "f.mjs", include="value, jacobian")
    g.export(tmp_path / "g.mjs", include="value_and_grad")
    x, v = np.arange(6.0).reshape(3, 2), np.array([1.0, 2.0, 3.0])
    given = f"{x.tolist()}, Float64Array.from({v.tolist()})"
    text = f"""
import {{ value_batch, jacobian_batch }} from "./f.mjs";
import {{ value_and_grad_batch }} from "./g.mjs";
const plain = (part) => (ArrayBuffer.isView(part) ? [...part] : Array.isArray(part) ? part.map(plain) : part);
const {{ every, out1 }} = value_batch({given});
const {{ value, grad }} = value_and_grad_batch([1, 2, 3], [4, 5, 6]);
const none = value_and_grad_batch([], []);
const shown = [every, out1, jacobian_batch({given}), value, grad.a, grad.points];
console.log(JSON.stringify([...shown.map(plain), none.value.length + none.grad.a.length]));
for (const call of [() => value_batch([[1]], [1, 2]), () => value_and_grad_batch(1, 2), () => value_and_grad_batch([1])]) {{
    try {{ call(); }} catch (e) {{ console.log(e.name); }}
}}
"""
    numbers, *names = node(text, tmp_path).stdout.splitlines()
    value, gradient = g.value_and_grad(np.arange(1.0, 4.0), np.arange(4.0, 7.0))
    wanted = [*f(x, v), f.jacobian(x, v), value, *gradient, 0]
    for got, want in zip(json.loads(numbers), wanted, strict=True):
        assert_allclose(got, want)
    assert names == ["RangeError"] * 3


@needs_node
@each(
    ("text", "args", "calls"),
    [
        (
            "sum(x[i]) + x[k]",
            "x[n], i[m]: int, k: int",
            "([1, 2], [0, 5], 0) ([1, 2], [-3], 0) ([], [0], 0) ([1, 2], [0.5], 0) ([1, 2], [NaN], 0) ([1, 2], [0], 1.5)",
        ),
        ("sum(segment_sum(v, i, 3)**2)", "v[m], i[m]: int", "([1], [-1]) ([1], [3])"),
        ("sum(A)", "A[m,n]", "([[1, 2], [3]]) ([[1], [2, 3]]) ([1, 2])"),
        ("sum(x)", "x[3]", "([1, 2])"),
    ],
)
def test_what_does_not_fit_is_a_range_error(text, args, calls, tmp_path):
    f = symdiff.compile(text, args=args)
    f.export(tmp_path / "f.mjs", include="value")
    each = [f"try {{ value{call}); }} catch (e) {{ console.log(e.name); }}\n" for call in calls.split(")")[:-1]]
    done = node('import { value } from "./f.mjs";\n' + "".join(each), tmp_path)
    assert done.stdout == "RangeError\n" * len(each), done.stderr


@needs_node
def test_a_module_behind_a_link_checks_itself(tmp_path):
    (tmp_path / "a #1").mkdir()
    (tmp_path / "link").symlink_to("a #1")
    symdiff.compile("x*y").export(tmp_path / "link" / "f.mjs")
    done = subprocess.run(["node", "link/f.mjs"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "check: the same as stored\n"
    done = node('import { value } from "./link/f.mjs";\nconsole.log(value(2, 3));\n', tmp_path)
    assert done.stdout == "6\n"
