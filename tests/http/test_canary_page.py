"""The page of a phone that waits for the first post with a new version says so, and lets it go."""

from __future__ import annotations

from support.server import ServerThread

OURS = {"HX-Request": "true"}
FACTS = {"apps": {"com.zhiliaoapp.musically": "99.1"}}


def test_a_phone_that_waits_says_so_and_is_let_go(tmp_path):
    with ServerThread(tmp_path, canary=True) as server:
        for serial in ("a", "b"):
            server.store.submit(lambda r, s=serial: r.devices.seen(s, 1000, FACTS)).result(10)
        tasks = server.create(["a", "b"])
        canary = server.services.canary
        asked = [
            server.store.submit(lambda r, t=task, s=serial: canary.withholds(r, t, s)).result(10)
            for task, serial in zip(tasks, "ab", strict=True)
        ]
        assert asked == [False, True]
        page = server.http.get("/phones/b").text
        assert "device a to publish first with TikTok 99.1" in page
        assert 'id="canary"' not in server.http.get("/phones/a").text
        assert "first post" in server.http.post("/phones/b/let-go", headers=OURS).text
        assert 'id="canary"' not in server.http.get("/phones/b").text
        assert server.store.submit(lambda r: canary.withholds(r, tasks[1], "b")).result(10) is False
