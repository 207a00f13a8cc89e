"""A small picture on its way to the gallery and back out of it."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from fleetlane.adapters.android.checkup.visit import Round, Visit
from fleetlane.core.checkup import NOTHING, Grade, Measured, Row, plain, said
from fleetlane.core.errors import DriverBrokenError, FileRefusedError, PhoneFullError
from fleetlane.core.media.files import MediaKind
from fleetlane.core.ports.phone import MediaEntry, Pushed

_FOLDER = "/sdcard/DCIM"
_ROW_LOOKS, _ROW_PAUSE_S = 5, 1.0
_SIDE = 64


def _file(visit: Visit) -> Iterator[Row]:
    path = f"{_FOLDER}/fleetlane-checkup-{secrets.token_hex(4)}.png"
    visit.later("file", lambda: _forget(visit, path))
    start_s = visit.clock.monotonic_s()
    try:
        pushed = _push(visit, path)
    except PhoneFullError:
        yield Row("file", Grade.FAULT, NOTHING, said("No room is left on it. Delete something."), {"full": True})
        return
    except FileRefusedError as error:
        sentence = said("It took no file: %(error)s Is its storage open? Unlock it once, or restart it.", error=error)
        yield Row("file", Grade.FAULT, NOTHING, sentence)
        return
    push_ms = visit.ms_since(start_s)
    entry, by_broadcast = _indexed(visit, path, pushed)
    measured = {"push_ms": push_ms, "ms": visit.ms_since(start_s), "by_broadcast": by_broadcast}
    yield _judged(entry, measured, by_broadcast=by_broadcast)


def _push(visit: Visit, path: str) -> Pushed:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "checkup.png"
        Image.new("RGB", (_SIDE, _SIDE), "teal").save(source)
        return visit.driver.push(source, path, MediaKind.IMAGE)


def _indexed(visit: Visit, path: str, pushed: Pushed) -> tuple[MediaEntry | None, bool]:
    """Return the file's row in the media store, and whether it took the second way to come there."""
    entry = pushed.entry
    for by_broadcast in (False, True):
        for _ in range(_ROW_LOOKS):
            if entry is not None:
                return entry, by_broadcast
            visit.wait(_ROW_PAUSE_S)
            entry = visit.driver.media(path, MediaKind.IMAGE)
        if not by_broadcast:
            entry = visit.driver.scan(path, MediaKind.IMAGE, by_broadcast=True)
    return entry, True


def _judged(entry: MediaEntry | None, measured: Measured, *, by_broadcast: bool) -> Row:
    value = plain(f"{measured['ms']} ms")
    if entry is None:
        sentence = said(
            "The file arrived, and the phone's gallery does not see it: tasks end with gallery_timeout. Restart the "
            "phone, and run this again."
        )
        return Row("file", Grade.FAULT, value, sentence, measured)
    if by_broadcast:
        sentence = said("The gallery saw the file by the second way only, which tasks take too; they take longer.")
        return Row("file", Grade.WARNING, value, sentence, measured)
    return Row("file", Grade.OK, value, said("A file arrives, and the gallery sees it."), measured)


def _forget(visit: Visit, path: str) -> None:
    """Remove the file, and let the media store forget it, by every way there is.

    Raises:
        DriverBrokenError: it does not forget.
    """
    driver = visit.driver
    driver.remove([path])
    if driver.media(path, MediaKind.IMAGE) is None:
        return
    if driver.scan(path, MediaKind.IMAGE, by_broadcast=True) is None:
        return
    raise DriverBrokenError(f"The gallery still lists {path}.", serial=driver.serial)


ROUNDS = (Round(("file",), _file, ("started",)),)
