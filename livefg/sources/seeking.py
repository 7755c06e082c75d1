"""Beginning in the middle of a film as if it had been decoded from its start: same pictures, numbers and times.

The packets before are read, which is quick, but not decoded: their time stamps tell how many pictures they hold and
when each of them is shown. Where a film's packets do not tell that for sure, it is decoded from its start.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from av.packet import Packet
from av.video.stream import VideoStream

__all__ = ["Entry", "find_entry"]

_ONE_PICTURE_A_PACKET = frozenset({"av1", "h264", "hevc", "mjpeg", "prores", "vp9"})
_MOST_BYTES = 64 << 20
"""What may be held of packets between a key frame and the time that is wanted."""


class Entry(NamedTuple):
    """Where decoding begins: at the key frame `first`, in ticks of the stream; pictures before it are to be left out.

    `stamps` are the ticks of all pictures before it, in the order in which they are shown. `packets` are those that
    were read from the key frame on.
    """

    first: int
    stamps: list[int]
    packets: list[Packet[VideoStream]]


def find_entry(stream: VideoStream, packets: Iterable[Packet[VideoStream]], wanted: Fraction) -> Entry | None:
    """The last key frame before `wanted` (seconds on the file's clock), from `packets` that begin with the film.

    Not more of them is read than is needed. None if the film must be decoded from its start: because it is damaged
    or coded in a way in which packets and pictures are not the same, or there is no key frame to begin with.
    """
    base = stream.time_base
    if stream.codec_context.name not in _ONE_PICTURE_A_PACKET or not base:
        return None
    stamps: set[int] = set()
    since: list[Packet[VideoStream]] = []
    first: int | None = None
    size = 0
    for packet in packets:
        if packet.pts is None or packet.is_corrupt or packet.pts in stamps:
            return None
        seconds = packet.pts * base
        if packet.is_keyframe and not packet.is_discard and (seconds < wanted or first is None):
            first, size = packet.pts, 0
            since.clear()
        if first is None:
            return None
        since.append(packet)
        size += packet.size
        if size > _MOST_BYTES:
            return None
        if not packet.is_discard:
            stamps.add(packet.pts)
        # Pictures that are shown before a key frame come right after it, and so before any that is shown later.
        if seconds >= wanted:
            before = sorted(stamp for stamp in stamps if stamp < first)
            return Entry(first, before, since) if before else None
    return None
