"""The options of `livefg train` and `python -m training`; torch is imported only when training really starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livefg.errors import LivefgError
from livefg.paths import shipped_models_dir, user_cache_dir, user_models_dir, user_recordings_dir
from training.extra import require_training_extra
from training.options import json_option, model_option, seed_option, work_option

if TYPE_CHECKING:
    from training.gestures import Trained
    from training.recipes import GestureRecipe
    from training.sources.dataset import DatasetFile

__all__ = ["dataset_in", "gestures"]

_DEFAULT_NAME = "my_gestures"


@click.command()
@click.option(
    "--data",
    default=user_recordings_dir,
    show_default="what `livefg collect` recorded",
    type=click.Path(path_type=Path),
    help="A folder with a folder a gesture, a folder of recordings, or a dataset file (.toml).",
)
@model_option(_DEFAULT_NAME)
@click.option("--extend", is_flag=True, help="Add the gestures to those of --base.")
@click.option(
    "--base", default="gesture", show_default=True, help="The classifier to extend, by name or path."
)
@click.option(
    "--recipe",
    type=click.Choice(["default"]),
    help="Rebuild what ships with livefg; --data is the data folder.",
)
@click.option(
    "--input",
    type=click.Choice(["landmarks", "pixels", "both"]),
    help="What the network looks at: the hand's points, its picture, or both.  [default: landmarks]",
)
@click.option(
    "--loss", type=click.Choice(["cross_entropy", "focal", "weston_watkins"]), help="What to make small."
)
@click.option("--margin", type=float, help="The margin of weston_watkins.  [default: 1]")
@click.option("--activation", type=click.Choice(["relu", "tanh", "sigmoid"]), help="Of the hidden layers.")
@click.option("--depth", type=click.IntRange(0, 8), help="How many hidden layers.")
@click.option("--width", type=click.IntRange(8, 4096), help="How wide each is.")
@click.option("--epochs", type=click.IntRange(1), help="How long to train.")
@seed_option
@click.option("--device", default="cpu", show_default=True, help="Where to train: cpu, cuda, mps.")
@click.option(
    "--hold-back",
    type=click.Choice(["auto", "person", "session", "source", "row", "each_source"]),
    help="What to examine the network with.  [default: auto, each gesture by person, else session, else row]",
)
@click.option(
    "--false-rate",
    type=click.FloatRange(0, 1),
    help="The share of hands without a gesture that may be given one.  [default: 0.01]",
)
@work_option("the log, the checkpoints and evaluation.json")
@click.option("--resume", is_flag=True, help="Go on where an interrupted training stopped.")
@json_option
def gestures(data: Path, out: Path | None, as_json: bool, **options: Any) -> None:
    """Learn to tell gestures apart from examples, and write one model file."""
    require_training_extra()
    from training.progress import TrainingProgress  # noqa: PLC0415

    shipping = options["recipe"] == "default"
    usual = shipped_models_dir() / "gesture.onnx" if shipping else user_models_dir() / f"{_DEFAULT_NAME}.onnx"
    path = out or usual
    work = options["work"] or user_cache_dir() / "training" / path.stem
    with TrainingProgress() as progress:
        try:
            trained = _train(data, path, work, progress, options)
        except KeyboardInterrupt:
            click.echo("Stopped; the same command with --resume goes on from the last epoch.", err=True)
            raise
    if as_json:
        click.echo(json.dumps(_summary(trained), ensure_ascii=False, indent=2))
    else:
        _tell(trained, work)


def _train(data: Path, path: Path, work: Path, progress: Any, options: dict[str, Any]) -> Trained:
    import torch  # noqa: PLC0415

    from livefg.inference.manifest import find_model  # noqa: PLC0415
    from training.export import read_network  # noqa: PLC0415
    from training.gestures import train_gestures  # noqa: PLC0415
    from training.recipes import changed  # noqa: PLC0415
    from training.samples import Samples  # noqa: PLC0415

    if not _available(torch, options["device"]):
        raise LivefgError(f"torch cannot train on {options['device']!r} on this machine.")
    shipping = options["recipe"] == "default"
    if shipping and options["input"] not in (None, "landmarks"):
        raise LivefgError(
            "What ships looks at landmarks: --recipe default cannot be had with another --input."
        )
    base = find_model(options["base"]).path if options["extend"] else None
    if base:
        read_network(base, options["input"])  # or says why they do not fit together
    recipe = _recipe(shipping, options)
    dataset = _shipped_dataset(data) if shipping else dataset_in(data)
    trained = train_gestures(
        dataset,
        path,
        changed(recipe, options),
        progress,
        extend=base,
        bank=Samples.empty() if shipping else None,
        folder=work,
        resume=options["resume"],
    )
    if shipping:
        from training.shipping import ship  # noqa: PLC0415

        ship(trained, path.parent, dataset.sources)
    return trained


def _recipe(shipping: bool, options: dict[str, Any]) -> GestureRecipe:
    from training.recipes import default_recipe, own_recipe, pixel_recipe, quick_recipe  # noqa: PLC0415

    if shipping:
        return default_recipe()
    if options["extend"]:
        return quick_recipe()
    return own_recipe() if options["input"] in (None, "landmarks") else pixel_recipe()


def dataset_in(data: Path) -> DatasetFile:
    """The dataset that a path means: a dataset file, a folder with one, or a folder of classes or recordings.

    Raises LivefgError if there is none.
    """
    from training.sources.dataset import DatasetFile, folder_as_dataset  # noqa: PLC0415

    if not data.exists():
        raise LivefgError(
            f"There are no examples in {data}; record some with `livefg collect LABEL` or name a folder with --data."
        )
    if data.is_file():
        return DatasetFile.read(data)
    named = data / "dataset.toml"
    return DatasetFile.read(named) if named.exists() else folder_as_dataset(data)


def _shipped_dataset(data: Path) -> DatasetFile:
    from training.sources.dataset import DatasetFile  # noqa: PLC0415

    return DatasetFile.read(Path(__file__).parent / "data" / "default.toml", data)


def _available(torch: Any, device: str) -> bool:
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError):
        return False
    return True


def _summary(trained: Trained) -> dict[str, Any]:
    evaluation = trained.evaluation
    return {
        "model": str(trained.path),
        "labels": list(trained.about.labels),
        "hands": len(trained.gathered.samples),
        "rejected": trained.gathered.reasons(),
        "accuracy": evaluation.accuracy,
        "macro_f1": evaluation.macro_f1,
        "ece": evaluation.ece,
        "false_gestures": evaluation.false_gestures,
        "reject_threshold": trained.about.reject_threshold,
        "split": trained.about.split,
        "notes": list(trained.notes),
    }


def _tell(trained: Trained, work: Path) -> None:
    from training.describe import describe_evaluation  # noqa: PLC0415

    for note in trained.notes:
        click.echo(f"note: {note}", err=True)
    for line in describe_evaluation(trained.evaluation, trained.gathered):
        click.echo(line)
    click.echo(f"held back {trained.about.split}")
    click.echo(f"report {work / 'report' / 'index.html'}")
    click.echo(f"wrote {trained.path} ({len(trained.about.labels)} labels)")
