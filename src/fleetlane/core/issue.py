"""What the maker of a task is told beforehand: what will make it fail as things are now, and what to know besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fleetlane.core.message import Message, verbatim

NOT_CHECKED = "not_checked"
"""The code of what could not be found out in time, or at all. It is looked at again before anything is published."""
REPEAT = "repeat"
"""The code of a post that was published not long ago."""
VERSION = "new_version"
"""The code of an app's version that its pack is not made from, and that has not published here."""
IGNORED = "ignored"
"""The code of what was given and is not used."""
NOTE = "note"
"""The code of what foretells no failure."""


class Severity(StrEnum):
    """How bad an issue is."""

    ERROR = "error"
    """As things are now the task will fail."""
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing to know about tasks before they run.

    Attributes:
        field: the dotted path of what it is about in the request, "" for the whole of it.
        code: the error code that it foretells (a key of `core.outcome.FAILURES`), else one of the words of this module.
        severity: how bad it is.
        sentence: what it is, for people.
        target: the device or account whose task it is about, None for all of the request.
    """

    field: str
    code: str
    severity: Severity
    sentence: Message
    target: str | None = None

    @property
    def is_error(self) -> bool:
        """Return whether it says that the task will fail."""
        return self.severity is Severity.ERROR

    def facts(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        return {
            "target": self.target,
            "field": self.field,
            "code": self.code,
            "severity": self.severity.value,
            "message": str(self.sentence),
        }

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Issue:
        """Return the issue that `facts` showed; its sentence stays in English."""
        severity, sentence = Severity(facts["severity"]), verbatim(facts["message"])
        return cls(facts["field"], facts["code"], severity, sentence, facts["target"])


def error(field: str, code: str, sentence: Message) -> Issue:
    """Return an issue that says that a task will fail."""
    return Issue(field, code, Severity.ERROR, sentence)


def warning(field: str, code: str, sentence: Message) -> Issue:
    """Return an issue that foretells no failure for sure."""
    return Issue(field, code, Severity.WARNING, sentence)


def note(text: str, field: str = "", code: str = NOTE) -> Issue:
    """Return a warning in words that no page translates."""
    return warning(field, code, verbatim(text))


def in_sentences(issues: Sequence[Issue], targets: int) -> list[str]:
    """Return issues as sentences, each once: those of some targets only begin with the targets' names.

    Args:
        issues: in their order.
        targets: how many targets the request has.
    """
    about: dict[str, list[str]] = {}
    for issue in issues:
        named = about.setdefault(str(issue.sentence), [])
        if issue.target is not None and issue.target not in str(issue.sentence):
            named.append(issue.target)
    return [
        sentence if not names or len(names) >= targets else f"{_listed(names)}: {sentence}"
        for sentence, names in about.items()
    ]


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
