"""Files are opened so that nothing put in their place is followed or waited for."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from fleetlane.adapters.files import TraceFolder
from fleetlane.adapters.media import FileInspector
from fleetlane.core.opened import SwappedFileError, open_regular

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="links and pipes as POSIX systems have them")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "real" / "deep" / "a.mp4").write_bytes(b"content")
    return tmp_path.resolve()


def test_a_regular_file_is_read(folder):
    with open_regular(folder / "real/deep/a.mp4") as file:
        assert file.read() == b"content"


@pytest.mark.parametrize("link", ["real/deep/link.mp4", "real/link/a.mp4", "link/deep/a.mp4"])
def test_a_link_anywhere_on_the_way_is_not_followed(folder, link):
    place, _, rest = link.partition("link")
    (folder / place / f"link{rest if rest == '.mp4' else ''}").symlink_to(
        folder / {"real/deep/": "real/deep/a.mp4", "real/": "real/deep", "": "real"}[place]
    )
    assert (folder / link).read_bytes() == b"content"
    with pytest.raises(OSError, match=r"link|symbolic|Not a directory"):
        open_regular(folder / link)


@pytest.mark.parametrize("look", [open_regular, FileInspector().inspect])
def test_a_pipe_is_refused_without_waiting(folder, look):
    os.mkfifo(folder / "pipe.mp4")
    ended = []

    def ask():
        with pytest.raises(SwappedFileError):
            look(folder / "pipe.mp4")
        ended.append(True)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(10)
    assert ended


def test_a_folder_or_a_device_is_no_file(folder):
    for path in (folder / "real", Path("/dev/null")):
        with pytest.raises(SwappedFileError, match="is no regular file"):
            open_regular(path)


def test_folders_that_cannot_be_listed_are_passed(folder):
    (folder / "real").chmod(0o711)
    with open_regular(folder / "real/deep/a.mp4") as file:
        assert file.read() == b"content"


def test_no_descriptor_is_left_open(folder):
    before = len(list(Path("/dev/fd").iterdir()))
    for name in ("real/deep/a.mp4", "real/deep", "real/none", "none/none/none"):
        try:
            open_regular(folder / name).close()
        except OSError:
            continue
    assert len(list(Path("/dev/fd").iterdir())) == before


@pytest.mark.parametrize(
    "row", ["../a secret", "1/1/../../../a secret", "/etc/passwd", "1/1/.hidden", "1/1", "1\\1\\a", ""]
)
def test_a_trace_is_read_only_where_traces_are_kept_whatever_its_row_says(tmp_path, row):
    """The row may come from a backup that was made to read other files."""
    (tmp_path / "a secret").write_text("not for him")
    (tmp_path / "traces" / "1" / "1").mkdir(parents=True)
    (tmp_path / "traces" / "1" / "1" / ".hidden").write_text("not ours")
    traces = TraceFolder(tmp_path / "traces")
    assert traces.read(row) is None
    assert traces.read(traces.write(1, 1, "01.xml", b"<hierarchy/>")) == b"<hierarchy/>"
