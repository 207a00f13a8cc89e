"""What one simulated phone answers to a computer: adbd's services, calls that are counted and take their time.

How bytes travel and how time passes is left to what carries them (`simulator.link.connection`). So a phone answers the
same over sockets and in virtual time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from fleetlane.simulator.faults import Fault
from fleetlane.simulator.link.connection import Connection
from fleetlane.simulator.link.fault_injector import FaultInjector
from fleetlane.simulator.link.http_stream import Request, next_request, response
from fleetlane.simulator.link.latency import TREE, Latency
from fleetlane.simulator.link.phone_services import PhoneServices
from fleetlane.simulator.link.shell_service import ShellService
from fleetlane.simulator.link.stream import Service, Stream
from fleetlane.simulator.link.sync import SyncService
from fleetlane.simulator.link.ui_server import UiServer
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.shell import commands

_REGISTERED = commands  # imported for the commands it registers
UI_SERVER = "com.wetest.uia2.Main"
UI_SERVICE = "tcp:9008"
_WAIT_POLL_S = 0.05
_HTTP_IDLE_S = 5.0
_TAKEN = (
    b"[server] INFO: [UiAutomator2Server] Starting Server\njava.lang.IllegalStateException: UiAutomationService "
    b"android.accessibilityservice.IAccessibilityServiceClient$Stub$Proxy@5deffd5already registered!\n"
)


class PhoneLink(Connection):
    """The services of one phone, and its counts."""

    def __init__(self, phone: SimPhone, number: int = 1, *, latency_s: float = 0.0) -> None:
        super().__init__(phone, number, latency_s=latency_s)
        self.answer_latency_s = 0.0
        """Seconds from what a shell line or an RPC did to its answer, likewise."""
        self.calls: dict[str, int] = {}
        self.kinds: Counter[str] = Counter()
        """How many calls came: "shell", "sync", "rpc", "service", and of those apart "tree", "picture", "ping"."""
        self.call_listeners: list[Callable[[str], None]] = []
        self._latency = Latency(phone)
        self._injector = FaultInjector(self)
        self._ui = UiServer(phone)
        self._ui_stream: Stream | None = None
        self._lines = ShellService(phone, self._before, self.sleep)
        self.services: Mapping[str, Service] = {
            "shell,v2": self._lines.version_2,
            "shell:": self._shell_v1,
            "exec:": self._lines.plain,
            "sync:": SyncService(phone, self._before, self.stamped).serve,
            UI_SERVICE: self._http,
            **PhoneServices(phone, self._before).services,
        }
        """By the beginnings of their names."""
        phone.screen_listeners.append(self._injector.screen_shown)
        phone.reboot_listeners.append(lambda: self.inject(Fault("reboot", for_s=2.0)))

    def accepts(self, service: str) -> bool:
        """Return whether a service can be opened now: the automation server's port only while it runs."""
        return not service.startswith("tcp:") or self._ui_stream is not None

    def stamped(self, second: int) -> int:
        """Return the second a pushed file gets, of the one that the host gives it: the same."""
        return second

    @property
    def ui_runs(self) -> bool:
        """Return whether the automation server runs."""
        return self._ui_stream is not None

    # -- faults ----------------------------------------------------------------------------------------

    def arm(self) -> None:
        """Begin to count the seconds of faults that wait for a time. Call it once."""
        self._injector.arm()

    def inject(self, fault: Fault) -> None:
        """Let a fault happen now."""
        self._injector.inject(fault)

    # -- services --------------------------------------------------------------------------------------

    async def _before(self, call: str) -> float:
        """Let a call come: it is counted and takes its time. Returns the seconds from its effect to its answer."""
        self.calls[call] = self.calls.get(call, 0) + 1
        self.kinds[_kind(call)] += 1
        self._injector.called(call)
        for listener in self.call_listeners:
            listener(call)
        before_s, after_s = self._latency.of(call)
        if self.latency_s or before_s:
            await self.pass_time(self.latency_s + before_s)
        await self.answers()
        return after_s + self.answer_latency_s

    async def _shell_v1(self, stream: Stream, line: str) -> None:
        if UI_SERVER in line:
            await self._run_ui_server(stream)
        else:
            await self._lines.plain(stream, line)

    async def _run_ui_server(self, stream: Stream) -> None:
        await self._before("ui_server")
        if self.phone.traits.automation_taken:
            await stream.write(_TAKEN)
            return
        self._ui_stream = stream
        lives_s = self.phone.draws.seconds("automation_lives", self.phone.traits.automation_lives_s)
        if lives_s:
            self.later(lives_s, lambda: self._kill_if(stream))
        await stream.write(b"[server] INFO: [UiAutomator2Server] Starting Server\n")
        try:
            await stream.read_some()
        finally:
            if self._ui_stream is stream:
                self._ui_stream = None

    def _kill_if(self, stream: Stream) -> None:
        if self._ui_stream is stream:
            self.kill_ui_server()

    def kill_ui_server(self) -> None:
        """End the uiautomator server."""
        stream, self._ui_stream = self._ui_stream, None
        if stream is not None:
            stream.end()

    async def _http(self, stream: Stream, _argument: str) -> None:
        """Answer requests one after another; a stream that was idle for long is closed, as the real server does."""
        answered_s: float | None = None

        def was_idle() -> bool:
            return answered_s is not None and self.phone.now_s() - answered_s > _HTTP_IDLE_S

        while (request := await next_request(stream, was_idle)) is not None:
            await self._answer_http(stream, request)
            answered_s = self.phone.now_s()

    async def _answer_http(self, stream: Stream, request: Request) -> None:
        body = request.body
        call = body.partition(b'"method": "')[2].partition(b'"')[0].decode() or request.path
        after_s = await self._before(f"rpc:{call}")
        await self._wait_inside_call(body)
        status, answer = self._ui.handle(request.method, request.path, body)
        if after_s:
            await self.pass_time(after_s)
        await stream.write(response(status, request.path, answer))

    async def _wait_inside_call(self, body: bytes) -> None:
        waiting = self._ui.waits_for(body)
        if waiting is None:
            return
        is_met, seconds = waiting
        until = self.phone.now_s() + seconds
        while not is_met() and self.phone.now_s() < until:  # the real server polls too
            await self.pass_time(_WAIT_POLL_S)


def _kind(call: str) -> str:
    if call == TREE:
        return "tree"
    if call.startswith(("rpc:takeScreenshot", "framebuffer:")):
        return "picture"
    if call == "rpc:/ping":
        return "ping"
    kind = "shell" if call == "ui_server" else call.partition(":")[0]
    return kind if kind in ("shell", "sync", "rpc") else "service"
