"""Routes of devices."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from fleetlane.core.checkup import Grade, as_document
from fleetlane.core.device import why_not_ready
from fleetlane.core.schedule import rfc3339
from fleetlane.http.envelope import Envelope, success
from fleetlane.http.errors import documented
from fleetlane.http.routers import api_router
from fleetlane.http.strict_json import StrictJsonRoute
from fleetlane.web.parameters import Serial
from fleetlane.web.wiring import Wired, caller
from fleetlane.work.phones.devices import ShownDevice
from fleetlane.work.services import Services

_STATES = (
    "online; absent; as adb sees it: offline, unauthorized, authorizing, connecting, no_permissions, recovery, "
    "sideload, bootloader, rescue, host, unknown; asking: it has not said yet which phone it is; other_phone, reset: "
    "another phone answers in its place (see adopt); shared_serial: two phones have its serial; host_away: its "
    "host does not work"
)


class AppView(BaseModel):
    """An app on a device."""

    package: str = Field(description="Its Android package", examples=["com.zhiliaoapp.musically"])
    version: str = Field(description="Its version", examples=["40.1.3"])


class DeviceView(BaseModel):
    """A device."""

    id: str | None = Field(
        description="The phone's own, whatever it is reached by; null until it was asked for the first time",
        examples=["5f0c9c1e0d7b4b0f9a3a2f6f0c4f9b11"],
    )
    serial: str = Field(description="adb's name for it: the first that it was known by", examples=["R58N12ABCDE"])
    serials: list[str] = Field(
        description="All that it is or was reached by", examples=[["R58N12ABCDE", "192.168.1.20:5555"]]
    )
    name: str = Field(description='What people call it; "" for none', examples=["Shelf 3"])
    tags: list[str] = Field(description="People's own words for it", examples=[["fr", "test"]])
    host: str | None = Field(
        description="The host that it is at; null when it is nowhere, and where the store is not shared",
        examples=["rack2"],
    )
    state: str = Field(description=_STATES, examples=["online"])
    state_detail: str | None = Field(
        description="Why it cannot take a task, and what helps; null when it can",
        examples=["device R58N12ABCDE is offline; check its cable, or restart it"],
    )
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


class DescribeDevice(BaseModel):
    """What people say of a device. What is not given stays."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [{"name": "Shelf 3", "tags": ["fr"]}]})

    name: str | None = Field(None, description='Unique, compared without case; "" takes it away')
    tags: list[str] | None = Field(None, description="All of them")


class AdoptDevice(BaseModel):
    """Which phone is meant where another one answers."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [{"keep": "former"}, {"keep": "present"}]})

    keep: Literal["former", "present"] = Field(
        description="former: its tasks go on waiting for it; present: the phone that answers takes its place"
    )


class DisconnectedDevice(BaseModel):
    """A phone that was let go of."""

    address: str = Field(description="host:port of the phone's adb", examples=["192.168.1.20:5555"])
    disconnected: bool = Field(description="True", examples=[True])


class CheckupRowView(BaseModel):
    """One thing that was tried."""

    name: str = Field(description="Which; the same in every language", examples=["input_shell"])
    about: str = Field(description='The package, where there is one row for each; else ""', examples=[""])
    grade: Grade = Field(description="ok, warning, fault or not_tried", examples=["fault"])
    value: str = Field(description='What was found, with its unit; "" for nothing', examples=["843 ms"])
    sentence: str = Field(
        description="What it means and what to do",
        examples=["It was restarted and not unlocked since: no app starts on it. Unlock it once."],
    )
    measured: dict[str, Any] = Field(description="The same for programs", examples=[{"ms": 843}])


class CheckupView(BaseModel):
    """What was found on a phone."""

    serial: str = Field(description="The device", examples=["R58N12ABCDE"])
    ok: bool = Field(description="Whether nothing is a fault", examples=[True])
    took_s: float = Field(description="How long it took, in seconds", examples=[12.5])
    rows: list[CheckupRowView] = Field(description="What was tried, in order")


router = api_router("/device", "devices", StrictJsonRoute)


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
    responses=documented(40001, 40401, 41501, 50301, 50701),
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


@router.patch(
    "/{serial}",
    response_model=Envelope[DeviceView],
    responses=documented(40001, 40401, 40901, 41501, 50301, 50701),
    summary="Name a device",
)
async def describe_device(serial: Serial, body: DescribeDevice, services: Wired) -> dict[str, Any]:
    """Give a device a name, by which tasks and accounts may name it, and tags."""
    return success(_view(await services.devices.describe(serial, body.name, body.tags), services))


@router.post(
    "/{serial}/adopt",
    response_model=Envelope[DeviceView],
    responses=documented(40001, 40401, 40901, 41501, 50301, 50701),
    summary="Say which phone is meant",
)
async def adopt_device(serial: Serial, body: AdoptDevice, services: Wired) -> dict[str, Any]:
    """Decide what becomes of a device where another phone answers. What is in doubt stays with the former one."""
    return success(_view(await services.devices.adopt(serial, keep_present=body.keep == "present"), services))


@router.post(
    "/{serial}/check",
    response_model=Envelope[CheckupView],
    responses=documented(40001, 40401, 40901, 50301),
    summary="Check a device",
)
async def check_device(request: Request, serial: Serial, services: Wired) -> dict[str, Any]:
    """Try on a phone all that Fleetlane relies on, and leave it as it was. No task starts on it meanwhile."""
    shown = await services.devices.get(serial)
    return success(as_document(await services.checkups.make(shown.device.serial, caller(request))))


def _view(shown: ShownDevice, services: Services) -> DeviceView:
    facts = shown.facts
    size = facts.get("size") or (None, None)
    seen = shown.last_seen_ms
    reason = why_not_ready(shown.device.serial, shown.device)
    return DeviceView(
        id=shown.phone.id if shown.phone else None,
        serial=shown.device.serial,
        serials=list(shown.serials),
        name=shown.phone.name if shown.phone else "",
        tags=list(shown.phone.tags) if shown.phone else [],
        host=shown.host,
        state_detail=str(reason) if reason else None,
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
