"""What will make a task fail, as things are now: by what is on record of phones, accounts, library and files."""

from __future__ import annotations

import asyncio
import threading
from hashlib import sha256

import pytest

from fleetlane.adapters.media import FileInspector
from fleetlane.core.account import NewAccount
from fleetlane.core.errors import InvalidParametersError
from fleetlane.core.journal import Phase
from fleetlane.core.material import MaterialDescription, NewMaterial
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import FAILURES, PublishState, succeeded
from fleetlane.core.task import NewTask, Source
from support.making import Making
from support.rig import VIDEO

TIKTOK, INSTAGRAM = "com.zhiliaoapp.musically", "com.instagram.android"


def run(work):
    return asyncio.run(work)


@pytest.fixture
def making(tmp_path):
    with Making(tmp_path / "s.db") as made:
        yield made


async def says(making, serial, *packages):
    """Let a phone say which apps it has."""
    facts = {"apps": dict.fromkeys(packages, "1")}
    await making.store.write(lambda r: r.devices.seen(serial, making.clock.now_ms(), facts))


async def scanned(making, serial, *accounts, config="{}", problems=()):
    """Let a scan of a phone's accounts have ended."""
    now = making.clock.now_ms()
    new = NewTask("scan", 0, "accounts_scan", config, serial, None, Source.API, 1, now, now)
    found = [{"platform": platform, "username": name} for platform, name in accounts]
    done = succeeded("", PublishState.NOT_PUBLISHED, {"accounts": found, "problems": list(problems)})

    def write(r):
        [task_id] = r.tasks.add([new])
        assert r.tasks.claim(task_id, serial, now)
        assert r.tasks.finish(task_id, 1, done, now)

    await making.store.write(write)


async def stocked(making, *names, **described):
    """Put materials into the library."""
    for name in names:
        digest = sha256(name.encode()).hexdigest()
        said = MaterialDescription(name=name, **described)
        new = NewMaterial(digest, f"{digest}.mp4", MediaKind.VIDEO, "video/mp4", 1, 1, said)
        await making.store.write(lambda r, new=new: r.materials.add(new, 0))


def test_an_app_that_the_phone_does_not_have_is_told(making):
    async def scenario():
        await says(making, "a", INSTAGRAM)
        assert making.errors(await making.ask("a", config={"platform": "tiktok"})) == {"app_not_installed"}
        assert not making.errors(await making.ask("a", config={"platform": "instagram"}))
        assert not making.errors(await making.ask("b", config={"platform": "tiktok"})), "it never said what it has"
        await says(making, "c")
        assert making.errors(await making.ask("c")) == {"app_not_installed"}

    run(scenario())


def test_the_only_app_of_a_phone_is_the_app_that_is_known(making):
    async def scenario():
        await says(making, "a", INSTAGRAM)
        await says(making, "b", TIKTOK, INSTAGRAM)
        with pytest.raises(InvalidParametersError, match="Instagram has no product links"):
            await making.ask("b", "a", config={"add_product_link": 1})
        await making.ask("b", config={"add_product_link": 1})

    run(scenario())


def test_a_version_that_no_pack_knows_is_told_until_it_has_published_here(making):
    async def scenario():
        def said(created):
            return [str(issue.sentence) for issue in created.issues if issue.code == "new_version"]

        facts = {"apps": {TIKTOK: "99.0.1", INSTAGRAM: "446.2"}}
        await making.store.write(lambda r: r.devices.seen("a", making.clock.now_ms(), facts))
        made = await making.ask("a", config={"platform": "tiktok"})
        [sentence] = said(made)
        assert "version 99.0.1 not met before" in sentence
        assert not making.errors(made)
        assert not said(await making.ask("a", config={"platform": "instagram"})), "446 is one its pack is made from"
        assert not said(await making.ask("b")), "it never said what it has"
        await making.scheduler.tick()
        journal = {"app": TIKTOK}
        await making.store.write(lambda r: r.attempts.set_phase(made.task_ids[0], 1, Phase.PREPARED, journal, 0))
        await making.end(made.task_ids[0], succeeded("Published.", PublishState.PUBLISHED, {}))
        assert not said(await making.ask("a", allow_repeat=True)), "it has published with it"

    run(scenario())


def test_an_account_that_the_last_scan_has_not_seen_is_told(making):
    async def scenario():
        for name in ("in", "out"):
            await making.accounts.add(NewAccount(name, "tiktok", "a"))
        await scanned(making, "a", ("tiktok", "in"), ("instagram", "out"))
        assert not making.errors(await making.ask(usernames=["in"]))
        assert making.errors(await making.ask(usernames=["out"])) == {"not_logged_in"}
        await scanned(making, "a", ("tiktok", "in"), ("tiktok", "Out"))
        assert not making.errors(await making.ask(usernames=["out"], allow_repeat=True)), "the newest scan counts"

    run(scenario())


def test_what_a_scan_could_not_see_is_not_known(making):
    async def scenario():
        await making.accounts.add(NewAccount("one", "tiktok", "a"))
        await scanned(making, "a", problems=[{"platform": "tiktok"}])
        assert not making.errors(await making.ask(usernames=["one"]))
        await scanned(making, "a", config='{"platform": "instagram"}')
        assert not making.errors(await making.ask(usernames=["one"], allow_repeat=True))
        await scanned(making, "a")
        assert making.errors(await making.ask("a", config={"platform": "tiktok", "captions": "x"})) == {"not_logged_in"}

    run(scenario())


def test_the_library_is_counted_against_the_targets_and_those_who_wait(making):
    async def scenario():
        await stocked(making, "one", "two")
        made = await making.ask("a", "b", "c", config={"material_list": []})
        assert [issue.target for issue in made.issues if issue.code == "media_not_enough"] == ["c"]
        assert making.errors(await making.ask("d", config={"material_list": []})) == {"media_not_enough"}

    run(scenario())


def test_library_files_of_others_and_with_other_tags_do_not_count(making):
    async def scenario():
        await stocked(making, "mine", username="@one")
        await stocked(making, "tagged", tags=("food",))
        wanted = {"material_list": [], "materials_tags": "Food"}
        library = {"material_list": []}
        assert not making.errors(await making.ask("a", config=wanted, start_at="2098-01-01T00:00:00Z"))
        assert making.errors(await making.ask("b", config={**wanted, "materials_tags": "dance"})) == {
            "media_not_enough"
        }
        made = await making.ask(usernames=["two", "three"], config=library)
        assert [issue.target for issue in made.issues if issue.code == "media_not_enough"] == ["three"]

    run(scenario())


def test_a_folder_is_counted_without_what_was_used(making):
    async def scenario():
        root = making.folder / "clips"
        root.mkdir()
        (root / "one.mp4").write_bytes(VIDEO.read_bytes())
        (root / "caption.txt").write_text("#a #b #c #d #e #f", encoding="utf-8")
        config = {"material_list": [], "material_source": "localFolder", "material_path": str(root)}
        await making.accounts.add(NewAccount("one", "tiktok", "a"))
        assert making.errors(await making.ask(usernames=["one"], config=config)) == {"caption_too_long"}
        (root / "caption.txt").unlink()
        digest = sha256(VIDEO.read_bytes()).hexdigest()
        await making.store.write(lambda r: r.materials.take_files("tiktok:one", [digest], 99, 0))
        assert making.errors(await making.ask(usernames=["one"], config=config)) == {"media_not_enough"}
        (root / "@other").mkdir()
        (root / "one.mp4").unlink()
        made = await making.ask("z", config=config)
        assert (making.errors(made), made.issues[0].code) == (set(), "not_checked"), "whose folder it is is not known"

    run(scenario())


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("a.mp4", b"no video", "media_invalid"), ("a.txt", b"x", "media_invalid"), ("a.jpg", None, "media_invalid")],
)
def test_a_file_that_is_not_what_it_should_be_is_told(making, name, content, code):
    async def scenario():
        file = making.folder / name
        file.write_bytes(VIDEO.read_bytes() if content is None else content)
        assert making.errors(await making.ask("a", config={"material_list": [str(file)]})) == {code}

    run(scenario())


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/etc/none.mp4", "../../../../etc/hosts", "a\0b.mp4", "~nobody-here/x.mp4"]
)
def test_what_lies_outside_is_told_alike_whether_it_is_there_or_not(making, path):
    async def scenario():
        made = await making.ask("a", config={"material_list": [path]})
        assert making.errors(made) == {"media_missing"}

    run(scenario())


class Slow(FileInspector):
    """Looks at nothing before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def inspect(self, path, timeout_s=None):
        if not self.go_on.wait(timeout_s):
            raise TimeoutError
        return super().inspect(path, timeout_s)


def test_a_look_that_takes_too_long_is_told_and_forbids_nothing(tmp_path):
    async def scenario(making):
        made = await making.ask("a")
        assert [issue.code for issue in made.issues] == ["not_checked"]

    with Making(tmp_path / "s.db", slow := Slow(), inspect_max_s=0.05) as making:
        run(scenario(making))
        slow.go_on.set()


def test_files_are_looked_at_outside_of_every_transaction(tmp_path):
    async def scenario(making):
        asked = asyncio.ensure_future(making.ask("a"))
        assert await making.add("b"), "the store is free meanwhile, and so is the event loop"
        assert not asked.done()
        slow.go_on.set()
        assert (await asked).task_ids

    slow = Slow()
    with Making(tmp_path / "s.db", slow) as making:
        run(scenario(making))


def test_twenty_targets_read_their_files_once(tmp_path):
    read: list[str] = []

    class Counting(FileInspector):
        def inspect(self, path, timeout_s=None):
            read.append(path.name)
            return super().inspect(path, timeout_s)

    async def scenario(making):
        await making.ask(*(f"p{number}" for number in range(20)))

    with Making(tmp_path / "s.db", Counting()) as making:
        run(scenario(making))
    assert read == [VIDEO.name]


def test_every_code_of_an_error_is_one_that_a_task_can_end_with(making):
    async def scenario():
        config = {"material_list": ["/none.mp4"], "captions": "#a #b #c #d #e #f"}
        made = await making.ask("a", config=config)
        assert making.errors(made) <= FAILURES.keys()

    run(scenario())


def test_an_emoji_counts_twice_as_the_apps_count_it(making):
    async def scenario():
        assert not making.errors(await making.ask("a", config={"captions": "\U0001f600" * 1100}))
        assert making.errors(await making.ask("b", config={"captions": "\U0001f600" * 1101})) == {"caption_too_long"}

    run(scenario())


@pytest.mark.parametrize(
    ("text", "too_many"),
    [
        ("#a #b #c #d #e", False),
        ("#a#b#c#d#e", False),
        ("#a#b#c#d#e#f", True),
        ("x #a#b, #c #d#e #f", True),
        ("C# F# G# A# D# B#", False),
        ("a#b#c#d#e#f#g", False),
    ],
)
def test_hashtags_count_also_without_blanks_between_them(making, text, too_many):
    async def scenario():
        assert making.errors(await making.ask("a", config={"captions": text})) == (
            {"caption_too_long"} if too_many else set()
        )

    run(scenario())
