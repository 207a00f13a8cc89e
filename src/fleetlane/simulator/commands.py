"""General commands of a simulated phone's shell: files, properties, input, settings, dumps.

Those that start apps and share media are in `simulator.intents`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from fleetlane.simulator.files import S_IFDIR
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.render import screenshot
from fleetlane.simulator.shell import Result, UnsupportedArgumentsError, command, options


@command("echo")
def _echo(_phone: SimPhone, args: Sequence[str]) -> Result:
    return Result.text(" ".join(args))


@command("true", "sync")
def _true(_phone: SimPhone, _args: Sequence[str]) -> Result:
    return Result()


@command("false")
def _false(_phone: SimPhone, _args: Sequence[str]) -> Result:
    return Result(exit_code=1)


@command("id")
def _id(_phone: SimPhone, _args: Sequence[str]) -> Result:
    return Result.text("uid=2000(shell) gid=2000(shell)")


@command("date")
def _date(phone: SimPhone, args: Sequence[str]) -> Result:
    if list(args) != ["+%s"]:
        raise UnsupportedArgumentsError("only `date +%s`")
    return Result.text(str(int(phone.wall_s())))


@command("md5sum", "md5")
def _md5sum(phone: SimPhone, args: Sequence[str]) -> Result:
    file = phone.files.get(args[0])
    if file is None:
        return Result.error(f"md5sum: {args[0]}: No such file or directory")
    return Result.text(f"{file.blob.md5}  {args[0]}")


@command("sha256sum")
def _sha256sum(phone: SimPhone, args: Sequence[str]) -> Result:
    file = phone.files.get(args[0])
    if file is None:
        return Result.error(f"sha256sum: {args[0]}: No such file or directory")
    return Result.text(f"{file.blob.sha256}  {args[0]}")


@command("rm")
def _rm(phone: SimPhone, args: Sequence[str]) -> Result:
    found, paths = options(args, "-f -r -rf -fr", [])
    force = bool({"-f", "-rf", "-fr"} & found.keys())
    recursive = bool({"-r", "-rf", "-fr"} & found.keys())
    for path in paths:
        if not phone.files.remove(path, recursive=recursive) and not force:
            return Result.error(f"rm: {path}: No such file or directory")
    return Result()


@command("mkdir")
def _mkdir(phone: SimPhone, args: Sequence[str]) -> Result:
    _, paths = options(args, "-p", [])
    for path in paths:
        phone.files.make_folder(path, int(phone.wall_s()))
    return Result()


@command("touch")
def _touch(phone: SimPhone, args: Sequence[str]) -> Result:
    for path in args:
        file = phone.files.get(path)
        if file is None:
            phone.files.write(path, b"", 0o660, int(phone.wall_s()))
        else:
            file.mtime_s = int(phone.wall_s())
    return Result()


@command("ls")
def _ls(phone: SimPhone, args: Sequence[str]) -> Result:
    _, paths = options(args, "-1 -a", [])
    path = paths[0] if paths else "/"
    file = phone.files.get(path)
    if file is None:
        return Result.error(f"ls: {path}: No such file or directory")
    if not file.mode & S_IFDIR:
        return Result.text(path)
    return Result.text("\n".join(name for name, _ in phone.files.listing(path)))


@command("cat")
def _cat(phone: SimPhone, args: Sequence[str]) -> Result:
    file = phone.files.get(args[0])
    if file is None:
        return Result.error(f"cat: {args[0]}: No such file or directory")
    return Result(file.blob.data)


@command("df")
def _df(phone: SimPhone, args: Sequence[str]) -> Result:
    found, paths = options(args, "-k", [])
    if "-k" not in found:
        raise UnsupportedArgumentsError("only `df -k PATH`")
    total, free = phone.files.capacity_bytes // 1024, phone.files.free_bytes // 1024
    mount = paths[0] if paths else "/data"
    return Result.text(
        "Filesystem     1K-blocks      Used Available Use% Mounted on\n"
        f"/dev/fuse      {total} {total - free} {free} {100 * (total - free) // total}% {mount}"
    )


@command("getprop")
def _getprop(phone: SimPhone, args: Sequence[str]) -> Result:
    facts = phone.facts
    properties = {
        "ro.serialno": facts.serial.replace(":", "_"),
        "ro.product.brand": facts.brand,
        "ro.product.manufacturer": facts.brand,
        "ro.product.model": facts.model,
        "ro.product.device": facts.model.replace(" ", "_").lower(),
        "ro.product.name": facts.model.replace(" ", "_").lower(),
        "ro.product.cpu.abi": "arm64-v8a",
        "ro.build.version.sdk": str(phone.sdk),
        "ro.build.version.release": str(phone.android),
        "persist.sys.locale": {"en": "en-US", "zh": "zh-CN", "id": "id-ID"}[phone.language],
        "sys.boot_completed": "1",
        "ro.boot.qemu": "0",
    }
    if args:
        return Result.text(properties.get(args[0], "") + "\n")
    return Result.text("\n".join(f"[{key}]: [{value}]" for key, value in properties.items()))


@command("wm")
def _wm(phone: SimPhone, args: Sequence[str]) -> Result:
    match list(args):
        case ["size"]:
            return Result.text(f"Physical size: {phone.size[0]}x{phone.size[1]}")
        case ["density"]:
            return Result.text("Physical density: 420")
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
        case ["window", *_]:
            return Result.text(f"  mCurrentFocus=Window{{41b37570 u0 {phone.focused_activity}}}")
        case ["activity", *_]:
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
            raise UnsupportedArgumentsError(" ".join(args))


def _dump_package(phone: SimPhone, name: str) -> Result:
    app = phone.apps.get(name)
    if app is None:
        return Result.text(f"Unable to find package: {name}")
    granted = phone.granted.get(name, set())
    lines = [
        f"  Package [{name}] (1a2b3c):",
        f"    versionCode={app.package.version_code} minSdk=23 targetSdk=34",
    ]
    lines.append(f"    versionName={app.package.version}")
    lines.append("    firstInstallTime=2026-01-01 10:00:00\n    lastUpdateTime=2026-11-01 10:00:00")
    lines.append("    signatures=PackageSignatures{1a2b version:2, signatures:[a1b2c3], past signatures:[]}")
    lines.append("    pkgFlags=[ HAS_CODE ALLOW_CLEAR_USER_DATA ]\n    runtime permissions:")
    lines.extend(
        f"      {permission}: granted={'true' if permission in granted else 'false'}"
        for kind in ("media", "camera", "audio", "notifications")
        for permission in phone.permission_names(kind)
    )
    return Result.text("\n".join(lines))


@command("ps")
def _ps(phone: SimPhone, _args: Sequence[str]) -> Result:
    lines = ["USER           PID  PPID     VSZ    RSS WCHAN            ADDR S NAME"]
    lines.extend(
        f"u0_a{200 + index}    {3000 + index}   500 1010000  27580 SyS_epoll_          0 S {name}"
        for index, (name, app) in enumerate(phone.apps.items())
        if app.running
    )
    return Result.text("\n".join(lines))


@command("pidof")
def _pidof(phone: SimPhone, args: Sequence[str]) -> Result:
    for index, (name, app) in enumerate(phone.apps.items()):
        if name == args[0] and app.running:
            return Result.text(str(3000 + index))
    return Result(exit_code=1)


@command("input")
def _input(phone: SimPhone, args: Sequence[str]) -> Result:
    match list(args):
        case ["tap", x, y]:
            phone.tap(int(x), int(y))
        case ["swipe", x1, y1, x2, y2, *_]:
            if (x1, y1) == (x2, y2):
                phone.tap(int(x1), int(y1), long=True)
            else:
                phone.swipe((int(x1), int(y1)), (int(x2), int(y2)))
        case ["keyevent", key]:
            name = key.removeprefix("KEYCODE_")
            if not phone.press(int(name) if name.isdigit() else name):
                raise UnsupportedArgumentsError(f"key {key}")
        case _:
            raise UnsupportedArgumentsError(" ".join(args))
    return Result()


@command("settings")
def _settings(phone: SimPhone, args: Sequence[str]) -> Result:
    match list(args):
        case ["get", space, key]:
            return Result.text(phone.settings.get((space, key), "null"))
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
def _svc(_phone: SimPhone, args: Sequence[str]) -> Result:
    if list(args[:2]) != ["power", "stayon"]:
        raise UnsupportedArgumentsError(" ".join(args))
    return Result()


_KEYBOARD = "com.github.uiautomator/.AdbKeyboard"
_LATIN = "com.android.inputmethod.latin/.LatinIME"


@command("ime")
def _ime(phone: SimPhone, args: Sequence[str]) -> Result:
    installed = [_LATIN, *([_KEYBOARD] if phone.settings.get(("sim", "adb_keyboard")) else [])]
    match list(args):
        case ["list", *_]:
            return Result.text("\n".join(installed))
        case ["enable" | "set" | "disable" as verb, name]:
            if name not in installed:
                return Result.error(f"Unknown input method {name} cannot be {verb}ed for user #0")
            if verb == "set":
                phone.settings[("secure", "default_input_method")] = name
            return Result.text(f"Input method {name}: now {verb}ed for user #0")
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
    if not args or args[0] != "dump":
        raise UnsupportedArgumentsError(" ".join(args))
    if phone.foreground.screen == "home_feed":
        return Result.error("ERROR: could not get idle state.")  # a video plays
    target = args[1] if len(args) > 1 else "/sdcard/window_dump.xml"
    phone.files.make_folder(posixpath.dirname(target), 0)
    phone.files.write(target, phone.dump().encode(), 0o660, int(phone.wall_s()))
    return Result.text(f"UI hierchary dumped to: {target}")


@command("reboot")
def _reboot(phone: SimPhone, _args: Sequence[str]) -> Result:
    phone.log("reboot asked for")
    for listener in phone.reboot_listeners:
        listener()
    return Result()
