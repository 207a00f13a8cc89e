"""`/metrics`: how the server does, for Prometheus. Counters of the store, never a count of rows."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest

from fleetlane import __version__
from fleetlane.http.services import Wired

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(services: Wired) -> Response:
    """Return the metrics as they are now."""
    counts, health = await services.desk.counts(), services.health()
    registry = CollectorRegistry()
    tasks = Gauge("fleetlane_tasks", "Tasks in the store, by their state", ["status"], registry=registry)
    for status in ("pending", "running", "completed", "failed"):
        tasks.labels(status).set(getattr(counts, status))
    devices = Gauge(
        "fleetlane_devices", "Phones seen since the start, by whether they can work", ["state"], registry=registry
    )
    devices.labels("ready").set(health.devices_ready)
    devices.labels("other").set(health.devices_known - health.devices_ready)
    Gauge("fleetlane_problems", "Problems that /healthz names", registry=registry).set(len(health.problems))
    taken = Counter("fleetlane_pictures_taken", "Live pictures of phones since the start", registry=registry)
    taken.inc(services.pictures.taken)
    build = Gauge("fleetlane_build_info", "Always 1; which version runs", ["version"], registry=registry)
    build.labels(__version__).set(1)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
