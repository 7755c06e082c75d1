"""Network addresses: recognising one, and hiding what nobody else should read in it."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

__all__ = ["is_address", "masked"]

_SCHEMES = frozenset(
    {"http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srt", "tcp", "udp", "mms", "mmsh"}
)
_SECRET = re.compile(r"pass|pwd|token|key|secret|auth|sig|session|user|login|credential", re.IGNORECASE)
_MASK = "***"


def is_address(spec: str) -> bool:
    """Whether a source is named by a network address (`rtsp://...`) and not by a file."""
    scheme, colon, _ = spec.partition("://")
    return bool(colon) and scheme.lower() in _SCHEMES


def masked(address: str) -> str:
    """The address with user name, password and secret-looking query values replaced by `***`."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises where a password with a slash in it was taken for host and port
    except ValueError:
        scheme, _, rest = address.partition("://")
        return f"{scheme}://{_MASK}@{rest.rpartition('@')[2]}" if "@" in rest else f"{scheme}://{_MASK}"
    _, at, host = parts.netloc.rpartition("@")
    query = "&".join(
        f"{quote(name)}={_MASK if _SECRET.search(name) else quote(value)}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return urlunsplit((parts.scheme, f"{_MASK}@{host}" if at else host, parts.path, query, ""))
