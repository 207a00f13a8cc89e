"""Looking for a piece of text in a column."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column
from sqlalchemy.sql.elements import ColumnElement


def contains(column: Column[Any], text: str) -> ColumnElement[bool]:
    """Return the condition that a column holds `text`, whatever its case; `%` and `_` mean themselves."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return column.ilike(f"%{escaped}%", escape="\\")
