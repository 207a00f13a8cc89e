"""Nodes of a simulated screen. `screens.node_builder` builds them, `screens.tree_writer` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fleetlane.simulator.models.compiled_model import Action

Box = tuple[int, int, int, int]


@dataclass(slots=True, eq=False)
class SimNode:
    """A node as the accessibility tree shows it, and what tapping it does. `bounds` are screen pixels."""

    class_name: str
    package: str
    bounds: Box
    text: str = ""
    desc: str = ""
    resource_id: str = ""
    role: str = ""
    clickable: bool = False
    enabled: bool = True
    checkable: bool = False
    checked: bool = False
    selected: bool = False
    focused: bool = False
    scrollable: bool = False
    field_name: str | None = None
    slider: str = ""
    enter: tuple[Action, ...] = ()
    hint: str = ""
    tap: tuple[Action, ...] = ()
    long_tap: tuple[Action, ...] = ()
    scope: dict[str, Any] = field(default_factory=dict[str, Any])
    paint: str = ""
    background: str = ""
    modal: bool = False
    children: list[SimNode] = field(default_factory=list["SimNode"])

    def walk(self) -> Iterator[SimNode]:
        """Yield this node and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def contains(self, x: int, y: int) -> bool:
        """Return whether the point lies inside."""
        left, top, right, bottom = self.bounds
        return left <= x < right and top <= y < bottom
