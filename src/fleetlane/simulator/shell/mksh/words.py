"""Reads the words of a command line: quotes, escapes, variables, commands in commands."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from fleetlane.simulator.shell.mksh.tree import (
    Literal,
    Part,
    Sequence,
    ShellSyntaxError,
    Simple,
    Substitution,
    UnsupportedSyntaxError,
    Variable,
    Word,
)

DELIMITERS = " \t\n;&|()<>"
_BRACES = re.compile(r"\{[^{}\s'\"\\]*,[^{}\s'\"\\]*\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[?$#@*0-9]")
_UNSET = frozenset(
    {"RANDOM", "SECONDS", "LINENO", "BASHPID", "PIPESTATUS", "OLDPWD", "IFS", "PPID", "COLUMNS", "LINES"}
)
"""Variables that mksh has a value for and this shell has not."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b", "E": "\x1b"}
_CODE = re.compile(r"x([0-9A-Fa-f]{1,2})(?![0-9A-Fa-f])|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})")


@dataclass
class Text:
    """A text and how far it is read."""

    text: str
    at: int = 0

    @property
    def next(self) -> str:
        """Return the next character, "" at the end."""
        return self.text[self.at : self.at + 1]

    def begins(self, start: str) -> bool:
        """Return whether the rest begins so."""
        return self.text.startswith(start, self.at)

    def take(self, count: int = 1) -> str:
        """Return the next characters, and go past them."""
        taken = self.text[self.at : self.at + count]
        self.at += count
        return taken

    def take_until(self, end: str) -> str:
        """Return what comes before `end`, and go past that.

        Raises:
            ShellSyntaxError: it does not come.
        """
        found = self.text.find(end, self.at)
        if found < 0:
            raise ShellSyntaxError(f"no closing quote: {end}")
        taken = self.text[self.at : found]
        self.at = found + len(end)
        return taken


class Words:
    """Reads words from a text. `commands` reads what stands in `$(…)`, to the closing parenthesis or to the end."""

    def __init__(self, text: Text, commands: Callable[[Text, str], Sequence]) -> None:
        self._text = text
        self._commands = commands

    def word(self, ends: str = DELIMITERS) -> Word:
        """Read one word; empty where none stands."""
        text, parts, began = self._text, list[Part](), self._text.at
        while text.next and text.next not in ends:
            parts.extend(self._part())
        raw = text.text[began : text.at]
        if raw.startswith("~"):
            raise UnsupportedSyntaxError("this shell has no '~'")
        if _BRACES.search("".join(p.text if isinstance(p, Literal) and not p.quoted else "'" for p in parts)):
            raise UnsupportedSyntaxError("this shell has no {a,b}")
        return _joined(parts)

    def _part(self) -> list[Part]:
        text = self._text
        match text.next:
            case "\\":
                text.take()
                escaped = text.take()
                if not escaped:
                    raise UnsupportedSyntaxError("this shell has no line that ends in '\\'")
                return [Literal(escaped, quoted=True)] if escaped != "\n" else []
            case "'":
                text.take()
                return [Literal(text.take_until("'"), quoted=True)]
            case '"':
                text.take()
                return self._double_quoted()
            case "$" if text.begins("$'"):
                text.take(2)
                return [Literal(self._dollar_quoted(), quoted=True)]
            case "$" if text.begins('$"'):
                raise UnsupportedSyntaxError('this shell has no $"')
            case "$":
                return [self._dollar(quoted=False)]
            case "`":
                return [self._backticks(quoted=False)]
            case _:
                return [Literal(text.take(), quoted=False)]

    def _double_quoted(self) -> list[Part]:
        text = self._text
        parts: list[Part] = [Literal("", quoted=True)]  # an empty pair of quotes is a word, too
        while text.next != '"':
            match text.next:
                case "":
                    raise ShellSyntaxError('no closing quote: "')
                case "\\":
                    text.take()
                    escaped = text.take()
                    kept = escaped if escaped in ("$", "`", '"', "\\") else "\\" + escaped
                    parts.append(Literal("" if escaped == "\n" else kept, quoted=True))
                case "$":
                    parts.append(self._dollar(quoted=True))
                case "`":
                    parts.append(self._backticks(quoted=True))
                case _:
                    parts.append(Literal(text.take(), quoted=True))
        text.take()
        return parts

    def _dollar_quoted(self) -> str:
        text, read = self._text, ""
        while text.next != "'":
            if not text.next:
                raise ShellSyntaxError("no closing quote: '")
            character = text.take()
            if character != "\\":
                read += character
                continue
            code = _CODE.match(text.text, text.at)
            if code:
                read += _character(code)
                text.at = code.end()
            elif text.next in _ESCAPES:
                read += _ESCAPES[text.take()]
            elif text.next and text.next in "\\'\"?":
                read += text.take()
            else:
                raise UnsupportedSyntaxError(f"this shell has no \\{text.next} in $'…'")
        text.take()
        return read

    def _dollar(self, *, quoted: bool) -> Part:
        text = self._text
        if text.begins("$(("):
            raise UnsupportedSyntaxError("this shell has no '$((' (arithmetic)")
        if text.begins("$("):
            text.take(2)
            commands = self._commands(text, ")")
            if text.take() != ")":
                raise ShellSyntaxError("no closing ')'")
            return _substitution(commands, quoted=quoted)
        if text.begins("${"):
            text.take(2)
            return self._braced(quoted=quoted)
        text.take()
        name = _NAME.match(text.text, text.at)
        if name is None:
            if text.next and text.next in "!-[":
                raise UnsupportedSyntaxError(f"this shell has no '${text.next}'")
            return Literal("$", quoted=True)
        text.at = name.end()
        return Variable(_known(name[0]), quoted)

    def _braced(self, *, quoted: bool) -> Variable:
        text = self._text
        name = _NAME.match(text.text, text.at)
        if name is None:
            raise UnsupportedSyntaxError("this shell has only ${NAME} and ${NAME:-WORD}")
        text.at = name.end()
        other: Word | None = None
        if text.begins(":-"):
            text.take(2)
            other = self.word("}" if quoted else "} \t\n;&|()<>")
        if text.take() != "}":
            raise UnsupportedSyntaxError("this shell has only ${NAME} and ${NAME:-WORD}")
        return Variable(_known(name[0]), quoted, other)

    def _backticks(self, *, quoted: bool) -> Substitution:
        text, inner = self._text, ""
        text.take()
        while text.next != "`":
            if not text.next:
                raise ShellSyntaxError("no closing quote: `")
            character = text.take()
            if character == "\\" and text.next and text.next in "$`\\" + ('"' if quoted else ""):
                character = text.take()
            inner += character
        text.take()
        return _substitution(self._commands(Text(inner), ""), quoted=quoted)


def _substitution(commands: Sequence, *, quoted: bool) -> Substitution:
    """Return a substitution. mksh reads a file for one that is only `<FILE`, and takes no other without a command."""
    for _, pipeline in commands.steps:
        for command in pipeline.commands:
            if isinstance(command, Simple) and not command.words and command.redirections:
                raise UnsupportedSyntaxError("this shell has no $(<FILE)")
    return Substitution(commands, quoted)


def _joined(parts: list[Part]) -> Word:
    """Return the parts with neighbouring literals of one kind as one."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Literal) and isinstance(last, Literal) and part.quoted == last.quoted:
            joined[-1] = Literal(last.text + part.text, part.quoted)
        else:
            joined.append(part)
    return tuple(joined)


def _known(name: str) -> str:
    if name in _UNSET:
        raise UnsupportedSyntaxError(f"this shell has no ${name}")
    return name


def _character(code: re.Match[str]) -> str:
    """Return the character of an escape; bytes of 128 and more stand for themselves, as in file names."""
    byte, short, long, octal = code.groups()
    if short or long:
        return chr(int(short or long, 16))
    value = int(byte, 16) if byte else int(octal, 8) & 0xFF
    if value == 0:
        raise UnsupportedSyntaxError("this shell has no NUL in $'…'")
    return bytes([value]).decode("utf-8", "surrogateescape")
