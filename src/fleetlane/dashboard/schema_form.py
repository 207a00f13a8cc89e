"""A form from the JSON Schema of a script's settings, and the settings from what was filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.datastructures import FormData

from fleetlane.core.lines import lines_of, with_plain_ends

PREFIX = "config."
_LONG_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of the form. `kind` is choice, yes_no, number, text, lines (one value a line) or long_text."""

    name: str
    kind: str
    description: str
    default: Any
    choices: Sequence[Any] = ()
    least: int | float | None = None
    most: int | float | None = None

    @property
    def key(self) -> str:
        """Return its name in the form."""
        return PREFIX + self.name


def fields(schema: Mapping[str, Any]) -> list[FormField]:
    """Return the fields of a form for a schema, in the schema's order."""
    return [_field(name, described, schema) for name, described in schema.get("properties", {}).items()]


def _field(name: str, described: Mapping[str, Any], schema: Mapping[str, Any]) -> FormField:
    merged = {**_resolved(described, schema), **described}
    choices: Sequence[Any] = merged.get("enum") or ()
    kind = merged.get("type")
    if choices:
        form = "choice"
    elif kind == "boolean":
        form = "yes_no"
    elif kind in ("integer", "number"):
        form = "number"
    elif kind == "array":
        form = "lines"
    else:
        form = "long_text" if merged.get("maxLength", 0) > _LONG_TEXT * 10 else "text"
    default = merged.get("default")
    return FormField(
        name,
        form,
        merged.get("description", ""),
        default,
        choices,
        merged.get("minimum"),
        merged.get("maximum"),
    )


def _resolved(described: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a `$ref`, or the alternative beside null, stands for."""
    if "$ref" in described:
        return schema["$defs"][described["$ref"].rpartition("/")[2]]
    for alternative in described.get("anyOf", ()):
        if alternative.get("type") != "null":
            return _resolved(alternative, schema) or alternative
    return {}


def settings(schema: Mapping[str, Any], form: FormData) -> dict[str, Any]:
    """Return the settings that were filled in; fields left empty are left out.

    A number that is none stays a text: the script's own check then says so.
    """
    found: dict[str, Any] = {}
    for field in fields(schema):
        written = form.get(field.key)
        if field.kind == "yes_no":
            if written is not None:
                found[field.name] = True
        elif isinstance(written, str) and written.strip():
            found[field.name] = _value(field, with_plain_ends(written))
    return found


def _value(field: FormField, written: str) -> Any:
    match field.kind:
        case "choice":
            return next((choice for choice in field.choices if str(choice) == written), written)
        case "number":
            return _number(written)
        case "lines":
            return lines_of(written)
        case _:
            return written


def _number(written: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(written)
        except ValueError:
            continue
    return written
