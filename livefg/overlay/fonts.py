"""Which font can write which character: those that ship with livefg first, then those of the system.

A font says what it covers in its `cmap` table (OpenType specification, formats 4 and 12); reading just that
table takes a millisecond, so that looking through a system's fonts is a matter of a moment, and done only
when a text needs a character that no shipped font has.
"""

from __future__ import annotations

import os
import struct
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from livefg.paths import assets_dir

__all__ = ["Coverage", "FontFinder", "Weight", "read_coverage", "shipped_fonts"]

Weight = str
"""`medium` or `semibold`."""

_PRIMARY = {"medium": "Inter-Medium.ttf", "semibold": "Inter-SemiBold.ttf"}
_FONT_SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}
# Looked at first, so that plain text does not come out in a bold or decorative face.
_PLAIN_NAMES = ("sans", "gothic", "pingfang", "yahei", "arial", "segoe", "droid", "unifont")
_ODD_NAMES = (
    "bold",
    "italic",
    "oblique",
    "serif",
    "mono",
    "light",
    "thin",
    "black",
    "condensed",
    "music",
    "math",
)
_MOST_SYSTEM_FONTS = 4000


@dataclass(frozen=True, slots=True)
class Coverage:
    """The characters that a font has, as sorted ranges of code points: `starts[i]` to `ends[i]`, both
    included.
    """

    starts: Sequence[int]
    ends: Sequence[int]

    def __contains__(self, code_point: int) -> bool:
        position = bisect_right(self.starts, code_point) - 1
        return position >= 0 and code_point <= self.ends[position]


def read_coverage(path: Path) -> Coverage:
    """Read what the (first) font in `path` covers. Raises ValueError if it is no font with outlines, or
    OSError.
    """
    with path.open("rb") as file:
        start = 0
        head = file.read(12)
        if head[:4] == b"ttcf":
            start = struct.unpack(">I", file.read(4))[0]
            file.seek(start)
            head = file.read(12)
        if head[:4] not in (b"\0\1\0\0", b"OTTO", b"true") or len(head) < 12:
            raise ValueError(f"{path} is not a TrueType or OpenType font.")
        tables: dict[bytes, tuple[int, int]] = {}
        for _ in range(struct.unpack(">H", head[4:6])[0]):
            tag, _, offset, length = struct.unpack(">4sIII", _exactly(file.read(16), 16))
            tables[tag] = (offset, length)
        # Fonts that hold bitmaps only (colour emoji) cannot be drawn at every size.
        if b"cmap" not in tables or not {b"glyf", b"CFF ", b"CFF2"} & tables.keys():
            raise ValueError(f"{path} has no outlines.")
        offset, length = tables[b"cmap"]
        file.seek(offset)
        return _parse_cmap(file.read(length))


def _exactly(data: bytes, length: int) -> bytes:
    if len(data) != length:
        raise ValueError("The font ends too early.")
    return data


def _parse_cmap(table: bytes) -> Coverage:
    """Coverage from a whole `cmap` table; the widest Unicode subtable counts."""
    try:
        subtables: dict[int, int] = {}
        for i in range(struct.unpack_from(">H", table, 2)[0]):
            platform, encoding, offset = struct.unpack_from(">HHI", table, 4 + 8 * i)
            if platform == 0 or (platform == 3 and encoding in (1, 10)):
                subtables.setdefault(struct.unpack_from(">H", table, offset)[0], offset)
        if 12 in subtables:
            return _parse_groups(table, subtables[12])
        if 4 in subtables:
            return _parse_segments(table, subtables[4])
    except struct.error as error:
        raise ValueError("The font's cmap table is damaged.") from error
    raise ValueError("The font has no Unicode cmap table.")


def _parse_groups(table: bytes, offset: int) -> Coverage:
    (count,) = struct.unpack_from(">I", table, offset + 12)
    groups = np.frombuffer(table, ">u4", count * 3, offset + 16).reshape(-1, 3)
    return Coverage(groups[:, 0].tolist(), groups[:, 1].tolist())


def _parse_segments(table: bytes, offset: int) -> Coverage:
    count = struct.unpack_from(">H", table, offset + 6)[0] // 2
    ends = np.frombuffer(table, ">u2", count, offset + 14).astype(np.int64)
    starts = np.frombuffer(table, ">u2", count, offset + 16 + 2 * count).astype(np.int64)
    range_offsets = np.frombuffer(table, ">u2", count, offset + 16 + 6 * count).astype(np.int64)
    glyphs_at = offset + 16 + 6 * count
    covered: list[npt.NDArray[np.int64]] = []
    for i in np.flatnonzero(starts != 0xFFFF):
        points = np.arange(starts[i], ends[i] + 1)
        if range_offsets[i]:
            # The offset counts bytes from its own place in the table; glyph 0 means that the font lacks it.
            first = glyphs_at + 2 * int(i) + int(range_offsets[i])
            glyphs = np.frombuffer(
                table[first : first + 2 * len(points)].ljust(2 * len(points), b"\0"), ">u2"
            )
            points = points[glyphs != 0]
        covered.append(points)
    if not covered:
        return Coverage([], [])
    points = np.unique(np.concatenate(covered))
    breaks = np.flatnonzero(np.diff(points) > 1)
    return Coverage(
        points[np.concatenate([[0], breaks + 1])].tolist() if len(points) else [],
        points[np.concatenate([breaks, [len(points) - 1]])].tolist() if len(points) else [],
    )


@lru_cache(maxsize=4)
def shipped_fonts(weight: Weight) -> tuple[Path, ...]:
    """The fonts that come with livefg, the one for ordinary text first, whose weight is `medium` or
    `semibold`.
    """
    folder = assets_dir() / "fonts"
    others = sorted(path for path in folder.glob("*.ttf") if path.name not in _PRIMARY.values())
    return (folder / _PRIMARY[weight], *others)


def _system_folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        return [
            Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",
            Path(os.environ.get("LOCALAPPDATA", home)) / "Microsoft/Windows/Fonts",
        ]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    return [
        home / ".local/share/fonts",
        home / ".fonts",
        Path("/usr/local/share/fonts"),
        Path("/usr/share/fonts"),
    ]


def _system_fonts() -> list[Path]:
    """Font files of this system, plain sans-serif ones first."""
    files = [
        Path(folder, name)
        for root in _system_folders()
        for folder, _, names in os.walk(root)
        for name in names
        if Path(name).suffix.lower() in _FONT_SUFFIXES
    ]

    def oddness(path: Path) -> tuple[int, str]:
        name = path.name.lower()
        plain = any(word in name for word in _PLAIN_NAMES)
        return (2 * sum(word in name for word in _ODD_NAMES) - plain, str(path))

    return sorted(files, key=oddness)[:_MOST_SYSTEM_FONTS]


class FontFinder:
    """Finds, for each character, the font to write it with; remembers what it found."""

    def __init__(self) -> None:
        self._coverages: dict[Path, Coverage | None] = {}
        self._system: list[Path] | None = None
        self._found: dict[int, Path | None] = {}

    def covers(self, path: Path, code_point: int) -> bool:
        """Whether the font in `path` has the character; False also if it cannot be read."""
        if path not in self._coverages:
            try:
                self._coverages[path] = read_coverage(path)
            except (OSError, ValueError):
                self._coverages[path] = None
        coverage = self._coverages[path]
        return coverage is not None and code_point in coverage

    def find(self, character: str, weight: Weight) -> Path | None:
        """The font that has `character`, shipped ones first; None if none has it."""
        code_point = ord(character)
        for path in shipped_fonts(weight):
            if self.covers(path, code_point):
                return path
        if code_point not in self._found:
            self._found[code_point] = next(
                (p for p in self._candidates() if self.covers(p, code_point)), None
            )
        return self._found[code_point]

    def _candidates(self) -> Iterator[Path]:
        if self._system is None:
            self._system = _system_fonts()
        yield from self._system
