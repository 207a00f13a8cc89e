"""The first words on a link: the host says who it is, and the server answers who it is itself, or refuses."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from fleetlane.core.hosts import NAME, Host, HostKind, NewHost, skewed
from fleetlane.work.hosts.wire import (
    Kind,
    LinkBrokenError,
    LinkClosedError,
    LinkRefusedError,
    Message,
    Socket,
    frames,
    receive,
    send,
)

_WAIT_S = 10.0
_LONGEST_VERSION = 100


async def greet_server(socket: Socket, mine: NewHost) -> Host:
    """Say to a server who this host is, and return who the server is.

    Raises:
        LinkRefusedError: it does not work with this host; the sentence is the server's.
        LinkBrokenError: it answered something else, or nothing in time.
        LinkClosedError: it has gone.
    """
    await send(socket, frames(_hello(mine)))
    answer = await _first(socket)
    if answer.kind is Kind.REFUSED:
        raise LinkRefusedError(str(answer.body.get("sentence", "It does not say why."))[:500])
    return _read(answer)


async def greet_host(socket: Socket, mine: NewHost, name: str) -> Host:
    """Hear who a host is, answer who this server is, and return the host; one that cannot be worked with is told so.

    Args:
        socket: the way to the host.
        mine: this server.
        name: whose token the host has shown.

    Raises:
        LinkRefusedError: the host cannot be worked with, and was told why.
        LinkBrokenError: it said something else, or nothing in time.
        LinkClosedError: it has gone.
    """
    host = _read(await _first(socket))
    if refusal := _refusal(mine, host, name):
        told, why = refusal
        with suppress(LinkClosedError):  # it is refused all the same
            await send(socket, frames(Message(Kind.REFUSED, body={"sentence": told})))
        raise LinkRefusedError(why)
    await send(socket, frames(_hello(mine)))
    return host


def _refusal(mine: NewHost, host: Host, name: str) -> tuple[str, str] | None:
    """Return why a host is refused, for the host and for this server; None when it is not."""
    if host.name != name:
        told = f"This is the token of {name}, and this host is called {host.name}. Give it a token of its own."
        return told, f"A host called {host.name} has shown the token of {name}. Give it a token of its own."
    if why := skewed(mine, [host]):
        told = skewed(NewHost(host.name, "", host.kind, host.version, host.protocol), [_as_host(mine)])
        return told or why, why
    return None


async def _first(socket: Socket) -> Message:
    try:
        async with asyncio.timeout(_WAIT_S):
            return await receive(socket)
    except TimeoutError as error:
        raise LinkBrokenError("nothing, where it should say who it is") from error


def _hello(mine: NewHost) -> Message:
    body = {"name": mine.name, "kind": mine.kind.value, "version": mine.version, "protocol": mine.protocol}
    return Message(Kind.HELLO, body=body)


def _read(message: Message) -> Host:
    body = message.body
    name, version, protocol = body.get("name"), body.get("version"), body.get("protocol")
    if message.kind is not Kind.HELLO or type(protocol) is not int or not isinstance(version, str):
        raise LinkBrokenError("something else, where it should say who it is")
    return _other(_name(name), _kind(body.get("kind")), version[:_LONGEST_VERSION], protocol)


def _name(name: Any) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise LinkBrokenError("a name that is none")
    return name


def _kind(kind: Any) -> HostKind:
    try:
        return HostKind(kind)
    except ValueError as error:
        raise LinkBrokenError("a kind of host that nobody knows") from error


def _as_host(host: NewHost) -> Host:
    return _other(host.name, host.kind, host.version, host.protocol)


def _other(name: str, kind: HostKind, version: str, protocol: int) -> Host:
    return Host(
        name=name,
        id=None,
        kind=kind,
        version=version,
        protocol=protocol,
        started_ms=None,
        seen_ms=None,
        drains=False,
        may_enter=True,
    )
