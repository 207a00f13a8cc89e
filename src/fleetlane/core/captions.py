"""Captions: from what a caller wrote to the one text of a task. Pure, and the same again for the same seed.

*multiline*: each line is one caption, used in turn; `###` inside a line is a line break.
*spintax*: `{a|b}` picks one, groups may nest. *plain*: the text as it is.
What ends a line is told in `core.lines`; line breaks of a drawn caption are LF.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from enum import StrEnum

from fleetlane.core.lines import lines_of, trimmed, with_plain_ends

_TITLE_MARK = re.compile(r"(?<!#)##(?!#)")
_GROUP = re.compile(r"\{[^{}|]*\|[^{}]*\}")
"""An innermost group. The first `|` is told from the others, so that no search goes back and forth over them."""
_SIGN = re.compile(r"([{}|])")
LONGEST_TEMPLATE = 20_000
"""Characters of one caption as it is written: a line of several, or a whole template."""


class CaptionFormat(StrEnum):
    """How a caption is written."""

    PLAIN = "plain"
    MULTILINE = "multiline"
    SPINTAX = "spintax"


@dataclass(frozen=True, slots=True)
class Caption:
    """The text of one task. `title` is None when the text has no title of its own."""

    text: str
    title: str | None = None

    @property
    def whole(self) -> str:
        """Return title and text as one, for pages that have no field for a title."""
        return self.text if self.title is None else trimmed(f"{self.title}\n{self.text}")


def guess_format(written: str) -> CaptionFormat:
    """Return the format of a text whose writer named none."""
    if _GROUP.search(written):
        return CaptionFormat.SPINTAX
    if len(lines_of(written)) > 1:
        return CaptionFormat.MULTILINE
    return CaptionFormat.PLAIN


def draw(written: str, form: CaptionFormat, position: int, seed: int) -> str:
    """Return the caption of one task.

    Args:
        written: what the caller wrote.
        form: how it is written.
        position: the task's index in its batch, from 0: lines are used in turn by it.
        seed: fixes the draw, so that a retry publishes the same text.
    """
    match form:
        case CaptionFormat.PLAIN:
            return with_plain_ends(written)
        case CaptionFormat.MULTILINE:
            lines = lines_of(written)
            return lines[position % len(lines)].replace("###", "\n") if lines else ""
        case CaptionFormat.SPINTAX:
            return spin(with_plain_ends(written), seed)


def spin(template: str, seed: int) -> str:
    """Return a text with each `{a|b}` group replaced by one of its parts, drawn by `seed`.

    Braces without a `|` between them stay as they are.
    """
    drawing = _Drawing(random.Random(seed))
    for piece in _SIGN.split(template):
        drawing.read(piece)
    return "".join(drawing.written)


@dataclass(slots=True)
class _Group:
    """A group that is not closed yet: where its parts begin, and whether it cannot be one, as it holds braces."""

    starts: list[int]
    holds_braces: bool = False


class _Drawing:
    """Reads a template once, from its beginning to its end; `written` is what has become of it so far, in pieces."""

    def __init__(self, choice: random.Random) -> None:
        self._choice = choice
        self._groups: list[_Group] = []
        self.written: list[str] = []

    def read(self, piece: str) -> None:
        """Go on with a brace, a `|`, or a text without any."""
        self.written.append(piece)
        if piece == "{":
            self._groups.append(_Group([len(self.written)]))
        elif piece == "|" and self._groups:
            self._groups[-1].starts.append(len(self.written))
        elif piece == "}" and self._groups:
            self._close(self._groups.pop())

    def _close(self, group: _Group) -> None:
        if len(group.starts) > 1 and not group.holds_braces:
            ends = [start - 1 for start in group.starts[1:]] + [len(self.written) - 1]
            picked = self._choice.choice(range(len(ends)))
            text = "".join(self.written[group.starts[picked] : ends[picked]])
            self.written[group.starts[0] - 1 :] = [text]
        elif self._groups:
            self._groups[-1].holds_braces = True


def split_title(text: str) -> Caption:
    """Return a text split at its first `##` into title and text."""
    title, mark, rest = _first_split(text)
    return Caption(trimmed(rest), trimmed(title)) if mark else Caption(text)


def _first_split(text: str) -> tuple[str, bool, str]:
    found = _TITLE_MARK.search(text)
    if found is None:
        return "", False, text
    return text[: found.start()], True, text[found.end() :]
