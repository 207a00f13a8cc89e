"""A program of a fleet as a process: started, stopped, let go on, killed, and what it has used of the processor."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_END_S = 60.0


class Program:
    """A command, one life after the other. Use it as a context manager: it is killed at the end.

    Args:
        command: what to run.
        log: file for what it says.
        settings: names and values of its environment.
    """

    def __init__(self, command: Sequence[str], log: Path, settings: Mapping[str, str]) -> None:
        self.log = log
        self._command = list(command)
        self._settings = dict(settings)
        self._process: subprocess.Popen[str] | None = None
        self._cpu_of_lives_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def start(self, **settings: str) -> None:
        """Start it, with more settings for this life."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **self._settings, **settings},
            )

    def line(self) -> str:
        """Return the next line that it prints; "" when it has ended."""
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    @property
    def pid(self) -> int:
        """Return its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_dead(self) -> bool:
        """Return whether it does not run."""
        return self._process is None or self._process.poll() is not None

    @property
    def is_stopped(self) -> bool:
        """Return whether it stands still by SIGSTOP."""
        return not self.is_dead and _stat(self.pid)[0] == "T"

    def stop(self) -> None:
        """SIGSTOP."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._cpu_of_lives_s = self.cpu_s
            self._process.kill()
            self._ended()

    def end(self) -> None:
        """Ask it to end, and wait until it has."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_END_S)
            self._ended()

    def _ended(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.wait()
        self._process.stdout.close()
        self._process = None

    @property
    def cpu_s(self) -> float:
        """Return the seconds of processor that it has used, in all its lives that were killed and in this one."""
        return self._cpu_of_lives_s + (0.0 if self.is_dead else cpu_s(self.pid))


def cpu_s(pid: int) -> float:
    """Return the seconds of processor that a process has used, and those of its children that have ended."""
    fields = _stat(pid)
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS


def family_cpu_s(pid: int) -> float:
    """Return the same, with what its children use that live: of PostgreSQL."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return cpu_s(pid) + sum(cpu_s(int(child)) for child in children)


def _stat(pid: int) -> list[str]:
    """Return what Linux says of a process behind its name. Source: proc(5), /proc/pid/stat, from the third field on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["X", *"0" * 20]  # gone
