"""The scripts that are installed: Fleetlane's own and those of others, found by their entry points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points

from fleetlane.core.errors import ScriptUnknownError
from fleetlane.scripts.guest import BrokenScript, load
from fleetlane.scripts.script import Script

_GROUP = "fleetlane.scripts"


@dataclass(frozen=True, slots=True)
class _Installed:
    """The scripts that can be used, by name, and those that are installed and cannot."""

    usable: Mapping[str, Script]
    broken: Sequence[BrokenScript]


@cache
def _all() -> _Installed:
    return _Installed(*load(entry_points(group=_GROUP)))


def scripts() -> Mapping[str, Script]:
    """Return the installed scripts by name (entry points of the group `fleetlane.scripts`)."""
    return _all().usable


def broken_scripts() -> Sequence[BrokenScript]:
    """Return the scripts that are installed and cannot be used, by name."""
    return _all().broken


def script(name: str, *, listed_only: bool = False) -> Script:
    """Return a script by its name; `listed_only` leaves out those that callers of the API may not name.

    Raises:
        ScriptUnknownError: there is none, or it could not be loaded.
    """
    known = scripts()
    listed = [script_.name for script_ in known.values() if script_.listed]
    if name not in known or (listed_only and name not in listed):
        why = next((one.error for one in broken_scripts() if one.name == name), "")
        raise ScriptUnknownError(name, listed, why)
    return known[name]
