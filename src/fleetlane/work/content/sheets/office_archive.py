"""Archives of office documents: their parts as a stream of XML, bounded, and nothing that XML could bring along."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Protocol
from xml.parsers import expat

from fleetlane.core.errors import InvalidParametersError
from fleetlane.work.content.sheets.budget import Budget

_MOST_UNPACKED_BYTES = 128 * 1024 * 1024
_MOST_PARTS = 10_000
_CHUNK_BYTES = 64 * 1024
_DEEPEST = 64
_LONGEST_TAG_BYTES = 1024 * 1024
"""expat reads what it has of a tag again with every chunk."""
_SAVE_AS = "save it as xlsx or as “CSV UTF-8”"


class BrokenOfficeFileError(Exception):
    """The file is not what it says it is."""


_BROKEN = (
    BrokenOfficeFileError,
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    OSError,
    EOFError,
    NotImplementedError,  # zipfile: a newer kind of archive
    ValueError,  # zipfile: places outside the file; expat: several bytes a character
    LookupError,  # expat: an encoding that nobody knows
)


class Listener(Protocol):
    """Hears what a part says: elements and attributes by their names without a namespace."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Hear that an element begins."""
        ...

    def end(self, name: str) -> None:
        """Hear that an element ends."""
        ...

    def say(self, text: str) -> None:
        """Hear a text."""
        ...


@contextmanager
def readable() -> Generator[None]:
    """Turn what broken archives raise into one sentence."""
    try:
        yield
    except _BROKEN as error:
        raise InvalidParametersError.one("file", f"this is no xlsx file that can be read; {_SAVE_AS}") from error


def refuse_old_workbook(content: bytes) -> None:
    """Refuse a workbook of before 2007, and one with a password: both are no zip archives.

    Raises:
        InvalidParametersError: it is one.
    """
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        sentence = f"this is an old workbook (xls), or one with a password; {_SAVE_AS}, without a password"
        raise InvalidParametersError.one("file", sentence)


class OfficeArchive:
    """The parts of one document.

    Args:
        content: the file.
        budget: how long it may be read.
    """

    def __init__(self, content: bytes, budget: Budget) -> None:
        self._budget = budget
        self._archive = zipfile.ZipFile(io.BytesIO(content))
        parts = self._archive.infolist()
        if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED_BYTES:
            raise InvalidParametersError.one("file", "this xlsx file unpacks to more than any sheet of accounts needs")
        for part in parts:
            if part.flag_bits & 1 or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise BrokenOfficeFileError(part.filename)
        self._names = {part.filename.casefold().lstrip("/"): part for part in parts}
        self._refuse_others()

    def _refuse_others(self) -> None:
        for name, what in (
            ("content.xml", "an OpenDocument file (ods)"),
            ("xl/workbook.bin", "a binary workbook (xlsb)"),
        ):
            if name in self._names:
                raise InvalidParametersError.one("file", f"this is {what}; {_SAVE_AS}")

    def links(self, part: str) -> dict[str, tuple[str, str]]:
        """Return what a part refers to: the link's id -> what it is, such as "worksheet", and the part."""
        folder, name = posixpath.split(part)
        found = _Links(folder)
        for _ in self.parse(posixpath.join(folder, "_rels", f"{name}.rels"), found):
            pass
        return found.found

    def parse(self, part: str, listener: Listener) -> Iterator[None]:
        """Tell what a part says, piece by piece. The archive's own sizes bound it: no more than they say is unpacked.

        Raises:
            BrokenOfficeFileError, expat.ExpatError, zipfile.BadZipFile, zlib.error: it cannot be read.
            OverBudgetError: it takes too long.
        """
        entry = self._names.get(part.casefold().lstrip("/"))
        if entry is None:
            raise BrokenOfficeFileError(part)
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        hearing = _Hearing(listener)
        parser.StartElementHandler, parser.EndElementHandler = hearing.start, hearing.end
        parser.CharacterDataHandler = listener.say
        parser.StartDoctypeDeclHandler = _refuse_doctype
        with self._archive.open(entry) as file:
            taken = 0
            while chunk := file.read(_CHUNK_BYTES):
                self._budget.check()
                parser.Parse(chunk, False)
                taken += len(chunk)
                if taken - parser.CurrentByteIndex > _LONGEST_TAG_BYTES:
                    raise BrokenOfficeFileError("a tag without an end")
                yield
        parser.Parse(b"", True)
        yield


class _Hearing:
    """Tells a listener of elements by their names without a namespace, and refuses those that lie too deep."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._local = _LocalNames()
        self._deep = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Hear that an element begins."""
        self._deep += 1
        if self._deep > _DEEPEST:
            raise BrokenOfficeFileError("elements within elements without end")
        local = self._local
        told = {local[key]: value for key, value in attributes.items()} if attributes else attributes
        self._listener.start(local[name], told)

    def end(self, name: str) -> None:
        """Hear that an element ends."""
        self._deep -= 1
        self._listener.end(self._local[name])


class _LocalNames(dict[str, str]):
    """Names without their namespace, each made once."""

    def __missing__(self, name: str) -> str:
        self[name] = local = name.rpartition(" ")[2]
        return local


def _refuse_doctype(*_declared: object) -> None:
    raise BrokenOfficeFileError("a document type: no office program writes one")


class _Links:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", self._folder, attributes.get("Target", "")))
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found[attributes.get("Id", "")] = (kind, target.lstrip("/"))

    def end(self, name: str) -> None:
        pass

    def say(self, text: str) -> None:
        pass
