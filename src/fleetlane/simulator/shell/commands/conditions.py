"""Commands that only tell whether something holds: test, [, true, false, which."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence

from fleetlane.simulator.android.files import S_IFDIR
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell import interpreter
from fleetlane.simulator.shell.interpreter import UnsupportedArgumentsError, command
from fleetlane.simulator.shell.mksh.result import Result

_NUMBERS: Mapping[str, Callable[[int, int], bool]] = {
    "-eq": operator.eq,
    "-ne": operator.ne,
    "-lt": operator.lt,
    "-le": operator.le,
    "-gt": operator.gt,
    "-ge": operator.ge,
}


@command("true", "sync")
def _true(_phone: SimPhone, _args: Sequence[str]) -> Result:
    return Result()


@command("false")
def _false(_phone: SimPhone, _args: Sequence[str]) -> Result:
    return Result(exit_code=1)


@command("[")
def _bracket(phone: SimPhone, args: Sequence[str]) -> Result:
    if not args or args[-1] != "]":
        return Result.error("/system/bin/sh: [: missing ]", 2)
    return _test(phone, args[:-1])


@command("test")
def _test(phone: SimPhone, args: Sequence[str]) -> Result:
    return Result(exit_code=int(not _holds(phone, list(args))))


def _holds(phone: SimPhone, args: list[str]) -> bool:
    match args:
        case []:
            return False
        case [text]:
            return bool(text)
        case [left, ("=" | "==" | "!=") as sign, right]:
            return (left == right) is (sign != "!=")
        case [left, sign, right] if sign in _NUMBERS:
            return _NUMBERS[sign](int(left), int(right))
        case ["!", *rest]:
            return not _holds(phone, rest)
        case ["-n", text]:
            return bool(text)
        case ["-z", text]:
            return not text
        case [("-e" | "-f" | "-d" | "-s" | "-r" | "-w") as sign, path]:
            return _is_file(phone, sign, path)
        case _:
            raise UnsupportedArgumentsError(" ".join(args))


def _is_file(phone: SimPhone, sign: str, path: str) -> bool:
    file = phone.files.get(path)
    if file is None:
        return False
    is_folder = bool(file.mode & S_IFDIR)
    return {"-f": not is_folder, "-d": is_folder, "-s": is_folder or file.size_bytes > 0}.get(sign, True)


@command("which")
def _which(_phone: SimPhone, args: Sequence[str]) -> Result:
    paths = [f"/system/bin/{name}" for name in args if interpreter.known(name)]
    return Result.text("\n".join(paths), int(len(paths) < len(args)))
