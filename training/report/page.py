"""The page itself: one HTML file with everything in it, no script, and nothing from elsewhere."""

from __future__ import annotations

from importlib.resources import files
from string import Template

from livefg.paths import assets_dir
from training.report.content import Report
from training.report.markup import data_uri, many, name, text
from training.report.sections import SECTIONS, Drawings, findings, tiles

__all__ = ["page"]


def page(report: Report, drawings: Drawings) -> str:
    """The HTML of a report with its figures by name."""
    sections = [made for build in SECTIONS if (made := build(report, drawings)) is not None]
    links = "".join(f'<a href="#{place}">{text(title)}</a>' for place, title, _ in sections)
    body = "\n".join(
        [
            _header(report),
            f'<main>\n<nav aria-label="Sections">{links}</nav>',
            *(inner for _, _, inner in sections),
            "</main>",
            f"<footer><p>Written by livefg on {report.created.isoformat()}. The page is one file and loads nothing; "
            "all its numbers are in report.json beside it. It may hold pictures of people from the data: mind that "
            "before you pass it on.</p></footer>",
        ]
    )
    folder = files("training.report")
    return Template((folder / "page.html").read_text("utf-8")).substitute(
        title=text(report.title),
        fonts=_fonts(),
        css=(folder / "page.css").read_text("utf-8"),
        body=body,
    )


def _fonts() -> str:
    """CSS that brings the page's font along; what it lacks, the reader's own fonts write."""
    rules = []
    for weight, name_of_file in ((400, "Inter-Medium-Page.woff2"), (600, "Inter-SemiBold-Page.woff2")):
        source = data_uri("font/woff2", (assets_dir() / "fonts" / name_of_file).read_bytes())
        rules.append(
            f'@font-face {{ font-family: "Inter Report"; font-weight: {weight}; src: url("{source}"); }}'
        )
    return "\n".join(rules)


def _header(report: Report) -> str:
    evaluation, words = report.evaluation, report.words
    split = evaluation.about.get("split")
    how = f" Held back {text(str(split))}." if split else ""
    said = "".join(f"<li>{sentence}</li>" for sentence in findings(report))
    return (
        f"<header>\n<h1>{name(report.title)}</h1>\n"
        f'<p class="muted">{many(len(evaluation.labels), "label", "labels")}, examined on '
        f"{many(evaluation.hands, text(words.one), text(words.many))}.{how}</p>\n"
        f"{tiles(report)}\n" + (f'<ul class="findings">{said}</ul>\n' if said else "") + "</header>"
    )
