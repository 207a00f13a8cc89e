from __future__ import annotations

import pytest

from fleetlane.adapters.db.sqlite.migrate import migrate
from fleetlane.adapters.db.sqlite.store import SqliteStore


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "store.db"
    migrate(path)
    store = SqliteStore(path)
    store.start()
    yield store
    store.close()
