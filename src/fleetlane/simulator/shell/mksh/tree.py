"""A command line, read: what `mksh.reader` makes and `mksh.runner` runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import cast


class ShellSyntaxError(ValueError):
    """The line is wrong, as a real shell would say, too."""


class UnsupportedSyntaxError(ShellSyntaxError):
    """The line uses something that a real shell has and this one does not."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Text as it stands. What is not `quoted` may be a pattern for names of files."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """`$NAME` or `${NAME:-other}`. The value of one that is not `quoted` is split at blanks."""

    name: str
    quoted: bool
    other: Word | None = None


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(…)` or backticks: what the commands print, without the newlines at its end."""

    commands: Sequence
    quoted: bool


Part = Literal | Variable | Substitution
Word = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Redirection:
    """`fd>target`; `sign` is one of < > >> >&."""

    fd: int
    sign: str
    target: Word


@dataclass(frozen=True, slots=True)
class Simple:
    """A command with its words."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]

    @property
    def name(self) -> str:
        """Return the command's name as it stands, "" for none or one that only shows when it runs."""
        parts = self.words[0] if self.words else ()
        texts = [part.text for part in parts if isinstance(part, Literal)]
        return "".join(texts) if len(texts) == len(parts) else ""


@dataclass(frozen=True, slots=True)
class Group:
    """`{ …; }`, or in a shell of its own: `( … )`."""

    body: Sequence
    own_shell: bool
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class If:
    """`if …; then …; else …; fi`; an `elif` is an `If` in `otherwise`."""

    condition: Sequence
    body: Sequence
    otherwise: Sequence | None
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class While:
    """`while …; do …; done`, or with `until`."""

    condition: Sequence
    body: Sequence
    until: bool
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class For:
    """`for NAME in …; do …; done`."""

    name: str
    words: tuple[Word, ...]
    body: Sequence
    redirections: tuple[Redirection, ...] = ()


Command = Simple | Group | If | While | For


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by `|`; `negated` by a leading `!`."""

    commands: tuple[Command, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """Pipelines, each with the operator before it: ";", "&&" or "||"."""

    steps: tuple[tuple[str, Pipeline], ...]


def simple_commands(part: object) -> Iterator[Simple]:
    """Return the simple commands in a tree or a part of one, those in loops and substitutions once, too."""
    if isinstance(part, Simple):
        yield part
    if isinstance(part, tuple):
        for item in cast("tuple[object, ...]", part):
            yield from simple_commands(item)
    elif is_dataclass(part):
        for member in fields(part):
            yield from simple_commands(getattr(part, member.name))
