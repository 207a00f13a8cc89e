"""Who may use a server that can be reached from elsewhere: its token, and how often one caller may ask."""

from __future__ import annotations

import os

import pytest

from fleetlane.core.errors import TooManyRequestsError
from fleetlane.http.rate_limit import RateLimit
from fleetlane.settings import Settings, SettingsError, load_settings
from support.server import ServerThread

TOKEN = "0123456789abcdef-secret"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    secret = folder / "token"
    secret.write_text(f"{TOKEN}\n", encoding="utf-8")
    secret.chmod(0o600)
    with ServerThread(folder / "store", token_file=secret) as server:
        yield server


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN])
@pytest.mark.parametrize("path", ["/api/v1/task", "/openapi.json", "/docs", "/nowhere"])
def test_without_the_token_nothing_is_told(server, path, given):
    answer = server.http.get(path, headers={} if given is None else {"Authorization": given})
    assert (answer.status_code, answer.json()["code"]) == (401, 40101)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert TOKEN not in answer.text


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_with_the_token_all_is_as_usual(server, scheme):
    answer = server.http.get("/api/v1/task", headers={"Authorization": f"{scheme} {TOKEN}"})
    assert (answer.status_code, answer.json()["code"]) == (200, 0)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_told_without_a_token(server, path):
    assert server.http.get(path).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "phones.example"])
def test_a_server_others_can_reach_does_not_start_without_a_token(host):
    with pytest.raises(SettingsError, match=r"can be reached from other computers: set token_file"):
        load_settings(host=host)
    assert load_settings(host=host, token=TOKEN).secret_token == TOKEN


def test_a_token_is_never_shown():
    assert TOKEN not in repr(Settings(token=TOKEN))


@pytest.mark.skipif(os.name != "posix", reason="file modes are for POSIX systems")
def test_a_token_file_that_others_can_read_is_refused(tmp_path):
    secret = tmp_path / "token"
    secret.write_text(TOKEN, encoding="utf-8")
    secret.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        load_settings(host="0.0.0.0", token_file=secret)


def test_a_caller_that_asks_too_often_is_told_when_to_come_back(tmp_path):
    with ServerThread(tmp_path, max_requests_per_s=5) as server:
        answers = [server.http.get("/api/v1/task") for _ in range(30)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["code"] == 42901
    assert int(refused[0].headers["Retry-After"]) >= 1


def test_the_rate_is_even_and_counts_each_caller_alone():
    now_s = 0.0
    limit = RateLimit(2, lambda: now_s)
    for _ in range(4):
        limit.check("a")
    with pytest.raises(TooManyRequestsError):
        limit.check("a")
    limit.check("b")
    now_s = 0.5
    limit.check("a")
    with pytest.raises(TooManyRequestsError):
        limit.check("a")
