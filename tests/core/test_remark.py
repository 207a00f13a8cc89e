"""Remarks: templates and facts up to where they are shown, and text of scripts that stays as it is."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetlane.core.journal import Phase, never_denied
from fleetlane.core.lateness import LATE_REMARKS, how_late, says_how_late
from fleetlane.core.message import Message, verbatim
from fleetlane.core.outcome import FAILURES, REMARKS, PublishState, failed, succeeded
from fleetlane.core.remark import Remark, RemarkTemplate
from fleetlane.core.returned import returned
from fleetlane.core.storable import LONGEST_TEXT
from fleetlane.core.task import note_of

LATE_MS = 5 * 60_000


def kept(remark: Remark) -> Remark:
    """Return what a row gives back of a remark."""
    return Remark.of_json(str(remark), json.loads(json.dumps(remark.as_json())))


def templates(remark: object) -> list[str]:
    assert isinstance(remark, Remark)
    return [message.template for message in remark.messages]


@pytest.mark.parametrize("code", FAILURES)
def test_the_remark_of_a_failure_is_its_sentence_and_what_it_says_more(code):
    remark = failed(code, "in detail: 7").remark
    assert remark == kept(remark) == Remark((Message(FAILURES[code].sentence), verbatim("in detail: 7")))
    assert str(remark) == f"{FAILURES[code].sentence} in detail: 7"


def test_what_comes_after_free_text_is_still_a_template():
    remark = says_how_late(returned(failed("app_crashed", "Said the app.")), LATE_MS).remark
    assert templates(remark) == [FAILURES["app_crashed"].sentence, "%(text)s", RemarkTemplate.LATE_BY_MINUTES]
    assert str(remark) == "The app crashed. Said the app. It was 5 min late."


def test_an_end_that_is_not_what_its_script_said_keeps_the_templates_of_what_it_said():
    crashed = failed("app_crashed")
    published, unknown = never_denied(crashed, Phase.PUBLISHED), never_denied(crashed, Phase.TAPPED)
    assert templates(published.remark) == [RemarkTemplate.AFTERWARDS, FAILURES["app_crashed"].sentence]
    assert templates(unknown.remark) == [FAILURES["outcome_unknown"].sentence, FAILURES["app_crashed"].sentence]


def test_plain_text_of_a_script_is_no_template_whatever_it_says():
    outcome = returned(succeeded("The app crashed. 100 %(text)s", PublishState.NOT_PUBLISHED, {}))
    assert outcome.remark == Remark.of("The app crashed. 100 %(text)s")
    assert Remark.of(outcome.remark).as_json() == []
    assert str(outcome.remark) == "The app crashed. 100 %(text)s"


@given(st.lists(st.one_of(st.text(), st.builds(RemarkTemplate.PUBLISHED.filled, account=st.text()))))
def test_whatever_a_remark_says_can_be_stored_and_says_the_same_afterwards(parts):
    remark = Remark.of(*parts).storable()
    assert str(kept(remark)) == str(remark)
    assert "\0" not in str(remark)
    str(remark).encode()


def test_a_remark_ends_somewhere_and_keeps_its_templates_up_to_there():
    remark = Remark.of(Message("The app crashed."), "x" * LONGEST_TEXT, Message("Not so.")).storable()
    assert len(str(remark)) == LONGEST_TEXT
    assert templates(remark) == ["The app crashed.", "%(text)s"]


@pytest.mark.parametrize(
    "parts",
    [
        None,
        {},
        [],
        [7],
        [{"template": "%(text)999999999s", "facts": {"text": "Odd."}}],
        [{"template": "Something else.", "facts": {}}],
        ["Something else."],
    ],
)
def test_a_text_that_its_parts_do_not_give_is_shown_as_it_is(parts):
    assert Remark.of_json("Odd.", parts) == Remark.of("Odd.")


def test_nothing_said_is_nothing():
    assert not Remark.of("", Remark())
    assert Remark.of_json("", []) == Remark()


def test_a_note_has_parts_only_when_pages_can_translate_them():
    late = how_late(LATE_REMARKS, LATE_MS)
    assert note_of(Remark.of("Plain."), "my_code") == {"code": "my_code", "message": "Plain."}
    assert note_of(Remark.of(late)) == {"message": "It was 5 min late.", "parts": [late.as_json()]}


@pytest.mark.parametrize("template", REMARKS)
def test_every_template_can_be_kept(template):
    places = {
        name for _, name, _, _ in string.Formatter().parse(template.replace("%(", "{").replace(")s", "}")) if name
    }
    message = Message(template, dict.fromkeys(places, "a"))
    assert Message.of_json(message.as_json()) == message
