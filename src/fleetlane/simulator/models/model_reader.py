"""Compiles an app model: checks every key, and compiles what `simulator.models.action_reader` does not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fleetlane.core.document import known_keys, mapping, strings
from fleetlane.core.errors import PackError
from fleetlane.simulator.models.action_reader import ActionReader, placed
from fleetlane.simulator.models.compiled_model import (
    Action,
    AppModel,
    Expression,
    Grid,
    Links,
    NodeSpec,
    PackageFacts,
    ScreenSpec,
    Text,
)

_NODE_KEYS = {
    "class", "id", "text", "desc", "at", "grid", "when", "each", "tap", "long_tap", "field", "hint", "children",
    "clickable", "enabled", "checked", "selected", "checkable", "scrollable", "progress", "paint",
    "slider", "enter", "masked",
}  # fmt: skip
_SCREEN_KEYS = {
    "nodes", "over", "back", "on_show", "swipe_down", "swipe_up", "ready_after", "slide", "layers", "package",
    "id_package", "background", "dialog",
}  # fmt: skip
_MODEL_KEYS = {
    "app", "label", "packages", "design", "activities", "permissions", "strings", "ids", "stable_ids", "timings",
    "data", "session", "start", "share", "screens", "on_kill", "limits", "parts", "links",
}  # fmt: skip


class ModelReader(ActionReader):
    """Compiles one model."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.strings: Mapping[str, Mapping[str, Text]] = {}
        self.parts: Mapping[str, Any] = {}

    def model(self, raw: Mapping[str, Any]) -> AppModel:
        """Return the compiled model."""
        with placed(self.place):
            model = self._model(raw)
        for place, screen in self.targets:
            if screen not in model.screens:
                raise PackError(place, f"there is no screen {screen!r}; known: {', '.join(model.screens)}")
        return model

    def _model(self, raw: Mapping[str, Any]) -> AppModel:
        known_keys({key: value for key, value in raw.items() if not key.startswith("x_")}, _MODEL_KEYS, self.place)
        for key in ("app", "packages", "screens", "start"):
            if key not in raw:
                raise PackError(self.place, f"an app model has `{key}`")
        raw_strings = mapping(raw.get("strings", {}), f"{self.place}: strings")
        self.string_names = set(raw_strings)
        self.strings = {name: self._string(name, value) for name, value in raw_strings.items()}
        self.parts = mapping(raw.get("parts", {}), f"{self.place}: parts")
        share = mapping(raw.get("share", {}), f"{self.place}: share")
        design = raw.get("design", [1080, 2400])
        return AppModel(
            app=str(raw["app"]),
            label=str(raw.get("label", raw["app"])),
            packages=self._packages(raw["packages"]),
            design=(int(design[0]), int(design[1])),
            activities=mapping(raw.get("activities", {}), f"{self.place}: activities"),
            permissions=mapping(raw.get("permissions", {}), f"{self.place}: permissions"),
            strings=self.strings,
            ids={str(b): {k: str(v) for k, v in ids.items()} for b, ids in raw.get("ids", {}).items()},
            stable_ids=frozenset(raw.get("stable_ids", [])),
            timings={k: float(v) for k, v in raw.get("timings", {}).items()},
            data=mapping(raw.get("data", {}), f"{self.place}: data"),
            session=mapping(raw.get("session", {}), f"{self.place}: session"),
            start=self.actions(raw["start"], f"{self.place}: start"),
            share=self.actions(share.get("do", []), f"{self.place}: share"),
            share_types=tuple(share.get("types", [])),
            on_kill=self.actions(raw.get("on_kill", []), f"{self.place}: on_kill"),
            screens={
                name: self._screen(name, value)
                for name, value in mapping(raw["screens"], f"{self.place}: screens").items()
            },
            limits=mapping(raw.get("limits", {}), f"{self.place}: limits"),
            links=self._links(raw.get("links", {}), f"{self.place}: links"),
        )

    def _links(self, value: object, place: str) -> Links:
        raw = mapping(value, place)
        known_keys(raw, {"hosts", "open", "other"}, place)
        patterns: list[tuple[re.Pattern[str], tuple[Action, ...]]] = []
        for index, item in enumerate(raw.get("open", [])):
            where = f"{place}.open[{index}]"
            rule = mapping(item, where)
            known_keys(rule, {"pattern", "do"}, where)
            try:
                patterns.append((re.compile(str(rule.get("pattern", ""))), self.actions(rule.get("do", []), where)))
            except re.error as error:
                raise PackError(where, f"{rule['pattern']!r}: {error}") from error
        other = self.actions(raw.get("other", []), f"{place}.other")
        return Links(frozenset(strings(raw.get("hosts", []), f"{place}.hosts")), tuple(patterns), other)

    def _packages(self, value: object) -> dict[str, PackageFacts]:
        packages: dict[str, PackageFacts] = {}
        for name, raw in mapping(value, f"{self.place}: packages").items():
            facts = mapping(raw, f"{self.place}: packages.{name}")
            packages[name] = PackageFacts(
                name,
                str(facts.get("version", "1.0")),
                int(facts.get("code", 1)),
                str(facts.get("build", "stable")),
            )
        return packages

    def _string(self, name: str, value: object) -> dict[str, Text]:
        if isinstance(value, str):
            value = {"en": value}
        translations = mapping(value, f"{self.place}: strings.{name}")
        if "en" not in translations:
            raise PackError(f"{self.place}: strings.{name}", "every string has an English text (`en`)")
        return {language: self.text(text, f"{self.place}: strings.{name}") for language, text in translations.items()}

    def _screen(self, name: str, value: object) -> ScreenSpec:
        place = f"{self.place}: screens.{name}"
        with placed(place):
            return self._checked_screen(name, mapping(value, place), place)

    def _checked_screen(self, name: str, raw: Mapping[str, Any], place: str) -> ScreenSpec:
        known_keys(raw, _SCREEN_KEYS, place)
        slide = raw.get("slide")
        package, id_package = raw.get("package"), raw.get("id_package", raw.get("package"))
        return ScreenSpec(
            name=name,
            nodes=self._nodes(raw.get("nodes", []), f"{place}.nodes"),
            over=bool(raw.get("over", False)) or bool(raw.get("dialog", False)),
            dialog=bool(raw.get("dialog", False)),
            back=self.actions(raw.get("back", [{"pop": 1}]), f"{place}.back"),
            on_show=self.actions(raw.get("on_show", []), f"{place}.on_show"),
            swipe_down=self.actions(raw.get("swipe_down", []), f"{place}.swipe_down"),
            swipe_up=self.actions(raw.get("swipe_up", []), f"{place}.swipe_up"),
            ready_after=str(raw.get("ready_after", "")),
            slide=(int(slide["dx"]), str(slide["for"])) if slide else None,
            layers=int(raw.get("layers", 0)),
            package=self.text(package, f"{place}.package") if package else None,
            id_package=self.text(id_package, f"{place}.id_package") if id_package else None,
            background=str(raw.get("background", "#101014")),
        )

    def _nodes(self, items: Sequence[object], place: str) -> tuple[NodeSpec, ...]:
        nodes: list[NodeSpec] = []
        for index, item in enumerate(items):
            raw = mapping(item, f"{place}[{index}]")
            if "use" in raw:  # nodes that several screens share
                if raw["use"] not in self.parts:
                    raise PackError(f"{place}[{index}]", f"there is no part {raw['use']!r}")
                nodes.extend(self._nodes(self.parts[raw["use"]], f"{self.place}: parts.{raw['use']}"))
            else:
                with placed(f"{place}[{index}]"):
                    nodes.append(self._node(raw, f"{place}[{index}]"))
        return tuple(nodes)

    def _node(self, value: object, place: str) -> NodeSpec:
        raw = mapping(value, place)
        known_keys(raw, _NODE_KEYS, place)
        grid = raw.get("grid")
        each = raw.get("each")
        at = raw.get("at")
        if at is not None and len(at) != 4:
            raise PackError(place, "`at` is [left, top, right, bottom]")
        flags = {
            key: self.expression(raw[key], f"{place}.{key}")
            for key in ("clickable", "enabled", "checked", "selected", "checkable", "scrollable", "progress")
            if key in raw
        }
        return NodeSpec(
            class_name=_class_name(str(raw.get("class", "FrameLayout"))),
            id_role=str(raw.get("id", "")),
            text=self.text(raw.get("text", ""), f"{place}.text"),
            desc=self.text(raw.get("desc", ""), f"{place}.desc"),
            at=(int(at[0]), int(at[1]), int(at[2]), int(at[3])) if at else None,
            grid=Grid(**{"gap": 0, **grid}) if grid else None,
            when=self.expression(raw["when"], f"{place}.when") if "when" in raw else None,
            each=self._each(each, place) if each else None,
            tap=self.actions(raw.get("tap", []), f"{place}.tap"),
            long_tap=self.actions(raw.get("long_tap", []), f"{place}.long_tap"),
            field_name=raw.get("field"),
            masked=self.expression(raw["masked"], f"{place}.masked") if "masked" in raw else None,
            slider=str(raw.get("slider", "")),
            enter=self.actions(raw.get("enter", []), f"{place}.enter"),
            hint=self.text(raw.get("hint", ""), f"{place}.hint"),
            children=self._nodes(raw.get("children", []), f"{place}.children"),
            flags=flags,
            paint=str(raw.get("paint", "")),
        )

    def _each(self, value: object, place: str) -> tuple[str, Expression, int]:
        raw = mapping(value, f"{place}.each")
        return (
            str(raw.get("as", "item")),
            self.expression(raw["of"], f"{place}.each"),
            int(raw.get("max", 1000)),
        )


def _class_name(short: str) -> str:
    if "." in short:
        return short
    package = "android.view" if short in ("View", "ViewGroup") else "android.widget"
    return f"{package}.{short}"
