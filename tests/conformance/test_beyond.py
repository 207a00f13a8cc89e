"""The licence, the routes beyond the documented ones, and the settings that change answers."""

from __future__ import annotations

import io
import zipfile

import pytest

from conformance.conftest import serving


def test_the_licence_check_names_plan_access_limit_and_a_message(api):
    """The documented four."""
    data = api.get("/license/check").good()
    assert set(data) >= {"plan_name", "api_enabled", "device_limit", "message"}
    assert data["plan_name"] in ("Pro", "Team", "Business")
    assert data["api_enabled"] is True
    assert data["device_limit"] is None or data["device_limit"] > 0
    assert data["message"]


def test_without_any_licence_the_plan_is_business_without_a_device_limit(own):
    """The owner's server is his own."""
    data = own.get("/license/check").good()
    assert (data["plan_name"], data["device_limit"]) == ("Business", None)


@pytest.mark.parametrize("what", ["device", "account", "material", "script"])
def test_devices_accounts_materials_and_scripts_are_listed_in_the_envelope(api, what):
    """Beyond the documented routes, in the same shape."""
    data = api.get(f"/{what}").good()
    assert isinstance(data[f"{what}s"], list)
    assert isinstance(data["total"], int)


def test_each_script_comes_with_the_json_schema_of_its_config(api):
    """What `script_config` may hold can be read by programs."""
    scripts = {script["name"]: script for script in api.get("/script").good()["scripts"]}
    assert {"content_type", "captions", "material_list"} <= set(scripts["post"]["config_schema"]["properties"])
    assert api.get("/script/post").good() == scripts["post"]


def test_a_task_has_a_trace(api):
    """Empty until it ran."""
    [task] = api.tasks()
    assert api.get(f"/task/{task['id']}/trace").good() == {"task_id": task["id"], "attempts": [], "steps": []}


def test_the_trace_of_a_task_can_be_taken_away_as_a_zip(api):
    """Also before it ran; `redact=1` leaves out what is private."""
    [task] = api.tasks()
    for query in ("", "?redact=1"):
        answer = api.http.get(f"/api/v1/task/{task['id']}/trace/bundle{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
            assert bundle.testzip() is None
            assert bundle.namelist()


@pytest.mark.parametrize("path", ["trace", "trace/bundle"])
def test_what_is_no_task_has_no_trace(api, path):
    """As with the task itself."""
    api.get(f"/task/999999999999/{path}").refused(40401)
    api.get(f"/task/x/{path}").refused(40001)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json"])
def test_health_and_documentation_are_outside_the_prefix(api, path):
    """For people and for what watches over the server."""
    assert api.http.get(path).status_code == 200
    api.get(path).refused(40401)


def test_always_200_answers_errors_with_http_200(own, tmp_path):
    """For clients that throw on 4xx before they read `code`."""
    with serving(tmp_path, error_http_status="always_200") as other:
        for path, code in (("/task/77", 40401), ("/task/x", 40001), ("/nothing", 40401)):
            answer = other.get(path)
            assert (answer.status, answer.code) == (200, code)
