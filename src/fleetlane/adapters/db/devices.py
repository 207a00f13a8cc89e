"""Devices and their serials in the store (`core.ports.records.DeviceRecords`). Nothing here commits."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, true, update

from fleetlane.adapters.db.bulk import chunks
from fleetlane.adapters.db.tables import device_serials, devices
from fleetlane.core.device import OTHERS_IN_ITS_PLACE, Device, DeviceState
from fleetlane.core.event import Change, EventKind
from fleetlane.core.phones import ALONE, Adoption, Finding, Identity, Phone, name_key, one_meaning
from fleetlane.core.ports.records import DeviceRecord, SerialRecord


class DeviceRecordRepository:
    """What is remembered of devices. `note` is told of each device that says something new."""

    def __init__(self, connection: Connection, note: Callable[[Change], None]) -> None:
        self._connection = connection
        self._note = note

    # -- reading -------------------------------------------------------------------------------------

    def all(self) -> list[DeviceRecord]:
        """Return every device ever seen, by serial."""
        return [_record(row) for row in self._connection.execute(select(devices).order_by(devices.c.serial))]

    def get(self, serial: str) -> DeviceRecord | None:
        """Return a device, None when it was never seen."""
        row = self._connection.execute(select(devices).where(devices.c.serial == serial)).one_or_none()
        return None if row is None else _record(row)

    def same(self, identity: Identity) -> str | None:
        """Return the lane of the phone on record that says the same of itself, None when there is none."""
        alike = select(devices).where(devices.c.serialno == identity.serialno).order_by(devices.c.serial)
        phones = [_phone(row) for row in self._connection.execute(alike)]
        return next((phone.serial for phone in phones if phone.identity and phone.identity.is_same(identity)), None)

    def serials(self, device: str | None = None) -> list[SerialRecord]:
        """Return every serial by which a device, None for any, is or was reached, in order."""
        wanted = select(device_serials).order_by(device_serials.c.serial, device_serials.c.host_id)
        rows = self._connection.execute(wanted if device is None else wanted.where(device_serials.c.device == device))
        return [SerialRecord(row.serial, row.device, row.last_seen_ms, bool(row.let_go), row.host_id) for row in rows]

    def lanes(self, texts: Collection[str]) -> Mapping[str, str]:
        """Return the lane that each serial, alias or name of a phone means; the bare text itself when it is none."""
        bare = {text: text.strip() for text in texts}
        led: dict[str, set[str]] = {}
        for part in chunks(set(bare.values())):
            found = select(device_serials.c.serial, device_serials.c.device).where(device_serials.c.serial.in_(part))
            for row in self._connection.execute(found):
                led.setdefault(row.serial, set()).add(row.device)
        owners = {serial: one_meaning(serial, lanes) for serial, lanes in led.items()}
        keys = {name_key(text) for text in bare.values() if text not in owners}
        names: dict[str, str] = {}
        for part in chunks(keys):
            named = select(devices.c.name_key, devices.c.serial).where(devices.c.name_key.in_(part))
            names |= {row.name_key: row.serial for row in self._connection.execute(named)}
        return {text: owners.get(name) or names.get(name_key(name)) or name for text, name in bare.items()}

    def lane(self, text: str) -> str:
        """Return the lane of one text (see `lanes`)."""
        return self.lanes([text])[text]

    # -- writing -------------------------------------------------------------------------------------

    def seen(self, serial: str, now_ms: int, facts: Mapping[str, Any] | None) -> None:
        """Note that a device is there, and what it says of itself; None keeps what is known."""
        values: dict[str, Any] = {"last_seen_ms": now_ms}
        if facts is not None:
            values["facts"] = json.dumps(dict(facts), ensure_ascii=False)
        if self._update(serial, values) == 0:
            self.meet([Phone(uuid.uuid4().hex, serial)], now_ms)
            self._update(serial, values)
        if facts is not None:
            self._note(Change(EventKind.DEVICE, serial=serial, facts={"facts": "asked"}))

    def meet(self, phones: Sequence[Phone], now_ms: int, host_id: str = ALONE) -> None:
        """Store phones that are new, each with its serial at a host."""
        for phone in phones:
            self._meet(phone, now_ms)
            self._attach(phone.serial, phone.serial, now_ms, host_id)

    def _meet(self, phone: Phone, now_ms: int) -> None:
        values = {"serial": phone.serial, "first_seen_ms": now_ms, "last_seen_ms": now_ms, **_columns(phone)}
        self._connection.execute(insert(devices).values(values))

    def sighted(self, device: Device, host_id: str) -> None:
        """Store how a host sees a device. That one does not see it counts only where it saw it last.

        That one sees others in its place counts there, and where nobody sees it.
        """
        there: ColumnElement[bool] = true()
        if device.state is DeviceState.ABSENT:
            there = devices.c.host_id == host_id
        elif device.state in OTHERS_IN_ITS_PLACE:
            nowhere = or_(devices.c.host_id.is_(None), devices.c.state == DeviceState.ABSENT.value)
            there = or_(devices.c.host_id == host_id, nowhere)
        values = {
            "host_id": host_id,
            "state": device.state.value,
            "state_facts": json.dumps(dict(device.facts), ensure_ascii=False),
            "state_since_ms": device.since_ms,
        }
        changed = update(devices).where(devices.c.serial == device.serial, there).values(values)
        if self._connection.execute(changed).rowcount:
            self._note(Change(EventKind.DEVICE, serial=device.serial, facts={"state": device.state.value}))

    def inherit(self, host_id: str, *, all_others: bool) -> None:
        """Give a host what a server alone knew of serials, and was seen by it; with `all_others`, what any host did."""
        table = device_serials.c
        own = set(self._connection.execute(select(table.serial).where(table.host_id == host_id)).scalars())
        others = and_(table.host_id != host_id, true() if all_others else table.host_id == ALONE)
        for row in self._connection.execute(select(device_serials).where(others)).all():
            one = (table.serial == row.serial, table.host_id == row.host_id)
            if row.serial in own:
                self._connection.execute(delete(device_serials).where(*one))
            else:
                self._connection.execute(update(device_serials).where(*one).values(host_id=host_id))
                own.add(row.serial)
        seen = devices.c.host_id != host_id if all_others else devices.c.host_id == ALONE
        self._connection.execute(update(devices).where(seen).values(host_id=None))

    def keep(self, finding: Finding, now_ms: int, host_id: str = ALONE) -> None:
        """Store what the answer of a phone means. The lane that it absorbs ends."""
        phone = finding.phone
        if finding.absorbed not in (None, phone.serial):
            self._connection.execute(delete(devices).where(devices.c.serial == finding.absorbed))
            self._point(str(finding.absorbed), phone.serial)
        if self._update(phone.serial, {"last_seen_ms": now_ms, **_columns(phone)}) == 0:
            self._meet(phone, now_ms)
        self._lead(phone.serial, now_ms, host_id)
        if finding.attach is not None:
            self._attach(finding.attach, phone.serial, now_ms, host_id)
        for other in finding.apart:
            there = self._connection.execute(select(devices.c.id).where(devices.c.serial == other)).scalar_one_or_none()
            if there is not None:
                self.refuse(other, phone.id)
                self.refuse(phone.serial, there)
        self._note(Change(EventKind.DEVICE, serial=phone.serial, facts={"serials": "known"}))

    def refuse(self, serial: str, phone_id: str) -> None:
        """Store that a phone is known not to be another one."""
        known = self._connection.execute(select(devices.c.refused).where(devices.c.serial == serial)).scalar_one()
        self._update(serial, {"refused": json.dumps(sorted({*json.loads(known), phone_id}))})

    def adopt(self, adoption: Adoption, now_ms: int, host_id: str = ALONE) -> None:
        """Store that a phone takes the place of another one."""
        former, present = adoption.former, adoption.present
        if former is None:
            self._connection.execute(delete(devices).where(devices.c.serial == adoption.lane))
        else:
            self._update(adoption.lane, {"serial": former.serial, **_columns(former)})
        self._point(adoption.left, adoption.lane)
        self._update(adoption.left, {"serial": adoption.lane, "last_seen_ms": now_ms, **_columns(present)})
        for serial in (former.serial, *adoption.kept) if former else ():
            self._attach(serial, former.serial if former else serial, now_ms, host_id)
        self._note(Change(EventKind.DEVICE, serial=adoption.lane, facts={"adopted": present.id}))

    def describe(self, serial: str, name: str, tags: Sequence[str]) -> None:
        """Store a device's name, "" for none, and tags."""
        self._update(serial, {"name": name, "name_key": _key(name), "tags": json.dumps(list(tags), ensure_ascii=False)})
        self._note(Change(EventKind.DEVICE, serial=serial, facts={"name": name}))

    def let_go(self, serial: str, *, gone: bool, host_id: str = ALONE) -> None:
        """Store whether an address is not to be connected again by a host."""
        mine = (device_serials.c.serial == serial, device_serials.c.host_id == host_id)
        self._connection.execute(update(device_serials).where(*mine).values(let_go=gone))

    def forget(self, serial: str) -> bool:
        """Forget a device. False when it is not known."""
        self._connection.execute(delete(device_serials).where(device_serials.c.device == serial))
        return self._connection.execute(delete(devices).where(devices.c.serial == serial)).rowcount == 1

    def _update(self, serial: str, values: Mapping[str, Any]) -> int:
        return self._connection.execute(update(devices).where(devices.c.serial == serial).values(dict(values))).rowcount

    def _lead(self, lane: str, now_ms: int, host_id: str) -> None:
        """Let a lane be one of its phone's serials: somewhere, else here."""
        own = (device_serials.c.serial == lane, device_serials.c.device == lane)
        if not self._connection.execute(select(device_serials.c.serial).where(*own)).first():
            self._attach(lane, lane, now_ms, host_id)

    def _attach(self, serial: str, lane: str, now_ms: int, host_id: str) -> None:
        values = {"device": lane, "last_seen_ms": now_ms, "let_go": False}
        mine = (device_serials.c.serial == serial, device_serials.c.host_id == host_id)
        if self._connection.execute(update(device_serials).where(*mine).values(values)).rowcount == 0:
            self._connection.execute(insert(device_serials).values(serial=serial, host_id=host_id, **values))

    def _point(self, lane: str, to: str) -> None:
        """Let all that leads to a lane lead to another one."""
        self._connection.execute(update(device_serials).where(device_serials.c.device == lane).values(device=to))


def _columns(phone: Phone) -> dict[str, Any]:
    identity = phone.identity
    return {
        "id": phone.id,
        "serialno": identity.serialno if identity else None,
        "product": identity.product if identity else None,
        "android_id": identity.android_id if identity else None,
        "name": phone.name,
        "name_key": _key(phone.name),
        "tags": json.dumps(list(phone.tags), ensure_ascii=False),
        "refused": json.dumps(sorted(phone.refused)),
    }


def _key(name: str) -> str | None:
    return name_key(name) or None


def _record(row: Row[Any]) -> DeviceRecord:
    seen = None
    if row.host_id is not None:
        seen = Device(row.serial, DeviceState(row.state), row.state_since_ms, json.loads(row.state_facts))
    return DeviceRecord(_phone(row), row.first_seen_ms, row.last_seen_ms, json.loads(row.facts), row.host_id, seen)


def _phone(row: Row[Any]) -> Phone:
    asked = row.serialno is not None
    return Phone(
        id=row.id,
        serial=row.serial,
        identity=Identity(row.serialno, row.product, row.android_id) if asked else None,
        name=row.name,
        tags=tuple(json.loads(row.tags)),
        refused=frozenset(json.loads(row.refused)),
    )
