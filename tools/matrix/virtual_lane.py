"""Lanes in virtual time: a phone like `real`, the real driver and script, and the order that a server's lane keeps."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from cells import Ended, StuckError
from checkpoints import Journey, Place
from rows import Row

from fleetlane.core.journal import Phase
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from support.rig import Result
from support.virtual import PATIENT, VirtualRig, is_in_doubt, like, look_until_known

LIKE = "real"
TASK_TIMEOUT_S, VERIFY_WAIT_S = 600.0, 3600.0
"""What a server has unless its owner says otherwise (`task_timeout_s`, `verify_wait_s`)."""
_AWAY_FOR_S = 600.0
_MINUTES_AFTER_S = 600.0
"""What is still under way in an app when all tasks have ended comes to its end, before the ledger is read."""


class VirtualLane:
    """One phone (see `cells.Lane`). What is drawn is fixed by the cell's names, so each one repeats alone."""

    def __init__(self, journey: Journey, place: Place, row: Row) -> None:
        seed = zlib.crc32(f"{row.name}/{journey.name}/{place.name}".encode())
        self._rig = VirtualRig(FleetSettings(phones=1, traits=like(LIKE), seed=seed))
        [self._serial] = self._rig.serials

    def now_s(self) -> float:
        """Return the phone's and the lane's seconds since the epoch."""
        return self._rig.clock.wall_s()

    def on(self, act: Callable[[Any], Any]) -> Any:
        """Do something with the phone."""
        return self._rig.on(self._serial, act)

    def two_posts(self, journey: Journey, captions: tuple[str, str], mend: Callable[[], None]) -> tuple[Ended, Ended]:
        """Post twice. One that is in doubt is looked for between tasks, or before the next when the phone was away."""
        first, second = ({"captions": caption, "platform": journey.app, **journey.config} for caption in captions)
        met, began_s = self._attempt(first)
        mend()
        if is_in_doubt(met) and not met.outcome.unseen:
            met, began_s = self._attempt(first, former=met)
        met_s = self.now_s()
        after, next_s = self._attempt(second)
        after_s = self.now_s()
        if is_in_doubt(met):
            met = look_until_known(self._rig, first, met, VERIFY_WAIT_S)
            met_s = self.now_s()
        if is_in_doubt(after):
            after = look_until_known(self._rig, second, after, VERIFY_WAIT_S)
            after_s = self.now_s()
        self._rig.wait(_MINUTES_AFTER_S)
        return _ended(met, began_s, met_s), _ended(after, next_s, after_s)

    def _attempt(self, config: dict[str, Any], former: Result | None = None) -> tuple[Result, float]:
        """Run one attempt when the phone is there, and return it with its start."""
        waited_s = 0.0
        while self._rig.on(self._serial, lambda link: link.absent):
            if waited_s > _AWAY_FOR_S:
                raise StuckError("the phone does not come back")
            self._rig.wait(1.0)
            waited_s += 1.0
        began_s = self.now_s()
        phases = former.phases if former else None
        options = {"settings": PATIENT, "timeout_s": TASK_TIMEOUT_S, "former": phases}
        return self._rig.post(self._serial, config, **options), began_s

    def published(self, caption: str) -> int:
        """Return how often the phone has really published a caption."""
        return sum(entry["caption"] == caption for entry in self._rig.ledger)


def _ended(result: Result, began_s: float, ended_s: float) -> Ended:
    outcome = result.outcome
    phases = {phase.value: ended_s for phase in result.phases.seen if phase is not Phase.NONE}
    return Ended(outcome.error_code, str(outcome.remark), outcome.publish_state.value, began_s, ended_s, phases)
