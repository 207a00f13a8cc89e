"""Commands about the screen: taps and keys, keyboards, pictures, the UI tree."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from fleetlane.simulator.guards import injection_refused, is_guarded
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.render import screenshot
from fleetlane.simulator.shell import Result, UnsupportedArgumentsError, command, options

_LONG_MS = 500


@command("input")
def _input(phone: SimPhone, args: Sequence[str]) -> Result:
    if is_guarded(phone):
        verb = args[0] if args else ""
        return Result.error(f"\nException occurred while executing '{verb}':\n{injection_refused(phone)}", 255)
    match list(args):
        case ["tap", x, y]:
            phone.tap(int(x), int(y))
        case ["swipe", x1, y1, x2, y2, *duration] if len(duration) < 2:
            if (x1, y1) == (x2, y2):
                phone.tap(int(x1), int(y1), long=int(duration[0] if duration else 300) >= _LONG_MS)
            else:
                phone.swipe((int(x1), int(y1)), (int(x2), int(y2)))
        case ["keyevent", key]:
            name = key.removeprefix("KEYCODE_")
            if not phone.press(int(name) if name.isdigit() else name):
                raise UnsupportedArgumentsError(f"key {key}")
        case _:
            raise UnsupportedArgumentsError(" ".join(args))
    return Result()


_KEYBOARD = "com.github.uiautomator/.AdbKeyboard"
_LATIN = "com.android.inputmethod.latin/.LatinIME"


@command("ime")
def _ime(phone: SimPhone, args: Sequence[str]) -> Result:
    installed = [_LATIN, *([_KEYBOARD] if phone.settings.get(("sim", "adb_keyboard")) else [])]
    match list(args):
        case ["list", "-s"] | ["list", "-s", "-a"]:
            return Result.text("\n".join(installed))
        case ["enable" | "set" | "disable" as verb, name]:
            done = {"enable": "enabled", "set": "selected", "disable": "disabled"}[verb]
            if name not in installed:
                return Result.error(f"Unknown input method {name} cannot be {done} for user #0")
            if verb == "set":
                phone.settings[("secure", "default_input_method")] = name
            return Result.text(f"Input method {name}{'' if verb == 'set' else ': now'} {done} for user #0")
        case _:
            raise UnsupportedArgumentsError(" ".join(args))


@command("screencap")
def _screencap(phone: SimPhone, args: Sequence[str]) -> Result:
    found, rest = options(args, "-p", ["-d"])
    if "-p" not in found or rest:
        raise UnsupportedArgumentsError("only `screencap -p`")
    return Result(screenshot(phone, 1.0, "PNG", 0))


@command("uiautomator")
def _uiautomator(phone: SimPhone, args: Sequence[str]) -> Result:
    match list(args):
        case ["dump"]:
            target = "/sdcard/window_dump.xml"
        case ["dump", target] if target.startswith("/"):
            pass
        case _:
            raise UnsupportedArgumentsError(" ".join(args))
    if phone.foreground.screen == "home_feed":
        return Result.error("ERROR: could not get idle state.", 0)  # a video plays
    if target == "/dev/tty":
        return Result.text(f"{phone.dump()}UI hierchary dumped to: {target}")
    phone.files.make_folder(posixpath.dirname(target), 0)
    phone.files.write(target, phone.dump().encode(), 0o660, int(phone.wall_s()))
    return Result.text(f"UI hierchary dumped to: {target}")
