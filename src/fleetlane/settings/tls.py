"""The certificate that a server shows and its key: what makes the two unusable, in sentences."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path


def read_tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Return what encrypts connections, None where nothing is encrypted.

    Raises:
        ValueError: the files cannot be used.
    """
    if cert is None or key is None:
        return None
    for name, file in (("tls_cert", cert), ("tls_key", key)):
        if not os.access(file, os.R_OK):
            raise ValueError(f"{name} {file} cannot be read: write it there, in PEM, and let this user read it")
    if os.name == "posix" and key.stat().st_mode & 0o077:
        raise ValueError(f"tls_key {key} can be read by others: chmod 600 {key}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"tls_cert {cert} and tls_key {key} are no certificate and its key: both must be PEM, the key the one that "
            "the certificate was made with, and without a password"
        ) from error
    return context


def _no_password() -> str:
    """Stand for the person who would be asked on the terminal."""
    return ""


def tls_faults(cert: Path | None, key: Path | None) -> Iterator[str]:
    """Yield why connections cannot be encrypted as it is asked for, as sentences without their full stop."""
    if (cert is None) != (key is None):
        given, missing = ("tls_cert", "tls_key") if key is None else ("tls_key", "tls_cert")
        yield f"{given} is given without {missing}: give both, or none"
        return
    try:
        read_tls(cert, key)
    except ValueError as error:
        yield str(error)
