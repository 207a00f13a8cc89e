"""What a script is, and the registry that finds the scripts that are installed.

A script is plain synchronous code on its phone's thread. It knows the phone it is given, its
configuration and its journal; it knows nothing of stores, schedules or HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Protocol, runtime_checkable

from fleetlane.core.errors import ScriptUnknownError
from fleetlane.core.folders import AllowedFolders
from fleetlane.core.outcome import Outcome
from fleetlane.core.ports.library import Shelf
from fleetlane.core.ports.media import MediaInspector
from fleetlane.core.ports.report import Journal
from fleetlane.core.task import Task
from fleetlane.scripts.phone import Phone
from fleetlane.scripts.waits import GRID_S, LONGEST_UPLOAD_S

_GROUP = "fleetlane.scripts"


@dataclass(frozen=True, slots=True)
class ScriptSettings:
    """What the server's owner has set for scripts.

    `folders` are those media may be opened in. `accept_music_rights` allows the script to
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
    """One attempt, as the script gets it. `shelf` gives it what lies in the library, `inspector` looks into files."""

    task: Task
    phone: Phone
    journal: Journal
    shelf: Shelf
    settings: ScriptSettings
    inspector: MediaInspector


class Script(Protocol):
    """A script that tasks can name."""

    @property
    def name(self) -> str:
        """Return the name used in `script_name`."""
        ...

    @property
    def offered(self) -> bool:
        """Return whether tasks for it may be created over the API."""
        ...

    @property
    def summary(self) -> str:
        """Return one line for people."""
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

    def verify(self, job: Job, facts: Mapping[str, Any]) -> Outcome:
        """Find out whether the post went out, and publish nothing: neither press, confirm nor go on with a draft.

        Args:
            job: the task; its journal is that of the attempt before.
            facts: what that attempt noted with its phases.

        Raises:
            TaskFailedError, DeviceError, TaskStoppedError: nothing was found out.
        """
        ...


@cache
def scripts() -> Mapping[str, Script]:
    """Return the installed scripts by name (entry points of the group `fleetlane.scripts`)."""
    found: dict[str, Script] = {entry.name: entry.load() for entry in entry_points(group=_GROUP)}
    return dict(sorted(found.items()))


def script(name: str, *, offered_only: bool = False) -> Script:
    """Return a script by its name; `offered_only` leaves out those that callers of the API may not name.

    Raises:
        ScriptUnknownError: there is none.
    """
    known = scripts()
    offered = [script_.name for script_ in known.values() if script_.offered]
    if name not in known or (offered_only and name not in offered):
        raise ScriptUnknownError(name, offered)
    return known[name]
