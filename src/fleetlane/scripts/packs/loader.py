"""Reads screen packs (YAML) into `core.recognition` values, and says where a pack is wrong.

The format is described in docs/screen-packs.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

import yaml

from fleetlane.core.document import known_keys, mapping, strings
from fleetlane.core.errors import PackError
from fleetlane.core.recognition import Action, Condition, Element, Pack, Pick, ScreenRule, Selector
from fleetlane.core.screen import normalise

_SELECTOR_KEYS = {
    "text", "desc", "label", "starts", "has", "pattern", "id", "not_id", "id_package", "class", "not_class", "package",
    "clickable", "checked", "selected", "focused", "area", "min_width", "pick",
}  # fmt: skip
_SCREEN_KEYS = {"name", "needs", "not", "do", "any_package", "unverified", "person", "fail", "dismiss"}
_PACK_KEYS = {"app", "packages", "words", "elements", "screens", "facts"}


@cache
def load_packs() -> tuple[Pack, ...]:
    """Return the packs that come with Fleetlane: the system's first, then the apps'."""
    folder = resources.files("fleetlane.scripts.packs")
    return tuple(
        load_pack(folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")
        for name in ("android", "tiktok", "instagram")
    )


def load_pack_file(path: Path) -> Pack:
    """Return the pack in a file."""
    return load_pack(path.read_text(encoding="utf-8"), path.name)


def load_pack(text: str, place: str) -> Pack:
    """Return the pack described by YAML text.

    Args:
        text: the YAML.
        place: what to call it in errors.

    Raises:
        PackError: it is no pack; says where.
    """
    try:
        raw: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PackError(place, f"not YAML: {error}") from error
    return _Reader(place, mapping(raw, place)).pack()


class _Reader:
    """Reads one pack; carries its words and elements."""

    def __init__(self, place: str, raw: Mapping[str, Any]) -> None:
        self.place = place
        self.raw = raw
        known_keys(raw, _PACK_KEYS, place)
        self.words: dict[str, list[str]] = {
            name: strings(value, f"{place}: words.{name}")
            for name, value in mapping(raw.get("words", {}), f"{place}: words").items()
        }
        self.elements: dict[str, Element] = {}
        for name, value in mapping(raw.get("elements", {}), f"{place}: elements").items():
            self.elements[name] = self._element(value, name, f"{place}: elements.{name}")

    def pack(self) -> Pack:
        screens = [self._screen(value, index) for index, value in enumerate(self.raw.get("screens", []))]
        return Pack(
            app=str(self.raw["app"]),
            packages=tuple(strings(self.raw.get("packages", []), f"{self.place}: packages")),
            elements=self.elements,
            screens=tuple(screens),
            facts=mapping(self.raw.get("facts", {}), f"{self.place}: facts"),
        )

    def _screen(self, value: object, index: int) -> ScreenRule:
        place = f"{self.place}: screens[{index}]"
        raw = mapping(value, place)
        known_keys(raw, _SCREEN_KEYS, place)
        name = str(raw.get("name", ""))
        place = f"{self.place}: screen {name!r}"
        if not name or not raw.get("needs"):
            raise PackError(place, "a screen has a `name` and what it `needs`")
        return ScreenRule(
            name=name,
            needs=self._conditions(raw["needs"], f"{place}: needs"),
            refuses=self._conditions(raw.get("not", []), f"{place}: not"),
            actions=self._actions(raw, place),
            any_package=bool(raw.get("any_package", False)),
            unverified=bool(raw.get("unverified", False)),
        )

    def _actions(self, raw: Mapping[str, Any], place: str) -> dict[str, Action]:
        actions: dict[str, Action] = {}
        if "person" in raw:
            actions["*"] = Action("person", argument=str(raw["person"]))
        if "fail" in raw:
            actions["*"] = Action("fail", argument=str(raw["fail"]))
        if "dismiss" in raw:
            actions["*"] = Action("tap", self._named(raw["dismiss"], f"{place}: dismiss"))
        for goals, value in mapping(raw.get("do", {}), f"{place}: do").items():
            action = self._action(value, f"{place}: do.{goals}")
            actions.update({goal.strip(): action for goal in goals.split(",")})
        return actions

    def _action(self, value: object, place: str) -> Action:
        if isinstance(value, str):
            return Action(value)
        raw = dict(mapping(value, place))
        unverified = bool(raw.pop("unverified", False))
        careful = bool(raw.pop("careful", False))
        argument = str(raw.pop("argument", ""))
        if len(raw) != 1:
            raise PackError(place, "an action is one verb, such as {tap: next}")
        [(verb, target)] = raw.items()
        return Action(verb, self._named(target, place), argument, careful, unverified)

    def _conditions(self, value: object, place: str) -> tuple[Condition, ...]:
        items = cast("list[object]", value) if isinstance(value, list) else [value]
        return tuple(self._condition(item, f"{place}[{i}]") for i, item in enumerate(items))

    def _condition(self, value: object, place: str) -> Condition:
        if isinstance(value, dict) and "any" in value:
            raw = mapping(cast("object", value), place)
            members = tuple(self._named(item, place) for item in raw["any"])
            return Condition(members, int(raw.get("at_least", 1)))
        if isinstance(value, dict) and "at_least" in value:
            raw = dict(mapping(cast("object", value), place))
            count = int(raw.pop("at_least"))
            return Condition((self._named(raw.pop("of"), place),), count)
        return Condition((self._named(cast("object", value), place),))

    def _named(self, value: object, place: str) -> Element:
        if isinstance(value, str):
            if value not in self.elements:
                raise PackError(place, f"there is no element {value!r}")
            return self.elements[value]
        return self._element(value, "", place)

    def _element(self, value: object, name: str, place: str) -> Element:
        items = cast("list[object]", value) if isinstance(value, list) else [value]
        return Element(name, tuple(self._selector(mapping(item, place), place) for item in items))

    def _selector(self, raw: Mapping[str, Any], place: str) -> Selector:
        known_keys(raw, _SELECTOR_KEYS, place)
        area = raw.get("area")
        return Selector(
            texts=self._texts(raw, "text", place),
            descs=self._texts(raw, "desc", place),
            labels=self._texts(raw, "label", place),
            starts=tuple(sorted(self._texts(raw, "starts", place))),
            has=tuple(sorted(self._texts(raw, "has", place))),
            pattern=_pattern(raw.get("pattern"), place),
            ids=frozenset(strings(raw.get("id", []), place)),
            not_ids=frozenset(strings(raw.get("not_id", []), place)),
            id_packages=frozenset(strings(raw.get("id_package", []), place)),
            classes=tuple(strings(raw.get("class", []), place)),
            not_classes=tuple(strings(raw.get("not_class", []), place)),
            packages=frozenset(strings(raw.get("package", []), place)),
            clickable=raw.get("clickable"),
            checked=raw.get("checked"),
            selected=raw.get("selected"),
            focused=raw.get("focused"),
            area=_area(area, place),
            min_width=float(raw.get("min_width", 0.0)),
            pick=Pick(raw.get("pick", "first")),
        )

    def _texts(self, raw: Mapping[str, Any], key: str, place: str) -> frozenset[str]:
        texts: list[str] = []
        for text in strings(raw.get(key, []), place):
            if text.startswith("$"):
                if text[1:] not in self.words:
                    raise PackError(place, f"there are no words {text!r}")
                texts.extend(self.words[text[1:]])
            else:
                texts.append(text)
        return frozenset(normalise(text) for text in texts)


def _pattern(value: object, place: str) -> re.Pattern[str] | None:
    if value is None:
        return None
    try:
        return re.compile(str(value))
    except re.error as error:
        raise PackError(place, f"{value!r} is no regular expression: {error}") from error


def _area(value: object, place: str) -> tuple[float, float, float, float] | None:
    if value is None:
        return None
    numbers = [float(n) for n in cast("Iterable[float]", value)]
    if len(numbers) != 4 or not all(0 <= n <= 1 for n in numbers):
        raise PackError(place, "`area` is [left, top, right, bottom], each from 0 to 1")
    return (numbers[0], numbers[1], numbers[2], numbers[3])
