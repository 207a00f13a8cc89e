"""Moves a server's store to another place: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable

from fleetlane.adapters.db.moving import Copied, copy_store, must_be_empty
from fleetlane.bootstrap.stores import StorePlace
from fleetlane.core.errors import StoreError


def move_store(source: StorePlace, target: StorePlace, progress: Callable[[str, int], None]) -> tuple[Copied, str]:
    """Move a store. No server may work on it; the caller holds the data directory.

    What ran when its server ended goes on there as after a restart: it runs again, or its post is looked for.

    Returns:
        What was copied, and a sentence that says what became of the old place.

    Raises:
        StoreError: the store is not whole, the new place is not empty, or what arrived is not what was there. Then
            nothing was moved.
    """
    source.check()
    with source.alone(), target.alone():
        source.migrate()
        if problems := source.check().problems:
            raise StoreError(f"The store is not whole, so nothing was moved. {' '.join(problems)}")
        target.come_back()
        target.migrate()
        with source.connect_to_read() as rows, target.connect_to_fill() as empty:
            must_be_empty(empty)
            copied = copy_store(rows, empty, progress)
        return copied, source.leave(target.shown)
