"""Sentences for people that a page may translate: a template, and what fills its places."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence. `str()` gives it in English, times in RFC 3339.

    Attributes:
        template: the English text, with places such as `%(serial)s`.
        facts: what fills them.
    """

    template: str
    facts: Mapping[str, str | datetime] = field(default_factory=dict[str, str | datetime])

    def __str__(self) -> str:
        """Return it in English."""
        return self.filled(lambda template: template, lambda at: at.isoformat(timespec="milliseconds"))

    def filled(self, translate: Callable[[str], str], when: Callable[[datetime], str]) -> str:
        """Return it in a language: `translate` is asked for the template, `when` for each time."""
        facts = {name: when(fact) if isinstance(fact, datetime) else fact for name, fact in self.facts.items()}
        return translate(self.template) % facts


def found_in(text: str, templates: Sequence[str]) -> tuple[list[Message], str]:
    """Return the known sentences that a text begins with, and the rest of it."""
    found: list[Message] = []
    while first := _first_of(text, templates):
        sentence, end = first
        found.append(sentence)
        text = text[end:].lstrip()
    return found, text


def _first_of(text: str, templates: Sequence[str]) -> tuple[Message, int] | None:
    """Return the known sentence that a text begins with, and where it ends."""
    for template in templates:
        if match := _pattern(template).match(text):
            return Message(template, match.groupdict()), match.end()
    return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    places = re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>\\S+?)", re.escape(template))
    return re.compile(rf"{places}(?=\s|$)")
