"""Makes the transcripts in tests/transcripts: rehearsals on simulated phones that answer as the evidence says.

Run it again when the driver asks a phone something else than it did: `make transcripts`. What a phone of its
own recorded is never made anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fleetlane import __version__
from fleetlane.adapters.media import FileInspector
from fleetlane.cli.sessions import LONGEST_S, Wish, record
from fleetlane.core.transcript import Transcript, write
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.simulator.likeness.reader import likeness, trait_values
from fleetlane.simulator.likeness.traits import ABOUT, Traits
from fleetlane.simulator.virtual.control import VirtualControl
from fleetlane.simulator.virtual.fleet import VirtualFleet

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "transcripts"
_VIDEO = ROOT / "src/fleetlane/cli/demo_media/video1.mp4"


@dataclass(frozen=True, slots=True)
class Made:
    """One transcript: the trait it is about with its value, what was rehearsed, and what was asked beside it."""

    trait: str
    value: object
    config: Mapping[str, Any]
    beside: Sequence[str]

    @property
    def phone(self) -> Traits:
        """Return what the phone is like: as real ones are, and nothing unusual but what this is about."""
        values = {"other_user": 0, "physical_keys": True, self.trait: self.value}
        return replace(likeness("real"), **trait_values(values, "transcripts"))

    @property
    def source(self) -> str:
        """Return where its answers come from."""
        about = ABOUT[self.trait]
        made = "Not recorded from a real phone: made with a simulated phone, by public evidence and Android's sources."
        return f"{made} It is about {self.trait} = {self.value} ({about.what}), known from {about.source}."


_CONFIG = {"captions": "Look at this 😀 #new"}
_ON_TIKTOK = {**_CONFIG, "platform": "tiktok", "post_way": "share"}
_ON_INSTAGRAM = {**_CONFIG, "platform": "instagram", "post_way": "addButton"}
_MONKEY = ("monkey", "-p", "com.instagram.android", "-c", "android.intent.category.LAUNCHER", "1")
CASES: Mapping[str, Made] = {
    "second-user": Made("other_user", 150, _ON_TIKTOK, ("pm", "list", "packages")),
    "no-physical-keys": Made("physical_keys", value=False, config=_ON_INSTAGRAM, beside=_MONKEY),
    "input-guard": Made("input_guard", "xiaomi", _ON_TIKTOK, ("input", "tap", "1", "1")),
}
"""Beside each rehearsal the command that such phones are known by, which the driver gets along without."""


def make(case: Made) -> Transcript:
    """Return a transcript, made anew."""
    fleet = VirtualFleet(FleetSettings(phones=1, traits=case.phone))
    [serial] = fleet.serials
    config = {**case.config, "material_list": [str(_VIDEO)]}
    about = {"fleetlane": __version__, "time_zone": "UTC", "source": case.source}
    wish = Wish(serial, config, beside=(case.beside,), **about)
    transcript, _ = record(fleet.adb, VirtualControl(fleet.clock, LONGEST_S), wish, FileInspector())
    return transcript


def main() -> None:
    """Write the transcripts."""
    FOLDER.mkdir(exist_ok=True)
    for name, case in CASES.items():
        path = FOLDER / f"{name}.jsonl.gz"
        transcript = make(case)
        write(path, transcript)
        ending = transcript.ending
        print(f"{path.relative_to(ROOT)}: {len(transcript.exchanges)} requests, {ending.error_code or 'no error'}")


if __name__ == "__main__":
    main()
