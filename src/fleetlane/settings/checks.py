"""Checks of single settings. Each returns the value as it is kept, or says in a `ValueError` what is wrong with it."""

from __future__ import annotations

import base64
import ipaddress
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fleetlane.core.hosts import NAME, NAME_RULE
from fleetlane.core.schedule import parse_hhmm

_PUBLIC_KEY_BYTES = 32
_PUBLIC_KEY_LENGTH = 43
_PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)+")
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")


def zone(name: str) -> str:
    """Return the name of a time zone, empty for this computer's own.

    Raises:
        ValueError: there is no such zone.
    """
    if name:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a folder of zones is no zone
            raise ValueError(f'no such time zone: {name!r}; use a name such as "Europe/Rome"') from error
    return name


def hhmm(text: str) -> str:
    """Return a time of day such as 14:30, empty for none.

    Raises:
        ValueError: it is none.
    """
    if text:
        parse_hhmm(text)
    return text


def public_key(text: str) -> str:
    """Return a licensor's public key, 32 bytes in URL-safe base64.

    Raises:
        ValueError: it is none.
    """
    try:
        found = base64.urlsafe_b64decode(f"{text}=") if len(text) == _PUBLIC_KEY_LENGTH else b""
    except ValueError:
        found = b""
    if len(found) != _PUBLIC_KEY_BYTES:
        raise ValueError("this is no public key; use the line that `fleetlane license keygen` printed")
    return text


def host_name(name: str) -> str:
    """Return what a computer is called among those that share a store, empty for its own name.

    Raises:
        ValueError: it is no name.
    """
    if name and not NAME.fullmatch(name):
        raise ValueError(f"must be {NAME_RULE}")
    return name


def host(name: str) -> str:
    """Return a host name or an IPv6 address.

    Raises:
        ValueError: it is none.
    """
    if not _HOST_NAME.fullmatch(name):
        try:
            ipaddress.IPv6Address(name)
        except ValueError:
            raise ValueError(f"{name!r} is no host name; leave out scheme, port, path and wildcards") from None
    return name


def package(name: str) -> str:
    """Return the name of an Android package.

    Raises:
        ValueError: it is none.
    """
    if not _PACKAGE.fullmatch(name):
        raise ValueError(f"{name!r} is no Android package; use a name such as com.instagram.android")
    return name
