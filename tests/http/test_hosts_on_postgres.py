"""A whole server that shares its store, and a host that is linked to it: its phones are asked through the link."""

from __future__ import annotations

import asyncio
import threading

import pytest

from fleetlane.adapters.server_link import ServerLink
from fleetlane.core.checkup import Grade, Row, plain, said
from fleetlane.core.device import Device, DeviceState
from fleetlane.core.hosts import HostKind, NewHost
from fleetlane.core.phones import Phone
from fleetlane.work.phones.acts import CheckUp
from fleetlane.work.phones.remote_control import ActServer
from support.postgres import bare_database
from support.rig import wait_for
from support.server import ServerThread

pytestmark = pytest.mark.postgres

RACK2 = NewHost("rack2", "id-of-rack2", HostKind.HOST, "1.0")
ROWS = [Row("users", Grade.OK, plain(0), said("There is one user."))]


class Checked:
    """Control of the phones of rack2: whatever is asked, they are checked."""

    async def do(self, serial, act, *, preemptible):
        assert (serial, type(act)) == ("a", CheckUp)
        return ROWS


class HostThread:
    """Keeps a link to a server on a thread."""

    def __init__(self, url, token, here):
        self._link = ServerLink(url, token, RACK2, ActServer(Checked(), lambda: here))
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    async def _run(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        running = asyncio.create_task(self._link.run())
        await self._stop.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()


def meet(repositories):
    """Let phone a be seen at rack2, which lives."""
    repositories.leases.begin("owner of rack2", RACK2.id, 600_000)
    repositories.hosts.begin(RACK2, 1)
    repositories.devices.meet([Phone("p", "a")], 1, RACK2.id)
    repositories.devices.sighted(Device("a", DeviceState.ONLINE, 1), RACK2.id)


def check(server):
    return server.call("POST", "/device/a/check")


def test_a_phone_at_a_host_is_asked_through_its_link_and_a_host_that_is_away_is_named(tmp_path):
    with bare_database() as url, ServerThread(tmp_path, store_url=url, host_name="main") as server:

        def on_loop(work):
            return asyncio.run_coroutine_threadsafe(work, server._loop).result(10)

        server.store.submit(meet).result(10)
        token = on_loop(server.services.hosts.add("rack2"))
        wait_for(lambda: server.http.get("/healthz").json()["devices"]["ready"] == 1)
        assert "Host rack2 is not connected" in check(server)["message"]
        base = str(server.http.base_url).rstrip("/")
        with HostThread(base, token, ["a"]):
            wait_for(server.services.host_links.connected)
            rows = check(server)["data"]["rows"]
            assert [row["name"] for row in rows] == ["connection", "users"]
        wait_for(lambda: not server.services.host_links.connected())
        with HostThread(base, token, []):
            wait_for(server.services.host_links.connected)
            assert "a is not at the host where it was" in check(server)["message"]
        on_loop(server.store.write(lambda repositories: repositories.hosts.forget("rack2")))
        assert not on_loop(server.services.host_access.is_host(token.encode(), "rack2"))
