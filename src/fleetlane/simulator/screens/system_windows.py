"""Windows of Android itself beside those of the apps: bars, keyboard, the card after a copy, an app's first picture.

That a UI tree holds them is evidence; which nodes they have is assumed (see `simulator.likeness.traits`).
"""

from __future__ import annotations

from datetime import UTC, datetime

from fleetlane.simulator.screens.nodes import Box, SimNode
from fleetlane.simulator.screens.views import PhoneView

KEYBOARD_PACKAGE = "com.google.android.inputmethod.latin"
_SYSTEM_UI = "com.android.systemui"
_STATUS_BAR, _NAVIGATION_BAR = 0.027, 0.026
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SUGGESTIONS = {
    "en": ("Next", "Post", "Share"),
    "zh": ("下一步", "发布", "分享"),
    "id": ("Berikutnya", "Posting", "Bagikan"),
}
_ENTER = {"en": "Next", "zh": "下一步", "id": "Berikutnya"}


def _node(kind: str, package: str, box: Box, name: str = "", *, text: str = "", desc: str = "") -> SimNode:
    own_id = f"{package}:id/{name}" if name else ""
    return SimNode(f"android.widget.{kind}", package, box, text=text, desc=desc, resource_id=own_id)


def status_bar(phone: PhoneView) -> SimNode:
    """Return the bar at the top: the time, the battery."""
    width, height = phone.size[0], round(phone.size[1] * _STATUS_BAR)
    clock = f"{datetime.fromtimestamp(phone.wall_s(), UTC):%H:%M}"
    root = _node("FrameLayout", _SYSTEM_UI, (0, 0, width, height), "status_bar")
    middle = width // 2
    root.children = [
        _node("TextView", _SYSTEM_UI, (width // 20, 0, width // 5, height), "clock", text=clock, desc=clock),
        _node("ImageView", _SYSTEM_UI, (middle, 0, middle + height, height), "wifi_signal", desc="Wifi signal full."),
        _node(
            "LinearLayout", _SYSTEM_UI, (width - width // 8, 0, width, height), "battery",
            desc=f"Battery {phone.battery_percent} percent.",
        ),
    ]  # fmt: skip
    return root


def navigation_bar(phone: PhoneView) -> SimNode:
    """Return the bar at the bottom, of a phone that is moved by gestures."""
    width, bottom = phone.size
    top = bottom - round(bottom * _NAVIGATION_BAR)
    root = _node("FrameLayout", _SYSTEM_UI, (0, top, width, bottom), "navigation_bar_frame")
    root.children = [_node("ImageView", _SYSTEM_UI, (width // 3, top, width * 2 // 3, bottom), "home_handle")]
    return root


def in_bars(phone: PhoneView, y: int) -> bool:
    """Return whether a point lies in one of the bars, which take no taps here."""
    height = phone.size[1]
    return y < round(height * _STATUS_BAR) or y >= height - round(height * _NAVIGATION_BAR)


def keyboard(phone: PhoneView, top: int, *, with_keys: bool) -> SimNode:
    """Return the keyboard; `with_keys` with a node for each key and each suggestion."""
    width, height = phone.size
    box = (0, top, width, height)
    root = SimNode("android.widget.FrameLayout", KEYBOARD_PACKAGE, box, background="#d5d8dd", paint="keyboard")
    if with_keys:
        row = (height - round(height * _NAVIGATION_BAR) - top) // 5
        root.children.extend(_suggestions(phone, top, row))
        for number, letters in enumerate(_ROWS, 1):
            root.children.extend(_keys(letters, width, top + number * row, row))
        root.children.extend(_last_row(phone, top + 4 * row, row))
    return root


def _suggestions(phone: PhoneView, top: int, row: int) -> list[SimNode]:
    words = _SUGGESTIONS[phone.language]
    step = phone.size[0] // len(words)
    boxes = [(step * index, top, step * (index + 1), top + row) for index in range(len(words))]
    return [
        _node("TextView", KEYBOARD_PACKAGE, box, "candidate", text=word, desc=word)
        for box, word in zip(boxes, words, strict=True)
    ]  # fmt: skip


def _keys(letters: str, width: int, top: int, row: int) -> list[SimNode]:
    step = width // len(letters)
    return [
        _node(
            "FrameLayout", KEYBOARD_PACKAGE, (step * index, top, step * (index + 1), top + row),
            f"key_pos_{top}_{index}", desc=letter,
        )
        for index, letter in enumerate(letters)
    ]  # fmt: skip


def _last_row(phone: PhoneView, top: int, row: int) -> list[SimNode]:
    width = phone.size[0]
    return [
        _node("FrameLayout", KEYBOARD_PACKAGE, (width // 4, top, width * 3 // 4, top + row), "key_pos_space", desc=" "),
        _node(
            "FrameLayout", KEYBOARD_PACKAGE, (width * 5 // 6, top, width, top + row), "key_pos_ime_action",
            desc=_ENTER[phone.language],
        ),
    ]  # fmt: skip


def typed_by(root: SimNode, x: int, y: int) -> str:
    """Return what a tap on the keyboard types."""
    for node in root.children:
        if node.contains(x, y) and "key_pos_ime_action" not in node.resource_id:
            return node.text + " " if node.text else node.desc
    return "" if root.children else "g"


def clipboard_card(phone: PhoneView) -> SimNode:
    """Return the card that Android 13 shows at the bottom left after a copy, over what is there."""
    width, height = phone.size
    box = (width * 3 // 100, height * 86 // 100, width * 42 // 100, height * 955 // 1000)
    root = _node("FrameLayout", _SYSTEM_UI, box, "clipboard_ui")
    root.modal = True
    left, top, right, bottom = box
    text = phone.clipboard[:200]
    root.children = [
        _node("TextView", _SYSTEM_UI, (left, top, right - 80, bottom), "text_preview", text=text),
        _node("ImageView", _SYSTEM_UI, (right - 80, top, right, top + 80), "dismiss_button", desc="Dismiss"),
    ]
    return root


def splash(phone: PhoneView, *, with_picture: bool) -> SimNode:
    """Return what an app shows before its first page: nothing, or a picture without words."""
    width, height = phone.size
    package = phone.foreground.package.name
    root = SimNode("android.widget.FrameLayout", package, (0, 0, width, height), background="#000000")
    if with_picture:
        box = (width // 3, height * 2 // 5, width * 2 // 3, height * 3 // 5)
        root.children = [SimNode("android.widget.ImageView", package, box, paint="picture")]
    return root
