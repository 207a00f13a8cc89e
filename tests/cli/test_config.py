"""`fleetlane config check`: what holds and who says so, or every mistake and how to fix it."""

from __future__ import annotations

import os

import pytest
from typer.testing import CliRunner

from fleetlane.cli.main import app
from fleetlane.scripts.packs import PACKS
from fleetlane.settings import Settings, SettingsError, load_settings


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Run the check with a settings file and variables; the answer is (exit code, lines)."""
    monkeypatch.setenv("COLUMNS", "250")

    def check(toml=None, **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        if toml is not None:
            (tmp_path / "c.toml").write_text(toml, encoding="utf-8")
            monkeypatch.setenv("FLEETLANE_CONFIG", str(tmp_path / "c.toml"))
        result = CliRunner().invoke(app, ["config", "check"])
        if isinstance(result.exception, SettingsError):
            return 1, str(result.exception).splitlines()[1:]
        assert result.exception is None, result.exc_info
        return result.exit_code, result.stdout.splitlines()

    return check


def test_every_setting_is_shown_with_who_says_so(check, tmp_path):
    code, lines = check('time_zone = "Europe/Rome"\nport = 6000\n', FLEETLANE_PORT="7000")
    assert code == 0
    assert lines[0] == f"Settings file: {tmp_path / 'c.toml'}"
    shown = {cells[1]: cells[2:4] for line in lines if len(cells := [c.strip() for c in line.split("│")]) == 5}
    assert list(shown) == list(Settings.model_fields)
    assert shown["port"] == ["7000", "FLEETLANE_PORT"]
    assert shown["time_zone"] == ['"Europe/Rome"', str(tmp_path / "c.toml")]
    assert shown["host"] == ['"127.0.0.1"', "default"]


def test_without_a_file_it_says_where_one_would_be(check):
    code, lines = check()
    assert code == 0
    assert lines[0].startswith("Settings file: none (it would be ")


def test_every_mistake_is_one_sentence_with_its_key_its_place_and_its_mending(check, tmp_path):
    file, zone, hosts = tmp_path / "c.toml", "FLEETLANE_TIME_ZONE", "FLEETLANE_ALLOWED_HOSTS"
    mend = "Correct it there, or take it out."
    code, lines = check(
        'port = "x"\nlog_leval = "info"\nretry_delay_min_s = -1\n',
        FLEETLANE_ALLOWED_HOSTS="here",
        FLEETLANE_TIME_ZONE="Mars",
        FLEETLANE_PROT="1",
    )
    assert code == 1
    assert lines == [
        f"  port: it should be a valid integer, unable to parse string as an integer; {file} says 'x'. {mend}",
        f"  time_zone: no such time zone: 'Mars'; use a name such as \"Europe/Rome\"; {zone} says 'Mars'. {mend}",
        f"  retry_delay_min_s: it should be greater than or equal to 0; {file} says -1. {mend}",
        f'  allowed_hosts: it should be a valid list in JSON, such as ["a", "b"]; {hosts} says \'here\'. {mend}',
        f"  log_leval: there is no such setting; log_level is meant, perhaps. Take it out of {file}.",
        "  FLEETLANE_PROT: there is no such setting; FLEETLANE_PORT is meant, perhaps. Take it out of the environment.",
    ]


@pytest.fixture
def _as_shipped():
    yield
    PACKS.use(None)


@pytest.mark.usefixtures("_as_shipped")
def test_packages_of_apps_are_said_in_the_file_or_as_json_and_the_last_wins_whole(check):
    code, lines = check('[app_packages]\ninstagram = ["com.instagram.androim"]\n')
    [row] = [line for line in lines if "app_packages" in line]
    assert (code, '{"instagram": ["com.instagram.androim"]}' in row) == (0, True)
    code, lines = check(FLEETLANE_APP_PACKAGES='{"tiktok": ["org.example.tok"]}')
    [row] = [line for line in lines if "app_packages" in line]
    assert (code, '{"tiktok": ["org.example.tok"]}' in row, "FLEETLANE_APP_PACKAGES" in row) == (0, True, True)
    assert load_settings().app_packages == {"tiktok": ["org.example.tok"]}


@pytest.mark.usefixtures("_as_shipped")
@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (
            'instagram = ["instagram"]',
            "app_packages.instagram.0: 'instagram' is no Android package; use a name such as",
        ),
        ('instagram = ["com.9x"]', "app_packages.instagram.0: 'com.9x' is no Android package"),
        ('instagram = "com.x"', "app_packages.instagram: it should be a valid list"),
        (
            'instagrm = ["org.example.x"]',
            "app_packages.instagrm: there is no app 'instagrm'; known: tiktok, instagram.",
        ),
        ('tiktok = ["com.instagram.android"]', "app_packages.tiktok: com.instagram.android is Instagram's already."),
        (
            'tiktok = ["org.example.x"]\ninstagram = ["org.example.x"]',
            "app_packages.instagram: org.example.x is TikTok's already. Correct it in the settings, or take it out.",
        ),
    ],
)
def test_packages_of_apps_that_cannot_be_stop_the_start_with_a_sentence(check, toml, words):
    code, [line] = check(f"[app_packages]\n{toml}\n")
    assert code == 1
    assert words in line


def test_packages_of_apps_that_are_no_json_say_how_to_write_them(check):
    _, [line] = check(FLEETLANE_APP_PACKAGES="com.instagram.androim")
    assert 'app_packages: it should be a valid dictionary in JSON, such as {"instagram": ["com' in line
    _, [line] = check(FLEETLANE_APP_PACKAGES='{"instagram": ["x"]}', FLEETLANE_HOST="127.0.0.1")
    assert line.startswith("  app_packages.instagram.0: 'x' is no Android package")


@pytest.mark.usefixtures("_as_shipped")
def test_while_a_pack_is_refused_its_packages_do_not_stop_the_start(check, tmp_path):
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "shop.yaml").write_text("app: shop\npackags: [com.shop]\n", encoding="utf-8")
    code, _ = check(f'data_dir = "{tmp_path.as_posix()}"\n[app_packages]\nshop = ["com.shop.blue"]\n')
    assert (code, len(PACKS.now.misnamed), len(PACKS.now.problems)) == (0, 1, 1)


def test_settings_that_contradict_each_other_name_both(check):
    _, [line] = check(FLEETLANE_RETRY_DELAY_MIN_S="100")
    assert "retry_delay_min_s" in line
    assert "retry_delay_max_s" in line


def test_a_file_that_is_no_toml_and_one_that_is_missing_are_named(check):
    _, [line] = check("port =\n")
    assert "c.toml cannot be read: Invalid value (at line 1" in line
    _, [line] = check(FLEETLANE_CONFIG="/no/such/file")
    assert "FLEETLANE_CONFIG names" in line


def test_the_start_says_the_same_of_an_option_of_the_command_line():
    with pytest.raises(SettingsError, match="port: it should be less than or equal to 65535; --port says 99999"):
        load_settings(port=99999)


@pytest.mark.parametrize("name", ["Mars", "Europe", "../etc/passwd", "/etc/passwd", "x" * 5000, " ", "zone.tab"])
def test_a_time_zone_that_is_none_is_one_sentence(check, name):
    code, [line] = check(FLEETLANE_TIME_ZONE=name)
    assert code == 1
    assert line.startswith(f"  time_zone: no such time zone: {name!r}; use a name such as")


def test_all_faults_are_told_at_once_those_of_single_settings_and_those_between_them(check, tmp_path):
    toml = """
        host = "0.0.0.0"
        port = "x"
        retry_delay_min_s = 100
        time_zone = "Europe"
        data_dir = "~no-such-user/x"
        material_roots = ["a\\u0000b"]
    """
    code, lines = check(toml)
    assert code == 1
    told = [line.strip().partition(":")[0].split()[0] for line in lines]
    assert told == ["data_dir", "port", "time_zone", "material_roots.0", "host", "retry_delay_min_s"]
    assert "there is no such home folder: ~no-such-user" in lines[0]


def test_a_token_file_that_cannot_be_used_is_told_before_the_start(check):
    _, [line] = check('token_file = "/nowhere/token"\n')
    assert line == "  token_file /nowhere/token cannot be read: write the token into it."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfep", "it is not UTF-8"),
        (b"\xef\xbb\xbfport = 5000\n", "it begins with a byte order mark"),
        (b"port = 1\nport = 2\n", ""),
    ],
)
def test_a_file_that_is_not_read_says_how_to_save_it(check, tmp_path, content, words):
    (tmp_path / "d.toml").write_bytes(content)
    code, [line] = check(FLEETLANE_CONFIG=str(tmp_path / "d.toml"))
    assert code == 1
    assert f"The settings file {tmp_path / 'd.toml'} cannot be read: {words}" in line


@pytest.mark.skipif(os.name != "posix", reason="variables are bytes on POSIX systems")
def test_a_variable_that_is_no_text_is_named(check):
    code, [line] = check(FLEETLANE_HOST="caf\udce9")
    assert code == 1
    assert line.startswith("  FLEETLANE_HOST: it is not UTF-8 text.")


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("late_after_min = true", "late_after_min: must not be true"),
        ("port = false", "port: must not be false"),
        ('look_ahead_at = "24:00"', "look_ahead_at: must be a time of day"),
        ('data_dir = ""', "data_dir: names no folder or file"),
        ('material_roots = ["default", " "]', "material_roots.1: names no folder or file"),
        ('token_file = ""', "token_file: names no folder or file"),
        *(
            (f'allowed_hosts = ["{name}"]', f"'{name}' is no host name")
            for name in ("http://x/", "x:80", "*", "*.x.org", "", "a b", "[::1]")
        ),
    ],
)
def test_a_value_that_cannot_be_meant_is_no_setting(check, toml, words):
    code, [line] = check(toml)
    assert code == 1
    assert words in line


def test_host_names_and_addresses_are_allowed_as_hosts(check):
    assert check('allowed_hosts = ["studio.local", "10.0.0.5", "fe80::1", "my_host"]\nauto_retry = true')[0] == 0
