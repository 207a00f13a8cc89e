"""What goes wrong with an act at another host, as data: it is raised here as what it was there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fleetlane.core.errors import (
    ActRefusedError,
    AdbServerDownError,
    CallLostError,
    ConflictError,
    DeviceError,
    DeviceGoneError,
    DeviceTimeoutError,
    DriverBrokenError,
    FieldError,
    FileRefusedError,
    FleetlaneError,
    InputNotAllowedError,
    InvalidParametersError,
    PhoneFullError,
    ShareLostError,
    ShellFailedError,
    TaskStoppedError,
)
from fleetlane.work.phones.wire_fields import as_list, as_map, as_type, read_fields

SENT = (DeviceError, TaskStoppedError, ConflictError, InvalidParametersError)
"""The errors that are raised again as what they were; any other is one that nobody foresaw."""
UNFORESEEN = "The host of the phone could not do it, for a reason that nobody foresaw; the host's log says why."
_UNREADABLE = "The host of the phone says that it could not be done, in words that this server does not understand."
_MOST_OUTPUT = 4000
_MOST_FIELDS = 1000
_PLAIN: Mapping[str, Callable[..., DeviceError]] = {
    one.__name__: one
    for one in (
        DeviceError,
        DeviceGoneError,
        CallLostError,
        DeviceTimeoutError,
        InputNotAllowedError,
        FileRefusedError,
        PhoneFullError,
        DriverBrokenError,
        AdbServerDownError,
        ActRefusedError,
    )
}
"""Those that are a sentence and a serial."""
_SHELL = {one.__name__: one for one in (ShellFailedError, ShareLostError)}


def encode_error(error: Exception) -> dict[str, Any]:
    """Return an error as JSON values. One that is not known is told as the known one it is a kind of.

    Of the output of a command so much is told as a person may read. One that nobody foresaw tells nothing of itself.
    """
    names = [one.__name__ for one in type(error).__mro__]
    name = next((one for one in names if one in _PLAIN or one in _SHELL or one in _OTHERS), None)
    match error:
        case ShellFailedError():
            output = error.output.strip()[:_MOST_OUTPUT]
            facts = {"command": list(error.command), "exit_code": error.exit_code, "output": output}
            return {"error": name, **facts, "serial": error.serial}
        case DeviceError():
            return {"error": name, "sentence": str(error), "serial": error.serial}
        case TaskStoppedError():
            return {"error": name, "sentence": str(error)}
        case ConflictError():
            return {"error": name, "sentence": str(error), "data": None if error.data is None else dict(error.data)}
        case InvalidParametersError():
            return {"error": name, "fields": [[one.field, one.message] for one in error.errors]}
        case _:
            return {"error": DeviceError.__name__, "sentence": UNFORESEEN, "serial": ""}


def decode_error(values: object) -> FleetlaneError:
    """Return the error that `encode_error` has told of.

    A `DeviceError` stands for one that this version does not know, and for what tells of none.
    """
    try:
        told = dict(as_map(values))
        return _read(as_type(told.pop("error", None), str), told)
    except ValueError:
        return DeviceError(_UNREADABLE)


def _read(name: str, told: Mapping[str, Any]) -> FleetlaneError:
    if read := _OTHERS.get(name):
        return read(told)
    if name in _SHELL:
        found = read_fields(told, command=_texts, exit_code=_number, output=_text, serial=_text)
        serial = found.pop("serial")
        return _SHELL[name](*found.values(), serial=serial)
    sentence = _text(told.get("sentence"))
    return _PLAIN.get(name, DeviceError)(sentence, serial=_text(told.get("serial", "")))


def _text(value: object) -> str:
    return as_type(value, str)


def _number(value: object) -> int:
    return as_type(value, int)


def _texts(value: object) -> list[str]:
    return [_text(one) for one in as_list(value, _MOST_FIELDS)]


def _stopped(told: Mapping[str, Any]) -> TaskStoppedError:
    return TaskStoppedError(read_fields(told, sentence=_text)["sentence"])


def _conflict(told: Mapping[str, Any]) -> ConflictError:
    found = read_fields(told, sentence=_text, data=lambda value: None if value is None else as_map(value))
    return ConflictError(found["sentence"], found["data"])


def _invalid(told: Mapping[str, Any]) -> InvalidParametersError:
    pairs = [_texts(one) for one in read_fields(told, fields=lambda value: as_list(value, _MOST_FIELDS))["fields"]]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise ValueError("fields must be pairs")
    return InvalidParametersError([FieldError(*pair) for pair in pairs])


_OTHERS: Mapping[str, Callable[[Mapping[str, Any]], FleetlaneError]] = {
    TaskStoppedError.__name__: _stopped,
    ConflictError.__name__: _conflict,
    InvalidParametersError.__name__: _invalid,
}
