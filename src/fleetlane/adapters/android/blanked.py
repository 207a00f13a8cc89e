"""Takes the owner of a phone out of what was recorded on it: words that people wrote, file names, serials, other apps.

What no rule here knows is blanked word by word, so a new command of the driver gives away nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from fleetlane.adapters.android.conversations import UI_SERVER
from fleetlane.core.screens.blanking import Blanking
from fleetlane.core.transcript import Exchange

SERIAL = "RECORDED"
"""Stands for the serial of every recorded phone."""
_COMMANDS = (
    "getprop", "wm size", "am get-current-user", "am start", "am force-stop", "am broadcast", "pm list packages",
    "pm grant", "cmd package resolve-activity", "settings get system screen_off_timeout", "settings put",
    "settings get secure default_input_method", "settings get global stay_on_while_plugged_in",
    "settings get secure android_id", "dumpsys package", "dumpsys battery", "dumpsys window policy",
    "date", "df", "ls", "stat", "touch",
    "rm", "mkdir", "toybox md5sum", "md5", "input tap", "input swipe", "input keyevent", "ime", "svc", "echo", "monkey",
    "id", "screencap",
)  # fmt: skip
"""The beginnings of commands whose answers hold nothing of people beyond what is blanked in each line."""
_OF_MEDIA = tuple(f"content {verb} --uri content://media" for verb in ("query", "call"))
_OF_USER = re.compile(r" --user \S+")
_MARKER = re.compile(r"(X4(?:NEXT|EXIT):\d+)")
_OF_PACKAGE = re.compile(
    r"^\s*(Package \[|version(Code|Name)=|User \d+:|[\w.]+: granted=|\w+ permissions:|(first|last)\w+Time=|X4)"
)
"""Lines of `dumpsys package` that are kept: others name apps that have to do with one another."""
_BARE_NAME = re.compile(r"^(?!X4|total )[^/:=\[\]]+$")
_SEPARATOR = re.compile(r";\s*|&&\s*|\|\|\s*|\|\s*")
_PROPERTY = re.compile(r"^\[([^\]]+)\]: \[[^\]]*\]\r?$")
_PROPERTIES = (
    "ro.build.", "ro.product.", "ro.system.build.", "ro.vendor.build.", "ro.miui.", "ro.mi.os.", "ro.vivo.",
    "ro.oplus.", "ro.config.knox", "ro.crypto.", "ro.debuggable", "ro.secure", "ro.hardware", "ro.sf.", "ro.boot.qemu",
    "sys.boot_completed", "sys.user.", "persist.sys.locale", "persist.sys.timezone", "persist.sys.usb.config",
    "init.svc.adbd", "dev.bootcomplete",
)  # fmt: skip
_PACKAGE = re.compile(r"^package:([\w.]+)")
_PACKAGES = ("android", "com.android.", "com.google.android.", "com.github.uiautomator")
_STORED = re.compile(r"(/sdcard/|/storage/emulated/\d+/)([^\s;,'\"]+)")
_ROW_PATH = re.compile(r"(_data=(?:/sdcard/|/storage/emulated/\d+/))(.*?)(?=, \w+=|\r?$)")
_FILE = re.compile(r"^[^/\[][^/]*\.(mp4|mov|webm|jpe?g|png|heic|webp|gif)\r?$", re.IGNORECASE)
_FOLDERS = frozenset({"DCIM", "Camera", "Pictures", "Movies", "Download", "Android", "Fleetlane", "Screenshots"})
_OWN_FILE = re.compile(r"fleetlane-[\w.-]+", re.IGNORECASE)
_ADDRESS = re.compile(r"(https?://[^/\s'\"]+)([^\s'\"]*)")
_ANDROID_ID = re.compile(r"^[0-9a-f]{16}\r?$", re.IGNORECASE)
_WRITTEN_KEYS = ("text", "desc", "contentdescription", "hint", "tooltip")
_TEXT_CALLS = frozenset({"setClipboard", "getClipboard", "setText", "getText", "getLastToast"})
_QUIET_CALLS = frozenset(
    {
        "deviceInfo", "click", "swipe", "swipePoints", "drag", "pressKey", "pressKeyCode", "takeScreenshot", "objInfo",
        "objInfoOfAllInstances", "exist", "count", "waitForExists", "waitUntilGone", "wakeUp", "sleep",
        "pasteClipboard", "clearInputText", "clearTextField", "setOrientation", "dumpWindowHierarchy",
    }
)  # fmt: skip
"""Calls in which only what stands under `_WRITTEN_KEYS` was written by people."""
_BRACKETED = re.compile(r"[\[{][^\]}]*(?:[\]}]|\Z)")


def blanked(
    exchanges: Iterable[Exchange], blanking: Blanking, serial: str, packages: Collection[str] = ()
) -> list[Exchange]:
    """Return exchanges without what is its owner's.

    Args:
        exchanges: as they were recorded.
        blanking: says what stands for a text.
        serial: of the phone.
        packages: of the apps that are named in listings; others are left out, but for Android's own.
    """
    blanker = _Blanker(blanking, serial, packages)
    return [blanker.blanked(one) for one in exchanges]


class _Blanker:
    def __init__(self, blanking: Blanking, serial: str, packages: Collection[str]) -> None:
        self._blanking = blanking
        self._serial = serial
        self._packages = (*_PACKAGES, *packages)

    def blanked(self, one: Exchange) -> Exchange:
        answer: Mapping[str, Any] = dict(one.answer)
        match one.kind:
            case "shell":
                answer = {key: self._output(one.asked, value) for key, value in answer.items()}
                return replace(one, asked=self._line(one.asked), answer=answer)
            case "rpc":
                params = self._value(one.asked, one.params)
                return replace(one, params=params, answer={k: self._result(one.asked, k, v) for k, v in answer.items()})
            case _:
                answer = {key: self._line(value) if isinstance(value, str) else value for key, value in answer.items()}
                return replace(one, asked=self._line(one.asked), answer=answer)

    # -- shell -------------------------------------------------------------------------------------------

    def _output(self, asked: str, value: object) -> object:
        if not isinstance(value, str):
            return value
        if not _is_known(asked):
            parts = _MARKER.split(self._without_serial(value))
            return "".join(part if _MARKER.match(part) else self._blanking.words(part) for part in parts)
        lines = value.split("\n")
        if "dumpsys package " in asked:
            lines = [line for line in lines if not line or _OF_PACKAGE.match(line)]
        if "ls " in asked:
            lines = [self._file(line) if _BARE_NAME.match(line) else line for line in lines]
        return "\n".join(line for line in map(self._output_line, lines) if line is not None)

    def _output_line(self, line: str) -> str | None:
        if (found := _PROPERTY.match(line)) is not None:
            return self._without_serial(line) if found[1].startswith(_PROPERTIES) else None
        if (found := _PACKAGE.match(line)) is not None:
            return line if found[1].startswith(self._packages) else None
        if _ANDROID_ID.match(line):
            return self._blanking.words(line)
        if _FILE.match(line):
            return self._file(line)
        return self._line(line)

    def _line(self, line: str) -> str:
        """Return a line without names of files, what addresses on the web name, and the phone's serial."""
        pattern = _ROW_PATH if _ROW_PATH.search(line) else _STORED
        line = pattern.sub(lambda found: found[1] + self._path(found[2]), line)
        line = _ADDRESS.sub(lambda found: found[1] + self._blanking.words(found[2]), line)
        return self._without_serial(line)

    def _without_serial(self, text: str) -> str:
        return text.replace(self._serial, SERIAL) if self._serial else text

    def _path(self, path: str) -> str:
        return "/".join(part if part in _FOLDERS else self._file(part) for part in path.split("/"))

    def _file(self, name: str) -> str:
        """Return the name of a file with its words blanked, but for its ending, and those of Fleetlane."""
        if _OWN_FILE.match(name):
            return name
        stem, dot, ending = name.rpartition(".")
        return f"{self._blanking.words(stem)}{dot}{ending}" if dot else self._blanking.words(name)

    # -- the automation server -----------------------------------------------------------------------------

    def _result(self, method: str, key: str, value: Any) -> Any:
        if key == "result" and method == "dumpWindowHierarchy" and isinstance(value, str):
            try:
                return self._blanking.tree(value)
            except ValueError:
                return "no UI tree"
        if key == "error":
            error: dict[str, Any] = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
            message = str(error.get("message", "")).partition("\n")[0]
            return {"code": error.get("code"), "message": _BRACKETED.sub(self._bracketed, message)}
        return self._value(method, value) if key == "result" else value

    def _bracketed(self, found: re.Match[str]) -> str:
        return self._blanking.words(found[0])

    def _value(self, method: str, value: Any, key: str = "") -> Any:
        """Return a value of a call with its texts blanked."""
        if isinstance(value, dict):
            items = cast("dict[str, Any]", value).items()
            return {name: self._value(method, inner, name) for name, inner in items}
        if isinstance(value, list):
            return [self._value(method, inner, key) for inner in cast("list[Any]", value)]
        if not isinstance(value, str):
            return value
        is_text = key.casefold().startswith(_WRITTEN_KEYS) or (not key and method in _TEXT_CALLS)
        if is_text or method not in _QUIET_CALLS | _TEXT_CALLS:
            return self._blanking.text(value)
        return self._without_serial(value)


def _is_known(line: str) -> bool:
    """Return whether every command in a line is known."""
    commands = (part.strip() for part in _SEPARATOR.split(_OF_USER.sub("", line)) if part.strip())
    return UI_SERVER in line or all(
        command.startswith(_OF_MEDIA) or any(f"{command} ".startswith(f"{known} ") for known in _COMMANDS)
        for command in commands
    )
