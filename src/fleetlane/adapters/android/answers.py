"""What phones answer, read: the output of shell commands, and what the automation server says of nodes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from uiautomator2 import Selector

from fleetlane.core.errors import ShellFailedError
from fleetlane.core.media.files import MediaKind
from fleetlane.core.ports.phone import MediaEntry, ShellAnswer
from fleetlane.core.screens.dumped import as_dumped, sure_start
from fleetlane.core.screens.screen import Bounds, Node

_ROW = re.compile(r"^Row: \d+ (.*)", re.MULTILINE)
_PROPERTY = re.compile(r"^\[([^\]]+)\]: \[([^\]]*)\]", re.MULTILINE)
_NEXT = "X4NEXT:"
_ENDED = re.compile(rf"{_NEXT}(\d{{1,3}})\r?\n")
_COLUMNS = ("_id", "_data", "media_type", "date_added", "date_modified", "datetaken", "duration")
MEDIA_COLUMNS = ":".join(_COLUMNS)
_COLUMN = re.compile(rf"(?:^|, )({'|'.join(_COLUMNS)})=")
_TABLES = {"1": (MediaKind.IMAGE, "images"), "3": (MediaKind.VIDEO, "video")}
_PROVIDER_ERRORS = ("Error while accessing provider", "Could not find provider", "[ERROR]", "Exception occurred")
_SIDES = ("left", "top", "right", "bottom")
_USER = re.compile(r"^ +User (\d+):", re.MULTILINE)
_HELD = re.compile(r"^ +([\w.]+): granted=true", re.MULTILINE)
_VERSION = re.compile(r"versionName=(\S+)")
_SIZE = re.compile(r"(Physical|Override) size: ([1-9]\d{0,4}x[1-9]\d{0,4})\b")


def selector(node: Node) -> Selector:
    """Return what finds a node again, and few others: its class, id, and the surely known start of its text."""
    wanted = {"className": node.class_name, "packageName": node.package}
    if node.id:
        wanted["resourceId"] = f"{node.id_package}:id/{node.id}"
    if start := sure_start(node.label):
        wanted["textStartsWith" if node.text else "descriptionStartsWith"] = start
    return Selector(**{name: value for name, value in wanted.items() if value})


def whole_text(node: Node, found: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the text of the nodes that a dump shows like this one; None when they differ and none stands there."""
    texts = [(str(one.get("text" if node.text else "contentDescription") or ""), _bounds(one)) for one in found]
    alike = [(text, bounds) for text, bounds in texts if as_dumped(text) == as_dumped(node.label)]
    here = [text for text, bounds in alike if bounds == node.bounds]
    different = {text for text, _ in alike}
    if len(different) == 1:
        return different.pop()
    return here[0] if len(set(here)) == 1 else None


def _bounds(found: Mapping[str, Any]) -> Bounds | None:
    """Return where a node is, None when the automation server does not say so."""
    box: Any = found.get("visibleBounds")
    sides = [cast("Mapping[str, Any]", box).get(side) for side in _SIDES] if isinstance(box, Mapping) else []
    whole = [side for side in sides if isinstance(side, int)]
    return Bounds(*whole) if len(whole) == len(_SIDES) else None


def one_line(commands: Iterable[Sequence[str]]) -> str:
    """Return a line that runs commands one after another, each told from the next by how it ended."""
    return "; ".join(f"{shlex.join(command)}; echo {_NEXT}$?" for command in commands)


def each_answer(output: str) -> list[ShellAnswer]:
    """Return what the commands of `one_line` answered."""
    parts = _ENDED.split(output)
    return [ShellAnswer(int(code), text) for text, code in zip(parts[0::2], parts[1::2], strict=False)]


def properties(output: str) -> dict[str, str]:
    """Return what `getprop` printed."""
    return dict(_PROPERTY.findall(output))


def seconds(output: str) -> float | None:
    """Return a setting that is written in milliseconds, None when it is not one."""
    milliseconds = number(output.strip())
    return None if milliseconds is None else milliseconds / 1000


def held_permissions(output: str, user: int) -> set[str]:
    """Return the permissions that `dumpsys package` says an app holds for a user."""
    users = _USER.split(output)
    own = [section for number, section in zip(users[1::2], users[2::2], strict=True) if number == str(user)]
    return {name for section in own or users[:1] for name in _HELD.findall(section)}


def version_name(output: str) -> str:
    """Return the version that `dumpsys package` says an app has, "" when it does not."""
    found = _VERSION.search(output)
    return found[1] if found else ""


def free_bytes(output: str) -> int | None:
    """Return how much is free on the last file system that `df -k` lists, None when it does not say."""
    fields = (output.strip().splitlines() or [""])[-1].split()
    free_kb = number(fields[3]) if len(fields) > 3 else None
    return None if free_kb is None else free_kb * 1024


def no_provider_error(output: str, serial: str) -> None:
    """Raise when a content provider failed: `content` ends with 0 all the same, and says so on stderr."""
    if is_provider_error(output):
        raise ShellFailedError(["content"], 0, output, serial=serial)


def is_provider_error(output: str) -> bool:
    """Return whether a content provider failed."""
    return any(line.startswith(_PROVIDER_ERRORS) for line in output.splitlines())


def natural_size(output: str, serial: str) -> tuple[int, int]:
    """Return the size `wm size` tells of: an override wins over the physical size."""
    sizes = dict(_SIZE.findall(output))
    found = sizes.get("Override") or sizes.get("Physical")
    if found is None:
        raise ShellFailedError(["wm", "size"], 0, output, serial=serial)
    width, height = found.split("x")
    return int(width), int(height)


def media_rows(output: str) -> list[tuple[MediaKind, MediaEntry]]:
    """Return the videos and images among the rows that `content query` printed with `MEDIA_COLUMNS`."""
    return [row for found in _ROW.findall(output) if (row := _media_row(found)) is not None]


def entry(kind: MediaKind, output: str) -> MediaEntry | None:
    """Return the first row of a kind that `content query` printed, None when there is none."""
    return next((row for found, row in media_rows(output) if found is kind), None)


def _media_row(row: str) -> tuple[MediaKind, MediaEntry] | None:
    # "_id=1, _data=/a, b.mp4, date_added=5": a value may hold ", ", a key never does.
    parts = _COLUMN.split(row.rstrip("\r"))
    values = dict(zip(parts[1::2], parts[2::2], strict=True))
    if values.get("media_type") not in _TABLES:
        return None  # a sound, a document, a folder
    kind, table = _TABLES[values["media_type"]]
    row_id, added_s, path = number(values.get("_id", "")), number(values.get("date_added", "")), values.get("_data")
    if row_id is None or added_s is None or not path:
        return None
    taken_ms = number(values.get("datetaken", ""))
    return kind, MediaEntry(
        uri=f"content://media/external/{table}/media/{row_id}",
        path=path,
        id=row_id,
        added_s=added_s,
        duration_ms=number(values.get("duration", "")),
        modified_s=number(values.get("date_modified", "")) or 0,
        taken_s=None if taken_ms is None else taken_ms // 1000,
    )


def number(text: str) -> int | None:
    """Return the whole number a text is, None when it is none, or none that a phone could mean."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
