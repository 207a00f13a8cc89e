"""The library: what lies there, how it looks, what is said of it, and what was used."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import FileResponse, HTMLResponse, Response

from fleetlane.core.errors import NotFoundError
from fleetlane.core.lines import with_plain_ends
from fleetlane.core.material import MaterialDescription, UseState, parse_tags
from fleetlane.core.media.files import MediaKind
from fleetlane.core.ports.library import MaterialFilter
from fleetlane.dashboard.page import N_, PageRoute, redirect, render, toast, translate_text
from fleetlane.web.parameters import MaterialId
from fleetlane.web.wiring import Wired
from fleetlane.work.content.library import Upload

_PAGE_SIZE = 48
_LARGEST_SORT = 1_000_000
_OF_A_FILE = {
    "Cache-Control": "private, max-age=86400",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
Tags = Annotated[str, Form(max_length=1000)]
Words = Annotated[str, Form(max_length=10_000)]

router = APIRouter(prefix="/materials", route_class=PageRoute)


@router.get("")
async def list_materials(
    request: Request,
    services: Wired,
    state: UseState | None = None,
    kind: MediaKind | None = None,
    tag: Annotated[str | None, Query(max_length=200)] = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """Show the library."""
    found = await services.library.page(MaterialFilter(kind, state, tag), page, _PAGE_SIZE)
    given = {"state": state and state.value, "kind": kind and kind.value, "tag": tag}
    return render(
        request,
        "materials.html",
        found=found,
        given=given,
        query=urlencode({name: value for name, value in given.items() if value}),
        states=list(UseState),
        kinds=list(MediaKind),
        page=page,
        pages=max(1, -(-found.total // _PAGE_SIZE)),
    )


@router.post("")
async def upload_materials(
    request: Request,
    services: Wired,
    file: Annotated[list[UploadFile], File()],
    tags: Tags = "",
    caption: Words = "",
) -> HTMLResponse:
    """Keep files in the library: all of them, or none."""
    described = MaterialDescription("", parse_tags(tags), caption)
    added = await services.library.add([Upload(item.filename or "", item.file) for item in file], described)
    sentence = translate_text(request, N_("%(n)s files are in the library.")) % {"n": len(added.materials)}
    if added.known:
        sentence += " " + translate_text(request, N_("%(n)s of them were there already.")) % {"n": len(added.known)}
    return toast(request, sentence, changed=True)


@router.get("/{material_id}")
async def show_material(request: Request, material_id: MaterialId, services: Wired) -> HTMLResponse:
    """Show one material, and what can be said of it."""
    return render(request, "material.html", item=await services.library.get(material_id))


@router.get("/{material_id}/file")
async def material_file(material_id: MaterialId, services: Wired) -> FileResponse:
    """Return a material's content, or the part of it that a player asks for. The store alone names the file."""
    material = await services.library.get(material_id)
    path = services.library.file(material)
    if not path.is_file():
        raise NotFoundError("file of material", material_id)
    return FileResponse(path, media_type=material.mime_type, headers=_OF_A_FILE)


@router.post("/{material_id}")
async def describe_material(
    request: Request,
    services: Wired,
    material_id: MaterialId,
    tags: Tags = "",
    caption: Words = "",
    username: Annotated[str, Form(max_length=255)] = "",
    sort: Annotated[int, Form(ge=-_LARGEST_SORT, le=_LARGEST_SORT)] = 0,
) -> HTMLResponse:
    """Change what is said of a material."""
    await services.library.describe(
        material_id,
        lambda before: MaterialDescription(
            before.name, parse_tags(tags), with_plain_ends(caption), username.strip() or None, sort
        ),
    )
    return toast(request, translate_text(request, N_("The change is kept.")), changed=True)


@router.post("/{material_id}/free")
async def free_material(request: Request, services: Wired, material_id: MaterialId) -> HTMLResponse:
    """Let a used material be taken once more."""
    await services.library.free(material_id)
    return toast(request, translate_text(request, N_("The file is free: a task may take it again.")), changed=True)


@router.post("/{material_id}/delete")
async def delete_material(services: Wired, material_id: MaterialId) -> Response:
    """Delete a material that no task has reserved, and go back to the library."""
    await services.library.delete(material_id)
    return redirect("/materials")
