"""Who may use a server that can be reached from elsewhere: its token, and how often one caller may ask."""

from __future__ import annotations

import os
import secrets

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
        server.http.get(
            "/api/v1/task", headers={"Authorization": f"Bearer {TOKEN}"}
        )  # else guesses are soon not looked at
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


def test_without_the_token_health_is_only_whether_all_is_well(server):
    assert set(server.http.get("/healthz").json()) == {"status"}
    with_token = server.http.get("/healthz", headers={"Authorization": f"Bearer {TOKEN}"}).json()
    assert set(with_token) == {"status", "problems", "devices", "packs"}


@pytest.mark.parametrize("path", ["/api/v1/task", "/healthz", "/login"])
def test_a_thousand_guesses_a_second_are_not_looked_at(tmp_path, path):
    def guess(http, token):
        if path == "/login":
            return http.post(path, data={"token": token}, headers={"HX-Request": "true"})
        return http.get(path, headers={"Authorization": f"Bearer {token}"})

    with ServerThread(tmp_path, token=TOKEN) as server:
        answers = [guess(server.http, f"wrong {number}") for number in range(200)]
    if path == "/api/v1/task":
        statuses = [answer.status_code for answer in answers]
        assert (statuses[:5], set(statuses)) == ([401] * 5, {401, 429})
        assert statuses.count(401) < 15
        assert int(next(answer for answer in answers if answer.status_code == 429).headers["Retry-After"]) >= 1
    elif path == "/healthz":
        assert {tuple(answer.json()) for answer in answers} == {("status",)}
    else:
        assert "Too many wrong tokens" in answers[5].text + answers[-1].text + answers[100].text
        assert not [answer for answer in answers if "set-cookie" in answer.headers]


def test_who_names_another_address_with_each_guess_waits_as_well(tmp_path):
    with ServerThread(tmp_path, token=TOKEN) as server:
        statuses = [
            server.http.get(
                "/api/v1/task", headers={"Authorization": "Bearer wrong", "X-Forwarded-For": f"198.51.100.{number}"}
            ).status_code
            for number in range(20)
        ]
    assert (statuses[:5], set(statuses)) == ([401] * 5, {401, 429})


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


WEAK = [
    "",
    " " * 30,
    "short-but-mixed-19c",
    "a" * 40,
    "abc" * 12,
    "secret-1secret-1secret-1",
    "with a blank in it 123",
    "ünïcödé-0123456789abcdef",
]


@pytest.mark.parametrize("weak", WEAK)
def test_a_token_that_can_be_guessed_is_refused_and_not_shown(tmp_path, weak):
    secret = tmp_path / "token"
    secret.write_text(weak, encoding="utf-8")
    secret.chmod(0o600)
    for settings in ({"token": weak}, {"token_file": secret}):
        with pytest.raises(SettingsError, match=r"make one with: python -c") as refused:
            load_settings(**settings)
        assert not weak.strip() or weak not in str(refused.value)
    assert load_settings(token=secrets.token_urlsafe()).secret_token


@pytest.mark.skipif(os.name != "posix", reason="file modes are for POSIX systems")
def test_a_settings_file_with_the_token_that_others_can_read_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "fleetlane.toml"
    file.write_text(f'token = "{TOKEN}"\n', encoding="utf-8")
    monkeypatch.setenv("FLEETLANE_CONFIG", str(file))
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="holds the token and can be read by others: chmod 600") as refused:
        load_settings()
    assert TOKEN not in str(refused.value)
    file.chmod(0o600)
    assert load_settings().secret_token == TOKEN
    file.write_text("port = 6000\n", encoding="utf-8")
    file.chmod(0o644)
    assert load_settings().port == 6000, "nothing secret is in it"


def test_who_wants_a_token_from_everybody_gets_no_server_without_one(monkeypatch):
    monkeypatch.setenv("FLEETLANE_AUTH", "always")
    with pytest.raises(SettingsError, match="auth = always asks everybody for a token, and there is none"):
        load_settings()
    assert load_settings(token=TOKEN).secret_token == TOKEN


def test_programs_of_this_computer_need_no_token_unless_one_is_set(tmp_path):
    assert load_settings().auth == "network"
    with ServerThread(tmp_path) as server:
        assert server.call("GET", "/task")["code"] == 0


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


def test_wrong_tokens_are_told_to_whoever_follows_events(tmp_path):
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    with ServerThread(tmp_path, token=TOKEN) as server:
        place = server.http.get("/api/v1/events?for_s=0", headers=bearer).text.partition("id: ")[2].split()[0]
        for _ in range(3):
            server.http.get("/api/v1/task", headers={"Authorization": "Bearer a secret guess"})
        text = server.http.get("/api/v1/events", params={"for_s": 0, "after": place}, headers=bearer).text
    assert text.count("event: security") == 2, "the first, and each time their number has doubled"
    assert '"what": "wrong_token", "address": "127.0.0.1", "times": 2' in text
    assert "guess" not in text
