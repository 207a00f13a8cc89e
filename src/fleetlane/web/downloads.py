"""Answers that are files."""

from __future__ import annotations

from fastapi import Response

SHEET_MEDIA_TYPES = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
"""Media types of exported sheets, by what their names end with."""


def trace_file_response(name: str, content: bytes) -> Response:
    """Return a trace's file as an answer. A tree holds a phone's texts: it is never more than text to a browser."""
    kind = "image/jpeg" if name.endswith(".jpg") else "text/plain; charset=utf-8"
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=kind, headers=headers)
