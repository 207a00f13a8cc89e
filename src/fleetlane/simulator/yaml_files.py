"""Reads the YAML files that people write for simulated phones: clear errors with a place.

What comes with Fleetlane is read by libyaml where PyYAML has it, which is ten times as fast. What others wrote is not:
libyaml ends the process on a text of deep nesting.
"""

from __future__ import annotations

from typing import cast

import yaml

from fleetlane.core.errors import PackError

_FASTEST: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str, place: str, *, shipped: bool = False) -> object:
    """Return what YAML text holds; `shipped`: it comes with Fleetlane.

    Raises:
        PackError: it is no YAML; says where.
    """
    try:
        return cast("object", yaml.load(text, _FASTEST if shipped else yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise PackError(place, f"not YAML: {where}{error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise PackError(place, f"not YAML: {str(error).splitlines()[0]}") from error


def parse_yaml_list(text: str, place: str, what: str) -> list[object]:
    """Return the items of a YAML list; `what` says in an error what they are.

    Raises:
        PackError: it is no YAML, or no list.
    """
    raw = parse_yaml(text, place)
    if not isinstance(raw, list):
        raise PackError(place, f"holds a list of {what}, each beginning with `- `")
    return cast("list[object]", raw)
