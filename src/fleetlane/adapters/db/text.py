"""Columns of text, and looking for a piece of it.

SQLite keeps any text, of any length, and compares byte by byte; on PostgreSQL a column is made to do the same.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Dialect, String, Text, TypeDecorator
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine


class _PlainText(TypeDecorator[str]):
    """Text of any length, in the order of its code points. What PostgreSQL keeps in none is left out: NUL."""

    impl = Text(collation="C")
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        del dialect
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def string(length: int) -> TypeEngine[str]:
    """Return the type of a text that is at most so long; whoever writes it sees to that."""
    return String(length).with_variant(_PlainText(), "postgresql")


def text_of_any_length() -> TypeEngine[str]:
    """Return the type of a text of any length."""
    return Text().with_variant(_PlainText(), "postgresql")


def contains(column: Column[Any], text: str) -> ColumnElement[bool]:
    """Return the condition that a column holds `text`, whatever its case; `%` and `_` mean themselves."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return column.ilike(f"%{escaped}%", escape="\\")
