"""Which phone is which: phones are known by what they are, never by the address they are reached at.

A `PhoneBook` holds the phones on record and what adb lists now, and says which phone each transport leads to. Pure:
`work.phones.directory` feeds it, stores what it finds, and lets it know when that is stored. Nothing runs on a
transport before its phone has said who it is; whoever else answers at a known address is another phone until a person
says otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fleetlane.core.device import Device, DeviceState, Transport
from fleetlane.core.phone_views import are_two, best_of, in_state, questioned, told_of
from fleetlane.core.phones import (
    ALONE,
    NO_NUMBER,
    Adoption,
    Finding,
    Identity,
    Phone,
    Question,
    View,
    name_key,
)
from fleetlane.core.serials import SerialLeads


@dataclass(slots=True)
class PhoneBook:
    """The phones on record, and what the adb of this host lists.

    Attributes:
        draw_id: gives a new phone its id.
        host_id: this host. Two hosts may reach two phones by one serial.
        phones: by lane.
    """

    draw_id: Callable[[], str]
    host_id: str = ALONE
    phones: dict[str, Phone] = field(default_factory=dict[str, Phone])
    led: SerialLeads = field(init=False)
    """The lane that each serial leads to, by host; each lane is a serial."""
    _transports: tuple[Transport, ...] = ()
    _asked: dict[int, str] = field(default_factory=dict[int, str])
    """The lane of the phone behind each connection."""
    _names: dict[str, str] = field(default_factory=dict[str, str])
    _by_number: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict[str, set[str]](set))
    """The lanes of the phones with a serial number."""

    def __post_init__(self) -> None:
        self.led = SerialLeads(self.host_id)

    def load(self, phones: Iterable[Phone], serials: Iterable[tuple[str, str, str]]) -> None:
        """Take what is on record, in the place of what was known of it.

        Args:
            phones: the phones.
            serials: each serial with a host, and the lane that it leads to there.
        """
        self.phones.clear()
        self._names.clear()
        self._by_number.clear()
        self.led.load(serials)
        for phone in phones:
            self._put(phone)
        for connection, lane in list(self._asked.items()):
            if lane not in self.phones:  # another host found it to be another phone, or it was forgotten
                self._asked[connection] = self.lane(lane)
            if self._asked[connection] not in self.phones:
                del self._asked[connection]

    # -- asked by others -------------------------------------------------------------------------------

    def lane(self, text: str) -> str:
        """Return the lane that a serial, an alias or a name means; the text itself when it is none on record."""
        bare = text.strip()
        return self.led.anywhere(bare) or self._names.get(name_key(bare)) or bare

    def serials(self, lane: str) -> list[str]:
        """Return all serials by which a phone is or was reached."""
        return self.led.of(lane)

    def taken_name(self, name: str, lane: str) -> str | None:
        """Return the lane of another phone that a name means already, None when it may be given to this one."""
        bare = name.strip()
        other = self.led.anywhere(bare) or self._names.get(name_key(bare))
        other = other or self.led.alike(bare)
        return None if other in (None, lane) else other

    # -- what adb lists --------------------------------------------------------------------------------

    def listed(self, transports: Sequence[Transport]) -> None:
        """Take what adb lists now. Connections that have ended are forgotten: who comes back is asked again."""
        self._transports = tuple(transports)
        there = {transport.connection for transport in transports if transport.is_ready}
        for connection in self._asked.keys() - there:
            del self._asked[connection]

    def unasked(self) -> list[Transport]:
        """Return the transports whose phones can be asked who they are, and were not."""
        return [t for t in self._transports if t.is_ready and t.connection not in self._asked and self._is_one(t)]

    def _is_one(self, transport: Transport) -> bool:
        """Return whether adb can be told which transport is meant."""
        return transport.id is not None or sum(t.serial == transport.serial for t in self._present()) == 1

    def _present(self) -> list[Transport]:
        return [t for t in self._transports if t.state is not DeviceState.ABSENT]

    def strangers(self) -> list[Phone]:
        """Return the phones that cannot be asked and are not on record: each is a phone of its own, for now."""
        serials = {t.serial for t in self._present() if not t.is_ready and not self.led.is_known(t.serial)}
        return [Phone(self.draw_id(), serial) for serial in sorted(serials) if not self._is_shared_number(serial)]

    def lane_at(self, serial: str) -> str:
        """Return the lane of the phone that answers at a serial; until one has said who it is, of the one on record."""
        asked = [
            self._asked[t.connection] for t in self._transports if t.serial == serial and t.connection in self._asked
        ]
        return asked[0] if asked else self.led.here_at(serial) or self.lane(serial)

    def is_settled(self, serial: str) -> bool:
        """Return whether it is known which phone answers at a serial, or cannot be asked."""
        there = [t for t in self._present() if t.serial == serial]
        return any(t.connection in self._asked or t.state is DeviceState.UNAUTHORIZED for t in there)

    def is_current(self, transport: Transport) -> bool:
        """Return whether a connection still stands."""
        return any(t.connection == transport.connection and t.is_ready for t in self._transports)

    # -- answers ---------------------------------------------------------------------------------------

    def judge(self, transport: Transport, identity: Identity) -> Finding:
        """Return what an answer means. Nothing changes until it is accepted."""
        known = self._known(identity)
        owner = self.phones.get(self.led.here_at(transport.serial) or "")
        is_free = owner is None or owner.identity is None
        is_ours = not self._is_shared(transport, known) and is_free
        apart = self._there_too(identity, known)
        if known is not None:
            if owner is known:
                return Finding(known, transport.serial, None, apart)
            absorbed = self._absorbed(transport.serial, owner) if is_ours else None
            return Finding(self._with_words_of(known, owner) if is_ours else known,
                           transport.serial if is_ours else None, absorbed, apart)  # fmt: skip
        if owner is not None and is_ours:
            return Finding(replace(owner, identity=identity), transport.serial, None, apart)
        is_new = is_ours and not self.led.is_known(transport.serial)
        lane = transport.serial if is_new else self._free_lane(identity, transport.serial)
        phone = Phone(self.draw_id(), lane, identity)
        return Finding(phone, transport.serial if is_ours else None, None, apart)

    def _absorbed(self, serial: str, owner: Phone | None) -> str | None:
        """Return the lane that ends since it is a phone's that is known by another one; None for none."""
        if owner is not None:
            return owner.serial
        return None if self.led.is_known(serial) else serial  # else what leads nowhere here is another host's

    def _known(self, identity: Identity) -> Phone | None:
        for lane in sorted(self._by_number.get(identity.serialno, ())):
            known = self.phones[lane].identity
            if known is not None and known.is_same(identity):
                return self.phones[lane]
        return None

    def _is_shared(self, transport: Transport, known: Phone | None) -> bool:
        """Return whether a serial names more than one phone, so that it can be nobody's."""
        others = any(t.serial == transport.serial and t.key != transport.key for t in self._present() if t.is_ready)
        numbered = self._by_number.get(transport.serial, set()) - ({known.serial} if known else set())
        return others or bool(numbered)

    def _is_shared_number(self, serial: str) -> bool:
        return not self.led.is_known(serial) and len(self._by_number.get(serial, ())) > 1

    def _there_too(self, identity: Identity, known: Phone | None) -> tuple[str, ...]:
        """Return the lanes of other phones that could be this one, were they not there at the same time."""
        there = {self._asked[t.connection] for t in self._transports if t.connection in self._asked}
        alike = {lane for lane in self._by_number.get(identity.serialno, ()) if self._may_be(lane, identity)}
        return tuple(sorted(there & alike - ({known.serial} if known else set())))

    def _may_be(self, lane: str, identity: Identity) -> bool:
        other = self.phones[lane].identity
        return other is not None and other.may_be(identity)

    @staticmethod
    def _with_words_of(known: Phone, absorbed: Phone | None) -> Phone:
        if absorbed is None:
            return known
        return replace(known, name=known.name or absorbed.name, tags=known.tags or absorbed.tags)

    def _free_lane(self, identity: Identity, serial: str) -> str:
        """Return a lane for a phone that cannot have the serial it is reached at."""
        number = "phone" if identity.serialno in NO_NUMBER else identity.serialno
        names = [number, f"{number}-{identity.android_id[:6]}", f"{number}-{identity.android_id}"]
        names += [f"{number}-{count}" for count in range(2, len(self.led) + 4)]
        free = (name for name in names if name != serial and not self.led.is_known(name))
        return next(name for name in free if self.lane(name) == name)

    def accept(self, finding: Finding, transport: Transport) -> None:
        """Take a finding that was stored: from now on the transport leads to its phone."""
        phone, lane = finding.phone, finding.phone.serial
        if finding.absorbed not in (None, lane):
            self._drop(str(finding.absorbed), into=lane)
        self._put(phone)
        if finding.attach is not None:
            self.led.lead(finding.attach, lane)
        for other in finding.apart:
            self.refuse(other, phone.id)
            self.refuse(lane, self.phones[other].id)
        if self.is_current(transport):
            self._asked[transport.connection] = lane

    def refuse(self, lane: str, phone_id: str) -> None:
        """Note that a phone is known not to be another one."""
        phone = self.phones[lane]
        self._put(replace(phone, refused=phone.refused | {phone_id}))

    def met(self, phone: Phone) -> None:
        """Take a phone that was stored and could not be asked yet."""
        self._put(phone)

    def describe(self, lane: str, name: str, tags: Sequence[str]) -> None:
        """Take a name and tags that were stored."""
        self._put(replace(self.phones[lane], name=name, tags=tuple(tags)))

    def _put(self, phone: Phone) -> None:
        self._unindex(phone.serial)
        self.phones[phone.serial] = phone
        if not self.led.is_lane(phone.serial):
            self.led.lead(phone.serial, phone.serial)
        if phone.identity is not None:
            self._by_number[phone.identity.serialno].add(phone.serial)
        if phone.name:
            self._names[name_key(phone.name)] = phone.serial

    def _unindex(self, lane: str) -> None:
        before = self.phones.pop(lane, None)
        if before is None:
            return
        if before.identity is not None:
            self._by_number[before.identity.serialno].discard(lane)
        if before.name:
            self._names.pop(name_key(before.name), None)

    def _drop(self, lane: str, *, into: str) -> None:
        """Let a lane end; what leads to it leads to another one."""
        self._unindex(lane)
        self.led.drop(lane, into=into)
        for connection, owner in list(self._asked.items()):
            if owner == lane:
                self._asked[connection] = into

    # -- adoption --------------------------------------------------------------------------------------

    def questions(self, lane: str) -> list[Question]:
        """Return what a person must say about a phone that is not there."""
        return [] if lane in self._usable() else self._questions().get(lane, [])

    def adoption(self, question: Question) -> Adoption:
        """Return what happens when the present phone is the one that is meant. Nothing changes until `adopted`."""
        former, present = self.phones[question.former], self.phones[question.present]
        words = {"name": former.name or present.name, "tags": former.tags or present.tags}
        after = replace(present, serial=former.serial, **words)
        if former.identity is None:
            return Adoption(former.serial, present.serial, after, None)
        lane = self._free_lane(former.identity, former.serial)
        number = former.identity.serialno
        own = [s for s in self.serials(former.serial) if s == number != _number_of(after) and s != former.serial]
        gone = replace(former, serial=lane, name="", tags=(), refused=former.refused | {present.id})
        return Adoption(former.serial, present.serial, after, gone, tuple(own))

    def adopted(self, done: Adoption) -> None:
        """Take an adoption that was stored."""
        self._unindex(done.lane)
        self._drop(done.left, into=done.lane)
        self._put(done.present)
        if done.former is not None:
            self._put(done.former)
            for serial in done.kept:
                self.led.lead(serial, done.former.serial)

    # -- what they are now -----------------------------------------------------------------------------

    def views(self, before: Mapping[str, View], now_ms: int) -> dict[str, View]:
        """Return the devices that were listed since the start, or about which there is a question, by lane."""
        listed: defaultdict[str, list[Transport]] = defaultdict(list)
        for transport in self._transports:
            lane = self._asked.get(transport.connection) if transport.is_ready else None
            lane = lane or self.led.here_at(transport.serial)
            if lane or not self.led.is_known(transport.serial):  # else it is another host's: this one is unknown yet
                listed[lane or transport.serial].append(transport)
        questions = self._questions()
        return {
            lane: self._view(lane, listed.get(lane, ()), questions.get(lane, []), before.get(lane), now_ms)
            for lane in listed.keys() | (questions.keys() | before.keys()) & self.phones.keys()
        }

    def _usable(self) -> dict[str, list[Transport]]:
        """Return the transports of each phone that has said who it is."""
        usable: defaultdict[str, list[Transport]] = defaultdict(list)
        for transport in self._transports:
            if transport.is_ready and transport.connection in self._asked:
                usable[self._asked[transport.connection]].append(transport)
        return usable

    def _questions(self) -> dict[str, list[Question]]:
        """Return, for each phone that is not there, who else answers in its place."""
        usable = self._usable()
        found: defaultdict[str, dict[str, Question]] = defaultdict(dict)
        for present, transports in usable.items():
            phone = self.phones[present]
            for transport in transports:
                self._ask_about(found, self.led.here_at(transport.serial), phone, transport.serial)
            assert phone.identity is not None
            for lane in self._by_number.get(phone.identity.serialno, ()):
                if self._may_be(lane, phone.identity):
                    self._ask_about(found, lane, phone, transports[0].serial)
        return {lane: list(by_present.values()) for lane, by_present in found.items() if lane not in usable}

    def _ask_about(self, found: Mapping[str, dict[str, Question]], lane: str | None, present: Phone, at: str) -> None:
        former = self.phones.get(lane or "")
        if former is None or former.serial == present.serial or present.id in former.refused:
            return
        is_reset = self._may_be(present.serial, former.identity) if former.identity else False
        found[former.serial].setdefault(present.serial, Question(former.serial, present.serial, at, is_reset))

    def _view(
        self,
        lane: str,
        transports: Sequence[Transport],
        questions: Sequence[Question],
        before: View | None,
        now_ms: int,
    ) -> View:
        usable = [t for t in transports if t.is_ready and self._asked.get(t.connection) == lane]
        former = before.transport if before else None
        if are_two(usable) or are_two([t for t in transports if t.id is None and t.state is not DeviceState.ABSENT]):
            return View(in_state(lane, DeviceState.SHARED_SERIAL, {}, before, now_ms))
        if usable:
            best = best_of(usable, former)
            kept = former is not None and any(t.connection == former.connection for t in usable)
            return View(in_state(lane, DeviceState.ONLINE, {}, before if kept else None, now_ms), best)
        if questions:
            state, facts = questioned(questions)
            return View(in_state(lane, state, facts, before, now_ms))
        state, facts = told_of(transports)
        return View(in_state(lane, state, facts, before, now_ms))

    def device(self, serial: str, last_seen_ms: int) -> Device | None:
        """Return a device that is not listed; None when it is not on record."""
        owner = self.led.anywhere(serial)
        if owner is not None and owner != serial:
            return Device(serial, DeviceState.FORMER_NAME, last_seen_ms, {"now": owner})
        if owner is None and (self.led.is_known(serial) or self._is_shared_number(serial)):
            return Device(serial, DeviceState.SHARED_SERIAL, last_seen_ms)
        return Device(serial, DeviceState.ABSENT, last_seen_ms) if owner is not None else None


def _number_of(phone: Phone) -> str:
    """Return a phone's serial number; "" when it has none."""
    return phone.identity.serialno if phone.identity else ""
