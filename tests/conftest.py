"""Options of the test suite."""


def pytest_addoption(parser):
    parser.addoption("--rewrite-golden", action="store_true", help="write tests/golden anew, to be reviewed")
