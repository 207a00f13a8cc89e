"""Where settings are written: the settings file and the environment, and what each is called there."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import platformdirs
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource

from fleetlane.settings.errors import SettingsError

PREFIX = "FLEETLANE_"
"""Of each variable that is a setting."""
CONFIG_VARIABLE = "FLEETLANE_CONFIG"
"""The variable that names the settings file."""


class FileSource(TomlConfigSettingsSource):
    """The settings file."""

    def __call__(self) -> dict[str, Any]:
        """Return what it says."""
        return _whole(super().__call__())


class EnvironmentSource(EnvSettingsSource):
    """The environment; a list that is no JSON is left to be refused with all else that is wrong."""

    def __call__(self) -> dict[str, Any]:
        """Return what it says."""
        return _whole(super().__call__())

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Return a list from its JSON."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def _whole(values: dict[str, Any]) -> dict[str, Any]:
    """Keep mappings from being merged with those that another source says: the last source wins, whole."""
    return {
        name: MappingProxyType(cast("dict[str, Any]", value)) if isinstance(value, dict) else value
        for name, value in values.items()
    }


def config_path() -> Path | None:
    """Return the settings file: FLEETLANE_CONFIG, else the user's own; None when there is none."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        path = Path(named)
        if not path.is_file():
            raise SettingsError.of([f"{CONFIG_VARIABLE} names {path}, which is not a file."])
        return path
    path = own_config_path()
    return path if path.is_file() else None


def own_config_path() -> Path:
    """Return where the user's own settings file is, or would be."""
    return Path(platformdirs.user_config_dir("fleetlane", appauthor=False)) / "fleetlane.toml"


def keys_of(path: Path) -> list[str]:
    """Return the names of the settings that a settings file gives a value to.

    Raises:
        OSError: it cannot be read.
        tomllib.TOMLDecodeError: it is no TOML.
    """
    with path.open("rb") as file:
        return list(tomllib.load(file))


def variable_of(name: str) -> str:
    """Return what a setting is called in the environment."""
    return f"{PREFIX}{name.upper()}"
