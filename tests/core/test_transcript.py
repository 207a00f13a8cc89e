from __future__ import annotations

import gzip
import json

import pytest

from fleetlane.core.errors import TranscriptError
from fleetlane.core.transcript import Ending, Exchange, Header, Transcript, read, write

LONG = "a long answer " * 100
HEADER = Header("0.1.0", "Made up.", "Europe/Rome", 1_795_000_000.0, {"model": "X"}, {"com.x": "1"}, {"name": "post"})
EXCHANGES = [
    Exchange(0.0, 0.5, "shell", "getprop", None, {"text": "a\u2028b\u0085c"}),
    Exchange(0.5, 0.25, "rpc", "dumpWindowHierarchy", [False, 50], {"result": LONG}),
    Exchange(1.5, 0.25, "rpc", "dumpWindowHierarchy", [False, 50], {"result": LONG}),
    Exchange(2.0, 0.0, "service", "tcp:9008", None, {"failed": "closed"}),
]
WHOLE = Transcript(HEADER, EXCHANGES, Ending([("open the app", True), ("post", False)], "screen_stuck", "unknown"))


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_what_is_written_is_read_again(tmp_path, name):
    write(tmp_path / name, WHOLE)
    assert read(tmp_path / name) == WHOLE


def test_a_long_answer_is_written_once(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, WHOLE)
    assert path.read_text(encoding="utf-8").count(LONG) == 1


def lines(tmp_path):
    write(tmp_path / "a.jsonl", WHOLE)
    return (tmp_path / "a.jsonl").read_text(encoding="utf-8").split("\n")[:-1]


def line(number, before, after):
    """A change of one line."""
    return lambda found: [
        one.replace(before, after) if at == number else one for at, one in enumerate(found, 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda found: [], "line 1"),
        (lambda found: ["no JSON", *found[1:]], "line 1 is no JSON"),
        (lambda found: ["[]", *found[1:]], "line 1 is no JSON object"),
        (lambda found: found[1:], "no `fleetlane_transcript`"),
        (line(1, '"fleetlane_transcript": 1', '"fleetlane_transcript": 9'), "version 9"),
        (lambda found: [json.dumps({"fleetlane_transcript": 1}), *found[1:]], "first or last line"),
        (line(1, '"script": {', '"script": {"media": [{"mime_type": "video/mp4", "size_bytes": 9e15}],'), "size_bytes"),
        (line(1, '"apps": {"com.x": "1"}', '"apps": 5'), "are objects"),
        (line(2, '"text": ', '"stat": [1, 2], "text": '), "line 2 is no exchange"),
        (line(2, '"text": ', '"picture": {"size": [1, 1e9]}, "text": '), "line 2 is no exchange"),
        (line(2, '"text": ', '"text": 1, "more": '), "line 2 is no exchange"),
        (lambda found: found[:-1], "ends in the middle"),
        (lambda found: [*found[:-1], '{"ending": {"steps": 7}}'], "first or last line"),
        (lambda found: [found[0], '{"t": 1}', *found[1:]], "line 2 is no exchange"),
        (line(2, '"text"', '"text" 5'), "line 2 is no JSON"),
        (line(4, '"same_as": 1', '"same_as": 9'), "line 4 is no exchange"),
        (line(4, '"same_as": 1', '"answer": 1'), "line 4 is no exchange"),
        (lambda found: [found[0], *found[1:2] * 20_001, found[-1]], "more than 20000 exchanges"),
    ],
)
def test_a_file_that_is_no_transcript_is_told_with_the_line(tmp_path, change, words):
    path = tmp_path / "b.jsonl"
    path.write_text("\n".join(change(lines(tmp_path))), encoding="utf-8")
    with pytest.raises(TranscriptError, match=words) as error:
        read(path)
    assert str(error.value).startswith(str(path))


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    write(tmp_path / "whole.jsonl.gz", WHOLE)
    content = (tmp_path / "whole.jsonl.gz").read_bytes()
    for name, found, words in [
        ("gone.jsonl", None, "No such file"),
        ("cut.jsonl.gz", content[:-20], "cannot be read"),
        ("plain.jsonl.gz", b"{}", "cannot be read"),
        ("packed.jsonl", content, "UTF-8"),
    ]:
        if found is not None:
            (tmp_path / name).write_bytes(found)
        with pytest.raises(TranscriptError, match=words):
            read(tmp_path / name)


def test_a_file_that_unpacks_to_too_much_is_not_unpacked(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b" " * (65 * 1024 * 1024), 1))
    with pytest.raises(TranscriptError, match="no recording has"):
        read(tmp_path / "a.jsonl.gz")
