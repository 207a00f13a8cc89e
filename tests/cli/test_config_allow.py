"""`fleetlane config allow`: one command lets tasks publish the files of a folder."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleetlane.cli.allow import with_root
from fleetlane.cli.main import app
from fleetlane.settings import Settings, SettingsError, load_settings


@pytest.fixture
def allow(tmp_path, monkeypatch):
    """Run the command with a settings file; the answer is (what it says, the file's text)."""
    file = tmp_path / "c.toml"
    file.touch()
    monkeypatch.setenv("FLEETLANE_CONFIG", str(file))
    monkeypatch.setenv("FLEETLANE_DATA_DIR", str(tmp_path / "data"))

    def allow(folder, toml=""):
        file.write_bytes(toml.encode())
        result = CliRunner().invoke(app, ["config", "allow", str(folder)])
        if result.exception is not None:
            assert isinstance(result.exception, SettingsError), result.exc_info
        return str(result.exception or result.stdout), file.read_bytes().decode()

    return allow


@pytest.fixture
def clips(tmp_path):
    folder = tmp_path / "my clips"
    folder.mkdir()
    return folder


def test_a_folder_is_added_beside_the_default_ones(allow, clips, tmp_path):
    before = Settings(material_roots=None)
    said, text = allow(clips, "# mine\nport = 6000\n")
    assert f"{clips} is allowed now; {tmp_path / 'c.toml'} says so." in said.replace("\n", " ")
    assert "Restart the server" in said
    assert text == f'material_roots = ["default", "{clips}"]\n# mine\nport = 6000\n'
    now = load_settings()
    assert now.folders.allow(clips / "a.mp4")
    assert set(before.roots) - {before.materials_dir.resolve()} <= set(now.roots)
    assert now.folders.mounts == before.folders.mounts


def test_it_can_be_said_again_and_changes_nothing_then(allow, clips):
    _, once = allow(clips)
    said, twice = allow(clips / ".", once)
    assert "allowed already" in said
    assert twice == once


def test_a_folder_is_added_where_only_the_library_was_allowed(allow, clips):
    said, text = allow(clips, "material_roots = []\n")
    assert "is allowed now" in said
    assert tomllib.loads(text) == {"material_roots": [str(clips)]}
    assert load_settings().folders.allow(clips / "a.mp4")
    assert not load_settings().folders.allow(clips.parent / "a.mp4")


def test_the_rest_of_the_file_stays_as_it_is_written(allow, clips):
    toml = '# a\r\nport = 1\r\nmaterial_roots = [ # here\r\n  "/x", # ]\r\n]\r\n'
    _, text = allow(clips, toml)
    assert text == toml.replace("[ # here", f'["{clips}",  # here')
    assert tomllib.loads(text)["material_roots"] == [str(clips), "/x"]


def test_what_cannot_be_allowed_is_said(allow, clips, tmp_path, monkeypatch):
    assert "is no folder on this computer" in allow(tmp_path / "none")[0]
    (tmp_path / "data").mkdir()
    said, text = allow(tmp_path / "data")
    assert "the server's own data" in said
    assert text == ""
    said, _ = allow(clips, '"material_roots" = ["/x"]\n')
    assert "by hand" in said
    monkeypatch.setenv("FLEETLANE_MATERIAL_ROOTS", '["/x"]')
    assert "said by FLEETLANE_MATERIAL_ROOTS" in allow(clips)[0]


def test_a_file_is_made_where_there_is_none(clips, tmp_path, monkeypatch):
    monkeypatch.delenv("FLEETLANE_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["config", "allow", str(clips)], catch_exceptions=False)
    assert result.exit_code == 0
    [made] = list(tmp_path.rglob("fleetlane.toml"))
    assert tomllib.loads(made.read_text("utf-8")) == {"material_roots": ["default", str(clips)]}


@pytest.mark.parametrize("name", ['a"b', "c\\d", "\u00e9\u2028", "[x]"])
def test_any_name_of_a_folder_can_be_written(name):
    folder = Path("/media") / name
    assert tomllib.loads(with_root('material_roots = ["/x"]\n', folder))["material_roots"] == [str(folder), "/x"]
    assert tomllib.loads(with_root("", folder))["material_roots"] == ["default", str(folder)]
