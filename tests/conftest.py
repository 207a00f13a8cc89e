"""Shared set-up: logs stay quiet, and a private home for adb."""

from __future__ import annotations

import pytest

from fleetlane.logs import configure_logs


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
