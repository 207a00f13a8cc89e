"""Collects the texts of the pages into the catalogues, and compiles these; run by `make messages`.

What was translated stays; new texts come in empty, and a test fails until somebody translates them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from fleetlane.core.checkup import TITLES
from fleetlane.core.device import NOT_READY
from fleetlane.core.outcome import REMARKS
from fleetlane.dashboard.languages import LANGUAGES
from fleetlane.dashboard.schema_form import fields
from fleetlane.scripts.registry import scripts
from fleetlane.settings import Settings
from fleetlane.work.content.sheets.account_sheet import WARNINGS
from fleetlane.work.tasks.issue_templates import issue_templates
from fleetlane.work.tasks.pending_reasons import REASONS

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "fleetlane"
DASHBOARD, SCRIPTS = PACKAGE / "dashboard", PACKAGE / "scripts"
CHECKUP, CORE = PACKAGE / "adapters" / "android" / "checkup", PACKAGE / "core"
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}


def texts() -> Iterator[str]:
    """Yield every text that a page shows: its own, and those of scripts, settings and tasks."""
    options = {"templates/**.html": {"trimmed": "false"}}
    for _, _, message, _, _ in extract_from_dir(DASHBOARD, _METHODS, options, _KEYWORDS):
        yield message if isinstance(message, str) else message[0]
    for _, _, message, _, _ in extract_from_dir(SCRIPTS, _METHODS[:1], keywords={"step": None}):
        yield message if isinstance(message, str) else message[0]
    for script in scripts().values():
        if script.listed:
            yield script.summary
            yield from (field.description for field in fields(script.schema()) if field.description)
    yield from (field.description for field in Settings.model_fields.values() if field.description)
    for folder in (CHECKUP, CORE):
        for _, _, message, _, _ in extract_from_dir(folder, _METHODS[:1], keywords={"said": None}):
            yield message if isinstance(message, str) else message[0]
    yield from TITLES.values()
    yield from (*REMARKS, *REASONS, *NOT_READY.values(), *WARNINGS, *issue_templates())


def catalogue(language: str) -> Catalog:
    """Return a language's catalogue as it is kept."""
    with (DASHBOARD / "texts" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def compiled(language: str) -> bytes:
    """Return a language's catalogue as the server reads it; the same again, whenever it is compiled."""
    out, texts_ = BytesIO(), catalogue(language)
    texts_.creation_date = texts_.revision_date = _NO_DATE
    write_mo(out, texts_)
    return out.getvalue()


def main() -> None:
    """Write the catalogues anew, and compile them."""
    wanted = list(dict.fromkeys(texts()))
    for language in LANGUAGES:
        if language == "en":
            continue
        former = catalogue(language)
        made = Catalog(locale=language, project="Fleetlane", fuzzy=False)
        missing = 0
        for text in wanted:
            known = former.get(text)
            made.add(text, string=known.string if known else "")
            missing += not (known and known.string)
        with (DASHBOARD / "texts" / f"{language}.po").open("wb") as file:
            write_po(file, made, width=120, omit_header=True, sort_output=True)
        (DASHBOARD / "texts" / f"{language}.mo").write_bytes(compiled(language))
        print(f"{language}.po: {len(wanted)} texts, {missing} to translate")


if __name__ == "__main__":
    main()
