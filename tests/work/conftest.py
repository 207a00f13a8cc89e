"""A scheduler over a store of the test's own."""

from __future__ import annotations

import pytest

from support.scheduler_harness import World


@pytest.fixture
def world(tmp_path):
    with World(tmp_path / "s.db") as world:
        yield world
