"""The adb server of simulated phones: a real one, private to them."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import adbutils

from fleetlane.core.errors import FleetlaneError

_START_POLL_S = 0.05
_START_POLLS = 200
_ANSWER_TIMEOUT_S = 5.0


class SimulatorError(FleetlaneError):
    """The simulator could not be started; the text says why."""


class AdbServer:
    """The adb server of simulated phones: a private one, with its own port and home, never the user's.

    Where a port is named and a server answers there already, that one is used and left running.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._home = tempfile.TemporaryDirectory(prefix="fleetlane-adb-")
        self._log = Path(self._home.name) / "adb.log"

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            SimulatorError: it does not start.
        """
        if self._answers():
            self._must_be_adb()
            return
        environment = {**os.environ, "HOME": self._home.name, "ANDROID_ADB_SERVER_PORT": str(self.port)}
        environment["ADB_LIBUSB"] = "0"  # no USB is looked for: that takes three seconds
        with self._log.open("ab") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - adb from the adbutils wheel, fixed arguments
                    [adbutils.adb_path(), "-P", str(self.port), "nodaemon", "server"],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            except (adbutils.AdbError, OSError) as error:
                raise SimulatorError(
                    f"adb could not be started: {error}. Install Android's platform-tools, or set ADBUTILS_ADB_PATH."
                ) from error
        for _ in range(_START_POLLS):
            if self._answers():
                return
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_START_POLL_S)
                raise SimulatorError(f"adb did not start: {self._log.read_text(errors='replace')[-400:]}")
        raise SimulatorError(f"adb did not listen on port {self.port}")

    def _must_be_adb(self) -> None:
        try:
            client = adbutils.AdbClient(host="127.0.0.1", port=self.port, socket_timeout=_ANSWER_TIMEOUT_S)
            client.server_version()
        except (adbutils.AdbError, OSError, ValueError) as error:
            raise SimulatorError(
                f"Port {self.port} is used by something that is no adb server; choose another with --adb-port."
            ) from error

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.2):
                return True
        except OSError:
            return False

    def client(self) -> adbutils.AdbClient:
        """Return a client of this server."""
        return adbutils.AdbClient(host="127.0.0.1", port=self.port)

    def wait_for(self, serial: str) -> None:
        """Wait until a phone that asked for a key has taken it.

        Raises:
            SimulatorError: it does not.
        """
        for _ in range(_START_POLLS):
            if (serial, "device") in [(found.serial, found.state) for found in self.client().list()]:
                return
            time.sleep(_START_POLL_S)
        raise SimulatorError(f"phone {serial} does not take the key of the adb server")

    def kill(self) -> None:
        """End it at once."""
        if self._process is None:
            self.client().server_kill()
        else:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it if it was started here, and remove its home."""
        if self._process is not None:
            self.kill()
        self._home.cleanup()


def free_port() -> int:
    """Return a TCP port of the loopback address that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
