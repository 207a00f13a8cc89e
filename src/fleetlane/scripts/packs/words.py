"""What apps and Android say, one file a language (`words/*.yaml`), and what is missing in them.

A word is *recorded* (a recorded tree of the real app shows it), *written* (a published write-up or a running tool has
it), or *unverified* (translated by us). A word of the section `all` serves every app that has no list of that name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from fleetlane.core.document import known_keys, mapping, strings
from fleetlane.core.errors import PackError
from fleetlane.core.screens.screen import normalise
from fleetlane.scripts.packs import source

FOR_ALL = "all"
SOURCES = ("recorded", "written", "unverified")
UNVERIFIED = "unverified"
_HEAD = ("language", "name")
_FOLDER = "words"


@dataclass(frozen=True, slots=True)
class Word:
    """One text of a language and what is known of it, one of `SOURCES`."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Language:
    """The words of a language: lists by their names, in sections by app."""

    code: str
    name: str
    sections: Mapping[str, Mapping[str, tuple[Word, ...]]]

    def counts(self) -> Counter[str]:
        """Return how many words there are of each source."""
        lists = (words for section in self.sections.values() for words in section.values())
        return Counter(word.source for words in lists for word in words)


@dataclass(frozen=True, slots=True)
class Words:
    """The words that a pack may use, by the names of their lists; `unverified` holds normalised texts."""

    lists: Mapping[str, tuple[str, ...]]
    unverified: Mapping[str, frozenset[str]]


def read_language(text: str, file: str, *, shipped: bool = False) -> Language:
    """Return the language that a YAML text describes; `shipped`: it comes with Fleetlane.

    Raises:
        PackError: it describes none; says where.
    """
    raw = mapping(source.read(text, file, shipped=shipped), file)
    if not all(raw.get(key) for key in _HEAD):
        raise PackError(file, "a language has its `language` (a code, such as fr) and its `name`")
    sections = {
        app: {name: _list(value, f"{file}: {app}.{name}") for name, value in mapping(lists, f"{file}: {app}").items()}
        for app, lists in raw.items()
        if app not in _HEAD
    }
    return Language(str(raw["language"]), str(raw["name"]), sections)


def _list(value: object, place: str) -> tuple[Word, ...]:
    raw = mapping(value, place)
    known_keys(raw, set(SOURCES), place)
    return tuple(Word(text, said) for said in SOURCES for text in strings(raw.get(said, []), place))


@cache
def languages() -> tuple[Language, ...]:
    """Return the languages that come with Fleetlane, by their codes."""
    folder = resources.files("fleetlane.scripts.packs").joinpath(_FOLDER)
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return tuple(read_language(file.read_text(encoding="utf-8"), file.name, shipped=True) for file in files)


def words_of(
    app: str,
    own: Mapping[str, Any],
    place: str,
    known: Iterable[Language] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Words:
    """Return the words of a pack.

    Args:
        app: whose they are.
        own: lists that the pack itself has, in the place of those of the languages; their owner has seen them.
        place: where they stand, for errors.
        known: the languages; those of Fleetlane unless given.
        more: lists that are added to those of the same name; who wrote them has seen them, too.

    Raises:
        PackError: one of its own lists is none.
    """
    lists: dict[str, tuple[str, ...]] = {}
    doubtful: dict[str, frozenset[str]] = {}
    found = tuple(languages() if known is None else known)
    for section in (FOR_ALL, app):
        for name in {name for language in found for name in language.sections.get(section, {})}:
            words = [word for language in found for word in language.sections.get(section, {}).get(name, ())]
            lists[name] = tuple(dict.fromkeys(word.text for word in words))
            sure = {normalise(word.text) for word in words if word.source != UNVERIFIED}
            doubtful[name] = frozenset(normalise(text) for text in lists[name]) - sure
    for name, value in own.items():
        lists[name], doubtful[name] = tuple(strings(value, f"{place}.{name}")), frozenset()
    for name, value in (more or {}).items():
        texts = strings(value, f"{place}.{name}")
        lists[name] = tuple(dict.fromkeys((*lists.get(name, ()), *texts)))
        doubtful[name] = doubtful.get(name, frozenset()) - {normalise(text) for text in texts}
    return Words(lists, doubtful)


def missing(known: Iterable[Language] | None = None) -> dict[str, list[str]]:
    """Return the lists that a language lacks and another one has, as APP.LIST by the language's code."""
    found = tuple(languages() if known is None else known)
    wanted = {(app, name) for language in found for app, lists in language.sections.items() for name in lists}
    return {
        language.code: sorted(
            f"{app}.{name}" for app, name in wanted if not language.sections.get(app, {}).get(name, ())
        )
        for language in found
    }
