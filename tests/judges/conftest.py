"""One simulated phone behind a real adb server of its own, and a folder with a video."""

from __future__ import annotations

import shutil

import pytest

from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from support.rig import VIDEO


@pytest.fixture(scope="module")
def fleet():
    with FleetThread(FleetSettings(phones=1)) as fleet:
        yield fleet.fleet


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge")
    shutil.copy(VIDEO, folder / "video.mp4")
    return folder
