"""Commands about the screen: taps and keys, keyboards, pictures, the UI tree."""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Sequence

from fleetlane.simulator.android.input_guard import injection_refused, is_guarded
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.screens.render import pixels, screenshot
from fleetlane.simulator.shell.interpreter import Result, UnsupportedArgumentsError, command, options

_LONG_MS = 500
_RAW_HEAD = struct.Struct("<4I")
_RGBA_8888, _SRGB = 1, 1


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
        case ["touchscreen", *rest] if rest[:1] != ["touchscreen"]:
            return _input(phone, rest)
        case ["text", text]:
            return _type(phone, text)
        case ["keyevent", "111" | "KEYCODE_ESCAPE"]:
            phone.hide_keyboard()  # Android's keyboards take Escape so
        case ["keyevent", key]:
            name = key.removeprefix("KEYCODE_")
            if not phone.press(int(name) if name.isdigit() else name):
                raise UnsupportedArgumentsError(f"key {key}")
        case _:
            raise UnsupportedArgumentsError(" ".join(args))
    return Result()


def _type(phone: SimPhone, text: str) -> Result:
    """Type as keys: `%s` is a blank, and what no key has ends it, as on a phone."""
    if not text.isascii():
        return Result.error("\nException occurred while executing 'text':\njava.lang.NullPointerException", 255)
    if phone.screen_on and not phone.locked:
        phone.foreground.type_text(text.replace("%s", " "))
    return Result()


_KEYBOARD = "com.github.uiautomator/.AdbKeyboard"
_LATIN = "com.android.inputmethod.latin/.LatinIME"


@command("ime")
def _ime(phone: SimPhone, args: Sequence[str]) -> Result:
    installed = [_LATIN, *([_KEYBOARD] if phone.settings.get(("sim", "adb_keyboard")) else [])]
    match list(args):
        case ["list", *flags] if set(flags) <= {"-s", "-a"}:
            enabled = [name for name in installed if phone.settings.get(("sim", f"disabled {name}")) is None]
            listed = installed if "-a" in flags else enabled
            return Result.text("\n".join(name if "-s" in flags else _described(name) for name in listed))
        case ["enable" | "set" | "disable" as verb, name]:
            done = {"enable": "enabled", "set": "selected", "disable": "disabled"}[verb]
            if name not in installed:
                return Result.error(f"Unknown input method {name} cannot be {done} for user #0")
            phone.settings.pop(("sim", f"disabled {name}"), None)
            if verb == "disable":
                phone.settings[("sim", f"disabled {name}")] = "1"
            if verb == "set":
                phone.settings[("secure", "default_input_method")] = name
            return Result.text(f"Input method {name}{'' if verb == 'set' else ': now'} {done} for user #0")
        case _:
            raise UnsupportedArgumentsError(" ".join(args))


def _described(name: str) -> str:
    package, _, service = name.partition("/")
    return (
        f"{name}:\n  mId={name} mSettingsActivityName=null mIsVrOnly=false mSupportsSwitchingToNextInputMethod=true\n"
        f"  Service:\n    packageName={package}\n    name={package}{service}"
    )


@command("screencap")
def _screencap(phone: SimPhone, args: Sequence[str]) -> Result:
    """A picture: PNG by `-p` or into a file named so, else the pixels behind width, height, format and colours."""
    found, paths = options(args, "-p", ["-d"])
    if len(paths) > 1:
        raise UnsupportedArgumentsError(" ".join(args))
    if "-p" in found or (paths and paths[0].endswith(".png")):
        data = screenshot(phone, 1.0, "PNG", 0)
    else:
        size, data = pixels(phone)
        data = _RAW_HEAD.pack(*size, _RGBA_8888, _SRGB) + data
    if not paths:
        return Result(data)
    if phone.files.get(posixpath.dirname(paths[0])) is None:
        return Result.error(f"Error opening file: {paths[0]} (No such file or directory)")
    phone.files.write(paths[0], data, 0o660, int(phone.wall_s()))
    return Result()


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
