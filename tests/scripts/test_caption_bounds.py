"""How much text the captions of a post may hold."""

from __future__ import annotations

import pytest

from fleetlane.adapters.media import FileInspector
from fleetlane.core.captions import LONGEST_TEMPLATE
from fleetlane.core.errors import InvalidParametersError, TaskFailedError
from fleetlane.core.folders import AllowedFolders
from fleetlane.scripts.local_media import LocalMedia
from fleetlane.scripts.post.config import parse_config
from fleetlane.scripts.post.folder import MediaFolder

LONG = "x" * LONGEST_TEMPLATE


@pytest.mark.parametrize(
    ("captions", "problem"),
    [
        (f"{LONG}x", "20000 characters"),
        ("{" + "|" * 120_000, "20000 characters"),
        (f"{{a|b}}{LONG}", "20000 characters"),
        (f"one\n{LONG}x\nthree", "the caption number 2 has more"),
        (f"{LONG}\n" * 100, "2000000"),
        ("é\n" * 700_000, "2000000"),
    ],
)
def test_more_text_than_a_caption_can_need_is_refused(captions, problem):
    with pytest.raises(InvalidParametersError) as refused:
        parse_config({"captions": captions})
    assert [error.field for error in refused.value.errors] == ["script_config.captions"]
    assert problem in refused.value.errors[0].message


@pytest.mark.parametrize("captions", [LONG, f"{LONG}\n" * 90, "a short one\n" * 100_000])
def test_as_much_as_that_is_taken(captions):
    assert parse_config({"captions": captions}).captions == captions


def test_a_folders_template_has_the_same_bound(tmp_path):
    (tmp_path / "caption.txt").write_text(f"{LONG}x")
    folder = MediaFolder(str(tmp_path), "", LocalMedia(AllowedFolders((tmp_path,)), FileInspector()))
    with pytest.raises(TaskFailedError, match="20000 characters"):
        folder.template()
    (tmp_path / "caption.txt").write_text(LONG)
    assert folder.template() == LONG
