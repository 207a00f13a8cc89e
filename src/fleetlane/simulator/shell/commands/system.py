"""Commands about the phone itself: properties, settings, services, time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fleetlane.simulator.android import input_guard as guards
from fleetlane.simulator.android.phone_facts import DENSITY
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell.commands import dumps
from fleetlane.simulator.shell.interpreter import Result, UnsupportedArgumentsError, command


@command("id")
def _id(_phone: SimPhone, args: Sequence[str]) -> Result:
    if args:
        raise UnsupportedArgumentsError(" ".join(args))
    return Result.text("uid=2000(shell) gid=2000(shell)")


@command("date")
def _date(phone: SimPhone, args: Sequence[str]) -> Result:
    match list(args):
        case []:
            now = datetime.fromtimestamp(phone.wall_s(), UTC)
            return Result.text(f"{now:%a %b} {now.day:2d} {now:%H:%M:%S} UTC {now.year}")
        case ["+%s"]:
            return Result.text(str(int(phone.wall_s())))
        case _:
            raise UnsupportedArgumentsError("only `date` and `date +%s`")


@command("getprop")
def _getprop(phone: SimPhone, args: Sequence[str]) -> Result:
    facts = phone.facts
    properties = {
        "ro.serialno": facts.serialno,
        "ro.product.brand": facts.brand,
        "ro.product.manufacturer": facts.brand,
        "ro.product.model": facts.model,
        "ro.product.device": facts.model.replace(" ", "_").lower(),
        "ro.product.name": facts.model.replace(" ", "_").lower(),
        "ro.product.cpu.abi": "arm64-v8a",
        "ro.build.type": "user",
        "ro.secure": "1",
        "ro.debuggable": "0",
        "init.svc.bootanim": "stopped" if phone.started else "running",
        "persist.sys.timezone": "GMT",
        "ro.build.version.sdk": str(phone.sdk),
        "ro.build.version.release": str(phone.android),
        "persist.sys.locale": {"en": "en-US", "zh": "zh-CN", "id": "id-ID"}[phone.language],
        "sys.boot_completed": "1" if phone.started else "",
        "ro.boot.qemu": "0",
        "sys.user.0.ce_available": "false" if phone.is_sealed else "true",
        **guards.vendor_properties(phone),
    }
    if args:
        name, *default = args
        return Result.text((properties.get(name) or " ".join(default)) + "\n")
    return Result.text("\n".join(f"[{key}]: [{value}]" for key, value in properties.items()))


@command("wm")
def _wm(phone: SimPhone, args: Sequence[str]) -> Result:
    match list(args):
        case ["size"]:
            return Result.text(f"Physical size: {phone.size[0]}x{phone.size[1]}")
        case ["density"]:
            return Result.text(f"Physical density: {DENSITY}")
        case ["dismiss-keyguard"]:
            if not phone.facts.secure_lock:
                phone.unlock()
            return Result()
        case _:
            raise UnsupportedArgumentsError(" ".join(args))


@command("dumpsys")
def _dumpsys(phone: SimPhone, args: Sequence[str]) -> Result:
    match list(args):
        case ["display"]:
            width, height = phone.size
            return Result.text(
                f"  DisplayViewport{{type=INTERNAL, valid=true, displayId=0, orientation={phone.rotation}, "
                f"deviceWidth={width}, deviceHeight={height}}}"
            )
        case ["window", "policy"]:
            return Result.text(_keyguard(phone))
        case ["window"] | ["window", "windows" | "displays"]:
            return Result.text(dumps.window(phone, whole=len(args) == 1))
        case ["activity"] | ["activity", "activities" | "top"]:
            return Result.text(f"  mResumedActivity: ActivityRecord{{42dee38 u0 {phone.focused_activity} t14}}")
        case ["battery"]:
            return Result.text(
                "Current Battery Service state:\n  AC powered: false\n  USB powered: true\n  status: 2\n  health: 2\n"
                f"  present: true\n  level: {phone.battery_percent}\n  scale: 100\n  voltage: 4200\n"
                "  temperature: 270\n  technology: Li-ion"
            )
        case ["power"]:
            on = phone.screen_on
            return Result.text(
                f"  mWakefulness={'Awake' if on else 'Asleep'}\n"
                f"  mHoldingDisplaySuspendBlocker={'true' if on else 'false'}"
            )
        case ["package", name]:
            return _dump_package(phone, name)
        case _:
            return dumps.other(phone, args)


def _dump_package(phone: SimPhone, name: str) -> Result:
    app = phone.apps.get(name)
    if app is None:
        return Result.text(f"Unable to find package: {name}")
    granted = phone.permissions.granted.get(name, set())
    lines = [
        f"  Package [{name}] (1a2b3c):",
        f"    versionCode={app.package.version_code} minSdk=23 targetSdk=34",
    ]
    lines.append(f"    versionName={app.package.version}")
    lines.append("    firstInstallTime=2026-01-01 10:00:00\n    lastUpdateTime=2026-11-01 10:00:00")
    lines.append("    signatures=PackageSignatures{1a2b version:2, signatures:[a1b2c3], past signatures:[]}")
    lines.append("    pkgFlags=[ HAS_CODE ALLOW_CLEAR_USER_DATA ]")
    kinds = ("media", "camera", "audio", "notifications")
    permissions = [permission for kind in kinds for permission in phone.permissions.names(kind)]
    for user, held in ((0, granted), (phone.traits.other_user, set(permissions))):
        if user or held is granted:
            lines.append(f"    User {user}: ceDataInode=4711 installed=true hidden=false suspended=false stopped=false")
            lines.append("      gids=[3003]\n      runtime permissions:")
            lines.extend(f"        {name}: granted={str(name in held).lower()}, flags=[ ]" for name in permissions)
    return Result.text("\n".join(lines))


def _keyguard(phone: SimPhone) -> str:
    """Return the lines that tell whether the lock screen shows, and whether it wants a PIN."""
    shows, secure = (str(value).lower() for value in (phone.locked, phone.has_pin))
    return f"    KeyguardServiceDelegate\n      showing={shows}\n      inputRestricted={shows}\n      secure={secure}"


_STAY_ON = {"true": "15", "false": "0", "ac": "1", "usb": "2", "wireless": "4"}


def _setting(phone: SimPhone, space: str, key: str) -> str:
    held = phone.settings.get((space, key))
    if held is None and (space, key) == ("system", "screen_off_timeout") and phone.traits.screen_timeout_s:
        return str(round(phone.traits.screen_timeout_s * 1000))
    if held is None and (space, key) == ("global", "stay_on_while_plugged_in"):
        return "0"
    return held or "null"


@command("settings")
def _settings(phone: SimPhone, args: Sequence[str]) -> Result:
    match list(args):
        case ["get", "--user", "0", space, key]:
            return _settings(phone, ["get", space, key])
        case ["get", "secure", "android_id"]:
            return Result.text(phone.facts.android_id)
        case ["get", space, key]:
            return Result.text(_setting(phone, space, key))
        case ["put" | "delete" as verb, *_] if guards.is_guarded(phone):
            return Result.error(
                f"\nException occurred while executing '{verb}':\njava.lang.SecurityException: {guards.WRITE}", 255
            )
        case ["put", space, key, value]:
            phone.settings[(space, key)] = value
            if (space, key) == ("system", "user_rotation") and value in "0123":
                phone.rotation = int(value)
                phone.touch()
            return Result()
        case ["delete", space, key]:
            return Result.text(f"Deleted {int(phone.settings.pop((space, key), None) is not None)} rows")
        case _:
            raise UnsupportedArgumentsError(" ".join(args))


@command("svc")
def _svc(phone: SimPhone, args: Sequence[str]) -> Result:
    match list(args):
        case ["power", "stayon", kind] if kind in _STAY_ON:
            phone.settings[("global", "stay_on_while_plugged_in")] = _STAY_ON[kind]
            if kind != "false":
                phone.wakefulness.wake()  # as `svc` does, so that it takes effect at once
        case _:
            raise UnsupportedArgumentsError(" ".join(args))
    return Result()


@command("reboot")
def _reboot(phone: SimPhone, args: Sequence[str]) -> Result:
    if args:
        raise UnsupportedArgumentsError(" ".join(args))
    phone.log("reboot asked for")
    for listener in phone.reboot_listeners:
        listener()
    return Result()
