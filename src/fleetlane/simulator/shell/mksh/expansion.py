"""Makes a read word into the words a command gets: variables, substitutions, splitting at blanks, names of files."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator

from fleetlane.simulator.shell.mksh.result import Event, Io, decoded
from fleetlane.simulator.shell.mksh.tree import Literal, Sequence, Substitution, UnsupportedSyntaxError, Variable, Word

_BLANKS = " \t\n"
_PATTERN = re.compile(r"[*?\[]")
_NOT_HERE = frozenset("@*")
Chunk = tuple[str, bool]
"""Text, and whether it was quoted: then it is neither split nor a pattern."""


class Fields:
    """Expands words of one shell. `printed_by` runs a substitution."""

    def __init__(
        self,
        value: Callable[[str], str],
        printed_by: Callable[[Sequence, Io], Generator[Event, None, bytes]],
        names: Callable[[str], list[str]],
    ) -> None:
        self._value = value
        self._printed_by = printed_by
        self._names = names

    def of(self, word: Word, io: Io) -> Generator[Event, None, list[str]]:
        """Return the words that a word becomes: none, one or more."""
        chunks = yield from self._chunks(word, io)
        found: list[str] = []
        for field in _split(chunks):
            found.extend(self._named(field))
        return found

    def one(self, word: Word, io: Io) -> Generator[Event, None, str]:
        """Return the one text that a word becomes, where nothing is split: a value, the target of a redirection."""
        chunks = yield from self._chunks(word, io)
        return "".join(text for text, _, _ in chunks)

    def _chunks(self, word: Word, io: Io) -> Generator[Event, None, list[tuple[str, bool, bool]]]:
        """Return (text, quoted, expanded) of each part."""
        chunks: list[tuple[str, bool, bool]] = []
        for part in word:
            match part:
                case Literal(text, quoted):
                    chunks.append((text, quoted, False))
                case Variable(name, quoted, other):
                    value = self._value(name) if name not in _NOT_HERE else ""
                    if value or other is None:
                        # `"$@"` of a shell without arguments is no word at all
                        chunks.append((value, quoted and name != "@", True))
                    else:
                        inner = yield from self._chunks(other, io)
                        chunks.extend((text, quoted or is_quoted, True) for text, is_quoted, _ in inner)
                case Substitution(commands, quoted):
                    data = yield from self._printed_by(commands, io)
                    chunks.append((decoded(data.replace(b"\0", b"")).rstrip("\n"), quoted, True))
        return chunks

    def _named(self, field: list[Chunk]) -> list[str]:
        """Return the files that a pattern fits, or the field as it stands."""
        text = "".join(part for part, _ in field)
        if not any(not quoted and _PATTERN.search(part) for part, quoted in field):
            return [text]
        pattern = "".join(_literally(part) if quoted else part for part, quoted in field)
        if "[^" in pattern:
            raise UnsupportedSyntaxError("this shell has no [^…] in a pattern")
        return self._names(pattern) or [text]


def _literally(text: str) -> str:
    return _PATTERN.sub(lambda found: f"[{found[0]}]", text)


def _split(chunks: list[tuple[str, bool, bool]]) -> list[list[Chunk]]:
    """Split what was expanded without quotes at blanks."""
    fields: list[list[Chunk]] = []
    current: list[Chunk] | None = None
    for text, quoted, expanded in chunks:
        if quoted or not expanded:
            if text or quoted:
                current = [*(current or []), (text, quoted)]
            continue
        pieces = re.split(f"[{_BLANKS}]+", text)
        for index, piece in enumerate(pieces):
            if index and current is not None:
                fields.append(current)
                current = None
            if piece:
                current = [*(current or []), (piece, False)]
    return [*fields, current] if current is not None else fields
