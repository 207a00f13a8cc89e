"""What phones show: live pictures, and the UI tree of the moment with what the packs make of it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from fleetlane.core.errors import ConflictError, NotFoundError
from fleetlane.core.screens.recognition import UNKNOWN
from fleetlane.core.screens.screen import Node
from fleetlane.dashboard.page import PageRoute, render, translate
from fleetlane.scripts.looks import Screen
from fleetlane.scripts.packs import load_packs
from fleetlane.web.parameters import Lane
from fleetlane.web.streams import HEARTBEAT_S, STREAM_HEADERS
from fleetlane.web.wiring import Wired
from fleetlane.work.phones.live_pictures import LivePicture
from fleetlane.work.services import Services

_MOST_WATCHED = 500
_MOST_ROWS = 1000
_DEEPEST = 16

router = APIRouter(route_class=PageRoute)


@router.get("/live/pictures")
async def follow_pictures(
    request: Request,
    services: Wired,
    serial: Annotated[list[Annotated[str, Query(max_length=255)]], Query(max_length=_MOST_WATCHED)],
    large: bool = False,
) -> StreamingResponse:
    """Watch some phones: tells of each new picture, as server-sent events, until the caller goes away."""
    text = _pictures(request, services, [services.devices.lane(one) for one in serial], large=large)
    return StreamingResponse(text, media_type="text/event-stream", headers=STREAM_HEADERS)


async def _pictures(
    request: Request, services: Services, serials: Sequence[str], *, large: bool
) -> AsyncGenerator[str]:
    async for news in services.live_pictures.watch(serials, HEARTBEAT_S, large=large):
        yield "".join(_event(request, picture) for picture in news) or ": still here\n\n"


def _event(request: Request, picture: LivePicture) -> str:
    problem = picture.problem and translate(request, picture.problem)
    data = {"serial": picture.serial, "tag": picture.tag, "problem": problem}
    return f"event: picture\ndata: {json.dumps(data)}\n\n"


@router.get("/phones/{serial}/picture.jpg")
async def show_picture(
    serial: Lane, services: Wired, if_none_match: Annotated[str | None, Header(max_length=100)] = None
) -> Response:
    """Return the last picture of a phone. Nothing is asked of the phone for it."""
    picture = services.live_pictures.of(serial)
    if picture is None or not picture.tag:
        raise NotFoundError("picture of", serial)
    tag = f'"{picture.tag}"'
    headers = {"Cache-Control": "private, no-cache", "ETag": tag, "X-Content-Type-Options": "nosniff"}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    return Response(picture.jpeg, media_type="image/jpeg", headers=headers)


@dataclass(frozen=True, slots=True)
class _Row:
    """A node of the tree as a line. `x` and `y` are its middle, as fractions of the screen."""

    node: Node
    depth: int
    names: Sequence[str]
    x: float
    y: float


@router.get("/phones/{serial}/tree")
async def show_tree(request: Request, serial: Lane, services: Wired) -> HTMLResponse:
    """Show what is on the screen now, as the packs see it."""
    try:
        screen = await services.manual_control.read_screen(serial)
    except ConflictError as error:
        return render(request, "tree.html", problem=str(error), serial=serial)
    tree = screen.view.tree
    return render(
        request,
        "tree.html",
        problem="",
        serial=serial,
        seen=screen.seen,
        is_known=screen.name != UNKNOWN,
        rows=list(_rows(screen, _named(screen))),
        total=len(tree.nodes),
        wide=tree.width > tree.height,
    )


def _named(screen: Screen) -> Mapping[int, Sequence[str]]:
    """Return the names of the elements that the app's pack finds, by the identity of their nodes."""
    named: dict[int, list[str]] = {}
    for pack in load_packs():
        if pack.app != screen.app:
            continue
        for name, element in pack.elements.items():
            node = screen.find(element)
            if node is not None:
                named.setdefault(id(node), []).append(name)
    return named


def _rows(screen: Screen, named: Mapping[int, Sequence[str]]) -> Iterator[_Row]:
    tree = screen.view.tree
    depths: dict[int, int] = {}
    for node in tree.nodes[:_MOST_ROWS]:
        depth = depths[id(node)] = 0 if node.parent is None else depths[id(node.parent)] + 1
        x, y = node.bounds.center
        yield _Row(node, min(depth, _DEEPEST), named.get(id(node), ()), x / tree.width, y / tree.height)
