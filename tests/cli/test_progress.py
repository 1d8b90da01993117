"""What long work shows on a terminal, and that a pipe sees none of it."""

import os
import pathlib
import re
import select
import shlex
import signal
import subprocess
import sys
import time

import pytest
from tables import each

from symdiff.cli import COMMANDS, main

pty = pytest.importorskip("pty")

# The command, with a formula that takes long to read, and progress that begins sooner.
SLOW = """
import sys, time
import symdiff.cli as cli, symdiff.cli.progress as progress, symdiff.cli.show as show
progress._AFTER, progress._EVERY = 0.1, 0.05
quick = show.compiled
def slow(options, **how):
    time.sleep(SECONDS)
    return quick(options, **how)
show.compiled = slow
if MIDDLE:
    shown = show._shown
    show._shown = lambda *a: (print("first"), time.sleep(0.5), shown(*a))[-1]
sys.exit(cli.main(sys.argv[1:]))
"""


def command(seconds, *words, middle=False):
    code = SLOW.replace("SECONDS", repr(seconds)).replace("MIDDLE", repr(middle))
    return [sys.executable, "-c", code, *words]


def on_a_terminal(words, *, interrupt_at=None, stdout=None):
    """Exit status, and all that the terminal got."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        words,
        stdin=follower,
        stdout=follower if stdout is None else stdout,
        stderr=follower,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(follower)
    seen = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([leader], [], [], 0.1)[0]:
            continue
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
        if interrupt_at is not None and interrupt_at in seen:
            process.send_signal(signal.SIGINT)
            interrupt_at = None
    os.close(leader)
    return process.wait(timeout=10), seen.decode()


def screen(text):
    """What is left on a screen, as lines."""
    lines, column = [""], 0
    for sign in text:
        if sign == "\r":
            column = 0
        elif sign == "\n":
            lines.append("")
            column = 0

        else:
            lines[-1] = lines[-1][:column].ljust(column) + sign + lines[-1][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


@pytest.mark.long
def test_a_terminal_shows_it_and_is_clean_afterwards():
    words = command(0.6, "x^2", "--at", "x=3", middle=True)
    status, seen = on_a_terminal(words)
    assert status == 0
    assert re.search(r"\rsymdiff: working \.\.\. \d s", seen)
    assert seen.count("working") > 1
    assert "\x1b" not in seen  # any terminal understands it
    left = screen(seen)
    assert left[:3] == ["first", "f(x) = x^2", ""]
    assert "value  9.0" in left
    assert not any("symdiff:" in line for line in left)
    piped = subprocess.run(words, capture_output=True, text=True)
    assert left == piped.stdout.split("\n")


def test_a_pipe_sees_nothing():
    done = subprocess.run(command(0.6, "x^2"), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "symdiff:" not in done.stdout
    with pathlib.Path(os.devnull).open("wb") as nowhere:  # the output goes to a file, the progress to the terminal
        status, seen = on_a_terminal(command(0.6, "x^2"), stdout=nowhere)
    assert status == 0
    assert "symdiff: working" in seen
    assert screen(seen) == [""]


def test_quick_work_shows_nothing():
    status, seen = on_a_terminal([sys.executable, "-m", "symdiff", "x^2", "--at", "x=3"])
    assert status == 0
    assert "symdiff:" not in seen
    assert "\r" not in seen.replace("\r\n", "\n")


def test_a_warning_stands_before_the_output():
    status, seen = on_a_terminal(command(0.6, "e^x", "--at", "x=0", "e=2"))
    assert status == 0
    left = screen(seen)
    assert left[0].startswith("symdiff: 'e' is a variable here")
    assert left[1] == "f(e, x) = e^x"


def test_an_error_stands_alone():
    status, seen = on_a_terminal(command(0.6, "lgo(x)"))
    assert status == 2
    assert "symdiff: working" in seen
    assert screen(seen)[0] == "symdiff: unknown function 'lgo'; did you mean 'log'?"


@pytest.mark.long
def test_an_interrupt_is_quiet():
    status, seen = on_a_terminal(command(30, "x^2"), interrupt_at=b"working")
    assert status == 130
    assert screen(seen) == [""]
    process = subprocess.Popen(command(30, "x^2"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 130


def test_a_huge_formula_says_what_it_is_at():
    code = (
        "import symdiff.cli as c, symdiff.cli.progress as p; p._AFTER = p._EVERY = 0.01;"
        "c.main(['+'.join(f'sin({k}*x)' for k in range(3000))])"
    )
    _, seen = on_a_terminal([sys.executable, "-c", code])
    stages = set(re.findall(r"symdiff: (\w+) \.\.\.", seen))
    assert {"reading", "differentiating", "writing"} <= stages


@each("name", COMMANDS)
def test_every_command_has_an_example(capsys, name):
    with pytest.raises(SystemExit):
        main([name, "--help"])
    said = capsys.readouterr().out
    assert f"  symdiff {name} {COMMANDS[name].EXAMPLE}" in said
    assert max(map(len, said.splitlines())) <= 100
    with pytest.raises(SystemExit):
        main(["--help"])
    assert re.search(
        rf"symdiff {name}( FORMULA| \[NAME\])? +{re.escape(COMMANDS[name].SUMMARY)}", capsys.readouterr().out
    )


@each("name", COMMANDS)
def test_every_example_runs(capsys, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([name, *shlex.split(COMMANDS[name].EXAMPLE)]) == 0
    assert capsys.readouterr().err == ""
