"""Commands about processes, services and the log: ps, pidof, pgrep, whoami, service, logcat, uname."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell.commands.dumps import processes
from fleetlane.simulator.shell.interpreter import UnsupportedArgumentsError, command, options
from fleetlane.simulator.shell.mksh.result import Result

_PS_HELP = (
    "usage: ps [-AadefLlnwZ] [-gG GROUP,] [-k FIELD,] [-o FIELD,] [-p PID,]\n\nList processes.\n\n-A\tAll processes"
)
_SERVICES = {
    "SurfaceFlinger": "android.ui.ISurfaceComposer",
    "activity": "android.app.IActivityManager",
    "input": "android.hardware.input.IInputManager",
    "package": "android.content.pm.IPackageManager",
    "window": "android.view.IWindowManager",
}


@command("ps")
def _ps(phone: SimPhone, args: Sequence[str]) -> Result:
    match list(args):
        case ["--help"]:
            return Result.text(_PS_HELP)
        case [] | ["-A"]:
            pass
        case _:
            raise UnsupportedArgumentsError(" ".join(args))
    lines = ["USER           PID  PPID     VSZ    RSS WCHAN            ADDR S NAME"]
    lines.extend(
        f"{user}    {pid}   500 1010000  27580 SyS_epoll_          0 S {name}" for pid, user, name in processes(phone)
    )
    return Result.text("\n".join(lines))


@command("pidof")
def _pidof(phone: SimPhone, args: Sequence[str]) -> Result:
    [wanted] = args
    found = [str(pid) for pid, _, name in processes(phone) if name == wanted]
    return Result.text(" ".join(found), int(not found))


@command("pgrep")
def _pgrep(phone: SimPhone, args: Sequence[str]) -> Result:
    _, [wanted] = options(args, "-f", [])
    if not wanted.replace(".", "").replace("_", "").isalnum():
        raise UnsupportedArgumentsError(f"the pattern {wanted}")
    found = [str(pid) for pid, _, name in processes(phone) if wanted in name]
    return Result.text("\n".join(found), int(not found))


@command("whoami")
def _whoami(_phone: SimPhone, args: Sequence[str]) -> Result:
    options(args, "", [])
    return Result.text("shell")


@command("uname")
def _uname(_phone: SimPhone, args: Sequence[str]) -> Result:
    if list(args) not in ([], ["-s"], ["-m"]):
        raise UnsupportedArgumentsError(" ".join(args))
    return Result.text("aarch64" if list(args) == ["-m"] else "Linux")


@command("service")
def _service(phone: SimPhone, args: Sequence[str]) -> Result:
    match list(args):
        case ["list"]:
            lines = [f"{index}\t{name}: [{binder}]" for index, (name, binder) in enumerate(_SERVICES.items())]
            return Result.text("\n".join([f"Found {len(lines)} services:", *lines])) if phone.started else Result()
        case ["check", name]:
            return Result.text(f"Service {name}: {'' if name in _SERVICES else 'not '}found")
        case _:
            raise UnsupportedArgumentsError(" ".join(args))


@command("logcat")
def _logcat(phone: SimPhone, args: Sequence[str]) -> Result:
    """The log: one line for each app that runs. Without `-d` it goes on, and nothing more comes."""
    found, filters = options(args, "-d -c", ["-v", "-b", "-t"])
    if filters not in ([], ["*:I"], ["*:V"]) or found.get("-v", ["threadtime"]) != ["threadtime"]:
        raise UnsupportedArgumentsError(" ".join(args))
    if "-c" in found:
        return Result()
    now = datetime.fromtimestamp(phone.wall_s(), UTC)
    at = f"{now:%m-%d %H:%M:%S}.{now.microsecond // 1000:03d}"
    lines = [
        f"{at}  1523  1601 I ActivityManager: Start proc {pid}:{name}/{user}" for pid, user, name in processes(phone)
    ]
    printed = Result.text("\n".join(["--------- beginning of main", *lines]))
    printed.stays = "-d" not in found and "-t" not in found
    return printed
