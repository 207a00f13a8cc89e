"""The page of hosts, and what the other pages say of them, without a browser."""

from __future__ import annotations

import re

import pytest

from support.hosts import join
from support.postgres import bare_database
from support.server import ServerThread

OURS = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with (
        bare_database() as url,
        ServerThread(tmp_path_factory.mktemp("data"), store_url=url, host_name="main") as server,
    ):
        join(server, "rack2", "there")
        join(server, "rack3", "gone", lives=False)
        yield server


def row(server, name):
    page = server.http.get("/hosts").text
    return re.search(rf'<tr data-host="{name}".*?</tr>', page, re.DOTALL)[0]


@pytest.mark.postgres
def test_the_page_shows_every_host_and_what_can_be_done(server):
    assert all(text in row(server, "main") for text in ("this server", "working", 'id="drain-main"'))
    assert all(text in row(server, "rack2") for text in ("host with phones only", "1 of 1 ready", "9.8.7"))
    assert "Forget" not in row(server, "rack2")
    gone = row(server, "rack3")
    assert all(text in gone for text in ("does not answer", "0 of 1 ready", 'id="forget-rack3"', "hx-confirm"))
    assert 'aria-describedby="host-rack3"' in gone
    page = server.http.get("/hosts").text
    assert "<code>fleetlane hosts add rack2</code>" in page
    assert f"fleetlane host --name rack2 --server http://127.0.0.1:{server.settings.port} --token-file FILE" in page


@pytest.mark.postgres
def test_a_host_is_drained_takes_tasks_again_and_is_forgotten(server):
    answer = server.http.post("/hosts/rack2/drain", data={"drains": "true"}, headers=OURS)
    assert "takes no new tasks. What runs there goes on" in answer.text
    assert answer.headers["HX-Trigger"] == "changed"
    assert "Take tasks again" in row(server, "rack2")
    assert "takes tasks again" in server.http.post("/hosts/rack2/drain", data={"drains": "false"}, headers=OURS).text
    assert 'id="drain-rack2"' in row(server, "rack2")
    refused = server.http.post("/hosts/rack2/forget", headers=OURS).text
    assert 'role="alert"' in refused
    assert "still works" in refused
    join(server, "rack4", lives=False)
    assert "The host is forgotten." in server.http.post("/hosts/rack4/forget", headers=OURS).text
    assert 'data-host="rack4"' not in server.http.get("/hosts").text


@pytest.mark.postgres
def test_the_menu_and_the_phones_say_where_phones_are(server):
    phones = server.http.get("/phones").text
    assert '<a href="/hosts"' in phones
    assert "At host rack2" in phones
    assert "its host does not answer" in phones
    assert '<a href="/hosts">rack3</a>' in server.http.get("/phones/gone").text
    italian = server.http.get("/phones/gone", headers={"Accept-Language": "it"}).text
    assert "il telefono gone è sull&#39;host rack3, che non risponde" in italian


def test_a_server_alone_has_no_hosts_in_its_menu_and_says_why(tmp_path):
    with ServerThread(tmp_path) as server:
        server.store.submit(lambda r: r.devices.seen("a", 1000, None)).result(10)
        for path in ("/phones", "/phones/a"):
            page = server.http.get(path).text
            assert "/hosts" not in page
            assert "Host" not in page
        page = server.http.get("/hosts").text
        assert "This server works alone" in page
        assert "<table" not in page
