"""With a version of an app that is new to all, one phone posts first; the others wait, and say so."""

from __future__ import annotations

import asyncio
from datetime import UTC

import pytest

from fleetlane.core.errors import NotFoundError
from fleetlane.core.journal import Phase
from fleetlane.core.outcome import PublishState, failed, succeeded
from fleetlane.work.tasks.pending_reasons import PendingReasons
from support.making import Making

TIKTOK, INSTAGRAM = "com.zhiliaoapp.musically", "com.instagram.android"
NEW = "99.0.1"


@pytest.fixture
def making(tmp_path):
    with Making(tmp_path / "s.db", canary=True) as made:
        made.waiting = PendingReasons(made.devices, made.lanes, made.scheduler, made.clock, UTC)
        yield made


async def has(making, version, *serials):
    for serial in serials:
        facts = {"apps": {TIKTOK: version, INSTAGRAM: "446.1"}}
        await making.store.write(lambda r, s=serial, f=facts: r.devices.seen(s, making.clock.now_ms(), f))


async def posts(making, *serials, **config):
    """Ask for one post for each phone; return the task of each."""
    made = await making.ask(*serials, config={"platform": "tiktok", **config}, allow_repeat=True)
    return made.task_ids


async def published(making, task_id, package=TIKTOK):
    journal = {"app": package}
    await making.store.write(lambda r: r.attempts.set_phase(task_id, 1, Phase.PREPARED, journal, 0))
    await making.end(task_id, succeeded("Published.", PublishState.PUBLISHED, {}))


async def reason(making, task_id):
    task = await making.store.read(lambda r: r.tasks.get(task_id))
    return "; ".join(map(str, making.waiting.reasons(task)))


def run(work):
    return asyncio.run(work)


def test_the_others_wait_for_the_first_and_say_so_until_it_has_published(making):
    async def scenario():
        await has(making, NEW, "a", "b")
        first, second = await posts(making, "a", "b")
        assert await making.scheduler.tick() == 1
        assert await making.scheduler.tick() == 0, "the one that waits is not asked for again and again"
        said = await reason(making, second)
        assert said.startswith(f"device a to publish first with TikTok {NEW}, which is new")
        await published(making, first)
        assert await making.canary.new_versions() == []
        assert await making.scheduler.tick() == 1

    run(scenario())


def test_a_first_post_that_fails_lets_nobody_go_and_a_person_does(making):
    async def scenario():
        await has(making, NEW, "a", "b")
        first, _ = await posts(making, "a", "b")
        await making.scheduler.tick()
        await making.end(first, failed("screen_unrecognised"))
        assert await making.scheduler.tick() == 0
        canary = making.canary
        [new] = await canary.new_versions()
        assert (new.app, new.package, new.version, new.canary, new.waiting) == ("tiktok", TIKTOK, NEW, "a", ["b"])
        await canary.let_go(TIKTOK, NEW)
        assert await making.scheduler.tick() == 1
        assert making.scheduler.withheld("b") is None
        assert await canary.new_versions() == []
        with pytest.raises(NotFoundError, match=r"no wait for a first post with com\.zhiliaoapp\.musically 99\.0\.1"):
            await canary.let_go(TIKTOK, NEW)

    run(scenario())


@pytest.mark.parametrize(
    ("version", "config"),
    [("47.0.3", {}), (NEW, {"dry_run": True}), (NEW, {"platform": "instagram"}), (None, {})],
    ids=["a version its pack is made from", "a rehearsal", "another app", "versions that are not known"],
)
def test_what_is_not_new_or_publishes_nothing_does_not_wait(making, version, config):
    async def scenario():
        if version:
            await has(making, version, "a", "b")
        await posts(making, "a", "b", **config)
        assert await making.scheduler.tick() == 2

    run(scenario())


def test_the_first_is_another_when_the_former_has_that_version_no_more(making):
    async def scenario():
        await has(making, NEW, "a", "b")
        first, _ = await posts(making, "a", "b")
        await making.scheduler.tick()
        await making.end(first, failed("screen_unrecognised"))
        await has(making, "47.0.3", "a")
        making.clock.jump(making.clock.now_ms() / 1000 + 31)
        assert await making.canary.new_versions() == [], "nobody is first with it"
        assert await making.scheduler.tick() == 1, "looked at again after half a minute, b is the first now"
        assert making.scheduler.withheld("b") is None
        assert [new.canary for new in await making.canary.new_versions()] == ["b"]

    run(scenario())


def test_each_of_several_new_versions_has_its_own_canary(making):
    async def scenario():
        await has(making, NEW, "a", "b")
        await has(making, "99.0.2", "c", "d")
        canary, tasks = making.canary, await posts(making, "a", "c", "b", "d")
        asked = [
            await making.store.write(lambda r, t=task, s=serial: canary.withholds(r, t, s))
            for task, serial in zip(tasks, "acbd", strict=True)
        ]
        assert asked == [False, False, True, True], "b waits for a, d for c"

    run(scenario())


def test_a_task_that_only_looks_for_its_post_does_not_wait(making):
    async def scenario():
        await has(making, NEW, "a")
        [first] = await posts(making, "a")
        await making.scheduler.tick()
        journal = {"app": TIKTOK, "caption": "hello", "profile": {}, "verifies": 1}
        for phase in (Phase.PREPARED, Phase.ARMED, Phase.TAPPED):
            await making.store.write(
                lambda r, p=phase: r.attempts.set_phase(first, 1, p, {**journal, "profile": {"x": 1}}, 0)
            )
        canary = making.canary
        assert await making.store.read(lambda r: canary.withholds(r, first, "b")) is False, "b never said what it has"
        await has(making, NEW, "b")
        assert await making.store.read(lambda r: canary.withholds(r, first, "b")), "a is the first"
        await making.end(first, failed("outcome_unknown", unseen=True))
        assert (await making.store.read(lambda r: r.tasks.get(first))).in_doubt
        assert not await making.store.read(lambda r: canary.withholds(r, first, "b")), "it publishes nothing any more"
        assert not await making.store.read(lambda r: canary.withholds(r, 999, "b")), "it was deleted"

    run(scenario())
