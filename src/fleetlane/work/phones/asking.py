"""Asking phones who they are: each connection once, again while it does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from fleetlane.core.device import Transport
from fleetlane.core.errors import DeviceError, StoreError

log = structlog.get_logger(__name__)

_FIRST_PAUSE_S, _LAST_PAUSE_S = 1.0, 30.0


class Asking:
    """Asks the phones behind connections, each in a task of its own.

    Args:
        is_current: whether a connection still stands.
        ask: asks the phone behind one, and takes its answer.
    """

    def __init__(self, is_current: Callable[[Transport], bool], ask: Callable[[Transport], Awaitable[None]]) -> None:
        self._is_current = is_current
        self._ask = ask
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._closed = False

    def begin(self, transports: Iterable[Transport]) -> None:
        """Ask behind connections that are not asked already."""
        for transport in () if self._closed else transports:
            if transport.connection not in self._tasks:
                task = asyncio.create_task(self._until_it_answers(transport), name=f"ask {transport.serial}")
                self._tasks[transport.connection] = task

    def close(self) -> None:
        """Ask no more."""
        self._closed = True
        for task in self._tasks.values():
            task.cancel()

    async def _until_it_answers(self, transport: Transport) -> None:
        pause_s = _FIRST_PAUSE_S
        try:
            while self._is_current(transport):
                try:
                    await self._ask(transport)
                except DeviceError as error:
                    log.info("phone_not_asked", device=transport.serial, error=str(error))
                except StoreError as error:
                    log.warning("phone_not_stored", device=transport.serial, error=str(error))
                except Exception:
                    # The edge of what a phone may answer: it is asked again, and the others go on.
                    log.exception("phone_ask_failed", device=transport.serial)
                else:
                    return
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LAST_PAUSE_S)
        finally:
            self._tasks.pop(transport.connection, None)
