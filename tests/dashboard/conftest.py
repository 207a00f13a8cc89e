"""One fleet, one server and one browser for the tests of the pages."""

from __future__ import annotations

import pytest

from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.browser import Watched, chromium
from support.demo_data import fleet, tell
from support.rig import wait_for
from support.server import ServerThread


@pytest.fixture(scope="session")
def phones():
    with FleetThread(FleetSettings(phones=3, app_delay_factor=0.25, first_port=25500)) as phones:
        yield phones


@pytest.fixture(scope="session")
def server(phones, tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data"), phones.fleet.adb.port, time_zone="Asia/Shanghai") as server:
        wait_for(lambda: server.http.get("/healthz").json()["devices"]["ready"] == 3)
        yield server


@pytest.fixture(scope="session")
def told(tmp_path_factory):
    """A server with something of everything, what there is, and its phones."""
    folder = tmp_path_factory.mktemp("told")
    with FleetThread(fleet()) as phones, ServerThread(folder, phones.fleet.adb.port, time_zone="Asia/Shanghai") as own:
        yield own, tell(own, phones), phones


@pytest.fixture(scope="module")
def browser():
    """One for each file: while it is open, its event loop is the thread's own, and no test can run another."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def watched(browser, server):
    watched = Watched(browser, f"http://localhost:{server.settings.port}")
    yield watched
    watched.close()


@pytest.fixture
def page(watched):
    return watched.page
