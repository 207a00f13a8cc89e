"""The languages of the pages: gettext catalogues, and which of them a request wants."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources

from fastapi import Request

LANGUAGES = {"en": "English", "zh": "中文", "it": "Italiano"}
COOKIE = "fleetlane_language"


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the texts of a language, as `make messages` has compiled them."""
    if language == "en":
        return NullTranslations()
    with resources.files("fleetlane.dashboard").joinpath("texts", f"{language}.mo").open("rb") as compiled:
        return GNUTranslations(compiled)


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name
    """Mark a sentence for the catalogues."""
    return sentence


def wanted(request: Request) -> str:
    """Return the language for a request: the one chosen, else the first known one that the browser names."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    for _, tag in sorted(_named(request.headers.get("Accept-Language", "")), key=lambda pair: -pair[0]):
        primary = tag.partition("-")[0]
        if primary in LANGUAGES:
            return primary
    return "en"


def _named(header: str) -> list[tuple[float, str]]:
    found: list[tuple[float, str]] = []
    for part in header[:1000].split(","):
        tag, _, weight = part.strip().lower().partition(";q=")
        try:
            found.append((float(weight or 1), tag))
        except ValueError:
            continue  # a weight that is no number: not a wish
    return found
