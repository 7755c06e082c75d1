"""`livefg live`: a camera, stream or file, watched in a window or without one."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livefg.cli.options import (
    economical,
    parse_size,
    pipeline_options,
    pipeline_settings,
    quality_option,
    tell,
    tell_stages,
)

if TYPE_CHECKING:
    from livefg.actions import ActionRunner
    from livefg.loop import LiveLoop, View
    from livefg.pipeline import Pipeline, PipelineSettings
    from livefg.results import Event, FrameResult
    from livefg.sinks.recorder import Recorder
    from livefg.sources import Source

__all__ = ["RELOAD_SECONDS", "Companion", "Notices", "Watch", "command", "event_line", "watch"]

_STATISTICS_SECONDS = 30.0
RELOAD_SECONDS = 0.5


@dataclass(slots=True)
class Watch:
    """What to watch, and how.

    `source_options` go to `open_source`. `mirror` None: mirrored for cameras. `duration` is in seconds, None
    without end. `statistics` is the interval in seconds between lines on stderr, 0 for none. `actions` is a file
    that says which events set off what; in a `dry_run` they are only told. `on_view` gets every view. `others` are
    sources to watch beside the first.
    """

    source: str
    settings: PipelineSettings
    source_options: dict[str, Any] = field(default_factory=dict)
    mirror: bool | None = None
    headless: bool = False
    as_json: bool = False
    record: tuple[Path, ...] = ()
    quality: Any = "medium"
    folder: Path = Path()
    duration: float | None = None
    statistics: float = 0.0
    actions: Path | None = None
    dry_run: bool = False
    on_view: Callable[[View], Any] | None = None
    others: tuple[str, ...] = ()


@click.command()
@click.option(
    "--source",
    "sources",
    multiple=True,
    default=("0",),
    help="Camera number or path, address, file, folder, or demo; may be given again to watch several.  [default: 0]",
)
@click.option("--headless", is_flag=True, help="Open no window; print events as they come.")
@click.option("--json", "as_json", is_flag=True, help="With --headless: print every result as a JSON line.")
@click.option(
    "--mirror/--no-mirror",
    default=None,
    help="Show the picture as in a mirror; results stay as they are.  [default: cameras only]",
)
@click.option("--source-mirrored", is_flag=True, help="The source itself gives mirror images of the scene.")
@click.option(
    "--record",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Record to a video (.mp4, .mov, .mkv) or to JSON lines (.jsonl); may be given again.",
)
@quality_option
@click.option(
    "--save-to",
    "folder",
    default=".",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the keys s and r put snapshots and recordings.",
)
@click.option("--size", callback=parse_size, metavar="WxH", help="Size to ask of the camera, as in 1280x720.")
@click.option("--fps", type=click.FloatRange(0, min_open=True), help="Frames a second to ask of the camera.")
@click.option("--fourcc", help="Pixel format to ask of the camera, as in MJPG.")
@click.option(
    "--camera-backend",
    default="auto",
    show_default=True,
    help="How the camera is opened; `livefg cameras` times each way.",
)
@click.option("--loop", is_flag=True, help="Play a file over and over.")
@click.option(
    "--duration", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="End after so long."
)
@click.option(
    "--statistics",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help=f"A line on stderr every so often, 0 for none.  [default: {_STATISTICS_SECONDS:g} without a window]",
)
@click.option(
    "--actions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File that says which events set off what: keys, commands, requests, messages (see docs/motions.md).",
)
@click.option("--dry-run", is_flag=True, help="With --actions: say what would be done, and do nothing.")
@click.option(
    "--liveness",
    is_flag=True,
    help="Ask faces to blink and to turn, and say which are no still pictures. A courtesy check: a video passes.",
)
@pipeline_options
def command(
    sources: tuple[str, ...],
    size: tuple[int, int] | None,
    fps: float | None,
    fourcc: str | None,
    camera_backend: str,
    source_mirrored: bool,
    loop: bool,
    statistics: float | None,
    liveness: bool,
    **options: Any,
) -> None:
    """Watch a camera, stream or file with the overlay.

    Keys in the window: q or Esc quits, space pauses, m mirrors, h and l switch figures and landmarks, s saves
    a picture, r records, c collects examples of a gesture, e enrolls a person, ? shows this. Ctrl-C ends a run
    without a window; recordings are whole files then, too.
    """
    if options["as_json"] and not options["headless"]:
        raise click.UsageError("--json prints the results of a run without a window: add --headless.")
    if options["dry_run"] and not options["actions"]:
        raise click.UsageError("--dry-run is about actions: add --actions FILE.")
    if len(sources) > 1 and (options["record"] or options["actions"]):
        raise click.UsageError("--record and --actions are for one --source.")
    settings = economical(pipeline_settings(options))
    settings = replace(settings, liveness=liveness, relieve=not settings.exact)
    if statistics is None:
        statistics = _STATISTICS_SECONDS if options["headless"] else 0.0
    source_options = {
        "size": size,
        "fps": fps,
        "fourcc": fourcc,
        "backend": camera_backend,
        "mirrored": source_mirrored,
        "loop": loop,
    }
    request = Watch(
        source=sources[0],
        others=sources[1:],
        settings=settings,
        source_options=source_options,
        statistics=statistics,
        **options,
    )
    watch(request)


def watch(request: Watch) -> None:
    """Run the live loop as asked until it ends, the user ends it, or its time is up."""
    from livefg.loop import LiveLoop, StopSignals
    from livefg.sinks.recorder import Recorder
    from livefg.viewer import stage_devices

    if not request.headless:
        from livefg.sinks.display import check_display

        check_display()
    if request.others:
        from livefg.cli.live_together import watch_together

        watch_together(request)
        return
    notices = Notices()
    with ExitStack() as stack:
        source, pipeline = _open(request, notices, stack)
        tell_stages(pipeline.reports)
        for note in source.info.notes:
            tell(note)
        loop = LiveLoop(source, pipeline)
        stack.enter_context(StopSignals(loop.stop))
        recorder = stack.enter_context(Recorder(loop, source.info, request.quality, notices))
        for path in request.record:
            recorder.start(path)
        if request.actions:
            loop.add_sink(stack.enter_context(_actions(request.actions, request.dry_run, notices)))
        stack.enter_context(loop)
        stack.enter_context(Companion(loop.stop, lambda: loop.statistics().line(), request))
        if request.headless:
            _without_window(request, loop)
        else:
            _in_window(request, loop, source, recorder, notices, lambda: stage_devices(pipeline.reports))
        tell(loop.statistics().line())


def _actions(path: Path, dry_run: bool, notices: Notices) -> ActionRunner:
    """What does what the file asks for."""
    from livefg.actions import ActionRunner, load_actions

    return ActionRunner(load_actions(path), notices, dry_run=dry_run)


class Notices:
    """Sentences of source and recorder, from any thread: to stderr and, once there is one, to the window."""

    def __init__(self) -> None:
        self.also: Callable[[str], None] | None = None

    def __call__(self, sentence: str) -> None:
        """Tell one."""
        tell(sentence)
        if self.also:
            self.also(sentence)


def _open(request: Watch, notices: Notices, stack: ExitStack) -> tuple[Source, Pipeline]:
    """The source and the networks, opened side by side: both take about as long."""
    from livefg.pipeline import Pipeline
    from livefg.sources import open_source

    options = {"live": True, "on_notice": notices, **request.source_options}
    with ThreadPoolExecutor(1) as executor:
        opening = executor.submit(open_source, request.source, **options)
        try:
            settings = replace(request.settings, reload_interval=RELOAD_SECONDS)
            pipeline = stack.enter_context(Pipeline(settings, notices))
        except BaseException:
            if not opening.exception():
                opening.result().close()
            raise
        return stack.enter_context(opening.result()), pipeline


class Companion:
    """A thread beside the loop that prints statistics now and then, and ends the loop when its time is up."""

    def __init__(self, stop: Callable[[], None], line: Callable[[], str], request: Watch) -> None:
        """`stop` ends what runs, `line` says how it is doing."""
        self._stop = stop
        self._line = line
        self._interval = request.statistics
        self._duration = request.duration
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="livefg-statistics", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        begun = time.monotonic()
        end = begun + self._duration if self._duration else math.inf
        line = begun + self._interval if self._interval else math.inf
        while min(line, end) < math.inf:
            if self._done.wait(max(0.0, min(line, end) - time.monotonic())):
                return
            if time.monotonic() >= end:
                self._stop()
                return
            tell(f"{self._line()}  {_resident_megabytes()} MB")
            line += self._interval


def _resident_megabytes() -> int:
    import psutil

    resident: int = psutil.Process().memory_info().rss
    return round(resident / 1e6)


def _without_window(request: Watch, loop: LiveLoop) -> None:
    """Print every result, or only what begins and ends."""
    from livefg.sinks.jsonl import JsonlSink

    lines = JsonlSink(sys.stdout)
    start: float | None = None
    for view in loop.views():
        if view is None or not view.fresh:
            continue
        if request.as_json:
            lines.write(view.frame, view.result)
        else:
            start = view.result.time if start is None else start
            for event in view.result.events:
                click.echo(event_line(event, view.result, start))
        if request.on_view:
            request.on_view(view)


def event_line(event: Event, result: FrameResult, start: float) -> str:
    """As in `  12.34 s  gesture  start  thumb_up        left hand 3   93 %`."""
    side = next((f"{hand.side} " for hand in result.hands if hand.track == event.track), "")
    owner = f"{event.kind} {event.track}" if event.kind in {"face", "head"} else f"{side}hand {event.track}"
    return (
        f"{event.time - start:8.2f} s  {event.kind:8} {event.phase:6} {event.label:18} {owner:13}"
        f" {event.confidence:4.0%}"
    )


def _in_window(
    request: Watch,
    loop: LiveLoop,
    source: Source,
    recorder: Recorder,
    notices: Notices,
    devices: Callable[[], tuple[str, ...]],
) -> None:
    """Show the loop in a window and do what its keys ask."""
    from livefg.collect.session import CollectKey
    from livefg.gallery.enrolment import Enroller
    from livefg.gallery.live import EnrollKey
    from livefg.settings import load_settings
    from livefg.sinks.window import Key, WindowSink
    from livefg.viewer import Viewer, WindowTool

    with WindowSink(f"livefg - {source.info.name}") as window:
        camera = source.info.kind == "camera"
        window.mirror = camera and not source.info.mirrored if request.mirror is None else request.mirror
        device = request.settings.device_of("identity")
        tools: dict[Key, WindowTool] = {
            Key.COLLECT: CollectKey(loop, window, load_settings().collect, notices),
            Key.ENROLL: EnrollKey(loop, window, notices, lambda: Enroller(device)),
        }
        viewer = Viewer(loop, source, window, recorder, devices=devices, folder=request.folder, tools=tools)
        notices.also = viewer.notice
        viewer.run(request.on_view)
