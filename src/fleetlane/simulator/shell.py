"""The shell of a simulated phone: a small command language and the commands that drivers use.

Lists with `;`, `&&` and `||`, quotes, `$?` and leading assignments are understood; pipes, redirections
and anything else are refused loudly, never ignored. An unknown command ends with 127 and is logged.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fleetlane.simulator.phone import SimPhone

_OPERATORS = {";", "&&", "||"}


@dataclass(slots=True)
class Result:
    """What a command printed and how it ended. `output` is both streams in the order of printing."""

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0
    output: bytes = b""

    def __post_init__(self) -> None:
        self.output = self.output or self.stdout + self.stderr

    @classmethod
    def text(cls, text: str, exit_code: int = 0) -> Result:
        """Return a result that prints lines."""
        return cls((text if text.endswith("\n") or not text else text + "\n").encode(), b"", exit_code)

    @classmethod
    def error(cls, text: str, exit_code: int = 1) -> Result:
        """Return a result that complains."""
        return cls(b"", (text + "\n").encode(), exit_code)


Command = Callable[[SimPhone, Sequence[str]], Result]
COMMANDS: dict[str, Command] = {}


def command(*names: str) -> Callable[[Command], Command]:
    """Register a function as one or more commands. It gets the arguments without the name."""

    def register(function: Command) -> Command:
        for name in names:
            COMMANDS[name] = function
        return function

    return register


class ShellSyntaxError(ValueError):
    """The command line uses something this shell does not have."""


@lru_cache(maxsize=4096)
def split(line: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the simple commands of a line, each with the operator before it ("" for the first)."""
    _refuse_unknown_syntax(line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    parts: list[tuple[str, list[str]]] = []
    operator, words = "", list[str]()
    for token in lexer:
        if token in _OPERATORS:
            parts.append((operator, words))
            operator, words = token, []
        elif token and set(token) <= set(";&|<>"):
            raise ShellSyntaxError(f"this shell has no {token!r}")
        else:
            words.append(token)
    parts.append((operator, words))
    return tuple((op, tuple(words)) for op, words in parts if words)


def _refuse_unknown_syntax(line: str) -> None:
    """Refuse what a real shell would replace: variables, commands in commands, comments, several lines."""
    quote = ""
    for index, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "()\n" or (character == "#" and line[index - 1 : index] in ("", " ")):
            raise ShellSyntaxError(f"this shell has no {character!r}")
        if quote != "'" and (character == "`" or (character == "$" and line[index + 1 : index + 2] != "?")):
            raise ShellSyntaxError(f"this shell has no {character!r}")


def run(phone: SimPhone, line: str) -> Result:
    """Run a command line on a phone."""
    phone.settle()
    try:
        parts = split(line)
    except ValueError as error:
        phone.log(f"shell: cannot parse {line!r}: {error}")
        return Result.error(f"/system/bin/sh: syntax error: {error}", 2)
    stdout, stderr, output, last = b"", b"", b"", 0
    for operator, words in parts:
        if (operator == "&&" and last) or (operator == "||" and not last):
            continue
        result = _simple(phone, [word.replace("$?", str(last)) for word in words])
        stdout += result.stdout
        stderr += result.stderr
        output += result.output
        last = result.exit_code
    return Result(stdout, stderr, last, output)


def _simple(phone: SimPhone, words: list[str]) -> Result:
    while words and _is_assignment(words[0]):
        words = words[1:]
    if not words:
        return Result()
    name = words[0].removeprefix("/system/bin/")
    if name == "toybox" and len(words) > 1:
        words = words[1:]
        name = words[0]
    function = COMMANDS.get(name)
    if function is None:
        phone.log(f"shell: there is no command {name!r} (in {shlex.join(words)!r})")
        return Result.error(f"/system/bin/sh: {name}: inaccessible or not found", 127)
    try:
        _refuse_patterns(phone, words[1:])
        return function(phone, words[1:])
    except (UnsupportedArgumentsError, ValueError, IndexError, KeyError) as error:  # or not so many, or no number
        phone.log(f"shell: {name} does not take {shlex.join(words[1:])!r}: {error}")
        return Result.error(f"{name}: unsupported on a simulated phone: {error}", 126)


def _refuse_patterns(phone: SimPhone, words: Sequence[str]) -> None:
    """Refuse a word that a real shell would replace by the names of files."""
    for word in words:
        if set(word) & set("*?[") and word.startswith("/") and phone.files.matches(word):
            raise UnsupportedArgumentsError(f"the pattern {word}")


def _is_assignment(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.replace("_", "").isalnum() and name.isupper()


class UnsupportedArgumentsError(ValueError):
    """A command was called in a way that is not simulated."""


def options(args: Sequence[str], flags: str, with_value: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Split arguments into options and the rest.

    Args:
        args: the arguments.
        flags: options without a value, separated by blanks.
        with_value: options that take the next argument.

    Raises:
        UnsupportedArgumentsError: an option is not known.
    """
    found: dict[str, list[str]] = {}
    rest: list[str] = []
    items = iter(args)
    for item in items:
        if item in with_value:
            value = next(items, None)
            if value is None:
                raise UnsupportedArgumentsError(f"{item} needs a value")
            found.setdefault(item, []).append(value)
        elif item in flags.split():
            found.setdefault(item, [])
        elif item.startswith("-") and len(item) > 1:
            raise UnsupportedArgumentsError(item)
        else:
            rest.append(item)
    return found, rest
