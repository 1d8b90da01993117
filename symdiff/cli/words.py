"""An argument parser whose error messages say what to write."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from symdiff.api.export import MEMBERS
from symdiff.errors import SymdiffError
from symdiff.guess import KNOWN_AS, nearest
from symdiff.language.hints import is_function
from symdiff.language.parser import parse

_SHOWN = 60  # characters of the input that a message repeats
_LACKS = re.compile(r"argument (?:\S+/)?(\S+): expected .*one argument")  # argparse's message


class Parser(argparse.ArgumentParser):
    """A parser of one formula and options.

    Args:
        commands: The parsers of the commands. The first word can name one in place of a formula.
        **options: The options of `argparse.ArgumentParser`.
    """

    def __init__(self, commands: Mapping[str, Callable[[], Parser]] | None = None, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)
        self._commands = commands or {}
        self._words: list[str] = []

    def parse_args(self, args: Sequence[str], namespace: Any = None) -> argparse.Namespace:  # type: ignore[override]
        """Return the options. Exit with a message if words are left over."""
        self._words = [word.strip() for word in args]
        options: argparse.Namespace
        options, rest = self.parse_known_args(args, namespace)
        if rest:
            self.error(self._left_over(options.formula.strip(), [word.strip() for word in rest]))
        return options

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and exit with status 2."""
        self.print_usage(sys.stderr)
        if "required: FORMULA" in message:
            message = self._unknown(self._words) or self._taken() or message
        elif lacks := _LACKS.match(message):
            option = lacks[1]
            message = f"{option} lacks a value; write {option} {self._option_string_actions[option].metavar}"
        self.exit(2, f"{self.prog}: {message}\n")

    def has(self, option: str) -> bool:
        """Return whether there is an option whose name begins with this text."""
        return any(known.startswith(option) for known in self._option_string_actions)

    def _left_over(self, formula: str, rest: list[str]) -> str:
        """Return the message for words that are neither the formula nor options."""
        word = rest[0]
        if word in self._commands:
            return f"the command goes first: symdiff {word} FORMULA"
        if self.has("--at") and formula[-1:] != ";" and all(re.match(r"\w+=(?!=)", w) for w in rest):
            return f"use --at to give values: --at {_cut(' '.join(rest))}"
        if self.has("-o") and len(rest) == 1 and re.search(r"\w\.[a-z]+$", word):
            return f"use -o to give the file to write: -o {_cut(word)}"
        whole = " ".join([formula, *rest])
        written = _is_formula(whole)
        if not written and not self._unknown(rest[:1]) and (command := self._no_command(formula)):
            return command
        if unknown := self._unknown([formula, *rest]):
            return unknown
        quotes = (
            f'put quotes around all of it: "{_cut(whole)}"' if written else "write the formula as one word, in quotes"
        )
        return f"there are more words after the formula {_cut(formula)!r}; {quotes}"

    def _no_command(self, word: str) -> str | None:
        """Return the message for a first word that looks like a command, or None."""
        if not self._commands or not re.fullmatch(r"[A-Za-z_]{3,}", word) or is_function(word):
            return None
        message = f"there is no command {_cut(word)!r}"
        if member := member_of(word):
            return f"{message}; write symdiff FORMULA --of {member}"
        if close := nearest(word, self._commands):
            return f"{message}; did you mean {close!r}?"
        return f"{message}; symdiff FORMULA prints value and gradient; the commands are {', '.join(self._commands)}"

    def _unknown(self, words: Sequence[str]) -> str | None:
        """Return the message for the first word that looks like an option but is none, or None."""
        for word in words:
            option = word.partition("=")[0]
            known = [name for name in self._option_string_actions if name[:2] == "--"]
            if f"-{option}" in known:
                return f"there is no option {option!r}; write -{option}, with two dashes"
            if not re.match(r"--\w|-o$", option) or self.has(option):
                continue
            message = f"there is no option {_cut(option)!r}"
            if having := [name for name, parser in self._commands.items() if parser().has(option)]:
                return f"{message} without a command; these have it: symdiff {', '.join(having)}"
            if self.has("--of") and (member := member_of(option[2:])):
                return f"{message}; write --of {member}"
            if close := nearest(option[2:], [name[2:] for name in known]):
                return f"{message}; did you mean '--{close}'?"
            return f"{message}; the options are {', '.join(known)}"
        return None

    def _taken(self) -> str | None:
        """Return the message for a formula that was read as a value of the option before it, or None."""
        for word in reversed(self._words):
            action = self._option_string_actions.get(word)
            if action is not None and action.nargs == "+":
                return f"{word} takes all words after it; put the formula first: {self.prog} FORMULA {word} ..."
        return None


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _is_formula(text: str) -> bool:
    try:
        parse(text)
    except SymdiffError:
        return False
    return True


def member_of(word: str) -> str | None:
    """Return the member of a Function that a word means, or None. The word can be a name from another package."""
    names = (word, KNOWN_AS.get(word.lower(), "").removeprefix("f."), nearest(word, MEMBERS))
    return next((name for name in names if name in MEMBERS), None)


def one_of(names: Sequence[str], meant: Callable[[str], str | None] | None = None) -> Callable[[str], str]:
    """Return the argparse type of an option that takes one of some names.

    `meant` returns the name that another word means. By default it is the nearest name.
    """

    def read(word: str) -> str:
        if word in names:
            return word
        close = meant(word) if meant else nearest(word, names)
        hint = f"did you mean {close!r}?" if close else f"the names are {', '.join(names)}"
        raise argparse.ArgumentTypeError(f"there is no {_cut(word)!r}; {hint}")

    return read
