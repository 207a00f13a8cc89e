"""Routes of materials: the library of videos and images."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import File, Form, Query, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from fleetlane.core.material import Material, MaterialDescription, UseState, parse_tags
from fleetlane.core.media.files import MediaKind
from fleetlane.core.ports.library import MaterialFilter
from fleetlane.core.schedule import rfc3339
from fleetlane.http.envelope import Envelope, success
from fleetlane.http.errors import documented
from fleetlane.http.routers import api_router
from fleetlane.http.strict_json import MultipartRoute, StrictJsonRoute
from fleetlane.web.parameters import LARGEST_ID, MaterialId
from fleetlane.web.wiring import Wired
from fleetlane.work.content.library import Upload
from fleetlane.work.services import Services

_LONGEST_CAPTION = 10_000
_LONGEST_TAGS = 2_000
_LARGEST_SORT = 2**31 - 1

Sort = Annotated[int, Field(ge=-_LARGEST_SORT, le=_LARGEST_SORT)]


class ChangeMaterial(BaseModel):
    """What to change of a material; what is absent stays."""

    model_config = ConfigDict(
        strict=True, json_schema_extra={"examples": [{"tags": ["summer", "sale"], "caption": "Our summer"}]}
    )

    tags: list[Annotated[str, Field(max_length=200)]] = Field(
        default_factory=list, max_length=100, description="What tasks ask for with materials_tags"
    )
    caption: str = Field("", max_length=_LONGEST_CAPTION, description="Wins over the captions of a task")
    username: str | None = Field(None, description="The account it is meant for; null: any")
    sort: Sort = Field(0, description="Lower ones are taken first")


class MaterialView(BaseModel):
    """A material."""

    id: int = Field(description="Its id", examples=[12])
    name: str = Field(description="Name of the file that was uploaded", examples=["summer.mp4"])
    kind: str = Field(description="video or image", examples=["video"])
    mime_type: str = Field(description="What its content is", examples=["video/mp4"])
    size_bytes: int = Field(description="Its size", examples=[8_400_000])
    duration_ms: int | None = Field(description="Length of a video; null for images", examples=[14_500])
    sha256: str = Field(description="Hash of its content", examples=["9f86d081884c7d659a2feaa0c55ad015"])
    tags: list[str] = Field(description="What tasks ask for with materials_tags", examples=[["summer", "sale"]])
    caption: str = Field(description="Wins over the captions of a task; empty: none", examples=["Our summer"])
    username: str | None = Field(description="The account it is meant for; null: any", examples=["@shop_one"])
    sort: int = Field(description="Lower ones are taken first", examples=[0])
    state: str = Field(description="free, reserved or used", examples=["used"])
    task_id: int | None = Field(description="The task that reserved or used it", examples=[101])
    created_at: str = Field(description="When it was uploaded; RFC 3339", examples=["2026-11-21T09:00:00.000+08:00"])


class UploadedMaterials(BaseModel):
    """Materials that were uploaded."""

    materials: list[MaterialView] = Field(description="All of them, in the order of the request")
    added_count: int = Field(description="How many are new", examples=[1])
    known_ids: list[int] = Field(
        description="Those whose content was there already; they stay as they were", examples=[[]]
    )


class MaterialPageView(BaseModel):
    """One page of materials."""

    total: int = Field(description="How many materials the whole list has", examples=[1])
    page: int = Field(description="Number of this page, from 1", examples=[1])
    page_size: int = Field(description="Materials on a page", examples=[20])
    materials: list[MaterialView] = Field(description="The materials, in the order in which tasks take them")


class DeletedMaterial(BaseModel):
    """A material that was deleted."""

    material_id: int = Field(description="Its id", examples=[12])
    deleted: bool = Field(description="True", examples=[True])


router = api_router("/material", "materials", StrictJsonRoute)
uploads = api_router("/material", "materials", MultipartRoute)


@uploads.post(
    "",
    response_model=Envelope[UploadedMaterials],
    responses=documented(40001, 41501, 50301, 50701),
    summary="Upload materials",
)
async def upload_materials(
    services: Wired,
    file: Annotated[list[UploadFile], File(description="MP4, JPG or PNG; may be given more than once")],
    tags: Annotated[str, Form(max_length=_LONGEST_TAGS, description="Comma list")] = "",
    caption: Annotated[str, Form(max_length=_LONGEST_CAPTION, description="Wins over the captions of a task")] = "",
    username: Annotated[str, Form(description="The account they are meant for; empty: any")] = "",
    sort: Annotated[int, Form(ge=-_LARGEST_SORT, le=_LARGEST_SORT, description="Lower ones are taken first")] = 0,
) -> dict[str, Any]:
    """Keep files in the library: all of them, or none when one is not what its name says."""
    described = MaterialDescription("", parse_tags(tags), caption, username or None, sort)
    added = await services.library.add([Upload(item.filename or "", item.file) for item in file], described)
    known = [material.id for material in added.known]
    return success(
        {
            "materials": [_view(material, services) for material in added.materials],
            "added_count": len(added.materials) - len(known),
            "known_ids": known,
        }
    )


@router.get("", response_model=Envelope[MaterialPageView], responses=documented(40001, 50301), summary="List materials")
async def list_materials(
    services: Wired,
    kind: Annotated[MediaKind | None, Query(description="video or image")] = None,
    state: Annotated[UseState | None, Query(description="free, reserved or used")] = None,
    tag: Annotated[str | None, Query(max_length=200, description="Only those with this tag")] = None,
    username: Annotated[str | None, Query(description="Only those meant for this account")] = None,
    page: Annotated[int, Query(ge=1, le=LARGEST_ID // 1000, description="Page number, from 1")] = 1,
    page_size: Annotated[int, Query(ge=1, le=100, description="Materials on a page")] = 20,
) -> dict[str, Any]:
    """List materials in the order in which tasks take them."""
    found = await services.library.page(MaterialFilter(kind, state, tag, username), page, page_size)
    materials = [_view(material, services) for material in found.materials]
    return success({"total": found.total, "page": page, "page_size": page_size, "materials": materials})


@router.get(
    "/{material_id}",
    response_model=Envelope[MaterialView],
    responses=documented(40001, 40401, 50301),
    summary="Get a material",
)
async def get_material(material_id: MaterialId, services: Wired) -> dict[str, Any]:
    """Return one material."""
    return success(_view(await services.library.get(material_id), services))


@router.patch(
    "/{material_id}",
    response_model=Envelope[MaterialView],
    responses=documented(40001, 40401, 41501, 50301, 50701),
    summary="Change a material",
)
async def change_material(material_id: MaterialId, body: ChangeMaterial, services: Wired) -> dict[str, Any]:
    """Change what is said of a material; its content stays."""
    given = body.model_dump(include=body.model_fields_set)
    if "tags" in given:
        given["tags"] = parse_tags(",".join(given["tags"]))
    if "username" in given:
        given["username"] = given["username"] or None
    return success(_view(await services.library.describe(material_id, lambda d: replace(d, **given)), services))


@router.post(
    "/{material_id}/free",
    response_model=Envelope[MaterialView],
    responses=documented(40001, 40401, 40901, 50301, 50701),
    summary="Free a material",
)
async def free_material(material_id: MaterialId, services: Wired) -> dict[str, Any]:
    """Make a used material free, so that a task takes it once more."""
    return success(_view(await services.library.free(material_id), services))


@router.delete(
    "/{material_id}",
    response_model=Envelope[DeletedMaterial],
    responses=documented(40001, 40401, 40901, 50301, 50701),
    summary="Delete a material",
)
async def delete_material(material_id: MaterialId, services: Wired) -> dict[str, Any]:
    """Delete a material and its file; one that a task holds stays."""
    await services.library.delete(material_id)
    return success({"material_id": material_id, "deleted": True})


def _view(material: Material, services: Services) -> MaterialView:
    described = material.described
    return MaterialView(
        id=material.id,
        name=described.name,
        kind=material.kind.value,
        mime_type=material.mime_type,
        size_bytes=material.size_bytes,
        duration_ms=material.duration_ms,
        sha256=material.sha256,
        tags=list(described.tags),
        caption=described.caption,
        username=described.username,
        sort=described.sort,
        state=material.state.value,
        task_id=material.task_id,
        created_at=rfc3339(material.created_ms, services.zone),
    )
