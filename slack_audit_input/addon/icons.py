# SPDX-License-Identifier: Apache-2.0
"""Draws the app's icons: ``python -m slack_audit_input.addon.icons`` writes them anew.

Lines of a log with a lens over them, on a rounded square. They are kept in the repository, for
another zlib packs the same picture into other bytes.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

Colour = tuple[int, int, int, int]
GROUND: Colour = (31, 78, 95, 255)
INK: Colour = (255, 255, 255, 255)
LENS: Colour = (247, 181, 56, 255)
NOTHING: Colour = (0, 0, 0, 0)
#: Samples a pixel, in each direction.
FINE = 4
FOLDER = Path(__file__).parent / "package" / "static"


def colour_at(x: float, y: float) -> Colour:
    """The picture, over the unit square."""
    if _outside(x, y, 0.20):
        return NOTHING
    lens = math.hypot(x - 0.60, y - 0.58)
    if 0.17 <= lens <= 0.235 or _near(x, y, (0.765, 0.745), (0.875, 0.855)) <= 0.042:
        return LENS
    if lens < 0.17:
        return GROUND if abs(y - 0.58) > 0.035 or abs(x - 0.60) > 0.10 else INK
    for line, end in ((0.24, 0.80), (0.41, 0.80), (0.58, 0.80), (0.75, 0.56)):
        if lens > 0.275 and _near(x, y, (0.34, line), (end, line)) <= 0.033:
            return INK
        if math.hypot(x - 0.205, y - line) <= 0.042:
            return INK
    return GROUND


def _outside(x: float, y: float, radius: float) -> bool:
    dx, dy = max(abs(x - 0.5) - 0.5 + radius, 0.0), max(abs(y - 0.5) - 0.5 + radius, 0.0)
    return math.hypot(dx, dy) > radius


def _near(x: float, y: float, a: tuple[float, float], b: tuple[float, float]) -> float:
    length = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2
    along = ((x - a[0]) * (b[0] - a[0]) + (y - a[1]) * (b[1] - a[1])) / length
    along = min(1.0, max(0.0, along))
    return math.hypot(x - a[0] - along * (b[0] - a[0]), y - a[1] - along * (b[1] - a[1]))


def picture(width: int, height: int, colour: Callable[[float, float], Colour]) -> bytes:
    """A PNG file; the unit square of ``colour`` stands at the left, ``height`` high."""
    rows = []
    for row in range(height):
        line = bytearray(b"\0")
        for column in range(width):
            line += bytes(_pixel(column, row, height, colour))
        rows.append(bytes(line))
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def _pixel(column: int, row: int, size: int, colour: Callable[[float, float], Colour]) -> Colour:
    total = [0, 0, 0, 0]
    for i in range(FINE * FINE):
        x = (column + (i % FINE + 0.5) / FINE) / size
        y = (row + (i // FINE + 0.5) / FINE) / size
        red, green, blue, alpha = colour(x, y) if x <= 1 else NOTHING
        for k, value in enumerate((red * alpha, green * alpha, blue * alpha, alpha)):
            total[k] += value
    alpha = total[3]
    if not alpha:
        return NOTHING
    return (total[0] // alpha, total[1] // alpha, total[2] // alpha, alpha // (FINE * FINE))


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(exist_ok=True)
    for name, size in (("", 36), ("_2x", 72)):
        data = picture(size, size, colour_at)
        for kind in ("appIcon", "appIconAlt"):
            (FOLDER / f"{kind}{name}.png").write_bytes(data)
    for name, width, height in (("", 160, 40), ("_2x", 320, 80)):
        (FOLDER / f"appLogo{name}.png").write_bytes(picture(width, height, colour_at))


if __name__ == "__main__":
    main()
