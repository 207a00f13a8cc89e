"""How a task can end: every error code a user can meet, its class and its sentence.

`FAILURES` is the one list; the remark of a task, the documentation and the retry rules come from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fleetlane.core.errors import (
    DeviceError,
    LeaseLostError,
    ScriptUnknownError,
    StoreError,
    TaskFailedError,
    TaskStoppedError,
)
from fleetlane.core.message import Message
from fleetlane.core.remark import Remark, RemarkTemplate
from fleetlane.core.storable import said_by, text


class FailureClass(StrEnum):
    """What may be done about a failure."""

    TRANSIENT = "transient"
    """May be temporary; retried automatically when auto retry is on."""
    NEEDS_PERSON = "needs_person"
    """Somebody has to look at the phone first."""
    BAD_INPUT = "bad_input"
    """The task itself must change."""
    UNKNOWN = "unknown"
    """Nobody can say whether the post went out; never retried automatically."""
    STOPPED = "stopped"
    """Stopped on request; never retried automatically."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One way to fail. `sentence` tells a person what happened and what to do."""

    failure_class: FailureClass
    sentence: str


_LONGEST_CODE = 100
_T, _P, _B = FailureClass.TRANSIENT, FailureClass.NEEDS_PERSON, FailureClass.BAD_INPUT

FAILURES: Mapping[str, Failure] = {
    # The request and its media.
    "config_invalid": Failure(_B, "The script's settings are not valid."),
    "media_missing": Failure(
        _B, "A media file could not be opened. Check that it exists on this computer, in a folder of material_roots."
    ),
    "media_invalid": Failure(_B, "A media file is not whole, or not what its name says."),
    "material_not_reached": Failure(
        _T, "The media could not be fetched from the server. Check the network between the two computers."
    ),
    "media_not_enough": Failure(_B, "There are fewer unused media files than the task needs."),
    "caption_too_long": Failure(_B, "The caption is longer than the app allows."),
    "caption_refused": Failure(_B, "The app did not keep the caption as it was typed."),
    # The phone and the way to it.
    "device_disconnected": Failure(_T, "The phone was disconnected. Check its cable and power."),
    "device_timeout": Failure(_T, "The phone stopped answering."),
    "device_error": Failure(_T, "The phone refused a command."),
    "driver_broken": Failure(_T, "The automation service on the phone could not be started."),
    "adb_server_down": Failure(_T, "The adb server on this computer does not answer."),
    "storage_full": Failure(_P, "The phone has no room for the media. Free some storage on it."),
    "screen_locked": Failure(_P, "The phone's screen is locked. Unlock it and remove its screen lock."),
    "input_not_allowed": Failure(
        _P, "The phone lets this computer tap nothing. Switch that on in its settings, then retry."
    ),
    "first_unlock": Failure(_P, "The phone was not unlocked since it was restarted. Unlock it once."),
    "gallery_timeout": Failure(_T, "The phone's gallery did not show the media in time."),
    # The app.
    "app_not_installed": Failure(_P, "The app is not installed on this phone."),
    "app_crashed": Failure(_T, "The app crashed."),
    "app_not_responding": Failure(_T, "The app stopped responding."),
    "share_refused": Failure(_T, "The phone refused to hand the media to the app."),
    "permission_missing": Failure(_P, "The app may not read the phone's media. Allow it in the phone's settings."),
    "not_logged_in": Failure(_P, "No account is signed in to the app. Sign in on the phone."),
    "wrong_account": Failure(_P, "The account signed in to the app is not the one of the task."),
    "security_check": Failure(_P, "The app asks for a security check. Complete it on the phone."),
    "account_disabled": Failure(_P, "The account is disabled. Enable it, or take another one."),
    "account_blocked": Failure(_P, "The app says that the account is blocked or limited."),
    "needs_consent": Failure(_P, "The app asks for a legal statement that only the owner can accept."),
    "screen_unrecognised": Failure(_P, "The app shows a screen that is not known. See the trace."),
    "screen_stuck": Failure(_T, "The app did not go on from a screen."),
    "step_unavailable": Failure(_P, "The app does not offer a step that the task asks for."),
    "upload_failed": Failure(_T, "The app said that the upload failed."),
    "not_published": Failure(_T, "The app did not take the post; nothing was published."),
    "deadline_exceeded": Failure(_T, "The task took longer than it may."),
    "outcome_unknown": Failure(
        FailureClass.UNKNOWN,
        "The post was sent, but it could not be seen whether it went out. Look at the profile.",
    ),
    # The server.
    "server_interrupted": Failure(_T, "The server was stopped while the task ran."),
    "missed_start": Failure(
        _B, "The task could not begin in time. Give it another start time, or retry it to post it now."
    ),
    "repeat": Failure(
        _B, "The same post waits or went out there already. Retry it with allow_repeat to post it all the same."
    ),
    "store_failed": Failure(_T, "The server could not store how far the task had come, so it went no further."),
    "script_error": Failure(_P, "The script failed unexpectedly. The log has the details."),
    "script_failed": Failure(_P, "The script ended the task with an error of its own."),
    "script_unavailable": Failure(_P, "The script of the task is not there, or could not be loaded."),
    "stopped": Failure(FailureClass.STOPPED, "stopped"),
}


SERVERS_OWN = frozenset({"server_interrupted", "store_failed", "stopped"})
"""Codes that only the server says: what scripts say decides neither on a stop nor on a task that runs again."""
SCRIPT_CODE = "script_code"
"""Where a task's result keeps the code that a script gave itself, which `FAILURES` does not know."""

REMARKS = (*(failure.sentence for failure in FAILURES.values()), *(template.value for template in RemarkTemplate))
"""The templates that remarks are made of, beside details in no fixed words."""


class PublishState(StrEnum):
    """What is known about the post itself."""

    PUBLISHED = "published"
    NOT_PUBLISHED = "not_published"
    UNKNOWN = "unknown"
    DRY_RUN = "dry_run"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. `error_code` is None when it went well.

    `remark` may be plain text, which no page translates. `unseen`: the post is in doubt, and a later look may find it.
    `asks`: the error code of what a person must see to before a look can tell, "" for nothing.
    """

    error_code: str | None
    remark: Remark | str
    publish_state: PublishState
    result: Mapping[str, Any] = field(default_factory=dict[str, Any])
    unseen: bool = False
    asks: str = ""

    @property
    def ok(self) -> bool:
        """Return whether the attempt did what was asked."""
        return self.error_code is None

    @property
    def failure_class(self) -> FailureClass | None:
        """Return the class of the failure, or None when it went well."""
        return failure_of(self.error_code).failure_class if self.error_code else None


def failure_of(code: str) -> Failure:
    """Return what an error code means. A script's own, or one of another version, means that a script failed."""
    return FAILURES.get(code) or FAILURES["script_failed"]


def remark_of(error: TaskFailedError) -> Remark:
    """Return the sentence of an error, and what it says more."""
    return Remark.of(failed(error.code, error.detail).remark)


def succeeded(remark: Remark | Message | str, publish_state: PublishState, result: Mapping[str, Any]) -> Outcome:
    """Return the outcome of an attempt that went well."""
    return Outcome(None, Remark.of(remark), publish_state, result)


def failed(
    code: str,
    detail: Remark | Message | str = "",
    result: Mapping[str, Any] | None = None,
    *,
    unseen: bool = False,
    asks: str = "",
) -> Outcome:
    """Return the outcome for an error code. `detail` is added to the code's sentence.

    A code that is not one of `FAILURES` is a script's own: it stands in the result and the remark, and the task's
    error code is `script_failed`.
    """
    if code not in FAILURES:
        return script_failed(code, detail, result)
    remark = Remark.of(Message(FAILURES[code].sentence), detail)
    state = PublishState.UNKNOWN if code == "outcome_unknown" else PublishState.NOT_PUBLISHED
    return Outcome(code, remark, state, dict(result or {}), unseen, asks)


def script_failed(code: object, detail: Remark | Message | str, result: Mapping[str, Any] | None = None) -> Outcome:
    """Return the outcome for a code of the script's own."""
    own = text(code, _LONGEST_CODE)
    return failed("script_failed", f"{own}: {detail}" if detail else own, {**(result or {}), SCRIPT_CODE: own})


def from_error(error: BaseException) -> Outcome:
    """Return the outcome for what a script raised. Anything not foreseen is `script_error`."""
    match error:
        case TaskStoppedError():
            return failed("stopped")
        case LeaseLostError():
            return failed("server_interrupted", text(error))
        case StoreError():
            return failed("store_failed", text(error))
        case TaskFailedError():
            return failed(error.code, error.detail, error.facts)
        case DeviceError():
            return failed(error.code, text(error))
        case ScriptUnknownError():
            return failed("script_unavailable", text(error))
        case _:
            return failed("script_error", said_by(error))
