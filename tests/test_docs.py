"""The pages of docs/: every example in them runs, and the site builds without a warning.

- A block of Python with `>>>` is a doctest; the blocks of a page share their names. A block that imports a
  package that is not installed is left out.
- A block of console lines holds commands after `$ `, each followed by what it prints.
- A block of sh with one command, followed by a block of another kind, has printed that.
- Any other block of sh is left alone: it installs something, or runs for long.
"""

import contextlib
import doctest
import importlib.util
import io
import os
import pathlib
import re
import runpy
import shlex
import subprocess
import sys
import warnings

import numpy as np
import pytest

import symdiff
import symdiff.numpy
from symdiff.cli import main
from symdiff.language.arrays import ARRAY_FUNCTIONS
from symdiff.ops.table import BASIC, FORMULAS, FUNCTIONS, PRIMITIVES

ROOT = pathlib.Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("with/*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPTIONAL = {
    "autograd",
    "casadi",
    "jax",
    "lmfit",
    "numexpr",
    "pandas",
    "pint",
    "scipy",
    "sympy",
    "torch",
    "uncertainties",
    "xarray",
}

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def blocks(page):
    """Kind, text and line of each block of code, and whether only blank lines stand before it."""
    text, end = page.read_text(encoding="utf-8"), None
    for found in BLOCK.finditer(text):
        between = text[end : found.start()] if end is not None else "."
        yield found[1], found[2], text.count("\n", 0, found.start()) + 1, not between.strip()
        end = found.end()


def missing(text):
    """The first package that a block imports and that is not installed."""
    names = re.findall(r"^>>> (?:import|from) (\w+)", text, re.MULTILINE)
    return next((name for name in names if name in OPTIONAL and not importlib.util.find_spec(name)), None)


@by_page
def test_examples_in_python(page, monkeypatch, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    names, absent = {}, []
    parser, log = doctest.DocTestParser(), io.StringIO()
    runner = doctest.DocTestRunner()
    with (
        np.printoptions(precision=8, threshold=1000, edgeitems=3, linewidth=75, suppress=False, legacy=False),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", module=r"(autograd|casadi|jax|numexpr)\b")
        for kind, text, line, _ in blocks(page):
            if kind != "python" or ">>> " not in text:
                continue
            if package := missing(text):
                absent.append(package)
                continue
            test = parser.get_doctest(text, names, page.name, page.name, line)
            runner.run(test, out=log.write, clear_globs=False)
            names = test.globs
    assert not runner.failures, log.getvalue()


def printed(command, directory):
    """What a command of a page prints."""
    words = shlex.split(command)
    if words[0] == "python":
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        ran = subprocess.run(
            [sys.executable, *words[1:]], cwd=directory, env=environment, capture_output=True, text=True, timeout=120
        )
        assert not ran.returncode, ran.stderr
        return ran.stdout
    assert words[0] == "symdiff", f"not a command that a page may show: {command}"
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.chdir(directory):
        assert main(words[1:]) == 0
    return out.getvalue()


def commands(page):
    """Each command of a page with what the page says that it prints."""
    pending = None
    for kind, text, _, adjacent in blocks(page):
        if pending and adjacent and kind != "sh":
            yield pending, text
        pending = None
        if kind == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, shown = part.partition("\n")
                yield command, shown
        elif kind == "sh" and text.startswith("symdiff ") and text.count("\n") == 1:
            pending = text.strip()


@by_page
def test_examples_in_the_shell(page, tmp_path):
    for command, shown in commands(page):
        lines = [line.rstrip() for line in printed(command, tmp_path).rstrip("\n").split("\n")]
        assert "\n".join(lines) == shown.rstrip("\n"), command


def test_pages_hold_examples():
    python = sum(text.count(">>> ") for page in PAGES for kind, text, *_ in blocks(page) if kind == "python")
    assert python > 100
    assert sum(len(list(commands(page))) for page in PAGES) > 20


def test_every_function_is_listed():
    hooks = runpy.run_path(str(DOCS / "hooks.py"))
    page = (DOCS / "language.md").read_text(encoding="utf-8") + hooks["special"]()
    words = set(re.findall(r"\w+", page))
    assert not ({*FUNCTIONS, *FORMULAS, *ARRAY_FUNCTIONS} - words)


def test_the_table_of_rules():
    hooks = runpy.run_path(str(DOCS / "hooks.py"))
    filled = hooks["on_page_markdown"]((DOCS / "how-it-works.md").read_text(encoding="utf-8"))
    rule = r"$\displaystyle \frac{1}{1 + x^{2}}$<br>`1/(1 + x^2)`"
    assert f"| `arctan` `atan` | {rule} | – | `np.arctan(x)` |" in filled
    basic = [p for p in PRIMITIVES.values() if p.name in BASIC]
    assert all(f"`{p.name}`" in filled or p.symbols or p.condition or p.internal for p in basic)


def test_the_table_of_speed():
    hooks = runpy.run_path(str(DOCS / "hooks.py"))
    filled = hooks["on_page_markdown"]((DOCS / "benchmarks.md").read_text(encoding="utf-8"))
    assert "| symdiff |" in filled


def test_the_pictures_are_what_their_script_draws():
    for name, drawn in runpy.run_path(str(DOCS / "assets" / "draw.py"))["pictures"]().items():
        assert (DOCS / "assets" / name).read_text(encoding="utf-8") == drawn


def test_each_page_begins_with_what_a_reader_can_do():
    for page in DOCS.rglob("*.md"):
        title, *begins = page.read_text(encoding="utf-8").split("\n\n")[:3]
        assert title.startswith("# "), page
        assert any(text.startswith(("After this page you ", "After this page, you ")) for text in begins), page


def test_the_first_page_leads_to_each_page():
    linked = set(re.findall(r"\]\(([\w/-]+\.md)\)", (DOCS / "index.md").read_text(encoding="utf-8")))
    assert {page.relative_to(DOCS).as_posix() for page in PAGES} - linked == {"index.md"}


def public():
    """The name of each object of the public interface in the page that describes it, with the object."""
    yield from ((f"symdiff.{name}", getattr(symdiff, name)) for name in symdiff.__all__)
    members = [name for name in dir(symdiff.compile("x")) if not name.startswith("_")]
    yield from ((f"symdiff.Function.{name}", getattr(symdiff.Function, name, None)) for name in members)
    yield "symdiff.numpy", symdiff.numpy


def test_each_public_name_is_on_the_reference_page():
    page = (DOCS / "reference.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^::: ([\w.]+)$", page, re.MULTILINE))
    attributes = re.findall(r"^ {8}(\w+): ", symdiff.Function.__doc__.split("Raises:")[0], re.MULTILINE)
    listed |= {f"symdiff.Function.{name}" for name in attributes}
    listed |= {"symdiff.limits"}  # Limits describes it
    absent = {name for name, _ in public()} - listed
    assert not absent, "write ::: and the name in docs/reference.md"
    assert "symdiff.Limits" in listed
    limits = re.search(r"^::: symdiff.Limits\n    options: {members: \[(.*)\]}", page, re.MULTILINE)[1].split(", ")
    assert [*symdiff.Limits.__slots__, "for_untrusted"] == limits


def test_each_public_name_has_an_example():
    other = {"symdiff.clear_cache", "symdiff.limits"}  # nothing to show, and what Limits describes
    without = [
        name
        for name, of in public()
        if of is not None and name not in other and not isinstance(of, type) and "Examples:\n" not in (of.__doc__ or "")
    ]
    assert not without, "write a section Examples: in the docstring"


def test_formulas_are_found_and_stay_text_elsewhere():
    hooks = runpy.run_path(str(DOCS / "hooks.py"))
    block = "```python\n>>> print(f.grad.latex)\nx_{1} < 2\n>>> f.text\n'$x$'\n```"
    assert hooks["on_page_markdown"](block) == block + "\n\n$$\nx_{1} < 2\n$$"
    block = '```console\n$ symdiff latex "x"\nx\n$ symdiff "x" --at x=2\n2\n```'
    assert hooks["on_page_markdown"](block) == block + "\n\n$$\nx\n$$"


@pytest.mark.long
def test_the_site_builds_without_a_warning(tmp_path):
    if not all(importlib.util.find_spec(name) for name in ("material", "mkdocstrings", "math_core")):
        pytest.skip("what builds the site is not installed: pip install -e '.[docs]'")
    reference = (DOCS / "reference.md").read_text(encoding="utf-8")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert not built.returncode, built.stdout + built.stderr
    page = (tmp_path / "site" / "how-it-works" / "index.html").read_text(encoding="utf-8")
    assert "<!-- rules -->" not in page
    assert page.count("<math>") > 50
    page = (tmp_path / "site" / "reference" / "index.html").read_text(encoding="utf-8")
    assert all(f'id="{name}"' in page for name in re.findall("^::: (.*)", reference, re.MULTILINE))
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert 'class="arithmatex"' not in text, page
        assert not re.search(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"?https?://(?!squidfunk)", text), page
