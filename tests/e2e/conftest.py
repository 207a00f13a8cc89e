"""The whole server with the simulated phones of a module, which names them by its fixture `phones`."""

from __future__ import annotations

import pytest

from support.rig import wait_for
from support.server import ServerThread


@pytest.fixture(scope="module")
def server(phones, tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data"), phones.fleet.adb.port) as server:
        wait_for(lambda: server.http.get("/healthz").json()["devices"]["ready"] == len(phones.fleet.serials))
        yield server


@pytest.fixture(scope="module")
def serials(phones):
    return iter(phones.fleet.serials)


@pytest.fixture
def fresh(serials):
    """A phone no test has used yet."""
    return next(serials)
