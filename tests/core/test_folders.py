"""Which folders tasks may read."""

from __future__ import annotations

import pytest

from fleetlane.core.folders import AllowedFolders


@pytest.mark.parametrize("roots", [(), ("videos",)])
def test_the_library_may_always_be_opened_and_the_rest_of_the_data_never(tmp_path, roots):
    data = tmp_path / "videos" / "data"
    folders = AllowedFolders(tuple(tmp_path / root for root in roots), (data,), data / "materials")
    assert folders.allow(data / "materials" / "a.mp4")
    assert not folders.allow(data / "fleetlane.db")
    assert folders.allow(tmp_path / "videos" / "a.mp4")
    assert folders.allow(tmp_path / "other" / "a.mp4") is (not roots)
    outside = AllowedFolders((tmp_path / "other",), (data,), data / "materials")
    assert outside.allow(data / "materials" / "a.mp4")
