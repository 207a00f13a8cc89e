"""Routes of files for hosts: media of tasks, and traces. In no document: both ends are Fleetlane's own.

Behind a host's token, whatever the owner's is.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from fleetlane.core.errors import BodyTooLargeError, ConflictError, NotFoundError, TaskFailedError
from fleetlane.core.names import TRACE_FILE_NAME
from fleetlane.http.envelope import success
from fleetlane.http.ranged import RangedFile
from fleetlane.http.routers import PREFIX
from fleetlane.web.parameters import LARGEST_ID, TaskId
from fleetlane.web.wiring import Wired, caller
from fleetlane.work.access.access import bearer

LARGEST_TRACE_FILE_BYTES = 8 * 1024 * 1024
_MOST_TEXT_BYTES = 4 * 1024 * 1024

PathText = Annotated[str, Query(max_length=4096, description="As a task writes it")]
Endings = Annotated[
    list[str],
    Query(max_length=20, default_factory=list, description="How the names end that are asked for; none: any"),
]


async def must_be_host(request: Request, services: Wired) -> str:
    """Return the name of the host that asks. Every route for hosts depends on it.

    Raises:
        TokenRequiredError, TooManyRequestsError: it shows none of their tokens.
    """
    token = bearer(request.headers.get("authorization", ""))
    return await services.host_access.must_be_host(token, caller(request))


router = APIRouter(prefix=f"{PREFIX}/hosts/files", include_in_schema=False, dependencies=[Depends(must_be_host)])


@router.get("/materials/{name}")
async def get_library_file(name: str, request: Request, services: Wired) -> Response:
    """Return a file of the library."""
    file, digest = await services.host_files.material(name)
    return RangedFile(file, f'"{digest}"', request.headers)


@router.get("/listing")
async def list_folder(services: Wired, ending: Endings, folder: PathText = "", beginning: str = "") -> dict[str, Any]:
    """Return what lies in a folder. What has a name that is no text cannot be asked for, and is left out."""
    with _refusals():
        listing = await services.host_files.listing(folder, beginning, ending)
    entries = [asdict(entry) for entry in listing.entries if _is_text(entry.path)]
    return success({"path": listing.path, "entries": entries})


@router.get("/look")
async def look_at_file(services: Wired, ending: Endings, path: PathText = "") -> dict[str, Any]:
    """Return what a file is."""
    with _refusals():
        return success(asdict(await services.host_files.look(path, ending)))


@router.get("/text")
async def get_text(
    services: Wired, name: str, most: Annotated[int, Query(ge=1, le=_MOST_TEXT_BYTES)], folder: PathText = ""
) -> Response:
    """Return how a text file of a folder begins."""
    with _refusals():
        content = await services.host_files.text(folder, name, most)
    if content is None:
        raise NotFoundError("file", name[:100])
    return Response(content, media_type="application/octet-stream")


@router.get("/content")
async def get_content(request: Request, services: Wired, path: PathText = "") -> Response:
    """Return the content of a file."""
    with _refusals():
        file = await services.host_files.opened(path)
    about = os.fstat(file.fileno())
    return RangedFile(file, f'"{about.st_size:x}-{about.st_mtime_ns:x}"', request.headers)


@router.put("/traces/{task_id}/{attempt}/{name}")
async def put_trace_file(
    task_id: TaskId,
    attempt: Annotated[int, Path(ge=1, le=LARGEST_ID)],
    name: Annotated[str, Path(pattern=f"^{TRACE_FILE_NAME.pattern}$")],
    request: Request,
    services: Wired,
) -> dict[str, Any]:
    """Keep a file of a trace. Sent once more, it is the same."""
    await services.host_files.keep_trace(task_id, attempt, name, await _body(request))
    return success(None)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_TRACE_FILE_BYTES:
            raise BodyTooLargeError(f"A file of a trace has at most {LARGEST_TRACE_FILE_BYTES} bytes.")
    return bytes(body)


@contextmanager
def _refusals() -> Generator[None]:
    """Answer why a task could not go on with a file, with the error code that it ends with."""
    try:
        yield
    except TaskFailedError as error:
        raise ConflictError(error.detail, {"error_code": error.code}) from error


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
