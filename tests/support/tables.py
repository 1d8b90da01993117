"""Tests of a table: one test that goes through all rows, and reports every row that fails by its name.

pytest takes some milliseconds for each test, which is longer than many rows take. So a table is one test.
`pytest --row TEXT` runs only the rows whose names contain a text.
"""

import functools
import inspect
import itertools
import re

import pytest

ROW = {"part": ""}  # what the option --row says

_FAILURES = (Exception, pytest.fail.Exception)


def _row(entry, count):
    """The values of a row, and its name if it has one."""
    if hasattr(entry, "marks"):  # a pytest.param
        return tuple(entry.values), entry.id
    return (tuple(entry) if count > 1 else (entry,)), None


def _name(values, given, ids):
    if given is not None:
        return given
    texts = [ids(value) if callable(ids) else None for value in values]
    texts = [
        text if text is not None else getattr(v, "__name__", str(v)) for text, v in zip(texts, values, strict=True)
    ]
    return "-".join(re.sub(r"\s+", " ", str(text))[:80] for text in texts)


class _Table:
    """The rows of one decorator: a name and the arguments of each."""

    def __init__(self, names, rows, ids):
        self.names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
        self.rows, self.ids = rows, ids

    def __iter__(self):
        for k, entry in enumerate(self.rows):
            values, given = _row(entry, len(self.names))
            if isinstance(self.ids, (list, tuple)):
                given = self.ids[k]
            yield _name(values, given, self.ids), dict(zip(self.names, values, strict=True))


def _fresh(fixtures, k):
    """The fixtures for one row: its own patches, and its own folder."""
    patch = pytest.MonkeyPatch() if "monkeypatch" in fixtures else None
    own = dict(fixtures)
    if patch is not None:
        own["monkeypatch"] = patch
    if "tmp_path" in fixtures:
        own["tmp_path"] = fixtures["tmp_path"] / str(k)
        own["tmp_path"].mkdir()
    return own, patch.undo if patch is not None else lambda: None


def each(names, rows, ids=None):
    """Run a test for every row of a table, as one test. Of several tables, run it for every combination.

    The arguments are those of `pytest.mark.parametrize`. Fixtures are made once, but each row has its own `monkeypatch`
    and `tmp_path`. The test of one row is the attribute `of_one_row`.
    """

    def decorate(test):
        body, tables = getattr(test, "of_tables", (test, []))
        tables = [_Table(names, list(rows), ids), *tables]
        taken = {name for table in tables for name in table.names}

        @functools.wraps(body)
        def run(**fixtures):
            failed, skipped, count = [], None, 0
            for k, parts in enumerate(itertools.product(*tables)):
                name = "-".join([own for own, _ in parts])
                if ROW["part"] not in name:
                    continue
                own, undo = _fresh(fixtures, k)
                for _, values in parts:
                    own |= values
                count += 1
                try:
                    body(**own)
                except pytest.skip.Exception as skip:
                    skipped, count = skip, count - 1
                except _FAILURES as error:
                    error.add_note(f"row: {name}")
                    failed.append((name, error))
                finally:
                    undo()
            if failed:
                listed = "; ".join([name for name, _ in failed])
                raise BaseExceptionGroup(f"{len(failed)} of {count} rows: {listed}", [error for _, error in failed])
            if skipped is not None and not count:
                raise skipped

        run.__dict__.update(getattr(test, "__dict__", {}))
        run.of_tables, run.of_one_row = (body, tables), body
        signature = inspect.signature(body)
        run.__signature__ = signature.replace(
            parameters=[
                parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
                for name, parameter in signature.parameters.items()
                if name not in taken
            ]
        )
        return run

    return decorate
