"""`fleetlane store` and `backup` where the store is, or is to be, a database."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from fleetlane.cli.main import app
from fleetlane.core.errors import StoreError
from support.postgres import bare_database
from support.stores import new_store

pytestmark = pytest.mark.postgres


@pytest.fixture
def url():
    with bare_database() as url:
        yield url


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.delenv("FLEETLANE_STORE_URL", raising=False)
    new_store(tmp_path / "fleetlane.db")
    return tmp_path


def fleetlane(data, *arguments):
    done = CliRunner().invoke(app, [*map(str, arguments), "--data-dir", str(data)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_store_is_moved_there_looked_at_and_moved_back(data, url, monkeypatch):
    said = fleetlane(data, "store", "move", "--to", url)
    assert "every row arrived as it was" in said
    assert "Set store_url to it, then start the server." in said
    with pytest.raises(StoreError, match="Set store_url to go on there"):
        fleetlane(data, "store", "init")
    monkeypatch.setenv("FLEETLANE_STORE_URL", url)
    assert "All is well." in fleetlane(data, "store", "check")
    with pytest.raises(StoreError, match="there already"):
        fleetlane(data, "store", "move", "--to", url)
    assert "Remove store_url from the settings" in fleetlane(data, "store", "move", "--to", "file")
    monkeypatch.delenv("FLEETLANE_STORE_URL")
    assert "All is well." in fleetlane(data, "store", "check")


def test_a_new_store_is_made_and_a_backup_says_what_to_use_instead(tmp_path, url, monkeypatch):
    monkeypatch.setenv("FLEETLANE_STORE_URL", url)
    for _ in range(2):
        assert "The store is ready: postgresql://" in fleetlane(tmp_path, "store", "init")
    for arguments in (["backup", tmp_path / "b.zip"], ["restore", tmp_path / "b.zip"]):
        with pytest.raises(StoreError, match="pg_dump -Fc"):
            fleetlane(tmp_path, *arguments)


@pytest.mark.parametrize("written", ["oops", "mysql://u:secret@h/d"])
def test_a_wrong_address_is_told_without_its_password(tmp_path, monkeypatch, written):
    monkeypatch.setenv("FLEETLANE_STORE_URL", written)
    with pytest.raises(StoreError, match="write postgresql://user@host/database") as refused:
        fleetlane(tmp_path, "store", "init")
    assert "secret" not in str(refused.value)
