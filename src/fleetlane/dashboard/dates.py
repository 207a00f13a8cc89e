"""Days and months in the words of a language, from the catalogues of the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from fleetlane.dashboard.languages import N_

_MONTHS = (
    *(N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June")),
    *(N_("July"), N_("August"), N_("September"), N_("October"), N_("November"), N_("December")),
)
_WEEKDAYS = (
    *(N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday")),
)
_SHORT_WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
_MONTH = N_("%(month)s %(year)s")
_DAY = N_("%(weekday)s, %(month)s %(day)s, %(year)s")


class DateWords:
    """Writes days as people do.

    Args:
        translate: gives a text in the language.
    """

    def __init__(self, translate: Callable[[str], str]) -> None:
        self._translate = translate

    def month(self, day: date) -> str:
        """Return the month of a day and its year."""
        return self._translate(_MONTH) % {"month": self._translate(_MONTHS[day.month - 1]), "year": day.year}

    def day(self, day: date) -> str:
        """Return a whole day, its weekday first where the language says so."""
        return self._translate(_DAY) % {
            "weekday": self._translate(_WEEKDAYS[day.weekday()]),
            "month": self._translate(_MONTHS[day.month - 1]),
            "day": day.day,
            "year": day.year,
        }

    def short_weekday(self, day: date) -> str:
        """Return the weekday of a day, shortened as at the head of a calendar."""
        return self._translate(_SHORT_WEEKDAYS[day.weekday()])
