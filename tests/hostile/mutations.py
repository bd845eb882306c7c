"""Good messages bent at random, always in the same way for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_TOKENS = (
    *(b"<", b">", b"&", b"'", b'"', b"</s:Body>", b"<!DOCTYPE x>", b"<!--", b"]]>", b"<?x?>"),
    *(b"\x00", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xef\xbf\xbf", b"\r\n", b"\n", b"\r", b" "),
    *(b"--MIMEBoundary_4711", b"--MIMEBoundary_4711--", b"\r\n--", b"Content-ID: <d1@test>\r\n"),
    *(b"null", b"{}", b"[]", b"1e999", b"-0", b"\\ud800", b"\\u0000", b"true", b",", b":", b"{"),
    *(b"urn:uuid:", b"2.999.1", b"^^^&", b"../", b"%00", b"%", b"_", b"9" * 40, b"-1", b"\x1fS"),
    *(b"&#0;", b"&#x1F;", b"&amp;", b"&#xD800;", b'xmlns=""', b'xml:lang="x y"', b"http://x/"),
)

Mutation = Callable[[bytes, random.Random], bytes]


def _flip(octets: bytes, chance: random.Random) -> bytes:
    bent = bytearray(octets)
    for _ in range(chance.choice((1, 1, 2, 8))):
        bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
    return bytes(bent)


def _overwrite(octets: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(octets))
    return octets[:at] + chance.randbytes(chance.randint(1, 6)) + octets[at + 1 :]


def _cut(octets: bytes, chance: random.Random) -> bytes:
    return octets[: chance.randrange(len(octets))]


def _drop(octets: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(octets)) for _ in range(2))
    return octets[:start] + octets[min(end, start + chance.choice((1, 10, 300, 4000))) :]


def _double(octets: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(octets))
    piece = octets[start : start + chance.choice((1, 10, 300, 4000))]
    at = chance.randrange(len(octets))
    return octets[:at] + piece * chance.choice((1, 2, 9)) + octets[at:]


def _insert(octets: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(octets))
    return octets[:at] + chance.choice(_TOKENS) + octets[at:]


_UNIT = re.compile(
    rb"<[^<>]*>|\"(?:[^\"\\]|\\.)*\"|[A-Za-z0-9.:^&;-]{3,}|[{}\[\],]|\r\n", re.DOTALL
)


def _units(octets: bytes) -> list[tuple[int, int]]:
    """Where the words of a message stand: tags, strings, names, brackets, line ends."""
    return [m.span() for m in _UNIT.finditer(octets)]


def _swap_units(octets: bytes, chance: random.Random) -> bytes:
    units = _units(octets)
    if len(units) < 2:
        return _flip(octets, chance)
    (a, b), (c, d) = sorted(chance.sample(units, 2))
    return octets[:a] + octets[c:d] + octets[b:c] + octets[a:b] + octets[d:]


def _replace_unit(octets: bytes, chance: random.Random) -> bytes:
    units = _units(octets)
    if not units:
        return _flip(octets, chance)
    start, end = chance.choice(units)
    other = chance.choice(units)
    new = chance.choice(
        (b"", chance.choice(_TOKENS), octets[other[0] : other[1]], b'""', b"x" * 300)
    )
    return octets[:start] + new + octets[end:]


_MUTATIONS: tuple[Mutation, ...] = (
    _flip,
    _overwrite,
    _cut,
    _drop,
    _double,
    _insert,
    _swap_units,
    _swap_units,
    _replace_unit,
    _replace_unit,
    _replace_unit,
)


def mutated(octets: bytes, chance: random.Random) -> bytes:
    """A message with one to four changes."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        octets = chance.choice(_MUTATIONS)(octets, chance) or b" "
    return octets
