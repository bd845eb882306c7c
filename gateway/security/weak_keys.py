"""RSA keys that a signature proves nothing with: short, with a small exponent, or of broken cards.

Source:
    NIST SP 800-131A; CVE-2017-15361 (keys of certain smart cards, recognised by the form of their
    modulus: its residues are powers of 65537).
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

LEAST_BITS: Final = 2048
MOST_BITS: Final = 8192
"""Beyond, verifying costs more than a request may."""

_EXPONENT: Final = 65537
_PRIMES: Final = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def _powers(prime: int) -> frozenset[int]:
    found, value = set(), 1
    while value not in found:
        found.add(value)
        value = value * _EXPONENT % prime
    return frozenset(found)


_RESIDUES: Final = {prime: _powers(prime) for prime in _PRIMES}


def weakness_of(key: RSAPublicKey) -> str:
    """Say why a key is too weak; empty when it is not."""
    if not LEAST_BITS <= key.key_size <= MOST_BITS:
        return f"an RSA key has less than {LEAST_BITS} or more than {MOST_BITS} bits"
    numbers = key.public_numbers()
    if numbers.e < _EXPONENT:
        return "an RSA key has a small exponent"
    if all(numbers.n % prime in residues for prime, residues in _RESIDUES.items()):
        return "an RSA key was made by a card with a broken generator"
    return ""
