"""Everything that reads what comes from outside, fed with rubbish: no crash, no hang over 2 s, no memory over 300 MB.

A slice of it runs with all tests; `make fuzz` gives each reader as many inputs as FUZZ_INPUTS says.
FUZZ_SEED draws others.
"""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from PIL import Image

from fleetlane.adapters.android import answers
from fleetlane.adapters.android.asking import identity_of
from fleetlane.adapters.android.driver import AndroidDriver
from fleetlane.adapters.android.listing import listed
from fleetlane.adapters.db.sqlite.backup import BackupError, DataFolder, make_backup, verify_backup
from fleetlane.adapters.license_tokens import verify
from fleetlane.adapters.media import FileInspector
from fleetlane.adapters.video import video_check
from fleetlane.core.captions import LONGEST_TEMPLATE, CaptionFormat, draw, guess_format, split_title
from fleetlane.core.device import DeviceState, Transport
from fleetlane.core.errors import (
    BodyTooLargeError,
    DeviceError,
    InvalidParametersError,
    LicenseInvalidError,
    StoreError,
)
from fleetlane.core.media.files import MediaKind, look
from fleetlane.core.phones import Identity
from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.redaction import redacted_tree
from fleetlane.core.screens.screen import Node, parse_tree
from fleetlane.http.strict_json import parse_strict
from fleetlane.scripts.packs import load_packs
from fleetlane.scripts.post.limits import over_limits
from fleetlane.work.content.sheets.account_sheet import read_sheet
from fuzz.mutation import mutations
from support.licenses import PUBLIC, token
from support.movies import movie
from support.rig import VIDEO
from support.sheets import book
from support.stores import new_store

INPUTS = int(os.environ.get("FUZZ_INPUTS", "0"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
_SLICE = 60
_LONGEST_S = 2.0
_LARGEST_BYTES = 300 * 1024 * 1024
TREE = """<?xml version='1.0' encoding='UTF-8' standalone='yes' ?><hierarchy rotation="0"><node index="0" text=""
resource-id="" class="android.widget.FrameLayout" package="com.zhiliaoapp.musically" content-desc="" checked="false"
clickable="false" enabled="true" focused="false" selected="false" bounds="[0,0][1080,2400]"><node text="Next (1)"
resource-id="com.zhiliaoapp.musically:id/next" class="android.widget.Button" package="com.zhiliaoapp.musically"
content-desc="row 1, column 2" clickable="true" enabled="true" bounds="[40,2200][1040,2300]"/><node text="@shop · 3 min"
resource-id="" class="android.widget.TextView" package="com.instagram.android" content-desc="fleetlane (12)"
bounds="[0,9][99,99]"/></node></hierarchy>"""


@dataclass(frozen=True)
class Reader:
    """Something that reads: what it is fed with, and what it may raise."""

    seeds: Callable[[], Sequence]
    read: Callable
    refuses: tuple[type[Exception], ...] = ()
    share: float = 1.0
    """Of the inputs: slow ones get fewer."""


def _json() -> Sequence[bytes]:
    config = {"content_type": 0, "captions": "一 {a|b}\n##", "material_list": ["C:/a.mp4"]}
    task = {"serials": ["a"], "script_name": "post", "script_config": config, "min_interval": 1.5}
    return [
        json.dumps(task).encode(),
        json.dumps(task, ensure_ascii=False).encode(),
        b"[[[[1e5, -0.1]], {}]]",
        b'"\\ud83d\\ude00"',
    ]


def _image(form: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((64, 48), 90).save(out, form)
    return out.getvalue()


def _captions(text: str) -> None:
    text = text[:LONGEST_TEMPLATE]
    guess_format(text)
    [pack] = [pack for pack in load_packs() if pack.app == "tiktok"]
    for form in CaptionFormat:
        for position in (0, 7):
            over_limits(split_title(draw(text, form, position, 3)), MediaKind.VIDEO, pack)


def _recognised(text: str) -> None:
    recognise(load_packs(), View(parse_tree(text, (1080, 2400))))


def _sheets() -> Sequence[bytes]:
    rows = [["username", "platform", "device", "note"], ["a", "tiktok", "p1", "x"], ["b", None, 12, "#N/A"]]
    whole = book(rows, merged=["A2:A3"], formats=[("C3", "00000")])
    stored = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as packed, zipfile.ZipFile(stored, "w") as archive:
        for name in packed.namelist():
            archive.writestr(name, packed.read(name))  # unpacked: changes reach the XML
    csv = 'username;device\n"a";"p;1"\n@b;\n'
    return [whole, stored.getvalue(), csv.encode(), csv.encode("utf-16"), b"sep=,\nusername,enabled\na,TRUE\n"]


class _Folder:
    """Where files lie that are read by their path."""

    path: Path


@pytest.fixture(scope="module", autouse=True)
def _folder(tmp_path_factory):
    _Folder.path = tmp_path_factory.mktemp("fuzz")


def _backups() -> Sequence[bytes]:
    folder = _Folder.path
    data = DataFolder(folder / "fleetlane.db", folder / "materials", folder / "license.jwt", folder / "backups")
    data.materials.mkdir()
    new_store(data.store)
    make_backup(data, folder / "b.zip")
    return [(folder / "b.zip").read_bytes()]


def _inspected(content: bytes) -> None:
    path = _Folder.path / "media"
    path.write_bytes(content)
    FileInspector(video_check()).inspect(path)


def _verified(content: bytes) -> None:
    path = _Folder.path / "fuzzed.zip"
    path.write_bytes(content)
    verify_backup(path)


# -- a phone's shell ---------------------------------------------------------------------------------------

_ROW = "Row: 0 _id=7, _data=/sdcard/Movies/a, b.mp4, media_type=3, date_added=1700000000, date_modified=1700000000"
_FACTS = "[ro.build.version.sdk]: [34]\n[ro.product.model]: [Pixel]\n[sys.boot_completed]: [1]\nX4NEXT:0\n"
_PACKAGES = "package:com.zhiliaoapp.musically versionCode:12\npackage:com.instagram.android\n"
ANSWERS = (
    f"{_FACTS}Physical size: 1080x2400\nX4NEXT:0\n0\nX4NEXT:0\n60000\nX4NEXT:0\n",
    f"X4NEXT:0\n2048 1700000000\nX4NEXT:0\nX4NEXT:0\n{_ROW}, datetaken=NULL, duration=1500\nX4NEXT:0\n",
    f"{_ROW}\n{_ROW.replace('media_type=3', 'media_type=1')}, datetaken=5000, duration=NULL\nNo result found.\n",
    f"{_FACTS}{_PACKAGES}X4NEXT:0\n",
    "Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/block/dm-9 100 1 99 1% /data\n",
    "AC powered: false\n  level: 87\n  scale: 100\n",
    _PACKAGES,
    "    versionName=31.2.4\n  User 0:\n    android.permission.CAMERA: granted=true\n",
    "1700000000\n",
    "priority=0\ncom.zhiliaoapp.musically/.Main\n",
    "Starting: Intent { act=x }\n",
    "Error: Activity class does not exist.\n",
    "abc\n1\nGoogle\nGoogle\nPixel\npixel\nhusky\nabcdef0123456789\nthat is all\n",
    '[{"text": "a", "visibleBounds": {"left": 0, "top": 0, "right": 9, "bottom": 9}}]',
    "emulator-5554 device product:x usb:1 transport_id:3\n",
)
NODE = Node("a", "", "x", "p", "c", "p", answers.Bounds(0, 0, 9, 9), *([False] * 5))


class _Rubbish(AndroidDriver):
    """A driver whose phone answers one text to everything."""

    def __init__(self, output: str) -> None:
        super().__init__(SimpleNamespace(), "p1", lambda _check: Transport("p1", 1, DeviceState.ONLINE))
        self._output = output

    def _run(self, line, timeout_s):
        return 0, self._output

    def _u2(self):
        try:
            found = json.loads(self._output)
        except (ValueError, RecursionError):
            found = self._output
        return SimpleNamespace(
            jsonrpc=SimpleNamespace(objInfoOfAllInstances=lambda _: found, takeScreenshot=lambda *_: found or "x")
        )


def _calls(driver: AndroidDriver, source: Path) -> Iterator[Callable[[], object]]:
    package = "com.zhiliaoapp.musically"
    yield driver.facts
    yield driver.properties
    yield lambda: driver.properties([package])
    yield lambda: driver.report([package])
    yield lambda: driver.scan("/sdcard/a.mp4", MediaKind.VIDEO)
    yield lambda: driver.remove(["/sdcard/a.mp4"])
    yield lambda: driver.media("/sdcard/a.mp4", MediaKind.VIDEO)
    yield lambda: driver.media_since(5, modified_s=5, taken_s=5)
    yield driver.clock_s
    yield lambda: driver.share(package, ".Main", "content://x", "video/mp4")
    yield lambda: driver.installed([package])
    yield lambda: driver.grant(package, ["android.permission.CAMERA"])
    yield lambda: driver.start_app(package, anew=True)
    yield lambda: driver.tap_once(1, 2)
    yield lambda: driver.whole_text(NODE)
    yield lambda: driver.screenshot(320)


def _shell(output: str) -> None:
    for text in (output, f"{ANSWERS[0]}"):
        driver = _Rubbish(text)
        with suppress(DeviceError):
            driver.facts()
        driver._output = output
        for call in _calls(driver, Path("x")):
            with suppress(DeviceError):
                call()
    with suppress(DeviceError):
        assert isinstance(identity_of(output, "p1"), Identity)
    listed(output)
    answers.held_permissions(output, 0)


READERS = {
    "strict json": Reader(_json, parse_strict, (InvalidParametersError, BodyTooLargeError)),
    "mp4": Reader(lambda: [movie(), movie(moov_first=False, long=True)], lambda content: look(io.BytesIO(content))),
    "pictures": Reader(lambda: [_image("JPEG"), _image("PNG")], lambda content: look(io.BytesIO(content))),
    "media files": Reader(lambda: [movie(), _image("JPEG"), _image("PNG"), VIDEO.read_bytes()], _inspected, share=0.1),
    "captions": Reader(lambda: ["{a|b {c|d}} ## e\n### f", "#tag @name", "one\ntwo\r\nthree"], _captions, share=0.3),
    "screens by the packs": Reader(lambda: [TREE], _recognised, (ValueError,), share=0.3),
    "trees to redact": Reader(lambda: [TREE], redacted_tree, (ValueError,), share=0.3),
    "sheets": Reader(_sheets, lambda content: read_sheet(content, "tiktok"), (InvalidParametersError,), share=0.3),
    "licences": Reader(lambda: [token(10**12)], lambda text: verify(text, [PUBLIC]), (LicenseInvalidError,), share=0.3),
    "backups": Reader(_backups, _verified, (BackupError, StoreError), share=0.02),
    "a phone's shell": Reader(
        lambda: [
            *ANSWERS,
            '[{"text": "a", "visibleBounds": {"left": 0, "top": 0}}]',
            "emulator-5554 device product:x usb:1 transport_id:3\n",
        ],
        _shell,
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_rubbish_is_refused_or_read_and_nothing_else(name):
    reader = READERS[name]
    count = max(3, round((INPUTS or _SLICE) * reader.share))
    process = psutil.Process()
    before_bytes = process.memory_info().rss
    for number, make in enumerate(mutations(reader.seeds(), count, SEED)):
        content = make()
        began_s = time.thread_time()
        try:
            reader.read(content)
        except reader.refuses:
            pass
        except Exception as error:
            raise AssertionError(f"input {number} of seed {SEED}: {content[:500]!r}") from error
        assert time.thread_time() - began_s < _LONGEST_S, f"input {number} of seed {SEED}: {content[:500]!r}"
        if number % 20 == 0:
            grown_bytes = process.memory_info().rss - before_bytes
            assert grown_bytes < _LARGEST_BYTES, f"input {number} of seed {SEED}: {content[:500]!r}"
