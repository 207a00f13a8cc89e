from __future__ import annotations

import pytest

from fleetlane.core.errors import PackError
from fleetlane.simulator.faults import parse_faults
from fleetlane.simulator.model import load_models, parse_model

SMALL = """
app: notes
packages: {com.example.notes: {version: "1"}}
start: [{home: list}]
screens:
  list: {nodes: [{class: Button, text: $new, at: [0, 0, 100, 100], tap: [{push: list}]}]}
strings: {new: {en: New, zh: 新}}
"""


def test_anyone_can_describe_an_app(tmp_path):
    (tmp_path / "notes.yaml").write_text(SMALL, encoding="utf-8")
    [model] = load_models(tmp_path)
    assert model.app == "notes"
    assert model.string("new", "zh")({}) == "新"
    assert model.string("new", "id")({}) == "New"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("start: [{home: list}]", "start"),
        ("$new", "no string"),
        ("push: list", "no action 'shove'"),
        ("class: Button", "unknown key 'klass'"),
        ("at: [0, 0, 100, 100]", "at"),
    ],
)
def test_a_wrong_model_says_where_and_what(change, complaint):
    wrong = {
        "start: [{home: list}]": "",
        "$new": "$old",
        "push: list": "shove: list",
        "class: Button": "klass: Button",
        "at: [0, 0, 100, 100]": "at: [0, 0]",
    }[change]
    with pytest.raises(PackError, match=complaint.split("'")[0].strip()) as caught:
        parse_model(SMALL.replace(change, wrong), "notes.yaml")
    assert str(caught.value).startswith("notes.yaml")


def test_an_empty_folder_of_models_is_an_error(tmp_path):
    with pytest.raises(PackError, match="no app model"):
        load_models(tmp_path)


def test_faults_are_read_with_their_conditions():
    [fault] = parse_faults("- {phone: 2, when: {screen: editor, times: 3}, do: unplug, for_s: 5}", "f.yaml")
    assert (fault.kind, fault.screen, fault.times, fault.for_s) == ("unplug", "editor", 3, 5.0)
    assert fault.concerns("127.0.0.1:1", 2)
    assert not fault.concerns("127.0.0.1:1", 1)


@pytest.mark.parametrize(
    "text", ["do: unplug", "- {do: dance}", "- {do: unplug, when: {moon: full}}", "- {do: hang, for_s: long}", "["]
)
def test_a_wrong_fault_file_says_where(text):
    with pytest.raises(PackError, match=r"f\.yaml"):
        parse_faults(text, "f.yaml")
