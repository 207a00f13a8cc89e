"""Commands that start and stop apps: am, monkey.

A share without a grant or a media permission is refused, as on a phone.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from fleetlane.simulator.apps.app import App
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell.commands import launches
from fleetlane.simulator.shell.interpreter import Result, UnsupportedArgumentsError, command, options

_GRANT = 0x1
_STREAM = "android.intent.extra.STREAM"
_SEND = "android.intent.action.SEND"
_VIEW = "android.intent.action.VIEW"
_TO_FRONT = "Warning: Activity not started, its current task has been brought to the front"
"""What was to be delivered with it was not."""
_DELIVERED = "Warning: Activity not started, intent has been delivered to currently running top-most instance."


@command("monkey")
def _monkey(phone: SimPhone, args: Sequence[str]) -> Result:
    found, events = options(args, "", ["-p", "-c"])
    if events != ["1"] or "-p" not in found:
        raise UnsupportedArgumentsError("only `monkey -p PACKAGE [-c CATEGORY] 1`")
    package = found["-p"][0]
    if not phone.traits.physical_keys:
        return Result.text(f"args: {list(args)}\n ** SYS_KEYS has no physical keys but with factor 2.0%.", 251)
    if not phone.start_app(package):
        return Result.text("** No activities found to run, monkey aborted.", 252)
    return Result.text("Events injected: 1")


@command("am")
def _am(phone: SimPhone, args: Sequence[str]) -> Result:
    match args[0] if args else "":
        case "start" | "start-activity":
            began = _start(phone, [arg for arg in args[1:] if arg != "-W"])
            return began if "-W" not in args else launches.waited(phone, began)
        case "kill":
            [_, package] = args
            if package in phone.apps and phone.foreground is not phone.apps[package]:
                phone.stop_app(package)  # only what nobody looks at
            return Result()
        case "force-stop":
            _, [package] = options(args[1:], "", ["--user"])
            phone.stop_app(package)
            return Result()
        case "get-current-user":
            return Result.text("0")
        case "broadcast":
            return _broadcast(phone, args[1:])
        case _:
            raise UnsupportedArgumentsError(" ".join(args))


def _start(phone: SimPhone, args: Sequence[str]) -> Result:
    extras, args = _uri_extras(args)
    found, rest = options(
        args,
        "-S --grant-read-uri-permission",
        ["-a", "-t", "-d", "-c", "-n", "-f", "-p", "--user"],
    )
    action = found.get("-a", [""])[0]
    if action == _VIEW and not found.get("-n"):
        return _view(phone, found, rest)
    component = (found.get("-n") or rest or [""])[0]
    package, _, activity = component.partition("/")
    starting = f"Starting: Intent {{ act={action} cmp={component} }}\n"
    if not component:
        raise UnsupportedArgumentsError("an explicit component (-n) is needed")
    app = phone.apps.get(package)
    activity = package + activity if activity.startswith(".") else activity
    if app is None or activity not in app.model.activities.values() or phone.is_sealed:
        return _failed(starting, f"Error type 3\nError: Activity class {{{component}}} does not exist.")
    if activity == app.model.activities.get("share") and action == _SEND:
        return _share(phone, app, found, extras.get(_STREAM, ""), starting)
    if activity != app.model.activities.get("main"):
        raise UnsupportedArgumentsError(f"{component} by {action or 'no action'}")
    if "-S" in found:
        phone.stop_app(package)
    was_running = app.running
    phone.start_app(package)
    return _warned(starting, _TO_FRONT) if was_running else Result.text(starting)


def _failed(starting: str, complaint: str) -> Result:
    """Return how `am start` ends when it started nothing: with 0, and the error on stderr."""
    return Result(starting.encode(), f"{complaint}\n".encode())


def _warned(starting: str, warning: str) -> Result:
    return Result(starting.encode(), f"{warning}\n".encode())


def _view(phone: SimPhone, found: dict[str, list[str]], rest: Sequence[str]) -> Result:
    # a word without "/" and ":" is a package, as for `am`
    packages = [word for word in rest if "/" not in word and ":" not in word]
    url = (found.get("-d") or [word for word in rest if word not in packages] or [""])[0]
    package = (found.get("-p") or packages or [""])[0]
    intent = f"Intent {{ act={_VIEW} dat={url} pkg={package} }}"
    if not package:
        raise UnsupportedArgumentsError("a link is opened with its package (-p): there is no browser and no chooser")
    if "-S" in found:
        phone.stop_app(package)
    if not phone.view(package, url):
        return _failed(f"Starting: {intent}\n", f"Error: Activity not started, unable to resolve {intent}")
    return Result.text(f"Starting: {intent}")


def _uri_extras(args: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    # `--eu KEY URI` takes two words; a repeated key overwrites the former, as in `am`.
    extras: dict[str, str] = {}
    rest: list[str] = []
    items = iter(args)
    for item in items:
        if item == "--eu":
            key = next(items, "")
            extras[key] = next(items, "")
        else:
            rest.append(item)
    return extras, rest


def _share(phone: SimPhone, app: App, found: dict[str, list[str]], uri: str, starting: str) -> Result:
    if found.get("-t", [""])[0] not in app.model.share_types:
        return _failed(starting, "Error: Activity not started, unable to resolve Intent")
    row = phone.media.by_uri(uri)
    granted = "--grant-read-uri-permission" in found or int(found.get("-f", ["0"])[0], 0) & _GRANT
    if phone.faults.share_refused or row is None or not (granted or phone.permissions.may_read_media(app.package.name)):
        return Result.text(
            f"{starting}\nException occurred while executing 'start':\njava.lang.SecurityException: Permission Denial: "
            f"opening provider com.android.providers.media.MediaProvider from ({app.package.name}) requires that you "
            f"obtain access using ACTION_OPEN_DOCUMENT or related APIs: {uri}",
            255,
        )
    answer = phone.traits.share_answer if app.running else "plain"
    if answer == "front":
        phone.start_app(app.package.name)
        return _warned(starting, _TO_FRONT)
    phone.share(app.package.name, [row])
    return _warned(starting, _DELIVERED) if answer == "delivered" else Result.text(starting)


def _broadcast(phone: SimPhone, args: Sequence[str]) -> Result:
    found, texts = options(args, "", ["-a", "-d", "--es", "--ei", "--user"])
    action = found.get("-a", [""])[0]
    done = f"Broadcasting: Intent {{ act={action} flg=0x400000 }}\nBroadcast completed: result="
    if action == "android.intent.action.MEDIA_SCANNER_SCAN_FILE":
        path = found.get("-d", [""])[0].removeprefix("file://")
        if not phone.faults.scan_ignored:
            phone.media.scan_file(path, int(phone.wall_s()))
        return Result.text(done + "0")
    if action.startswith("ADB_KEYBOARD_"):
        return _keyboard(phone, action, texts, done)
    phone.log(f"am broadcast: nobody listens to {action!r}")
    return Result.text(done + "0")


def _keyboard(phone: SimPhone, action: str, texts: list[str], done: str) -> Result:
    current = phone.settings.get(("secure", "default_input_method"), "")
    if not current.startswith("com.github.uiautomator/"):
        return Result.text(done + "0")
    match action:
        case "ADB_KEYBOARD_INPUT_TEXT":
            text = base64.b64decode(texts[-1]).decode()  # of `--es text VALUE` the option took "text"
            ok = phone.foreground.type_text(text)
        case "ADB_KEYBOARD_CLEAR_TEXT":
            ok = phone.foreground.type_text("", replace=True)
        case "ADB_KEYBOARD_HIDE":
            phone.hide_keyboard()
            ok = True
        case _:
            raise UnsupportedArgumentsError(action)
    return Result.text(f'{done}{-1 if ok else 0}, data="{"success" if ok else "no field"}"')
