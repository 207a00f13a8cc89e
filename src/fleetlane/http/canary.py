"""Routes of the canary: which versions a first post is awaited with, and ending that."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from fleetlane.http.envelope import Envelope, success
from fleetlane.http.errors import documented
from fleetlane.http.routers import api_router
from fleetlane.http.strict_json import StrictJsonRoute
from fleetlane.web.wiring import Wired
from fleetlane.work.running.canary import NewVersion

_PACKAGE = "Its Android package"


class NewVersionView(BaseModel):
    """A version of an app that is new to all."""

    app: str = Field(description="The platform", examples=["tiktok"])
    package: str = Field(description=_PACKAGE, examples=["com.zhiliaoapp.musically"])
    version: str = Field(description="Its version", examples=["48.0.1"])
    canary: str = Field(description="Serial of the device that posts first with it", examples=["R58N12ABCDE"])
    waiting: list[str] = Field(
        description="Serials of the devices whose next task waits for that post", examples=[["R58N12ABCDF"]]
    )


class NewVersionList(BaseModel):
    """The versions that a first post is awaited with."""

    total: int = Field(description="How many there are", examples=[1])
    versions: list[NewVersionView] = Field(description="The versions, by package and version")


class LetGo(BaseModel):
    """Which version is let go."""

    model_config = ConfigDict(strict=True)

    package: str = Field(description=_PACKAGE, examples=["com.zhiliaoapp.musically"])
    version: str = Field(description="Its version, as the list says it", examples=["48.0.1"])


class LetGoView(LetGo):
    """A version that was let go."""

    let_go: bool = Field(description="True", examples=[True])


router = api_router("/canary", "canary", StrictJsonRoute)


@router.get(
    "", response_model=Envelope[NewVersionList], responses=documented(50301), summary="List versions with a canary"
)
async def list_new_versions(services: Wired) -> dict[str, Any]:
    """List the versions of apps that one device posts with first while the others wait; none without `canary`."""
    found = await services.canary.new_versions() if services.canary is not None else ()
    return success({"total": len(found), "versions": [_view(one) for one in found]})


@router.post(
    "/let-go",
    response_model=Envelope[LetGoView],
    responses=documented(40001, 40401, 41501, 50301, 50701),
    summary="Let a version go",
)
async def let_version_go(body: LetGo, services: Wired) -> dict[str, Any]:
    """Let no device wait any more for a first post with a version."""
    await services.let_go(body.package, body.version)
    return success({"package": body.package, "version": body.version, "let_go": True})


def _view(new: NewVersion) -> NewVersionView:
    return NewVersionView(
        app=new.app, package=new.package, version=new.version, canary=new.canary, waiting=list(new.waiting)
    )
