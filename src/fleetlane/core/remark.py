"""What a task says of itself: messages in a row, which each reader gets in his language.

Beside what an error code means (`core.outcome.FAILURES`), `RemarkTemplate` is the one list of what remarks say in
fixed words. What a script, an app or an error says in words of its own stays as it is, in every language.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from fleetlane.core.message import VERBATIM, Message, verbatim
from fleetlane.core.storable import LONGEST_TEXT, text


class RemarkTemplate(StrEnum):
    """What remarks say, in templates (`core.message`)."""

    PUBLISHED = "Published on @%(account)s."
    SEEN_LATER = "Published on @%(account)s, as a later look at its profile shows."
    DRY_RUN = "Dry run: everything up to Post was done, nothing was published."
    PERSON_SAW_IT = "Published: a person looked at the profile and said so."
    PERSON_SAW_NOTHING = "A person looked at the profile and said so."
    AFTERWARDS = "Published. Afterwards:"
    SERVER_ENDED = "The server ended after Post may have been pressed."
    UNSEEN = "Post may have been pressed, and it could not be seen what became of it."
    LOOKED_FOR = "The profile is looked at before anything else on this phone; Post is not pressed again."
    LOOKED_FOR_AGAIN = "The profile is looked at again between other tasks on this phone; Post is not pressed again."
    STOPPED_LATE = "It was stopped after Post had been pressed: that cannot be taken back."
    STOPPED_UNSEEN = "It was stopped before the profile was looked at."
    UNSEEN_FOR_SECONDS = "It could not be seen on phone %(serial)s within %(seconds)s seconds."
    UNSEEN_FOR_MINUTES = "It could not be seen on phone %(serial)s within %(minutes)s minutes."
    PROFILE_NOT_NOTED = "The attempt ended before it had noted the profile."
    NO_CAPTION_TO_FIND = "Only a post with a caption can be found again on the profile."
    OTHER_ACCOUNT = "Now @%(now)s is signed in, and not @%(before)s."
    SCRIPT_CANNOT_LOOK = "This script cannot look for its post."
    RESTORED = (
        "A backup was restored, and the task may have run after the backup was made. Look at the profile: then resolve "
        "it, or retry it with force."
    )
    REPEATS_WAITING = "The same post waits or runs already as task %(task)s."
    REPEATS_UNKNOWN = "Nobody knows whether the same post went out with task %(task)s."
    REPEATS_PUBLISHED = "The same post was published with task %(task)s."
    PASSED_OVER = "Passed over in the folder:"
    RESULT_CUT = "Not all of its result could be kept:"
    END_LOST = "What the script reported at its end could not be stored."
    LATE_BY_DAYS = "It was %(days)s d %(hours)s h late."
    LATE_BY_HOURS = "It was %(hours)s h %(minutes)s min late."
    LATE_BY_MINUTES = "It was %(minutes)s min late."
    HELD = "A person decides: post it now, move it, or drop it."
    RETRIED = "It is tried again, %(number)s of %(most)s. Before:"

    def filled(self, **facts: str) -> Message:
        """Return the message; `facts` fill its places."""
        return Message(self.value, facts)


@dataclass(frozen=True, slots=True)
class Remark:
    """Messages in a row. `str()` gives them in English, as the API shows them."""

    messages: tuple[Message, ...] = ()

    @classmethod
    def of(cls, *parts: Remark | Message | str) -> Remark:
        """Return what some parts say together. Text is taken as it is; a `RemarkTemplate` must have no places."""
        return cls(tuple(message for part in parts for message in _messages(part)))

    @classmethod
    def of_json(cls, said: str, kept: object) -> Remark:
        """Return a remark that was stored as its English text and as JSON (`as_json`).

        The text is what was said. It is returned as it is when the JSON does not give it: it is of an older version,
        or somebody has changed the text.
        """
        try:
            remark = cls(tuple(map(Message.of_json, cast("list[object]", kept)))) if isinstance(kept, list) else cls()
        except ValueError:
            return cls.of(said)
        return remark if str(remark) == said else cls.of(said)

    def __str__(self) -> str:
        """Return it in English."""
        return " ".join(map(str, self.messages))

    def __bool__(self) -> bool:
        """Return whether it says anything."""
        return bool(self.messages)

    def as_json(self) -> list[Any]:
        """Return its messages as JSON keeps them: none when no page would translate any of them."""
        if all(message.template == VERBATIM for message in self.messages):
            return []
        return [message.as_json() for message in self.messages]

    def without(self, template: str) -> Remark:
        """Return it without its first message, when that is of this template."""
        first = next(iter(self.messages), None)
        return Remark(self.messages[1:]) if first is not None and first.template == template else self

    def storable(self) -> Remark:
        """Return it so that it can be stored: halves of characters are replaced, and it ends after `LONGEST_TEXT`.

        A message that cannot be kept whole is kept as the text it gives in English.
        """
        kept: list[Message] = []
        left = LONGEST_TEXT
        for number, message in enumerate(self.messages, 1):
            said = str(message)
            clean = text(said, max(left, 0))
            clean = clean if kept else clean.lstrip()
            clean = clean if number < len(self.messages) else clean.rstrip()
            if clean:
                kept.append(message if clean == said else verbatim(clean))
            left -= len(said) + 1
        return Remark(tuple(kept))


def _messages(part: object) -> Iterator[Message]:
    match part:
        case Remark():
            yield from part.messages
        case Message():
            yield part
        case RemarkTemplate():
            yield part.filled()
        case _ if part:  # a script's, which may be no plain text
            yield verbatim(str.__str__(part) if isinstance(part, str) else str(part))
        case _:
            return
