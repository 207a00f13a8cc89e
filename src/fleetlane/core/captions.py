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
_GROUP = re.compile(r"\{[^{}]*\|[^{}]*\}")
_MOST_GROUPS = 1000


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
    choice = random.Random(seed)
    for _ in range(_MOST_GROUPS):
        group = _GROUP.search(template)  # an innermost group: it holds no braces
        if group is None:
            break
        picked = choice.choice(group[0][1:-1].split("|"))
        template = template[: group.start()] + picked + template[group.end() :]
    return template


def split_title(text: str) -> Caption:
    """Return a text split at its first `##` into title and text."""
    title, mark, rest = _first_split(text)
    return Caption(trimmed(rest), trimmed(title)) if mark else Caption(text)


def _first_split(text: str) -> tuple[str, bool, str]:
    found = _TITLE_MARK.search(text)
    if found is None:
        return "", False, text
    return text[: found.start()], True, text[found.end() :]
