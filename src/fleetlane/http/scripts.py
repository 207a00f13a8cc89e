"""Routes of scripts: what can be run, and what its settings are."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, Field

from fleetlane.core.errors import InvalidParametersError, ScriptUnknownError
from fleetlane.http.envelope import Envelope, success
from fleetlane.http.errors import documented
from fleetlane.http.routers import api_router
from fleetlane.scripts.registry import broken_scripts, script, scripts
from fleetlane.scripts.script import Script


class ScriptView(BaseModel):
    """A script."""

    name: str = Field(description="What script_name may be", examples=["post"])
    summary: str = Field(
        description="What it does", examples=["Publish a video or images with the phone's own TikTok or Instagram app"]
    )
    config_schema: dict[str, Any] = Field(
        description="JSON Schema of script_config",
        examples=[{"type": "object", "properties": {"captions": {"type": "string", "default": ""}}}],
    )


class BrokenView(BaseModel):
    """A script that is installed and cannot be used."""

    name: str = Field(description="Its name", examples=["greet"])
    error: str = Field(
        description="Why it cannot be used",
        examples=["It cannot be loaded (ModuleNotFoundError: No module named 'greetings')."],
    )


class ScriptList(BaseModel):
    """The scripts that are offered."""

    total: int = Field(description="How many there are", examples=[1])
    scripts: list[ScriptView] = Field(description="The scripts, by name")
    broken: list[BrokenView] = Field(description="Those that are installed and cannot be used, by name")


router = api_router("/script", "scripts")


@router.get("", response_model=Envelope[ScriptList], responses=documented(), summary="List scripts")
async def list_scripts() -> dict[str, Any]:
    """List the scripts that tasks can name, and those that are installed and cannot be used."""
    listed: list[ScriptView] = []
    broken = [BrokenView(name=one.name, error=one.error) for one in broken_scripts()]
    for known in scripts().values():
        if not known.listed:
            continue
        try:
            listed.append(_view(known))
        except InvalidParametersError as error:  # it cannot describe its settings
            broken.append(BrokenView(name=known.name, error=str(error)))
    return success({"total": len(listed), "scripts": listed, "broken": broken})


@router.get("/{name}", response_model=Envelope[ScriptView], responses=documented(40003), summary="Get a script")
async def get_script(name: Annotated[str, Path(description="The script's name", examples=["post"])]) -> dict[str, Any]:
    """Return one script."""
    try:
        return success(_view(script(name, listed_only=True)))
    except InvalidParametersError as error:
        listed = [known.name for known in scripts().values() if known.listed]
        raise ScriptUnknownError(name, listed, f"{error}.") from error


def _view(known: Script) -> ScriptView:
    return ScriptView(name=known.name, summary=known.summary, config_schema=known.schema())
