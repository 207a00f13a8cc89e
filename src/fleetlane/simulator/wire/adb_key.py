"""Public keys of adb hosts, and whether one of them signed a token.

Source: AOSP system/core/libcrypto_utils/android_pubkey.c: base64 of the words of the modulus in little-endian order.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from typing import Self

_MODULUS_BYTES = 256
_STRUCT_BYTES = 4 + 4 + _MODULUS_BYTES + _MODULUS_BYTES + 4
_SHA1_PREFIX = bytes.fromhex("3021300906052b0e03021a05000414")
"""What stands before a digest in a PKCS#1 v1.5 signature; adb signs the token as if it were a SHA-1 digest."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An RSA key of 2048 bits."""

    modulus: int
    exponent: int

    @classmethod
    def read(cls, payload: bytes) -> Self | None:
        """Return the key that a host sent ("BASE64 user@host", with a NUL), or None when it is none."""
        try:
            packed = base64.b64decode(payload.rstrip(b"\0").split(b" ")[0], validate=True)
        except binascii.Error:
            return None
        if len(packed) != _STRUCT_BYTES:
            return None
        (words,) = struct.unpack_from("<I", packed)
        (exponent,) = struct.unpack_from("<I", packed, _STRUCT_BYTES - 4)
        modulus = int.from_bytes(packed[8 : 8 + _MODULUS_BYTES], "little")
        return cls(modulus, exponent) if words * 4 == _MODULUS_BYTES and modulus else None

    def signed(self, token: bytes, signature: bytes) -> bool:
        """Return whether this key's owner signed a token."""
        digest = _SHA1_PREFIX + token
        padded = b"\0\1" + b"\xff" * (_MODULUS_BYTES - 3 - len(digest)) + b"\0" + digest
        value = pow(int.from_bytes(signature, "big"), self.exponent, self.modulus)
        return value.to_bytes(_MODULUS_BYTES, "big") == padded
