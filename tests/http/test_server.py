"""The sockets the server listens on."""

from __future__ import annotations

import asyncio
import socket

from fleetlane.http.server import listen
from fleetlane.simulator.fleets.fleet import free_port


def test_an_answer_does_not_wait_for_the_callers_acknowledgement():
    async def scenario():
        sockets = listen("127.0.0.1", free_port())
        accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def connected(_reader, writer):
            peer = writer.get_extra_info("socket")
            accepted.set_result(peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(connected, sock=sockets[0]):
            _, writer = await asyncio.open_connection(*sockets[0].getsockname())
            assert await asyncio.wait_for(accepted, 5)
            writer.close()
            await writer.wait_closed()
        for listening in sockets[1:]:
            listening.close()

    asyncio.run(scenario())
