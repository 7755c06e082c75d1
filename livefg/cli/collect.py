"""`livefg collect`: record examples of a gesture, before a camera or from videos and pictures."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livefg.cli.options import INTERRUPTED, tell
from livefg.cli.recorded_labels import RecordedLabel, list_labels
from livefg.cli.recording import recording_loop, show_recording
from livefg.errors import LivefgError

if TYPE_CHECKING:
    from livefg.collect import Collector, Recording, RecordingStore
    from livefg.collect.session import CollectSession
    from livefg.loop import LiveLoop

__all__ = ["command"]

_SAID_EVERY = 1.0
_REPETITIONS = 10


@dataclass(frozen=True, slots=True)
class _Request:
    """What to record and how; `count` None takes all there are."""

    label: str
    person: str
    count: int | None
    countdown: float
    options: dict[str, Any]

    def collector(self, session: str | None = None, stills: bool = False, taken: int = 0) -> Collector:
        """A collector for what is still missing once so many are `taken`."""
        from livefg.collect import Collector

        return Collector(
            self.label,
            self.person,
            count=None if self.count is None else self.count - taken,
            countdown=self.countdown,
            hand=self.options["hand"],
            thumbnails=self.options["thumbnails"],
            stills=stills,
            session=session,
        )


@click.command()
@click.argument("label", required=False)
@click.argument("files", nargs=-1, metavar="[FILE...]", type=click.Path(path_type=Path))
@click.option(
    "--source", default="0", show_default=True, help="Camera, stream or file to show the gesture to."
)
@click.option("--person", help="Whose hands these are.  [default: see `livefg settings`]")
@click.option(
    "--count",
    type=int,
    help="How many examples to take.  [default: see `livefg settings`; of files, all good ones]",
)
@click.option("--countdown", type=float, metavar="SECONDS", help="Before the first one.  [default: as set]")
@click.option(
    "--hand",
    type=click.Choice(["only", "largest", "highest"]),
    default="only",
    show_default=True,
    help="Which hand is meant if there are two; only: neither.",
)
@click.option(
    "--motion", is_flag=True, help="The label is a motion: repeat it to a beat, ten times by default."
)
@click.option("--headless", is_flag=True, help="Open no window; what helps is told on stderr.")
@click.option(
    "--source-mirrored", is_flag=True, help="The source or the files are mirror images of the scene."
)
@click.option(
    "--thumbnails/--no-thumbnails", default=True, help="Keep a small picture of each hand.  [default: keep]"
)
@click.option("--device", default="auto", show_default=True, metavar="DEVICE", help="Where the networks run.")
@click.option("--list", "listing", is_flag=True, help="List what was recorded; motions with --motion.")
@click.option(
    "--remove", metavar="LABEL", help="Remove all examples of a gesture, or with --motion of a motion."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(
    label: str | None,
    files: tuple[Path, ...],
    person: str | None,
    count: int | None,
    countdown: float | None,
    **options: Any,
) -> None:
    """Record examples of a gesture, for `livefg train gestures` to learn from.

    livefg collect LABEL --motion records a motion instead: it gives a beat and cuts the repetitions out by itself.

    livefg collect LABEL opens the camera, counts down, and takes an example whenever a hand is seen well and differs
    from the ones before; q ends it early. livefg collect LABEL FILE... takes them from videos, pictures and folders of
    pictures. The label none is for hands that show nothing.

    Landmarks and small pictures of the hands are kept in a folder that only you may read.
    """
    ways = [label is not None, options["listing"], options["remove"] is not None]
    if sum(ways) != 1:
        raise click.UsageError("Give a LABEL to record, or --list, or --remove LABEL.")
    from livefg.collect import RecordingStore, check_label
    from livefg.settings import load_settings, section

    store = RecordingStore()
    if label is None:
        _manage(store, options)
        return
    given = {"person": person, "count": count, "countdown": countdown}
    changes = {one: given[one.name] for one in section("collect") if given[one.name] is not None}
    settings = load_settings(changes=changes).collect
    label = check_label(label, "motion" if options["motion"] else "gesture")
    if options.pop("motion"):
        _motion(_Request(label, settings.person, count, settings.countdown, options), files)
    elif files:
        _from_files(_Request(label, settings.person, count, 0.0, options), files, store)
    else:
        _live(_Request(label, settings.person, settings.count, settings.countdown, options), store)


def _manage(store: RecordingStore, options: dict[str, Any]) -> None:
    """List or remove what was recorded: gestures, or motions if these are meant."""
    from livefg.cli.collect_motion import list_motions, remove_motion

    motion, label = options["motion"], options["remove"]
    if options["listing"] and motion:
        list_motions(options["as_json"])
    elif options["listing"]:
        _list(store, options["as_json"])
    elif motion:
        remove_motion(label)
    else:
        click.echo(f"{label}: {_examples(store.remove(label))} removed")


def _motion(request: _Request, files: tuple[Path, ...]) -> None:
    """Record repetitions of a motion."""
    from livefg.cli.collect_motion import MotionRequest, collect_motion

    if files:
        raise click.UsageError(
            "Motions are recorded from one --source, which may be a video, not from files."
        )
    collect_motion(
        MotionRequest(
            request.label,
            request.person,
            _REPETITIONS if request.count is None else request.count,
            request.countdown,
            source=request.options["source"],
            mirrored=request.options["source_mirrored"],
            headless=request.options["headless"],
            device=request.options["device"],
            as_json=request.options["as_json"],
        )
    )


def _live(request: _Request, store: RecordingStore) -> None:
    """Record before a camera, in a window or without one."""
    from livefg.collect.files import hands_alone
    from livefg.collect.session import CollectSession

    headless, mirrored = request.options["headless"], request.options["source_mirrored"]
    settings = hands_alone(request.options["device"], search_interval=0.1)
    with (
        recording_loop(request.options["source"], settings, mirrored=mirrored, window=not headless) as (
            loop,
            mirror,
        ),
        CollectSession(loop, request.collector(), store) as session,
        loop,
    ):
        if headless:
            _say_progress(loop, session)
        else:
            show_recording(
                loop,
                f"livefg collect - {request.label}",
                mirror=mirror,
                panel=session.draw,
                finished=lambda: session.progress.finished,
            )
        session.close()
    _report(request, [session.saved] if session.saved else [], Counter())


def _say_progress(loop: LiveLoop, session: CollectSession) -> None:
    """Tell on stderr how many there are, and what would help, not more than once a second."""
    said, at, done = "", 0.0, 0
    for view in loop.views():
        if view is None:
            continue
        progress = session.progress
        if progress.done != done:
            done = progress.done
            tell(f"{done} of {progress.count}" if progress.count else f"{done}")
        if progress.finished:
            return
        if str(progress) != said and time.monotonic() - at >= _SAID_EVERY:
            said, at = str(progress), time.monotonic()
            tell(said)


def _from_files(request: _Request, files: tuple[Path, ...], store: RecordingStore) -> None:
    """Take the examples in videos, pictures and folders."""
    from livefg.cli.progress import progress
    from livefg.collect.files import take_from
    from livefg.loop import StopSignals

    recordings: list[Recording] = []
    left_out: Counter[str] = Counter()
    faults: list[str] = []
    with StopSignals() as signals, progress() as bar:
        for taken in take_from(
            files,
            lambda session, stills: request.collector(session, stills, _taken(recordings)),
            device=request.options["device"],
            mirrored=request.options["source_mirrored"],
            teller=bar,
            stopping=lambda: signals.event.is_set() or _taken(recordings) == request.count,
            on_notice=bar.tell,
        ):
            left_out += taken.collector.left_out
            faults += taken.faults
            if taken.collector.recording.examples:
                store.save(taken.collector.recording)
                recordings.append(taken.collector.recording)
    for fault in faults:
        tell(f"livefg: {fault}")
    _report(request, recordings, left_out)
    if signals.event.is_set():
        sys.exit(INTERRUPTED)
    if faults:
        sys.exit(1)


def _taken(recordings: list[Recording]) -> int:
    return sum(len(recording.examples) for recording in recordings)


def _examples(count: int) -> str:
    return f"{count} example{'' if count == 1 else 's'}"


def _report(request: _Request, recordings: list[Recording], left_out: Counter[str]) -> None:
    """What was taken on stdout, what was not on stderr. Raises LivefgError if it was nothing."""
    for reason, count in left_out.most_common():
        tell(f"Left out: {count} x {reason}")
    if not recordings:
        raise LivefgError(f"{request.label}: nothing was recorded.")
    taken = _taken(recordings)
    if request.options["as_json"]:
        found = {"label": request.label, "person": request.person, "examples": taken, "left_out": left_out}
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        of = f"{taken} of {request.count} examples" if request.count else _examples(taken)
        click.echo(f"{request.label}: {of} recorded")


def _list(store: RecordingStore, as_json: bool) -> None:
    """Each label with its examples, people and sessions; files that cannot be read on stderr."""
    labels: dict[str, list[Recording]] = {}
    for one in store.load():
        if one.recording:
            labels.setdefault(one.recording.label, []).append(one.recording)
        else:
            tell(f"Left out: {one.fault}")
    rows = [
        RecordedLabel(label, _taken(found), len(found), sorted({one.person for one in found}))
        for label, found in sorted(labels.items())
    ]
    list_labels(
        rows,
        store.folder,
        counted="examples",
        part="session",
        as_json=as_json,
        nothing="Nothing is recorded; `livefg collect LABEL` records examples of a gesture (motions: --motion --list).",
    )
