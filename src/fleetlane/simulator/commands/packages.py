"""Commands about installed apps and their permissions: pm."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from fleetlane.simulator.commands import launches
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell import Result, UnsupportedArgumentsError, command, options

_SYSTEM_PACKAGES = ("android", "com.android.settings", "com.android.systemui", "com.google.android.inputmethod.latin")
_KEYBOARD = "com.github.uiautomator"


@command("cmd")
def _cmd(phone: SimPhone, args: Sequence[str]) -> Result:
    service, *rest = args
    if service != "package":
        raise UnsupportedArgumentsError(" ".join(args))
    if rest[:1] == ["resolve-activity"]:
        found, names = options(rest[1:], "--brief", ["-c", "--user"])
        if "--brief" not in found:
            raise UnsupportedArgumentsError("only `resolve-activity --brief`")
        return launches.resolved(phone, names)
    return _pm(phone, rest)


@command("pm")
def _pm(phone: SimPhone, args: Sequence[str]) -> Result:
    match list(args):
        case ["list", "features"]:
            return launches.features()
        case ["list", "packages", *filters] if "--show-versioncode" in filters:
            rest = [word for word in filters if word != "--show-versioncode"]
            return launches.with_versions(phone, _pm(phone, ["list", "packages", *rest]))
        case ["list", "packages", *filters]:
            found, words = options(filters, "-3", [])
            known = list(phone.apps) if "-3" in found else [*phone.apps, *_SYSTEM_PACKAGES]
            names = [name for name in sorted(known) if all(word in name for word in words)]
            return Result.text("\n".join(f"package:{name}" for name in names))
        case ["path", name]:
            if name not in phone.apps:
                return Result(exit_code=1)
            return Result.text(f"package:/data/app/~~x/{name}-1/base.apk")
        case ["grant" | "revoke" as verb, name, permission]:
            return _change(phone, verb, name, permission)
        case ["install", *flags, path]:
            options(flags, "-r -t -g", [])
            return _install(phone, path)
        case ["uninstall", name]:
            removed = phone.uninstall(name)
            return Result.text("Success" if removed else "Failure [DELETE_FAILED_INTERNAL_ERROR]", 0 if removed else 1)
        case ["clear", name]:
            return Result.text("Success") if phone.clear_app(name) else Result.text("Failed", 1)
        case _:
            raise UnsupportedArgumentsError(" ".join(args))


def _install(phone: SimPhone, path: str) -> Result:
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
    if phone.faults.grant_refused:
        return Result.error(f"{failed}SecurityException: {verb}RuntimePermission", 255)
    held = phone.permissions.granted.setdefault(name, set())
    if verb == "grant":
        held.add(permission)
    elif permission in held:
        held.discard(permission)
        phone.stop_app(name)  # as Android does
    return Result()
