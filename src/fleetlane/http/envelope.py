"""The envelope of every answer: `{"code", "message", "data"}`."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")


class Envelope(BaseModel, Generic[T]):
    """A successful answer."""

    code: Literal[0] = Field(description="0: success")
    message: Literal["success"] = Field(description="Always this word")
    data: T = Field(description="What was asked for")


class FieldProblem(BaseModel):
    """One wrong field of a request."""

    field: str = Field(description="Dotted path of the field, such as script_config.captions")
    message: str = Field(description="What is wrong with it")


class ErrorData(BaseModel):
    """What an error answer carries beside its sentence; each code has its own part."""

    errors: list[FieldProblem] | None = Field(None, description="40001: every field that is wrong")
    supported: list[str] | None = Field(None, description="40003: the scripts that are offered")
    error_id: str | None = Field(None, description="50001: names the line in the server's log")


class ErrorEnvelope(BaseModel):
    """An answer that is not a success. The HTTP status is `code // 100`."""

    code: int = Field(description="See the table of codes", examples=[40001])
    message: str = Field(description="A sentence for people")
    data: ErrorData | None = Field(description="More of some codes, else null")


def success(data: Any) -> dict[str, Any]:
    """Return the envelope of a successful answer."""
    return {"code": 0, "message": "success", "data": data}
