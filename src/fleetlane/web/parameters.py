"""Parameters that many routes have: ids, and devices named in a path."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from fleetlane.web.wiring import Wired

LARGEST_ID = 2**63 - 1
"""The largest number that both databases keep as an id."""

TaskId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The task's id")]
AccountId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The account's id")]
MaterialId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The material's id")]
Serial = Annotated[
    str, Path(max_length=255, description="The device's serial, another one of its serials, or its name")
]


def _lane(serial: Serial, services: Wired) -> str:
    return services.devices.lane(serial)


Lane = Annotated[str, Depends(_lane)]
"""The lane of the device that a path names by a serial, an alias or a name."""
