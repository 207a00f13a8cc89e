"""The library: what lies there, and what was used."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse

from fleetlane.core.material import MaterialDescription, UseState, parse_tags
from fleetlane.core.ports.library import MaterialFilter
from fleetlane.dashboard.page import N_, PageRoute, render, told, translated
from fleetlane.http.materials import MaterialId
from fleetlane.http.services import Wired
from fleetlane.work.library import Upload

_PAGE_SIZE = 100

router = APIRouter(prefix="/materials", route_class=PageRoute)


@router.get("")
async def list_materials(
    request: Request,
    services: Wired,
    state: UseState | None = None,
    tag: Annotated[str | None, Query(max_length=200)] = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """Show the library."""
    found = await services.library.page(MaterialFilter(state=state, tag=tag), page, _PAGE_SIZE)
    pages = max(1, -(-found.total // _PAGE_SIZE))
    return render(
        request, "materials.html", found=found, state=state, states=list(UseState), tag=tag or "", page=page,
        pages=pages,
    )  # fmt: skip


@router.post("")
async def upload_materials(
    request: Request,
    services: Wired,
    file: Annotated[list[UploadFile], File()],
    tags: Annotated[str, Form(max_length=1000)] = "",
    caption: Annotated[str, Form(max_length=10_000)] = "",
) -> HTMLResponse:
    """Keep files in the library: all of them, or none."""
    described = MaterialDescription("", parse_tags(tags), caption)
    added = await services.library.add([Upload(item.filename or "", item.file) for item in file], described)
    sentence = translated(request, N_("%(n)s files are in the library.")) % {"n": len(added.materials)}
    return told(request, sentence, changed=True)


@router.post("/{material_id}/delete")
async def delete_material(request: Request, services: Wired, material_id: MaterialId) -> HTMLResponse:
    """Delete a material that no task has reserved."""
    await services.library.delete(material_id)
    return told(request, translated(request, N_("The file was deleted.")), changed=True)
