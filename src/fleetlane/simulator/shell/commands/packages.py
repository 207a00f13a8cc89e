"""Commands about installed apps, their permissions and the phone's users: pm, cmd package."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from fleetlane.simulator.android import input_guard as guards
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell.commands import launches
from fleetlane.simulator.shell.interpreter import Result, UnsupportedArgumentsError, command, options

_SYSTEM_PACKAGES = ("android", "com.android.settings", "com.android.systemui", "com.google.android.inputmethod.latin")
_KEYBOARD = "com.github.uiautomator"
_OWN = ("0", "current", "cur")
_LAUNCHER = "android.intent.category.LAUNCHER"


@command("cmd")
def _cmd(phone: SimPhone, args: Sequence[str]) -> Result:
    service, *rest = args
    if service != "package":
        raise UnsupportedArgumentsError(" ".join(args))
    if rest[:1] == ["resolve-activity"]:
        return _resolve(phone, rest[1:])
    return _pm(phone, rest)


@command("pm")
def _pm(phone: SimPhone, args: Sequence[str]) -> Result:
    match list(args):
        case ["list", "features"]:
            return launches.features()
        case ["list", "packages", *filters]:
            return _list(phone, filters)
        case ["list", "users"]:
            return _users(phone)
        case ["install", *flags, path]:
            options(flags, "-r -t -g", ["--user"])
            return _install(phone, path)
        case [verb, *rest] if verb in ("path", "grant", "revoke", "uninstall", "clear"):
            found, words = options(rest, "", ["--user"])
            if refusal := _other_user(phone, verb, found):
                return refusal
            return _one(phone, verb, words)
        case _:
            raise UnsupportedArgumentsError(" ".join(args))


def _list(phone: SimPhone, filters: Sequence[str]) -> Result:
    """List packages: of one user, or, where none is named, of every user in turn, as Android does."""
    found, words = options(filters, "-3 --show-versioncode", ["--user"])
    if refusal := _other_user(phone, "list", found, all_users=True):
        return refusal
    known = list(phone.apps) if "-3" in found else [*phone.apps, *_SYSTEM_PACKAGES]
    if "--user" not in found:
        known.extend(phone.traits.other_user_apps.replace(",", " ").split())
    names = [name for name in sorted(set(known)) if all(word in name for word in words)]
    if "--show-versioncode" not in found:
        return Result.text("\n".join(f"package:{name}" for name in names))
    codes = {name: app.package.version_code for name, app in phone.apps.items()}
    return Result.text("\n".join(f"package:{name} versionCode:{codes.get(name, phone.sdk)}" for name in names))


def _other_user(phone: SimPhone, verb: str, found: dict[str, list[str]], *, all_users: bool = False) -> Result | None:
    """Return how a command for another user than the present one is refused, None when it is not."""
    [wanted] = found.get("--user", ["all" if all_users else "0"])
    other = phone.traits.other_user
    if wanted in _OWN or (wanted == "all" and not other):
        return None
    if wanted not in ("all", str(other)):
        raise UnsupportedArgumentsError(f"--user {wanted}")
    return Result.error(
        f"\nException occurred while executing '{verb}':\n"
        f"java.lang.SecurityException: Shell does not have permission to access user {other}\n"
        "\tat com.android.server.am.ActivityManagerService.handleIncomingUser(ActivityManagerService.java)",
        255,
    )


def _users(phone: SimPhone) -> Result:
    lines = ["Users:", "\tUserInfo{0:Owner:c13} running"]
    if phone.traits.other_user:
        lines.append(f"\tUserInfo{{{phone.traits.other_user}:Secure Folder:10061030}} running")
    return Result.text("\n".join(lines))


def _one(phone: SimPhone, verb: str, words: Sequence[str]) -> Result:
    match verb, *words:
        case "path", name:
            if name not in phone.apps:
                return Result(exit_code=1)
            return Result.text(f"package:/data/app/~~x/{name}-1/base.apk")
        case "grant" | "revoke", name, permission:
            return _change(phone, verb, name, permission)
        case "uninstall", name:
            removed = phone.uninstall(name)
            return Result.text("Success" if removed else "Failure [DELETE_FAILED_INTERNAL_ERROR]", 0 if removed else 1)
        case "clear", name:
            return Result.text("Success") if phone.clear_app(name) else Result.text("Failed", 1)
        case _:
            raise UnsupportedArgumentsError(" ".join([verb, *words]))


def _resolve(phone: SimPhone, args: Sequence[str]) -> Result:
    """Name the activity that the launcher starts: `resolve-activity --brief -c CATEGORY PACKAGE`."""
    found, names = options(args, "--brief", ["-c", "-a", "--user"])
    if "--brief" not in found or len(names) != 1 or found.get("-c", [_LAUNCHER]) != [_LAUNCHER]:
        raise UnsupportedArgumentsError(" ".join(args))
    if refusal := _other_user(phone, "resolve-activity", found):
        return refusal
    app = phone.apps.get(names[0])
    if app is None or phone.is_sealed:
        return Result.text("No activity found")
    component = f"{names[0]}/{app.model.activities.get('main', '.MainActivity')}"
    return Result.text(f"priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=true\n{component}")


def _install(phone: SimPhone, path: str) -> Result:
    if guards.is_guarded(phone):
        return Result.text(guards.INSTALL, 1)
    file = phone.files.get(path)
    if file is None:
        return Result.text(f"Failure [INSTALL_FAILED_INVALID_URI: {path}]", 1)
    try:
        with zipfile.ZipFile(io.BytesIO(file.blob.data)) as archive:
            manifest = archive.read("AndroidManifest.xml")
    except (zipfile.BadZipFile, KeyError):
        return Result.text("Failure [INSTALL_PARSE_FAILED_NOT_APK]", 1)
    if not any(_KEYBOARD.encode(coding) in manifest for coding in ("utf-8", "utf-16-le")):
        raise UnsupportedArgumentsError("of real packages only uiautomator2's keyboard can be installed")
    phone.settings[("sim", "adb_keyboard")] = "1"
    return Result.text("Success")


def _change(phone: SimPhone, verb: str, name: str, permission: str) -> Result:
    failed = f"Exception occurred while executing '{verb}':\njava.lang."
    if name not in phone.apps:
        return Result.error(f"{failed}IllegalArgumentException: Unknown package: {name}", 255)
    known = {p for kind in ("media", "camera", "audio", "notifications") for p in phone.permissions.names(kind)}
    if permission not in known:
        return Result.error(
            f"{failed}SecurityException: Package {name} has not requested permission {permission}",
            255,
        )
    if guards.is_guarded(phone):
        return Result.error(f"{failed}SecurityException: {guards.GRANT}", 255)
    if phone.faults.grant_refused:
        return Result.error(f"{failed}SecurityException: {verb}RuntimePermission", 255)
    held = phone.permissions.granted.setdefault(name, set())
    if verb == "grant":
        held.add(permission)
    elif permission in held:
        held.discard(permission)
        phone.stop_app(name)  # as Android does
    return Result()
