"""Which folders tasks may read."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from fleetlane.core.folders import MAC, WINDOWS, AllowedFolders, Computer, on_drive


def test_the_library_may_always_be_opened_and_the_rest_of_the_data_never(tmp_path):
    data = tmp_path / "videos" / "data"
    folders = AllowedFolders((tmp_path / "videos",), (data,), data / "materials")
    assert folders.allow(data / "materials" / "a.mp4")
    assert not folders.allow(data / "fleetlane.db")
    assert folders.allow(tmp_path / "videos" / "a.mp4")
    assert not folders.allow(tmp_path / "other" / "a.mp4")
    outside = AllowedFolders((tmp_path / "other",), (data,), data / "materials")
    assert outside.allow(data / "materials" / "a.mp4")


def test_without_any_folder_only_the_library_may_be_opened(tmp_path):
    folders = AllowedFolders((), (tmp_path,), tmp_path / "materials")
    assert folders.allow(tmp_path / "materials" / "a.mp4")
    assert not folders.allow(tmp_path.parent / "a.mp4")
    assert not AllowedFolders().allow(Path("/etc/passwd"))


@pytest.mark.parametrize(
    ("system_drive", "path", "allowed"),
    [
        ("C:", "C:/Videos/video1.mp4", True),
        ("C:", "c:\\videos\\instagram\\a.mp4", True),
        ("C:", "C:/Images/a.jpg", True),
        ("C:", "D:/Videos/a.mp4", True),
        ("C:", "Z:/Images/a.jpg", True),
        ("C:", "D:/Users/me/a.mp4", False),
        ("C:", "C:/Windows/a.mp4", False),
        ("C:", "D:/VideosOld/a.mp4", False),
        ("D:", "D:/Videos/a.mp4", False),
        ("D:", "C:/Videos/a.mp4", True),
        ("d:", "E:/Images/a.mp4", True),
    ],
)
def test_on_windows_the_documented_folders_are_allowed_on_every_drive_but_the_systems(system_drive, path, allowed):
    drives = Computer(WINDOWS, (), system_drive).drives()
    assert any(PureWindowsPath(path).is_relative_to(drive) for drive in drives) is allowed


@pytest.mark.parametrize(
    ("system", "path", "allowed"),
    [
        ("Linux", "/media/usb/Videos/a.mp4", True),
        ("Linux", "/media/anna/USB STICK/Images/b/a.jpg", True),
        ("Linux", "/run/media/anna/usb/videos/a.mp4", True),
        ("Linux", "/mnt/d/Videos/a.mp4", True),
        ("Linux", "/mnt/Movies/a.mp4", True),
        ("Linux", "/media/usb/Documents/a.mp4", False),
        ("Linux", "/mnt/a/b/c/Videos/a.mp4", False),
        ("Linux", "/srv/Videos/a.mp4", False),
        ("Linux", "/Volumes/USB/Videos/a.mp4", False),
        (MAC, "/Volumes/USB/Movies/a.mp4", True),
        (MAC, "/Volumes/USB/a.mp4", False),
    ],
)
def test_elsewhere_folders_of_media_on_other_drives_are_allowed(system, path, allowed):
    computer = Computer(system, (Path("/home/anna/Videos"),))
    assert computer.drives() == ()
    folders = AllowedFolders(computer.own, mounts=tuple(computer.mounts()))
    assert folders.allow(Path(path)) is allowed
    assert folders.allow(Path("/home/anna/Videos/a.mp4"))


def test_windows_has_no_mounts_and_a_name_alone_is_no_folder_on_a_drive():
    assert Computer(WINDOWS, ()).mounts() == ()
    assert not on_drive(PurePosixPath("/media"), PurePosixPath("/media"))
