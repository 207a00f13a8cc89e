"""Reads a command line into a tree: lists, pipes, redirections, `if`, `while`, `for`, groups.

What mksh has beyond that (functions, `case`, jobs, here-documents, arithmetic) is refused by name, never ignored.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from fleetlane.simulator.shell.mksh.tree import (
    Command,
    For,
    Group,
    If,
    Literal,
    Pipeline,
    Redirection,
    Sequence,
    ShellSyntaxError,
    Simple,
    UnsupportedSyntaxError,
    While,
    Word,
)
from fleetlane.simulator.shell.mksh.words import DELIMITERS, Text, Words

_RESERVED = re.compile(
    r"(!|\{|\}|\[\[|if|then|elif|else|fi|while|until|for|do|done|case|esac|select|function|time|in)(?=[\s;&|()<>]|$)"
)
_OPENING = frozenset({"{", "if", "while", "until", "for"})
_CLOSING = frozenset({"}", "then", "elif", "else", "fi", "do", "done", "esac"})
_REFUSED = frozenset({"[[", "case", "select", "function", "time"})
_REDIRECTION = re.compile(r"([0-9]*)(<<|<>|<&|>\||>>|>&|<|>)")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_NOT_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\+=|\[[^\]]*\]\+?=)")


@lru_cache(maxsize=4096)
def read(line: str) -> Sequence:
    """Read a whole command line.

    Raises:
        ShellSyntaxError: it is wrong, or uses what this shell does not have.
    """
    return _inner(Text(line), "")


def _inner(text: Text, end: str) -> Sequence:
    """Read commands up to `end` (which stays), or to the end of the text."""
    reader = _Reader(text)
    sequence = reader.sequence()
    if text.next != end:
        raise ShellSyntaxError(f"unexpected '{text.next}'" if text.next else f"no closing '{end}'")
    return sequence


class _Reader:
    def __init__(self, text: Text) -> None:
        self._text = text
        self._words = Words(text, _inner)

    def _skip(self, *, lines: bool = False) -> None:
        """Go past blanks and comments, with `lines` past newlines, too."""
        text = self._text
        while text.next:
            if text.begins("\\\n"):
                text.take(2)
            elif text.next in " \t" or (lines and text.next == "\n"):
                text.take()
            elif text.next == "#":
                text.take(len(text.text[text.at :].partition("\n")[0]))
            else:
                return

    def _reserved(self) -> str:
        found = _RESERVED.match(self._text.text, self._text.at)
        return found[1] if found else ""

    def _expect(self, word: str) -> None:
        self._skip(lines=True)
        if self._reserved() != word:
            raise ShellSyntaxError(f"unexpected '{self._text.next or 'end'}': '{word}' is missing")
        self._text.take(len(word))

    def sequence(self) -> Sequence:
        """Read pipelines up to a closing word or parenthesis, which stays."""
        steps: list[tuple[str, Pipeline]] = []
        operator, text = ";", self._text
        while True:
            self._skip(lines=True)
            if not text.next or text.next == ")" or self._reserved() in _CLOSING:
                if operator != ";":
                    raise ShellSyntaxError(f"nothing behind '{operator}'")
                return Sequence(tuple(steps))
            steps.append((operator, self._pipeline()))
            self._skip()
            if text.begins("&&") or text.begins("||"):
                operator = text.take(2)
            elif text.next == "&":
                raise UnsupportedSyntaxError("this shell has no '&'")
            elif text.begins(";;"):
                raise ShellSyntaxError("unexpected ';;'")
            elif text.next and text.next in ";\n":
                text.take()
                operator = ";"
            else:
                return Sequence(tuple(steps))

    def _pipeline(self) -> Pipeline:
        negated = False
        while self._reserved() == "!":
            self._text.take()
            self._skip()
            negated = not negated
        commands = [self._command()]
        self._skip()
        while self._text.next == "|" and not self._text.begins("||"):
            if self._text.begins("|&"):
                raise UnsupportedSyntaxError("this shell has no '|&'")
            self._text.take()
            self._skip(lines=True)
            commands.append(self._command())
            self._skip()
        return Pipeline(tuple(commands), negated)

    def _command(self) -> Command:
        text, word = self._text, self._reserved()
        if text.begins("(("):
            raise UnsupportedSyntaxError("this shell has no '(('")
        if text.next == "(":
            text.take()
            body = self.sequence()
            if text.take() != ")":
                raise ShellSyntaxError("no closing ')'")
            return Group(body, own_shell=True, redirections=self._redirections())
        if word in _REFUSED:
            raise UnsupportedSyntaxError(f"this shell has no '{word}'")
        if word in _OPENING:
            text.take(len(word))
            return self._compound(word)
        if word == "!":
            raise UnsupportedSyntaxError("this shell has no '!' inside a pipe")
        if word:
            raise ShellSyntaxError(f"unexpected '{word}'")
        return self._simple()

    def _compound(self, word: str) -> Command:
        match word:
            case "{":
                body = self.sequence()
                self._expect("}")
                return Group(body, own_shell=False, redirections=self._redirections())
            case "if":
                return self._if()
            case "for":
                return self._for()
            case _:
                condition = self.sequence()
                return While(condition, self._do(), until=word == "until", redirections=self._redirections())

    def _do(self) -> Sequence:
        self._expect("do")
        body = self.sequence()
        self._expect("done")
        return body

    def _if(self) -> If:
        condition = self.sequence()
        self._expect("then")
        body = self.sequence()
        otherwise: Sequence | None = None
        if self._reserved() == "elif":
            self._text.take(4)
            inner = self._if()
            otherwise = Sequence(((";", Pipeline((replace(inner, redirections=()),), negated=False)),))
            return If(condition, body, otherwise, inner.redirections)
        if self._reserved() == "else":
            self._text.take(4)
            otherwise = self.sequence()
        self._expect("fi")
        return If(condition, body, otherwise, self._redirections())

    def _for(self) -> For:
        self._skip()
        name = "".join(part.text for part in self._words.word() if isinstance(part, Literal))
        self._skip(lines=True)
        if self._reserved() != "in":
            raise UnsupportedSyntaxError("this shell has only `for NAME in WORDS`")
        self._text.take(2)
        words: list[Word] = []
        self._skip()
        while self._text.next and self._text.next not in DELIMITERS:
            words.append(self._words.word())
            self._skip()
        if not self._text.next or self._text.next not in ";\n":
            raise ShellSyntaxError(f"unexpected '{self._text.next}'")
        self._text.take()
        return For(name, tuple(words), self._do(), self._redirections())

    def _redirections(self) -> tuple[Redirection, ...]:
        found: list[Redirection] = []
        self._skip()
        while redirection := self._redirection():
            found.append(redirection)
            self._skip()
        if self._text.next and self._text.next not in DELIMITERS:
            raise ShellSyntaxError(f"unexpected '{self._text.next}'")
        return tuple(found)

    def _redirection(self) -> Redirection | None:
        text = self._text
        found = _REDIRECTION.match(text.text, text.at)
        if found is None:
            return None
        fd, sign = found.groups()
        if sign not in ("<", ">", ">>", ">&") or fd not in ("", "0", "1", "2"):
            raise UnsupportedSyntaxError(f"this shell has no '{found[0]}'")
        text.at = found.end()
        self._skip()
        target = self._words.word()
        if not target:
            raise ShellSyntaxError(f"unexpected '{text.next or 'end'}' behind '{found[0]}'")
        if sign == ">&" and target not in ((Literal("1", quoted=False),), (Literal("2", quoted=False),)):
            raise UnsupportedSyntaxError("this shell has only >&1 and >&2")
        if text.next in ("<", ">") and len(target) == 1 and isinstance(target[0], Literal) and target[0].text.isdigit():
            raise UnsupportedSyntaxError(f"this shell has no '{found[0]}{target[0].text}{text.next}'")
        return Redirection(int(fd) if fd else int(sign != "<"), sign, target)

    def _simple(self) -> Simple:
        text = self._text
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while True:
            self._skip()
            if text.begins("&>"):
                raise UnsupportedSyntaxError("this shell has no '&>'")
            if redirection := self._redirection():
                redirections.append(redirection)
            elif text.next == "(":
                raise UnsupportedSyntaxError("this shell has no functions: '('")
            elif not text.next or text.next in DELIMITERS:
                break
            elif not words and _NOT_ASSIGNED.match(text.text, text.at):
                raise UnsupportedSyntaxError("this shell has no '+=' and no arrays")
            elif not words and (assignment := _ASSIGNMENT.match(text.text, text.at)):
                text.at = assignment.end()
                assignments.append((assignment[1], self._value(assignment[1])))
            else:
                words.append(self._words.word())
        if not (assignments or words or redirections):
            raise ShellSyntaxError(f"unexpected '{text.next or 'end'}'")
        return Simple(tuple(assignments), tuple(words), tuple(redirections))

    def _value(self, name: str) -> Word:
        if name == "IFS":
            raise UnsupportedSyntaxError("this shell has no IFS")
        if self._text.next == "(":
            raise UnsupportedSyntaxError("this shell has no arrays")
        return self._words.word()
