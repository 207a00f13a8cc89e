"""Blanking: what apps say to everybody stays, what people wrote becomes stand-ins.

The same word has the same stand-in, of the same length and kind of characters, all through one blanking: texts that
were equal stay equal, a name stays a name, and an emoji, which tells nobody, stays an emoji. The key is drawn anew each
time and kept nowhere, so a stand-in leads back to no word. How long words are, and which are equal, can be seen.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, cast

from fleetlane.core.screens.patterns import BoundPattern
from fleetlane.core.screens.recognition import Pack
from fleetlane.core.screens.redaction import redacted_tree
from fleetlane.core.screens.screen import normalise
from fleetlane.core.screens.selector import Selector

_ASTRAL = "[\U00010000-\U0010ffff]"
_OF_EMOJI = "\ufe0e\ufe0f\u20e3"
_MARKS = "".join(
    one for one in map(chr, range(0x300, 0xFFFF)) if unicodedata.category(one)[0] == "M" and one not in _OF_EMOJI
)
"""Combining marks: vowels and accents in many scripts."""
_WORD = re.compile(rf"(?:(?!{_ASTRAL})[^\W_][{_MARKS}]*)+|(?:(?={_ASTRAL})[^\W_])+")
"""A run of letters and digits, either within the first 65,536 characters or beyond, which a dump shows as dots."""
_LITERAL = re.compile(r"[^\W\d_]{2,}")
_NO_LITERAL = re.compile(r"\[[^\]]*(?:\]|\Z)|\\.")
_PLAIN = re.compile(r"(?:\W*+\d{1,4}+(?!\d))*+\W*+(?:[kmbw]|rb|jt|万|тыс|млн|s|h|d|min)?\W*+|\w")
"""Numbers of at most four digits, times and counts; and single characters, such as the keys of a keyboard."""
_COUNTED = re.compile(
    r"^\d{1,4}(?:[.,]\d{1,4})*+[.,]?\s*+(?:[kmb]\s++)?(?<=\s)|(?<!\s)\s++\d{1,4}(?:[.,]\d{1,4})*+[.,]?[kmb]?$"
)
_SHORT_NUMBER = re.compile(r"\d{1,4}")
_CUT = re.compile(r"(…|\.\.\.)\W*(more)?\W*$")
_CONSONANTS = "bcdfghjklmnpqrstvwxz"  # no stand-in is a word by chance
_HAN, _RARE_HAN = range(0x4E00, 0x9FA6), range(0x20000, 0x2A6D7)
_DIALOGS = ("permissioncontroller", "packageinstaller")  # they name permissions and apps, and nobody


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What apps say to everybody, normalised: whole texts, parts of texts, and what texts with numbers look like."""

    phrases: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    patterns: tuple[tuple[BoundPattern, frozenset[str]], ...] = ()
    """Each with its literal words."""

    @classmethod
    def of(cls, packs: Iterable[Pack]) -> OwnWords:
        """Return the words that screens are recognised by."""
        phrases: set[str] = set()
        parts: set[str] = set()
        patterns: dict[str, BoundPattern] = {}
        for pack in packs:
            phrases.add(normalise(pack.label))
            for selector in _selectors(pack):
                phrases |= selector.texts | selector.descs | selector.labels
                parts.update((*selector.starts, *selector.has))
                if selector.pattern is not None:
                    patterns[selector.pattern.pattern.pattern] = selector.pattern
        literal = (
            (pattern, frozenset(_LITERAL.findall(_NO_LITERAL.sub(" ", text)))) for text, pattern in patterns.items()
        )
        return cls(frozenset(phrases), frozenset(parts), tuple(one for one in literal if one[1]))


def _selectors(value: object) -> Iterator[Selector]:
    """Yield every selector inside of a value."""
    match value:
        case Selector():
            yield value
        case Mapping():
            for inner in cast("Mapping[Any, Any]", value).values():
                yield from _selectors(inner)
        case tuple():
            for inner in cast("tuple[Any, ...]", value):
                yield from _selectors(inner)
        case _ if is_dataclass(value):
            for field in fields(value):
                yield from _selectors(getattr(value, field.name))
        case _:
            return


class Blanking:
    """One blanking of texts that belong together.

    Args:
        own: what stays.
        written: texts that people surely wrote, such as the caption: what apps cut off of them is known again.
        key: fixes the stand-ins; drawn unless given.
    """

    def __init__(self, own: OwnWords, written: Iterable[str] = (), key: bytes | None = None) -> None:
        self._own = own
        self._key = key or secrets.token_bytes(16)
        self._written = {word.casefold() for text in written for word in _WORD.findall(text)}
        self._parts = re.compile("|".join(map(re.escape, sorted(own.parts, key=len, reverse=True))) or r"(?!)")
        self._known: dict[str, str] = {}

    def tree(self, xml: str) -> str:
        """Return a UI tree with its texts blanked.

        Raises:
            ValueError: it is no UI tree.
        """
        return redacted_tree(xml, self._shown)

    def _shown(self, text: str, package: str) -> str:
        return text if package.endswith(_DIALOGS) else self.text(text)

    def text(self, text: str) -> str:
        """Return a text with what people wrote blanked; what it is decided by is the whole text."""
        if text not in self._known:
            self._known[text] = self._blanked(text)
        return self._known[text]

    def words(self, text: str) -> str:
        """Return a text with every word blanked, also those of apps."""
        return _WORD.sub(lambda found: self._stand_in(found[0]), text)

    def _blanked(self, text: str) -> str:
        plain = normalise(text)
        if _PLAIN.fullmatch(plain) or {plain, _COUNTED.sub("", plain)} & self._own.phrases:
            return text
        literal = {w for pattern, words in self._own.patterns if pattern.fits(plain) for w in words}
        spans = self._part_spans(text)
        cut = _CUT.search(text)

        def shown(found: re.Match[str]) -> str:
            word = found[0]
            if any(start < found.end() and found.start() < end for start, end in spans):
                return word
            if literal and (word.casefold() in literal or _SHORT_NUMBER.fullmatch(word)):
                return word
            if cut is not None and found.end() == cut.start():
                return self._stand_in(self._whole(word))[: len(word)]
            return word if cut is not None and found.start() > cut.start() else self._stand_in(word)

        return _WORD.sub(shown, text)

    def _part_spans(self, text: str) -> list[tuple[int, int]]:
        """Return where parts stand that apps say. They may begin or end within a word."""
        lower = text.casefold().replace("’", "'")
        return [found.span() for found in self._parts.finditer(lower)] if len(lower) == len(text) else []

    def _whole(self, word: str) -> str:
        """Return the written word that a cut one begins, itself when there is none."""
        start = word.casefold()
        if start in self._written:
            return word
        return next((whole for whole in sorted(self._written) if whole.startswith(start)), word)

    def _stand_in(self, word: str) -> str:
        seed = hmac.digest(self._key, word.casefold().encode("utf-8", "surrogatepass"), "sha256")
        drawn = hashlib.shake_256(seed).digest(4 * len(word))
        numbers = (int.from_bytes(drawn[at : at + 4], "big") for at in range(0, len(drawn), 4))
        return "".join(_character(one, number) for one, number in zip(word, numbers, strict=True))


def _character(one: str, number: int) -> str:
    if one.isdecimal() and one.isascii():
        return str(number % 10)
    if one in _MARKS:
        return "\u0301"
    if ord(one) > 0xFFFF:
        return chr(_RARE_HAN[number % len(_RARE_HAN)])
    if ord(one) >= 0x370 and not unicodedata.name(one, "").startswith("LATIN"):
        return chr(_HAN[number % len(_HAN)])
    letter = _CONSONANTS[number % len(_CONSONANTS)]
    return letter.upper() if one.isupper() else letter
