"""Sentences for people that a page may translate: a template, and what fills its places.

They can be kept as JSON. What is read back is not believed blindly: a store may come from anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

VERBATIM = "%(text)s"
"""The template of words that no page translates."""
_PLACE = re.compile(r"%\((\w+)\)s")


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

    def as_json(self) -> str | dict[str, Any]:
        """Return it as JSON keeps it: words that no page translates as they are, else the template and its facts."""
        if self.template == VERBATIM:
            return str(self)
        facts = {name: _kept(self.facts[name]) for name in sorted(_places(self.template))}
        return {"template": str(self.template), "facts": facts}

    @classmethod
    def of_json(cls, kept: object) -> Message:
        """Return what `as_json` has kept.

        Raises:
            ValueError: it is nothing that `as_json` returns, or its facts do not fill its template.
        """
        match kept:
            case str():
                return verbatim(kept)
            case {"template": str(template)} if template and _is_plain(template):
                return cls(template, _facts_of(template, cast("dict[str, object]", kept).get("facts")))
            case _:
                raise ValueError("no message")


def verbatim(text: str) -> Message:
    """Return words that no page translates."""
    return Message(VERBATIM, {"text": text})


def _places(template: str) -> set[str]:
    return set(_PLACE.findall(template))


def _is_plain(template: str) -> bool:
    """Return whether a template holds places only: another format of Python's could ask for a text of any length."""
    return "%" not in _PLACE.sub("", template)


def _facts_of(template: str, kept: object) -> dict[str, str | datetime]:
    """Return the facts of a template. Raises ValueError when they are others than its places."""
    facts = cast("dict[str, object]", kept if isinstance(kept, dict) else {})
    if facts.keys() != _places(template):
        raise ValueError("other facts than places")
    return {name: _read(fact) for name, fact in facts.items()}


def _kept(fact: str | datetime) -> Any:
    return {"at": fact.isoformat()} if isinstance(fact, datetime) else fact


def _read(kept: object) -> str | datetime:
    match kept:
        case str():
            return kept
        case {"at": str(at)}:
            return datetime.fromisoformat(at)
        case _:
            raise ValueError("no fact")
