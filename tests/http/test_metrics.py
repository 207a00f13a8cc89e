"""What Prometheus is told."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from support.server import ServerThread


def test_the_metrics_count_tasks_and_phones(tmp_path):
    with ServerThread(tmp_path) as server:
        server.call("POST", "/task", json={"serials": ["a", "b"], "script_name": "post", "script_config": {}})
        text = server.http.get("/metrics").text
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["fleetlane_tasks", "pending"] == 2
    assert found["fleetlane_tasks", "running"] == 0
    assert found["fleetlane_devices", "ready"] == 0
    assert found["fleetlane_pictures_taken_total",] == 0
    assert found["fleetlane_problems",] == 1  # there is no adb
