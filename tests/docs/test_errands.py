"""The errands of CONTRIBUTING.md, each followed word for word in a clean copy of the repository."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from support.errands import TOOL

ERRANDS = TOOL.errands()


def test_five_errands_are_tried_and_each_says_what_comes_of_it():
    assert {"Add a script", "Add an app", "Add a language", "Add a popup", "Add a page"} <= set(ERRANDS)
    for title, steps in ERRANDS.items():
        assert steps[-1].how == "prints", title


@pytest.mark.phone
@pytest.mark.timeout(600)
@pytest.mark.parametrize("title", ERRANDS)
def test_an_errand_does_what_the_guide_says(title, tmp_path):
    TOOL.do(ERRANDS[title], tmp_path / "copy")


def guide(tmp_path, text):
    path = tmp_path / "GUIDE.md"
    path.write_text(f"# Guide\n\n### Add a thing\n\n{text}\n", encoding="utf-8")
    return TOOL.errands(path)["Add a thing"]


def follow(tmp_path, text):
    with ExitStack() as stack:
        walk = TOOL.Walk(tmp_path, stack)
        for step in guide(tmp_path, text):
            walk.follow(step)


def test_files_are_made_and_changed_as_it_says(tmp_path):
    follow(
        tmp_path,
        "Make the file `a/x.txt`:\n\n```text\none\nthree\n```\n\nIn `a/x.txt`, after the line `one`, add:\n\n"
        "```text\ntwo\n```\n\nIn `a/x.txt`, before the line `one`, add:\n\n```text\nnought\n```\n\n"
        "At the end of `a/x.txt`, add:\n\n```text\nfour\n```\n\nIn `a/x.txt`, replace `three` by `3`.\n\n"
        "```sh\ncat a/x.txt\n```\n\nIt prints:\n\n```text\n3\nfour\n```",
    )
    assert (tmp_path / "a/x.txt").read_text(encoding="utf-8") == "nought\none\ntwo\n3\nfour\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("```sh\necho no; false\n```", "ended with 1:\nno"),
        ("```sh\nfalse\ntrue\n```", "ended with 1"),
        ("```sh\necho one\n```\n\nIt prints:\n\n```text\ntwo\n```", "says it prints 'two', and it printed:\none"),
        ("```sh\ntrue\n```\n\nAnd so:\n\n```text\ntwo\n```", "nothing says what to do with the block after 'And so:'"),
        ("```sh background\nexit 3 # --port 50001\n```", "nothing listens on"),
        ("In `GUIDE.md`, replace `Add` by `nothing`; `Add`.\n\n```sh\ntrue\n```", "has 'Add' 3 times, not once"),
    ],
)
def test_what_does_not_do_as_it_says_is_an_error(tmp_path, text, why):
    with pytest.raises(TOOL.ErrandError) as raised:
        follow(tmp_path, text)
    assert why in str(raised.value)
