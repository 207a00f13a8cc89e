"""Every sentence that issues are said in, for the catalogues of the pages."""

from __future__ import annotations

from collections.abc import Iterator

from fleetlane.scripts.packs import explain
from fleetlane.scripts.registry import scripts
from fleetlane.work.preflight import inspection, outlook, repeats
from fleetlane.work.tasks import options


def issue_templates() -> Iterator[str]:
    """Yield the templates: of what is checked for every script, of the packs, and of each script's own checks."""
    for part in (options, inspection, outlook, repeats, explain):
        yield from part.SENTENCES
    for one in scripts().values():
        yield from one.sentences
