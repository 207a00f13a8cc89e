"""Other users of the computer: what they can read of a server's data."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from fleetlane.adapters.db.sqlite.migrate import migrate
from fleetlane.data_directory import only_server
from fleetlane.settings import Settings
from support.server import ServerThread

pytestmark = pytest.mark.skipif(os.name != "posix", reason="file modes are for POSIX systems")


@pytest.fixture(autouse=True)
def usual_umask():
    former = os.umask(0o022)
    yield
    os.umask(former)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def doctor(folder, *args):
    command = [sys.executable, "-m", "fleetlane", "doctor", "--data-dir", str(folder), "--adb-port", "1", *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "COLUMNS": "400"})


def test_a_new_data_directory_is_its_owners_alone(tmp_path):
    folder = tmp_path / "deep" / "data"
    with ServerThread(folder):
        modes = {path.name: mode(path) for path in (folder, *folder.iterdir())}
    assert {name for name, bits in modes.items() if bits & 0o077} <= {"server.lock"}, modes
    assert {"data", "fleetlane.db", "fleetlane.db-wal", "materials", "traces"} <= set(modes)


def test_a_start_closes_what_an_older_version_left_open(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    for folder in (settings.data_dir, settings.materials_dir, settings.traces_dir, settings.backups_dir):
        folder.mkdir()
    migrate(settings.store_path)
    settings.store_path.chmod(0o644)
    with only_server(settings):
        assert [mode(path) for path in (settings.store_path, settings.materials_dir)] == [0o600, 0o700]
        assert mode(settings.backups_dir) == 0o700
        assert mode(settings.data_dir) == 0o755, "it may be a folder of the user's; the doctor says so"


def test_the_doctor_says_what_others_may_read_and_closes_it(tmp_path):
    (tmp_path / "data").mkdir()
    before = doctor(tmp_path / "data")
    assert before.returncode == 1
    assert f"other users of this computer may read {tmp_path / 'data'}; run `fleetlane doctor --fix`" in before.stdout
    after = doctor(tmp_path / "data", "--fix")
    assert "nobody but you" in after.stdout
    assert mode(tmp_path / "data") == 0o700


def test_whatever_a_command_writes_is_its_users_alone():
    told = "import os; from fleetlane.cli import entry; entry.app = lambda: print(os.umask(0)); entry.main()"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == [str(0o077)], done.stderr


def test_a_link_in_the_data_directory_changes_no_other_file(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    settings.data_dir.mkdir()
    other = tmp_path / "other"
    other.mkdir(mode=0o755)
    settings.backups_dir.symlink_to(other)
    with only_server(settings):
        assert mode(other) == 0o755
