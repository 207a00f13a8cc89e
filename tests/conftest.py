"""Shared set-up: logs stay quiet, and a private home for adb."""

from __future__ import annotations

import gc

import pytest
from hypothesis import settings

from fleetlane.logs import configure_logs

settings.register_profile("suite", deadline=None)  # what an example does is held, not how busy the computer is
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def _quiet_logs():
    configure_logs("error", "text")


@pytest.fixture(scope="session", autouse=True)
def _private_home(tmp_path_factory):
    """adb keeps keys in its home, and must not meet the user's server."""
    patch = pytest.MonkeyPatch()
    patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    patch.delenv("ANDROID_ADB_SERVER_PORT", raising=False)
    yield
    patch.undo()


def pytest_configure():
    """Look for garbage seldom: what thousands of tests import and collect is none, and is gone through each time."""
    gc.set_threshold(50_000, 20, 100)


def pytest_collection_finish():
    """Never go through what was collected again: it stays until the end."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config, items):
    """Leave real phones alone: nobody's phone is touched by a run that does not ask for it (`-m real_phone`)."""
    if "real_phone" in (config.option.markexpr or ""):
        return
    touching = [item for item in items if item.get_closest_marker("real_phone")]
    if touching:
        items[:] = [item for item in items if item not in touching]
        config.hook.pytest_deselected(items=touching)
