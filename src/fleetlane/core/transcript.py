"""Transcripts: what was asked of a phone in one session, and what it answered, as one file.

JSON lines, with gzip when the name ends in `.gz`: a header, one line an exchange, and how the session ended. A long
answer that was given before is written once. The format is described in docs/reference/transcripts.md.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from fleetlane.core.errors import TranscriptError
from fleetlane.core.media.wholeness import LARGEST_BYTES

VERSION = 1
MOST_EXCHANGES = 20_000
MOST_BYTES = 64 * 1024 * 1024
"""Of the lines, before gzip."""
_LONG = 500
_LONGEST_SIDE = 20_000
_GZIP = ".gz"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to a phone, and its answer.

    Attributes:
        at_s: seconds since the session began.
        took_s: seconds until the answer was whole.
        kind: "shell", "rpc", "http", "sync", "service", or "connect".
        asked: the command line, the method, the path, or the name of the service.
        params: what else was asked: a call's parameters, a file's size in bytes.
        answer: by what it is: `text`, `result`, `error`, `stat`, `sent`, `status`, `picture`; `failed` is adb's reason
            for a refusal, `lost` a stream that ended in the middle, `silent` one on which nothing came.
    """

    at_s: float
    took_s: float
    kind: str
    asked: str
    params: Any = None
    answer: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def named(self) -> str:
        """Return what was asked, for people."""
        params = "" if self.params is None else f" {json.dumps(self.params, ensure_ascii=False)}"
        return f"{self.kind} {self.asked}{params}"[:300]


@dataclass(frozen=True, slots=True)
class Header:
    """What was recorded, and where.

    Attributes:
        fleetlane: the version that recorded.
        source: where the answers come from, in a sentence.
        time_zone: of this computer.
        wall_s: when the session began, in seconds since the epoch.
        phone: brand, model, android, sdk, size, language.
        apps: versions by package.
        script: name, config, username and media (kind, mime_type, size_bytes, duration_ms of each) of the session, and
            the commands that were asked beside it.
        pictures: whether pictures were kept.
    """

    fleetlane: str
    source: str
    time_zone: str
    wall_s: float
    phone: Mapping[str, Any]
    apps: Mapping[str, str]
    script: Mapping[str, Any]
    pictures: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended: its steps by name with how each went, the outcome, and whether the recording was full."""

    steps: Sequence[tuple[str, bool]] = ()
    error_code: str | None = None
    publish_state: str = ""
    full: bool = False


@dataclass(frozen=True, slots=True)
class Transcript:
    """A session."""

    header: Header
    exchanges: Sequence[Exchange]
    ending: Ending


def write(path: Path, transcript: Transcript) -> None:
    """Write a transcript.

    Raises:
        OSError: it cannot be written.
    """
    content = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in _lines(transcript)).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == _GZIP else content)


def _lines(transcript: Transcript) -> Iterator[Mapping[str, Any]]:
    yield {"fleetlane_transcript": VERSION, **asdict(transcript.header)}
    first: dict[str, int] = {}
    for number, one in enumerate(transcript.exchanges):
        line = {"t": round(one.at_s, 4), "took": round(one.took_s, 4), "kind": one.kind, "asked": one.asked}
        if one.params is not None:
            line["params"] = one.params
        written = json.dumps(one.answer, ensure_ascii=False)
        if len(written) > _LONG and first.setdefault(written, number) < number:
            yield {**line, "same_as": first[written]}
        else:
            yield {**line, "answer": one.answer}
    yield {"ending": asdict(transcript.ending)}


def read(path: Path) -> Transcript:
    """Return the transcript in a file.

    Raises:
        TranscriptError: it cannot be read, or is none; says where.
    """
    lines = [_object(line, f"{path}, line {number}") for number, line in enumerate(_text_lines(path), 1)]
    if not lines or "fleetlane_transcript" not in lines[0]:
        raise TranscriptError(str(path), "is no transcript: its first line has no `fleetlane_transcript`")
    if lines[0]["fleetlane_transcript"] != VERSION:
        known = f"is of version {lines[0]['fleetlane_transcript']!r}; this Fleetlane reads version {VERSION}"
        raise TranscriptError(str(path), f"{known}: replay it with the Fleetlane that recorded it")
    if "ending" not in lines[-1]:
        raise TranscriptError(str(path), "ends in the middle: its last line has no `ending`. Copy it whole")
    try:
        header = _checked_header(lines[0])
        ending = Ending(**lines[-1]["ending"])
        ending = replace(ending, steps=[(str(name), bool(ok)) for name, ok in ending.steps])
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise TranscriptError(str(path), f"has a first or last line that is not as it must be ({error})") from error
    return Transcript(header, list(_exchanges(lines[1:-1], path)), ending)


def _text_lines(path: Path) -> list[str]:
    try:
        with gzip.open(path) if path.suffix == _GZIP else path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise TranscriptError(str(path), f"has more than {MOST_BYTES} bytes, which no recording has")
        lines = content.decode().removesuffix("\n").split("\n")  # a text may hold other ends of lines
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise TranscriptError(str(path), f"cannot be read: {why}") from error
    except UnicodeDecodeError as error:
        raise TranscriptError(str(path), "is no transcript: it is no text in UTF-8") from error
    if len(lines) > MOST_EXCHANGES + 2:
        raise TranscriptError(str(path), f"has more than {MOST_EXCHANGES} exchanges, which no recording has")
    return lines


def _object(line: str, place: str) -> dict[str, Any]:
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TranscriptError(place, f"is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise TranscriptError(place, "is no JSON object")
    return cast("dict[str, Any]", value)


def _checked_header(line: Mapping[str, Any]) -> Header:
    """Return the header in a line.

    Raises:
        KeyError, TypeError, ValueError: it is not as it must be.
    """
    header = Header(**{key: value for key, value in line.items() if key != "fleetlane_transcript"})
    if not all(isinstance(part, dict) for part in (header.phone, header.apps, header.script)):
        raise TypeError("`phone`, `apps` and `script` are objects")
    for media in header.script.get("media", []):
        if not isinstance(media["mime_type"], str) or not 0 <= int(media["size_bytes"]) <= LARGEST_BYTES:
            raise ValueError("a file in `media` has a `mime_type`, and `size_bytes` that a file can have")
    return replace(header, wall_s=float(header.wall_s))


def _checked_answer(answer: object) -> Mapping[str, Any]:
    """Return an answer.

    Raises:
        KeyError, TypeError, ValueError: a part of it is not what such parts are.
    """
    if not isinstance(answer, dict):
        raise TypeError("`answer` is an object")
    checked = cast("dict[str, Any]", answer)
    for name in ("text", "sent", "failed"):
        if not isinstance(checked.get(name, ""), str):
            raise TypeError(f"`{name}` is a text")
    stat = checked.get("stat", (0, 0, 0))
    if len(stat) != 3 or not all(0 <= int(number) < 1 << 32 for number in stat):
        raise ValueError("`stat` is three numbers of 32 bits")
    if "picture" in checked and not all(0 <= int(side) <= _LONGEST_SIDE for side in checked["picture"]["size"]):
        raise ValueError("`picture` has a `size` that a screen can have")
    if "status" in checked:
        int(checked["status"])
    return checked


def _exchanges(lines: Sequence[Mapping[str, Any]], path: Path) -> Iterator[Exchange]:
    kept: list[Exchange] = []
    for number, line in enumerate(lines):
        try:
            answer: Any = line["answer"] if "answer" in line else kept[int(line["same_as"])].answer
            times = float(line["t"]), float(line["took"])
            one = Exchange(*times, str(line["kind"]), str(line["asked"]), line.get("params"), _checked_answer(answer))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise TranscriptError(f"{path}, line {number + 2}", f"is no exchange ({error!r})") from error
        kept.append(one)
        yield one
