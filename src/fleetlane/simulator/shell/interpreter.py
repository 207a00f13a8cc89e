"""The shell of a simulated phone: its commands by name, and how a line of them is run.

`simulator.shell.mksh` reads a line as Android's mksh does. What it does not have is refused loudly, never ignored; an
unknown command ends with 127. Both are logged.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Sequence
from io import BytesIO

from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell import redirections
from fleetlane.simulator.shell.mksh.reader import read
from fleetlane.simulator.shell.mksh.result import Event, Host, Io, Pause, Printed, Result, Target, encoded
from fleetlane.simulator.shell.mksh.runner import Runner
from fleetlane.simulator.shell.mksh.tree import ShellSyntaxError, UnsupportedSyntaxError

__all__ = ["COMMANDS", "Result", "UnsupportedArgumentsError", "command", "filter_command", "options", "run", "start"]

_LONGEST_S = 600.0
_VARIABLES = {
    "ANDROID_DATA": "/data",
    "ANDROID_ROOT": "/system",
    "ANDROID_STORAGE": "/storage",
    "EXTERNAL_STORAGE": "/sdcard",
    "HOME": "/",
    "HOSTNAME": "localhost",
    "PATH": "/product/bin:/apex/com.android.runtime/bin:/system/bin:/system/xbin:/odm/bin:/vendor/bin",
    "PWD": "/",
    "SHELL": "/bin/sh",
    "TERM": "dumb",
    "TMPDIR": "/data/local/tmp",
    "USER": "shell",
    "0": "/system/bin/sh",
    "#": "0",
    "$": "4711",
}


Command = Callable[[SimPhone, Sequence[str]], Result]
Filter = Callable[[SimPhone, Sequence[str], bytes], Result]
COMMANDS: dict[str, Command] = {}
FILTERS: dict[str, Filter] = {}
"""Commands that read their input."""


def command(*names: str) -> Callable[[Command], Command]:
    """Register a function as one or more commands. It gets the arguments without the name."""

    def register(function: Command) -> Command:
        for name in names:
            COMMANDS[name] = function
        return function

    return register


def filter_command(*names: str) -> Callable[[Filter], Filter]:
    """Register a function as one or more commands that read their input. It gets that as its third argument."""

    def register(function: Filter) -> Filter:
        for name in names:
            FILTERS[name] = function
        return function

    return register


def known(name: str) -> bool:
    """Return whether there is a command of that name."""
    return name in COMMANDS or name in FILTERS


def run(phone: SimPhone, line: str) -> Result:
    """Run a command line on a phone at once, its pauses too, and return all it printed."""
    printed: list[Printed] = []
    paused_s, steps = 0.0, start(phone, line)
    try:
        while paused_s < _LONGEST_S:
            event = next(steps)
            if isinstance(event, Printed):
                printed.append(event)
            elif isinstance(event, Pause):
                paused_s += event.seconds
            else:
                break
        status = 124
        phone.log(f"shell: {line!r} goes on for ever")
    except StopIteration as end:
        status = end.value
    parts = {stream: b"".join(p.data for p in printed if p.stream == stream) for stream in (1, 2)}
    return Result(parts[1], parts[2], status, b"".join(p.data for p in printed))


def start(phone: SimPhone, line: str) -> Generator[Event, None, int]:
    """Run a command line on a phone step by step: yield what it prints and where it pauses, return its exit code."""
    phone.settle()
    runner = Runner(_Machine(phone), _VARIABLES, read)
    steps = runner.line(line, Io(BytesIO(), Host(1), Host(2)))
    try:
        while True:
            event = next(steps)
            yield event
            if isinstance(event, Pause):
                phone.settle()
    except StopIteration as end:
        return int(end.value)
    except ShellSyntaxError as error:
        phone.log(f"shell: cannot run {line!r}: {error}")
        yield Printed(2, encoded(f"/system/bin/sh: syntax error: {error}\n"))
        return 2 if isinstance(error, UnsupportedSyntaxError) else 1


class _Machine:
    """What the shell of one phone runs on."""

    def __init__(self, phone: SimPhone) -> None:
        self._phone = phone

    def call(self, words: list[str], stdin: bytes | None) -> Result:
        """Run a command; one that is not known, or not called so, is logged."""
        phone, name = self._phone, _bare(words[0])
        if name == "toybox" and len(words) > 1:
            return self.call(words[1:], stdin)
        if not known(name):
            return self._unknown(words)
        try:
            if name in FILTERS:
                return FILTERS[name](phone, words[1:], stdin or b"")
            return COMMANDS[name](phone, words[1:])
        except (UnsupportedArgumentsError, ValueError, IndexError, KeyError) as error:  # or not so many, or no number
            phone.log(f"shell: {name} does not take {shlex.join(words[1:])!r}: {error}")
            return Result.error(f"{name}: unsupported on a simulated phone: {error}", 126)

    def _unknown(self, words: list[str]) -> Result:
        name = words[0]
        self._phone.log(f"shell: there is no command {name!r} (in {shlex.join(words)!r})")
        if not name:
            return Result.error("/system/bin/sh: : can't execute: Is a directory", 126)
        if "/" in name and self._phone.files.get(name) is not None:
            return Result.error(f"/system/bin/sh: {name}: can't execute: Permission denied", 126)
        return Result.error(f"/system/bin/sh: {name}: inaccessible or not found", 127)

    def reads(self, name: str) -> bool:
        """Return whether a command reads its input."""
        return _bare(name) in FILTERS or name == "toybox"

    def open(self, path: str, sign: str) -> Target | BytesIO:
        """Open a file of the phone for a redirection."""
        return redirections.opened(self._phone, path, sign)

    def names(self, pattern: str) -> list[str]:
        """Return the names of files that a pattern fits, in order."""
        return redirections.names(self._phone.files, pattern)


def _bare(name: str) -> str:
    return name.removeprefix("/system/bin/")


class UnsupportedArgumentsError(ValueError):
    """A command was called in a way that is not simulated."""


def options(args: Sequence[str], flags: str, with_value: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Split arguments into options and the rest.

    Args:
        args: the arguments.
        flags: options without a value, separated by blanks.
        with_value: options that take the next argument.

    Raises:
        UnsupportedArgumentsError: an option is not known.
    """
    found: dict[str, list[str]] = {}
    rest: list[str] = []
    items = iter(args)
    for item in items:
        if item in with_value:
            value = next(items, None)
            if value is None:
                raise UnsupportedArgumentsError(f"{item} needs a value")
            found.setdefault(item, []).append(value)
        elif item in flags.split():
            found.setdefault(item, [])
        elif item.startswith("-") and len(item) > 1:
            raise UnsupportedArgumentsError(item)
        else:
            rest.append(item)
    return found, rest
