"""The driver of a real phone: `core.ports.phone.Driver` over adbutils and uiautomator2.

One object a phone, used from the phone's own thread (uiautomator2 is not thread-safe). What needs no automation
server is in `phone_shell`; captions go by clipboard or input method, never through `input text`.
"""

# uiautomator2 carries few types; what it returns is typed here, at the border.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import base64
import io
from typing import Any, cast

import uiautomator2
from PIL import Image

from fleetlane.adapters.android import answers
from fleetlane.adapters.android.automation import LaneAutomation, automation_answers
from fleetlane.adapters.android.phone_shell import PhoneShell
from fleetlane.adapters.android.transport import QuickClient
from fleetlane.core.errors import (
    DriverBrokenError,
)
from fleetlane.core.ports.phone import Where
from fleetlane.core.screens.screen import Node

_LONG_TAP_S = 1.0
_JPEG_QUALITY = 60
_WAKEUP_KEY = 224


class AndroidDriver(PhoneShell):
    """Drives one phone."""

    def __init__(self, client: QuickClient, serial: str, where: Where) -> None:
        super().__init__(client, serial, where)
        self._automation: uiautomator2.Device | None = None

    # -- screen --------------------------------------------------------------------------------------

    def _u2(self) -> uiautomator2.Device:
        if self._automation is None:
            self._automation = LaneAutomation(self._device)
        return self._automation

    def tree(self) -> str:
        """Return the UI tree as XML."""
        with self._calls():
            xml: str = self._u2().dump_hierarchy()
        return xml

    def is_driven_by_others(self) -> bool:
        """Return whether an automation server answers on the phone that this driver has not started."""
        return self._automation is None and automation_answers(self._device)

    def renew(self) -> None:
        """Let the automation server be started anew by the next call that needs it."""
        automation, self._automation = self._automation, None
        if automation is not None:
            automation.stop_uiautomator(wait=False)

    def whole_text(self, node: Node) -> str | None:
        """Return the whole text of a node that a tree showed (see the port)."""
        with self._calls():
            found: Any = self._u2().jsonrpc.objInfoOfAllInstances(answers.selector(node))
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in cast("list[object]", found)):
            raise DriverBrokenError("The automation service does not say what it has found.", serial=self._serial)
        return answers.whole_text(node, found)

    def tap(self, x: int, y: int) -> None:
        """Tap a point (uiautomator2 may send it again after an HTTP error)."""
        with self._calls():
            self._u2().click(x, y)

    def tap_once(self, x: int, y: int) -> None:
        """Tap a point by a path that can never repeat: one `input tap`, its exit checked."""
        self.shell("input", "tap", str(x), str(y))

    def long_tap(self, x: int, y: int) -> None:
        """Press a point for a second."""
        with self._calls():
            self._u2().long_click(x, y, _LONG_TAP_S)

    def type_text(self, text: str, way: str) -> None:
        """Put text into the focused field (see the port)."""
        with self._calls():
            device = self._u2()
            match way:
                case "paste":
                    self.copy(text)
                    if self.clipboard() != text:
                        raise DriverBrokenError("The phone's clipboard cannot be used.", serial=self._serial)
                    device.jsonrpc.pasteClipboard()
                case "set":
                    device(focused=True).set_text(text)
                case "keyboard":
                    self._type_by_keyboard(device, text)
                case _:
                    raise ValueError(way)

    def _type_by_keyboard(self, device: uiautomator2.Device, text: str) -> None:
        """Type by uiautomator2's own keyboard, and give the phone its keyboard back."""
        former = self.shell("settings", "get", "secure", "default_input_method").strip()
        try:
            uiautomator2.InputMethodMixIn.send_keys(device, text)
        finally:
            if former and former != "null":
                self.shell("ime", "set", former)

    def clipboard(self) -> str | None:
        """Return the text on the phone's clipboard (see the port)."""
        with self._calls():
            held: str | None = self._u2().jsonrpc.getClipboard()
        return held

    def copy(self, text: str) -> None:
        """Put a text on the phone's clipboard."""
        with self._calls():
            self._u2().set_clipboard(text)

    def clear_text(self) -> None:
        """Empty the focused field."""
        with self._calls():
            self._u2().jsonrpc.clearInputText()

    def press(self, key: str) -> None:
        """Press a key."""
        with self._calls():
            # uiautomator2's own way to wake a phone does nothing while the screen is on; the key counts as a touch.
            self._u2().press(_WAKEUP_KEY if key == "wakeup" else key)

    def swipe(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Swipe between two points."""
        with self._calls():
            self._u2().swipe(*start, *end, steps=20)

    def screenshot(self, width: int) -> bytes:
        """Return a JPEG of the screen, about `width` pixels wide."""
        scale = min(1.0, width / self.facts().size[0])
        with self._calls():
            encoded = self._u2().jsonrpc.takeScreenshot(scale, _JPEG_QUALITY)
            if encoded:
                return self._picture(encoded)
            picture: Image.Image = self._device.screenshot()  # protected windows: screencap shows them black
        picture.thumbnail((width, width * 4))
        out = io.BytesIO()
        picture.convert("RGB").save(out, "JPEG", quality=_JPEG_QUALITY)
        return out.getvalue()

    def _picture(self, encoded: Any) -> bytes:
        try:
            return base64.b64decode(encoded)
        except (ValueError, TypeError) as error:
            raise DriverBrokenError("The automation service took no picture.", serial=self._serial) from error

    # -- life ----------------------------------------------------------------------------------------

    def abort(self) -> None:
        """End the call in progress, and refuse every further one until `reset`. From any thread."""
        self._wire.abort()

    def reset(self) -> None:
        """Take calls again after `abort`."""
        self._wire.reset()

    def close(self) -> None:
        """Let go of the phone: the automation server on it ends with the connection."""
        self.renew()
        self._wire.abort()
