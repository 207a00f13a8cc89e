"""Nodes of a simulated screen, built from a model's screen. `simulator.tree_writer` writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fleetlane.simulator.compiled_model import Action, NodeSpec, ScreenSpec

if TYPE_CHECKING:
    from fleetlane.simulator.app import App

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


class _Builder:
    """Builds the nodes of one screen for one moment."""

    def __init__(self, app: App, spec: ScreenSpec, context: Mapping[str, Any], shift: int) -> None:
        self.app = app
        self.context = context
        self.shift = shift
        self.package = spec.package(context) if spec.package else app.package.name
        self.id_package = spec.id_package(context) if spec.id_package else app.package.name
        width, height = app.phone.size
        self.scale_x = width / app.model.design[0]
        self.scale_y = height / app.model.design[1]

    def nodes(self, specs: tuple[NodeSpec, ...], origin: Box, scope: dict[str, Any]) -> list[SimNode]:
        built: list[SimNode] = []
        for spec in specs:
            if spec.each is None:
                self._one(spec, origin, scope, 0, built)
                continue
            name, items, most = spec.each
            found: list[Any] = list(items({**self.context, **scope}) or ())
            for index, item in enumerate(found[:most]):
                self._one(spec, origin, {**scope, name: item, "index": index}, index, built)
        return built

    def _one(self, spec: NodeSpec, origin: Box, scope: dict[str, Any], index: int, into: list[SimNode]) -> None:
        context = {**self.context, **scope} if scope else self.context
        if spec.when is not None and not spec.when(context):
            return
        box = self._box(spec, origin, index)
        text, hint, focused = spec.text(context), "", False
        if spec.field_name is not None:
            hint = spec.hint(context)
            masked = spec.masked is not None and spec.masked(context)
            text = "" if masked else self.app.fields.get(spec.field_name, "")
            text = text or hint  # an empty field reports its hint as text
            focused = self.app.focused == spec.field_name
        flags = {key: bool(expression(context)) for key, expression in spec.flags.items() if key != "progress"}
        if "progress" in spec.flags:
            text = str(spec.flags["progress"](context))
        node = SimNode(
            class_name=spec.class_name,
            package=self.package,
            bounds=self._scaled(box),
            text=text,
            desc=spec.desc(context),
            resource_id=self._resource_id(spec.id_role),
            role=spec.id_role,
            clickable=flags.get("clickable", bool(spec.tap or spec.slider) or spec.field_name is not None),
            enabled=flags.get("enabled", True),
            checkable=flags.get("checkable", False),
            checked=flags.get("checked", False),
            selected=flags.get("selected", False),
            scrollable=flags.get("scrollable", False),
            focused=focused,
            field_name=spec.field_name,
            hint=hint,
            slider=spec.slider,
            enter=spec.enter,
            tap=spec.tap,
            long_tap=spec.long_tap,
            scope=scope,
            paint=spec.paint,
        )
        node.children = self.nodes(spec.children, box, scope)
        into.append(node)

    def _box(self, spec: NodeSpec, origin: Box, index: int) -> Box:
        if spec.grid:
            return spec.grid.box(index)
        if spec.at is None:
            return origin
        left, top, right, bottom = spec.at
        if origin == (0, 0, *self.app.model.design):
            return spec.at
        return origin[0] + left, origin[1] + top, origin[0] + right, origin[1] + bottom

    def _scaled(self, box: Box) -> Box:
        left, top, right, bottom = box
        return (
            round((left + self.shift) * self.scale_x),
            round(top * self.scale_y),
            round((right + self.shift) * self.scale_x),
            round(bottom * self.scale_y),
        )

    def _resource_id(self, role: str) -> str:
        if not role:
            return ""
        if ":" in role:  # a full name, such as android:id/aerr_wait
            return role
        return f"{self.id_package}:id/{self.app.model.resource_id(role, self.app.build)}"


def build_screen(app: App, spec: ScreenSpec, context: Mapping[str, Any], shift: int, *, top: bool) -> SimNode:
    """Return the root node of a screen.

    Args:
        app: the app it belongs to.
        spec: the screen.
        context: what its expressions see.
        shift: how far right it is drawn, in design pixels (while it slides in).
        top: whether it is the top screen, the only one that takes taps.
    """
    builder = _Builder(app, spec, context, shift)
    width, height = app.phone.size
    whole = (0, 0, width, height)
    root = SimNode("android.widget.FrameLayout", builder.package, whole, background=spec.background)
    root.modal = spec.dialog
    inner = root
    for _ in range(spec.layers):  # real trees nest deeply: a screen says how much
        inner.children.append(SimNode("android.widget.FrameLayout", builder.package, whole))
        inner = inner.children[0]
    inner.children.extend(builder.nodes(spec.nodes, (0, 0, *app.model.design), {}))
    if not top:
        for node in root.walk():
            node.tap, node.long_tap, node.field_name, node.slider = (), (), None, ""
    return root
