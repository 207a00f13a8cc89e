"""Licences as signed tokens: a JWT signed with Ed25519 and nothing else, checked offline.

Source: RFC 8037 (keys), RFC 9864 (the algorithm's name).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError, MissingAlgorithmError, UnsupportedAlgorithmError
from joserfc.jwk import OKPKey

from fleetlane.core.errors import FleetlaneError, LicenseInvalidError
from fleetlane.core.license import Plan, Terms

_ALGORITHM = "Ed25519"
_ALGORITHMS = (_ALGORITHM,)
_TYPE = "fleetlane-license+jwt"
_LATEST_S = 253_402_300_799  # the end of the year 9999


class LicenseKeyError(FleetlaneError):
    """A key cannot be used to sign."""


def new_private_key() -> str:
    """Return a new private key (PEM)."""
    return OKPKey.generate_key(_ALGORITHM).as_pem(private=True).decode()


def public_key_of(private_key: str) -> str:
    """Return the public key that belongs to a private one, as settings name it: one line of base64url."""
    return cast(str, _private(private_key).as_dict(private=False)["x"])


def sign(terms: Terms, private_key: str) -> str:
    """Return a licence.

    Args:
        terms: what it says; instants are kept to the second.
        private_key: the signer's key (PEM).

    Raises:
        LicenseKeyError: the key is no private Ed25519 key.
    """
    claims: dict[str, Any] = {"plan": terms.plan.value, "sub": terms.holder, "iat": terms.issued_ms // 1000}
    if terms.device_limit is not None:
        claims["device_limit"] = terms.device_limit
    if terms.expires_ms is not None:
        claims["exp"] = terms.expires_ms // 1000
    header = {"alg": _ALGORITHM, "typ": _TYPE}
    return jwt.encode(header, claims, _private(private_key), _ALGORITHMS, default_type=None)


def verify(token: str, public_keys: Sequence[str]) -> Terms:
    """Return what a licence says, when one of the keys has signed it.

    Whether it has run out is not looked at here.

    Raises:
        LicenseInvalidError: it is not to be trusted; says why.
    """
    if not public_keys:
        raise LicenseInvalidError(
            "There is a licence but no key to check it with: put its signer's public key into license_public_keys."
        )
    for key in public_keys:
        try:
            signed = jwt.decode(token, OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": key}), _ALGORITHMS)
        except BadSignatureError:
            continue
        except (UnsupportedAlgorithmError, MissingAlgorithmError) as error:
            raise LicenseInvalidError(f"The licence is not signed with {_ALGORITHM}.") from error
        except (JoseError, ValueError) as error:
            raise LicenseInvalidError("The licence is damaged: it is no signed token.") from error
        if signed.header.get("typ") != _TYPE:
            raise LicenseInvalidError("The licence is a signed token of another kind.")
        return _terms(signed.claims)
    raise LicenseInvalidError("The licence was altered, or signed with a key that license_public_keys does not name.")


def _terms(claims: dict[str, Any]) -> Terms:
    plan, limit, holder = claims.get("plan"), claims.get("device_limit"), claims.get("sub")
    if plan not in list(Plan):
        raise LicenseInvalidError(f"The licence names no plan of this version: {', '.join(Plan)}.")
    if limit is not None and (type(limit) is not int or limit < 1):
        raise LicenseInvalidError("The licence's device_limit is no whole number from 1.")
    if not isinstance(holder, str) or not holder:
        raise LicenseInvalidError("The licence does not say who holds it.")
    issued_ms = _instant(claims.get("iat"), "when it was issued")
    expires_ms = _instant(claims["exp"], "when it runs out") if "exp" in claims else None
    return Terms(Plan(plan), limit, holder, issued_ms, expires_ms)


def _instant(seconds: Any, what: str) -> int:
    if type(seconds) is not int or not 0 <= seconds <= _LATEST_S:
        raise LicenseInvalidError(f"The licence does not say {what}.")
    return seconds * 1000


def _private(pem: str) -> OKPKey:
    try:
        key = OKPKey.import_key(pem)
    except (JoseError, ValueError) as error:
        raise LicenseKeyError("This is no private key as `fleetlane license keygen` writes it.") from error
    if not key.is_private or key.curve_name != _ALGORITHM:
        raise LicenseKeyError("This is no private key for Ed25519. Make one with `fleetlane license keygen`.")
    return key
