"""Compares what two phones answered to the same request: how it went and what kind of answer it was, not its values.

Models, dates, names and numbers are others on each phone. What a driver goes by is compared: exit codes, errors,
whether there was an answer at all, and of a UI tree which screen it shows, whose windows are in it, and what its nodes
tell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeGuard, cast

from fleetlane.core.screens.screen import parse_tree
from fleetlane.core.transcript import Exchange

_ENDED = re.compile(r"X4(?:NEXT|EXIT):(\d+)")
_ERROR = re.compile(
    r"(?<![\w.$])[\w.$]*(?:Exception|Error)\b|permission to|not permitted|Permission denied|[Nn]o such|[Uu]nknown|"
    r"No activities|inaccessible|brought to the front|physical keys|FAIL"
)
_NUMBER = re.compile(r"\d+")
_CLASS = re.compile(r"(?<![\w.$])[\w.$]*(?:Exception|Error)\b")
_THROWN = re.compile(r"\w\.\w+(?:Exception|Error)\b")
_LONGEST_ERROR = _LONGEST_NAME = 120
Aspects = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """What one phone answered otherwise than another.

    Attributes:
        asked: the first request it was seen at, for people.
        at_s: when in the recording.
        what: in what they differ.
        recorded: what the recorded phone answered.
        other: what the other one answered.
        times: how often it was seen.
    """

    asked: str
    at_s: float
    what: str
    recorded: str
    other: str
    times: int = 1

    def __str__(self) -> str:
        """Return it as a line for people."""
        often = "" if self.times == 1 else f" ({self.times} times)"
        asked = self.asked[:_LONGEST_NAME]
        return f"{self.at_s:.1f} s, {asked}: {self.what} {self.other}, recorded was {self.recorded}{often}"


def aspects(one: Exchange, screen_of: Callable[[str], str]) -> Aspects:
    """Return what is compared of an answer, by name.

    Args:
        one: the exchange.
        screen_of: names what a UI tree shows.
    """
    answer = one.answer
    if odd := [f"{word} {answer[word]}" for word in ("failed", "lost", "silent", "status") if word in answer]:
        return {"went": odd[0]}
    if "picture" in answer:
        return {"answer": "a picture"}
    match one.kind:
        case "shell":
            return _of_command(str(answer.get("text", "")))
        case "rpc" if "error" in answer:
            message = str(answer["error"].get("message", ""))
            found = _CLASS.search(message)
            return {"error": found[0] if found else message[:_LONGEST_ERROR]}
        case "rpc" if one.asked == "dumpWindowHierarchy":
            return _of_tree(str(answer.get("result")), screen_of)
        case "sync":
            return {"file": bool(answer["stat"][0])} if "stat" in answer else {"file": answer.get("sent")}
        case _:
            return {"answer": type(answer.get("result")).__name__}


def _of_command(text: str) -> Aspects:
    errors = [line.strip() for line in text.splitlines() if _ERROR.search(line)]
    error = next((line for line in errors if _THROWN.search(line)), errors[0] if errors else "")
    return {
        "exit codes": [int(code) for code in _ENDED.findall(text)],
        "error": _NUMBER.sub("0", error)[:_LONGEST_ERROR],
        "says something": bool(_ENDED.sub("", text).strip()),
    }


def _of_tree(xml: str, screen_of: Callable[[str], str]) -> Aspects:
    try:
        tree = parse_tree(xml)
    except ValueError:
        return {"tree": "none"}
    return {
        "screen": screen_of(xml),
        "windows of": sorted({node.package for node in tree.nodes if node.parent is None and node.package}),
        "attributes": sorted(set(re.findall(r'\s([\w-]+)="', xml)) - {"version", "encoding", "standalone"}),
    }


def differences(pairs: Iterable[tuple[Exchange, Exchange]], screen_of: Callable[[str], str]) -> list[Difference]:
    """Return in what answers differ, each once, in the order in which it was first seen.

    Args:
        pairs: a recorded exchange, and the same request to another phone.
        screen_of: names what a UI tree shows.
    """
    first: dict[tuple[str, str, str, str], Difference] = {}
    times: Counter[tuple[str, str, str, str]] = Counter()
    for recorded, other in pairs:
        was, is_now = aspects(recorded, screen_of), aspects(other, screen_of)
        for what in {**was, **is_now}:
            if was.get(what) != is_now.get(what):
                said = _said(was.get(what), is_now.get(what))
                key = (f"{recorded.kind} {recorded.asked}", what, *said)
                times[key] += 1
                first.setdefault(key, Difference(recorded.named, recorded.at_s, what, key[2], key[3]))
    return [
        Difference(one.asked, one.at_s, one.what, one.recorded, one.other, times[key]) for key, one in first.items()
    ]


def _said(was: object, is_now: object) -> tuple[str, str]:
    """Return two answers as words; of two sets of names what only one of them has."""
    if _is_names(was) and _is_names(is_now):
        more, less = (sorted(set(one) - set(other)) for one, other in ((was, is_now), (is_now, was)))
        return f"with {', '.join(more) or 'no more'}", f"with {', '.join(less) or 'no more'}"
    return _word(was), _word(is_now)


def _is_names(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(one, str) for one in cast("list[object]", value))


def _word(value: object) -> str:
    return "nothing" if value in (None, "") else repr(value)


def medians_s(exchanges: Iterable[Exchange]) -> dict[str, float]:
    """Return how long answers took, in seconds, by kind of request, such as "tree" or "shell"."""
    by_kind: dict[str, list[float]] = {}
    for one in exchanges:
        kind = "tree" if one.asked == "dumpWindowHierarchy" else "picture" if "picture" in one.answer else one.kind
        if not {"failed", "silent", "lost"} & one.answer.keys():
            by_kind.setdefault(kind, []).append(one.took_s)
    return {kind: median(times) for kind, times in by_kind.items()}
