"""Commands of a simulated phone that concern apps and media: am, pm, monkey, content.

A share without a grant or a media permission is refused, and a file that was not scanned is in no
gallery, as on a phone. Formats follow docs/simulated-phones.md.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

from fleetlane.core.media import MediaKind
from fleetlane.simulator.app import App
from fleetlane.simulator.media_store import MediaRow
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell import Result, UnsupportedArgumentsError, command, options

_GRANT = 0x1
_STREAM = "android.intent.extra.STREAM"
_SEND = "android.intent.action.SEND"
_UNSUPPORTED_CALL = (
    "Error while accessing provider:media\njava.lang.UnsupportedOperationException: Unsupported call: {}"
)


@command("monkey")
def _monkey(phone: SimPhone, args: Sequence[str]) -> Result:
    found, _ = options(args, "", ["-p", "-c"])
    package = found.get("-p", [""])[0]
    if not phone.start_app(package):
        return Result.text("** No activities found to run, monkey aborted.", 252)
    return Result.text("Events injected: 1")


@command("am")
def _am(phone: SimPhone, args: Sequence[str]) -> Result:
    match args[0] if args else "":
        case "start" | "start-activity":
            return _start(phone, args[1:])
        case "force-stop":
            phone.stop_app(args[1])
            return Result()
        case "broadcast":
            return _broadcast(phone, args[1:])
        case _:
            raise UnsupportedArgumentsError(" ".join(args))


def _start(phone: SimPhone, args: Sequence[str]) -> Result:
    extras, args = _uri_extras(args)
    found, rest = options(
        args,
        "-W -S -D --grant-read-uri-permission --activity-clear-task --activity-clear-top",
        ["-a", "-t", "-d", "-c", "-n", "-f", "-p", "--user"],
    )
    action = found.get("-a", [""])[0]
    component = (found.get("-n") or rest or [""])[0]
    package, _, activity = component.partition("/")
    starting = f"Starting: Intent {{ act={action} cmp={component} }}\n"
    if not component:
        raise UnsupportedArgumentsError("an explicit component (-n) is needed")
    app = phone.apps.get(package)
    activity = package + activity if activity.startswith(".") else activity
    if app is None or activity not in app.model.activities.values():
        return Result.text(f"{starting}Error type 3\nError: Activity class {{{component}}} does not exist.", 1)
    if activity == app.model.activities.get("share") and action == _SEND:
        return _share(phone, app, found, extras.get(_STREAM, ""), starting)
    if "-S" in found:
        phone.stop_app(package)
    phone.start_app(package)
    return Result.text(starting)


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
        return Result.text(f"{starting}Error: Activity not started, unable to resolve Intent", 1)
    row = phone.media.by_uri(uri)
    granted = "--grant-read-uri-permission" in found or int(found.get("-f", ["0"])[0], 0) & _GRANT
    if phone.faults.share_refused or row is None or not (granted or phone.may_read_media(app.package.name)):
        return Result.text(
            f"{starting}\nException occurred while executing 'start':\njava.lang.SecurityException: Permission Denial: "
            f"opening provider com.android.providers.media.MediaProvider from ({app.package.name}) requires that you "
            f"obtain access using ACTION_OPEN_DOCUMENT or related APIs: {uri}",
            255,
        )
    phone.share(app.package.name, [row])
    return Result.text(starting)


def _broadcast(phone: SimPhone, args: Sequence[str]) -> Result:
    found, texts = options(args, "", ["-a", "-d", "--es", "--ei"])
    action = found.get("-a", [""])[0]
    done = f"Broadcasting: Intent {{ act={action} flg=0x400000 }}\nBroadcast completed: result="
    if action == "android.intent.action.MEDIA_SCANNER_SCAN_FILE":
        path = found.get("-d", [""])[0].removeprefix("file://")
        if phone.android <= 10 and not phone.faults.scan_ignored:  # ignored by newer phones
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


@command("pm", "cmd")
def _pm(phone: SimPhone, args: Sequence[str]) -> Result:
    words = [word for word in args if word != "package"]
    match words:
        case ["list", "packages", *filters]:
            names = [n for n in sorted(phone.apps) if all(f.startswith("-") or f in n for f in filters)]
            return Result.text("\n".join(f"package:{name}" for name in names))
        case ["path", name]:
            if name not in phone.apps:
                return Result(exit_code=1)
            return Result.text(f"package:/data/app/~~x/{name}-1/base.apk")
        case ["grant", name, permission]:
            return _grant(phone, name, permission)
        case ["revoke", name, permission]:
            phone.granted.get(name, set()).discard(permission)
            return Result()
        case ["install", *_, path]:
            if phone.files.get(path) is None:
                return Result.text(f"Failure [INSTALL_FAILED_INVALID_URI: {path}]", 1)
            phone.settings[("sim", "adb_keyboard")] = "1"  # the only package drivers bring
            return Result.text("Success")
        case ["uninstall", name]:
            removed = phone.uninstall(name)
            return Result.text("Success" if removed else "Failure [DELETE_FAILED_INTERNAL_ERROR]", 0 if removed else 1)
        case ["clear", name]:
            phone.stop_app(name)
            return Result.text("Success")
        case _:
            raise UnsupportedArgumentsError(" ".join(args))


def _grant(phone: SimPhone, name: str, permission: str) -> Result:
    if name not in phone.apps:
        return Result.error(
            f"Exception occurred while executing 'grant':\njava.lang.IllegalArgumentException: Unknown package: {name}",
            255,
        )
    known = {p for kind in ("media", "camera", "audio", "notifications") for p in phone.permission_names(kind)}
    if permission not in known:
        return Result.error(
            f"Exception occurred while executing 'grant':\njava.lang.SecurityException: Package {name} has not "
            f"requested permission {permission}",
            255,
        )
    if phone.faults.grant_refused:
        return Result.error(
            "Exception occurred while executing 'grant':\njava.lang.SecurityException: grantRuntimePermission",
            255,
        )
    phone.granted.setdefault(name, set()).add(permission)
    return Result()


_TABLES = {
    "content://media/external/video/media": MediaKind.VIDEO,
    "content://media/external/images/media": MediaKind.IMAGE,
    "content://media/external/file": None,
}
_CONDITION = re.compile(r"\s*(\w+)\s*(=|LIKE)\s*(?:'((?:[^']|'')*)'|(\d+))\s*", re.IGNORECASE)


@command("content")
def _content(phone: SimPhone, args: Sequence[str]) -> Result:
    verb = args[0] if args else ""
    known = ["--uri", "--method", "--arg", "--projection", "--where", "--sort", "--bind", "--user"]
    try:
        found, rest = options(args[1:], "", known)
    except UnsupportedArgumentsError as error:
        phone.log(f"content {verb}: {error}")
        return Result.error(f"[ERROR] Unsupported argument: {error}")
    if rest:
        return Result.error(f"[ERROR] Unsupported argument: {rest[0]}")
    uri = found.get("--uri", [""])[0]
    match verb:
        case "call":
            return _content_call(phone, uri, found)
        case "query":
            return _content_query(phone, uri, found)
        case "delete":
            rows = _where(_rows(phone, uri), found)
            for row in rows:
                phone.media.delete(row)
            return Result()
        case _:
            raise UnsupportedArgumentsError(f"content {verb}")


def _content_call(phone: SimPhone, uri: str, found: dict[str, list[str]]) -> Result:
    if not uri.startswith("content://media"):
        raise UnsupportedArgumentsError(uri)
    method = found.get("--method", [""])[0]
    now_s = int(phone.wall_s())
    if method == "scan_file":
        if phone.android <= 10:
            return Result.text(_UNSUPPORTED_CALL.format(method))
        row = None if phone.faults.scan_ignored else phone.media.scan_file(found["--arg"][0], now_s)
        stream = f"{_STREAM}={row.uri}" if row else f"{_STREAM}=null"
        return Result.text(f"Result: Bundle[{{{stream}}}]")
    if method == "scan_volume" and phone.android >= 10:
        if not phone.faults.scan_ignored:
            phone.media.scan_volume(now_s)
        return Result.text("Result: Bundle[{}]")
    return Result.text(_UNSUPPORTED_CALL.format(method))


def _rows(phone: SimPhone, uri: str) -> list[MediaRow]:
    base = uri.rstrip("/")
    if base not in _TABLES:
        raise UnsupportedArgumentsError(f"--uri {uri}")
    return phone.media.newest_first(_TABLES[base])


def _where(rows: list[MediaRow], found: dict[str, list[str]]) -> list[MediaRow]:
    for clause in re.split(r"\s+AND\s+", found.get("--where", [""])[0]):
        if not clause:
            continue
        match = _CONDITION.fullmatch(clause)
        if not match:
            raise UnsupportedArgumentsError(f"--where {clause}")
        column, operator, text, number = match.groups()
        value = number if text is None else text.replace("''", "'")
        if operator == "=":
            rows = [row for row in rows if row.column(column) == value]
        else:
            pattern = re.compile(re.escape(value).replace("%", ".*"))
            rows = [row for row in rows if pattern.fullmatch(row.column(column))]
    return rows


def _content_query(phone: SimPhone, uri: str, found: dict[str, list[str]]) -> Result:
    rows = _where(_rows(phone, uri), found)
    columns = found.get("--projection", ["_id:_data"])[0].split(":")
    sort = found.get("--sort", ["date_added DESC"])[0].split()
    try:
        rows.sort(key=lambda row: (int(row.column(sort[0])), row.id), reverse=sort[-1].upper() == "DESC")
        lines = [
            f"Row: {index} " + ", ".join(f"{column}={row.column(column)}" for column in columns)
            for index, row in enumerate(rows)
        ]
    except (KeyError, ValueError) as error:
        name = found.get("--projection", [""])[0]
        phone.log(f"content query: {error}")
        return Result.text(
            f"Error while accessing provider:media\njava.lang.IllegalArgumentException: Invalid column {name}"
        )
    return Result.text("\n".join(lines) if lines else "No result found.")
