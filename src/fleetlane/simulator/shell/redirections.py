"""The files of a simulated phone as its shell opens them: redirections, and patterns for names."""

from __future__ import annotations

import fnmatch
import posixpath
from dataclasses import dataclass
from io import BytesIO

from fleetlane.simulator.android.files import S_IFDIR, FileSystem, NoSpaceError, canonical
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell.mksh.result import Buffer, Printed, Target

_WRITABLE = ("/storage/emulated/0", "/data/local/tmp")


@dataclass(frozen=True, slots=True)
class _FileEnd:
    """Appends to a file of a phone."""

    phone: SimPhone
    path: str

    def put(self, data: bytes) -> Printed | None:
        """Append; where the phone is full, say so as `write` does."""
        files = self.phone.files
        held = files.get(self.path)
        before = held.blob.data if held else b""
        try:
            files.write(self.path, before + data, 0o660, int(self.phone.wall_s()))
        except NoSpaceError:
            return Printed(2, b"write: No space left on device\n")
        return None


def opened(phone: SimPhone, path: str, sign: str) -> Target | BytesIO:
    """Open a file for reading (`<`) or writing (`>`, `>>`).

    Raises:
        OSError: it cannot be opened; the text is what mksh says about it.
    """
    held = phone.files.get(path)
    if sign == "<":
        if path == "/dev/null":
            return BytesIO()
        if held is None:
            raise OSError(f"can't open {path}: No such file or directory")
        return BytesIO(b"" if held.mode & S_IFDIR else held.blob.data)
    if path == "/dev/null":
        return Buffer(keeps=False)
    if held is not None and held.mode & S_IFDIR:
        raise OSError(f"can't create {path}: Is a directory")
    folder = phone.files.get(posixpath.dirname(path) or "/")
    if folder is None or not folder.mode & S_IFDIR:
        raise OSError(f"can't create {path}: No such file or directory")
    if not canonical(path).startswith(tuple(f"{place}/" for place in _WRITABLE)):
        raise OSError(f"can't create {path}: Read-only file system")
    if sign == ">" or held is None:
        phone.files.write(path, b"", 0o660, int(phone.wall_s()))
    return _FileEnd(phone, path)


def names(files: FileSystem, pattern: str) -> list[str]:
    """Return the names of files that a pattern fits, in order; a pattern without a leading slash starts at `/`."""
    found = ["/"] if pattern.startswith("/") else [""]
    for part in pattern.strip("/").split("/"):
        found = [posixpath.join(folder, name) for folder in found for name in _fitting(files, folder, part)]
    return sorted(found)


def _fitting(files: FileSystem, folder: str, part: str) -> list[str]:
    """Return the names in a folder that one part of a pattern fits. What begins with a dot is not fitted by a sign."""
    if not any(sign in part for sign in "*?["):
        return [part] if files.get(posixpath.join("/", folder, part)) is not None else []
    listed = [name for name, _ in files.listing(posixpath.join("/", folder))]
    if folder in ("", "/"):
        listed.append("sdcard")
    return [n for n in listed if fnmatch.fnmatchcase(n, part) and (not n.startswith(".") or part.startswith("."))]
