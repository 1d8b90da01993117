"""Options of the test suite, and the backend by which a test compiles."""

import contextlib
import functools
import gc

import pytest
import tables

import symdiff
from symdiff.runtime import native


def pytest_addoption(parser):
    parser.addoption("--rewrite-golden", action="store_true", help="write tests/golden anew, to be reviewed")
    parser.addoption("--row", default="", help="of tests of tables, run only the rows whose names contain this text")


def pytest_configure(config):
    tables.ROW["part"] = config.getoption("--row")
    if config.args_source is config.ArgsSource.TESTPATHS and not config.option.markexpr:
        config.option.markexpr = "not long"


def pytest_collection_finish():
    """Keep the collector of garbage from going through everything that was imported and collected, again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


_compiled = native._compiled


def _as_written(source, **_):
    return _compiled(source, optimised=False, loops=False)


@contextlib.contextmanager
def _compiling(how):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "_compiled", how)
        yield


@pytest.fixture(autouse=True, scope="module")
def _an_empty_cache():
    """Begin each module with nothing kept, and keep the collector of garbage from what earlier modules have left.

    A collection takes as long as there are objects, and the tests of caches and of blocks ask for many.
    """
    symdiff.clear_cache()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def _native_code(_an_empty_cache, request):
    """Let LLVM optimise the machine code of the tests of native code alone.

    LLVM takes four times as long to optimise. All other tests hold the code that symdiff writes, which is the same.
    """
    if "llvm" in request.path.stem:
        yield
        return
    with _compiling(_as_written):
        yield


@pytest.fixture
def unoptimised():
    """Let LLVM not optimise: for tests of native code that compile many programs, beside others that optimise."""
    with _compiling(_as_written):
        yield


# Modules that run by each backend say `pytestmark = pytest.mark.usefixtures("backend")`, and so do single tests.
@pytest.fixture(params=["numpy", "llvm"])
def backend(request, monkeypatch):
    """The backend of what is compiled without saying by which: every test runs by NumPy and in native code."""
    if request.param == "llvm":
        pytest.importorskip("llvmlite", reason="the extra symdiff-compiler[llvm] is not installed")
    compile_by_numpy = symdiff.compile

    @functools.wraps(compile_by_numpy)
    def compiled(text, **options):
        return compile_by_numpy(text, **{"backend": request.param, **options})

    monkeypatch.setattr(symdiff, "compile", compiled)
    return request.param


@pytest.fixture
def optimised():
    """Let LLVM optimise: for a test of what the optimiser is for, beside others that do without."""
    with _compiling(_compiled):
        yield
