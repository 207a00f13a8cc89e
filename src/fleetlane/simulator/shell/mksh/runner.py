"""Runs a command line that was read. It knows the language; what commands and files there are it asks its `Machine`.

A line is a generator: it yields what is printed, when it is printed, and the pauses of `sleep`; so a loop that waits
for something can be followed, and left, as on a phone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from typing import Protocol

from fleetlane.simulator.shell.mksh.expansion import Fields
from fleetlane.simulator.shell.mksh.result import Buffer, Event, Io, Pause, Printed, Result, Stays, Target, encoded
from fleetlane.simulator.shell.mksh.tree import (
    Command,
    For,
    Group,
    If,
    Pipeline,
    Redirection,
    Sequence,
    Simple,
    UnsupportedSyntaxError,
    While,
    Word,
)

Steps = Generator[Event, None, int]
_MAX_TURNS = 10_000
"""A loop that turns so often without a pause would keep the whole phone from answering."""


class Machine(Protocol):
    """What a shell runs on."""

    def call(self, words: list[str], stdin: bytes | None) -> Result:
        """Run a command; `stdin` is None for one that reads nothing."""
        ...

    def reads(self, name: str) -> bool:
        """Return whether a command reads its input."""
        ...

    def open(self, path: str, sign: str) -> Target | BytesIO:
        """Open a file for a redirection; raises OSError with what a shell says about it."""
        ...

    def names(self, pattern: str) -> list[str]:
        """Return the names of files that a pattern fits, in order."""
        ...


class _LeavesError(Exception):
    """`exit`: the shell ends."""

    def __init__(self, status: int) -> None:
        self.status = status


class _BreaksError(Exception):
    """`break` or `continue` in a loop."""

    def __init__(self, *, again: bool) -> None:
        self.again = again


class Runner:
    """One shell with its variables."""

    def __init__(self, machine: Machine, variables: Mapping[str, str], read: Callable[[str], Sequence]) -> None:
        self._machine = machine
        self._environment = dict(variables)
        self._variables = dict(variables)
        self._read = read
        self._fields = Fields(self._value, self._printed_by, machine.names)
        self._status = 0
        self._loops = 0
        self._substituted: int | None = None

    def line(self, line: str, io: Io) -> Steps:
        """Run a line in this shell, and return its status."""
        return (yield from self._own(self._read(line), io))

    def _own(self, sequence: Sequence, io: Io) -> Steps:
        """Run commands in a shell of their own: what they set is gone afterwards."""
        shell = Runner(self._machine, self._environment, self._read)
        shell._variables, shell._status = dict(self._variables), self._status
        try:
            return (yield from shell._sequence(sequence, io))
        except _LeavesError as leaves:
            return leaves.status

    def _value(self, name: str) -> str:
        return str(self._status) if name == "?" else self._variables.get(name, "")

    def _printed_by(self, sequence: Sequence, io: Io) -> Generator[Event, None, bytes]:
        buffer = Buffer()
        self._substituted = yield from self._own(sequence, replace(io, out=buffer))
        self._status = self._substituted
        return bytes(buffer.data)

    # -- lists, pipes, compounds ---------------------------------------------------------------------

    def _sequence(self, sequence: Sequence, io: Io) -> Steps:
        for operator, pipeline in sequence.steps:
            if (operator == "&&" and self._status) or (operator == "||" and not self._status):
                continue
            self._status = yield from self._pipeline(pipeline, io)
        return self._status

    def _pipeline(self, pipeline: Pipeline, io: Io) -> Steps:
        *former, last = pipeline.commands
        stdin = io.stdin
        for command in former:
            buffer = Buffer()
            yield from self._own(_alone(command), replace(io, stdin=stdin, out=buffer))
            stdin = BytesIO(bytes(buffer.data))
        if former:
            status = yield from self._own(_alone(last), replace(io, stdin=stdin))
        else:
            status = yield from self._command(last, io)
        return int(not status) if pipeline.negated else status

    def _command(self, command: Command, io: Io) -> Steps:
        if isinstance(command, Simple):
            return (yield from self._simple(command, io))
        opened = yield from self._redirected(command.redirections, io)
        if opened is None:
            return 1
        match command:
            case Group(body, own_shell):
                return (yield from (self._own if own_shell else self._sequence)(body, opened))
            case If():
                return (yield from self._if(command, opened))
            case For():
                return (yield from self._for(command, opened))
            case While():
                return (yield from self._while(command, opened))

    def _if(self, command: If, io: Io) -> Steps:
        if not (yield from self._sequence(command.condition, io)):
            return (yield from self._sequence(command.body, io))
        return (yield from self._sequence(command.otherwise, io)) if command.otherwise else 0

    def _for(self, command: For, io: Io) -> Steps:
        words: list[str] = []
        for word in command.words:
            words.extend((yield from self._fields.of(word, io)))
        status = 0
        for value in words:
            self._variables[command.name] = value
            try:
                with self._in_loop():
                    status = yield from self._sequence(command.body, io)
            except _BreaksError as breaks:
                status = 0
                if not breaks.again:
                    break
        return status

    def _while(self, command: While, io: Io) -> Steps:
        status, turns = 0, 0
        while True:
            turns += 1
            if turns > _MAX_TURNS:
                raise UnsupportedSyntaxError(f"this shell turns no loop more than {_MAX_TURNS} times")
            try:
                with self._in_loop():
                    if bool((yield from self._sequence(command.condition, io))) is not command.until:
                        return status
                    status = yield from self._sequence(command.body, io)
            except _BreaksError as breaks:
                status = 0
                if not breaks.again:
                    return status

    @contextmanager
    def _in_loop(self) -> Generator[None]:
        self._loops += 1
        try:
            yield
        finally:
            self._loops -= 1

    # -- simple commands ---------------------------------------------------------------------------------

    def _simple(self, command: Simple, io: Io) -> Steps:
        self._substituted = None
        words: list[str] = []
        for word in command.words:
            words.extend((yield from self._fields.of(word, io)))
        values = yield from self._assigned(command.assignments, io)
        opened = yield from self._redirected(command.redirections, io)
        if opened is None:
            return 1
        if not words:
            self._variables.update(values)
            return self._substituted or 0
        language = self._of_the_language(words[0])
        if language is not None:
            return (yield from language(words[1:], opened, values))
        return (yield from self._call(words, opened))

    def _assigned(self, assignments: tuple[tuple[str, Word], ...], io: Io) -> Generator[Event, None, dict[str, str]]:
        values: dict[str, str] = {}
        before = dict(self._variables)
        for name, word in assignments:
            values[name] = yield from self._fields.one(word, io)
            self._variables[name] = values[name]  # the next one sees it
        self._variables = before
        return values

    def _redirected(self, redirections: tuple[Redirection, ...], io: Io) -> Generator[Event, None, Io | None]:
        """Return the streams after redirections, from left to right; None when a file cannot be opened."""
        for redirection in redirections:
            target = yield from self._fields.one(redirection.target, io)
            if redirection.sign == ">&":
                opened: Target | BytesIO = io.out if target == "1" else io.err
            else:
                try:
                    opened = self._machine.open(target, redirection.sign)
                except OSError as error:
                    yield from _put(io.err, f"/system/bin/sh: {error}\n")
                    return None
            if isinstance(opened, BytesIO):
                io = replace(io, stdin=opened)
            else:
                io = replace(io, err=opened) if redirection.fd == 2 else replace(io, out=opened)
        return io

    def _call(self, words: list[str], io: Io) -> Steps:
        result = self._machine.call(words, io.stdin.read() if self._machine.reads(words[0]) else None)
        yield from _put(io.out, result.stdout)
        yield from _put(io.err, result.stderr)
        if result.stays:
            yield Stays()
        return result.exit_code

    def _of_the_language(self, name: str) -> Callable[[list[str], Io, dict[str, str]], Steps] | None:
        return {
            ":": self._nothing,
            "exit": self._exit,
            "break": self._break,
            "continue": self._break_again,
            "export": self._export,
            "unset": self._unset,
            "sleep": self._sleep,
            "read": self._read_line,
            "eval": self._eval,
            "exec": self._exec,
            "sh": self._sh,
            "/system/bin/sh": self._sh,
        }.get(name)

    def _nothing(self, _args: list[str], _io: Io, _values: dict[str, str]) -> Steps:
        yield from ()
        return 0

    def _exit(self, args: list[str], _io: Io, _values: dict[str, str]) -> Steps:
        yield from ()
        if len(args) > 1 or not "".join(args or "0").isdigit():
            raise UnsupportedSyntaxError(f"this shell has no `exit {' '.join(args)}`")
        raise _LeavesError(int(args[0]) & 0xFF if args else self._status)

    def _break(self, args: list[str], _io: Io, _values: dict[str, str]) -> Steps:
        yield from ()
        if args or not self._loops:
            raise UnsupportedSyntaxError("this shell has only `break` and `continue`, in a loop")
        raise _BreaksError(again=False)

    def _break_again(self, args: list[str], io: Io, values: dict[str, str]) -> Steps:
        try:
            return (yield from self._break(args, io, values))
        except _BreaksError:
            raise _BreaksError(again=True) from None

    def _export(self, args: list[str], _io: Io, _values: dict[str, str]) -> Steps:
        yield from ()
        for arg in args:
            name, equals, value = arg.partition("=")
            if not name.isidentifier() or not name.isascii():
                raise UnsupportedSyntaxError(f"this shell has no `export {arg}`")
            if equals:
                self._variables[name] = value
            self._environment[name] = self._variables.get(name, "")
        return 0

    def _unset(self, args: list[str], _io: Io, _values: dict[str, str]) -> Steps:
        yield from ()
        for name in args:
            if not name.isidentifier() or not name.isascii():
                raise UnsupportedSyntaxError(f"this shell has no `unset {name}`")
            self._variables.pop(name, None)
            self._environment.pop(name, None)
        return 0

    def _sleep(self, args: list[str], io: Io, _values: dict[str, str]) -> Steps:
        try:
            [seconds] = [float(arg.removesuffix("s")) for arg in args]
        except ValueError:
            yield from _put(io.err, "sleep: needs a number of seconds on a simulated phone\n")
            return 1
        yield Pause(max(seconds, 0.0))
        return 0

    def _read_line(self, args: list[str], io: Io, _values: dict[str, str]) -> Steps:
        yield from ()
        names = [arg for arg in args if arg != "-r"]
        if len(names) != 1 or names[0].startswith("-") or "-r" not in args:
            raise UnsupportedSyntaxError("this shell has only `read -r NAME`")
        line = io.stdin.readline()
        self._variables[names[0]] = line.decode("utf-8", "surrogateescape").strip(" \t\n")
        return 0 if line.endswith(b"\n") else 1

    def _eval(self, args: list[str], io: Io, _values: dict[str, str]) -> Steps:
        return (yield from self._sequence(self._read(" ".join(args)), io))

    def _exec(self, args: list[str], io: Io, _values: dict[str, str]) -> Steps:
        if not args:
            raise UnsupportedSyntaxError("this shell has only `exec COMMAND`")
        raise _LeavesError((yield from self._call(args, io)))

    def _sh(self, args: list[str], io: Io, values: dict[str, str]) -> Steps:
        if len(args) != 2 or args[0] != "-c":
            raise UnsupportedSyntaxError("this shell has only `sh -c LINE`")
        shell = Runner(self._machine, {**self._environment, **values}, self._read)
        return (yield from shell.line(args[1], io))


def _alone(command: Command) -> Sequence:
    return Sequence(((";", Pipeline((command,), negated=False)),))


def _put(target: Target, data: bytes | str) -> Iterator[Printed]:
    data = encoded(data) if isinstance(data, str) else data
    event = target.put(data) if data else None
    if event is not None:
        yield event
