"""Commands about installed apps and their permissions: pm."""

from __future__ import annotations

from collections.abc import Sequence

from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell import Result, UnsupportedArgumentsError, command


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
            phone.permissions.granted.get(name, set()).discard(permission)
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
    known = {p for kind in ("media", "camera", "audio", "notifications") for p in phone.permissions.names(kind)}
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
    phone.permissions.granted.setdefault(name, set()).add(permission)
    return Result()
