"""The same post for the same target, twice: by two callers, by a retry, an undo, or a change."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest

from fleetlane.core.account import NewAccount
from fleetlane.core.errors import ConflictError
from fleetlane.core.journal import Phase
from fleetlane.core.outcome import failed
from fleetlane.core.retrying import PassedOver
from fleetlane.core.task import Status
from fleetlane.scripts.script import Planned
from fleetlane.work.preflight.repeats import RepeatWindow, content_key
from fleetlane.work.tasks.patching import Patch
from support.making import Making
from support.rig import VIDEO
from support.scheduler_harness import DONE

HOUR_S = 60 * 60


def run(work):
    return asyncio.run(work)


@pytest.fixture
def making(tmp_path):
    with Making(tmp_path / "s.db") as made:
        yield made


def test_of_many_callers_at_once_one_wins(making):
    callers = 24
    gate = threading.Barrier(callers)

    def call(_number):
        gate.wait()
        try:
            return run(making.ask("a")).task_ids[0]
        except ConflictError as error:
            return error.data["task_id"]

    with ThreadPoolExecutor(callers) as threads:
        found = list(threads.map(call, range(callers)))
    assert len(set(found)) == 1, "the others are told of the one that won"


@pytest.mark.parametrize("state", ["waits", "runs", "in doubt", "unknown", "published"])
def test_a_post_is_refused_while_its_like(making, state):
    async def scenario():
        first = (await making.ask("a")).task_ids[0]
        if state != "waits":
            await making.scheduler.tick()
        if state == "in doubt":
            unseen = failed("outcome_unknown")
            assert await making.store.write(lambda r: r.tasks.look_later(first, 1, unseen, 0, making.clock.now_ms()))
        if state in ("unknown", "published"):
            await making.end(first, failed("outcome_unknown") if state == "unknown" else DONE)
        with pytest.raises(ConflictError) as refused:
            await making.ask("a")
        assert refused.value.data["task_id"] == first
        assert refused.value.data["repeats"][0]["target"] == "a"

    run(scenario())


def test_a_failed_or_stopped_one_does_not_count(making):
    async def scenario():
        stopped = (await making.ask("a")).task_ids[0]
        await making.changes.stop(stopped)
        lost = (await making.ask("a")).task_ids[0]
        await making.scheduler.tick()
        await making.end(lost, failed("app_crashed"))
        await making.ask("a")

    run(scenario())


def test_what_was_published_is_refused_for_an_hour_and_told_of_for_a_week(making):
    async def scenario():
        first = (await making.ask("a")).task_ids[0]
        await making.publish(first)
        making.clock.advance(HOUR_S - 1)
        with pytest.raises(ConflictError):
            await making.ask("a")
        making.clock.advance(2)
        again = await making.ask("a")
        assert [issue.code for issue in again.issues] == ["repeat"]
        await making.changes.stop(again.task_ids[0])
        making.clock.advance(7 * 24 * HOUR_S)
        assert not (await making.ask("a")).issues

    run(scenario())


def test_with_the_window_off_nothing_is_refused(tmp_path):
    async def scenario(making):
        await making.ask("a")
        assert [issue.code for issue in (await making.ask("a")).issues] == ["repeat"]

    with Making(tmp_path / "s.db", window=RepeatWindow.of(0, 7)) as making:
        run(scenario(making))


async def _account(making, name, serial="a", platform="tiktok"):
    await making.accounts.add(NewAccount(name, platform, serial))


def test_one_phone_is_one_target_unless_both_name_their_accounts(making):
    async def scenario():
        for name in ("one", "two"):
            await _account(making, name)
        await making.ask(usernames=["one"])
        await making.ask(usernames=["two"])
        with pytest.raises(ConflictError):
            await making.ask(usernames=["@ONE"])
        with pytest.raises(ConflictError):
            await making.ask("a")  # whoever is signed in may be one of them
        await making.ask("b")

    run(scenario())


def test_an_account_that_moved_to_another_phone_is_the_same_target(making):
    async def scenario():
        await _account(making, "one")
        first = (await making.ask(usernames=["one"])).task_ids[0]
        await making.publish(first)
        [account] = await making.accounts.export()
        await making.accounts.delete(account.id)
        await _account(making, "one", serial="b")
        with pytest.raises(ConflictError):
            await making.ask(usernames=["one"])

    run(scenario())


def test_the_same_name_on_another_platform_is_another_target(making):
    async def scenario():
        for platform, serial in (("tiktok", "a"), ("instagram", "b")):
            await _account(making, "one", serial, platform)
        await making.ask(usernames=["one"], config={"platform": "tiktok"})
        await making.ask(usernames=["one"], config={"platform": "instagram"})

    run(scenario())


def test_an_app_that_is_not_named_may_be_any(making):
    async def scenario():
        await making.ask("a")
        with pytest.raises(ConflictError):
            await making.ask("a", config={"platform": "instagram"})

    run(scenario())


def test_the_content_is_what_the_file_holds_not_what_it_is_called(making):
    async def scenario():
        copy = making.folder / "other.mp4"
        copy.write_bytes(VIDEO.read_bytes())
        await making.ask("a")
        with pytest.raises(ConflictError):
            await making.ask("a", config={"material_list": [str(copy)], "captions": "hello\r\n"})
        copy.write_bytes(VIDEO.read_bytes() + b"\0\0\0\x08free")
        await making.ask("a", config={"material_list": [str(copy)]})

    run(scenario())


def test_what_cannot_be_read_is_not_compared(making):
    async def scenario():
        for _ in range(2):
            await making.ask("a", config={"material_list": [str(making.folder / "none.mp4")]})

    run(scenario())


@pytest.mark.parametrize("at_first", [None, VIDEO.read_bytes() + b"\0\0\0\x08free"], ids=["missing", "another"])
def test_what_was_published_counts_as_what_it_was_then(making, at_first):
    """The file came, or was replaced, after its task was made."""

    async def scenario():
        file = making.folder / "late.mp4"
        config = {"material_list": [str(file)]}
        if at_first:
            file.write_bytes(at_first)
        [task_id] = (await making.ask("a", config=config)).task_ids
        file.write_bytes(VIDEO.read_bytes())
        assert await making.scheduler.tick() == 1
        task = making.executor.running[task_id]
        facts = {"media_sha256": [sha256(VIDEO.read_bytes()).hexdigest()], "caption": "hello"}
        await making.store.write(lambda r: r.attempts.set_phase(task.id, task.attempt, Phase.PREPARED, facts, 0))
        await making.end(task_id, DONE)
        with pytest.raises(ConflictError) as refused:
            await making.ask("a")
        assert refused.value.data["task_id"] == task_id

    run(scenario())


def test_a_retry_an_undo_and_a_change_ask_the_same(making):
    async def scenario():
        first = (await making.ask("a")).task_ids[0]
        stopped = await making.changes.stop(first)
        second = (await making.ask("a")).task_ids[0]
        with pytest.raises(ConflictError):
            await making.changes.retry(first, force=False)
        with pytest.raises(ConflictError):
            await making.changes.undo(stopped)
        assert (await making.task(first)).status is Status.FAILED, "nothing was changed"
        third = (await making.ask("b")).task_ids[0]
        with pytest.raises(ConflictError) as refused:
            await making.patching.patch(third, Patch({"serial"}, serial="a"))
        assert refused.value.data["task_id"] == second
        await making.patching.patch(third, Patch({"serial"}, serial="a", allow_repeat=True))
        await making.patching.patch(second, Patch({"start_at"}, start_at="2099-01-01T00:00:00Z", allow_repeat=True))
        await making.changes.retry(first, force=False, allow_repeat=True)

    run(scenario())


def test_retry_all_and_start_ask_the_same(making):
    async def scenario():
        failing = (await making.ask("a", start_at="2099-01-01T00:00:00Z")).task_ids[0]
        await making.store.write(lambda r: r.tasks.miss(failing, making.clock.now_ms(), 1, failed("missed_start")))
        twin = (await making.ask("a")).task_ids[0]
        done = await making.retry_all()
        assert (done.task_ids, [(one.task_id, one.why) for one in done.skipped]) == ([], [(failing, PassedOver.REPEAT)])
        waiting = (await making.ask("a", start_at="2099-01-01T00:00:00Z", allow_repeat=True)).task_ids[0]
        with pytest.raises(ConflictError) as refused:
            await making.decisions.start(waiting)
        assert refused.value.data["task_id"] == twin
        assert (await making.task(waiting)).scheduled_ms is not None, "nothing was changed"
        await making.decisions.start(waiting, allow_repeat=True)

    run(scenario())


def test_of_two_that_failed_with_the_same_post_retry_all_takes_one(making):
    async def scenario():
        ids = []
        for _ in range(2):
            [task_id] = (await making.ask("a", start_at="2099-01-01T00:00:00Z")).task_ids
            await making.store.write(
                lambda r, i=task_id: r.tasks.miss(i, making.clock.now_ms(), 1, failed("missed_start"))
            )
            ids.append(task_id)
        for dry_run in (True, False):
            done = await making.retry_all(dry_run=dry_run)
            assert (done.task_ids, [one.why for one in done.skipped]) == ([ids[0]], [PassedOver.REPEAT]), dry_run
        assert [(await making.task(i)).status for i in ids] == [Status.PENDING, Status.FAILED]

    run(scenario())


def test_a_task_is_no_repeat_of_itself(making):
    async def scenario():
        task_id = (await making.ask("a")).task_ids[0]
        await making.patching.patch(task_id, Patch({"start_at"}, start_at="2099-01-01T00:00:00Z"))
        await making.changes.stop(task_id)
        await making.changes.retry(task_id, force=False)

    run(scenario())


def test_the_key_knows_order_text_kind_and_app():
    one = Planned(text="x", shape="video reel")
    keys = {
        content_key(one, ["a", "b"], "tiktok"),
        content_key(one, ["b", "a"], "tiktok"),
        content_key(one, ["a", "b"], "instagram"),
        content_key(one, ["a", "b"], None),
        content_key(Planned(text="y", shape="video reel"), ["a", "b"], "tiktok"),
        content_key(Planned(text="x", shape="video story"), ["a", "b"], "tiktok"),
    }
    assert len(keys) == 6
    assert max(map(len, keys)) <= 64, "the column is no wider"
