from __future__ import annotations

from fleetlane.simulator.ledger import Ledger, read_ledger


def test_a_caption_with_a_line_separator_is_read_back_whole(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.write({"time": 0, "caption": "First half\u2028second half\x85end"})
    assert [post["caption"] for post in read_ledger(tmp_path / "ledger.jsonl")] == [
        "First half\u2028second half\x85end"
    ]
