"""Screenshots as pixels: enough of PNG to read what Chromium writes.

Source:
    W3C Portable Network Graphics (PNG) Specification, third edition: 5 (chunks), 9 (filters).
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from dataclasses import dataclass

Colour = tuple[int, int, int]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}


@dataclass(frozen=True, slots=True)
class Picture:
    """Rows of pixels, each red, green and blue (and opacity, which is not looked at)."""

    width: int
    height: int
    channels: int
    rows: tuple[bytes, ...]

    def at(self, x: int, y: int) -> Colour:
        """The colour of one pixel."""
        red, green, blue = self.rows[y][x * self.channels : x * self.channels + 3]
        return red, green, blue

    def luminance(self, x: int, y: int) -> float:
        """How light one pixel is, from 0 to 1."""
        red, green, blue = self.at(x, y)
        return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255

    def colours(self) -> Counter[Colour]:
        """Every colour with the number of its pixels; every second row is looked at."""
        found: Counter[Colour] = Counter()
        for row in self.rows[::2]:
            channels = [row[n :: self.channels] for n in range(3)]
            found.update(zip(*channels, strict=True))
        return found

    def count_near(self, colour: Colour, distance: int = 8) -> int:
        """How many of the pixels looked at have a colour, or nearly."""
        return sum(
            count
            for found, count in self.colours().items()
            if all(abs(a - b) <= distance for a, b in zip(found, colour, strict=True))
        )

    def share_near(self, colour: Colour) -> float:
        """Which part of the picture has a colour, or nearly."""
        return self.count_near(colour) / (self.width * ((self.height + 1) // 2))


def read_png(octets: bytes) -> Picture:
    """Read a picture of eight bits a channel, without interlace."""
    assert octets.startswith(_SIGNATURE)
    at, data = len(_SIGNATURE), b""
    width = height = channels = 0
    while at < len(octets):
        length, kind = struct.unpack(">I4s", octets[at : at + 8])
        chunk = octets[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", chunk)
            assert (depth, interlace) == (8, 0)
            channels = _CHANNELS[colour]
        elif kind == b"IDAT":
            data += chunk
    rows = _rows(zlib.decompress(data), width * channels, channels)
    return Picture(width, height, channels, tuple(rows))


def _rows(data: bytes, length: int, step: int) -> list[bytes]:
    rows: list[bytes] = []
    above = bytes(length)
    for start in range(0, len(data), length + 1):
        row = bytearray(data[start + 1 : start + 1 + length])
        match data[start]:
            case 1:
                for n in range(step, length):
                    row[n] = (row[n] + row[n - step]) & 255
            case 2:
                row = bytearray((a + b) & 255 for a, b in zip(row, above, strict=True))
            case 3:
                for n in range(length):
                    left = row[n - step] if n >= step else 0
                    row[n] = (row[n] + (left + above[n]) // 2) & 255
            case 4:
                for n in range(length):
                    left, corner = (row[n - step], above[n - step]) if n >= step else (0, 0)
                    row[n] = (row[n] + _paeth(left, above[n], corner)) & 255
            case _:
                pass
        above = bytes(row)
        rows.append(above)
    return rows


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    distances = abs(guess - left), abs(guess - above), abs(guess - corner)
    return (left, above, corner)[distances.index(min(distances))]
