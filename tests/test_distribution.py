"""The distribution: what `pip` builds and installs, and its name."""

import os
import pathlib
import re
import subprocess
import sys
import tarfile
import venv
import zipfile

import pytest

import symdiff
from symdiff.errors import DISTRIBUTION

ROOT = pathlib.Path(__file__).parent.parent

# Commands that name the distribution or an extra of it. The index has another project called symdiff.
OTHER = re.compile(r"pip install (?:-\S+ )*'?symdiff\b(?!-compiler)|\bsymdiff\[[a-z,]+\]")


def test_every_command_for_pip_names_the_distribution():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    found = {
        str(path.relative_to(ROOT)): OTHER.findall(path.read_text(encoding="utf-8"))
        for path in [*pages, *(ROOT / "symdiff").rglob("*.py"), *(ROOT / "examples").rglob("*")]
        if path.is_file() and path.suffix in (".py", ".md", ".ipynb")
    }
    assert not {path: texts for path, texts in found.items() if texts}


def run(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_a_wheel_and_a_source_distribution_install_into_an_empty_environment(tmp_path):
    pytest.importorskip("build")
    pytest.importorskip("twine")
    run(sys.executable, "-m", "build", "--outdir", tmp_path, ROOT)
    (wheel,), (source,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    stem = f"{DISTRIBUTION.replace('-', '_')}-{symdiff.__version__}"
    assert wheel.name.startswith(stem)
    assert source.name.startswith(stem)
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, source)
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {"symdiff/py.typed", "symdiff/api/report/style.css", "symdiff/api/report/sliders.js"} <= held
    assert {name.split("/")[0] for name in held} == {"symdiff", f"{stem}.dist-info"}
    with tarfile.open(source) as archive:
        kept = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"README.md", "LICENSE", "CHANGELOG.md", "tests/conftest.py", "docs/index.md", "pyproject.toml"} <= kept

    venv.create(tmp_path / "empty", with_pip=True)
    scripts = tmp_path / "empty" / ("Scripts" if os.name == "nt" else "bin")
    run(scripts / "python", "-m", "pip", "install", "-q", wheel, cwd=tmp_path)
    command = re.search(r'symdiff ("log\(x1\).*)', (ROOT / "README.md").read_text(encoding="utf-8"))[1]
    out = run("sh", "-c", f"'{scripts / 'symdiff'}' {command}", cwd=tmp_path)
    assert "value  11.652071455223084" in out
    assert "def value_and_grad(x1, x2):" in out
