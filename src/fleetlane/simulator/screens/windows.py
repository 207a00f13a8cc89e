"""What a simulated phone shows: the windows one over another, as nodes and as a UI tree."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fleetlane.simulator.screens import system_windows
from fleetlane.simulator.screens.nodes import SimNode
from fleetlane.simulator.screens.tree_writer import TreeForm, to_xml
from fleetlane.simulator.screens.views import PhoneView

_KEYBOARD_TOP = 0.62


@dataclass(frozen=True, slots=True)
class Window:
    """One window: its name, and its root nodes."""

    name: str
    roots: list[SimNode]


class Windows:
    """The windows of one phone, built again only when something changed."""

    def __init__(self, phone: PhoneView) -> None:
        self._phone = phone
        self._tree: tuple[tuple[Any, ...], list[Window]] | None = None
        self._xml = ""
        self._names: list[str] = []
        self._changes = 0

    def roots(self) -> list[SimNode]:
        """Return the root nodes, bottom first."""
        return [root for window in self._current() for root in window.roots]

    def roots_of(self, name: str) -> list[SimNode]:
        """Return the root nodes of one window, none when it is not shown."""
        return [root for window in self._current() if window.name == name for root in window.roots]

    def dump(self) -> str:
        """Return the UI tree as the uiautomator server writes it."""
        windows, traits = self._current(), self._phone.traits
        if not self._xml:
            if traits.dump_hash_order:
                windows = sorted(windows, key=self._hash)
            form = TreeForm(traits.dump_dots, traits.dump_attributes, self._phone.size)
            self._xml = to_xml([self._root(window) for window in windows if window.roots], self._phone.rotation, form)
        return self._xml

    def _root(self, window: Window) -> SimNode:
        """Return the one root that a window has in a UI tree: pages that an app keeps are below it."""
        if len(window.roots) == 1:
            return window.roots[0]
        first = window.roots[0]
        width, height = self._phone.size
        root = SimNode("android.widget.FrameLayout", first.package, (0, 0, width, height))
        root.children = list(window.roots)
        return root

    @property
    def keyboard_top(self) -> int:
        """Return the y at which the keyboard begins when it is shown."""
        return int(self._phone.size[1] * _KEYBOARD_TOP)

    def _hash(self, window: Window) -> int:
        return zlib.crc32(f"{self._phone.draws.seed}/{window.name}/{self._changes}".encode())

    def _current(self) -> list[Window]:
        phone, front = self._phone, self._phone.foreground
        percent = front.upload.percent(phone.now_s()) if front.upload else -1
        minute = int(phone.wall_s() // 60) if phone.traits.dump_windows else 0
        key = (
            phone.version,
            front,
            percent,
            front.slide_offset(),
            phone.shows_clipboard_card,
            minute,
            id(phone.traits),
        )
        if self._tree is None or self._tree[0] != key:
            windows = self._build()
            self._tree, self._xml = (key, windows), ""
            names = [window.name for window in windows]
            self._changes += names != self._names
            self._names = names
        return self._tree[1]

    def _build(self) -> list[Window]:
        phone = self._phone
        windows = self._locked() if phone.locked else self._unlocked()
        if phone.traits.dump_windows:
            bars = (system_windows.status_bar, system_windows.navigation_bar)
            windows.extend(Window(bar.__name__, [bar(phone)]) for bar in bars)
        if phone.shows_clipboard_card:
            windows.append(Window("clipboard", [system_windows.clipboard_card(phone)]))
        return windows

    def _locked(self) -> list[Window]:
        launcher = self._phone.launcher
        launcher.stack = ["lock_pin" if self._phone.asks_for_pin else "lock_screen"]
        roots = launcher.nodes()
        launcher.stack = ["launcher"]
        return [Window("keyguard", roots)]

    def _unlocked(self) -> list[Window]:
        phone = self._phone
        if phone.foreground.stack:
            windows = _of_app(phone.foreground.package.name, phone.foreground.nodes())
        else:
            windows = [Window("splash", [system_windows.splash(phone, with_picture=phone.traits.splash)])]
        if phone.system.stack:
            windows.append(Window("system", phone.system.nodes()))
        elif phone.keyboard_visible:
            make: Callable[..., SimNode] = system_windows.keyboard
            windows.append(Window("keyboard", [make(phone, self.keyboard_top, with_keys=phone.traits.dump_windows)]))
        return windows


def _of_app(name: str, roots: list[SimNode]) -> list[Window]:
    """Return an app's windows: that of its page, with the pages it keeps below, and one for each dialog."""
    windows: list[Window] = []
    below_is_page = False
    for root in roots:
        if below_is_page and not root.modal:
            windows[-1].roots.append(root)
        else:
            windows.append(Window(f"{name}/{len(windows)}", [root]))
        below_is_page = not root.modal
    return windows


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
