"""Every clause of the HTTP contract has its tests, and every conformance test its clause."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FOLDER = TESTS / "conformance"
CONTRACT = TESTS.parents[1] / "shared" / "contract.md"
# Where the contract says what it is itself.
ABOUT = (
    "Authority, highest first: the two documents in seeds/ (the same page in two languages), then the public pages of "
    "the same API that they link to (overview, post script, examples), then the decisions marked D here, which fill "
    "what those leave open."
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
    return re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(encoding="utf-8"), flags=re.MULTILINE)


def bare(text):
    """Return the contract's words without its markup."""
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


@pytest.mark.skipif(not CONTRACT.exists(), reason=f"the contract itself is not here: {CONTRACT} is missing")
def test_no_sentence_of_the_contract_is_left_out():
    text = CONTRACT.read_text(encoding="utf-8")
    text = re.sub(r"^#.*$|^\|.*\n\|[-|]+$", "", text, flags=re.MULTILINE)  # headings, and those of tables
    rest = bare(text)
    for clause in sorted([ABOUT, *CLAUSES], key=len, reverse=True):
        rest = rest.replace(bare(clause), " ", 1)
    assert set(rest.split()) <= {"D", "-", "->"}, rest
