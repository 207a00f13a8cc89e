"""Routes of devices."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from fleetlane.core.schedule import rfc3339
from fleetlane.http.envelope import Envelope, success
from fleetlane.http.errors import documented
from fleetlane.http.services import Services, Wired
from fleetlane.http.strict_json import StrictJsonRoute
from fleetlane.work.devices import ShownDevice

Serial = Annotated[str, Path(max_length=255, description="The device's serial")]


class AppView(BaseModel):
    """An app on a device."""

    package: str = Field(description="Its Android package", examples=["com.zhiliaoapp.musically"])
    version: str = Field(description="Its version", examples=["40.1.3"])


class DeviceView(BaseModel):
    """A device."""

    serial: str = Field(description="adb's name for it", examples=["R58N12ABCDE"])
    state: str = Field(description="online, offline, unauthorized or absent", examples=["online"])
    since: str = Field(description="When it came into this state; RFC 3339", examples=["2026-11-21T09:00:00.000+08:00"])
    model: str | None = Field(
        description="Null, like the other facts, until the device was asked", examples=["SM-A175F"]
    )
    brand: str | None = Field(description="Who made it", examples=["samsung"])
    android: str | None = Field(description="Version of Android", examples=["13"])
    width: int | None = Field(description="Pixels", examples=[1080])
    height: int | None = Field(description="Pixels", examples=[2340])
    battery_percent: int | None = Field(description="How full the battery is", examples=[87])
    free_bytes: int | None = Field(description="Free space for media", examples=[42_000_000_000])
    apps: list[AppView] = Field(description="Those of the apps used here that are installed")
    current_task: int | None = Field(description="Id of the task it works on", examples=[101])
    pending_tasks: int = Field(description="How many tasks wait for it", examples=[3])
    last_seen: str | None = Field(
        description="When it last told of itself; RFC 3339", examples=["2026-11-21T10:15:30.000+08:00"]
    )


class DeviceList(BaseModel):
    """All devices."""

    total: int = Field(description="How many there are", examples=[1])
    devices: list[DeviceView] = Field(description="The devices, by serial")


class ConnectDevice(BaseModel):
    """Which phone to connect."""

    model_config = ConfigDict(strict=True)

    address: str = Field(description="host:port of the phone's adb", examples=["192.168.1.20:5555"])


class DisconnectedDevice(BaseModel):
    """A phone that was let go of."""

    address: str = Field(description="host:port of the phone's adb", examples=["192.168.1.20:5555"])
    disconnected: bool = Field(description="True", examples=[True])


router = APIRouter(prefix="/device", tags=["devices"], route_class=StrictJsonRoute)


@router.get("", response_model=Envelope[DeviceList], responses=documented(50301), summary="List devices")
async def list_devices(services: Wired) -> dict[str, Any]:
    """List every device ever seen, by serial."""
    devices = [_view(shown, services) for shown in await services.devices.all()]
    return success({"total": len(devices), "devices": devices})


@router.post(
    "/connect",
    response_model=Envelope[DeviceView],
    responses=documented(40001, 40901, 41501, 50301, 50701),
    summary="Connect a phone by TCP",
)
async def connect_device(body: ConnectDevice, services: Wired) -> dict[str, Any]:
    """Connect a phone whose adb listens on the network, and keep it connected."""
    return success(_view(await services.devices.connect(body.address), services))


@router.post(
    "/disconnect",
    response_model=Envelope[DisconnectedDevice],
    responses=documented(40001, 40401, 41501),
    summary="Disconnect a TCP phone",
)
async def disconnect_device(body: ConnectDevice, services: Wired) -> dict[str, Any]:
    """Let go of a phone that was connected by TCP. A task that runs on it fails."""
    await services.devices.disconnect(body.address)
    return success({"address": body.address, "disconnected": True})


@router.get(
    "/{serial}",
    response_model=Envelope[DeviceView],
    responses=documented(40001, 40401, 50301),
    summary="Get a device",
)
async def get_device(serial: Serial, services: Wired) -> dict[str, Any]:
    """Return one device."""
    return success(_view(await services.devices.get(serial), services))


def _view(shown: ShownDevice, services: Services) -> DeviceView:
    facts = shown.facts
    size = facts.get("size") or (None, None)
    seen = shown.last_seen_ms
    return DeviceView(
        serial=shown.device.serial,
        state=shown.device.state.value,
        since=rfc3339(shown.device.since_ms, services.zone),
        model=facts.get("model"),
        brand=facts.get("brand"),
        android=facts.get("android"),
        width=size[0],
        height=size[1],
        battery_percent=facts.get("battery_percent"),
        free_bytes=facts.get("free_bytes"),
        apps=[AppView(package=name, version=version) for name, version in facts.get("apps", {}).items()],
        current_task=shown.current_task,
        pending_tasks=shown.pending_tasks,
        last_seen=None if seen is None else rfc3339(seen, services.zone),
    )
