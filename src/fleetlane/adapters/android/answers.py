"""What phones answer, read: the output of shell commands, and what the automation server says of nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from uiautomator2 import Selector

from fleetlane.core.dumped import as_dumped, sure_start
from fleetlane.core.errors import ShellFailedError
from fleetlane.core.ports.phone import MediaEntry
from fleetlane.core.screen import Bounds, Node

_ROW = re.compile(r"Row: \d+ (.*)")
_SIZE = re.compile(r"(Physical|Override) size: (\d+x\d+)")


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
    texts = [(str(one["text" if node.text else "contentDescription"] or ""), one["visibleBounds"]) for one in found]
    alike = [(text, box) for text, box in texts if as_dumped(text) == as_dumped(node.label)]
    here = [text for text, box in alike if Bounds(box["left"], box["top"], box["right"], box["bottom"]) == node.bounds]
    different = {text for text, _ in alike}
    if len(different) == 1:
        return different.pop()
    return here[0] if len(set(here)) == 1 else None


def no_provider_error(output: str, serial: str) -> None:
    """Raise when a content provider failed: `content` ends with 0 all the same, and says so on stderr."""
    if "Error while accessing provider" in output or "Could not find provider" in output:
        raise ShellFailedError(["content"], 0, output, serial=serial)


def natural_size(output: str, serial: str) -> tuple[int, int]:
    """Return the size `wm size` tells of: an override wins over the physical size."""
    sizes = dict(_SIZE.findall(output))
    found = sizes.get("Override") or sizes.get("Physical")
    if found is None:
        raise ShellFailedError(["wm", "size"], 0, output, serial=serial)
    width, height = found.split("x")
    return int(width), int(height)


def media_rows(uri: str, output: str) -> list[MediaEntry]:
    """Return the rows that `content query` printed of a media table."""
    return [_media_row(uri, found) for found in _ROW.findall(output)]


def _media_row(uri: str, row: str) -> MediaEntry:
    # "_id=1, _data=/a, b.mp4, date_added=5": a value may hold ", ", a key never does.
    parts = re.split(r"(?:^|, )(_id|_data|date_added|duration)=", row)
    values = dict(zip(parts[1::2], parts[2::2], strict=True))
    duration = values.get("duration", "NULL")
    return MediaEntry(
        uri=f"{uri}/{values['_id']}",
        path=values["_data"],
        id=int(values["_id"]),
        added_s=int(values["date_added"]),
        duration_ms=int(duration) if duration.isdigit() else None,
    )
