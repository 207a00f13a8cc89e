"""Schemathesis over the OpenAPI document: whatever is sent, no 5xx and no answer that is not documented.

All its phases: the examples, the edges of every field (coverage), random requests, good and bad (fuzzing), and chains
of requests where one uses what another made (stateful). Against a whole server over real HTTP, without phones.
The same requests at each run: `make thorough` and SCHEMATHESIS_CASES look further.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import NonFatalError, ScenarioFinished
from schemathesis.specs.openapi.checks import negative_data_rejection

from support.budget import cases
from support.rig import ROOT
from support.server import ServerThread

pytestmark = pytest.mark.slow

DOCUMENT = ROOT / "docs" / "reference" / "openapi.json"
CASES = int(os.environ.get("SCHEMATHESIS_CASES") or cases(80, 200))
CHAINS = CASES // 3
CHECKS = {
    # A method that a path does not have is "no such route" here: 40401, as the contract says.
    "unsupported_method": {"enabled": False},
    # JSON Schema cannot say every rule: what a name is, fields that exclude each other, what a file must hold.
    "positive_data_acceptance": {"enabled": False},
}
OPERATIONS = {
    operation["operationId"]: "parameters" in operation or "requestBody" in operation
    for path in json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"].values()
    for operation in path.values()
    if operation["operationId"] != "follow_events"  # its answer need not end; test_events.py holds it
}
"""Whether there is anything to vary, by the names of the operations."""
_sent: Counter[str] = Counter()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data")) as server:
        yield server


def loaded(**config):
    return schemathesis.openapi.from_path(DOCUMENT, config=SchemathesisConfig.from_dict({"checks": CHECKS, **config}))


def look_at(case, answer) -> None:
    """Let Schemathesis check an answer, and check that its code belongs to its status."""
    query = parse_qsl(urlsplit(answer.request.url).query, keep_blank_values=True)
    # A parameter without a value means the same as none here: `?status=` is no wrong status.
    passed_over = [negative_data_rejection] if any(value == "" for _, value in query) else []
    case.validate_response(answer, excluded_checks=passed_over)
    if answer.headers.get("content-type", [""])[0].startswith("application/json"):
        assert answer.status_code == (json.loads(answer.content)["code"] // 100 or 200)


def hold(operation):
    """Make the test of one operation, under its own name: pytest knows Schemathesis' own items by one name only."""

    @loaded().include(operation_id=operation).parametrize()
    @settings(max_examples=CASES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    def test(case, server):
        _sent[operation] += 1
        look_at(case, case.call(base_url=str(server.http.base_url)))

    return test


for _name in OPERATIONS:
    globals()[f"test_no_request_to_{_name}_gets_an_answer_that_is_not_documented"] = hold(_name)


def test_no_chain_of_requests_gets_an_answer_that_is_not_documented(server):
    """Run by Schemathesis' own engine, which copes with a server whose state is another at each replay."""
    schema = loaded(**{
        "base-url": str(server.http.base_url),
        "checks": {**CHECKS, "negative_data_rejection": {"enabled": False}},  # held above
        "generation": {"max-examples": CHAINS, "deterministic": True},
        "phases": {name: {"enabled": False} for name in ("examples", "coverage", "fuzzing")},
    })  # fmt: skip
    sent, problems = 0, []
    for event in from_schema(schema.include(operation_id=list(OPERATIONS))).execute():
        if isinstance(event, NonFatalError):
            problems.append(str(event.value))
        if isinstance(event, ScenarioFinished):
            sent += len(event.recorder.interactions)
            failures = [check.failure_info for checks in event.recorder.checks.values() for check in checks]
            problems += [f"{found.failure}\n{found.code_sample}" for found in failures if found is not None]
    assert problems == []
    assert sent >= CHAINS


def test_every_operation_was_sent_enough(server):
    """Those without parameter and body have nothing to vary."""
    if len(_sent) < len(OPERATIONS):
        pytest.skip("not all operations were chosen for this run")
    few = {name: count for name, count in _sent.items() if count < (CASES if OPERATIONS[name] else 1)}
    assert few == {}
