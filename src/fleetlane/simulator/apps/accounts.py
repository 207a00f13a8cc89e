"""Accounts of a simulated app, and the posts their profiles show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(slots=True)
class Post:
    """A post as its profile shows it. `posted_at_s` is on the phone's clock."""

    kind: str
    caption: str
    plays: str
    posted_at_s: float
    placement: str = ""
    pinned: bool = False
    shown_after_s: float = 0.0
    """How long after that the profile shows it."""


@dataclass(slots=True)
class Account:
    """An account signed in to an app on one phone."""

    handle: str
    name: str
    posts: list[Post] = field(default_factory=list[Post])
    shown: list[Post] = field(default_factory=list[Post])
    """What the profile grid shows: refreshed late, as on a phone."""
    stories: list[Post] = field(default_factory=list[Post])
    """What its story shows, oldest first."""


class SignsIn(Protocol):
    """What accounts are signed in to: an app."""

    accounts: list[Account]


def standard_account(app: SignsIn, handle: str, name: str, *, older_posts: int = 3) -> Account:
    """Sign an account in to an app, with some older posts on its profile."""
    plays = ["1,559", "118.6K", "2.1M", "3.5K", "42"]
    posts = [
        Post("video", f"older post {number}", plays[number % len(plays)], -1000.0 * (number + 1))
        for number in range(older_posts)
    ]
    account = Account(handle, name, posts, list(posts))
    app.accounts.append(account)
    return account
