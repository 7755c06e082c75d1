"""`livefg evaluate`: how right a classifier is about examples that one has."""

from __future__ import annotations

import json
from pathlib import Path

import click

__all__ = ["command"]


@click.command()
@click.argument("model")
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="A folder with a folder a gesture, a folder of recordings, or a dataset file (.toml).",
)
@click.option("--device", default="cpu", show_default=True, help="Where to run the classifier.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Also write everything to this JSON file."
)
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also draw everything: a page to look at, in this folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(
    model: str, data: Path, device: str, out: Path | None, report: Path | None, as_json: bool
) -> None:
    """Measure MODEL, a gesture classifier's name or file, on examples."""
    from livefg.inference.classifier import Classifier
    from training.cli import dataset_in
    from training.describe import describe_evaluation
    from training.extra import require_training_extra
    from training.measure import measure

    if report:
        require_training_extra("A report", ["matplotlib"])
    classifier = Classifier.load(model, device, task="gesture")
    dataset = dataset_in(data)
    found, gathered = measure(classifier, dataset, conditions=bool(out or report or as_json))
    if out:
        found.save(out)
    if report:
        from training.report import write_report
        from training.report.measured import report_on_measurement

        click.echo(
            write_report(report_on_measurement(classifier, found, gathered, dataset), report), err=True
        )
    if as_json:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=2))
        return
    for line in describe_evaluation(found, gathered):
        click.echo(line)
