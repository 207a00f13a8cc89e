"""Pictures of a simulated screen, drawn from its nodes (Pillow)."""

from __future__ import annotations

import io
import os
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from fleetlane.simulator.screens.nodes import SimNode
from fleetlane.simulator.screens.views import ScreenView

# A font that has Chinese is looked for; Pillow's own, without it, is the last resort.
_FONT_CANDIDATES = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "wqy-zenhei.ttc",
    "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf",
    "msyh.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "Arial Unicode.ttf",
    "DejaVuSans.ttf",
)
_FONT_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
)
_ROOM = 4  # pixels around a line: letters hang over
_DRAW_WIDTH = 360  # pictures are drawn small and scaled: they are looked at, not measured


@lru_cache(maxsize=1)
def _font_path() -> str | None:
    present: dict[str, str] = {}
    for folder in _FONT_FOLDERS:
        for directory, _, names in os.walk(Path(folder).expanduser()):
            for name in names:
                if name in _FONT_CANDIDATES:
                    present.setdefault(name, str(Path(directory) / name))
    return next((present[name] for name in _FONT_CANDIDATES if name in present), None)


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    path = _font_path()
    return ImageFont.truetype(path, size) if path else ImageFont.load_default(size)


_CACHE_SIZE = 256
_pictures: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
"""Encoded pictures by what they show, so that phones on the same screen share one."""


def screenshot(phone: ScreenView, scale: float, kind: str, quality: int) -> bytes:
    """Return a picture of the screen.

    Args:
        phone: whose screen.
        scale: 1.0 for the phone's own resolution.
        kind: "JPEG" or "PNG".
        quality: of the JPEG, 1 to 100.
    """
    roots = phone.windows() if phone.screen_on else []
    width = max(1, round(phone.size[0] * scale))
    key = (hash(phone.dump()), phone.screen_on, width, kind, quality)
    if key not in _pictures:
        _pictures[key] = _encode(_Painter(phone.size).draw(roots), phone.size, width, kind, quality)
        if len(_pictures) > _CACHE_SIZE:
            _pictures.popitem(last=False)
    return _pictures[key]


def pixels(phone: ScreenView) -> tuple[tuple[int, int], bytes]:
    """Return the size of the screen and its pixels, row by row, four bytes each: red, green, blue, alpha."""
    with Image.open(io.BytesIO(screenshot(phone, 1.0, "PNG", 0))) as picture:
        return picture.size, picture.convert("RGBA").tobytes()


def _encode(picture: Image.Image, size: tuple[int, int], width: int, kind: str, quality: int) -> bytes:
    if picture.width != width:
        height = round(size[1] * width / size[0])
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)  # pyright: ignore[reportUnknownMemberType]
    out = io.BytesIO()
    if kind == "JPEG":
        picture.save(out, "JPEG", quality=quality)
    else:
        picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


class _Painter:
    """Draws nodes."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.factor = _DRAW_WIDTH / size[0]
        self.height = round(size[1] * self.factor)

    def draw(self, roots: list[SimNode]) -> Image.Image:
        image = Image.new("RGB", (_DRAW_WIDTH, self.height), "#000000")
        canvas = ImageDraw.Draw(image)
        for root in roots:
            light = _is_light(root.background)
            self._tree(canvas, root, light=light, is_root=True)
        return image

    def _tree(self, canvas: ImageDraw.ImageDraw, node: SimNode, *, light: bool, is_root: bool = False) -> None:
        self._node(canvas, node, light=light, is_root=is_root)
        below = False if node.paint == "picture" else True if node.paint == "card" else light
        for child in node.children:
            self._tree(canvas, child, light=below)

    def _node(self, canvas: ImageDraw.ImageDraw, node: SimNode, *, light: bool, is_root: bool) -> None:
        left, top, right, bottom = (round(v * self.factor) for v in node.bounds)
        if right <= left or bottom <= top or left >= _DRAW_WIDTH:
            return
        box = (left, top, right - 1, bottom - 1)
        kind = node.class_name.rpartition(".")[2]
        if is_root and node.background and not node.modal:
            canvas.rectangle(box, fill=node.background)
        if node.paint == "card":
            canvas.rounded_rectangle(box, 8, fill="#ffffff", outline="#c8c8d0")
        elif node.paint == "picture":
            _picture(canvas, box)
        elif node.paint == "round":
            canvas.ellipse(box, fill="#8a8f98")
        elif node.paint == "keyboard":
            _keys(canvas, box)
        elif kind == "Button" and (node.text or node.desc) and not node.children:
            fill = "#fe2c55" if node.role in ("post", "share_button", "editor_next_box") else "#e9e9ee"
            canvas.rounded_rectangle(box, 6, fill=fill, outline="#d0d0d8")
        elif kind in ("EditText", "AutoCompleteTextView"):
            canvas.rectangle(box, outline="#5b8def" if node.focused else "#c8c8d0")
        label = node.text or (node.desc if not node.children and kind in ("Button", "ImageView", "TextView") else "")
        if label and not label.startswith("@21"):
            self._label(canvas, node, label, box, light=light)

    def _label(
        self,
        canvas: ImageDraw.ImageDraw,
        node: SimNode,
        label: str,
        box: tuple[int, int, int, int],
        *,
        light: bool,
    ) -> None:
        left, top, right, bottom = box
        size = max(7, min(13, int((bottom - top) * 0.7)))
        on_card = node.class_name.endswith("Button") or node.paint == "card"
        color = "#9a9aa2" if node.hint and node.text == node.hint else "#16161a" if light or on_card else "#f4f4f6"
        lines = _wrapped(label, size, max(right - left - 4, 20), max(1, (bottom - top) // (size + 2)))
        total = len(lines) * (size + 2)
        y = top + max((bottom - top - total) // 2, 0)
        for line in lines:
            width = _length(line, size)
            centred = node.class_name.endswith("Button") or width > (right - left) * 0.45
            x = left + max((right - left - width) / 2, 2) if centred and len(lines) == 1 else left + 2
            canvas.bitmap((int(x) - _ROOM, y - _ROOM), _ink(line, size, x % 1), fill=color)
            y += size + 2


@lru_cache(maxsize=4096)
def _length(line: str, size: int) -> float:
    return _font(size).getlength(line)


@lru_cache(maxsize=1024)
def _ink(line: str, size: int, shift: float) -> Image.Image:
    """Return where a line of text has ink, `_ROOM` pixels from the corner. Kept: phones show the same words."""
    image = Image.new("L", (int(_length(line, size)) + 2 * _ROOM, 2 * size + 2 * _ROOM))
    ImageDraw.Draw(image).text((_ROOM + shift, _ROOM), line, fill=255, font=_font(size))
    return image


@lru_cache(maxsize=4096)
def _wrapped(text: str, size: int, width: int, most: int) -> tuple[str, ...]:
    """Return the lines of a label. Kept: measuring text is what pictures cost most."""
    font, lines = _font(size), [""]
    for character in text.replace("\n", " "):
        if font.getlength(lines[-1] + character) > width:
            if len(lines) == most:
                break
            lines.append("")
        lines[-1] += character
    return tuple(lines)


def _picture(canvas: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    canvas.rectangle(box, fill="#3c4a5e", outline="#55657c")
    left, top, right, bottom = box
    canvas.polygon([(left, bottom), ((left + right) // 2, (top + bottom) // 2), (right, bottom)], fill="#5d7390")


def _keys(canvas: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    canvas.rectangle(box, fill="#d5d8dd")
    height = (bottom - top) // 5
    for row in range(1, 5):
        for column in range(10):
            x = left + column * (right - left) // 10
            y = top + row * height
            canvas.rounded_rectangle((x + 2, y + 2, x + (right - left) // 10 - 2, y + height - 2), 3, fill="#ffffff")


def _is_light(color: str) -> bool:
    if not color.startswith("#") or len(color) != 7:
        return False
    return sum(int(color[i : i + 2], 16) for i in (1, 3, 5)) > 3 * 140
