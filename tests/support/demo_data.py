"""A server with something of everything, for those who look at its pages: tests and `make screenshots`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from fleetlane.adapters.clock import SystemClock
from fleetlane.core.task import NeedsPerson, NewTask, Source
from fleetlane.simulator.faults import Fault
from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread
from fleetlane.simulator.fleets.fleet_settings import PhonePlan
from support.phones import app_on, change
from support.rig import CAPTION, VIDEO, wait_for
from support.server import ServerThread

LONG_CAPTION = (
    "春日限定茶具套装今天正式上架，每一件都由景德镇的老师傅手工拉坯、上釉、烧制，颜色像雨后的天空。"
    "第一批只有两百套，喜欢的朋友请尽早下单；视频最后有开箱和泡茶的全过程，记得看到最后！"
    "#景德镇 #手工茶具 #春日限定 #开箱 #茶语时光"
)
ITALIAN = "Tre ricette veloci con i pomodori di San Marzano, pronte in un quarto d'ora #cucina #ricette #estate"
_HOUR_MS = 3_600_000
_ACCOUNTS = (
    ("bottega.milano", "tiktok", 1, "Negozio di Milano; solo video verticali, mai prima delle nove."),
    ("茶语时光", "tiktok", 5, "上海茶店的主账号，只发竖版短视频，每天下午三点以前；节假日照常更新。"),
    ("cucina_di_nonna", "instagram", 1, ""),
    ("nordic.ceramics", "tiktok", None, "Not on a phone yet"),
    ("sole_e_mare", "tiktok", 2, "Paused until the summer"),
)
_MATERIALS = (
    ("开箱-茶具套装-竖版-1080x1920-最终版-已审核.mp4", "春日, 茶具", LONG_CAPTION),
    ("ricetta-pomodori.mp4", "cucina, estate", ITALIAN),
    ("unboxing_take_3_final_final_v2_with_new_music_and_logo.mp4", "unboxing", ""),
)


def fleet() -> FleetSettings:
    """Return the phones of the story."""
    plans = [
        PhonePlan("1", accounts={"tiktok": ["bottega.milano"], "instagram": ["cucina_di_nonna"]}),
        PhonePlan("5", accounts={"tiktok": ["茶语时光"]}, facts={"language": "zh"}),
        PhonePlan("4", facts={"android": 15}),
    ]
    return FleetSettings(phones=7, app_delay_factor=0.25, first_port=26100, plans=plans)


@dataclass(frozen=True)
class Story:
    """What there is to see: tasks and phones by what became of them, and the library's first entries."""

    tasks: Mapping[str, int]
    phones: Mapping[str, str]
    account: int
    material: int

    @property
    def values(self) -> dict[str, dict[str, Any]]:
        """Return what fills the addresses of pages (`support.pages.places`)."""
        phones = {what: quote(serial, safe="") for what, serial in self.phones.items()}
        entries = {"account_id": {"one": self.account}, "material_id": {"one": self.material}}
        return {"task_id": dict(self.tasks), "serial": phones, **entries}


def tell(server: ServerThread, phones: FleetThread) -> Story:
    """Bring it all about, and return when everything is as it shall be seen."""
    serials = phones.fleet.serials
    wait_for(lambda: server.http.get("/healthz").json()["devices"]["ready"] == len(serials))
    by_name = dict(zip(("done", "logged_out", "stuck", "checked", "busy", "gone", "distrusted"), serials, strict=True))
    accounts, materials = _library(server, serials)
    change(phones, by_name["logged_out"], lambda phone: setattr(app_on(phone), "logged_in", False))
    change(phones, by_name["checked"], lambda p: app_on(p).faults.popups.append(("editor", "security_check")))
    for name in ("stuck", "busy"):
        change(phones, by_name[name], lambda p: p.faults.append(Fault("upload_stuck", screen="post")))
    for name, fault in (("gone", "unplug"), ("distrusted", "unauthorized")):
        change(phones, by_name[name], lambda phone, fault=fault: phone.inject(Fault(fault)))
    tasks = _tasks(server, by_name)
    for name in ("done", "logged_out", "stuck", "checked", "greeting"):
        server.ended(tasks[name])
    server.call("POST", f"/task/{tasks['stopped']}/stop")
    wait_for(lambda: "press Post" in _steps(server, tasks["running"]))
    tasks["held"] = _late(server, by_name)
    shown = ("done", "checked", "stuck", "running", "scheduled", "held")
    return Story({n: tasks[n] for n in shown}, by_name, accounts[0], materials[0])


def _late(server: ServerThread, phones: Mapping[str, str]) -> int:
    """Leave two tasks behind whose time is over by days and by hours; returns the first, once it is held."""
    now_ms = SystemClock().now_ms()
    plain = json.dumps({"captions": ITALIAN, "material_list": [str(VIDEO)]})
    late = [
        NewTask("late", n, "post", plain, serial, name, Source.API, 1, start_ms, start_ms, start_ms)
        for n, (serial, name, start_ms) in enumerate(
            [
                (phones["gone"], None, now_ms - 74 * _HOUR_MS),
                (phones["done"], "@bottega.milano", now_ms - 3 * _HOUR_MS),
            ]
        )
    ]
    late = [replace(task, late_after_ms=2 * _HOUR_MS) for task in late]
    first, second = server.store.submit(lambda r: r.tasks.add(late)).result(10)
    other = {"code": None, "message": f"Another phone answers at {phones['distrusted']}."}
    flagged = server.call("GET", "/task", params={"serial": phones["distrusted"]})["data"]["tasks"][0]["id"]
    server.store.submit(lambda r: r.tasks.flag([flagged], NeedsPerson.OTHER_PHONE, other)).result(10)
    wait_for(lambda: all(server.task(task_id)["held_since"] for task_id in (first, second)))
    return first


def _steps(server: ServerThread, task_id: int) -> list[str]:
    return [step["name"] for step in server.call("GET", f"/task/{task_id}/trace")["data"]["steps"]]


def _library(server: ServerThread, serials: list[str]) -> tuple[list[int], list[int]]:
    """Fill it; returns the ids of the accounts and of the materials."""
    accounts: list[int] = []
    materials: list[int] = []
    for username, platform, phone, note in _ACCOUNTS:
        body = {"username": username, "platform": platform, "note": note, "enabled": username != "sole_e_mare"}
        answer = server.call("POST", "/account", json={**body, "device": serials[phone - 1] if phone else None})
        assert answer["code"] == 0, answer
        accounts.append(answer["data"]["id"])
    for number, (name, tags, caption) in enumerate(_MATERIALS):
        content = VIDEO.read_bytes() + b"\x00\x00\x00\x0cfree%04d" % number  # kept by content: each its own
        fields = {"tags": tags, "caption": caption}
        answer = server.http.post("/api/v1/material", files={"file": (name, content, "video/mp4")}, data=fields).json()
        assert answer["code"] == 0, answer
        materials.append(answer["data"]["materials"][0]["id"])
    return accounts, materials


def _tasks(server: ServerThread, phones: Mapping[str, str]) -> dict[str, int]:
    [done] = server.create(config={"captions": LONG_CAPTION}, usernames=["bottega.milano"])
    tasks = {"done": done}
    configs: dict[str, dict[str, Any]] = {
        "logged_out": {"captions": ITALIAN},
        "stuck": {"captions": CAPTION, "upload_wait_time": 3},
        "checked": {"captions": ITALIAN},
        "busy": {"captions": LONG_CAPTION, "upload_wait_time": 3600},
    }
    for name, config in configs.items():
        [tasks[name]] = server.create([phones[name]], config)
    tasks["running"] = tasks.pop("busy")
    [tasks["greeting"]] = server.create(
        [phones["done"]], {"captions": "{早安|晚安}，今天也要好好喝茶 #茶语时光", "materials_tags": "茶具"}
    )
    [tasks["scheduled"]] = server.create([phones["done"]], {"captions": LONG_CAPTION}, start_time="03:15")
    server.create([phones["busy"], phones["gone"], phones["distrusted"]], {"captions": CAPTION})
    server.create(config={"captions": ITALIAN}, usernames=["nordic.ceramics"])
    [tasks["stopped"]] = server.create([phones["gone"]], {"captions": ITALIAN})
    return tasks
