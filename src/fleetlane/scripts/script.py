"""What a script is, and what it is given. `scripts.registry` finds those that are installed.

A script is plain synchronous code on its phone's thread. It knows the phone it is given, its
configuration and its journal; it knows nothing of stores, schedules or HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from fleetlane.core.errors import FieldError
from fleetlane.core.folders import AllowedFolders
from fleetlane.core.issue import Issue
from fleetlane.core.material import MaterialRequest
from fleetlane.core.outcome import Outcome
from fleetlane.core.ports.library import MaterialReservations
from fleetlane.core.ports.media import Inspected, MediaInspector
from fleetlane.core.ports.report import Journal
from fleetlane.core.ports.sources import MediaFiles
from fleetlane.core.task import Task
from fleetlane.scripts.media_settings import MediaSettings
from fleetlane.scripts.phone import Phone
from fleetlane.scripts.waits import GRID_S, LONGEST_UPLOAD_S


@dataclass(frozen=True, slots=True)
class ScriptSettings:
    """What the server's owner has set for scripts.

    `folders` are those of this computer that media may be opened in. `accept_music_rights` allows the script to
    accept the app's music statement in the owner's name. `unknown_screen_patience_s` is how long a screen
    nobody knows may stay; `editor_dwell_s` how long an editor is left alone first, None as the app's pack says;
    `upload_patience_s` how long an upload that visibly runs is watched, `grid_patience_s` how long a profile may not
    show the post after it.
    """

    folders: AllowedFolders = field(default_factory=AllowedFolders)
    accept_music_rights: bool = False
    unknown_screen_patience_s: float = 12.0
    editor_dwell_s: float | None = None
    upload_patience_s: float = LONGEST_UPLOAD_S
    grid_patience_s: float = GRID_S


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt, as the script gets it.

    `shelf` gives it what lies in the library, and `inspector` looks into files on this computer. The files and folders
    that its task names are those of `media`: they may lie on another computer.
    """

    task: Task
    phone: Phone
    journal: Journal
    shelf: MaterialReservations
    settings: ScriptSettings
    inspector: MediaInspector
    media: MediaFiles


class Script(Protocol):
    """A script that tasks can name."""

    @property
    def name(self) -> str:
        """Return the name used in `script_name`."""
        ...

    @property
    def listed(self) -> bool:
        """Return whether tasks for it may be created over the API."""
        ...

    @property
    def summary(self) -> str:
        """Return one line for people."""
        ...

    @property
    def sentences(self) -> Sequence[str]:
        """Return the templates of the issues that its plans tell of, for the catalogues of the pages."""
        ...

    @property
    def media_settings(self) -> MediaSettings:
        """Return which of its settings say what media it takes."""
        ...

    @property
    def longest_extra_s(self) -> float:
        """Return the most that `extra_s` returns, in seconds."""
        ...

    def extra_s(self, config: Mapping[str, Any]) -> float:
        """Return how long an attempt may take beyond the server's `task_timeout_s`, in seconds."""
        ...

    def platform(self, config: Mapping[str, Any]) -> str | None:
        """Return the platform that a `script_config` names, which need not have been checked; None for any."""
        ...

    def check(self, config: Mapping[str, Any]) -> Sequence[str]:
        """Check a `script_config` and return warnings.

        Raises:
            InvalidParametersError: with every field that is wrong, paths from `script_config`.
        """
        ...

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of `script_config`."""
        ...

    def preview(self, config: Mapping[str, Any], position: int, seed: int) -> str:
        """Return the text one task would publish, "" when there is none. `config` was checked; media is not looked at.

        Args:
            config: the `script_config`.
            position: the task's index in its batch, from 0.
            seed: fixes what is drawn at random; the task itself gets another one.
        """
        ...

    def run(self, job: Job) -> Outcome:
        """Do the job.

        Raises:
            TaskFailedError, DeviceError, TaskStoppedError: it did not succeed.
        """
        ...


@runtime_checkable
class Verifier(Protocol):
    """A script that can look for what an attempt before this one may have published. Those that publish must."""

    @property
    def findable_by(self) -> Sequence[str]:
        """Return the names of the facts in the journal without which its post cannot be found."""
        ...

    def verify(self, job: Job, facts: Mapping[str, Any]) -> Outcome:
        """Find out whether the post went out, and publish nothing: neither press, confirm nor go on with a draft.

        Args:
            job: the task; its journal is that of the attempt before.
            facts: what that attempt noted with its phases.

        Raises:
            TaskFailedError, DeviceError, TaskStoppedError: nothing was found out.
        """
        ...


@dataclass(frozen=True, slots=True)
class FolderView:
    """What an account finds in a folder: its media in their order, and the text that wins over the task's captions."""

    files: Sequence[Path] = ()
    written: str | None = None
    may_be_elsewhere: bool = False
    """Another account would look into a folder of its own."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What one task would publish, as far as its settings tell.

    Attributes:
        files: the paths its settings name, in order, as they are written.
        library: what it takes from the library.
        folder: the folder it takes files of, and how many of them.
        text: the text it publishes, title included, unless its media brings one of its own.
        shape: which kind of post it is, whatever the app; "" when nothing is published.
    """

    files: Sequence[str] = ()
    library: MaterialRequest | None = None
    folder: tuple[str, int] | None = None
    text: str = ""
    shape: str = ""


class Plan(Protocol):
    """What tasks with the same settings would do. Pure, but for `look_into`."""

    @property
    def media_settings(self) -> MediaSettings:
        """Return which settings say what media is taken."""
        ...

    @property
    def platform(self) -> str | None:
        """Return the platform that the settings name."""
        ...

    @property
    def is_rehearsal(self) -> bool:
        """Return whether nothing is published."""
        ...

    def refused(self, platform: str) -> Sequence[FieldError]:
        """Return the options that a platform's app cannot do, and are not at their default."""
        ...

    def idle(self) -> Sequence[Issue]:
        """Return the options that are given and have no effect beside the others."""
        ...

    def one(self, position: int, seed: int, written: str | None = None) -> Planned:
        """Return what one task would publish; `written` is the text of a folder that wins over the settings' own."""
        ...

    def text_issues(self, text: str, platform: str | None) -> Sequence[Issue]:
        """Return what is to be said of a text on a platform; None: it is not known on which."""
        ...

    def media_issue(self, field: str, name: str, found: Inspected) -> Issue | None:
        """Return what is wrong with a file that was looked at, None when it can be published."""
        ...

    def look_into(self, folder: str, username: str, media: MediaFiles) -> FolderView:
        """Return what an account ("" when it is not known) finds in a folder. Blocking.

        Raises:
            TaskFailedError: it cannot be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class NothingPublished:
    """The plan of a script that publishes nothing, on the app of a platform (None: on whichever is there)."""

    platform: str | None = None
    is_rehearsal: bool = False
    media_settings: MediaSettings = field(default_factory=MediaSettings)

    def refused(self, platform: str) -> Sequence[FieldError]:
        """Return no option."""
        del platform
        return ()

    def idle(self) -> Sequence[Issue]:
        """Return no option."""
        return ()

    def one(self, position: int, seed: int, written: str | None = None) -> Planned:
        """Return nothing."""
        del position, seed, written
        return Planned()

    def text_issues(self, text: str, platform: str | None) -> Sequence[Issue]:
        """Return nothing: there is no text."""
        del text, platform
        return ()

    def media_issue(self, field: str, name: str, found: Inspected) -> Issue | None:
        """Return nothing: there is no media."""
        del field, name, found
        return None

    def look_into(self, folder: str, username: str, media: MediaFiles) -> FolderView:
        """Return nothing: there is no media."""
        del folder, username, media
        return FolderView()


@runtime_checkable
class Planner(Protocol):
    """A script that can say beforehand what its tasks would do. Those that publish must."""

    def plan(self, config: Mapping[str, Any]) -> Plan:
        """Return what tasks with these settings would do; `config` was checked."""
        ...
