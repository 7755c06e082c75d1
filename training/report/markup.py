"""Small pieces of HTML, and numbers as the page writes them. What comes from data is escaped here and nowhere else."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from html import escape

from PIL import Image

from training.report.content import ImageArray
from training.report.style import Drawing

__all__ = [
    "count",
    "data_uri",
    "drawing",
    "image",
    "interval",
    "many",
    "meter",
    "name",
    "percent",
    "section",
    "table",
    "text",
]


def text(value: str) -> str:
    """Plain text."""
    return escape(value)


def name(value: str) -> str:
    """A label or a name, in whatever script it is written, kept apart from the direction of the text around it."""
    return f"<bdi>{escape(value)}</bdi>"


def count(value: int) -> str:
    """A whole number with thousands set apart."""
    return f"{value:,}"


def many(value: int, one: str, more: str) -> str:
    """A number of things."""
    return f"{count(value)} {one if value == 1 else more}"


def percent(value: float) -> str:
    """A fraction 0..1 as a percentage with one decimal; never rounded to 0 or 100 unless it is."""
    shown = round(value * 100, 1)
    if 0 < value < 1:
        shown = min(max(shown, 0.1), 99.9)
    return f"{shown:.1f}%"


def interval(value: float, number: int) -> tuple[float, float]:
    """The 95 % interval of a share `value` of `number` independent cases (Wilson 1927)."""
    z = 1.96
    if number <= 0:
        return 0.0, 1.0
    scale = 1 + z * z / number
    middle = (value + z * z / (2 * number)) / scale
    half = z * math.sqrt(value * (1 - value) / number + z * z / (4 * number**2)) / scale
    return max(0.0, middle - half), min(1.0, middle + half)


def data_uri(kind: str, content: bytes) -> str:
    """A file inside the page."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def image(pixels: ImageArray, alt: str) -> str:
    """A small picture, as JPEG inside the page."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=84, subsampling=0)
    height, width = pixels.shape[:2]
    return (
        f'<img src="{data_uri("image/jpeg", content.getvalue())}" alt="{escape(alt)}" '
        f'width="{width}" height="{height}" loading="lazy">'
    )


def drawing(shown: Drawing, caption: str = "", *, wide: bool = False) -> str:
    """A figure with its caption (HTML). A wide one may be scrolled sideways where there is no room for it."""
    source = data_uri("image/svg+xml", shown.svg)
    if wide:
        # Drawn at 1.25 times its size in points; on a small screen it stays legible and scrolls.
        style = f' style="max-width:{shown.width * 1.45:.0f}px;min-width:{shown.width * 1.05:.0f}px"'
        picture = f'<div class="scroll"><img src="{source}" alt="{escape(shown.alt)}"{style}></div>'
    else:
        picture = f'<img src="{source}" alt="{escape(shown.alt)}">'
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure{_class('wide', wide)}>{picture}{below}</figure>"


def meter(value: float, *, second: bool = False) -> str:
    """A share as a bar with its figure."""
    kind = "meter second" if second else "meter"
    return (
        f'<div class="{kind}"><span class="bar"><i style="width:{value * 100:.1f}%"></i></span>'
        f'<span class="figure">{percent(value)}</span></div>'
    )


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
    unseen: Sequence[int] = (),
    chosen: Sequence[int] = (),
) -> str:
    """A table of HTML cells; the first of a row is its head.

    `numbers` are the columns of figures; the rows `unseen` are pale, those `chosen` stand out.
    """
    head = "".join(
        f'<th scope="col"{_class("number", place in numbers)}>{column}</th>'
        for place, column in enumerate(columns)
    )
    body = []
    for number, cells in enumerate(rows):
        inner = [f'<th scope="row">{cells[0]}</th>']
        inner += [
            f'<td class="{"number" if place in numbers else "text"}">{cell}</td>'
            for place, cell in enumerate(cells[1:], start=1)
        ]
        kind = _class("unseen", number in unseen) or _class("chosen", number in chosen)
        body.append(f"<tr{kind}>{''.join(inner)}</tr>")
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _class(kind: str, wanted: bool) -> str:
    return f' class="{kind}"' if wanted else ""


def section(place: str, title: str, *parts: str) -> tuple[str, str, str]:
    """A section: its anchor, its title, and its HTML."""
    inner = "\n".join(part for part in parts if part)
    return place, title, f'<section id="{place}">\n<h2>{escape(title)}</h2>\n{inner}\n</section>'
