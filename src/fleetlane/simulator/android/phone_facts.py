"""What a simulated phone is, and what can go wrong in its system."""

from __future__ import annotations

from dataclasses import dataclass

from fleetlane.simulator.likeness.traits import IDEAL, Traits

SDK_OF = {9: 28, 10: 29, 11: 30, 12: 31, 13: 33, 14: 34, 15: 35, 16: 36}
"""Android's API levels by its versions."""
DENSITY = 420
"""Of every simulated screen, in dots per inch."""


@dataclass(frozen=True, slots=True)
class PhoneFacts:
    """What a phone is. `size` is (width, height) in pixels."""

    serial: str
    """The address at which the simulator starts it: adb's name for it."""
    serialno: str = "SIM0"
    """Its own serial number, wherever it is reached."""
    android_id: str = "0000000000000001"
    """Drawn anew when a phone is reset."""
    model: str = "Pixel 6a"
    brand: str = "google"
    android: int = 13
    language: str = "en"
    size: tuple[int, int] = (1080, 2400)
    storage_bytes: int = 64 * 1024**3
    app_delay_factor: float = 1.0
    upload_s: float | None = None
    """Upload time of every post; None: as the app's model says."""
    secure_lock: bool = False
    clock_ahead_s: float = 0.0
    """How far the phone's own clock is ahead of this computer's."""
    traits: Traits = IDEAL
    seed: str = ""
    """Fixes what is drawn on it; its serial when left out."""


@dataclass(slots=True)
class SystemFaults:
    """What goes wrong in the system, set by tests and fault files."""

    scan_ignored: bool = False
    share_refused: bool = False
    grant_refused: bool = False
