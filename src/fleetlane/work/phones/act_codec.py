"""Acts and what they return as JSON values, to be sent between a server and the host that a phone is at.

What comes in is not believed: whatever is not wholly understood is refused, so that a host never does half of it, or
something else. Both ends run this module; a new kind of act, or a new field, is refused by a host that does not know
it yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar, cast

from fleetlane.core.checkup import TITLES, Grade, Row
from fleetlane.core.errors import ActRefusedError, DeviceError, InvalidParametersError
from fleetlane.core.message import Message
from fleetlane.core.ports.execution import Act
from fleetlane.core.ports.phone import PhoneReport
from fleetlane.work.phones.acts import CheckUp, ReadScreen, Report, ShownTree, TakePicture
from fleetlane.work.phones.error_codec import decode_error
from fleetlane.work.phones.gestures import LongTap, PicturePoint, Press, Swipe, Tap, TypeText
from fleetlane.work.phones.wire_fields import as_list, as_map, as_size, as_type, read_fields

_T = TypeVar("_T")
_Reply = tuple[dict[str, Any], bytes]

_MOST_PACKAGES = 1000
_MOST_ROWS = 1000
_PACKAGE = re.compile(r"[A-Za-z0-9_.]{1,255}")
_SAME_VERSION = "Run the same version of Fleetlane on both."
_UNREADABLE = f"The host of the phone sent an answer that this server does not understand. {_SAME_VERSION}"


@dataclass(frozen=True, slots=True)
class _Verb:
    """How one kind of act is sent, and what comes back.

    Attributes:
        act: its class.
        fields: reads each of its fields; raises ValueError.
        reply: returns what it has returned, as a body and an attachment.
        result: returns that again; raises ValueError.
    """

    act: Callable[..., Act[Any]]
    fields: Mapping[str, Callable[[Any], Any]]
    reply: Callable[[Any], _Reply]
    result: Callable[[Mapping[str, Any], bytes], Any]


def encode(act: Act[Any]) -> dict[str, Any]:
    """Return an act as JSON values, its `kind` among them."""
    return {"kind": act.kind, **asdict(cast(Any, act), dict_factory=_json_object)}


def _json_object(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: list(cast("tuple[Any, ...]", one)) if isinstance(one, tuple) else one for name, one in fields}


def decode(values: object) -> Act[Any]:
    """Return the act that `encode` was given.

    Raises:
        ActRefusedError: it is none, or none that this version knows, or not wholly.
    """
    try:
        return _read(dict(as_map(values)))
    except (ValueError, InvalidParametersError) as error:
        raise ActRefusedError(
            f"The host of the phone refused to do what it was asked: {error}. {_SAME_VERSION}"
        ) from error


def _read(told: dict[str, Any]) -> Act[Any]:
    kind = as_type(told.pop("kind", None), str)
    if kind not in _VERBS:
        raise ValueError(f"it does not know {kind[:40]!r}")
    verb = _VERBS[kind]
    return verb.act(**read_fields(told, **verb.fields))


def encode_reply(act: Act[_T], result: _T) -> _Reply:
    """Return what an act has returned, as a body of JSON values and an attachment; b"" for none."""
    return _VERBS[act.kind].reply(result)


def decode_reply(act: Act[_T], body: Mapping[str, Any], attachment: bytes) -> _T:
    """Return what an act has returned.

    Raises:
        FleetlaneError: what the host tells of that went wrong (`error_codec`).
        DeviceError: the answer cannot be understood.
    """
    if "error" in body:
        raise decode_error(body)
    try:
        return _VERBS[act.kind].result(body, attachment)
    except ValueError as error:
        raise DeviceError(_UNREADABLE) from error


# -- fields --------------------------------------------------------------------------------------------


def _number(value: object) -> float:
    return as_type(value, int, float)


def _whole(value: object) -> int:
    return as_type(value, int)


def _text(value: object) -> str:
    return as_type(value, str)


def _flag(value: object) -> bool:
    return as_type(value, bool)


def _maybe_whole(value: object) -> int | None:
    return None if value is None else _whole(value)


def _spot(value: object) -> PicturePoint:
    return PicturePoint(**read_fields(value, x=_number, y=_number, wide=_flag))


def _packages(value: object) -> tuple[str, ...]:
    names = tuple(_text(name) for name in as_list(value, _MOST_PACKAGES))
    if not all(_PACKAGE.fullmatch(name) for name in names):
        raise ValueError("must be names of packages")
    return names


def _versions(value: object) -> dict[str, str]:
    return {package: _text(version) for package, version in as_map(value).items()}


# -- replies -------------------------------------------------------------------------------------------


def _done(_result: None) -> _Reply:
    return {}, b""


def _nothing(body: Mapping[str, Any], _attachment: bytes) -> None:
    read_fields(body)


def _picture(jpeg: bytes) -> _Reply:
    return {}, jpeg


def _jpeg(body: Mapping[str, Any], attachment: bytes) -> bytes:
    read_fields(body)
    if not attachment:
        raise ValueError("has no picture")
    return attachment


def _tree(shown: ShownTree) -> _Reply:
    return {"size": list(shown.size)}, shown.xml.encode("utf-8", "surrogatepass")


def _shown_tree(body: Mapping[str, Any], attachment: bytes) -> ShownTree:
    return ShownTree(attachment.decode("utf-8", "surrogatepass"), **read_fields(body, size=as_size))


def _rows(rows: Sequence[Row]) -> _Reply:
    told = [
        {
            "name": row.name,
            "grade": row.grade.value,
            "value": row.value.as_json(),
            "sentence": row.sentence.as_json(),
            "measured": dict(row.measured),
            "about": row.about,
        }
        for row in rows
    ]
    return {"rows": told}, b""


def _read_rows(body: Mapping[str, Any], _attachment: bytes) -> list[Row]:
    rows = read_fields(body, rows=lambda value: as_list(value, _MOST_ROWS))["rows"]
    message = Message.of_json
    kinds = {"name": _title, "grade": Grade, "value": message, "sentence": message, "measured": as_map, "about": _text}
    return [Row(**read_fields(row, **kinds)) for row in rows]


def _title(value: object) -> str:
    if _text(value) not in TITLES:
        raise ValueError("is no check that is known here")
    return _text(value)


def _report(report: PhoneReport) -> _Reply:
    return {**asdict(report), "size": list(report.size)}, b""


def _read_report(body: Mapping[str, Any], _attachment: bytes) -> PhoneReport:
    texts = dict.fromkeys(("model", "brand", "android"), _text)
    numbers = dict.fromkeys(("battery_percent", "free_bytes"), _maybe_whole)
    return PhoneReport(**read_fields(body, **texts, **numbers, size=as_size, apps=_versions))


_VERBS: Mapping[str, _Verb] = {
    Tap.kind: _Verb(Tap, {"spot": _spot}, _done, _nothing),
    LongTap.kind: _Verb(LongTap, {"spot": _spot}, _done, _nothing),
    Swipe.kind: _Verb(Swipe, {"start": _spot, "end": _spot}, _done, _nothing),
    Press.kind: _Verb(Press, {"key": _text}, _done, _nothing),
    TypeText.kind: _Verb(TypeText, {"text": _text}, _done, _nothing),
    TakePicture.kind: _Verb(TakePicture, {"width": _whole}, _picture, _jpeg),
    ReadScreen.kind: _Verb(ReadScreen, {}, _tree, _shown_tree),
    CheckUp.kind: _Verb(CheckUp, {}, _rows, _read_rows),
    Report.kind: _Verb(Report, {"packages": _packages}, _report, _read_report),
}
