"""A person at the library: uploads, looks, describes; and chooses files for a task, uploading one on the spot."""

from __future__ import annotations

import struct

import pytest
from PIL import Image
from playwright.sync_api import expect

from support.rig import VIDEO

pytestmark = pytest.mark.phone
NOTE_PROGRESS = """() => {
    window.seen = [];
    new MutationObserver(() => seen.push(document.querySelector("progress").value))
        .observe(document.querySelector("#upload-progress output"), { childList: true });
}"""


def padded(folder, name, size_bytes):
    """Return a video of a size: MP4 lets anything lie in a free box."""
    file = folder / name
    file.write_bytes(
        VIDEO.read_bytes() + struct.pack(">I4s", size_bytes, b"free") + name.encode().ljust(size_bytes - 8)
    )
    return file


def test_a_video_and_an_image_are_uploaded_seen_described_and_deleted(page, tmp_path):
    video, image = padded(tmp_path, "clip.mp4", 30_000_000), tmp_path / "photo.png"
    Image.new("RGB", (60, 80), "teal").save(image)
    page.goto("/materials?tag=shown")
    expect(page.locator("#live")).to_contain_text("No file fits this filter.")
    page.evaluate(NOTE_PROGRESS)
    page.set_input_files("#file", [video, image])
    page.fill("#tags", "shown")
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".toast")).to_contain_text("2 files are in the library.")
    assert max(page.evaluate("seen")) == 100
    expect(page.locator("#upload-progress")).to_be_hidden()
    expect(page.locator("ul.media > li")).to_have_count(2)
    page.wait_for_function("() => document.querySelector('video.picture').readyState >= 1")
    page.wait_for_function("() => document.querySelector('img.picture').naturalWidth === 60")
    page.get_by_role("link", name="photo.png").click()
    page.fill("#caption", "a <b>caption</b>")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".toast")).to_contain_text("The change is kept.")
    page.reload()
    expect(page.locator("#caption")).to_have_value("a <b>caption</b>")
    page.click("#delete")
    page.wait_for_url("**/materials")
    expect(page.get_by_role("link", name="photo.png")).to_have_count(0)


def test_a_file_that_is_refused_says_why_and_leaves_the_form_as_it_was(page, tmp_path):
    wrong = tmp_path / "wrong.mp4"
    wrong.write_text("this is a text")
    page.goto("/new")
    page.fill("[name='config.captions']", "kept")
    page.set_input_files("#upload", wrong)
    expect(page.locator(".toast.failed")).to_contain_text("is not what its name says")
    expect(page.locator("[name='config.captions']")).to_have_value("kept")
    expect(page.locator("#library")).to_be_visible()


def test_a_task_posts_the_file_that_was_uploaded_in_its_form(page, server, phones, tmp_path):
    serial = phones.fleet.serials[0]
    page.goto("/new")
    page.check(f"input[name=serials][value='{serial}']")
    page.set_input_files("#upload", padded(tmp_path, "fresh.mp4", 1000))
    chosen = page.locator("#library input:checked")
    expect(chosen).to_have_count(1)
    page.fill("#choose-tag", "nothing has this tag")
    page.press("#choose-tag", "Enter")
    expect(page.locator("#library li")).to_have_count(1)
    expect(chosen).to_have_count(1)
    page.fill("[name='config.captions']", "from the form")
    expect(page.locator("#preview tbody")).to_contain_text("from the form")
    page.click("#create")
    page.wait_for_url("**/tasks/*")
    expect(page.locator("h1 .badge")).to_have_text("completed", timeout=60_000)
    task = server.task(int(page.url.rpartition("/")[2]))
    [path] = task["script_config"]["material_list"]
    assert path.startswith(server.settings.materials_dir.as_posix())
    assert phones.fleet.ledger.entries[-1]["caption"] == "from the form"
