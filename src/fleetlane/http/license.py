"""The licence: what the plan allows."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from fleetlane.http.envelope import Envelope, success
from fleetlane.http.errors import documented
from fleetlane.http.routers import api_router
from fleetlane.web.wiring import Wired


class LicenseView(BaseModel):
    """What the licence allows."""

    plan_name: str = Field(description="Starter, Pro, Team or Business", examples=["Pro"])
    api_enabled: bool = Field(description="Whether the plan has access to the API", examples=[True])
    device_limit: int | None = Field(
        description="How many devices may work at the same time; null: no limit", examples=[20]
    )
    message: str = Field(description="The same in a sentence", examples=["API access enabled"])


router = api_router("/license", "licence")


@router.get("/check", response_model=Envelope[LicenseView], responses=documented(), summary="Check the licence")
async def check_license(services: Wired) -> dict[str, Any]:
    """Return the plan and what it allows. On Starter this call, like every other, is refused."""
    license_ = services.license()
    return success(
        {
            "plan_name": license_.plan.value,
            "api_enabled": license_.plan.has_api,
            "device_limit": license_.device_limit,
            "message": license_.message,
        }
    )
