"""Who gives each setting its value: the command line, the environment, the file, or the default."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleetlane.settings.model import Settings
from fleetlane.settings.sources import CONFIG_VARIABLE, PREFIX, config_path, keys_of, variable_of

_STARTED_WITH = "the command line"


@dataclass(frozen=True, slots=True)
class ResolvedSetting:
    """A setting, its value, and its source: "default", the command line, a variable, or the file."""

    name: str
    value: Any
    origin: str

    @property
    def text(self) -> str:
        """Return the value as people read it; a secret stays one."""
        if self.value is None:
            return "-"
        return str(self.value) if isinstance(self.value, Path) else json.dumps(self.value, default=str)


def effective_settings(settings: Settings) -> Iterator[ResolvedSetting]:
    """Yield what holds, setting by setting, and where each comes from."""
    origins = origins_of(())
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        is_default = value == field.get_default(call_default_factory=True, validated_data={})
        yield ResolvedSetting(name, value, origins.get(name, "default" if is_default else _STARTED_WITH))


def unused_variables() -> list[str]:
    """Return a sentence for each variable of the environment that looks like a setting and is none."""
    known = {variable_of(name) for name in Settings.model_fields} | {CONFIG_VARIABLE}
    return [
        f"{name}: there is no such setting{meant(name.upper(), known)}. Take it out of the environment."
        for name in sorted(os.environ)
        if name.upper().startswith(PREFIX) and name.upper() not in known
    ]


def origins_of(overrides: Collection[str]) -> dict[str, str]:
    """Return who gives a value to each setting that anybody gives one to; the strongest.

    Args:
        overrides: names of the settings that the command line gives.
    """
    path = config_path()
    found = dict.fromkeys(keys_of(path), str(path)) if path else {}
    variables = {name.upper() for name in os.environ}
    found |= {name: variable_of(name) for name in Settings.model_fields if variable_of(name) in variables}
    return found | {name: f"--{name.replace('_', '-')}" for name in overrides}


def meant(name: str, known: Collection[str]) -> str:
    """Return the end of a sentence about an unknown name: the known one that is nearest, or nothing."""
    near = difflib.get_close_matches(name, known, 1)
    return f"; {near[0]} is meant, perhaps" if near else ""
