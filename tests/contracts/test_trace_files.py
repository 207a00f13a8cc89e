"""What `core.ports.report.TraceFiles` says, held by whatever keeps them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.blobs import TRACE_FILES
from fleetlane.core.ports.report import TraceFiles

NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,30}[A-Za-z0-9])?", fullmatch=True)


@pytest.fixture(params=TRACE_FILES.values(), ids=TRACE_FILES)
def make(request, tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    with ExitStack() as made:
        yield lambda: made.enter_context(request.param(folder))


@pytest.fixture
def files(make) -> TraceFiles:
    return make()


def test_a_file_comes_back_as_it_was_by_the_path_that_its_writing_gave(files):
    paths = {
        files.write(7, 1, "01.jpg", b"\xff\xd8"),
        files.write(7, 2, "01.jpg", b"other"),
        files.write(8, 1, "a", b""),
    }
    assert len(paths) == 3
    assert sorted(files.read(path) for path in paths) == [b"", b"other", b"\xff\xd8"]
    assert all("\\" not in path and not path.startswith("/") for path in paths)


@pytest.fixture(scope="module", params=TRACE_FILES.values(), ids=TRACE_FILES)
def shared(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp("shared")) as files:
        yield files


@given(task=st.integers(1, 2**62), attempt=st.integers(1, 10**6), name=NAMES, content=st.binary(max_size=200))
def test_whatever_a_file_is_called_and_holds_it_comes_back(shared, task, attempt, name, content):
    assert shared.read(shared.write(task, attempt, name, content)) == content
    shared.forget(task)


def test_a_file_takes_the_place_of_one_of_its_name(files):
    path = files.write(7, 1, "01.jpg", b"a long one")
    assert files.write(7, 1, "01.jpg", b"short") == path
    assert (files.read(path), files.sizes()) == (b"short", {7: 5})


def test_files_outlive_what_wrote_them(files, make):
    path = files.write(7, 1, "01.jpg", b"kept")
    assert make().read(path) == b"kept"


def test_what_a_task_has_is_counted_and_forgotten_with_it(files):
    assert files.sizes() == {}
    paths = [files.write(task, attempt, name, b"12345") for task in (7, 77) for attempt in (1, 2) for name in "ab"]
    assert files.sizes() == {7: 20, 77: 20}
    files.forget(7)
    files.forget(7)
    files.forget(4711)
    assert files.sizes() == {77: 20}
    assert [files.read(path) for path in paths] == [None] * 4 + [b"12345"] * 4
    assert files.read(files.write(7, 1, "a", b"anew")) == b"anew"


FOREIGN = (
    *("7/1/none.jpg", "8/1/01.jpg", "7/1", "7", "", "/", "..", "x/1/01.jpg", "7/1/.hidden", "/etc/passwd"),
    *("7/1/../1/01.jpg", "../kept/7/1/01.jpg", "./7/1/01.jpg", "7//1/01.jpg", "7/1/01.jpg/", "7\\1\\01.jpg"),
    "7/1/01.jpg\0",
)


@pytest.mark.parametrize("path", FOREIGN)
def test_what_no_writing_gave_is_not_read(files, tmp_path, path):
    (tmp_path / "01.jpg").write_bytes(b"somebody's own")
    files.write(7, 1, "01.jpg", b"kept")
    assert files.read(path) is None


def test_many_threads_write_for_one_task(files):
    with ThreadPoolExecutor(8) as pool:
        paths = [*pool.map(lambda number: files.write(7, 1, f"{number}.xml", b"%d" % number), range(100))]
    assert [files.read(path) for path in paths] == [b"%d" % number for number in range(100)]
