"""What an app model says, compiled: screens, nodes, actions. `simulator.models.loader` loads it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

Context = Mapping[str, Any]
Text = Callable[[Context], str]
Expression = Callable[[Context], Any]
Action = tuple[str, Any]
"""One action: its verb and its compiled argument (see `simulator.models.model_reader`)."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A text without expressions: whatever the values are, it is the same."""

    text: str

    def __call__(self, values: Context) -> str:
        """Return the text."""
        del values
        return self.text


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the items of a repeated node lie: row by row from (left, top), in design pixels."""

    columns: int
    left: int
    top: int
    width: int
    height: int
    gap: int

    def box(self, index: int) -> tuple[int, int, int, int]:
        """Return the rectangle of item `index`, from 0."""
        row, column = divmod(index, self.columns)
        left = self.left + column * (self.width + self.gap)
        top = self.top + row * (self.height + self.gap)
        return left, top, left + self.width, top + self.height


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """A node of a screen. `at` is relative to the screen, or to the grid cell of its parent."""

    class_name: str
    id_role: str
    text: Text
    desc: Text
    at: tuple[int, int, int, int] | None
    grid: Grid | None
    when: Expression | None
    each: tuple[str, Expression, int] | None
    tap: tuple[Action, ...]
    long_tap: tuple[Action, ...]
    field_name: str | None
    masked: Expression | None
    slider: str
    enter: tuple[Action, ...]
    hint: Text
    children: tuple[NodeSpec, ...]
    flags: Mapping[str, Expression]
    paint: str

    def walk(self) -> Iterator[NodeSpec]:
        """Yield this node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class ScreenSpec:
    """A screen. `over` keeps the screens below in the tree; `dialog` also keeps them painted."""

    name: str
    nodes: tuple[NodeSpec, ...]
    over: bool
    dialog: bool
    back: tuple[Action, ...]
    on_show: tuple[Action, ...]
    swipe_down: tuple[Action, ...]
    swipe_up: tuple[Action, ...]
    ready_after: str
    slide: tuple[int, str] | None
    layers: int
    package: Text | None
    id_package: Text | None
    background: str


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """An installable package of an app."""

    name: str
    version: str
    version_code: int
    build: str


@dataclass(frozen=True, slots=True)
class Links:
    """The links an app opens: those of its hosts, by the first pattern that fits."""

    hosts: frozenset[str] = frozenset()
    patterns: tuple[tuple[re.Pattern[str], tuple[Action, ...]], ...] = ()
    other: tuple[Action, ...] = ()

    def takes(self, url: str) -> bool:
        """Return whether the app opens a link."""
        return urlsplit(url).hostname in self.hosts

    def open(self, url: str) -> tuple[dict[str, str], tuple[Action, ...]]:
        """Return the parts of a link (`url`, and what the pattern names), and what it does."""
        for pattern, actions in self.patterns:
            found = pattern.fullmatch(url)
            if found:
                return {"url": url, **{name: part or "" for name, part in found.groupdict().items()}}, actions
        return {"url": url}, self.other


@dataclass(frozen=True, slots=True)
class AppModel:
    """A whole app."""

    app: str
    label: str
    packages: Mapping[str, PackageFacts]
    design: tuple[int, int]
    activities: Mapping[str, str]
    permissions: Mapping[str, Sequence[str]]
    strings: Mapping[str, Mapping[str, Text]]
    ids: Mapping[str, Mapping[str, str]]
    stable_ids: frozenset[str]
    timings: Mapping[str, float]
    data: Mapping[str, Any]
    session: Mapping[str, Any]
    start: tuple[Action, ...]
    share: tuple[Action, ...]
    share_types: tuple[str, ...]
    on_kill: tuple[Action, ...]
    screens: Mapping[str, ScreenSpec]
    limits: Mapping[str, int] = field(default_factory=dict[str, int])
    links: Links = field(default_factory=Links)

    def resource_id(self, role: str, build: str) -> str:
        """Return the id a build gives a role. Builds not listed scramble every id."""
        if build in self.ids:
            listed = self.ids[build].get(role)
            if listed:
                return listed
            if role in self.stable_ids:
                return role
        return role if build == "stable" else _scrambled(role, build)

    def string(self, name: str, language: str) -> Text:
        """Return a string in a language, in English where that has none."""
        translations = self.strings[name]
        return translations.get(language) or translations["en"]


@cache
def _scrambled(role: str, build: str) -> str:
    digest = hashlib.sha256(f"{build}/{role}".encode()).hexdigest()
    return "".join(chr(ord("a") + int(c, 16)) for c in digest[:3])
