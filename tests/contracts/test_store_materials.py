"""What `core.ports.library.Materials` says of the library and of what was used, held by every store."""

from __future__ import annotations

import pytest

from fleetlane.core.material import MaterialDescription, MaterialRequest, NewMaterial, UseState
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import PublishState
from fleetlane.core.ports.library import MaterialFilter

VIDEO, IMAGE = MediaKind.VIDEO, MediaKind.IMAGE
FREE, RESERVED, USED = UseState.FREE, UseState.RESERVED, UseState.USED
OUT, MAYBE, NOT_OUT = PublishState.PUBLISHED, PublishState.UNKNOWN, PublishState.NOT_PUBLISHED


def made(digest, kind=VIDEO, **described):
    mime = "video/mp4" if kind is VIDEO else "image/png"
    return NewMaterial(digest, f"{digest}.x", kind, mime, 2**33, 6000, MaterialDescription(**described))


@pytest.fixture
def add(run):
    """Stores materials; returns their ids."""
    return lambda *new: [run(lambda r, one=one: r.materials.add(one, 5))[0].id for one in new]


@pytest.fixture
def state(run):
    """Reads whether a material may be taken, and whose it is."""

    def read(material_id=1):
        found = run(lambda r: r.materials.get(material_id))
        return found.state, found.task_id

    return read


@pytest.fixture
def take(run):
    """Reserves materials; returns their hashes."""

    def taken(count, task_id=7, kind=VIDEO, **wish):
        request = MaterialRequest(kind, count, **wish)
        return [one.sha256 for one in run(lambda r: r.materials.take(request, task_id, 9))]

    return taken


def test_a_material_comes_back_as_it_was_stored_once_for_each_content(run):
    new = made("d", name="看", tags=("a", 'b"c'), caption="x, y", username="@Shop", sort=-3)
    first, was_new = run(lambda r: r.materials.add(new, 5))
    assert was_new
    assert (first.sha256, first.file, first.kind, first.mime_type) == ("d", "d.x", VIDEO, "video/mp4")
    assert (first.size_bytes, first.duration_ms, first.described) == (2**33, 6000, new.described)
    assert (first.state, first.task_id, first.created_ms) == (FREE, None, 5)
    assert run(lambda r: r.materials.add(made("d", name="other"), 9)) == (first, False)
    assert run(lambda r: (r.materials.get(first.id), r.materials.get(99))) == (first, None)


def test_lists_go_in_the_order_of_taking_and_take_what_a_filter_says(run, add, take):
    add(made("a", sort=5), made("b", IMAGE, tags=("tag", "x")), made("c", username="@Shop"), made("d", tags=("tags",)))
    take(1, username="shop")
    for wanted, expected in (
        (MaterialFilter(), "bcda"),
        (MaterialFilter(kind=IMAGE), "b"),
        (MaterialFilter(state=RESERVED), "c"),
        (MaterialFilter(tag="TAG"), "b"),
        (MaterialFilter(username="shop"), "c"),
        (MaterialFilter(kind=IMAGE, state=USED), ""),
    ):
        found = run(lambda r, w=wanted: r.materials.find(w, 0, 9))
        assert "".join(one.sha256 for one in found) == expected, wanted
        assert run(lambda r, w=wanted: r.materials.count(w)) == len(expected), wanted
    assert [one.sha256 for one in run(lambda r: r.materials.find(MaterialFilter(), 1, 2))] == ["c", "d"]


def test_what_people_say_of_a_material_can_be_changed(run, add):
    add(made("a", name="old", tags=("x",)))
    after = run(lambda r: r.materials.describe(1, MaterialDescription("new", (), "caption")))
    assert (after.described.name, after.described.tags, after.described.caption) == ("new", (), "caption")
    assert run(lambda r: r.materials.describe(99, MaterialDescription())) is None


def test_a_task_takes_as_many_as_it_wants_or_none(add, take, state):
    add(made("a"), made("b"), made("i", IMAGE))
    assert take(3) == []
    assert state() == (FREE, None)
    assert take(2, task_id=7) == ["a", "b"]
    assert (state(1), state(2), state(3)) == ((RESERVED, 7), (RESERVED, 7), (FREE, None))
    assert take(1, task_id=8) == []


def test_those_for_the_account_come_first_and_those_for_others_never(add, take):
    add(made("other", username="other"), made("any", sort=-9), made("late", username="@Shop", sort=2))
    add(made("mine", username="SHOP", sort=1))
    assert take(3, username="@shop") == ["mine", "late", "any"]
    assert take(1) == [], "what is for an account is for no task without one"


def test_any_of_the_tags_will_do_and_none_is_found_inside_another(add, take):
    add(made("a", tags=("tagged",)), made("b", tags=("x", "tag")), made("c", tags=("y",)))
    assert take(2, tags=("tag", "y")) == ["b", "c"]
    assert take(1, tags=("tag",)) == []


@pytest.mark.parametrize("end", [OUT, MAYBE, NOT_OUT])
def test_what_a_task_took_is_used_when_it_is_out_or_may_be(run, add, take, state, end):
    expected = FREE if end is NOT_OUT else USED
    add(made("a"), made("b"))
    take(1, task_id=7)
    take(1, task_id=8)
    run(lambda r: (r.materials.take_files("shop", ["f"], 7, 5), r.materials.settle(7, end, 9)))
    assert state(1) == (expected, 7 if expected is USED else None)
    assert state(2) == (RESERVED, 8)
    assert run(lambda r: r.materials.used_files("shop")) == ({"f"} if expected is USED else set())


def test_what_was_published_is_used_by_whatever_way_it_was_chosen(run, add, state):
    add(made("a"), made("b"), made("c"))
    run(
        lambda r: (
            r.materials.settle(7, OUT, 9, ["a", "not in the library"]),
            r.materials.settle(8, MAYBE, 9, ["a", "b"]),
        )
    )
    assert (state(1), state(2), state(3)) == ((USED, 7), (USED, 8), (FREE, None)), "who surely published it keeps it"


def test_what_was_used_is_free_again_when_it_was_not_out_after_all(run, add, take, state):
    add(made("a"))
    take(1)
    run(
        lambda r: (r.materials.take_files("shop", ["f"], 7, 5), r.materials.settle(7, MAYBE, 9), r.materials.release(7))
    )
    assert state() == (FREE, None)
    assert run(lambda r: r.materials.used_files("shop")) == set()


def test_what_is_sealed_stays_used(run, add, take, state):
    add(made("a"))
    take(1)
    run(lambda r: (r.materials.take_files("shop", ["f"], 7, 5), r.materials.settle(7, OUT, 9)))
    run(lambda r: (r.materials.seal(7), r.materials.release(7)))
    assert state() == (USED, None)
    assert run(lambda r: r.materials.used_files("shop")) == {"f"}


def test_what_is_reserved_is_neither_deleted_nor_freed(run, add, take, state):
    add(made("a"))
    take(1)
    assert run(lambda r: (r.materials.delete(1), r.materials.free(1))) == (None, None)
    assert state() == (RESERVED, 7)
    run(lambda r: r.materials.settle(7, OUT, 9))
    assert run(lambda r: r.materials.free(1)).state is FREE
    assert run(lambda r: r.materials.delete(1)).sha256 == "a"
    assert run(lambda r: (r.materials.get(1), r.materials.delete(1), r.materials.free(1))) == (None, None, None)
    assert add(made("a")) == [2]


def test_files_are_reserved_on_an_account_all_or_none(run):
    assert run(lambda r: r.materials.take_files("shop", ["f", "g"], 7, 5))
    assert not run(lambda r: r.materials.take_files("shop", ["h", "g"], 8, 5))
    assert run(lambda r: r.materials.take_files("shop", [], 8, 5))
    assert run(lambda r: r.materials.take_files("other", ["f"], 8, 5)), "another account has not used it"
    assert run(lambda r: (r.materials.used_files("shop"), r.materials.used_files("none"))) == ({"f", "g"}, set())
