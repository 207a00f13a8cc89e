"""What an upload leaves behind when the server is killed meanwhile."""

from __future__ import annotations

from support.server import ServerThread


def test_what_a_killed_upload_left_is_swept_when_the_server_starts(tmp_path):
    materials = tmp_path / "data" / "materials"
    materials.mkdir(parents=True)
    (materials / ".incoming-x1y2z3").write_bytes(bytes(1000))
    kept = materials / f"{'a' * 64}.mp4"
    kept.write_bytes(b"a video")
    with ServerThread(tmp_path / "data"):
        assert list(materials.iterdir()) == [kept]
