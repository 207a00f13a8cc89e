"""The envelope of every answer: `{"code", "message", "data"}`."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")

ALWAYS = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
}
"""Headers of every answer that does not say otherwise itself."""


class Envelope(BaseModel, Generic[T]):
    """A successful answer."""

    code: Literal[0] = Field(description="0: success")
    message: Literal["success"] = Field(description="Always this word")
    data: T = Field(description="What was asked for")


class FieldProblem(BaseModel):
    """One wrong field of a request."""

    field: str = Field(description="Dotted path of the field, such as script_config.captions")
    message: str = Field(description="What is wrong with it")
    target: str | None = Field(None, description="With strict: the device or account whose task would fail")
    code: str | None = Field(None, description="With strict: the error_code that it foretells")


class RepeatedPost(BaseModel):
    """A post that would be published twice."""

    target: str = Field(description="The device or account", examples=["R58N12ABCDE"])
    task_id: int = Field(description="The task that published it, or will", examples=[101])
    at: str = Field(description="When that was, or is due; RFC 3339", examples=["2026-11-21T14:30:41.820+08:00"])


class ErrorData(BaseModel):
    """What an error answer carries beside its sentence; each code has its own part."""

    errors: list[FieldProblem] | None = Field(None, description="40001: every field that is wrong")
    supported: list[str] | None = Field(None, description="40003: the scripts that are offered")
    task_id: int | None = Field(None, description="40901: the first task that published the same, or will")
    repeats: list[RepeatedPost] | None = Field(None, description="40901: every post that would be a repeat")
    error_id: str | None = Field(None, description="50001: names the line in the server's log")


class ErrorEnvelope(BaseModel):
    """An answer that is not a success. The HTTP status is `code // 100`."""

    code: int = Field(description="See the table of codes", examples=[40001])
    message: str = Field(description="A sentence for people")
    data: ErrorData | None = Field(description="More of some codes, else null")


def success(data: Any) -> dict[str, Any]:
    """Return the envelope of a successful answer."""
    return {"code": 0, "message": "success", "data": data}
