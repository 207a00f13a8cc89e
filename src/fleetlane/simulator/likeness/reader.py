"""Reads likenesses: YAML files that give a simulated phone its traits (see `simulator.likeness.traits`).

about: as real, with UI trees of 3 s
like: real            # what it begins with; ideal when left out
traits: {dump_s: 3}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fleetlane.core.document import known_keys, mapping, text_of
from fleetlane.core.errors import PackError
from fleetlane.simulator.likeness.spans import Span, read_span
from fleetlane.simulator.likeness.traits import ABOUT, IDEAL, NAMES, Traits
from fleetlane.simulator.yaml_files import parse_yaml

FOLDER = Path(__file__).parent / "profiles"
BUILTIN = ("ideal", "real", "slow")
_SHARES = ("dump_fails", "dump_empty")
_KEYS = ("about", "like", "traits")


def likeness(name: str) -> Traits:
    """Return the traits of a built-in likeness, or of a file.

    Raises:
        PackError: there is none of that name, or something in it is wrong; says where.
    """
    if name in BUILTIN:
        return _builtin(name)
    path = Path(name)
    if not path.is_file():
        raise PackError("--like", f"there is no {name!r}; known: {', '.join(BUILTIN)}, or a YAML file")
    return _load(path)


@cache
def _builtin(name: str) -> Traits:
    return _load(FOLDER / f"{name}.yaml")


def _load(path: Path) -> Traits:
    place = path.name
    raw = mapping(parse_yaml(text_of(path), place), place)
    known_keys(raw, _KEYS, place)
    base = str(raw.get("like", "ideal"))
    if base not in BUILTIN:
        raise PackError(f"{place}.like", f"there is no {base!r}; known: {', '.join(BUILTIN)}")
    former = IDEAL if path.parent == FOLDER and base == "ideal" else _builtin(base)
    return changed(former, mapping(raw.get("traits") or {}, f"{place}.traits"), f"{place}.traits")


def changed(traits: Traits, values: Mapping[str, Any], place: str) -> Traits:
    """Return traits with some of them changed to what YAML says.

    Raises:
        PackError: there is no such trait, or it cannot have that value.
    """
    return replace(traits, **trait_values(values, place))


def trait_values(values: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return what YAML says of some traits (see `changed`)."""
    known_keys(values, NAMES, place)
    return {name: trait_value(name, value, place) for name, value in values.items()}


def set_by_words(traits: Traits, words: Sequence[str]) -> Traits:
    """Return traits changed as the command line says, each word `NAME=VALUE` with a value in YAML.

    Raises:
        PackError: a word says nothing of the kind.
    """
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise PackError("--set", f"{word!r} is not NAME=VALUE")
        traits = changed(traits, {name: parse_yaml(value, f"--set {name}")}, "--set")
    return traits


def trait_value(name: str, value: object, place: str) -> object:
    """Return what a YAML value means for a trait.

    Raises:
        PackError: it cannot have that value.
    """
    try:
        match getattr(IDEAL, name):
            case Span():
                return read_span(value)
            case bool():
                return _bool(value)
            case str():
                return _text(value, ABOUT[name].known)
            case _:
                return _number(name, value)
    except ValueError as error:
        given = yaml.safe_dump(value, default_flow_style=True).partition("\n")[0]
        raise PackError(f"{place}.{name}", f"{error}; not {given}") from error


def _bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is true or false")  # noqa: TRY004 - what a file says is wrong, not the program
    return value


def _text(value: object, known: Sequence[str]) -> str:
    if not isinstance(value, str) or (known and value not in known):
        raise ValueError(f"is one of {', '.join(known)}" if known else "is a text")
    return value


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError("is a number from 0 on")
    if name in _SHARES and value > 1:
        raise ValueError("is a share from 0 to 1")
    return value
