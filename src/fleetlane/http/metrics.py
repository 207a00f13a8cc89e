"""`/metrics`: how the server does, for Prometheus. Counters of the store, never a count of rows."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest

from fleetlane import __version__
from fleetlane.core.license import License
from fleetlane.scripts.registry import broken_scripts
from fleetlane.web.wiring import Wired

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(services: Wired) -> Response:
    """Return the metrics as they are now."""
    counts, health = await services.queries.counts(), services.health()
    registry = CollectorRegistry()
    tasks = Gauge("fleetlane_tasks", "Tasks in the store, by their state", ["status"], registry=registry)
    for status in ("pending", "running", "completed", "failed"):
        tasks.labels(status).set(getattr(counts, status))
    devices = Gauge(
        "fleetlane_devices", "Phones seen since the start, by whether they can work", ["state"], registry=registry
    )
    devices.labels("ready").set(health.devices_ready)
    devices.labels("unauthorized").set(health.devices_unauthorized)
    devices.labels("other").set(health.devices_known - health.devices_ready - health.devices_unauthorized)
    Gauge("fleetlane_problems", "Problems that /healthz names", registry=registry).set(len(health.problems))
    _add_license(services.license(), registry)
    broken = Gauge("fleetlane_scripts_broken", "Scripts that are installed and cannot be used", registry=registry)
    broken.set(len(broken_scripts()))
    taken = Counter("fleetlane_pictures_taken", "Live pictures of phones since the start", registry=registry)
    taken.inc(services.live_pictures.taken)
    build = Gauge("fleetlane_build_info", "Always 1; which version runs", ["version"], registry=registry)
    build.labels(__version__).set(1)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _add_license(license_: License, registry: CollectorRegistry) -> None:
    usable = Gauge(
        "fleetlane_license_usable",
        "0: the licence has run out or cannot be used, and nothing is started; 1 also without any licence",
        registry=registry,
    )
    usable.set(not license_.is_refused)
    if license_.expires_ms is not None:
        expires = Gauge(
            "fleetlane_license_expires_timestamp_seconds", "When the licence runs out, Unix time", registry=registry
        )
        expires.set(license_.expires_ms / 1000)
