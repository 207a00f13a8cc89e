"""What a simulated phone shows: the windows one over another, as nodes and as a UI tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetlane.simulator.nodes import SimNode, to_xml

if TYPE_CHECKING:
    from fleetlane.simulator.phone import SimPhone

_KEYBOARD_TOP = 0.62
_KEYBOARD_PACKAGE = "com.google.android.inputmethod.latin"


class Windows:
    """The windows of one phone, built again only when something changed."""

    def __init__(self, phone: SimPhone) -> None:
        self._phone = phone
        self._tree: tuple[tuple[Any, ...], list[SimNode], str] | None = None

    def roots(self) -> list[SimNode]:
        """Return the root nodes, bottom first."""
        return self._current()[0]

    def dump(self) -> str:
        """Return the UI tree as the uiautomator server writes it."""
        return self._current()[1]

    @property
    def keyboard_top(self) -> int:
        """Return the y at which the keyboard begins when it is shown."""
        return int(self._phone.size[1] * _KEYBOARD_TOP)

    def _current(self) -> tuple[list[SimNode], str]:
        phone, front = self._phone, self._phone.foreground
        percent = front.upload.percent(phone.now_s()) if front.upload else -1
        key = (phone.version, front, percent, front.slide_offset())
        if self._tree is None or self._tree[0] != key:
            roots = self._build()
            self._tree = (key, roots, to_xml(roots, phone.rotation))
        return self._tree[1], self._tree[2]

    def _build(self) -> list[SimNode]:
        phone = self._phone
        if phone.locked:
            phone.launcher.stack = ["lock_screen"]
            roots = phone.launcher.nodes()
            phone.launcher.stack = ["launcher"]
            return roots
        roots = phone.foreground.nodes() if phone.foreground.stack else [self._splash()]
        if phone.system.stack:
            roots.extend(phone.system.nodes())
        elif phone.keyboard_visible:
            roots.append(self._keyboard())
        return roots

    def _splash(self) -> SimNode:
        box = (0, 0, *self._phone.size)
        package = self._phone.foreground.package.name
        return SimNode("android.widget.FrameLayout", package, box, background="#000000")

    def _keyboard(self) -> SimNode:
        width, height = self._phone.size
        box = (0, self.keyboard_top, width, height)
        return SimNode("android.widget.FrameLayout", _KEYBOARD_PACKAGE, box, background="#d5d8dd", paint="keyboard")


def hit(roots: list[SimNode], x: int, y: int) -> SimNode | None:
    """Return the node that takes a tap at a point: the last drawn that can be tapped."""
    for root in reversed(roots):
        if not root.contains(x, y):
            continue
        for node in reversed(list(root.walk())):
            if (
                (node.tap or node.slider or node.field_name is not None or node.long_tap)
                and node.contains(x, y)
                and node.enabled
            ):
                return node
        if root.modal:
            return None
    return None
