"""Options nobody knows: harmless while they are empty, refused when something was asked for that cannot be kept."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from fleetlane.core.errors import FieldError, InvalidParametersError
from fleetlane.core.issue import IGNORED, Issue, warning
from fleetlane.core.message import Message
from fleetlane.scripts.registry import scripts
from fleetlane.scripts.script import Script

IGNORED_OPTION = "%(option)s is not known and was ignored"
SENTENCES = (IGNORED_OPTION,)
_TELLING = ("start", "time", "schedule", "date", "delay", "draft", "dry")
"""A name with one of these in it says when, or whether, something is to be published."""
_CLOSE = 0.75
_MOST_UNKNOWN = 200
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Unknown:
    """What is not known in a request: what is refused, and what is only told of."""

    errors: Sequence[FieldError] = ()
    issues: Sequence[Issue] = ()


def schema_of(script: Script) -> Mapping[str, Any] | None:
    """Return the schema of a script, None when it cannot describe its settings: its own check is all there is then."""
    try:
        return script.schema()
    except InvalidParametersError:
        return None


def is_empty(value: Any) -> bool:
    """Return whether a value asks for nothing: null, false, 0, "", or only such values inside."""
    if isinstance(value, Mapping):
        return all(is_empty(item) for item in cast("Mapping[Any, Any]", value).values())
    if isinstance(value, (list, tuple)):
        return all(is_empty(item) for item in cast("Sequence[Any]", value))
    return not value or (isinstance(value, str) and not value.strip())


def unknown_options(script_name: str, schema: Mapping[str, Any], config: Mapping[str, Any], *, refuse: bool) -> Unknown:
    """Return the keys of a `script_config` that the script's schema does not have, at any depth.

    Args:
        script_name: whose settings they are.
        schema: the JSON Schema of the settings.
        config: the settings.
        refuse: refuse those with a value; else they are only told of. More than anybody means are always refused.
    """
    errors: list[FieldError] = []
    issues: list[Issue] = []
    found = list(islice(_unknown_in(schema, schema, config, "script_config"), _MOST_UNKNOWN + 1))
    if len(found) > _MOST_UNKNOWN:
        return Unknown([_too_many("script_config")])
    for path, value, known in found:
        if refuse and not is_empty(value):
            errors.append(FieldError(path, f"is not known to the script {script_name}{_meant(path, known)}"))
        else:
            issues.append(warning(path, IGNORED, Message(IGNORED_OPTION, {"option": path})))
    return Unknown(errors, issues)


def unknown_fields(fields: Mapping[str, Any], known: Collection[str], *, refuse: bool) -> Unknown:
    """Return what is wrong with the fields of a request that are not known, beside `script_config`.

    Args:
        fields: their values by their names.
        known: the fields there are.
        refuse: refuse those that an option or a time may have been meant by; else they are only told of.
    """
    if len(fields) > _MOST_UNKNOWN:
        return Unknown([_too_many("body")])
    errors: list[FieldError] = []
    issues: list[Issue] = []
    for whole, value in sorted(fields.items()):
        name = _shown(whole)
        if refuse and not is_empty(value) and (why := _must_not_be_lost(name, known)):
            errors.append(FieldError(name, why))
        else:
            issues.append(warning(name, IGNORED, Message(IGNORED_OPTION, {"option": f"the field {name}"})))
    return Unknown(errors, issues)


def unknown_parameters(names: Collection[str], known: Collection[str], fields: Collection[str]) -> list[FieldError]:
    """Return the parameters of a request's address that must not be lost, though they are not known.

    Args:
        names: the parameters that are not known.
        known: the parameters there are.
        fields: the fields of the request's body.
    """
    errors: list[FieldError] = []
    for name in sorted(names):
        if name in fields:
            errors.append(FieldError(name, "belongs in the body of the request, not in its address"))
        elif why := _must_not_be_lost(name, known):
            errors.append(FieldError(name, why))
    return errors


def _too_many(field: str) -> FieldError:
    return FieldError(field, f"holds more than {_MOST_UNKNOWN} names that are not known")


def _shown(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"


def _must_not_be_lost(name: str, known: Collection[str]) -> str | None:
    bare = _bare(name)
    if bare in {_bare(one) for one in known}:
        return f"is not known{_meant(name, known)}"
    if any(bare in {_bare(option) for option in _properties(schema_of(one) or {})} for one in scripts().values()):
        return "is an option of a script: it belongs in script_config"
    if any(word in name.casefold() for word in _TELLING):
        return f"is not known, and must not be lost{_meant(name, known)}"
    return None


def _unknown_in(
    whole: Mapping[str, Any], schema: Mapping[str, Any], value: Any, path: str
) -> Iterator[tuple[str, Any, Collection[str]]]:
    """Yield path and value of what a schema does not know, and what it knows in that place."""
    if isinstance(value, Mapping):
        known = _properties(schema, whole)
        is_open = _is_open(schema, whole)
        for name, item in sorted(cast("Mapping[str, Any]", value).items()):
            if name in known:
                yield from (
                    _unknown_in(whole, known[name], item, f"{path}.{name}") if _has_own(known[name], whole) else ()
                )
            elif not is_open:
                yield f"{path}.{_shown(name)}", item, known
    elif isinstance(value, list):
        items = next((form["items"] for form in _forms(schema, whole) if isinstance(form.get("items"), Mapping)), None)
        if items is not None and _has_own(items, whole):
            for index, item in enumerate(cast("list[Any]", value)):
                yield from _unknown_in(whole, items, item, f"{path}.{index}")


def _has_own(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    """Return whether a schema says what is inside: one that does not takes everything."""
    return any("properties" in form or "items" in form for form in _forms(schema, whole))


def _properties(schema: Mapping[str, Any], whole: Mapping[str, Any] | None = None) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for form in _forms(schema, whole or schema):
        found.update(form.get("properties") or {})
    return found


def _is_open(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    """Return whether a schema says that it takes other keys, too."""
    return any(form.get("additionalProperties") or form.get("patternProperties") for form in _forms(schema, whole))


def _forms(schema: Mapping[str, Any], whole: Mapping[str, Any], deep: int = 0) -> Iterator[Mapping[str, Any]]:
    """Yield a schema, and those it refers to or is made of."""
    yield schema
    if deep > 8:
        return
    reference = str(schema.get("$ref", ""))
    if reference.startswith("#/$defs/"):
        yield from _forms(whole.get("$defs", {}).get(reference.rpartition("/")[2], {}), whole, deep + 1)
    for word in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(word, ()):
            yield from _forms(part, whole, deep + 1)


def _meant(path: str, known: Collection[str]) -> str:
    """Return a question for the nearest known name, "" when none is near."""
    bare = {_bare(name): name for name in known}
    near = difflib.get_close_matches(_bare(path.rpartition(".")[2]), list(bare), n=1, cutoff=_CLOSE)
    return f"; was {bare[near[0]]} meant?" if near else ""


def _bare(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")
