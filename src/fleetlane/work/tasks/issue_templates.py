"""Every sentence that issues are said in, for the catalogues of the pages."""

from __future__ import annotations

from fleetlane.scripts.packs import explain
from fleetlane.scripts.post import foresight, limits
from fleetlane.work.preflight import inspection, outlook, repeats
from fleetlane.work.tasks import options

ISSUES = (
    *options.SENTENCES,
    *inspection.SENTENCES,
    *outlook.SENTENCES,
    *repeats.SENTENCES,
    *foresight.SENTENCES,
    *limits.SENTENCES,
    *explain.SENTENCES,
)
