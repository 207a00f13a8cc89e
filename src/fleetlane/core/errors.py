"""The one tree of errors. It knows nothing of HTTP; `fleetlane.http.errors` maps classes to answers.

FleetlaneError
├── RequestError                the caller asked for something that cannot be
│   ├── InvalidParametersError
│   ├── ScriptNameMissingError
│   ├── ScriptUnknownError
│   ├── NoEnabledAccountError
│   ├── NotFoundError
│   ├── ConflictError
│   ├── TokenRequiredError
│   ├── LicenseRefusedError
│   ├── ForeignRequestError
│   ├── BodyTooLargeError
│   ├── UnsupportedMediaTypeError
│   ├── TooManyRequestsError
│   └── ServerBusyError
├── StoreError                  the store cannot do it now
│   ├── StoreBusyError
│   ├── StoreFullError
│   └── StoreVersionError
├── DeviceError                 a phone, or the way to it, failed
│   ├── DeviceGoneError
│   │   └── CallLostError
│   ├── DeviceTimeoutError
│   ├── ShellFailedError
│   │   └── ShareLostError
│   ├── InputNotAllowedError
│   ├── FileRefusedError
│   │   └── PhoneFullError
│   ├── DriverBrokenError
│   ├── AdbServerDownError
│   ├── HostAwayError
│   └── ActRefusedError
├── LicenseInvalidError         a licence is not to be trusted: says why
├── TaskFailedError             a script ends its task: carries an error code of core.outcome
├── TaskStoppedError            the stop flag was seen
├── LeaseLostError              this worker may not work on the phone any more
├── PackError                   a screen pack or app model is wrong: says where
├── TranscriptError             a transcript cannot be read: says where
└── UnknownRequestError         a phone that is replayed was asked what was never recorded
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class FleetlaneError(Exception):
    """Base of every error Fleetlane raises on purpose. `str(error)` is a sentence for people."""


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with a request. `field` is a dotted path such as `script_config.captions`.

    `target` and `code` say of which task it is, and which error code it foretells, where it is about one task only.
    """

    field: str
    message: str
    target: str | None = None
    code: str | None = None


class RequestError(FleetlaneError):
    """The caller must change the request."""


class InvalidParametersError(RequestError):
    """One or more fields are wrong; nothing was done."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        first = self.errors[0]
        more = f" (and {len(self.errors) - 1} more)" if len(self.errors) > 1 else ""
        super().__init__(f"{first.field}: {first.message}{more}")

    @classmethod
    def one(cls, field: str, message: str) -> InvalidParametersError:
        """Return the error for a single wrong field."""
        return cls([FieldError(field, message)])


class ScriptNameMissingError(RequestError):
    """`script_name` is missing or empty."""


class ScriptUnknownError(RequestError):
    """No such script is offered over the API. `why`: it is installed, and cannot be used."""

    def __init__(self, name: str, supported: Sequence[str], why: str = "") -> None:
        self.name = name
        self.supported = tuple(supported)
        said = f"The script {name!r} cannot be used. {why}" if why else f"There is no script named {name!r}."
        super().__init__(f"{said} Supported: {', '.join(self.supported)}.")


class NoEnabledAccountError(RequestError):
    """No enabled account could be found for the request."""


class NotFoundError(RequestError):
    """No such task, device, account, material or route."""

    def __init__(self, kind: str, key: object) -> None:
        self.kind = kind
        self.key = key
        super().__init__(f"There is no {kind} {key}.")


class ConflictError(RequestError):
    """The state of the thing does not allow the change. `data` says more where there is more to say."""

    def __init__(self, message: str, data: Mapping[str, Any] | None = None) -> None:
        self.data = data
        super().__init__(message)


class RepeatError(ConflictError):
    """The same was published for the same target not long ago, or will be. `task_id` is the other task's id."""

    def __init__(self, message: str, task_id: int, repeats: Sequence[Mapping[str, Any]]) -> None:
        self.task_id = task_id
        super().__init__(message, {"task_id": task_id, "repeats": repeats})


class TokenRequiredError(RequestError):
    """A token is configured and the request carries none, or a wrong one."""


class LicenseRefusedError(RequestError):
    """The licence plan has no API access."""


class ForeignRequestError(RequestError):
    """Refused by the localhost guard: foreign Host or Origin."""


class BodyTooLargeError(RequestError):
    """The request body is over the limit."""


class UnsupportedMediaTypeError(RequestError):
    """The request body is not in a form this route takes."""


class TooManyRequestsError(RequestError):
    """The caller is over the rate limit. `retry_after_s` is in seconds."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class ServerBusyError(RequestError):
    """The server does so much of it at the same time that it takes no more; try again in `retry_after_s` seconds."""

    retry_after_s = 5


class StoreError(FleetlaneError):
    """The store could not do what was asked; nothing of it was done."""


class StoreBusyError(StoreError):
    """Another process holds the store; try again in `retry_after_s` seconds."""

    retry_after_s = 1


class StoreFullError(StoreError):
    """The disk is full."""


class StoreVersionError(StoreError):
    """The store was written by a newer Fleetlane."""


class DeviceError(FleetlaneError):
    """A phone, or the way to it, failed. `code` is a key of `core.outcome.FAILURES`."""

    code = "device_error"

    def __init__(self, message: str, *, serial: str = "") -> None:
        self.serial = serial
        super().__init__(message)


class DeviceGoneError(DeviceError):
    """The phone is no longer there: unplugged, offline, rebooting or no longer authorised."""

    code = "device_disconnected"


class CallLostError(DeviceGoneError):
    """The connection was lost in the middle of a call: it may or may not have had its effect."""


class DeviceTimeoutError(DeviceError):
    """The phone did not answer one call in time."""

    code = "device_timeout"


class ShellFailedError(DeviceError):
    """A shell command on the phone ended with a non-zero exit code."""

    code = "device_error"

    def __init__(self, command: Sequence[str], exit_code: int, output: str, *, serial: str = "") -> None:
        self.command = tuple(command)
        self.exit_code = exit_code
        self.output = output
        super().__init__(f"`{' '.join(command[:3])}` ended with {exit_code}: {output.strip()[:300]}", serial=serial)


class ShareLostError(ShellFailedError):
    """An app came to the front, but what was to be handed to it was not."""


class InputNotAllowedError(DeviceError):
    """The phone lets no tap and no key of this computer through."""

    code = "input_not_allowed"


class FileRefusedError(DeviceError):
    """The phone did not take a file."""


class PhoneFullError(FileRefusedError):
    """The phone did not take a file, and has hardly any room left."""

    code = "storage_full"


class DriverBrokenError(DeviceError):
    """The automation server on the phone does not work (not started, not connected, wrong answer)."""

    code = "driver_broken"


class AdbServerDownError(DeviceError):
    """The adb server on this machine does not answer."""

    code = "adb_server_down"


class HostAwayError(DeviceError):
    """The host that a phone is at is not connected: nothing was asked of the phone."""

    code = "device_disconnected"

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(f"Host {host} is not connected. Check that it runs, and that it reaches this server.")


class ActRefusedError(DeviceError):
    """What was asked of a phone at another host is nothing that the host can do: nothing was done."""


class LicenseInvalidError(FleetlaneError):
    """A licence is not to be trusted: forged, damaged, or older than one installed before."""


class TaskFailedError(FleetlaneError):
    """A script ends its task as failed.

    Args:
        code: a key of `core.outcome.FAILURES`.
        detail: what exactly, appended to the sentence of that code.
        facts: small values for the task's `result` (never secrets).
    """

    def __init__(self, code: str, detail: str = "", facts: Mapping[str, Any] | None = None) -> None:
        self.code = code
        self.detail = detail
        self.facts = dict(facts or {})
        super().__init__(f"{code}: {detail}" if detail else code)


class TaskStoppedError(FleetlaneError):
    """The task's stop flag was seen; nothing more is done on the phone."""


class LeaseLostError(FleetlaneError):
    """This worker has no lease of the phone any more; nothing more is done on it."""

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(f"This server stood still for too long, or another one took over phone {serial}.")


@dataclass
class TranscriptError(FleetlaneError):
    """A transcript cannot be used. `place` is a file, with a line where it is one."""

    place: str
    problem: str
    args: tuple[Any, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.args = (f"{self.place} {self.problem}.",)


class UnknownRequestError(FleetlaneError):
    """A phone that is replayed was asked something that is not in its transcript."""


@dataclass
class PackError(FleetlaneError):
    """A screen pack or app model cannot be used. `place` is a file and a path inside it."""

    place: str
    problem: str
    args: tuple[Any, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.args = (f"{self.place}: {self.problem}",)
