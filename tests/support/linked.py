"""A server that takes links of hosts on loopback, and hosts that keep them, on one event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import SimpleNamespace

from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.server_link import ServerLink
from fleetlane.core.hosts import HostKind, NewHost
from fleetlane.http.app import HttpOptions, create_app
from fleetlane.http.server import listen, serve
from fleetlane.simulator.fleets.fleet import free_port
from fleetlane.work.access.access import Access
from fleetlane.work.access.guesses import Guesses
from fleetlane.work.access.hosts import HostAccess
from fleetlane.work.hosts.links import HostLinkRegistry
from fleetlane.work.hosts.tokens import HostTokens

SERVER = NewHost("main", "id-main", HostKind.SERVER, "1.0")
RACK2 = NewHost("rack2", "id-rack2", HostKind.HOST, "1.0")


class KnownHosts:
    """A store that has nothing but hosts and their tokens."""

    def __init__(self):
        self.names: dict[str, str] = {}
        self.repositories = SimpleNamespace(hosts=self)

    def let_in(self, name, token):
        self.names = {one: of for one, of in self.names.items() if of != name} | {token: name}

    def of_token(self, token):
        return SimpleNamespace(name=self.names[token]) if token in self.names else None

    def forget(self, name):
        self.names = {one: of for one, of in self.names.items() if of != name}

    async def read(self, work):
        return work(self.repositories)

    async def write(self, work):
        return work(self.repositories)


class LinkedServer:
    """A server with nothing but links; `start` and `stop` as often as a test wants, always on the same port."""

    def __init__(self, *, links=True, checked_every_s=30.0, tls=None, allowed_hosts=(), mine=SERVER, bounds=None):
        self.hosts, self.told, self.port, self._tls = KnownHosts(), [], free_port(), tls
        self._bounds = bounds
        self._mine, self._checked_every_s, self._has_links, self._allowed = mine, checked_every_s, links, allowed_hosts
        self.scheme = "https" if tls else "http"
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        self._guesses = Guesses(SystemClock(), self.told.extend)
        self.tokens = HostTokens(self.hosts)
        self._stop = None

    async def start(self):
        self.links = HostLinkRegistry(self._mine, self._checked_every_s) if self._has_links else None
        no_api = SimpleNamespace(plan=SimpleNamespace(has_api=False), message="")
        services = SimpleNamespace(
            license=lambda: no_api,
            access=Access("a token of people, 1234", SimpleNamespace(), self._guesses),
            host_links=self.links,
            host_access=HostAccess(self.tokens, self._guesses),
            end_streams=lambda: self.links and self.links.close(),
        )
        app = create_app(services, HttpOptions(allowed_hosts=self._allowed))
        self._sockets, self._stop = listen("127.0.0.1", self.port), asyncio.Event()
        self._serving = asyncio.create_task(serve(app, self._sockets, self._stop, self._bounds, self._tls))

    async def stop(self):
        if self._stop is not None:
            self._stop.set()
            await self._serving
            for listening in self._sockets:
                listening.close()
            self._stop = None


class LinkedHost:
    """A host that keeps a link until it is stopped."""

    def __init__(self, url, token, answers, host=RACK2, ca=None):
        self.said: list[str | None] = []
        """Why there was no link, None when there was one; once a change."""
        link = ServerLink(url, token, host, answers, ca=ca, changed=self.said.append)
        self._running = asyncio.create_task(link.run())

    async def stop(self):
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running


async def until(condition, timeout_s=10):
    """Wait until something holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.002)
