"""What the library still has for tasks that are to come: they take from it in turn, on paper."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from fleetlane.core.material import Material, MaterialRequest
from fleetlane.core.task import username_key


class Stock:
    """The free materials, in the order in which they are taken.

    Args:
        free: those that are free now.
        is_all: whether there are no more than these.
    """

    def __init__(self, free: Sequence[Material], *, is_all: bool) -> None:
        self._free = {material.id: material for material in free}
        self._is_all = is_all
        self._empty: set[MaterialRequest] = set()

    def take(self, wish: MaterialRequest) -> list[Material] | None:
        """Take what a task will take; fewer than wished when there are no more. None: it cannot be told.

        A task for no account that is known may come to be for any.
        """
        if wish in self._empty:
            return []
        key = username_key(wish.username) if wish.username else None
        fitting = (material for material in self._free.values() if _fits(material, wish, key))
        if key is not None:
            fitting = iter(sorted(fitting, key=lambda material: not material.described.username))
        found = list(islice(fitting, wish.count))
        if len(found) < wish.count:
            if not self._is_all:
                return None
            self._empty.add(wish)
            return found
        for material in found:
            del self._free[material.id]
        return found


def _fits(material: Material, wish: MaterialRequest, key: str | None) -> bool:
    owner = username_key(material.described.username) if material.described.username else ""
    is_mine = key is None or owner in (key, "")
    tagged = not wish.tags or any(tag in material.described.tags for tag in wish.tags)
    return material.kind is wish.kind and is_mine and tagged
