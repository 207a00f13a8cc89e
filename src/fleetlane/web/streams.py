"""Live events as an answer that does not end (server-sent events), for the API and for the pages."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any

from fastapi import Header, Query
from fastapi.responses import StreamingResponse

from fleetlane.core.event import Event, EventFilter
from fleetlane.core.schedule import rfc3339
from fleetlane.web.parameters import LARGEST_ID
from fleetlane.web.wiring import Wired
from fleetlane.work.services import Services

HEARTBEAT_S = 15.0
"""The longest that a stream says nothing."""
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_RETRY_MS = 2000


async def follow_events(
    services: Wired,
    task: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Only events of this task")] = None,
    batch: Annotated[str | None, Query(max_length=255, description="Only events of this request's tasks")] = None,
    device: Annotated[str | None, Query(max_length=255, description="Only events of this device")] = None,
    for_s: Annotated[
        float | None, Query(ge=0, le=86_400, description="End after so many seconds; 0: only what was missed")
    ] = None,
    after: Annotated[
        str | None, Query(max_length=100, description="Like Last-Event-ID, which wins, for callers without headers")
    ] = None,
    last_event_id: Annotated[
        str | None, Header(max_length=100, description="Go on after this event; browsers send it by themselves")
    ] = None,
) -> StreamingResponse:
    """Follow what happens, as server-sent events.

    `ready` comes first. Then `task` (status_text, or deleted), `step` (attempt, number, name, ok), `device`
    (state, facts, or taken_over) and `security` (what: wrong_token, with address and times), each with its `id`.
    `reload` means that events were lost, after a restart or to a slow reader: read again what you show. A comment
    comes at least every 15 seconds.
    """
    lane = services.devices.lane(device) if device else None
    services.events.must_have_room()
    text = _texts(services, last_event_id or after, EventFilter(task, batch, lane), for_s)
    return StreamingResponse(text, media_type="text/event-stream", headers=STREAM_HEADERS)


async def _texts(
    services: Services, after: str | None, wanted: EventFilter, for_s: float | None
) -> AsyncGenerator[str]:
    yield f"retry: {_RETRY_MS}\n"
    first = True
    async for news in services.events.follow(after, wanted, HEARTBEAT_S, for_s):
        if first:
            yield _message(news.place, "ready", {})
        if news.missed:
            yield _message(news.place, "reload", {})
        elif news.events:
            yield "".join(_event(event, services) for event in news.events)
        elif not first:
            yield ": still here\n\n"
        first = False


def _event(event: Event, services: Services) -> str:
    change = event.change
    named = {"task_id": change.task_id, "batch_id": change.batch_id, "device": change.serial}
    data = {
        "at": rfc3339(event.at_ms, services.zone),
        **{name: value for name, value in named.items() if value is not None},
        **change.facts,
    }
    return _message(services.events.place_of(event), change.kind.value, data)


def _message(place: str, name: str, data: Mapping[str, Any]) -> str:
    return f"id: {place}\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
