"""The `content` command: the media store as a shell sees it, with its traps (see docs/simulated-phones.md)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fleetlane.core.media import MediaKind
from fleetlane.simulator.media_store import MediaRow
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell import Result, UnsupportedArgumentsError, command, options

_STREAM = "android.intent.extra.STREAM"
_UNSUPPORTED_CALL = (
    "Error while accessing provider:media\njava.lang.UnsupportedOperationException: Unsupported call: {}"
)
_TABLES = {
    "content://media/external/video/media": MediaKind.VIDEO,
    "content://media/external/images/media": MediaKind.IMAGE,
    "content://media/external/file": None,
}
_CONDITION = re.compile(r"\s*(\w+)\s*(>=|=|LIKE)\s*(?:'((?:[^']|'')*)'|(\d+))\s*", re.IGNORECASE)


@command("content")
def _content(phone: SimPhone, args: Sequence[str]) -> Result:
    verb = args[0] if args else ""
    known = ["--uri", "--method", "--arg", "--projection", "--where", "--sort", "--bind", "--user"]
    try:
        found, rest = options(args[1:], "", known)
    except UnsupportedArgumentsError as error:
        phone.log(f"content {verb}: {error}")
        return Result.error(f"[ERROR] Unsupported argument: {error}")
    if rest:
        return Result.error(f"[ERROR] Unsupported argument: {rest[0]}")
    uri = found.get("--uri", [""])[0]
    match verb:
        case "call":
            return _content_call(phone, uri, found)
        case "query":
            return _content_query(phone, uri, found)
        case "delete":
            rows = _where(_rows(phone, uri), found)
            for row in rows:
                phone.media.delete(row)
            return Result()
        case _:
            raise UnsupportedArgumentsError(f"content {verb}")


def _content_call(phone: SimPhone, uri: str, found: dict[str, list[str]]) -> Result:
    if not uri.startswith("content://media"):
        raise UnsupportedArgumentsError(uri)
    method = found.get("--method", [""])[0]
    now_s = int(phone.wall_s())
    if method == "scan_file":
        if phone.android <= 10:
            return Result.text(_UNSUPPORTED_CALL.format(method))
        row = None if phone.faults.scan_ignored else phone.media.scan_file(found["--arg"][0], now_s)
        stream = f"{_STREAM}={row.uri}" if row else f"{_STREAM}=null"
        return Result.text(f"Result: Bundle[{{{stream}}}]")
    if method == "scan_volume" and phone.android >= 10:
        if not phone.faults.scan_ignored:
            phone.media.scan_volume(now_s)
        return Result.text("Result: Bundle[{}]")
    return Result.text(_UNSUPPORTED_CALL.format(method))


def _rows(phone: SimPhone, uri: str) -> list[MediaRow]:
    base = uri.rstrip("/")
    if base not in _TABLES:
        raise UnsupportedArgumentsError(f"--uri {uri}")
    return phone.media.newest_first(_TABLES[base])


def _where(rows: list[MediaRow], found: dict[str, list[str]]) -> list[MediaRow]:
    for clause in re.split(r"\s+AND\s+", found.get("--where", [""])[0]):
        if not clause:
            continue
        match = _CONDITION.fullmatch(clause)
        if not match:
            raise UnsupportedArgumentsError(f"--where {clause}")
        column, operator, text, number = match.groups()
        value = number if text is None else text.replace("''", "'")
        if operator == ">=":
            rows = [row for row in rows if int(row.column(column)) >= int(value)]
        elif operator == "=":
            rows = [row for row in rows if row.column(column) == value]
        else:
            pattern = re.compile(re.escape(value).replace("%", ".*"))
            rows = [row for row in rows if pattern.fullmatch(row.column(column))]
    return rows


def _content_query(phone: SimPhone, uri: str, found: dict[str, list[str]]) -> Result:
    rows = _where(_rows(phone, uri), found)
    columns = found.get("--projection", ["_id:_data"])[0].split(":")
    sort = found.get("--sort", ["date_added DESC"])[0].split()
    try:
        rows.sort(key=lambda row: (int(row.column(sort[0])), row.id), reverse=sort[-1].upper() == "DESC")
        lines = [
            f"Row: {index} " + ", ".join(f"{column}={row.column(column)}" for column in columns)
            for index, row in enumerate(rows)
        ]
    except (KeyError, ValueError) as error:
        name = found.get("--projection", [""])[0]
        phone.log(f"content query: {error}")
        return Result.text(
            f"Error while accessing provider:media\njava.lang.IllegalArgumentException: Invalid column {name}"
        )
    return Result.text("\n".join(lines) if lines else "No result found.")
