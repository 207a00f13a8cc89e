"""The one table from errors to the numbers the API and the pages answer with; the first three digits are the status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fleetlane.core.errors import (
    BodyTooLargeError,
    ConflictError,
    FleetlaneError,
    ForeignRequestError,
    InvalidParametersError,
    LicenseRefusedError,
    NoEnabledAccountError,
    NotFoundError,
    ScriptNameMissingError,
    ScriptUnknownError,
    ServerBusyError,
    StoreBusyError,
    StoreFullError,
    TokenRequiredError,
    TooManyRequestsError,
    UnsupportedMediaTypeError,
)

INTERNAL_ERROR = 50001
CODES: Sequence[tuple[type[FleetlaneError], int]] = (
    (InvalidParametersError, 40001),
    (ScriptNameMissingError, 40002),
    (ScriptUnknownError, 40003),
    (NoEnabledAccountError, 40004),
    (TokenRequiredError, 40101),
    (LicenseRefusedError, 40301),
    (ForeignRequestError, 40302),
    (NotFoundError, 40401),
    (ConflictError, 40901),
    (BodyTooLargeError, 41301),
    (UnsupportedMediaTypeError, 41501),
    (TooManyRequestsError, 42901),
    (StoreBusyError, 50301),
    (ServerBusyError, 50301),
    (StoreFullError, 50701),
)
MEANINGS: Mapping[int, str] = {
    40001: "Invalid parameters; data.errors lists every wrong field",
    40002: "script_name is missing or empty",
    40003: "The script is unknown; data.supported lists those that are offered",
    40004: "No enabled account could be found for the request",
    40101: "A token is required, or the one given is wrong",
    40301: "The licence plan has no API access",
    40302: "Refused by the localhost guard: foreign Host or Origin",
    40401: "No such task, device, account, material or route",
    40901: "The state does not allow it, or it would repeat a post; data.repeats lists which",
    41301: "The body is over the limit",
    41501: "The body is not JSON",
    42901: "Too many requests",
    50001: "Internal error; data.error_id names the log line",
    50301: "The store or the server is busy; try again after Retry-After seconds",
    50701: "The disk is full",
}


def code_of(error: FleetlaneError) -> int:
    """Return the API's code for an error."""
    return next((code for kind, code in CODES if isinstance(error, kind)), INTERNAL_ERROR)
