"""Routes of hosts: the computers that share a store."""

from __future__ import annotations

from datetime import tzinfo
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from fleetlane.core.hosts import NAME_RULE, HostKind
from fleetlane.core.schedule import rfc3339
from fleetlane.http.envelope import Envelope, success
from fleetlane.http.errors import documented
from fleetlane.http.routers import api_router
from fleetlane.http.strict_json import StrictJsonRoute
from fleetlane.web.wiring import Wired
from fleetlane.work.hosts.service import HostState, ShownHost

_NAME = "What it is called; no other has this name"

Name = Annotated[str, Path(max_length=255, description="The host's name")]


class HostView(BaseModel):
    """A host."""

    name: str = Field(description=_NAME, examples=["rack2"])
    kind: HostKind = Field(description="server: it answers the API, too; host: it has phones only", examples=["host"])
    state: HostState = Field(
        description="working; draining: it takes no new tasks; away: it does not live; expected: it may join, and has "
        "not begun yet",
        examples=["working"],
    )
    is_this: bool = Field(description="Whether it is the server that answers", examples=[False])
    version: str = Field(description='Of its Fleetlane; "" until it has begun', examples=["0.3.0"])
    protocol: int = Field(description="Those that work together have the same; 0 until it has begun", examples=[1])
    started: str | None = Field(description="When it began last; RFC 3339", examples=["2026-11-21T09:00:00.000+08:00"])
    last_seen: str | None = Field(
        description="When it was heard of last; RFC 3339", examples=["2026-11-21T10:15:30.000+08:00"]
    )
    lag_s: float | None = Field(
        description="Seconds since then, by its clock against the server's; null: never heard of", examples=[2.5]
    )
    lives: bool = Field(description="Whether it is taken to be at work", examples=[True])
    drains: bool = Field(description="Whether it takes no new tasks", examples=[False])
    phones: int = Field(description="How many phones it sees, in whatever state", examples=[20])
    phones_ready: int = Field(description="How many of them can take a task", examples=[19])
    running_tasks: int = Field(description="How many tasks run there", examples=[7])
    may_enter: bool = Field(description="Whether it has a token for the servers", examples=[True])


class HostList(BaseModel):
    """All hosts."""

    total: int = Field(description="How many there are", examples=[1])
    hosts: list[HostView] = Field(description="The hosts, by name")


class Drain(BaseModel):
    """Whether a host takes new tasks."""

    model_config = ConfigDict(strict=True)

    drain: bool = Field(description="true: it takes no new tasks; false: it takes tasks again", examples=[True])


class AddHost(BaseModel):
    """Which host may join."""

    model_config = ConfigDict(strict=True)

    name: str = Field(description=NAME_RULE, examples=["rack2"])


class AddedHost(BaseModel):
    """A host that may join."""

    name: str = Field(description=_NAME, examples=["rack2"])
    token: str = Field(
        description="What it shows to the servers; it is told only here",
        examples=["flh_Zk3vQ0mYc1d6cWl2e5nqS8bX1rT4uJ9aHfP0oKyLw7E"],
    )


class ForgottenHost(BaseModel):
    """A host that was forgotten."""

    name: str = Field(description=_NAME, examples=["rack2"])
    forgotten: bool = Field(description="True", examples=[True])


router = api_router("/hosts", "hosts", StrictJsonRoute)


@router.get("", response_model=Envelope[HostList], responses=documented(50301), summary="List hosts")
async def list_hosts(services: Wired) -> dict[str, Any]:
    """List the servers and hosts that share the store, by name; none where it is a file of this server alone."""
    hosts = [_view(shown, services.zone) for shown in await services.hosts.all()]
    return success({"total": len(hosts), "hosts": hosts})


@router.post(
    "",
    response_model=Envelope[AddedHost],
    responses=documented(40001, 40901, 41501, 50301, 50701),
    summary="Let a host join",
)
async def add_host(body: AddHost, services: Wired) -> dict[str, Any]:
    """Give a host a token, by which it joins. The token that it had before holds no more."""
    return success({"name": body.name, "token": await services.hosts.add(body.name)})


@router.get(
    "/{name}", response_model=Envelope[HostView], responses=documented(40001, 40401, 50301), summary="Get a host"
)
async def get_host(name: Name, services: Wired) -> dict[str, Any]:
    """Return one host."""
    return success(_view(await services.hosts.get(name), services.zone))


@router.post(
    "/{name}/drain",
    response_model=Envelope[HostView],
    responses=documented(40001, 40401, 41501, 50301, 50701),
    summary="Drain a host",
)
async def drain_host(name: Name, body: Drain, services: Wired) -> dict[str, Any]:
    """Let a host take no new tasks, or take tasks again. What runs there goes on to its end."""
    return success(_view(await services.hosts.drain(name, drains=body.drain), services.zone))


@router.delete(
    "/{name}",
    response_model=Envelope[ForgottenHost],
    responses=documented(40001, 40401, 40901, 50301, 50701),
    summary="Forget a host",
)
async def forget_host(name: Name, services: Wired) -> dict[str, Any]:
    """Forget a host that does not live any more, and its token."""
    await services.hosts.forget(name)
    return success({"name": name, "forgotten": True})


def _view(shown: ShownHost, zone: tzinfo) -> HostView:
    host = shown.host

    def moment(instant_ms: int | None) -> str | None:
        return None if instant_ms is None else rfc3339(instant_ms, zone)

    return HostView(
        name=host.name,
        kind=host.kind,
        state=shown.state,
        is_this=shown.is_this,
        version=host.version,
        protocol=host.protocol,
        started=moment(host.started_ms),
        last_seen=moment(host.seen_ms),
        lag_s=shown.lag_s,
        lives=shown.lives,
        drains=host.drains,
        phones=shown.phones,
        phones_ready=shown.phones_ready,
        running_tasks=shown.running,
        may_enter=host.may_enter,
    )
