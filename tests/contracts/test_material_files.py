"""What `core.ports.library.MaterialFiles` says, held by whatever keeps them."""

from __future__ import annotations

import io
from contextlib import ExitStack
from hashlib import sha256

import pytest
from PIL import Image

from contracts.blobs import MATERIAL_FILES
from fleetlane.core.media.files import MediaKind
from fleetlane.core.ports.library import MaterialFiles
from support.rig import VIDEO

CONTENT = VIDEO.read_bytes()


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 640), "green").save(out, "PNG")
    return out.getvalue()


PNG = picture()


@pytest.fixture(params=MATERIAL_FILES.values(), ids=MATERIAL_FILES)
def make(request, tmp_path):
    folder = tmp_path / "library"
    folder.mkdir()
    with ExitStack() as made:
        yield lambda: made.enter_context(request.param(folder))


@pytest.fixture
def files(make) -> MaterialFiles:
    return make()


def received(files, content=CONTENT):
    return files.receive(io.BytesIO(content))


class Torn(io.BytesIO):
    """A stream that ends with an error after its content."""

    def read(self, size=-1):
        return super().read(size) or self._fail()

    def _fail(self):
        raise ConnectionResetError("the caller went away")


def test_what_is_received_is_looked_at_and_not_in_the_library_yet(files):
    one = received(files)
    assert (one.seen.kind, one.seen.mime_type, one.seen.problem) == (MediaKind.VIDEO, "video/mp4", None)
    assert (one.seen.size_bytes, one.seen.sha256) == (len(CONTENT), sha256(CONTENT).hexdigest())
    assert one.temporary.read_bytes() == CONTENT


def test_the_rest_of_a_stream_is_received(files):
    stream = io.BytesIO(b"before" + CONTENT)
    stream.seek(6)
    assert files.receive(stream).seen.sha256 == sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("content", [b"", b"a text", CONTENT[:1000]])
def test_what_cannot_be_published_has_a_problem_and_can_be_dropped(files, content):
    one = received(files, content)
    assert one.seen.problem
    files.drop(one)
    files.drop(one)
    assert not one.temporary.exists()
    assert files.sweep() == 0


def test_a_file_that_is_kept_is_found_under_the_name_of_its_content_also_after_a_restart(files, make):
    one = received(files)
    name = files.keep(one)
    assert name.endswith(".mp4")
    for each in (files, make()):
        assert each.path(name).read_bytes() == CONTENT
    assert not one.temporary.exists()


def test_equal_files_are_one_and_others_are_others(files):
    names = [files.keep(received(files)) for _ in range(2)]
    assert names[0] == names[1]
    other = files.keep(received(files, PNG))
    assert other != names[0]
    assert other.endswith(".png")
    assert (files.path(other).read_bytes(), files.path(names[0]).read_bytes()) == (PNG, CONTENT)


def test_a_file_is_forgotten_and_can_come_again(files):
    name = files.keep(received(files))
    other = files.keep(received(files, PNG))
    files.forget(name)
    files.forget(name)
    assert not files.path(name).exists()
    assert files.path(other).exists()
    assert files.keep(received(files)) == name
    assert files.path(name).read_bytes() == CONTENT


def test_a_stream_that_breaks_off_leaves_nothing_behind(files):
    with pytest.raises(ConnectionResetError):
        files.receive(Torn(CONTENT))
    assert files.sweep() == 0


def test_what_a_server_left_behind_that_ended_is_swept_and_nothing_else(files, make):
    kept = files.keep(received(files))
    left = received(files, PNG)
    after = make()
    assert (after.sweep(), after.sweep()) == (1, 0)
    assert not left.temporary.exists()
    assert after.path(kept).read_bytes() == CONTENT
