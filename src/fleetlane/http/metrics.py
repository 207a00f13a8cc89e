"""`/metrics`: how the server does, for Prometheus. Counters of the store, never a count of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from fleetlane import __version__
from fleetlane.core.license import License
from fleetlane.scripts.registry import broken_scripts
from fleetlane.web.wiring import Wired
from fleetlane.work.hosts.service import HostState, ShownHost
from fleetlane.work.running.durations import Durations
from fleetlane.work.services import Measured

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
    _add_work(services.measured(), registry)
    _add_hosts(await services.hosts.all(), registry)
    build = Gauge("fleetlane_build_info", "Always 1; which version runs", ["version"], registry=registry)
    build.labels(__version__).set(1)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _add_work(measured: Measured, registry: CollectorRegistry) -> None:
    """Add what is counted since the start, and whether this server leads."""
    retries = Counter(
        "fleetlane_unit_retries",
        "How often the store ran something again because it met another process, by the database's code of why",
        ["sqlstate"],
        registry=registry,
    )
    for sqlstate, count in measured.unit_retries.items():
        retries.labels(sqlstate).inc(count)
    registry.register(_Dispatch(measured.dispatched))
    if measured.leads is not None:
        leader = Gauge("fleetlane_leader", "1: this server leads all that work on the store", registry=registry)
        leader.set(measured.leads)


class _Dispatch(Collector):
    """Gives the times of dispatch as a histogram."""

    def __init__(self, dispatched: Durations) -> None:
        self._dispatched = dispatched

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield the histogram."""
        bounds = [*(str(bound) for bound in self._dispatched.bounds_s), "+Inf"]
        yield HistogramMetricFamily(
            "fleetlane_dispatch_seconds",
            "From the claim of a task to the start of its attempt, of the phones of this server",
            buckets=list(zip(bounds, self._dispatched.up_to, strict=True)),
            sum_value=self._dispatched.total_s,
        )


def _add_hosts(hosts: Sequence[ShownHost], registry: CollectorRegistry) -> None:
    """Add how the hosts are; nothing where the store is not shared."""
    if not hosts:
        return
    states = Gauge("fleetlane_hosts", "Hosts that share the store, by how they are", ["state"], registry=registry)
    for state in HostState:
        states.labels(state.value).set(sum(shown.state is state for shown in hosts))
    age = Gauge(
        "fleetlane_heartbeat_age_seconds",
        "Since when nothing was heard of a host, by its clock against this server's",
        ["host"],
        registry=registry,
    )
    for shown in hosts:
        if shown.lag_s is not None:
            age.labels(shown.host.name).set(shown.lag_s)


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
