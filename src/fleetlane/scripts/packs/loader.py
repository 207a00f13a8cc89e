"""Reads screen packs (YAML) into `core.screens.recognition` values, and says where a pack is wrong.

The format is described in docs/reference/screen-packs.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

from fleetlane.core.document import items, known_keys, mapping, strings, text_of
from fleetlane.core.errors import PackError
from fleetlane.core.outcome import FAILURES
from fleetlane.core.screens.recognition import (
    Action,
    Condition,
    Edge,
    Element,
    LayerMarks,
    Pack,
    PublishingPlace,
    ScreenRule,
    Way,
)
from fleetlane.scripts.packs import source
from fleetlane.scripts.packs.selectors import SelectorReader, read_area, read_written
from fleetlane.scripts.packs.verbs import ELEMENT_VERBS, ENDING_VERBS, PLAIN_VERBS
from fleetlane.scripts.packs.words import words_of

_WAY_KEYS = {"needs", "not", "layered"}
_SCREEN_KEYS = {*_WAY_KEYS, "name", "ways", "do", "any_package", "unverified", "person", "dismiss", "over"}
_PACK_KEYS = {
    "app", "version", "met", "packages", "clones", "words", "more_words", "written", "layers", "publishes",
    "person_marks", "elements", "screens", "facts",
}  # fmt: skip
_LAYER_KEYS = {"sheet", "dimmer", "refuse"}
_PLACE_KEYS = {"element", "at"}
_POPUP = "popup_"
_ACTION_KEYS = {"argument", "careful", "unverified"}


@cache
def shipped() -> Mapping[str, Mapping[str, Any]]:
    """Return the packs that come with Fleetlane as their files say, by app: the system's first, then the apps'."""
    folder = resources.files("fleetlane.scripts.packs")
    documents = (
        mapping(source.read(folder.joinpath(file).read_text(encoding="utf-8"), file, shipped=True), file)
        for file in ("android.yaml", "tiktok.yaml", "instagram.yaml")
    )
    return {str(document["app"]): document for document in documents}


@cache
def shipped_packs() -> Mapping[str, Pack]:
    """Return the packs that come with Fleetlane, by app, in the order in which they are tried."""
    return {app: pack_of(document, f"{app}.yaml") for app, document in shipped().items()}


def load_pack_file(path: Path) -> Pack:
    """Return the pack in a file.

    Raises:
        PackError: it cannot be read, or is no pack; says where.
    """
    return load_pack(text_of(path), path.name)


def load_pack(text: str, file: str) -> Pack:
    """Return the pack described by YAML text.

    Args:
        text: the YAML.
        file: what to call it in errors.

    Raises:
        PackError: it is no pack; says where, with the line.
    """
    return pack_of(mapping(source.read(text, file), file), file)


def pack_of(document: Mapping[str, Any], file: str) -> Pack:
    """Return the pack that a YAML document describes.

    Args:
        document: its mapping, as `source.read` returns it.
        file: what to call it in errors about what has no line.

    Raises:
        PackError: it is no pack; says where, with the line.
    """
    return _Reader(file, document).pack()


class _Reader:
    """Reads one pack; carries its words and elements."""

    def __init__(self, file: str, raw: Mapping[str, Any]) -> None:
        self._file = file
        self._raw = raw
        known_keys(raw, _PACK_KEYS, file)
        if not raw.get("app"):
            raise PackError(file, "a pack names its `app`")
        self._packages = strings(raw.get("packages", []), f"{file}: packages")
        place = f"{file}: words"
        words = words_of(str(raw["app"]), self._lists("words"), place, more=self._lists("more_words"))
        written = read_written(mapping(raw.get("written", {}), f"{file}: written"), f"{file}: written")
        self._clones = strings(raw.get("clones", []), f"{file}: clones")
        self._selectors = SelectorReader(words, written, [*self._packages, *self._clones])
        self._any_package = False
        self._publishing = self._publishing_pages()
        self._elements: dict[str, Element] = {}
        for name, value in mapping(raw.get("elements", {}), f"{file}: elements").items():
            self._elements[name] = self._element(value, name, f"elements.{name}")

    def pack(self) -> Pack:
        rules = items(self._raw.get("screens", []), f"{self._file}: screens")
        screens = [self._screen(value, index) for index, value in enumerate(rules)]
        names = [screen.name for screen in screens]
        for name in names:
            if names.count(name) > 1:
                raise PackError(self._file, f"there are two screens {name!r}; give one of them alternatives (`any`)")
        return Pack(
            app=str(self._raw["app"]),
            packages=tuple(self._packages),
            clones=tuple(self._clones),
            elements=self._elements,
            screens=tuple(screens),
            facts=mapping(self._raw.get("facts", {}), f"{self._file}: facts"),
            version=str(self._raw.get("version", "")),
            met=tuple(strings(self._raw.get("met", []), f"{self._file}: met")),
            layers=self._layers(),
            publishes=tuple(self._place(value) for value in self._raw.get("publishes", [])),
            person_marks=self._named(self._raw["person_marks"], self._raw, "person_marks")
            if "person_marks" in self._raw
            else Element("person_marks", ()),
        )

    def _lists(self, key: str) -> Mapping[str, Any]:
        return mapping(self._raw.get(key, {}), f"{self._file}: {key}")

    def _publishing_pages(self) -> frozenset[str]:
        facts = mapping(self._raw.get("facts", {}), f"{self._file}: facts")
        pages = mapping(facts.get("last_pages", {}), f"{self._file}: facts.last_pages")
        found = (mapping(page, f"{self._file}: facts.last_pages.{name}") for name, page in pages.items())
        return frozenset(str(name) for page in found for name in (*page.get("screens", ()), *page.get("editing", ())))

    def _place(self, value: object) -> PublishingPlace:
        place = self._at(value, "publishes")
        raw = mapping(value, place)
        known_keys(raw, _PLACE_KEYS, place)
        return PublishingPlace(self._named(raw.get("element"), raw, "publishes"), read_area(raw.get("at"), place))

    def _layers(self) -> LayerMarks:
        raw = mapping(self._raw.get("layers", {}), f"{self._file}: layers")
        known_keys(raw, _LAYER_KEYS, self._at(raw, "layers"))
        return LayerMarks(**{key: self._named(value, raw, f"layers.{key}") for key, value in raw.items()})

    def _at(self, value: object, what: str) -> str:
        return source.place(self._file, value, what)

    def _screen(self, value: object, index: int) -> ScreenRule:
        raw = mapping(value, self._at(value, f"screens[{index}]"))
        name = str(raw.get("name", ""))
        place = self._at(value, f"screen {name!r}" if name else f"screens[{index}]")
        known_keys(raw, _SCREEN_KEYS, place)
        if not name or ("ways" in raw) == any(key in raw for key in _WAY_KEYS):
            raise PackError(place, "a screen has a `name`, and either what it `needs` or several `ways`")
        self._any_package = bool(raw.get("any_package", False))
        what = f"screen {name!r}"
        rule = ScreenRule(
            name=name,
            ways=self._ways(raw, what),
            actions=self._actions(raw, what),
            any_package=self._any_package,
            unverified=bool(raw.get("unverified", False)),
            over=bool(raw.get("over", name.startswith(_POPUP))),
            publishes=name in self._publishing,
        )
        self._any_package = False
        return rule

    def _ways(self, raw: Mapping[str, Any], what: str) -> tuple[Way, ...]:
        if "ways" not in raw:
            return (self._way({key: raw[key] for key in _WAY_KEYS if key in raw}, raw, what),)
        ways: object = raw["ways"]
        if not isinstance(ways, list) or not ways:
            raise PackError(self._at(raw, what), "`ways` is a list of {needs: [...], not: [...]}")
        return tuple(
            self._way(mapping(way, self._at(raw, f"{what}: ways")), way, f"{what}: ways[{i}]")
            for i, way in enumerate(cast("list[object]", ways))
        )

    def _way(self, raw: Mapping[str, Any], near: object, what: str) -> Way:
        known_keys(raw, _WAY_KEYS, self._at(near, what))
        if not raw.get("needs"):
            raise PackError(self._at(near, what), "it says nothing that the screen `needs`")
        return Way(
            self._conditions(raw["needs"], near, f"{what}: needs"),
            self._conditions(raw.get("not", []), near, f"{what}: not"),
            layered=bool(raw.get("layered", False)),
        )

    # -- actions -------------------------------------------------------------------------------------

    def _actions(self, raw: Mapping[str, Any], what: str) -> dict[str, Action]:
        actions: dict[str, Action] = {}
        if "person" in raw:
            actions["*"] = self._checked(Action("person", argument=str(raw["person"])), self._at(raw, what))
        if "dismiss" in raw:
            actions["*"] = Action("tap", self._named(raw["dismiss"], raw, f"{what}: dismiss"))
        for goals, value in mapping(raw.get("do", {}), self._at(raw, f"{what}: do")).items():
            action = self._action(value, raw, f"{what}: do.{goals}")
            for goal in goals.split(","):
                if goal.strip() in actions:
                    raise PackError(self._at(raw, what), f"says twice what to do for {goal.strip()!r}")
                actions[goal.strip()] = action
        return actions

    def _action(self, value: object, near: object, what: str) -> Action:
        if isinstance(value, str):
            return self._checked(Action(value), self._at(near, what))
        place = self._at(value, what)
        raw = mapping(value, place)
        verbs = [key for key in raw if key not in _ACTION_KEYS]
        if len(verbs) != 1:
            raise PackError(place, "an action is one verb, such as {tap: next}")
        [verb] = verbs
        if verb in PLAIN_VERBS:
            raise PackError(place, f"{verb!r} takes no element")
        self._known_verb(verb, place)
        action = Action(
            verb,
            self._named(raw[verb], value, what),
            str(raw.get("argument", "")),
            self._careful(raw, place),
            bool(raw.get("unverified", False)),
        )
        return self._checked(action, place)

    @staticmethod
    def _careful(raw: Mapping[str, Any], place: str) -> Edge | None:
        edge: object = raw.get("careful")
        if edge is not None and edge not in set(Edge):
            raise PackError(place, f"`careful` is one of {', '.join(Edge)}: where the next page's button is not")
        return Edge(edge) if isinstance(edge, str) else None

    @staticmethod
    def _known_verb(verb: str, place: str) -> None:
        if verb not in PLAIN_VERBS | ELEMENT_VERBS:
            raise PackError(
                place, f"there is no verb {verb!r}; known: {', '.join(sorted(PLAIN_VERBS | ELEMENT_VERBS))}"
            )

    def _checked(self, action: Action, place: str) -> Action:
        self._known_verb(action.verb, place)
        if action.verb in ELEMENT_VERBS and action.element is None:
            raise PackError(place, f"{action.verb!r} needs an element: {{{action.verb}: ...}}")
        if (action.argument or action.verb in ENDING_VERBS) and action.argument not in FAILURES:
            raise PackError(place, f"there is no error code {action.argument!r}")
        return action

    # -- conditions and elements -----------------------------------------------------------------------

    def _conditions(self, value: object, near: object, what: str) -> tuple[Condition, ...]:
        items = cast("list[object]", value) if isinstance(value, list) else [value]
        return tuple(self._condition(item, near, f"{what}[{i}]") for i, item in enumerate(items))

    def _condition(self, value: object, near: object, what: str) -> Condition:
        if not isinstance(value, dict) or not {"any", "at_least", "of"} & set(cast("dict[str, Any]", value)):
            return Condition((self._named(cast("object", value), near, what),))
        place = self._at(cast("object", value), what)
        raw = mapping(cast("object", value), place)
        known_keys(raw, {"any", "at_least", "of"}, place)
        if ("any" in raw) == ("of" in raw):
            raise PackError(place, "a condition is {any: [...]}, or {at_least: 2, of: element}")
        items: object = raw["any"] if "any" in raw else [raw["of"]]
        if not isinstance(items, list) or not items:
            raise PackError(place, "`any` is a list")
        count: object = raw.get("at_least", 1)
        if not isinstance(count, int) or count < 1:
            raise PackError(place, "`at_least` is a number from 1 on")
        members = (self._named(item, raw, what) for item in cast("list[object]", items))
        return Condition(tuple(members), count)

    def _named(self, value: object, near: object, what: str) -> Element:
        if isinstance(value, str):
            if value not in self._elements:
                raise PackError(self._at(near, what), f"there is no element {value!r}")
            return self._elements[value]
        return self._element(value, "", what)

    def _element(self, value: object, name: str, what: str) -> Element:
        items = cast("list[object]", value) if isinstance(value, list) else [value]
        if not items:
            raise PackError(f"{self._file}: {what}", "an element has at least one selector")
        selectors = (
            self._selectors.read(
                mapping(item, self._at(item, what)), self._at(item, what), any_package=self._any_package
            )
            for item in items
        )
        return Element(name, tuple(selectors))
