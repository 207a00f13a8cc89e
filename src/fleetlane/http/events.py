"""The API's route of live events, and what its document says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import StreamingResponse

from fleetlane.http.errors import documented
from fleetlane.http.routers import api_router
from fleetlane.web.streams import follow_events

_EXAMPLE = (
    "id: 5d0c21aa-41\nevent: ready\ndata: {}\n\n"
    'id: 5d0c21aa-42\nevent: task\ndata: {"at": "2026-11-21T14:30:00.120+08:00", "task_id": 101, '
    '"batch_id": "1b4e28ba-2fa1-4d3e-883f-0016d3cca427", "device": "R58N12ABCDE", "status": 1, '
    '"status_text": "running"}\n\n: still here\n\n'
)
_OK: Mapping[int | str, dict[str, Any]] = {
    200: {
        "description": "The events, one after another, until the caller goes away",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}

router = api_router("", "events")


router.add_api_route(
    "/events",
    follow_events,
    methods=["GET"],
    response_class=StreamingResponse,
    responses={**_OK, **documented(40001, 50301)},
    summary="Follow events",
)
