"""The settings: from defaults, a TOML file, the environment and the command line (strongest last).

Read only by the entry points and `bootstrap`; everything else is given values.
"""

from __future__ import annotations

from fleetlane.settings.errors import SettingsError
from fleetlane.settings.folders import DEFAULT_ROOTS
from fleetlane.settings.loading import load_settings
from fleetlane.settings.model import DEFAULT_PORT, Settings
from fleetlane.settings.origins import ResolvedSetting, effective_settings, unused_variables
from fleetlane.settings.sources import config_path, own_config_path

__all__ = [
    "DEFAULT_PORT",
    "DEFAULT_ROOTS",
    "ResolvedSetting",
    "Settings",
    "SettingsError",
    "config_path",
    "effective_settings",
    "load_settings",
    "own_config_path",
    "unused_variables",
]
