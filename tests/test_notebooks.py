"""The notebooks are what `docs/notebooks.py` makes of the pages, and running them gives what they show."""

import doctest
import json
import pathlib
import runpy
import warnings

import pytest

ROOT = pathlib.Path(__file__).parent.parent
MAKER = runpy.run_path(str(ROOT / "docs" / "notebooks.py"))
EXAMPLES = ROOT / "examples"


def test_they_are_made_from_the_pages():
    assert [path.stem for path in EXAMPLES.glob("*.ipynb")] == list(MAKER["PAGES"])
    for page in MAKER["PAGES"]:
        written = (EXAMPLES / f"{page}.ipynb").read_text(encoding="utf-8")
        assert written == MAKER["notebook"](page), "run python docs/notebooks.py"


def test_links_and_outputs():
    assert MAKER["_moved"]("[a](b.md#c) [d](../examples/e.py) [f](https://g.h) [i](#j)") == (
        "[a](../docs/b.md#c) [d](e.py) [f](https://g.h) [i](#j)"
    )
    block = ">>> x = 1\n>>> x\n1\n>>> print(x)\n1\n>>> 1/0\nTraceback (most recent call last):\n    ...\nZeroDivisionError: no\n>>> y = 2\n"
    cells = MAKER["_code"](block)
    assert ["".join(cell["source"]) for cell in cells] == ["x = 1\nx", "print(x)", "1/0", "y = 2"]
    assert [[output["output_type"] for output in cell["outputs"]] for cell in cells] == [
        ["execute_result"],
        ["stream"],
        ["error"],
        [],
    ]


def shown(output):
    """What an output of a cell says, as text."""
    match output["output_type"]:
        case "stream":
            return "".join(output["text"])
        case "error":
            return f"{output['ename']}: {output['evalue']}"
        case _:
            return "".join(output["data"]["text/plain"])


@pytest.mark.long
@pytest.mark.parametrize("page", MAKER["PAGES"])
def test_they_run(page, monkeypatch):
    pytest.importorskip("ipykernel")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the packages of Jupyter
        import nbclient
        import nbformat

        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        path = EXAMPLES / f"{page}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        folder = {"metadata": {"path": str(EXAMPLES)}}
        nbclient.NotebookClient(notebook, timeout=120, coalesce_streams=True, resources=folder).execute()
    same = doctest.OutputChecker().check_output
    alike = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE  # IPython breaks long lines at other places
    for stored, run in zip(json.loads(path.read_text(encoding="utf-8"))["cells"], notebook.cells, strict=True):
        before, after = stored.get("outputs", []), run.get("outputs", [])
        assert [output["output_type"] for output in before] == [output["output_type"] for output in after], run.source
        for output, found in zip(before, after, strict=True):
            assert same(shown(output) + "\n", shown(found) + "\n", alike), (run.source, shown(found))
