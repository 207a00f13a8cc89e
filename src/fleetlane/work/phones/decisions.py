"""What people say of phones: what one is called, and which one is meant where another one answers."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from fleetlane.core.errors import ConflictError, NotFoundError
from fleetlane.core.phone_book import PhoneBook
from fleetlane.core.phones import Adoption, Question
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.work.phones.lane_merges import Moves, adopt, tidy
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.running.lanes import Lanes

log = structlog.get_logger(__name__)


class PhoneDecisions:
    """Stores what people say, and lets the book know. The caller sees to it that nobody writes meanwhile.

    Args:
        book: of the phones.
        store: remembers them.
        clock: the time.
        lanes: say which phones are in use.
        window: for how long a post is not to be repeated.
    """

    def __init__(self, book: PhoneBook, store: Store, clock: Clock, lanes: Lanes, window: RepeatWindow) -> None:
        self._book = book
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._window = window

    async def describe(self, lane: str, name: str | None, tags: Sequence[str] | None) -> Moves:
        """Give a phone a name and tags; None leaves what is there. Returns whose tasks have come or gone.

        Raises:
            NotFoundError: it is not on record.
            ConflictError: another phone is meant by that name.
        """
        phone = self._book.phones.get(lane)
        if phone is None:
            raise NotFoundError("device", lane)
        new_name = phone.name if name is None else name.strip()
        other = self._book.taken_name(new_name, lane) if new_name else None
        if other is not None:
            raise ConflictError(f"{new_name!r} means device {other} already. Choose another name.")
        new_tags = phone.tags if tags is None else tuple(tags)

        def change(repositories: Repositories) -> Moves:
            repositories.devices.describe(lane, new_name, new_tags)
            # the name may have been used before any phone had it
            return tidy(repositories, self._clock.now_ms(), self._window)

        moves = await self._store.write(change)
        self._book.describe(lane, new_name, new_tags)
        return moves

    async def adopt(self, lane: str, *, keep_present: bool) -> Moves:
        """Say whether the phone that answers in another one's place takes it. Returns whose tasks have come or gone.

        Raises:
            NotFoundError: it is not on record.
            ConflictError: no other phone answers there, or a task runs on one of the two.
        """
        if lane not in self._book.phones:
            raise NotFoundError("device", lane)
        question = self._question_of(lane)
        if keep_present:
            return await self._adopt(question)
        refused = self._book.phones[question.present].id
        await self._store.write(lambda r: r.devices.refuse(lane, refused))
        self._book.refuse(lane, refused)
        return ()

    def _question_of(self, lane: str) -> Question:
        questions = self._book.questions(lane)
        if not questions:
            raise ConflictError(f"No other phone answers for device {lane}: there is nothing to decide.")
        if len(questions) > 1:
            raise ConflictError(f"Several phones answer for device {lane}. Unplug all but the one that is meant.")
        return questions[0]

    async def _adopt(self, question: Question) -> Moves:
        for lane in filter(self._lanes.is_in_use, (question.former, question.present)):
            raise ConflictError(f"Device {lane} is in use. Wait for the end of its task, or give it back, first.")
        done: Adoption = self._book.adoption(question)
        host_id = self._book.host_id
        moves = await self._store.write(lambda r: adopt(r, done, self._clock.now_ms(), self._window, host_id))
        self._book.adopted(done)
        log.info("phone_adopted", device=done.lane, was=done.left, former=done.former and done.former.serial)
        return moves
