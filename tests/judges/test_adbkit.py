"""STF's `@devicefarmer/adbkit` does its everyday calls on a simulated phone: each answers as a phone does."""

from __future__ import annotations

import hashlib

import pytest

from fleetlane.simulator.fleets.fleet import free_port
from support.judges import Refused, check, fields, has, run_judge
from support.rig import VIDEO
from support.virtual_phone import INSTAGRAM, TIKTOK

pytestmark = pytest.mark.phone
VIDEO_SHA256 = hashlib.sha256(VIDEO.read_bytes()).hexdigest()

CASES = {
    "version": 41,
    "list devices": lambda found: [phone["type"] for phone in found] == ["device"],
    "track devices": "device",
    "get state": "device",
    "get serial number": "unknown",  # adbkit asks for the path here, which no phone on the network has
    "get device path": "unknown",
    "get properties": fields(**{"ro.product.model": "Pixel 6a", "sys.boot_completed": "1", "ro.build.type": "user"}),
    "get features": fields(**{"android.hardware.camera": True, "reqGlEsVersion": "0x30002"}),
    "get packages": has(TIKTOK, INSTAGRAM, "com.android.settings"),
    "get own packages": sorted([TIKTOK, INSTAGRAM]),
    "is installed": True,
    "is not installed": False,
    "shell": "one two\n",
    "shell of words": "it's a;b\n",
    "shell with a pipe": "1\n",
    "push": True,
    "push a stream": True,
    "stat": VIDEO.stat().st_size,
    "stat of nothing": Refused("ENOENT"),
    "pull": VIDEO_SHA256,
    "list a folder": ["from-adbkit.mp4"],
    "start an activity": True,
    "start no activity": Refused(r"Activity class .* does not exist"),
    "screencap": ["PNG", 1080, 2400],
    "framebuffer": True,
    "forward": True,
    "list forwards": ["tcp:9008"],
    "reverse": True,
    "list reverses": ["tcp:21992"],
    "root": Refused("adbd cannot run as root in production builds"),
    "follow the log": "--------- beginning of main",
    "clear": True,
    "uninstall": True,
    "wait for the boot": True,
    "reboot": True,
    "is gone": True,
    "wait for the device": True,
    "wait for the next boot": True,
    "is booted": "1\n",
}


@pytest.fixture(scope="module")
def answers(fleet, folder):
    found = run_judge("adbkit.mjs", str(fleet.adb.port), fleet.serials[0], TIKTOK, str(folder), str(free_port()))
    assert set(found) == set(CASES)
    return found


@pytest.mark.parametrize("call", CASES)
def test_adbkit(answers, call):
    check(answers[call], CASES[call])
