"""What `core.ports.execution.Executor` says, held by every executor."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from contracts.executors import EXECUTORS, LocalBench
from fleetlane.core.outcome import PublishState, failed, succeeded
from fleetlane.core.ports.execution import Ending
from fleetlane.core.task import Source, Status, Task

DONE = succeeded("Published.", PublishState.PUBLISHED, {"app": "x"})
FIRST = Task(1, "b", 0, "post", {}, "a", None, Source.API, 1, Status.RUNNING, 0, 0, attempt=2)
NEXT, OTHER = replace(FIRST, id=2), replace(FIRST, id=3, serial="b")


@pytest.fixture(params=EXECUTORS.values(), ids=EXECUTORS)
def make(request):
    """Makes a bench, whose ends come into a queue after `also` was awaited with them."""

    @asynccontextmanager
    async def made(also=None):
        ends = asyncio.Queue()

        async def ended(event):
            if also is not None:
                await also(event)
            ends.put_nowait(event)

        bench = request.param(ended)
        bench.ends = ends
        try:
            yield bench
        finally:
            await bench.shut_down()

    return made


async def end_of(bench):
    return await asyncio.wait_for(bench.ends.get(), 10)


async def nothing_more(bench):
    """Let everything happen that is under way, and say that no end is among it."""
    await bench.shut_down()
    await asyncio.sleep(0)
    assert bench.ends.empty()


def run(scenario):
    asyncio.run(scenario())


def test_an_attempt_ends_once_with_the_task_that_was_started_and_its_own_outcome(make):
    async def scenario():
        async with make() as bench:
            bench.executor.start(FIRST)
            assert bench.ends.empty(), "the end comes after the start"
            await bench.finish(FIRST, DONE)
            end = await end_of(bench)
            assert end.task is FIRST
            assert (end.outcome, end.ending, end.interrupted, end.outcome_unseen) == (
                DONE,
                Ending.FINISHED,
                False,
                False,
            )
            await nothing_more(bench)

    run(scenario)


def test_a_failure_is_an_end_by_its_own_work(make):
    async def scenario():
        async with make() as bench:
            bench.executor.start(FIRST)
            await bench.finish(FIRST, failed("app_crashed"))
            end = await end_of(bench)
            assert (end.outcome.error_code, end.ending) == ("app_crashed", Ending.FINISHED)

    run(scenario)


def test_each_attempt_has_its_own_end(make):
    async def scenario():
        async with make() as bench:
            bench.executor.start(FIRST)
            bench.executor.start(OTHER)
            await bench.finish(OTHER, DONE)
            assert (await end_of(bench)).task is OTHER
            await bench.finish(FIRST, failed("app_crashed"))
            assert (await end_of(bench)).task is FIRST

    run(scenario)


def test_a_stop_ends_an_attempt_once_and_is_no_interruption(make):
    async def scenario():
        async with make() as bench:
            bench.executor.start(FIRST)
            bench.executor.stop(FIRST)
            assert bench.ends.empty(), "to stop takes its time"
            bench.executor.stop(FIRST)
            end = await end_of(bench)
            assert (end.task, end.outcome.error_code, end.ending) == (FIRST, "stopped", Ending.FINISHED)
            bench.executor.stop(FIRST)
            await nothing_more(bench)

    run(scenario)


def test_a_stop_of_what_does_not_run_changes_nothing(make):
    async def scenario():
        async with make() as bench:
            bench.executor.stop(OTHER)
            bench.executor.start(FIRST)
            bench.executor.stop(replace(FIRST, attempt=1))
            bench.executor.stop(OTHER)
            await asyncio.sleep(0)
            await bench.finish(FIRST, DONE)
            assert (await end_of(bench)).outcome is DONE
            bench.executor.stop(FIRST)
            bench.executor.start(replace(FIRST, attempt=3))
            bench.executor.stop(FIRST)
            await bench.finish(FIRST, DONE)
            assert (await end_of(bench)).task.attempt == 3
            await nothing_more(bench)

    run(scenario)


def test_a_worker_that_has_lost_the_phone_has_lost_the_attempt(make):
    async def scenario():
        async with make() as bench:
            bench.executor.start(FIRST)
            await bench.lose(FIRST)
            end = await end_of(bench)
            assert (end.task, end.outcome.error_code) == (FIRST, "server_interrupted")
            assert (end.ending, end.interrupted) == (Ending.LOST, True)

    run(scenario)


def test_a_server_that_stops_interrupts_what_runs(make):
    async def scenario():
        async with make() as bench:
            for task in (FIRST, OTHER):
                bench.executor.start(task)
            await bench.shut_down()
            ends = [await end_of(bench) for _ in range(2)]
            assert {end.task.id for end in ends} == {FIRST.id, OTHER.id}
            assert {(end.outcome.error_code, end.ending) for end in ends} == {("stopped", Ending.INTERRUPTED)}

    run(scenario)


def test_the_phone_is_free_when_the_end_comes(make):
    async def scenario():
        async def go_on(event):
            if event.task is FIRST:
                bench.executor.start(NEXT)

        async with make(go_on) as bench:
            bench.executor.start(FIRST)
            await bench.finish(FIRST, DONE)
            assert (await end_of(bench)).task is FIRST
            await bench.finish(NEXT, DONE)
            assert (await end_of(bench)).task is NEXT

    run(scenario)


def test_an_end_that_cannot_be_taken_yet_holds_up_no_other_phone(make):
    async def scenario():
        taken = asyncio.Event()

        async def wait(event):
            if event.task is FIRST:
                await taken.wait()

        async with make(wait) as bench:
            bench.executor.start(FIRST)
            bench.executor.start(OTHER)
            slow = asyncio.create_task(bench.finish(FIRST, DONE))
            await asyncio.sleep(0)
            await bench.finish(OTHER, DONE)
            assert (await end_of(bench)).task is OTHER
            taken.set()
            assert (await end_of(bench)).task is FIRST
            await slow

    run(scenario)


@pytest.mark.parametrize("where", ["broken", "refusing"])
def test_what_runs_an_attempt_and_fails_ends_it_all_the_same(where):
    """Only an executor that has machinery can have it break."""

    async def scenario():
        ends = asyncio.Queue()
        bench = LocalBench(ends.put)
        getattr(bench, where).add("a")
        bench.executor.start(FIRST)
        assert ends.empty()
        end = await asyncio.wait_for(ends.get(), 10)
        assert (end.task, end.ending, end.interrupted) == (FIRST, Ending.BROKE, False)
        assert not end.outcome.ok
        bench.executor.start(OTHER)
        await bench.finish(OTHER, DONE)
        assert (await asyncio.wait_for(ends.get(), 10)).outcome is DONE
        await bench.shut_down()

    run(scenario)


STOPPED, UNKNOWN, GONE = failed("stopped"), failed("outcome_unknown"), failed("server_interrupted")


@pytest.mark.parametrize(
    ("outcome", "asked", "ending"),
    [
        (DONE, {"stopping": True}, Ending.FINISHED),
        (failed("app_crashed"), {"lost": True}, Ending.FINISHED),
        (STOPPED, {}, Ending.FINISHED),
        (UNKNOWN, {}, Ending.FINISHED),
        (STOPPED, {"stopping": True}, Ending.INTERRUPTED),
        (UNKNOWN, {"stopping": True}, Ending.INTERRUPTED),
        (STOPPED, {"lost": True}, Ending.LOST),
        (UNKNOWN, {"lost": True}, Ending.LOST),
        (STOPPED, {"lost": True, "stopping": True}, Ending.LOST),
        (GONE, {}, Ending.LOST),
        (GONE, {"stopping": True}, Ending.INTERRUPTED),
        (GONE, {"broke": True}, Ending.LOST),
        (failed("script_error"), {"broke": True}, Ending.BROKE),
        (failed("script_error"), {"broke": True, "stopping": True}, Ending.BROKE),
    ],
)
def test_how_an_attempt_has_ended_is_what_it_says_and_why_it_was_to_end(outcome, asked, ending):
    assert Ending.of(outcome, **asked) is ending
