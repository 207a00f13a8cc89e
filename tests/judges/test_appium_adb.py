"""Appium's `appium-adb` does its everyday calls on a simulated phone: each answers as a phone does."""

from __future__ import annotations

import hashlib

import adbutils
import pytest

from fleetlane.simulator.fleets.fleet import free_port
from support.judges import Refused, check, fields, has, run_judge
from support.rig import VIDEO
from support.virtual_phone import INSTAGRAM, TIKTOK

pytestmark = pytest.mark.phone
ACTIVITY = "com.ss.android.ugc.aweme.splash.SplashActivity"
KEYBOARD = "com.android.inputmethod.latin/.LatinIME"

CASES = {
    "connected devices": lambda found: [phone["state"] for phone in found] == ["device"],
    "API level": 33,
    "platform version": "13",
    "model": "Pixel 6a",
    "manufacturer": "google",
    "locale": "en-US",
    "time zone": "GMT",
    "screen size": "1080x2400",
    "screen density": 420,
    "orientation": 0,
    "is installed": True,
    "is not installed": False,
    "installed packages": has(TIKTOK, INSTAGRAM, "com.android.settings"),
    "package info": fields(name=TIKTOK, isInstalled=True, versionName="47.0.3"),
    "launchable activity": f"{TIKTOK}/{ACTIVITY}",
    "start an app": True,
    "start no app": Refused(r"Activity (class|name) .*(does not|doesn't)\s+exist"),
    "activate an app": None,
    "focused activity": {"appPackage": TIKTOK, "appActivity": ACTIVITY},
    "wait for an activity": None,
    "process exists": True,
    "process ids": lambda found: len(found) == 1,
    "process name": TIKTOK,
    "is running": True,
    "start a URI": None,
    "start no URI": Refused("unable to resolve"),
    "force stop": "",
    "is stopped": True,
    "available input methods": has(KEYBOARD),
    "enabled input methods": has(KEYBOARD),
    "default input method": KEYBOARD,
    "set the input method": None,
    "keyboard shown": {"isKeyboardShown": False, "canCloseKeyboard": False},
    "hide the keyboard": False,
    "type a text": None,
    "press a key": None,
    "is locked": False,
    "lock": True,
    "dismiss the keyguard": False,
    "put a setting": "",
    "get a setting": "it's 1",
    "animations are on": True,
    "push": None,
    "file exists": True,
    "file does not exist": False,
    "file size": VIDEO.stat().st_size,
    "list a folder": ["from-appium.mp4"],
    "list nothing": [],
    "make a folder": True,
    "pull": hashlib.sha256(VIDEO.read_bytes()).hexdigest(),
    "remove a file": False,
    "screenshot": "PNG",
    "shell that fails": Refused(r"exited with code 1[\s\S]*No such file or directory"),
    "shell with both streams": fields(stdout="out", stderr="ls: /sdcard/nothing: No such file or directory\n"),
    "a quoted command": "a  b /sddard d",
    "forward": None,
    "list forwards": lambda found: len(found) == 1 and found[0].endswith(" tcp:9008"),
    "reverse": None,
    "list reverses": lambda found: len(found) == 1,
    "remove a forward": None,
    "remove a reverse": None,
    "ping": True,
    "wait for the device": None,
    "is root": False,
    "root": "adbd cannot run as root in production builds",
    "granted permissions": has("android.permission.CAMERA"),
    "revoke a permission": False,
    "log": True,
    "wait for the boot": None,
    "clear": "Success",
}


@pytest.fixture(scope="module")
def answers(fleet, folder):
    adb = (adbutils.adb_path(), str(fleet.adb.port), fleet.serials[0])
    found = run_judge("appium-adb.mjs", *adb, TIKTOK, str(folder), str(free_port()))
    assert set(found) == set(CASES)
    return found


@pytest.mark.parametrize("call", CASES)
def test_appium_adb(answers, call):
    check(answers[call], CASES[call])
