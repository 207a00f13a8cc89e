"""Connecting a phone by its address: what a caller learns of what is there."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.core.errors import AdbServerDownError, ConflictError, DeviceGoneError
from fleetlane.work.phones.devices import DeviceService


def told(error, address="192.168.1.20:5555"):
    class Devices:
        async def connect(self, address):
            raise error

    with pytest.raises(ConflictError) as refused:
        asyncio.run(DeviceService(Devices(), None, None, None, []).connect(address))
    return str(refused.value)


def test_what_is_there_and_what_is_not_are_told_alike():
    answers = (
        "failed to connect to '192.168.1.20:5555': Connection refused",
        "failed to connect to '192.168.1.20:5555': Connection timed out",
        "failed to authenticate to 192.168.1.20:5555",
        "failed to connect to '192.168.1.20:5555': No route to host",
        "",
    )
    sentences = {told(DeviceGoneError(answer, serial="192.168.1.20:5555")) for answer in answers}
    [sentence] = sentences
    assert "refused" not in sentence
    assert "The log says more" in sentence


def test_that_the_adb_server_is_down_is_told():
    assert "adb server" in told(AdbServerDownError("The adb server does not answer: x.", serial="a"))
