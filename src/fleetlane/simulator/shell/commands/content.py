"""The `content` command: the media store as a shell sees it, with its traps.

See docs/reference/simulated-phones.md.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence

from fleetlane.core.media.files import MediaKind
from fleetlane.simulator.android.media_store import COLUMNS, MediaRow
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell.interpreter import Result, UnsupportedArgumentsError, command, options

_STREAM = "android.intent.extra.STREAM"
_FAILED = "Error while accessing provider:media\njava.lang."
_UNSUPPORTED_CALL = _FAILED + "UnsupportedOperationException: Unsupported call: {}"
_TABLES = {
    "content://media/external/video/media": MediaKind.VIDEO,
    "content://media/external/images/media": MediaKind.IMAGE,
    "content://media/external/file": None,
}
_CONDITION = re.compile(r"\s*(\w+)\s*(=|!=|<>|<=|>=|<|>|LIKE)\s*(?:'((?:[^']|'')*)'|(\d+))\s*", re.IGNORECASE)
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


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
    if phone.is_sealed:
        return Result.error("Could not find provider: media", 0)
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
            return Result.error(_UNSUPPORTED_CALL.format(method), 0)
        ignored = phone.faults.scan_ignored or phone.traits.scan_call_ignored
        row = None if ignored else phone.media.scan_file(found["--arg"][0], now_s)
        stream = f"{_STREAM}={row.uri}" if row else f"{_STREAM}=null"
        return Result.text(f"Result: Bundle[{{{stream}}}]")
    if method == "scan_volume" and phone.android >= 10:
        if not phone.faults.scan_ignored:
            phone.media.scan_volume(now_s)
        return Result.text("Result: Bundle[{}]")
    return Result.error(_UNSUPPORTED_CALL.format(method), 0)


def _rows(phone: SimPhone, uri: str) -> list[MediaRow]:
    base, _, last = uri.rstrip("/").rpartition("/")
    if not last.isdigit():
        base, last = uri.rstrip("/"), ""
    if base not in _TABLES:
        raise UnsupportedArgumentsError(f"--uri {uri}")
    return [row for row in phone.media.newest_first(_TABLES[base]) if not last or row.id == int(last)]


def _where(rows: list[MediaRow], found: dict[str, list[str]]) -> list[MediaRow]:
    where = found.get("--where", [""])[0]
    if not where:
        return rows
    ways = [
        [_condition(clause) for clause in re.split(r"\s+AND\s+", way, flags=re.IGNORECASE)]
        for way in re.split(r"\s+OR\s+", where, flags=re.IGNORECASE)
    ]
    return [row for row in rows if any(all(holds(row) for holds in way) for way in ways)]


def _condition(clause: str) -> Callable[[MediaRow], bool]:
    match = _CONDITION.fullmatch(clause)
    if not match:
        raise UnsupportedArgumentsError(f"--where {clause}")
    column, sign, text, number = match.groups()
    value = number if text is None else text.replace("''", "'")
    if sign == "=":
        return lambda row: row.column(column) == value
    if sign in ("!=", "<>"):
        return lambda row: row.column(column) not in (value, "NULL")
    if sign.upper() == "LIKE":
        pattern = re.compile(re.escape(value).replace("%", ".*"), re.IGNORECASE)
        return lambda row: pattern.fullmatch(row.column(column)) is not None
    if not value.isdigit():
        raise UnsupportedArgumentsError(f"--where {clause}: a number is expected")
    compare = _COMPARE[sign]

    def compared(row: MediaRow) -> bool:
        held = row.column(column)  # NULL compares to nothing
        return held.isdigit() and compare(int(held), int(value))

    return compared


def _by(column: str) -> Callable[[MediaRow], tuple[int, str]]:
    def key(row: MediaRow) -> tuple[int, str]:
        value = row.column(column)
        return (int(value), "") if value.isdigit() else (-1, value)

    return key


def _content_query(phone: SimPhone, uri: str, found: dict[str, list[str]]) -> Result:
    columns = found["--projection"][0].split(":") if "--projection" in found else COLUMNS
    sorts = [part.split() for part in found.get("--sort", ["date_added DESC"])[0].split(",")]
    try:
        rows = _where(_rows(phone, uri), found)
        for column, *direction in reversed(sorts):
            if [word.upper() for word in direction] not in ([], ["ASC"], ["DESC"]):
                raise UnsupportedArgumentsError(f"--sort {' '.join(direction)}")
            rows.sort(key=_by(column), reverse=[word.upper() for word in direction] == ["DESC"])
        lines = [
            f"Row: {index} " + ", ".join(f"{column}={row.column(column)}" for column in columns)
            for index, row in enumerate(rows)
        ]
    except KeyError as error:
        name = str(error.args[0])
        phone.log(f"content query: there is no column {name!r}")
        return Result.error(f"{_FAILED}IllegalArgumentException: Invalid column {name}", 0)
    return Result.text("\n".join(lines) if lines else "No result found.")
