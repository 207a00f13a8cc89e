"""Patches of screen packs: the few lines of a pack that its user has fixed, laid over the whole of it.

A patch says which app's pack it `patches`, and holds the same keys as a pack. What it holds

- `words`, `more_words`: is added to the words of that name;
- `elements`: takes the place of the element of that name, or is a new one;
- `alternatives`: selectors that an element has as well, tried after its own;
- `screens`: takes the place of the rule of that name, where that stands. A new rule comes last, unless it says
  `before: SCREEN`;
- `written`, `packages`, `met`, and whatever else packs have: is added;
- `facts`: takes the former's place, name by name;
- `version`: is named after that of the pack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from fleetlane.core.document import mapping
from fleetlane.core.errors import PackError
from fleetlane.scripts.packs.source import Placed, place

Document = Mapping[str, Any]
PATCHES = "patches"
MORE_WORDS = "more_words"
_LAID_ON = {"alternatives": "elements", "words": MORE_WORDS}


def patched(pack: Document, patch: Document, file: str) -> dict[str, Any]:
    """Return a pack's document with a patch laid over it; neither is changed.

    Args:
        pack: the document of the pack.
        patch: that of the patch.
        file: what the patch is called in errors.

    Raises:
        PackError: the patch names what the pack does not have, or holds something of another kind. Keys that packs do
            not have are left for whoever reads the whole.
    """
    laid = {_LAID_ON.get(key, key) for key in patch if key != PATCHES}
    return {**pack, **{key: _LAYERS.get(key, _added(key))(pack, patch, file) for key in sorted(laid)}}


def _version(pack: Document, patch: Document, file: str) -> str:
    del file
    return " + ".join(str(one["version"]) for one in (pack, patch) if one.get("version"))


def _over(key: str) -> Callable[[Document, Document, str], Any]:
    def lay(pack: Document, patch: Document, file: str) -> Any:
        return {**pack.get(key, {}), **mapping(patch[key], place(file, patch, key))}

    return lay


def _added(key: str) -> Callable[[Document, Document, str], Any]:
    def lay(pack: Document, patch: Document, file: str) -> Any:
        return _sum(pack.get(key), patch[key], place(file, patch, key))

    return lay


def _sum(former: Any, new: Any, where: str) -> Any:
    """Return texts or lists one after the other, each item once; of mappings the same, name by name."""
    if any(isinstance(one, dict) for one in (former, new)):
        old = mapping(former or {}, where)
        return {**old, **{name: _sum(old.get(name), value, where) for name, value in mapping(new, where).items()}}
    joined = [*_listed(former), *_listed(new)]
    return [item for number, item in enumerate(joined) if item not in joined[:number]]


def _listed(value: Any) -> list[Any]:
    return list(cast("list[Any]", value)) if isinstance(value, list) else [] if value is None else [value]


def _words(pack: Document, patch: Document, file: str) -> Any:
    """Add to the words of the languages, whose lists a pack's own `words` would take the place of."""
    more = pack.get(MORE_WORDS, {})
    for key in ("words", MORE_WORDS):
        more = _sum(more, patch.get(key, {}), place(file, patch, key))
    return more


def _elements(pack: Document, patch: Document, file: str) -> Any:
    given, more = (mapping(patch.get(key, {}), place(file, patch, key)) for key in ("elements", "alternatives"))
    elements = {**pack.get("elements", {}), **given}
    for name, selectors in more.items():
        if name not in elements:
            raise PackError(place(file, more, "alternatives"), f"there is no element {name!r}")
        elements[name] = [*_listed(elements[name]), *_listed(selectors)]
    return elements


def _screens(pack: Document, patch: Document, file: str) -> list[Any]:
    rules = list(pack.get("screens", []))
    for index, rule in enumerate(_listed(patch["screens"])):
        where = place(file, rule, f"screens[{index}]")
        name = mapping(rule, where).get("name")
        names = [one.get("name") for one in rules]
        before = rule.get("before")
        if before is not None and before not in names:
            raise PackError(where, f"there is no screen {before!r} that it could come before")
        bare = Placed({key: value for key, value in rule.items() if key != "before"})
        bare.file, bare.line = getattr(rule, "file", file), getattr(rule, "line", 0)
        if name in names and before in (None, name):
            rules[names.index(name)] = bare
            continue
        rules = [one for one in rules if one.get("name") != name]
        at = [one.get("name") for one in rules].index(before) if before is not None else len(rules)
        rules.insert(at, bare)
    return rules


_LAYERS: Mapping[str, Callable[[Document, Document, str], Any]] = {
    "version": _version,
    "facts": _over("facts"),
    "elements": _elements,
    MORE_WORDS: _words,
    "screens": _screens,
}
