"""A picture of an explanation: the screen's nodes as boxes, those that it is about in colour and numbered."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from fleetlane.core.screens.screen import Node
from fleetlane.scripts.packs.explain import Explanation

_WIDTH = 480
_PAPER, _LINE, _FOUND, _MISSED = "#ffffff", "#c8ccd4", "#1a7f4b", "#c62828"
_MOST_NODES = 1000


def marked(explanation: Explanation) -> Mapping[int, tuple[int, bool]]:
    """Return the numbers of the nodes that an explanation is about, by their identity; and whether each was missed.

    They are numbered from 1 in the order in which the explanation names them.
    """
    named: dict[int, tuple[int, bool]] = {}
    for node, is_missed in _named(explanation):
        named.setdefault(id(node), (len(named) + 1, is_missed))
    return named


def _named(explanation: Explanation) -> Sequence[tuple[Node, bool]]:
    own = [(node, False) for node in explanation.found]
    for rule in explanation.near:
        own += [(node, True) for miss in rule.misses for node in miss.nodes]
        own += [(node, False) for node in rule.found]
    return own


def picture_of(explanation: Explanation, shot: bytes | None = None) -> bytes:
    """Return a picture (PNG, 480 pixels wide): green boxes were found, red ones are what nearly fitted or was too much.

    Args:
        explanation: whose nodes are drawn.
        shot: a picture of the same screen to draw on; on white paper when there is none, or it is no picture.
    """
    tree = explanation.view.tree
    scale = _WIDTH / tree.width
    size = (_WIDTH, max(1, round(tree.height * scale)))
    image = _paper(size, shot)
    draw = ImageDraw.Draw(image)
    numbers = marked(explanation)
    for node in explanation.view.nodes[:_MOST_NODES]:
        draw.rectangle(_box(node, scale, size), outline=_LINE)
    for node in explanation.view.nodes:
        if (mark := numbers.get(id(node))) is not None:
            _mark(draw, _box(node, scale, size), *mark)
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def _paper(size: tuple[int, int], shot: bytes | None) -> Image.Image:
    if shot is not None:
        try:
            with Image.open(io.BytesIO(shot)) as taken:
                return taken.convert("RGB").resize(size)  # pyright: ignore[reportUnknownMemberType]
        except (UnidentifiedImageError, OSError):
            return Image.new("RGB", size, _PAPER)
    return Image.new("RGB", size, _PAPER)


def _box(node: Node, scale: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    box = node.bounds
    left, top = round(box.left * scale), round(box.top * scale)
    right, bottom = min(round(box.right * scale), size[0]) - 1, min(round(box.bottom * scale), size[1]) - 1
    return left, top, max(left, right), max(top, bottom)


def _mark(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], number: int, is_missed: bool) -> None:
    colour = _MISSED if is_missed else _FOUND
    draw.rectangle(box, outline=colour, width=3)
    label = str(number)
    draw.rectangle((box[0], box[1], box[0] + 9 * len(label) + 6, box[1] + 17), fill=colour)
    draw.text((box[0] + 3, box[1] + 1), label, fill=_PAPER, font=ImageFont.load_default(14))
