"""The script `greet`: says which screen a phone shows, and publishes nothing.

What a script must have: https://github.com/fleetlane/fleetlane/blob/main/docs/how-to/scripts.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fleetlane.core.errors import InvalidParametersError
from fleetlane.core.outcome import Outcome, PublishState, succeeded
from fleetlane.scripts.script import Job

_LONGEST_NAME = 50


class Greet:
    """Looks at the phone once. `script_config` may hold `name`: who is greeted."""

    name = "greet"
    listed = True
    summary = "Say which screen a phone shows"

    def check(self, config: Mapping[str, Any]) -> Sequence[str]:
        """Check the settings of a request; no warnings.

        Raises:
            InvalidParametersError: `name` is no text, or too long.
        """
        name = config.get("name", "")
        if not isinstance(name, str) or len(name) > _LONGEST_NAME:
            sentence = f"must be a text of at most {_LONGEST_NAME} characters"
            raise InvalidParametersError.one("script_config.name", sentence)
        return []

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the settings: the page of new tasks makes its form of it."""
        name = {"type": "string", "maxLength": _LONGEST_NAME, "description": "Who is greeted"}
        return {"type": "object", "properties": {"name": name}}

    def preview(self, config: Mapping[str, Any], position: int, seed: int) -> str:
        """Return no text: nothing is published."""
        del config, position, seed
        return ""

    def run(self, job: Job) -> Outcome:
        """Look at the screen, as one step of the trace."""
        with job.phone.step("look at the screen"):
            screen = job.phone.look()
        name = job.task.script_config.get("name") or "you"
        found = {"app": screen.app, "screen": screen.name}
        return succeeded(f"Hello {name}: the phone shows {screen.name}.", PublishState.NOT_PUBLISHED, found)


SCRIPT = Greet()
