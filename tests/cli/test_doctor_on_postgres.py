"""`fleetlane doctor` where the store is, or is to be, a database."""

from __future__ import annotations

import pytest

from fleetlane.adapters.db.postgres.place import Database
from fleetlane.cli.findings import Verdict
from fleetlane.cli.shared_store import _encryption, examine_shared_store
from fleetlane.settings import Settings
from support.postgres import Cluster, bare_database


def findings(folder, url, **settings):
    found = examine_shared_store(Settings(data_dir=folder, store_url=url, **settings))
    return {one.what: (one.verdict, one.sentence) for one in found}


@pytest.mark.postgres
def test_the_database_answers_and_the_host_has_its_name(tmp_path):
    with bare_database() as url:
        found = findings(tmp_path, url, host_name="rack2")
        assert found["Host"] == (Verdict.OK, "this computer is called rack2 there; setting host_name")
        verdict, sentence = found["Database"]
        assert (verdict, sentence.startswith("PostgreSQL "), "keeps its promises" in sentence) == (
            Verdict.OK,
            True,
            True,
        )
        assert found["Who may listen"] == (Verdict.OK, "nobody: the database is on this computer")
        assert found["Store"][0] is Verdict.NOTE
        Database(url).migrate()
        assert "Store" not in findings(tmp_path, url)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://u:secret@127.0.0.1:1/d", "cannot be reached"),
        ("postgresql://u:secret@127.0.0.1", "postgresql://user@host/database"),
    ],
)
def test_what_is_wrong_is_a_sentence_without_the_password(tmp_path, url, sentence):
    verdict, said = findings(tmp_path, url)["Database"]
    assert (verdict, sentence in said, "secret" in said) == (Verdict.WRONG, True, False)


@pytest.mark.postgres
def test_a_promise_that_is_not_kept_is_wrong(tmp_path_factory):
    folder = tmp_path_factory.mktemp("postgres")
    for parent in (folder, *folder.parents[:3]):  # PostgreSQL's user must get there
        parent.chmod(parent.stat().st_mode | 0o055)
    cluster = Cluster(folder, fsync="off")
    cluster.start()
    try:
        verdict, said = findings(tmp_path_factory.mktemp("data"), cluster.url)["Database"]
    finally:
        cluster.remove()
    assert (verdict, "fsync = off" in said) == (Verdict.WRONG, True)


@pytest.mark.parametrize(
    ("host", "encrypted", "verified", "verdict", "sentence"),
    [
        ("/run/postgresql", False, False, Verdict.OK, "on this computer"),
        ("::1", False, False, Verdict.OK, "on this computer"),
        ("db.lan", False, False, Verdict.WRONG, "unencrypted"),
        ("db.lan", True, False, Verdict.NOTE, "sslmode=verify-full"),
        ("db.lan", True, True, Verdict.OK, "is checked"),
    ],
)
def test_who_may_listen_on_the_way_to_the_database(host, encrypted, verified, verdict, sentence):
    found = _encryption(host, encrypted=encrypted, verified=verified)
    assert (found.verdict, sentence in found.sentence) == (verdict, True)
