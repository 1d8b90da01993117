"""The words of a command line: an argument parser whose errors say what to write."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

_SHOWN = 60  # characters of what was written that a message repeats


class Parser(argparse.ArgumentParser):
    """A parser of one formula and options.

    Args:
        commands: the parsers of the commands that the first word may name instead of a formula.
        **options: those of `argparse.ArgumentParser`.
    """

    def __init__(self, commands: Mapping[str, Callable[[], Parser]] | None = None, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)
        self._commands = commands or {}
        self._words: list[str] = []

    def parse_args(self, args: Sequence[str], namespace: Any = None) -> argparse.Namespace:  # type: ignore[override]
        """The options; words that are left over end the program."""
        self._words = [word.strip() for word in args]
        options: argparse.Namespace
        options, rest = self.parse_known_args(args, namespace)
        if rest:
            self.error(self._left_over(options.formula.strip(), [word.strip() for word in rest]))
        return options

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and exit with status 2."""
        self.print_usage(sys.stderr)
        if "FORMULA" in message:  # it is missing
            message = self._unknown(self._words) or self._taken() or message
        self.exit(2, f"{self.prog}: {message}\n")

    def has(self, option: str) -> bool:
        """Whether it has an option of this name, or of one that begins so."""
        return any(known.startswith(option) for known in self._option_string_actions)

    def _left_over(self, formula: str, rest: list[str]) -> str:
        """The message for words that are neither the formula nor options."""
        if close := get_close_matches(formula.lower(), self._commands, n=1, cutoff=0.7):
            return f"there is no command {formula!r}; did you mean {close[0]!r}?"
        if unknown := self._unknown([formula, *rest]):
            return unknown
        word = rest[0]
        if word in self._commands:
            return f"the command goes first: symdiff {word} FORMULA"
        if self.has("--at") and all(re.match(r"\w+=(?!=)", w) for w in rest):
            return f"values are given by --at: --at {_cut(' '.join(rest))}"
        if self.has("-o") and len(rest) == 1 and re.search(r"\w\.[a-z]+$", word):
            return f"a file to write is given by -o: -o {_cut(word)}"
        whole = _cut(" ".join([formula, *rest]))
        return f'there are more words than the formula {_cut(formula)!r}; write quotes around all of it: "{whole}"'

    def _unknown(self, words: Sequence[str]) -> str | None:
        """The message for the first of some words that looks like an option and is none."""
        for word in words:
            option = word.partition("=")[0]
            known = [name for name in self._option_string_actions if name[:2] == "--"]
            if f"-{option}" in known:
                return f"there is no option {option!r}; write -{option}, with two dashes"
            if not re.match(r"--\w|-o$", option) or self.has(option):
                continue
            message = f"there is no option {_cut(option)!r}"
            if close := get_close_matches(option.lower(), known, n=1):
                return f"{message}; did you mean {close[0]!r}?"
            if having := [name for name, parser in self._commands.items() if parser().has(option)]:
                return f"{message} without a command; there is one of symdiff {', '.join(having)}"
            return f"{message}; there are {', '.join(known)}"
        return None

    def _taken(self) -> str | None:
        """The message for a formula that was taken for a value of the option before it."""
        for word in reversed(self._words):
            action = self._option_string_actions.get(word)
            if action is not None and action.nargs == "+":
                return f"{word} takes all words that follow; put the formula before it: {self.prog} FORMULA {word} ..."
        return None


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
