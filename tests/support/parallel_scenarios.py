"""Scenarios on simulated phones, run side by side: most of their time they wait for an app."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fleetlane.simulator.fleets.fleet import FleetSettings
from support.rig import Rig
from support.virtual import VirtualRig

_AT_ONCE = 8


class Scenarios:
    """Collects scenarios: functions of a rig and of a phone of their own, with their assertions in them.

    All that are to run are started together; each is one test, which waits for its end.
    """

    def __init__(self, **fleet: Any) -> None:
        self._fleet = {"app_delay_factor": 0.25, **fleet}
        self._known: dict[str, Callable[[Rig, str], None]] = {}

    def __call__(self, run: Callable[[Rig, str], None]) -> Callable[[Rig, str], None]:
        """Add a scenario."""
        self._known[run.__name__] = run
        return run

    def each(self, *values: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Add a scenario for each of some values."""

        def add(run: Callable[..., None]) -> Callable[..., None]:
            for number, value in enumerate(values):
                name = f"{run.__name__}-{value if isinstance(value, str | int) and len(str(value)) < 40 else number}"
                self._known[name] = lambda rig, serial, v=value: run(rig, serial, v)
            return run

        return add

    def fixture(self) -> Any:
        """Return the fixture that runs them."""

        @pytest.fixture(scope="module")
        def running(
            request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
        ) -> Iterator[dict[str, Future[None]]]:
            wanted = [item.callspec.params["name"] for item in request.session.items if self._is_ours(item)]
            with Rig(FleetSettings(phones=len(wanted), **self._fleet)) as rig, ThreadPoolExecutor(_AT_ONCE) as pool:
                rig.folder = tmp_path_factory.mktemp("media")
                yield {
                    name: pool.submit(self._known[name], rig, serial)
                    for name, serial in zip(wanted, rig.serials, strict=True)
                }

        return running

    def _is_ours(self, item: Any) -> bool:
        on_the_wire = "running" in getattr(item, "fixturenames", ())
        return on_the_wire and item.callspec.params.get("name") in self._known

    def virtual_test(self) -> Any:
        """Return the test of each scenario in virtual time, on a phone of its own and at once."""
        numbers = {name: number for number, name in enumerate(self._known, 1)}

        @pytest.mark.parametrize("base", ["ideal", "real"])
        @pytest.mark.parametrize("name", list(self._known))
        def test_scenario_in_virtual_time(name: str, base: str, tmp_path: Path) -> None:
            vary = self._fleet.get("vary", lambda _number, facts: facts)
            fleet = {**self._fleet, "vary": lambda _number, facts: vary(numbers[name], facts)}
            rig = VirtualRig.like(base, phones=1, **fleet)
            rig.folder = tmp_path
            self._known[name](rig, rig.serials[0])

        return test_scenario_in_virtual_time

    def test(self) -> Any:
        """Return the test: one for each scenario."""

        @pytest.mark.phone
        @pytest.mark.parametrize("name", list(self._known))
        def test_scenario(running: dict[str, Future[None]], name: str) -> None:
            running[name].result()

        return test_scenario
