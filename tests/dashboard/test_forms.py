"""What the form of a new task makes of what was written into it."""

from __future__ import annotations

from fastapi.datastructures import FormData

from fleetlane.dashboard import new_task as create
from fleetlane.dashboard import schema_form

SCHEMA = {"properties": {"captions": {"type": "string", "maxLength": 10**6}, "files": {"type": "array"}}}


def test_lines_of_a_form_end_as_browsers_end_them_and_with_nothing_else():
    form = FormData({"config.captions": "one\u2028still one\r\ntwo", "config.files": "C:/a\u2028b.mp4\r\n\r\nC:/c.mp4"})
    assert schema_form.settings(SCHEMA, form) == {
        "captions": "one\u2028still one\ntwo",
        "files": ["C:/a\u2028b.mp4", "C:/c.mp4"],
    }


def test_serials_are_written_one_a_line():
    form = FormData([("serials", "ticked"), ("more_serials", " serial-1 \r\nserial\x0b2\r\n")])
    assert create._all(form, "serials") == ["ticked", "serial-1", "serial\x0b2"]
