"""Builds the nodes of a model's screen for one moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from fleetlane.simulator.models.compiled_model import AppModel, NodeSpec, PackageFacts, ScreenSpec
from fleetlane.simulator.models.expressions import Values
from fleetlane.simulator.screens.nodes import Box, SimNode


class ModelledApp(Protocol):
    """What a screen is built from, beside its model.

    Attributes:
        build: which resource ids it has.
        focused: the field that has the cursor.
    """

    model: AppModel
    package: PackageFacts
    build: str
    focused: str | None

    @property
    def fields(self) -> Mapping[str, str]:
        """Return the texts of the input fields by their names."""
        ...


class _Builder:
    """Builds the nodes of one screen for one moment."""

    def __init__(self, app: ModelledApp, spec: ScreenSpec, context: Values, size: tuple[int, int], shift: int) -> None:
        self.app = app
        self.whole: Box = (0, 0, *app.model.design)
        self.shift = shift
        self.package = spec.package(context) if spec.package else app.package.name
        self.id_package = spec.id_package(context) if spec.id_package else app.package.name
        width, height = size
        self.scale_x = width / app.model.design[0]
        self.scale_y = height / app.model.design[1]

    def nodes(self, specs: tuple[NodeSpec, ...], origin: Box, scope: dict[str, Any], context: Values) -> list[SimNode]:
        """Return the nodes of some specs; `context` holds all that expressions see, the scope's values among it."""
        built: list[SimNode] = []
        for spec in specs:
            if spec.each is None:
                self._one(spec, self._box(spec, origin, 0), scope, context, built)
                continue
            name, items, most = spec.each
            found: list[Any] = list(items(context) or ())
            for index, item in enumerate(found[:most]):
                own = {name: item, "index": index}
                self._one(spec, self._box(spec, origin, index), {**scope, **own}, context.more(own), built)
        return built

    def _one(self, spec: NodeSpec, box: Box, scope: dict[str, Any], context: Values, into: list[SimNode]) -> None:
        if spec.when is not None and not spec.when(context):
            return
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
        if spec.children:
            node.children = self.nodes(spec.children, box, scope, context)
        into.append(node)

    def _box(self, spec: NodeSpec, origin: Box, index: int) -> Box:
        if spec.grid:
            return spec.grid.box(index)
        if spec.at is None:
            return origin
        left, top, right, bottom = spec.at
        if origin == self.whole:
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


def build_screen(
    app: ModelledApp, spec: ScreenSpec, context: Values, size: tuple[int, int], shift: int, *, top: bool
) -> SimNode:
    """Return the root node of a screen.

    Args:
        app: the app it belongs to.
        spec: the screen.
        context: what its expressions see.
        size: (width, height) of the phone's screen in pixels.
        shift: how far right it is drawn, in design pixels (while it slides in).
        top: whether it is the top screen, the only one that takes taps.
    """
    builder = _Builder(app, spec, context, size, shift)
    whole = (0, 0, *size)
    root = SimNode("android.widget.FrameLayout", builder.package, whole, background=spec.background)
    root.modal = spec.dialog
    inner = root
    for _ in range(spec.layers):  # real trees nest deeply: a screen says how much
        inner.children.append(SimNode("android.widget.FrameLayout", builder.package, whole))
        inner = inner.children[0]
    inner.children.extend(builder.nodes(spec.nodes, builder.whole, {}, context))
    if not top:
        for node in root.walk():
            node.tap, node.long_tap, node.field_name, node.slider = (), (), None, ""
    return root
