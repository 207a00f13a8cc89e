"""Loading the settings, with a sentence for each fault: what is wrong, where it is written, and how to correct it."""

from __future__ import annotations

import codecs
import os
import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fleetlane.settings.errors import Contradictions, SettingsError
from fleetlane.settings.model import Settings
from fleetlane.settings.origins import meant, origins_of
from fleetlane.settings.sources import PREFIX, config_path, variable_of

_IN_JSON = {"list_type": '["a", "b"]', "dict_type": '{"instagram": ["com.instagram.androim"]}'}
"""How a value that is no text is written in the environment, by what pydantic calls its fault."""


def load_settings(**overrides: Any) -> Settings:
    """Return the settings. `overrides` that are not None win over everything.

    Raises:
        SettingsError: one or more are wrong; all of them are named.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    if faults := _undecodable():
        raise SettingsError.of(faults)
    try:
        return Settings(**given)
    except ValidationError as error:
        origins = origins_of(given)
        faults = [sentence for item in error.errors() for sentence in _sentences(item, origins)]
        raise SettingsError.of([*faults, *_contradictions(given, error)]) from error
    except (OSError, ValueError) as error:
        raise SettingsError.of([f"The settings file {config_path()} cannot be read: {_unreadable(error)}."]) from error


def _undecodable() -> list[str]:
    """Return a sentence for each variable of a setting that is no text."""
    return [
        f"{name}: it is not UTF-8 text. Set it anew, or take it out of the environment."
        for name, value in sorted(os.environ.items())
        if name.upper().startswith(PREFIX) and any("\ud800" <= character <= "\udfff" for character in value)
    ]


def _unreadable(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8; save it as UTF-8"
    path = config_path()
    if isinstance(error, tomllib.TOMLDecodeError) and path and path.read_bytes().startswith(codecs.BOM_UTF8):
        return "it begins with a byte order mark; save it as UTF-8 without one"
    return str(error)


def _contradictions(given: Mapping[str, Any], error: ValidationError) -> list[str]:
    """Return how the settings that are well by themselves contradict each other, while others are wrong."""
    wrong = {str(item["loc"][0]) for item in error.errors() if item["loc"]}
    if not wrong or not wrong <= set(Settings.model_fields):
        return []  # told of already, or not to be asked for
    defaults = {
        name: Settings.model_fields[name].get_default(call_default_factory=True, validated_data={}) for name in wrong
    }
    try:
        Settings(**{**given, **defaults})
    except ValidationError as other:
        return [sentence for item in other.errors() for sentence in _sentences(item, {})]
    return []


def _sentences(fault: ErrorDetails, origins: Mapping[str, str]) -> list[str]:
    """Return what is wrong, a sentence for each fault."""
    cause: object = fault.get("ctx", {}).get("error")
    if isinstance(cause, Contradictions):
        return [f"{problem}." for problem in cause.faults]
    return [_sentence(fault, origins)]


def _sentence(fault: ErrorDetails, origins: Mapping[str, str]) -> str:
    """Return what is wrong with a setting, where, and how to correct it."""
    problem = fault["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    if not fault["loc"]:
        return f"{problem}."
    name, key = str(fault["loc"][0]), ".".join(str(part) for part in fault["loc"])
    origin = origins.get(name, "the command line")
    if name not in Settings.model_fields:
        return f"{key}: there is no such setting{meant(name, Settings.model_fields)}. Take it out of {origin}."
    if name == "token":
        return f"token: {problem}. Correct it in {origin}, or take it out."  # not what it is
    if fault["type"] in _IN_JSON and origin == variable_of(name):
        problem += f" in JSON, such as {_IN_JSON[fault['type']]}"
    return f"{key}: {problem}; {origin} says {fault['input']!r}. Correct it there, or take it out."
