"""What a phone does by shell commands and transfers of files: the half of the driver that needs no automation server.

Commands are argument lists throughout. What they parse is in `answers`.
"""

# adbutils carries few types; what it returns is typed here, at the border.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fleetlane.adapters.android import answers
from fleetlane.adapters.android.answers import no_provider_error
from fleetlane.adapters.android.transport import LaneDevice, QuickClient, Wire, translated
from fleetlane.adapters.android.vendor import INJECTION, input_switch
from fleetlane.core.errors import (
    CallLostError,
    DriverBrokenError,
    FileRefusedError,
    InputNotAllowedError,
    PhoneFullError,
    ShareLostError,
    ShellFailedError,
)
from fleetlane.core.media.files import MediaKind
from fleetlane.core.opened import open_regular
from fleetlane.core.ports.phone import MediaEntry, PhoneFacts, PhoneReport, Pushed, ShellAnswer, Where

_LEVEL = re.compile(r"^[ \t]*level: (\d{1,3})\b", re.MULTILINE)
_LISTED = re.compile(r"^package:(\S+)(?: versionCode:(\d+))?", re.MULTILINE)
_LISTS_VERSIONS_SDK = 28
_FACTS = (
    ("getprop",),
    ("wm", "size"),
    ("am", "get-current-user"),
    ("settings", "get", "system", "screen_off_timeout"),
)
_MEDIA_FILES = "content://media/external/file"
_32_BITS = 0xFFFFFFFF
_SCAN_FILE_SDK = 30  # `content call --method scan_file` works from Android 11 on
_LEAST_FREE_BYTES = 1024 * 1024
_MAIN, _LAUNCHER = "android.intent.action.MAIN", "android.intent.category.LAUNCHER"
_AS_LAUNCHER = "0x10200000"  # FLAG_ACTIVITY_NEW_TASK | FLAG_ACTIVITY_RESET_TASK_IF_NEEDED
_SCAN_ACTION = "android.intent.action.MEDIA_SCANNER_SCAN_FILE"
_TO_FRONT = "has been brought to the front"  # then what was handed over is lost


class PhoneShell:
    """One phone, by commands and transfers of files: all of the port that needs no automation server."""

    def __init__(self, client: QuickClient, serial: str, where: Where) -> None:
        self._serial = serial
        self._wire = Wire(client)
        self._where = where
        self._device = LaneDevice(client, serial, self._wire, where)
        self._facts: PhoneFacts | None = None
        self._facts_of: int | None = None
        """The connection by which the facts were asked: by another one it may be another phone."""
        self._activities: dict[str, str] = {}
        """What the launcher starts of each app."""
        self._versions: dict[str, str] = {}
        self._granted: dict[str, str] = {}
        """Of each app the version that was given its permissions."""

    @property
    def serial(self) -> str:
        """Return the phone's serial."""
        return self._serial

    @contextmanager
    def _calls(self) -> Generator[None]:
        """Turn what fails inside into errors of ours; a file that did not fit is told from one that was refused."""
        try:
            with translated(self._wire, self._serial):
                yield
        except DriverBrokenError as error:
            if INJECTION in str(error):
                raise self._input_not_allowed() from error
            raise
        except FileRefusedError as error:
            free_bytes = self._free_bytes()
            if free_bytes is None or free_bytes >= _LEAST_FREE_BYTES:
                raise
            raise PhoneFullError(f"{self._serial} has {free_bytes} bytes left.", serial=self._serial) from error

    # -- shell and files ---------------------------------------------------------------------------

    def facts(self) -> PhoneFacts:
        """Return what the phone is. Asked once a connection, then remembered."""
        with self._calls():
            connection = self._where(self._wire.check).connection
        if self._facts is None or self._facts_of != connection:
            found, size, user, screen_off = (answer.output for answer in self.shell_each(*_FACTS))
            properties = answers.properties(found)
            self._facts = PhoneFacts(
                model=properties.get("ro.product.model", ""),
                android=properties.get("ro.build.version.release", ""),
                sdk=answers.number(properties.get("ro.build.version.sdk", "")) or 0,
                size=answers.natural_size(size, self._serial),
                user=answers.number(user.strip()) or 0,
                screen_off_s=answers.seconds(screen_off),
            )
            self._facts_of = connection
        return self._facts

    def properties(self, packages: Collection[str] = ()) -> tuple[dict[str, str], list[str]]:
        """Return the phone's system properties, and which of some packages are installed (see the port)."""
        if not packages or self._facts is None:
            properties = answers.properties(self.shell("getprop"))
            started = properties.get("sys.boot_completed") == "1"  # before that nothing else can be asked
            return properties, self.installed(packages) if packages and started else []
        found, listed = self.shell_each(("getprop",), self._list_packages())
        return answers.properties(found.output), self._listed(listed.output, packages)

    @property
    def _user(self) -> tuple[str, str]:
        """Return the option that keeps a command to the user in front: without it many ask for all, and are refused."""
        return "--user", str(self.facts().user)

    def shell(self, *args: str, timeout_s: float = 20.0) -> str:
        """Run a command and return its output (see the port)."""
        code, output = self._run(list(args), timeout_s)
        if args[0] == "input" and INJECTION in output:  # older ones end with 0 all the same
            raise self._input_not_allowed()
        if code:
            raise ShellFailedError(args, code, output, serial=self._serial)
        return output

    def shell_each(self, *commands: Sequence[str], timeout_s: float = 20.0) -> list[ShellAnswer]:
        """Run commands one after another in one call (see the port)."""
        _, output = self._run(answers.one_line(commands), timeout_s)
        found = answers.each_answer(output)
        if len(found) != len(commands):
            raise CallLostError(f"The answer of {self._serial} was cut off.", serial=self._serial)
        return found

    def _run(self, line: str | list[str], timeout_s: float) -> tuple[int, str]:
        with self._calls():
            try:
                # The variant that checks the exit marker: without it a lost connection looks like success.
                result = self._device.shell2(line, timeout=timeout_s)
            except ValueError as error:
                raise CallLostError(f"The answer of {self._serial} was cut off.", serial=self._serial) from error
        return result.returncode, str(result.output)

    def _input_not_allowed(self) -> InputNotAllowedError:
        return InputNotAllowedError(f"{input_switch(self.properties()[0])}.", serial=self._serial)

    def report(self, packages: Collection[str]) -> PhoneReport:
        """Return what the phone says of itself now. Uses the shell only, beside whatever else runs."""
        facts = self.facts()
        properties, _ = self.properties()
        battery = _LEVEL.search(self.shell("dumpsys", "battery"))
        return PhoneReport(
            model=facts.model,
            brand=properties.get("ro.product.brand", ""),
            android=facts.android,
            size=facts.size,
            battery_percent=int(battery[1]) if battery else None,
            free_bytes=self._free_bytes(),
            apps={package: self._version(package) for package in self.installed(packages)},
        )

    def _free_bytes(self) -> int | None:
        return answers.free_bytes(self.shell("df", "-k", "/data"))

    def _version(self, package: str) -> str:
        return answers.version_name(self.shell("dumpsys", "package", package))

    def push(self, source: Path, target: str, kind: MediaKind) -> Pushed:
        """Copy a media file to the phone (see the port)."""
        with open_regular(source) as file, self._calls():
            sent = _Hashed(file)
            size_bytes = self._device.sync.send(sent, target)
        # Galleries that sort by it would see this computer's clock. The wire itself tells sizes in 32 bits only.
        dated = ("touch", target), ("stat", "-c", "%s %Y", target)
        _, stat, scanned, listed = self.shell_each(*dated, *self._index(target))
        size, _, modified = stat.output.strip().partition(" ")
        modified_s = answers.number(modified)
        if answers.number(size) is None or modified_s is None:  # not every Android has it
            with self._calls():
                size, size_bytes = str(self._device.sync.stat(target).size), size_bytes & _32_BITS
        if size != str(size_bytes):
            raise CallLostError(f"{source.name} did not arrive whole on {self._serial}.", serial=self._serial)
        entry = None if answers.is_provider_error(scanned.output) else answers.entry(kind, listed.output)
        return Pushed(sent.sha256, modified_s, entry)

    # -- media ---------------------------------------------------------------------------------------

    def scan(self, path: str, kind: MediaKind, *, by_broadcast: bool = False) -> MediaEntry | None:
        """Ask the phone's media store to index one file, and return its row (see the port)."""
        scanned, listed = self.shell_each(*self._index(path, by_broadcast=by_broadcast))
        for answer in (scanned, listed):
            no_provider_error(answer.output, self._serial)
        return answers.entry(kind, listed.output)

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files, and let the media store forget them."""
        _, *scanned = self.shell_each(("rm", "-f", *paths), *(self._scan(path) for path in paths))
        for answer in scanned:
            no_provider_error(answer.output, self._serial)

    def _index(self, path: str, *, by_broadcast: bool = False) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the commands that index a file, and show its row."""
        return self._scan(path, by_broadcast=by_broadcast), self._query(_of(path))

    def _scan(self, path: str, *, by_broadcast: bool = False) -> tuple[str, ...]:
        if self.facts().sdk >= _SCAN_FILE_SDK and not by_broadcast:
            return "content", "call", *self._user, "--uri", "content://media", "--method", "scan_file", "--arg", path
        return "am", "broadcast", *self._user, "-a", _SCAN_ACTION, "-d", f"file://{path}"

    def media(self, path: str, kind: MediaKind) -> MediaEntry | None:
        """Return the media store's row for a file, None while there is none."""
        output = self.shell(*self._query(_of(path)))
        no_provider_error(output, self._serial)
        return answers.entry(kind, output)

    def media_since(
        self, added_s: int, *, modified_s: int | None = None, taken_s: int | None = None
    ) -> list[MediaEntry]:
        """Return the videos and images that were indexed at an instant or later (see the port)."""
        where = f"date_added>={int(added_s)}"
        if modified_s is not None:
            where += f" OR date_modified>={int(modified_s)}"
        if taken_s is not None:
            where += f" OR datetaken>={int(taken_s) * 1000}"
        output = self.shell(*self._query(where))
        no_provider_error(output, self._serial)
        rows = [entry for _, entry in answers.media_rows(output)]
        return sorted(rows, key=lambda row: (row.added_s, row.id), reverse=True)

    def _query(self, where: str) -> tuple[str, ...]:
        columns = ("--projection", answers.MEDIA_COLUMNS)
        return "content", "query", *self._user, "--uri", _MEDIA_FILES, *columns, "--where", where

    def clock_s(self) -> int:
        """Return the phone's own time, in whole seconds since the epoch."""
        output = self.shell("date", "+%s").strip()
        now_s = answers.number(output)
        if now_s is None:
            raise ShellFailedError(["date"], 0, output, serial=self._serial)
        return now_s

    def share(self, package: str, activity: str, uri: str, mime_type: str) -> None:
        """Hand one media URI to an app's share activity (see the port)."""
        args = ["-a", "android.intent.action.SEND", "-t", mime_type, "--eu", "android.intent.extra.STREAM", uri]
        output = self._start(*args, "--grant-read-uri-permission", "-f", "0x10000000", "-n", f"{package}/{activity}")
        if _TO_FRONT in output:
            raise ShareLostError(["am", "start", activity], 0, output, serial=self._serial)

    def open_link(self, package: str, url: str) -> None:
        """Let an app open a web address (see the port)."""
        self._start("-a", "android.intent.action.VIEW", "-d", url, "-f", "0x10000000", "-p", package)

    def _start(self, *args: str) -> str:
        output = self.shell("am", "start", *self._user, *args)
        if "Error" in output or "Exception" in output:  # some versions end with 0 all the same
            raise ShellFailedError(["am", "start", *args], 0, output, serial=self._serial)
        return output

    # -- apps ----------------------------------------------------------------------------------------

    def installed(self, packages: Collection[str]) -> list[str]:
        """Return those of the packages that are installed, in the given order."""
        return self._listed(self.shell(*self._list_packages()), packages)

    def _list_packages(self) -> tuple[str, ...]:
        versions = ("--show-versioncode",) if self.facts().sdk >= _LISTS_VERSIONS_SDK else ()
        return "pm", "list", "packages", *versions, *self._user

    def _listed(self, output: str, packages: Collection[str]) -> list[str]:
        listed = dict(_LISTED.findall(output))
        self._versions = {package: listed[package] for package in packages if package in listed}
        return list(self._versions)

    def grant(self, package: str, permissions: Sequence[str]) -> None:
        """Give an installed app the permissions it lacks (see the port)."""
        version = self._versions.get(package, "")
        if version and self._granted.get(package) == version:
            return
        held = answers.held_permissions(self.shell("dumpsys", "package", package), self.facts().user)
        if missing := [name for name in permissions if name not in held]:
            self.shell_each(*(("pm", "grant", *self._user, package, name) for name in missing))
        self._granted[package] = version

    def start_app(self, package: str, *, anew: bool = False) -> None:
        """Bring an app to the front, as from the launcher; `anew` ends it before."""
        known = package in self._activities
        try:
            self._launch(package, anew=anew)
        except ShellFailedError:
            if not known:
                raise
            del self._activities[package]  # an update may have renamed it
            self._launch(package, anew=anew)

    def _launch(self, package: str, *, anew: bool) -> None:
        # Not by `monkey`: it does nothing on phones without physical keys.
        ends = ("-S",) if anew else ()
        self._start(*ends, "-a", _MAIN, "-c", _LAUNCHER, "-f", _AS_LAUNCHER, "-n", self.launcher_activity(package))

    def launcher_activity(self, package: str) -> str:
        """Return what the launcher starts of an app, "package/activity" (see the port)."""
        if package not in self._activities:
            find = ("resolve-activity", "--brief", *self._user, "-a", _MAIN, "-c", _LAUNCHER, package)
            output = self.shell("cmd", "package", *find)
            found = output.strip().rpartition("\n")[2].strip()
            if not found.startswith(f"{package}/"):
                raise ShellFailedError(["cmd", "package", *find], 0, output, serial=self._serial)
            self._activities[package] = found
        return self._activities[package]

    def stop_app(self, package: str) -> None:
        """Force-stop an app."""
        self.shell("am", "force-stop", *self._user, package)


def _of(path: str) -> str:
    """Return what finds the row of a file: the media store knows shared storage by another name."""
    stored = path.replace("/sdcard/", "/storage/emulated/0/", 1)
    return f"_data='{stored}'"


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read from the file."""
        chunk = self._file.read(size)
        self._digest.update(chunk)
        return chunk

    @property
    def sha256(self) -> str:
        """Return the hash of what was read."""
        return self._digest.hexdigest()
