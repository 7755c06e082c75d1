"""`livefg enroll`: introduce people by pictures, by folders of pictures, or before a camera."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livefg.cli.options import tell

if TYPE_CHECKING:
    from livefg.gallery.enrolment import Candidate, Enrolled, Enroller
    from livefg.gallery.guided import Guide
    from livefg.results import Frame, FrameResult
    from livefg.sinks.window import WindowSink

__all__ = ["command"]


@click.command()
@click.argument("name", required=False)
@click.argument("images", nargs=-1, metavar="[IMAGE...]", type=click.Path(path_type=Path))
@click.option(
    "--tree",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of folders: each is a person of its name.",
)
@click.option("--camera", metavar="SOURCE", help="Enrol before a camera (0), or from a video or stream.")
@click.option("--headless", is_flag=True, help="With --camera: no window; advice goes to stderr.")
@click.option("--source-mirrored", is_flag=True, help="With --camera: it delivers mirror images.")
@click.option("--thumbnails", is_flag=True, help="Keep a small picture of each face beside its numbers.")
@click.option("--keep-outliers", is_flag=True, help="Take pictures that look like somebody else too.")
@click.option("--device", default="auto", show_default=True, metavar="DEVICE", help="Where the networks run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of text.")
def command(
    name: str | None, images: tuple[Path, ...], tree: Path | None, camera: str | None, **options: Any
) -> None:
    """Introduce a person to livefg, so that it can name the face.

    livefg enroll NAME IMAGE... takes pictures and folders of pictures; one good picture is enough, three to five are
    better. livefg enroll NAME --camera 0 asks you to look ahead, left, right, up and down. livefg enroll --tree DIR
    takes a folder for each person.

    Only numbers that describe the face are kept, in a file that only you may read; `livefg people forget` removes them.
    """
    ways = [bool(images), tree is not None, camera is not None]
    if sum(ways) != 1 or (name is None) != (tree is not None):
        raise click.UsageError("Give NAME with images, NAME with --camera SOURCE, or --tree DIR alone.")
    from livefg.gallery import GalleryFile, check_name
    from livefg.gallery.enrolment import Enroller, enroll

    file = GalleryFile()
    file.load()  # what is wrong with it should be told before anybody takes the trouble
    people = dict(_people(check_name(name) if name else "", images, tree))
    enroller = Enroller(options["device"], thumbnails=options["thumbnails"])
    done = []
    for person, files in people.items():
        if camera is not None:
            candidates = _guided(enroller, camera, options)
        else:
            candidates = [enroller.candidate(path) for path in files]
        done.append(enroll(person, candidates, file, keep_outliers=options["keep_outliers"]))
        if not options["as_json"]:
            _report(done[-1])
    if options["as_json"]:
        click.echo(json.dumps([enrolled.to_dict() for enrolled in done], ensure_ascii=False, indent=2))
    if any(enrolled.person is None for enrolled in done):
        sys.exit(1)


def _people(name: str, images: Sequence[Path], tree: Path | None) -> Iterator[tuple[str, list[Path]]]:
    """Names, each with the files to look at: none if it is done before a camera."""
    from livefg.errors import LivefgError
    from livefg.gallery import check_name
    from livefg.sources.images import pictures_below

    if tree:
        folders = sorted(path for path in tree.iterdir() if path.is_dir() and not path.name.startswith("."))
        if not folders:
            raise LivefgError(f"{tree} holds no folders; each folder in it is to be a person.")
        for folder in folders:
            yield check_name(folder.name), pictures_below(folder)
        return
    files: list[Path] = []
    for path in images:
        if not path.exists():
            raise LivefgError(f"There is no file or folder {path}.")
        files += pictures_below(path) if path.is_dir() else [path]
    if images and not files:
        raise LivefgError(f"{', '.join(map(str, images))} holds no pictures.")
    yield name, files


def _report(enrolled: Enrolled) -> None:
    """What was done on stdout, what was not on stderr."""
    for source, reason in enrolled.rejected:
        tell(f"Left out: {source}: {reason}")
    for source in enrolled.known:
        tell(f"Known already: {source}")
    for other in enrolled.look_alikes:
        tell(
            f"{enrolled.name} looks like {other}: if they are one person, `livefg people merge` makes them one."
        )
    if enrolled.person is None:
        tell(f"{enrolled.name} was not enrolled: no picture was good enough.")
        return
    total = len(enrolled.person.portraits)
    click.echo(
        f"{enrolled.name}: {len(enrolled.added)} added, {total} portrait{'' if total == 1 else 's'} in all"
    )


def _guided(enroller: Enroller, camera: str, options: dict[str, Any]) -> list[Candidate]:
    """Ask the person before the camera for five views."""
    from livefg.gallery.guided import Guide
    from livefg.pipeline import Pipeline, PipelineSettings
    from livefg.sources import open_source

    headless = options["headless"]
    guide = Guide(enroller, thumbnails=options["thumbnails"])
    settings = PipelineSettings(
        hands=0,
        blendshapes=False,
        expressions=False,
        identity=False,
        device=options["device"],
        search_interval=0.1,
    )
    with ExitStack() as stack:
        window = None
        if not headless:
            from livefg.sinks.window import WindowSink

            window = stack.enter_context(WindowSink("livefg enroll"))
        source = stack.enter_context(
            open_source(camera, live=not headless, mirrored=options["source_mirrored"], on_notice=tell)
        )
        pipeline = stack.enter_context(Pipeline(settings))
        if window:
            window.mirror = source.info.kind == "camera" and not source.info.mirrored
        _watch(guide, ((frame, pipeline.process(frame)) for frame in source), window)
    if guide.missing:
        tell(f"No good view was seen for: {', '.join(guide.missing)}.")
    return guide.candidates


def _watch(guide: Guide, seen: Iterable[tuple[Frame, FrameResult]], window: WindowSink | None) -> None:
    """Show and tell the advice until all is done, the source ends, or the window is closed."""
    from livefg.overlay import Hud
    from livefg.sinks.window import Key

    said = ""
    for frame, result in seen:
        advice = str(guide.see(frame, result))
        if window:
            window.hud = Hud(notice=advice)
            window.write(frame, result)
            if window.poll() is Key.QUIT:
                return
        elif advice != said:
            tell(advice)
            said = advice
        if guide.finished:
            return
