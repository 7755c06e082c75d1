"""Options that several commands share; nothing here imports what only a running command needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from livefg.settings import load_settings, section

if TYPE_CHECKING:
    from livefg.inference.network import NetworkReport
    from livefg.pipeline import PipelineSettings

__all__ = [
    "INTERRUPTED",
    "economical",
    "for_live",
    "parse_size",
    "pipeline_options",
    "pipeline_settings",
    "quality_option",
    "tell",
    "tell_stages",
]

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

Command = TypeVar("Command", bound=Callable[..., Any])


def parse_size(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    """Width and height in pixels from text such as 1280x720."""
    if value is None:
        return None
    width, _, height = value.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise click.BadParameter(f"{value!r} is not a size such as 1280x720.")
    return int(width), int(height)


_METAVARS = {"": "0..1", "s": "SECONDS", "palms/s": "PALMS/S"}
"""What stands for a number in the help, by the setting's unit."""
_PIPELINE_OPTIONS = (
    click.option(
        "--device",
        default="auto",
        show_default=True,
        metavar="DEVICE",
        help="auto, cpu, cuda, tensorrt, coreml, directml or openvino; or one a stage: hands=cuda,faces=cpu.",
    ),
    click.option(
        "--hands", type=click.IntRange(0), default=2, show_default=True, help="Hands to follow at most."
    ),
    click.option(
        "--faces", type=click.IntRange(0), default=4, show_default=True, help="Faces to follow at most."
    ),
    click.option("--lite", is_flag=True, help="Smaller hand networks: faster, less exact."),
    click.option(
        "--threads",
        "workers",
        type=click.IntRange(1),
        help="Threads that compute side by side.  [default: one a fast core, at most 4]",
    ),
    click.option(
        "--exact/--no-exact",
        default=None,
        help="Compute every hand and face anew in every frame, even if nothing moves.",
    ),
    click.option("--no-expressions", is_flag=True, help="Do not tell what faces express."),
    click.option(
        "--backend",
        type=click.Choice(["livefg", "mediapipe"]),
        default="livefg",
        show_default=True,
        help="Whose perception runs; mediapipe needs the extra of that name and reports usage to its maker.",
    ),
    click.option(
        "--mediapipe-models",
        type=click.Path(exists=True, file_okay=False),
        help="Folder of the task files for --backend mediapipe.",
    ),
    click.option(
        "--gesture-model",
        metavar="NAME|PATH",
        help="The classifier that names gestures.  [default: the one chosen with `livefg models use`]",
    ),
    click.option(
        "--motion-model",
        metavar="NAME|PATH",
        help="The classifier that names motions of hands.  [default: the one chosen with `livefg models use`]",
    ),
    click.option(
        "--identity-model",
        metavar="NAME|PATH",
        help="A classifier that names people, as `livefg train faces` makes it, beside those who are enrolled.",
    ),
    click.option(
        "--motions",
        default="all",
        show_default=True,
        metavar="LIST",
        help="Motions to make events of: all, none, or labels with commas, as in swipe_left,swipe_right.",
    ),
    *(
        click.option(
            f"--{setting.name}",
            type=float,
            metavar=_METAVARS[setting.unit],
            help=f"{setting.meaning}  [default: see `livefg settings`]",
        )
        for setting in section("decisions")
    ),
)


def pipeline_options(command: Command) -> Command:
    """Add the options that say what to look for, with what, and how to decide; see `pipeline_settings`."""
    for option in reversed(_PIPELINE_OPTIONS):
        command = option(command)
    return command


def pipeline_settings(options: dict[str, Any]) -> PipelineSettings:
    """Take the values of `pipeline_options` out of a command's options; what they leave open the user's file says."""
    from livefg.pipeline import PipelineSettings
    from livefg.recognition.motion_decisions import MotionSettings

    given = {setting: options.pop(setting.name) for setting in section("decisions")}
    settings = load_settings(changes={key: value for key, value in given.items() if value is not None})
    names = (
        "device",
        "hands",
        "faces",
        "lite",
        "backend",
        "mediapipe_models",
        "gesture_model",
        "motion_model",
        "identity_model",
        "exact",
        "workers",
    )
    motions = options.pop("motions")
    only = () if motions in {"all", "none"} else tuple(label.strip() for label in motions.split(","))
    return PipelineSettings(
        decisions=settings.decisions,
        expressions=not options.pop("no_expressions"),
        motions=motions != "none",
        motion_decisions=MotionSettings(only=only),
        rules=settings.rules,
        **{name: options.pop(name) for name in names},
    )


def for_live(settings: PipelineSettings) -> PipelineSettings:
    """The same, with fewer searches for missing hands and faces: ten a second, which nobody notices waiting for.

    The machine has the rest of its time for those that are already followed.
    """
    return replace(settings, search_interval=0.1)


def economical(settings: PipelineSettings) -> PipelineSettings:
    """As `for_live`, and what does not change is not computed anew, unless `--exact` asked for that."""
    return replace(for_live(settings), exact=bool(settings.exact))


quality_option = click.option(
    "--quality",
    type=click.Choice(["low", "medium", "high"]),
    default="medium",
    show_default=True,
    help="Of the annotated video: smaller files, or better pictures.",
)


def tell(sentence: str) -> None:
    """Say something on stderr; stdout is for results."""
    click.echo(sentence, err=True)


def tell_stages(reports: tuple[NetworkReport, ...]) -> None:
    """One line a network: its device, its provider, its time."""
    for report in reports:
        tell(str(report))
