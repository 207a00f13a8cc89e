"""The contract and its clauses say the same, every clause has its tests, and every conformance test its clause."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FOLDER = TESTS / "conformance"
CONTRACT = TESTS.parent / "docs" / "reference" / "contract.md"
# Where the contract says what it is itself.
ABOUT = (
    "What a client may rely on, one rule a sentence. tests/conformance/clauses.txt names the tests of each. "
    "Authority, highest first: the documented Task Management API (one page, in two languages), then the public pages "
    "of the same API that it links to (overview, post script, examples), then the decisions marked D here, which fill "
    'what those leave open. One decision is narrower than those pages\' words: their "retry all failed tasks" does not '
    "take a task that a person stopped, which has not failed."
)


def clauses():
    """Return the clauses, and the tests of each as paths and names."""
    found: dict[str, list[str]] = {}
    for line in (FOLDER / "clauses.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            found[list(found)[-1]].append(line.strip())
        elif line and not line.startswith("#"):
            assert line not in found, line
            found[line] = []
    return found


def names_in(path):
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return re.findall(r"^(?:async )?def (test_\w+)\(", text, flags=re.MULTILINE)


def bare(text):
    """Return the contract's words without its markup."""
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)  # links
    return " ".join(re.sub("[*`]", "", text).replace("|", " ").split())


CLAUSES = clauses()
CONFORMANCE = {name for path in FOLDER.glob("test_*.py") for name in names_in(path)}


@pytest.mark.parametrize("clause", CLAUSES)
def test_each_clause_has_tests_that_are_there(clause):
    assert CLAUSES[clause], "no test asks for it"
    for test in CLAUSES[clause]:
        path, _, name = test.rpartition("::")
        assert name in (names_in(TESTS / path) if path else CONFORMANCE), test


def test_each_conformance_test_asks_for_a_clause():
    assert CONFORMANCE - {test for tests in CLAUSES.values() for test in tests} == set()


def test_the_contract_and_the_clauses_say_the_same():
    text = CONTRACT.read_text(encoding="utf-8")
    text = re.sub(r"^#.*$|^\|.*\n\|[-|]+$", "", text, flags=re.MULTILINE)  # headings, and those of tables
    rest = bare(text)
    for clause in sorted([ABOUT, *CLAUSES], key=len, reverse=True):
        words = bare(clause)
        assert words in rest, f"the contract does not say: {clause}"
        rest = rest.replace(words, " ", 1)
    assert set(rest.split()) <= {"D", "-", "->"}, f"no clause, so no test, for: {rest}"


def test_the_contract_leans_on_nothing_outside_the_repository():
    """Documents it names are the project's own."""
    named = re.findall(r"[\w./-]+\.(?:md|txt)\b", CONTRACT.read_text(encoding="utf-8"))
    assert named
    assert [
        name for name in named if not (CONTRACT.parent / name).exists() and not (TESTS.parent / name).exists()
    ] == []
