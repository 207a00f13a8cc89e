"""The checkup of one phone: everything the product relies on, tried once, and nothing left changed.

Each row of what real phones are known to break has a check here that would have named it. `check` is the whole of it;
what each module tries is in its own file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from fleetlane.adapters.android.checkup import apps, gallery, hands, system, texts
from fleetlane.adapters.android.checkup.visit import Round, Visit
from fleetlane.core.checkup import Row
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.phone import Driver

_ROUNDS: Sequence[Round] = (*system.ROUNDS, *apps.ROUNDS, *hands.ROUNDS, *texts.ROUNDS, *gallery.ROUNDS, system.VENDOR)


def check(driver: Driver, clock: Clock, wait: Callable[[float], None] = time.sleep) -> list[Row]:
    """Check one phone, and put back what was changed for it; some 10 s on an ordinary phone, at most some minutes.

    Blocking; on the phone's own thread. A phone that fails is a row, never an error.

    Args:
        driver: of the phone.
        clock: this computer's time.
        wait: waits for some seconds between two looks.

    Raises:
        TaskStoppedError: the driver was aborted; what was changed is put back all the same.
    """
    visit = Visit(driver, clock, wait)
    try:
        visit.make(_ROUNDS)
    finally:
        put_back = visit.put_back()
    return [*visit.rows, put_back]
