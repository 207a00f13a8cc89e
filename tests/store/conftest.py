from __future__ import annotations

import pytest

from fleetlane.adapters.db.sqlite.store import SqliteStore
from support.stores import new_store


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "store.db"
    new_store(path)
    store = SqliteStore(path)
    store.start()
    yield store
    store.close()
