"""Looks at media files by their first bytes and boxes (`core.ports.media.MediaInspector`)."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict
from pathlib import Path

from fleetlane.core.media import probe
from fleetlane.core.ports.media import Inspected

_KEPT = 10_000
_CHUNK = 1 << 20
_Key = tuple[Path, int, int]


class MediaLooks:
    """Looks at each file once, as long as it does not change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, Inspected] = OrderedDict()

    def inspect(self, path: Path, timeout_s: float | None = None) -> Inspected:
        """Return what a file is."""
        about = path.stat()
        key = (path, about.st_size, about.st_mtime_ns)
        with self._lock:
            known = self._kept.get(key)
        if known is not None:
            return known
        found = _look(path, about.st_size, time.monotonic() + timeout_s if timeout_s is not None else math.inf)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found


def _look(path: Path, size_bytes: int, until_s: float) -> Inspected:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        facts = probe(file)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            if time.monotonic() > until_s:
                raise TimeoutError(f"{path.name} could not be read in time")
    if facts is None:
        return Inspected(size_bytes, "", None, "", None, None, None, 0, "it holds no complete video or image")
    duration_ms = facts.duration_ms
    return Inspected(size_bytes, digest.hexdigest(), facts.kind, facts.mime_type, duration_ms, None, None, 0)
