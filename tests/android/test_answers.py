"""What phones answer, read."""

from __future__ import annotations

import pytest

from fleetlane.adapters.android import answers
from fleetlane.core.errors import ShellFailedError
from fleetlane.core.media.files import MediaKind


@pytest.mark.parametrize(
    "output",
    [
        "Error while accessing provider:media\njava.lang.IllegalArgumentException: Invalid column x",
        "Could not find provider: media",
        "[ERROR] Unsupported argument: --limit",
    ],
)
def test_a_provider_that_fails_is_no_empty_answer(output):
    with pytest.raises(ShellFailedError):
        answers.no_provider_error(output, "s")


def test_a_file_whose_name_says_so_is_no_failure():
    answers.no_provider_error("Row: 0 _id=1, _data=/a/Error while accessing provider.mp4", "s")


def test_rows_are_read_whole_whatever_their_names_hold_and_only_media_counts():
    output = (
        "Row: 0 _id=7, _data=/storage/emulated/0/a, b.mp4, media_type=3, date_added=5, date_modified=6, "
        "datetaken=7999, duration=1000\n"
        "Row: 1 _id=8, _data=/storage/emulated/0/c.jpg, media_type=1, date_added=5, date_modified=6, datetaken=NULL, "
        "duration=NULL\n"
        "Row: 2 _id=9, _data=/storage/emulated/0/d.mp3, media_type=2, date_added=5, date_modified=6, datetaken=NULL, "
        "duration=9\n"
    )
    [(kind, video), (_, image)] = answers.media_rows(output)
    assert (kind, video.path, video.duration_ms, video.dates_s) == (
        MediaKind.VIDEO,
        "/storage/emulated/0/a, b.mp4",
        1000,
        (5, 6, 7),
    )
    assert (image.uri, image.dates_s) == ("content://media/external/images/media/8", (5, 6, 6))


def test_permissions_are_those_of_the_user_in_front():
    output = (
        "    User 0: ceDataInode=1 installed=true\n      runtime permissions:\n"
        "        android.permission.CAMERA: granted=false, flags=[ ]\n"
        "    User 150: ceDataInode=1 installed=true\n      runtime permissions:\n"
        "        android.permission.CAMERA: granted=true, flags=[ ]\n"
    )
    assert [answers.held_permissions(output, user) for user in (0, 150)] == [set(), {"android.permission.CAMERA"}]


def test_several_commands_in_one_line_are_told_apart():
    line = answers.one_line([("ls", "a; b"), ("true",)])
    assert line == "ls 'a; b'; echo X4NEXT:$?; true; echo X4NEXT:$?"
    first, second = answers.each_answer("no end of lineX4NEXT:1\nX4NEXT:0\n")
    assert (first.exit_code, first.output, second.exit_code, second.output) == (1, "no end of line", 0, "")
