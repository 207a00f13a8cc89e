"""What uploaded files are called, by whichever way a client says it.

RFC 7578 wants `filename` in UTF-8. Clients also send `filename*` alone (RFC 5987, as Python's urllib3 did), an
encoded word (RFC 2047, as .NET does), percent-encoded UTF-8, or no name at all.
"""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import collapse_rfc2231_value
from urllib.parse import unquote

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.formparsers import MultiPartException, MultiPartParser

from fleetlane.core.errors import InvalidParametersError

_FILE_FIELD = b"file"
_ENCODED_WORD = re.compile(r"=\?[^?]+\?[BbQq]\?[^?]*\?=(?:\s+=\?[^?]+\?[BbQq]\?[^?]*\?=)*")
_ENCODED_UTF8 = re.compile(r"%(?:22|0[DdAa]|[C-Fc-f][0-9A-Fa-f]%[89ABab][0-9A-Fa-f])")


async def read_form(request: Request) -> None:
    """Read a request's form, its files by their true names.

    Raises:
        InvalidParametersError: it is no form.
    """
    try:
        form = await _Parser(request.headers, request.stream()).parse()
    except MultiPartException as error:
        raise InvalidParametersError.one("body", error.message) from error
    # Starlette keeps a form that was read under this name; FastAPI then takes ours.
    request._form = form  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class _Parser(MultiPartParser):
    def on_headers_finished(self) -> None:
        part = self._current_part
        part.content_disposition = with_file_name(part.content_disposition or b"", self._charset)
        super().on_headers_finished()


def with_file_name(disposition: bytes, charset: str) -> bytes:
    """Return a part's Content-Disposition with its file's name in `filename`, however it was written.

    A part of the field `file` is a file, also when nothing names it: its name is empty then.
    """
    kind, options = parse_options_header(disposition)
    field, given = options.get(b"name"), options.get(b"filename")
    extended = _extended(disposition)
    if field is None or (given is None and extended is None and field != _FILE_FIELD):
        return disposition
    name = extended if extended is not None else _plain(_decoded(given or b"", charset))
    quoted = name.encode(charset, "replace")
    return b"%s; name=%s; filename=%s" % (kind, _quoted(field), _quoted(quoted))


def _extended(disposition: bytes) -> str | None:
    """Return the name by `filename*`, which wins over `filename` (RFC 6266); None when there is none."""
    if b"filename*" not in disposition.lower():
        return None
    header = Message()
    header["content-disposition"] = disposition.decode("latin-1")
    for key, value in header.get_params([], "content-disposition"):
        if key.lower() == "filename" and isinstance(value, tuple):
            return _collapsed(value)
    return None


def _collapsed(value: tuple[str | None, str | None, str]) -> str:
    try:
        return collapse_rfc2231_value(value)
    except UnicodeError:
        return value[2]  # Python knows its encoding as one that is not for texts, such as idna


def _decoded(name: bytes, charset: str) -> str:
    try:
        return name.decode(charset)
    except UnicodeDecodeError:
        return name.decode("latin-1")


def _plain(name: str) -> str:
    if _ENCODED_WORD.fullmatch(name):
        try:
            return str(make_header(decode_header(name)))
        except (HeaderParseError, LookupError, ValueError):
            return name
    if _ENCODED_UTF8.search(name):
        try:
            return unquote(name, errors="strict")
        except UnicodeDecodeError:
            return name
    return name


def _quoted(text: bytes) -> bytes:
    """Return a parameter's value as the form's parser takes it; a line's end has no place in a header."""
    flat = text.replace(b"\r", b"_").replace(b"\n", b"_").replace(b"\0", b"_")
    return b'"%s"' % flat.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
