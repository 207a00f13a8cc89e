"""The links of hosts, as the server takes them: who may open one, how many there are, and what they may carry."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from contextlib import asynccontextmanager, suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fleetlane.core.errors import ActRefusedError, CallLostError, HostAwayError
from fleetlane.core.hosts import HostKind, NewHost
from fleetlane.http.connections import Bounds
from fleetlane.http.errors import ErrorAnswers
from fleetlane.http.guard import Guard
from fleetlane.work.hosts.links import MOST_UNDER_WAY
from fleetlane.work.hosts.wire import LINK_PATH, MAX_FRAME_BYTES
from support.linked import LinkedHost, LinkedServer, until

HELLO = json.dumps({"kind": "hello", "body": {"name": "rack2", "kind": "host", "version": "1.0", "protocol": 1}})


class Echo:
    """Answers at once, or when it is let go; `begun` has the numbers of what it was asked."""

    def __init__(self, *, held=False):
        self.begun, self.go, self.reply = [], asyncio.Event(), b""
        if not held:
            self.go.set()

    async def answer(self, verb, body, attachment):
        self.begun.append(body.get("number"))
        await self.go.wait()
        return {"verb": verb, "bytes": len(attachment)}, self.reply


def run(scenario, **options):
    """Run a scenario with a server that takes links."""

    async def whole():
        server = LinkedServer(**options)
        await server.start()
        try:
            async with asyncio.timeout(30):
                await scenario(server)
        finally:
            await server.stop()

    asyncio.run(whole())


@asynccontextmanager
async def linked(server, answers, **options):
    async with linked_by(server, await server.tokens.issue("rack2"), answers, **options) as host:
        yield host


@asynccontextmanager
async def linked_by(server, token, answers, **options):
    host = LinkedHost(server.url, token, answers, **options)
    try:
        yield host
    finally:
        await host.stop()


def opened(server, token=None, path=LINK_PATH, **headers):
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    return connect(f"ws://127.0.0.1:{server.port}{path}", additional_headers=headers, proxy=None)


async def refused(server, *arguments, **options):
    """Return the status and the envelope's code of the answer to one who is not let in."""
    with pytest.raises(InvalidStatus) as caught:
        await opened(server, *arguments, **options)
    envelope = json.loads(caught.value.response.body)
    assert set(envelope) == {"code", "message", "data"}
    return caught.value.response.status_code, envelope["code"]


async def ask(server, number=1, attachment=b"", timeout_s=10):
    return await server.links.ask("rack2", "v", {"number": number}, attachment, timeout_s=timeout_s)


@pytest.mark.parametrize("token", [None, "flh_" + "a" * 43, "a token of people, 1234", "x" * 5000])
def test_who_shows_no_token_of_a_host_opens_no_link(token):
    async def scenario(server):
        await server.tokens.issue("rack2")
        assert await refused(server, token) == (401, 40101)
        assert server.links.connected() == []

    run(scenario)


def test_tokens_are_not_guessed_a_thousand_times_a_second():
    async def scenario(server):
        codes = [(await refused(server, f"flh_{number}"))[1] for number in range(20)]
        assert (codes[:5], set(codes)) == ([40101] * 5, {40101, 42901})
        assert server.told

    run(scenario)


def test_a_token_is_random_shown_once_and_holds_until_the_next_one():
    async def scenario(server):
        first, second = await server.tokens.issue("rack2"), await server.tokens.issue("rack2")
        assert len(first) == len("flh_") + 43
        assert first.startswith("flh_")
        assert [await server.tokens.check(one) for one in (first, second)] == [None, "rack2"]
        assert not any(second in known for known in server.hosts.names)
        server.hosts.forget("rack2")
        assert await server.tokens.check(second) is None

    run(scenario)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Mode": "websocket"},
    ],
    ids=str,
)
def test_a_browser_opens_no_link_from_whatever_page(headers):
    async def scenario(server):
        token = await server.tokens.issue("rack2")
        if headers.get("Origin") == "http://127.0.0.1":
            headers["Origin"] += f":{server.port}"
        assert await refused(server, token, **headers) == (403, 40302)

    run(scenario)


def test_a_server_is_called_by_one_of_its_names_for_links_as_well():
    async def scenario(server):
        token = await server.tokens.issue("rack2")
        url = f"ws://evil.example:{server.port}{LINK_PATH}"
        headers = {"Authorization": f"Bearer {token}"}
        with pytest.raises(InvalidStatus) as caught:
            await connect(url, additional_headers=headers, proxy=None, host="127.0.0.1", port=server.port)
        assert json.loads(caught.value.response.body)["code"] == 40302
        named = f"ws://fleet.lan:{server.port}{LINK_PATH}"
        async with connect(named, additional_headers=headers, proxy=None, host="127.0.0.1", port=server.port):
            pass

    run(scenario, allowed_hosts=("fleet.lan",))


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/v1/events", "/api/v1/task", f"{LINK_PATH}/", "/nowhere"])
def test_there_is_no_websocket_anywhere_else(path):
    async def scenario(server):
        token = await server.tokens.issue("rack2")
        with pytest.raises(InvalidStatus):
            await opened(server, token, path)
        await guarded(path, 404)

    run(scenario)


async def guarded(path, status, headers=()):
    """Ask the guard itself, whatever let a WebSocket come so far."""
    sent = []

    async def behind(_scope, _receive, _send):
        sent.append({"type": "passed", "status": 101})

    async def send(message):
        sent.append(message)

    guard = Guard(behind, ErrorAnswers(), "/api/v1", None, access=None, session_cookie="")
    scope = {"type": "websocket", "path": path, "headers": [(b"host", b"localhost"), *headers]}
    await guard(scope, None, send)
    assert sent[0]["status"] == status


def test_the_guard_lets_nothing_but_links_through():
    async def scenario():
        await guarded(LINK_PATH, 101)
        await guarded(LINK_PATH, 403, [(b"origin", b"http://localhost")])
        await guarded("/api/v1/task", 404)

    asyncio.run(scenario())


def test_where_no_store_is_shared_there_are_no_links():
    async def scenario(server):
        assert await refused(server, "flh_x") == (401, 40101)  # as any call of this server without its token

    run(scenario, links=False)


def test_hosts_are_linked_whatever_the_licence_says_of_the_api():
    async def scenario(server):
        async with linked(server, Echo()):
            await until(server.links.connected)
            assert await ask(server, attachment=b"abc") == ({"verb": "v", "bytes": 3}, b"")

    run(scenario)  # its licence has no API


def test_a_host_has_one_link_and_a_new_one_takes_the_place_of_the_older():
    async def scenario(server):
        token, new = await server.tokens.issue("rack2"), Echo()
        async with opened(server, token) as old:
            await old.send(HELLO)
            await old.recv()
            asked = asyncio.create_task(ask(server))
            assert json.loads(await old.recv())["kind"] == "ask"
            async with linked_by(server, token, new):
                with pytest.raises(CallLostError, match="link to host rack2 was lost"):
                    await asked
                with pytest.raises(ConnectionClosed):
                    await old.recv()
                await ask(server, 2)
                assert (new.begun, server.links.connected()) == ([2], ["rack2"])

    run(scenario)


def test_a_host_that_is_forgotten_or_has_another_token_is_linked_no_more():
    async def scenario(server):
        for ends in (lambda: server.hosts.forget("rack2"), lambda: server.hosts.let_in("rack2", "another")):
            async with linked(server, Echo()):
                await until(server.links.connected)
                ends()
                await until(lambda: not server.links.connected())
                with pytest.raises(HostAwayError):
                    await ask(server)

    run(scenario, checked_every_s=0.02)


def test_a_link_is_opened_again_when_the_server_is_back():
    async def scenario(server):
        answers = Echo(held=True)
        async with linked(server, answers) as host:
            await until(server.links.connected)
            asked = asyncio.create_task(ask(server))
            await until(lambda: answers.begun)
            await server.stop()
            with pytest.raises(CallLostError):
                await asked
            await until(lambda: any("cannot be reached" in str(why) for why in host.said))
            answers.go.set()
            await server.start()
            await until(server.links.connected)
            await ask(server, 2)
        assert answers.begun == [1, 2]
        assert [why is None for why in host.said] == [True, False, False, True], "lost, not reached; once each"

    run(scenario)


def test_what_is_larger_than_a_link_carries_is_refused_and_the_link_goes_on():
    async def scenario(server):
        answers = Echo()
        async with linked(server, answers):
            await until(server.links.connected)
            assert (await ask(server, 1, b"x" * MAX_FRAME_BYTES))[0]["bytes"] == MAX_FRAME_BYTES
            with pytest.raises(ActRefusedError, match="larger than 16 MB"):
                await ask(server, 2, b"x" * (MAX_FRAME_BYTES + 1))
            answers.reply = b"x" * (MAX_FRAME_BYTES + 1)
            with pytest.raises(CallLostError, match="could not send its answer"):
                await ask(server, 3)
            answers.reply = b""
            await ask(server, 4)
            assert answers.begun == [1, 3, 4]

    run(scenario)


@pytest.mark.parametrize(
    "frame",
    [
        "x" * (MAX_FRAME_BYTES + 1),
        b"not announced",
        "rubbish",
        "[]",
        "[" * 100_000,
        '{"kind": "reboot"}',
        '{"kind": "ask", "number": 1}',
        '{"kind": "answer", "number": true}',
        '{"kind": "answer", "number": 1, "bytes": -1}',
        '{"kind": "answer", "number": 1, "bytes": 1e400}',
        '{"kind": "answer", "number": 1, "body": []}',
        '{"kind": "answer", "number": ' + "9" * 5000 + "}",
    ],
    ids=lambda frame: str(frame[:24]),
)
def test_what_is_no_message_ends_the_link_and_nothing_else(frame):
    async def scenario(server):
        async with opened(server, await server.tokens.issue("rack2")) as link:
            await link.send(HELLO)
            assert json.loads(await link.recv())["body"]["name"] == "main"
            with suppress(ConnectionClosed):  # it may be closed before all of it is sent
                await link.send(frame)
            with pytest.raises(ConnectionClosed):
                await link.recv()
        await until(lambda: not server.links.connected())
        async with linked(server, Echo()):
            await until(server.links.connected)
            await ask(server)

    run(scenario)


def test_an_answer_that_nobody_waits_for_changes_nothing():
    async def scenario(server):
        async with opened(server, await server.tokens.issue("rack2")) as link:
            await link.send(HELLO)
            await link.recv()
            await link.send(json.dumps({"kind": "answer", "number": 77}))
            asked = asyncio.create_task(ask(server))
            number = json.loads(await link.recv())["number"]
            for body in ({"which": "first"}, {"which": "second"}):
                await link.send(json.dumps({"kind": "answer", "number": number, "body": body}))
            assert await asked == ({"which": "first"}, b"")
            assert server.links.connected() == ["rack2"]

    run(scenario)


def test_a_host_is_asked_so_many_questions_at_a_time_and_no_more():
    async def scenario(server):
        answers = Echo(held=True)
        async with linked(server, answers):
            await until(server.links.connected)
            asked = [asyncio.create_task(ask(server, number)) for number in range(MOST_UNDER_WAY + 5)]
            await until(lambda: len(answers.begun) == MOST_UNDER_WAY)
            asked[0].cancel()
            await until(lambda: len(answers.begun) == MOST_UNDER_WAY + 1)
            answers.go.set()
            await asyncio.gather(*asked[1:])

    run(scenario)


@pytest.mark.parametrize(
    ("host", "says"),
    [
        (NewHost("rack3", "i", HostKind.HOST, "1.0"), "This is the token of rack2, and this host is called rack3"),
        (NewHost("rack2", "i", HostKind.HOST, "0.9", 0), r"main runs Fleetlane 1.0 \(protocol 1\); this is 0.9"),
        (NewHost("rack2", "i", HostKind.HOST, "2.0", 2), r"main runs Fleetlane 1.0 .* Update main"),
    ],
    ids=["another's token", "older", "newer"],
)
def test_a_host_that_cannot_be_worked_with_is_told_why(host, says):
    async def scenario(server):
        async with linked(server, Echo(), host=host) as link:
            await until(lambda: link.said)
            assert re.search(says, link.said[0])
            assert server.links.connected() == []

    run(scenario)


def test_who_says_nothing_after_it_was_let_in_is_no_link():
    async def scenario(server):
        async with opened(server, await server.tokens.issue("rack2")) as link:
            with pytest.raises(HostAwayError):
                await ask(server)
            await link.send('{"kind": "answer"}')
            with pytest.raises(ConnectionClosed):
                await link.recv()

    run(scenario)


def test_a_host_that_is_gone_without_a_word_is_known_to_be_gone_though_much_was_to_be_sent():
    """As one whose cable was pulled: nothing it is sent arrives, and nothing is answered."""

    async def scenario(server):
        token = await server.tokens.issue("rack2")
        loop, mute = asyncio.get_running_loop(), socket.create_connection(("127.0.0.1", server.port))
        with mute:
            mute.setblocking(False)
            await loop.sock_sendall(mute, _handshake(server, token))
            assert b" 101 " in await loop.sock_recv(mute, 4096)
            await loop.sock_sendall(mute, _masked(HELLO.encode()))
            await until(server.links.connected)
            with pytest.raises(CallLostError):
                await ask(server, attachment=b"x" * MAX_FRAME_BYTES, timeout_s=10)
            await until(lambda: not server.links.connected())

    run(scenario, bounds=Bounds(ping_every_s=0.1, pong_within_s=0.2))


def _handshake(server, token="", key="dGhlIHNhbXBsZSBub25jZQ==", more=""):
    lines = [
        f"GET {LINK_PATH} HTTP/1.1", f"Host: localhost:{server.port}", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", f"Authorization: Bearer {token}",
    ]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n" + more + "\r\n").encode()


def _masked(text):
    """Return a text frame as clients send it, masked with zeros."""
    size = bytes([0x80 | len(text)]) if len(text) <= 125 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + text


@pytest.mark.parametrize(
    "made",
    [
        lambda server: _handshake(server).replace(b"GET", b"POST"),
        lambda server: _handshake(server, key="x"),
        lambda server: _handshake(server, more="X: y\r\n" * 200),
        lambda server: _handshake(server, more=f"X: {'y' * 20_000}\r\n"),
        lambda server: _handshake(server).replace(b": 13", b": 7"),
        lambda server: _handshake(server).replace(b"Sec-WebSocket-Key", b"No-Key"),
    ],
    ids=["POST", "key", "many headers", "long header", "version", "no key"],
)
def test_a_handshake_that_is_none_is_answered_or_ended_and_holds_no_connection(made):
    async def scenario(server):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(made(server).replace(b"Connection: Upgrade", b"Connection: Upgrade, close"))
        answer = await asyncio.wait_for(reader.read(), 5)
        assert b" 101 " not in answer.split(b"\r\n")[0]
        writer.close()
        async with linked(server, Echo()):
            await until(server.links.connected)

    run(scenario)


def test_a_link_is_no_half_sent_request():
    async def scenario(server):
        async with linked(server, Echo()):
            await until(server.links.connected)
            await asyncio.sleep(0.5)  # longer than a request may take
            await ask(server)
            assert server.links.connected() == ["rack2"]

    run(scenario, bounds=Bounds(header_s=0.1, body_s=0.1, half_sent=1, grace_s=0))
