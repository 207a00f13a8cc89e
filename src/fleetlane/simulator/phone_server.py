"""One simulated phone on the network: adbd's services over a `SimPhone`, and the faults that strike it."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable

from fleetlane.simulator import commands, intents, shell
from fleetlane.simulator.adbd import Daemon, Stream
from fleetlane.simulator.app import App
from fleetlane.simulator.faults import Fault
from fleetlane.simulator.files import S_IFDIR, NoSpaceError
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.ui_server import UiServer

__all__ = ["PhoneServer", "RealClock"]

_REGISTERED = (commands, intents)  # imported for the commands they register
_SYNC_CHUNK = 64 * 1024
_UI_PORT = "9008"
_WAIT_POLL_S = 0.05


class RealClock:
    """The computer's clocks."""

    def now_s(self) -> float:
        """Return the monotonic time in seconds."""
        return time.monotonic()

    def wall_s(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()


class PhoneServer:
    """Listens on a port as a phone's adbd would. Runs on one event loop."""

    def __init__(self, phone: SimPhone, number: int, *, latency_s: float = 0.0, auth: bool = False) -> None:
        self.phone = phone
        self.number = number
        self.latency_s = latency_s
        self.faults: list[Fault] = []
        self.on_kill_adb_server: Callable[[], None] = lambda: None
        self.calls: dict[str, int] = {}
        self._ui = UiServer(phone)
        self._ui_alive = False
        self._ui_stop = asyncio.Event()
        self._quiet = False
        self._trusted = True
        self._answering = asyncio.Event()
        self._answering.set()
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        facts = phone.facts
        name = facts.model.replace(" ", "_")
        self.daemon = Daemon(
            banner=f"ro.product.name={name.lower()};ro.product.model={name};ro.product.device={name.lower()}",
            services={
                "shell,v2": self._shell_v2,
                "shell:": self._shell_v1,
                "exec:": self._exec,
                "sync:": self._sync,
                f"tcp:{_UI_PORT}": self._http,
            },
            accepts=lambda service: not service.startswith("tcp:") or self._ui_alive,
            auth=auth,
            authorised=lambda: self._trusted,
            log=phone.log,
        )
        phone.screen_listeners.append(self._screen_shown)
        phone.reboot_listeners.append(lambda: self.strike(Fault("reboot", for_s=2.0)))

    # -- plugging ----------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self._port

    async def start(self, port: int) -> None:
        """Listen on a port of the loopback address.

        Raises:
            OSError: the port is taken.
        """
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port, limit=4 * 1024 * 1024)
        self._port = self._server.sockets[0].getsockname()[1]
        for fault in self.faults:
            if fault.after_s is not None:
                self._later(fault.after_s, lambda fault=fault: self.strike(fault))

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        for task in list(self._tasks):
            task.cancel()
        await self._unlisten()

    async def _unlisten(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self.daemon.drop_connections()
        await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._quiet:
            await reader.read()  # answers nothing: adb calls that offline
            writer.close()
            return
        await self.daemon.serve(reader, writer)

    def settle(self) -> None:
        """Let the phone's time pass."""
        self.phone.settle()

    # -- services ------------------------------------------------------------------------------------

    async def _before(self, call: str) -> None:
        self.calls[call] = self.calls.get(call, 0) + 1
        for fault in list(self.faults):
            if fault.call and call.startswith(fault.call):
                self._count(fault)
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        await self._answering.wait()

    async def _run(self, line: str) -> shell.Result:
        await self._before(f"shell:{line}")
        return shell.run(self.phone, line)

    async def _shell_v1(self, stream: Stream, line: str) -> None:
        if "com.wetest.uia2.Main" in line:
            await self._run_ui_server(stream)
            return
        result = await self._run(line)
        await stream.write(result.output)

    async def _exec(self, stream: Stream, line: str) -> None:
        result = await self._run(line)
        await stream.write(result.stdout)

    async def _shell_v2(self, stream: Stream, rest: str) -> None:
        line = rest.partition(":")[2]  # "shell,v2,TERM=xterm,raw:COMMAND"
        result = await self._run(line)
        packets = b""
        for kind, data in ((1, result.stdout), (2, result.stderr), (3, bytes([result.exit_code & 0xFF]))):
            if data:
                packets += struct.pack("<BI", kind, len(data)) + data
        await stream.write(packets)

    async def _run_ui_server(self, stream: Stream) -> None:
        await self._before("ui_server")
        self._ui_alive = True
        self._ui_stop.clear()
        await stream.write(b"[server] INFO: [UiAutomator2Server] Starting Server\n")
        stopped = asyncio.create_task(self._ui_stop.wait(), name="ui server stopped")
        closed = asyncio.create_task(stream.read_some(), name="ui server launcher gone")
        try:
            await asyncio.wait({stopped, closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            closed.cancel()
            self._ui_alive = False

    async def _http(self, stream: Stream, _argument: str) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = await stream.read_some()
            if not data:
                return
            head += data
        head, _, body = head.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        size = int(headers.get("content-length", "0"))
        while len(body) < size:
            body += await stream.read_some()
        call = body.partition(b'"method": "')[2].partition(b'"')[0].decode() or path
        await self._before(f"rpc:{call}")
        await self._wait_inside_call(body)
        status, answer = self._ui.handle(method, path, body)
        reason = {200: "OK", 400: "Bad Request", 404: "Not Found"}[status]
        kind = "text/plain" if path == "/ping" else "application/json-rpc"
        await stream.write(
            f"HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {len(answer)}\r\n"
            "Connection: keep-alive\r\n\r\n".encode()
            + answer
        )
        await stream.read_some()  # the client closes

    async def _wait_inside_call(self, body: bytes) -> None:
        waiting = self._ui.waits_for(body)
        if waiting is None:
            return
        is_met, seconds = waiting
        until = self.phone.now_s() + seconds
        while not is_met() and self.phone.now_s() < until:  # noqa: ASYNC110 - the real server polls too
            await asyncio.sleep(_WAIT_POLL_S)

    # -- sync ----------------------------------------------------------------------------------------

    async def _sync(self, stream: Stream, _argument: str) -> None:
        while True:
            try:
                header = await stream.read(8)
            except EOFError:
                return
            verb, size = header[:4].decode("ascii", "replace"), struct.unpack("<I", header[4:])[0]
            argument = (await stream.read(size)).decode("utf-8", "replace")
            await self._before(f"sync:{verb}")
            match verb:
                case "STAT":
                    await stream.write(b"STAT" + self._stat(argument))
                case "LIST":
                    await self._list(stream, argument)
                case "SEND":
                    await self._receive(stream, argument)
                case "RECV":
                    await self._send(stream, argument)
                case "QUIT":
                    return
                case _:
                    self.phone.log(f"sync: there is no {verb!r}")
                    await stream.write(_sync_fail(f"unknown command {verb}"))

    def _stat(self, path: str) -> bytes:
        file = self.phone.files.get(path)
        return struct.pack("<III", file.mode, file.size_bytes, file.mtime_s) if file else bytes(12)

    async def _list(self, stream: Stream, path: str) -> None:
        out = b""
        for name, file in self.phone.files.listing(path):
            encoded = name.encode()
            out += b"DENT" + struct.pack("<IIII", file.mode, file.size_bytes, file.mtime_s, len(encoded)) + encoded
        await stream.write(out + b"DONE" + bytes(16))

    async def _receive(self, stream: Stream, argument: str) -> None:
        path, _, mode = argument.rpartition(",")
        chunks: list[bytes] = []
        while True:
            kind, size = struct.unpack("<4sI", await stream.read(8))
            if kind == b"DONE":
                break
            chunks.append(await stream.read(size))
        try:
            self.phone.files.write(path, b"".join(chunks), int(mode), size)
        except (NoSpaceError, IsADirectoryError) as error:
            await stream.write(_sync_fail(str(error)))
            return
        await stream.write(b"OKAY" + bytes(4))

    async def _send(self, stream: Stream, path: str) -> None:
        file = self.phone.files.get(path)
        if file is None or file.mode & S_IFDIR:
            await stream.write(_sync_fail(f"open failed: {path}: No such file or directory"))
            return
        for start in range(0, file.size_bytes, _SYNC_CHUNK):
            chunk = file.blob.data[start : start + _SYNC_CHUNK]
            await stream.write(b"DATA" + struct.pack("<I", len(chunk)) + chunk)
        await stream.write(b"DONE" + bytes(4))

    # -- faults --------------------------------------------------------------------------------------

    def _screen_shown(self, app: App, screen: str) -> None:
        for fault in list(self.faults):
            if fault.screen == screen and (not fault.app or fault.app == app.model.app):
                self._count(fault)

    def _count(self, fault: Fault) -> None:
        fault.times -= 1
        if fault.times <= 0:
            self.faults.remove(fault)
            self.strike(fault)

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        async def run() -> None:
            await asyncio.sleep(seconds)
            call()

        task = asyncio.get_running_loop().create_task(run(), name=f"fault on phone {self.number}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def strike(self, fault: Fault) -> None:
        """Let a fault happen now. Must be called on the event loop."""
        self.phone.log(f"fault: {fault.kind}")
        if fault in self.faults:
            self.faults.remove(fault)
        getattr(self, f"_fault_{fault.kind}", self._fault_in_app)(fault)

    def _fault_in_app(self, fault: Fault) -> None:
        apps = [a for a in self.phone.apps.values() if not fault.app or a.model.app == fault.app]
        app = next((a for a in apps if a is self.phone.foreground), apps[0] if apps else None)
        if app is None:
            return
        match fault.kind:
            case "crash":
                self.phone.crash(app)
            case "not_responding":
                self.phone.hang(app)
            case "update_ids":
                app.build = f"update-{time.monotonic_ns()}"
            case "upload_fail" | "upload_stuck":
                app.faults.upload = fault.kind.removeprefix("upload_")
            case "log_out":
                app.logged_in = False
                app.kill()
            case "security_check" | "account_blocked":
                self.phone.show_popup(app, fault.kind)
            case "popup":
                self.phone.show_popup(app, fault.popup)
            case "ignore_tap":
                app.faults.ignored_taps[fault.role] = fault.count
            case "eat_text":
                app.faults.eat_text = True
            case "uninstall":
                self.phone.uninstall(app.package.name)
            case _:
                raise AssertionError(fault.kind)
        self.phone.touch()

    def _fault_lock(self, _fault: Fault) -> None:
        self.phone.press("sleep")

    def _fault_storage_full(self, _fault: Fault) -> None:
        self.phone.files.capacity_bytes = self.phone.files.used_bytes

    def _fault_unplug(self, fault: Fault) -> None:
        self._gone(fault.for_s)

    def _fault_reboot(self, fault: Fault) -> None:
        for app in self.phone.apps.values():
            app.kill()
        self._ui_stop.set()
        self.phone.system.stack = []
        self.phone.locked = True
        self._gone(fault.for_s if fault.for_s is not None else 3.0)

    def _gone(self, seconds: float | None) -> None:
        self._ui_stop.set()
        task = asyncio.get_running_loop().create_task(self._absent(seconds), name=f"phone {self.number} absent")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _absent(self, seconds: float | None) -> None:
        await self._unlisten()
        if seconds is not None:
            await asyncio.sleep(seconds)
            await self.start(self._port)

    def plug_in(self) -> None:
        """Plug an unplugged phone in again."""
        task = asyncio.get_running_loop().create_task(self._absent(0.0), name=f"phone {self.number} plugged in")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _fault_offline(self, fault: Fault) -> None:
        self._quiet = True
        self._ui_stop.set()
        self.daemon.drop_connections()
        if fault.for_s is not None:
            self._later(fault.for_s, self._online)

    def _online(self) -> None:
        self._quiet = False

    def _fault_unauthorized(self, fault: Fault) -> None:
        self.daemon.auth, self._trusted = True, False
        self._ui_stop.set()
        self.daemon.drop_connections()
        if fault.for_s is not None:
            self._later(fault.for_s, self.trust)

    def trust(self) -> None:
        """Accept the computer's key, as a person does on the phone's dialog."""
        self._trusted = True
        self.daemon.drop_connections()

    def _fault_kill_adb_server(self, _fault: Fault) -> None:
        self.on_kill_adb_server()

    def _fault_drop(self, _fault: Fault) -> None:
        self.daemon.drop_streams()

    def _fault_hang(self, fault: Fault) -> None:
        self._answering.clear()
        if fault.for_s is not None:
            self._later(fault.for_s, self._answering.set)

    def _fault_slow(self, fault: Fault) -> None:
        before, self.latency_s = self.latency_s, self.latency_s + fault.factor * 0.05
        if fault.for_s is not None:
            self._later(fault.for_s, lambda: setattr(self, "latency_s", before))

    def _fault_kill_ui_server(self, _fault: Fault) -> None:
        self._ui_stop.set()


def _sync_fail(reason: str) -> bytes:
    encoded = reason.encode()
    return b"FAIL" + struct.pack("<I", len(encoded)) + encoded
