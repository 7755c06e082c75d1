"""The time line as a page that needs nothing but itself."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livefg.sinks.timeline import Timeline

__all__ = ["page"]

_TEMPLATE = Path(__file__).with_name("timeline_page.html")


def page(timeline: Timeline) -> str:
    """The page as text."""
    data: dict[str, Any] = {
        "title": timeline.title,
        "begin": round(timeline.begin, 3),
        "end": round(timeline.end, 3),
        "frames": timeline.frames,
        "video": timeline.video,
        "origin": timeline.origin,
        "note": timeline.note,
        "lanes": [
            {
                "group": lane.group,
                "name": lane.name,
                "spans": [
                    [
                        round(span.start, 3),
                        round(span.end, 3),
                        round(span.confidence, 3),
                        span.side or "",
                        "stranger" if span.label in {None, "unknown"} else span.kind,
                    ]
                    for span in lane.spans
                ],
            }
            for lane in timeline.lanes
        ],
    }
    # Inside a script element only "</" and "<!--" would end or change it.
    safe = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    template = _TEMPLATE.read_text("utf-8")
    return template.replace("{{title}}", html.escape(timeline.title)).replace("{{data}}", safe)
