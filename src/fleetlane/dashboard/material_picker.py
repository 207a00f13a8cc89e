"""Choosing files in the form of a new task: those of the library, and those that are uploaded on the spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, Response

from fleetlane.core.errors import InvalidParametersError
from fleetlane.core.material import Material, MaterialDescription
from fleetlane.core.media.files import MediaKind
from fleetlane.core.ports.library import MaterialFilter
from fleetlane.dashboard.page import PageRoute, render
from fleetlane.scripts.media_settings import MediaSettings
from fleetlane.scripts.script import Script
from fleetlane.web.parameters import LARGEST_ID
from fleetlane.web.wiring import Wired
from fleetlane.work.content.library import Upload
from fleetlane.work.services import Services

_SHOWN = 24
_MOST_CHOSEN = 1000

Chosen = list[Annotated[int, Query(ge=1, le=LARGEST_ID)]]

router = APIRouter(prefix="/new/materials", route_class=PageRoute)


def can_choose(chosen: Script) -> bool:
    """Return whether a script takes files that are named."""
    return bool(chosen.media_settings.files)


@router.get("")
async def show_choice(
    request: Request,
    services: Wired,
    tag: Annotated[str, Query(max_length=200)] = "",
    materials: Annotated[Chosen | None, Query(max_length=_MOST_CHOSEN)] = None,
) -> Response:
    """Show what can be chosen; what was chosen stays so and comes first."""
    return await _choice(request, services, materials or [], tag)


@router.post("")
async def upload_and_choose(
    request: Request,
    services: Wired,
    file: Annotated[list[UploadFile], File()],
    materials: Annotated[Chosen | None, Form(max_length=_MOST_CHOSEN)] = None,
) -> HTMLResponse:
    """Keep files in the library, all of them or none, and choose them."""
    uploads = [Upload(item.filename or "", item.file) for item in file]
    added = await services.library.add(uploads, MaterialDescription())
    chosen = [*(materials or []), *(material.id for material in added.materials)]
    return await _choice(request, services, chosen, "", {"HX-Trigger-After-Settle": "chosen"})


async def _choice(
    request: Request, services: Services, ids: Sequence[int], tag: str, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    chosen = list(await services.library.some(list(dict.fromkeys(ids))))
    found = await services.library.page(MaterialFilter(tag=tag or None), 1, _SHOWN)
    others = [material for material in found.materials if material not in chosen]
    return render(
        request,
        "material_picker.html",
        headers=headers,
        chosen=chosen,
        others=others,
        found=found,
        shown=_SHOWN,
        tag=tag,
    )


def with_chosen(
    services: Services, names: MediaSettings, config: Mapping[str, Any], chosen: Sequence[Material]
) -> dict[str, Any]:
    """Return a script's settings with the chosen files, before those whose paths are written.

    Raises:
        InvalidParametersError: videos and images are mixed.
    """
    if not chosen:
        return dict(config)
    kinds = {material.kind for material in chosen}
    if len(kinds) > 1:
        raise InvalidParametersError.one("materials", "choose videos or images, not both")
    paths = [services.library.file(material).as_posix() for material in chosen]
    found = {**config, names.files: [*paths, *config.get(names.files, [])]}
    if names.kind:
        found.setdefault(names.kind, 0 if MediaKind.VIDEO in kinds else 1)
    return found
