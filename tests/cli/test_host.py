"""`fleetlane host` says what it lacks, and what would let others listen, before it begins anything."""

from __future__ import annotations

import os
import sys

import pytest

from fleetlane.settings import SettingsError, load_settings
from support.command import fleetlane_here

LOCAL = "postgresql://u@127.0.0.1:1/d"


@pytest.fixture
def token(tmp_path):
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text("flh_" + "abcdefghijk" * 4)
    return path


def test_all_that_is_missing_is_named_at_once(tmp_path):
    ended = fleetlane_here("host", "--data-dir", str(tmp_path))
    assert ended.returncode == 1
    for name in ("store_url", "server_url", "host_token_file"):
        assert f"{name} is not set:" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_what_the_link_needs_a_sentence_says_what_to_install(tmp_path, token, monkeypatch):
    monkeypatch.setitem(sys.modules, "fleetlane.adapters.server_link.link", None)
    given = ("--store", LOCAL, "--server", "http://127.0.0.1:1", "--token-file", str(token), "--name", "rack1")
    ended = fleetlane_here("host", "--data-dir", str(tmp_path / "data"), *given)
    assert (ended.returncode, "pip install 'fleetlane[fleet]'" in ended.stderr) == (1, True)


def test_a_database_that_is_not_there_is_told_in_a_sentence(tmp_path, token):
    given = ("--store", LOCAL, "--server", "http://127.0.0.1:1", "--token-file", str(token), "--name", "rack1")
    ended = fleetlane_here("host", "--data-dir", str(tmp_path / "data"), *given)
    assert (ended.returncode, "cannot be reached" in ended.stderr) == (1, True)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:secret@db.lan/d",
        "postgres://u:secret@10.0.0.5:5432/d?sslmode=require",
        "postgresql+psycopg://u:secret@[2001:db8::1]:5432/d?sslmode=verify-ca",
        "postgresql://u:secret@127.0.0.1,db.lan/d",
        "postgresql://u:secret@/d?host=db.lan",
    ],
)
def test_a_database_elsewhere_must_prove_who_it_is(url):
    with pytest.raises(SettingsError, match="nothing there proves who answers") as told:
        load_settings(store_url=url)
    assert "secret" not in str(told.value)
    assert load_settings(store_url=url, plain_network=True)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u@127.0.0.1:5432/d",
        "postgresql://u@localhost/d",
        "postgresql://u@[::1]/d",
        "postgresql:///d",
        "postgresql://u@/d?host=/run/postgresql",
        "postgresql://u@db.lan/d?sslmode=verify-full&sslrootcert=/ca.pem",
    ],
)
def test_one_on_this_computer_or_that_proves_it_may_be_used(url):
    assert load_settings(store_url=url).store_url is not None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://fleet.lan:50809", "goes to fleet.lan over the network in the clear"),
        ("fleet.lan", "is no address of a server"),
        ("ftp://fleet.lan", "is no address of a server"),
    ],
)
def test_a_server_elsewhere_is_reached_by_https(url, says):
    with pytest.raises(SettingsError, match=says):
        load_settings(server_url=url)


def test_a_server_on_this_computer_or_over_https_may_be_named():
    for url in ("http://127.0.0.1:50809", "http://localhost", "https://fleet.lan"):
        assert load_settings(server_url=url).server_url == url
    assert load_settings(server_url="http://fleet.lan", plain_network=True)


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")
def test_a_token_that_others_may_read_is_refused(token):
    token.chmod(0o644)
    with pytest.raises(SettingsError, match=r"host_token_file .* can be read by others"):
        load_settings(host_token_file=token)
