"""`fleetlane license`: from a new key to an installed licence, and every refusal a sentence."""

from __future__ import annotations

import stat
import sys

import pytest
from typer.testing import CliRunner

from fleetlane.cli.main import app
from fleetlane.core.errors import FleetlaneError


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a licence command in a folder of its own; the answer is (exit code, what it printed or why it ended)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEETLANE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*args):
        result = CliRunner().invoke(app, ["license", *args])
        if isinstance(result.exception, FleetlaneError):
            return 1, str(result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result.exit_code, result.stdout

    return run


@pytest.fixture
def keyed(run, tmp_path, monkeypatch):
    """The same, with a key that the settings name."""
    assert run("keygen")[0] == 0
    public = (tmp_path / "fleetlane-license.pub").read_text(encoding="ascii").strip()
    monkeypatch.setenv("FLEETLANE_LICENSE_PUBLIC_KEYS", f'["{public}"]')
    return run


def test_keygen_writes_a_private_key_nobody_else_can_read_and_never_overwrites_one(run, tmp_path):
    code, out = run("keygen")
    public = (tmp_path / "fleetlane-license.pub").read_text(encoding="ascii").strip()
    assert (code, out) == (0, f'license_public_keys = ["{public}"]\n')
    private = tmp_path / "fleetlane-license.key"
    if sys.platform != "win32":
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
    before = private.read_bytes()
    code, why = run("keygen")
    assert code == 1
    assert "not overwritten" in why
    assert private.read_bytes() == before


def test_a_licence_is_issued_shown_and_installed(keyed, tmp_path):
    assert keyed("show") == (0, "No licence is installed: everything is allowed.\n")
    wanted = ("--holder", "Shop", "--plan", "team", "--device-limit", "20", "--expires", "2999-01-31")
    assert keyed("issue", *wanted, "--out", "l.jwt")[0] == 0
    code, out = keyed("show", "l.jwt")
    assert code == 0
    for text in ("Shop", "Team", "20", "2999-01-31 23:59 UTC", "API access enabled"):
        assert text in out
    code, out = keyed("install", "l.jwt")
    assert code == 0
    assert "Team" in out
    installed = tmp_path / "data" / "license.jwt"
    assert installed.read_text(encoding="ascii") == (tmp_path / "l.jwt").read_text(encoding="ascii")
    assert keyed("show")[0] == 0


def test_a_licence_goes_to_the_output_when_no_file_is_named(keyed, tmp_path):
    code, out = keyed("issue", "--holder", "Shop", "--plan", "Pro")
    assert code == 0
    (tmp_path / "l.jwt").write_text(out, encoding="ascii")
    code, out = keyed("show", "l.jwt")
    assert code == 0
    for text in ("no limit", "never"):
        assert text in out


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("issue", "--holder", "S", "--plan", "Pro", "--expires", "2020-01-01"), "over already"),
        (("issue", "--holder", "S", "--plan", "Pro", "--expires", "soon"), "2027-01-31"),
        (("issue", "--holder", " ", "--plan", "Pro"), "--holder must be a name"),
        (("issue", "--holder", "S", "--plan", "Pro", "--key", "none.key"), "none.key cannot be read"),
        (("issue", "--holder", "S", "--plan", "Pro", "--key", "fleetlane-license.pub"), "no private key"),
        (("issue", "--holder", "S", "--plan", "Pro", "--out", "fleetlane-license.key"), "not overwritten"),
        (("install", "fleetlane-license.pub"), "The licence is damaged"),
        (("install", "none.jwt"), "none.jwt cannot be read"),
        (("show", "fleetlane-license.pub"), "The licence is damaged"),
    ],
)
def test_a_refusal_is_a_sentence(keyed, args, sentence):
    code, why = keyed(*args)
    assert code == 1
    assert sentence in why


def test_a_licence_of_another_signer_is_not_installed(keyed, tmp_path):
    (tmp_path / "other").mkdir()
    assert keyed("keygen", "--folder", "other")[0] == 0
    key = "other/fleetlane-license.key"
    assert keyed("issue", "--holder", "S", "--plan", "Pro", "--key", key, "--out", "l.jwt")[0] == 0
    code, why = keyed("install", "l.jwt")
    assert code == 1
    assert "license_public_keys does not name" in why
    assert not (tmp_path / "data" / "license.jwt").exists()


def test_a_server_that_names_no_key_says_which_setting_is_missing(run, tmp_path):
    assert run("keygen")[0] == 0
    assert run("issue", "--holder", "S", "--plan", "Pro", "--out", "l.jwt")[0] == 0
    code, why = run("install", "l.jwt")
    assert code == 1
    assert "license_public_keys" in why


def test_a_public_key_that_is_none_stops_the_start(run, monkeypatch):
    monkeypatch.setenv("FLEETLANE_LICENSE_PUBLIC_KEYS", '["abc"]')
    code, why = run("show")
    assert code == 1
    assert "license_public_keys" in why
    assert "keygen" in why
