"""Looks into media files with what is installed: boxes and marks (`core.media`), Pillow for images, PyAV for videos."""

from __future__ import annotations

import hashlib
import io
import os
import random
import struct
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from PIL import ImageFile, JpegImagePlugin, PngImagePlugin

from fleetlane.core.media.files import MediaFacts, MediaKind, look
from fleetlane.core.media.pictures import read_jpeg
from fleetlane.core.media.wholeness import (
    CHANGING,
    CUT_OFF,
    DAMAGED_IMAGE,
    LARGEST_BYTES,
    TOO_LARGE,
    TOO_MANY_PIXELS,
    Flaw,
)
from fleetlane.core.opened import open_regular
from fleetlane.core.ports.media import Inspected

VideoCheck = Callable[[BinaryIO, MediaFacts], MediaFacts | Flaw]
"""Looks at a video that is whole by its boxes, and says what it knows better."""
_MOST_KEPT = 10_000
_MOST_JPEG_PIXELS = 256_000_000
_MOST_PNG_PIXELS = 64_000_000
_MOST_HELD_PIXELS = 40_000_000
"""Of a JPEG that a decoder holds in memory: six bytes a pixel, while those it can read by rows are decoded small."""
_MOST_SCANNED_PIXELS = 600_000_000
"""Of all scans together: programs write ten or twelve of them."""
_JPEG_SHRINK, _SCANS_SHRINK = 8, 2
_LARGEST_TWICE = 64 * 1024 * 1024
_MORE_DATA = bytes(random.Random(0).choices(range(1, 255), k=256))
_DECODES_AT_ONCE = 2
_LARGE_PIXELS = 10_000_000
"""Of pictures larger than that one is decoded at a time: a PNG of 64 megapixels takes 244 MB."""
_ORIENTATION = 0x0112
_TURNED = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}

_Key = tuple[Path, int, int]


class FileInspector:
    """Looks into files (`core.ports.media.MediaInspector`).

    Args:
        check_video: what else may look at videos; None: their boxes alone say what they are.
    """

    def __init__(self, check_video: VideoCheck | None = None) -> None:
        self._check_video = check_video
        self._kept: OrderedDict[_Key, Inspected] = OrderedDict()
        self._looks: dict[Path, Future[Inspected]] = {}
        self._lock = threading.Lock()
        self._decoding = threading.BoundedSemaphore(_DECODES_AT_ONCE)
        self._decoding_large = threading.Lock()

    def inspect(self, path: Path, timeout_s: float | None = None) -> Inspected:
        """Return what a file is (see the port)."""
        with self._lock:
            known = self._looks.get(path)
            running = known or Future[Inspected]()
            self._looks[path] = running
        if known is None and timeout_s is None:
            self._run(path, running)
        elif known is None:
            # A file on a share that hangs must not hold up the end of the server: hence no thread of a pool.
            threading.Thread(target=self._run, args=(path, running), name=f"look at {path.name}", daemon=True).start()
        return running.result(timeout_s)

    def _run(self, path: Path, running: Future[Inspected]) -> None:
        try:
            found = self._inspect(path)
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            self._end(path)
            running.set_exception(error)
        else:
            self._end(path)
            running.set_result(found)

    def _end(self, path: Path) -> None:
        with self._lock:
            del self._looks[path]

    def _inspect(self, path: Path) -> Inspected:
        with open_regular(path) as file:
            about = os.fstat(file.fileno())
            key = (path, about.st_size, about.st_mtime_ns)
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            found = self._look(file, about.st_size)
            now = os.fstat(file.fileno())
        if (now.st_size, now.st_mtime_ns) != key[1:]:
            return _with_flaw(now.st_size, CHANGING)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return found

    def _look(self, file: BufferedReader, size_bytes: int) -> Inspected:
        if size_bytes > LARGEST_BYTES:
            return _with_flaw(size_bytes, TOO_LARGE)
        seen = look(file)
        if isinstance(seen, MediaFacts):
            is_large = seen.kind is MediaKind.IMAGE and (seen.width or 0) * (seen.height or 0) > _LARGE_PIXELS
            with self._decoding_large if is_large else nullcontext(), self._decoding:
                seen = self._decode(file, seen)
        if isinstance(seen, Flaw):
            return _with_flaw(size_bytes, seen)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Inspected(
            size_bytes,
            digest,
            seen.kind,
            seen.mime_type,
            seen.duration_ms,
            seen.width,
            seen.height,
            seen.rotation_deg,
        )

    def _decode(self, file: BinaryIO, facts: MediaFacts) -> MediaFacts | Flaw:
        file.seek(0)
        if facts.kind is MediaKind.IMAGE:
            return _decoded_image(file, facts)
        return self._check_video(file, facts) if self._check_video else facts


def _with_flaw(size_bytes: int, flaw: Flaw) -> Inspected:
    return Inspected(size_bytes, "", None, "", None, None, None, 0, flaw.sentence)


def _decoded_image(file: BinaryIO, facts: MediaFacts) -> MediaFacts | Flaw:
    """Decode an image to its end. A JPEG is decoded small, which reads all of it in a fraction of the memory.

    Pillow's own bound of pixels is in `Image.open`, as a warning first; the plugins are asked directly, after ours.
    """
    is_jpeg = facts.mime_type == "image/jpeg"
    if (facts.width or 0) * (facts.height or 0) > (_MOST_JPEG_PIXELS if is_jpeg else _MOST_PNG_PIXELS):
        return TOO_MANY_PIXELS
    if is_jpeg and _costs_much(file):
        return TOO_MANY_PIXELS
    file.seek(0)
    plugin = JpegImagePlugin.JpegImageFile if is_jpeg else PngImagePlugin.PngImageFile
    try:
        with plugin(file) as image:
            _shrink(image)
            image.load()
            turned = _TURNED.get(image.getexif().get(_ORIENTATION) or 0, 0)
            if is_jpeg and _ends_early(file, image):
                return CUT_OFF
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError, MemoryError, struct.error):
        return DAMAGED_IMAGE
    return replace(facts, rotation_deg=turned)


def _costs_much(file: BinaryIO) -> bool:
    """Return whether a JPEG in many scans takes more memory or time than any photo: some kB can hold 256 megapixels."""
    picture = read_jpeg(file)
    if isinstance(picture, Flaw) or not picture.scans:
        return False
    return picture.pixels > _MOST_HELD_PIXELS or picture.pixels * picture.scans > _MOST_SCANNED_PIXELS


def _shrink(image: ImageFile.ImageFile) -> None:
    """Let a JPEG be decoded small; one in many scans not so small that the later ones do not matter."""
    by = _SCANS_SHRINK if "progressive" in image.info else _JPEG_SHRINK
    image.draft(None, (max(1, image.width // by), max(1, image.height // by)))


def _ends_early(file: BinaryIO, image: ImageFile.ImageFile) -> bool:
    """Return whether a decoded JPEG lacks data before its end mark, which decoders silently fill with grey.

    Bytes put before that mark are passed over where all is there, and become a part of the picture where it is not.
    """
    picture = read_jpeg(file)
    if isinstance(picture, Flaw) or not 0 < picture.end <= _LARGEST_TWICE:
        return False
    file.seek(0)
    more = io.BytesIO(file.read(picture.end) + _MORE_DATA + b"\xff\xd9")
    with JpegImagePlugin.JpegImageFile(more) as again:
        _shrink(again)
        again.load()
        return again.tobytes() != image.tobytes()
