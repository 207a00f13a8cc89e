"""The uiautomator server of a simulated phone: what the real u2.jar answers on port 9008.

JSON-RPC 2.0 over HTTP. A method that is not simulated answers an error and is logged.
Source: uiautomator2 3.7.1 (`core.py`, `_selector.py`).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from fleetlane.simulator.android.input_guard import injection_refused, is_guarded
from fleetlane.simulator.android.phone_facts import DENSITY
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.screens.nodes import SimNode
from fleetlane.simulator.screens.render import screenshot

_NOT_FOUND_CODE = -32002
_NOT_FOUND = "androidx.test.uiautomator.UiObjectNotFoundException"
_FAILED_CODE = -32001
_NULL = "java.lang.NullPointerException: Attempt to invoke virtual method on a null object reference"
_EMPTY = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\r\n<hierarchy rotation=\"0\" />"
_INJECTS = {
    "click", "swipe", "pressKey", "pressKeyCode", "pasteClipboard", "clearInputText", "wakeUp", "sleep", "setText",
    "clearTextField",
}  # fmt: skip
"""Methods that send touches or keys. setText clicks the field first."""
Method = Callable[..., Any]


class RpcError(Exception):
    """Answered as a JSON-RPC error."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


class UiServer:
    """Answers the JSON-RPC calls of one phone."""

    def __init__(self, phone: SimPhone) -> None:
        self.phone = phone
        self.methods: dict[str, Method] = {
            "deviceInfo": self._device_info,
            "dumpWindowHierarchy": self._dump,
            "click": self._click,
            "swipe": self._swipe,
            "pressKey": self._press_key,
            "pressKeyCode": self._press_key_code,
            "takeScreenshot": self._screenshot,
            "setClipboard": self._set_clipboard,
            "getClipboard": self._get_clipboard,
            "pasteClipboard": self._paste,
            "clearInputText": self._clear,
            "wakeUp": lambda: self.phone.press("wakeup"),
            "sleep": lambda: self.phone.press("sleep"),
            "setOrientation": self._set_orientation,
            "exist": self._exists,
            "waitForExists": self._exists,
            "waitUntilGone": self._is_gone,
            "count": self._count,
            "objInfo": self._object_info,
            "objInfoOfAllInstances": self._all_object_infos,
            "getText": self._get_text,
            "setText": self._set_text,
            "clearTextField": self._set_text,
        }

    def handle(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Answer an HTTP request; returns (status, body)."""
        if (method, path) == ("GET", "/ping"):
            return 200, b"pong"
        if (method, path) != ("POST", "/jsonrpc/0"):
            self.phone.log(f"uiautomator: no such page {method} {path}")
            return 404, b"not found"
        try:
            call = json.loads(body)
            name, params = call["method"], call.get("params", [])
        except (ValueError, KeyError, TypeError) as error:
            self.phone.log(f"uiautomator: not a JSON-RPC call: {error}")
            return 400, b"bad request"
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": call.get("id")}
        try:
            answer["result"] = self._call(name, params)
        except RpcError as error:
            if error.code != _NOT_FOUND_CODE:
                self.phone.log(f"uiautomator: {name!r}: {error}")
            answer["error"] = {"code": error.code, "message": str(error), "data": str(error)}
        return 200, json.dumps(answer).encode()

    def waits_for(self, body: bytes) -> tuple[Callable[[], bool], float] | None:
        """Return what a call waits for on the phone, and for how many seconds; None when it waits for nothing."""
        try:
            call = json.loads(body)
            name, params = call["method"], call["params"]
        except (ValueError, KeyError, TypeError):
            return None
        if name == "waitForExists":
            return lambda: self._exists(params[0]), params[1] / 1000
        if name == "waitUntilGone":
            return lambda: self._is_gone(params[0]), params[1] / 1000
        return None

    def _call(self, name: str, params: list[Any] | dict[str, Any]) -> Any:
        function = self.methods.get(str(name))
        if function is None:
            raise RpcError(-32601, f"method not found: {name}")
        self.phone.settle()
        if name in _INJECTS and is_guarded(self.phone):
            raise RpcError(_FAILED_CODE, injection_refused(self.phone))
        try:
            return function(*params) if isinstance(params, list) else function(**params)
        except (TypeError, ValueError, KeyError, IndexError) as error:
            raise RpcError(-32602, f"invalid parameters {params!r}: {error}") from error

    # -- screen ----------------------------------------------------------------------------------

    def _device_info(self) -> dict[str, Any]:
        width, height = self.phone.size
        per_dp = DENSITY / 160
        return {
            "currentPackageName": self.phone.focused_activity.split("/")[0],
            "displayHeight": height,
            "displayWidth": width,
            "displayRotation": self.phone.rotation,
            "displaySizeDpX": int(width / per_dp),
            "displaySizeDpY": int(height / per_dp),
            "productName": self.phone.facts.model,
            "screenOn": self.phone.screen_on,
            "sdkInt": self.phone.sdk,
            "naturalOrientation": self.phone.rotation == 0,
        }

    def _dump(self, compressed: bool = False, max_depth: int = 50, root: str = "") -> str:
        if compressed or max_depth < 50 or root:
            raise RpcError(-32602, "only whole trees are simulated")
        draws, traits = self.phone.draws, self.phone.traits
        if draws.happens("dump_fails", traits.dump_fails):
            raise RpcError(_FAILED_CODE, _NULL)
        if draws.happens("dump_empty", traits.dump_empty):
            return _EMPTY
        return self.phone.dump()

    def _screenshot(self, scale: float, quality: int) -> str:
        return base64.b64encode(screenshot(self.phone, scale, "JPEG", quality)).decode()

    def _set_orientation(self, name: str) -> None:
        self.phone.rotation = {"natural": 0, "left": 1, "upsidedown": 2, "right": 3}[name]
        self.phone.touch()

    # -- input -----------------------------------------------------------------------------------

    def _click(self, x: int, y: int, duration_ms: int = 0) -> bool:
        self.phone.tap(int(x), int(y), long=duration_ms >= 400)
        return True

    def _swipe(self, x1: int, y1: int, x2: int, y2: int, _steps: int) -> bool:
        self.phone.swipe((x1, y1), (x2, y2))
        return True

    def _press_key(self, key: str | int) -> bool:
        if not self.phone.press(key):
            self.phone.log(f"uiautomator: there is no key {key!r}")
            return False
        return True

    def _press_key_code(self, code: int) -> bool:
        return self._press_key(code)

    def _set_clipboard(self, _label: str | None, text: str) -> None:
        self.phone.copy(text)

    def _get_clipboard(self) -> str:
        return self.phone.clipboard

    def _paste(self) -> bool:
        return self.phone.foreground.type_text(self.phone.clipboard)

    def _clear(self) -> bool:
        return self.phone.foreground.type_text("", replace=True)

    # -- selectors -------------------------------------------------------------------------------

    def _nodes(self) -> list[SimNode]:
        return [node for root in self.phone.windows() for node in root.walk()]

    def _find_all(self, selector: Mapping[str, Any]) -> list[SimNode]:
        if selector.get("childOrSibling"):
            raise RpcError(-32602, "child and sibling selectors are not simulated")
        return [node for node in self._nodes() if _matches(node, selector)]

    def _find(self, selector: Mapping[str, Any]) -> SimNode | None:
        found = self._find_all(selector)
        index = int(selector.get("instance", 0))
        return found[index] if index < len(found) else None

    def _must(self, selector: Mapping[str, Any]) -> SimNode:
        node = self._find(selector)
        if node is None:
            raise RpcError(_NOT_FOUND_CODE, f"{_NOT_FOUND}: {dict(selector)}")
        return node

    def _exists(self, selector: Mapping[str, Any], _timeout_ms: int = 0) -> bool:
        return self._find(selector) is not None

    def _is_gone(self, selector: Mapping[str, Any], _timeout_ms: int = 0) -> bool:
        return self._find(selector) is None

    def _count(self, selector: Mapping[str, Any]) -> int:
        return len(self._find_all(selector))

    def _object_info(self, selector: Mapping[str, Any]) -> dict[str, Any]:
        return _info(self._must(selector))

    def _all_object_infos(self, selector: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [_info(node) for node in self._find_all(selector)]

    def _get_text(self, selector: Mapping[str, Any]) -> str:
        return self._must(selector).text

    def _set_text(self, selector: Mapping[str, Any], text: str = "") -> bool:
        node = self._must(selector)
        if node.field_name is None:
            return False
        return self.phone.foreground.type_text(text, replace=True, into=node.field_name)


_CHECKS: Mapping[str, Callable[[SimNode, Any], bool]] = {
    "text": lambda node, value: node.text == value,
    "textContains": lambda node, value: value in node.text,
    "textMatches": lambda node, value: re.fullmatch(value, node.text) is not None,
    "textStartsWith": lambda node, value: node.text.startswith(value),
    "className": lambda node, value: node.class_name == value,
    "description": lambda node, value: node.desc == value,
    "descriptionContains": lambda node, value: value in node.desc,
    "descriptionMatches": lambda node, value: re.fullmatch(value, node.desc) is not None,
    "descriptionStartsWith": lambda node, value: node.desc.startswith(value),
    "resourceId": lambda node, value: node.resource_id == value,
    "resourceIdMatches": lambda node, value: re.fullmatch(value, node.resource_id) is not None,
    "packageName": lambda node, value: node.package == value,
    "clickable": lambda node, value: node.clickable is value,
    "enabled": lambda node, value: node.enabled is value,
    "focused": lambda node, value: node.focused is value,
    "checked": lambda node, value: node.checked is value,
    "selected": lambda node, value: node.selected is value,
}
_NO_CHECK = {"mask", "instance", "childOrSibling", "childOrSiblingSelector"}


def _matches(node: SimNode, selector: Mapping[str, Any]) -> bool:
    for key, value in selector.items():
        if key in _NO_CHECK:
            continue
        check = _CHECKS.get(key)
        if check is None:
            raise RpcError(-32602, f"the selector {key!r} is not simulated")
        if not check(node, value):
            return False
    return True


def _info(node: SimNode) -> dict[str, Any]:
    left, top, right, bottom = node.bounds
    box = {"left": left, "top": top, "right": right, "bottom": bottom}
    return {
        "bounds": box,
        "visibleBounds": box,
        "checkable": node.checkable,
        "checked": node.checked,
        "childCount": len(node.children),
        "className": node.class_name,
        "clickable": node.clickable,
        "contentDescription": node.desc,
        "enabled": node.enabled,
        "focusable": node.clickable,
        "focused": node.focused,
        "packageName": node.package,
        "resourceName": node.resource_id,
        "scrollable": node.scrollable,
        "selected": node.selected,
        "text": node.text,
    }
