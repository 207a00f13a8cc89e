"""The verbs of screen packs: the one list of what a pack may ask for.

`scripts.navigator` and the scripts carry them out; a new move is added here and there.
"""

from __future__ import annotations

# Done to an element of the screen.
ELEMENT_VERBS = frozenset(
    {"tap", "tap_last", "tap_or_back", "tap_or_scroll", "confirm", "consent", "open_accounts", "premature", "fail"}
)
# Done without one.
PLAIN_VERBS = frozenset(
    {"back", "wait", "unlock", "open_app", "person", "pick_media", "pick_account", "create_row", "open_newest"}
)
# Those that end the task; their argument is an error code.
ENDING_VERBS = frozenset({"fail", "person", "consent"})
