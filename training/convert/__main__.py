"""`python -m training.convert --from DIR`: the upstream networks in DIR become the ONNX files of `models/`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import onnx
from onnx import helper

from livefg.errors import LivefgError
from livefg.paths import shipped_models_dir
from training.convert.cards import card
from training.convert.manifest import describe, update_manifest, write_whole
from training.convert.parity import check_parity, largest_differences
from training.convert.recipes import RECIPES, Recipe
from training.convert.samples import Samples
from training.convert.upstream import UPSTREAM, UpstreamFolder

__all__ = ["convert", "main"]


@click.command()
@click.option(
    "--from",
    "source",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the upstream files.",
)
@click.option(
    "--out",
    "target",
    type=click.Path(file_okay=False, path_type=Path),
    default=shipped_models_dir,
    help="Folder for the networks, their cards and the manifest.  [default: livefg's own]",
)
@click.option("--only", type=click.Choice(sorted(RECIPES)), help="Make this network alone.")
def command(source: Path, target: Path, only: str | None) -> None:
    """Make livefg's networks from the upstream files; each is compared with its upstream before it is written."""
    folder, samples = UpstreamFolder(source), Samples()
    for name in [only] if only else list(RECIPES):
        click.echo(f"converting {name}", err=True)
        model, parity = convert(name, RECIPES[name], folder, samples)
        entry = _entry(name, RECIPES[name], model, parity)
        write_whole(target / entry["file"], model)
        write_whole(target / entry["card"], card(name, entry).encode())
        update_manifest(target, {name: entry})
        worst = max(parity["max_abs"].values())
        click.echo(f"{name}.onnx  {len(model):>9} bytes  {entry['sha256'][:12]}  off by at most {worst:g}")


def convert(
    name: str, recipe: Recipe, folder: UpstreamFolder, samples: Samples
) -> tuple[bytes, dict[str, Any]]:
    """The ONNX file of one network, the same bytes each time, and how far it is from upstream.

    Raises LivefgError if an upstream file is missing or changed, or if the network answers differently.
    """
    parts = recipe.read(folder)
    case = recipe.reference(parts, samples)
    model = _serialized(recipe.convert(*parts[: recipe.converted]), recipe)
    parity = check_parity(name, model, case, recipe.tolerance)
    if recipe.exact:
        exact = _serialized(recipe.exact(*parts[: recipe.converted]), recipe)
        parity["max_abs_float32_weights"] = largest_differences(exact, case)
    return model, parity


def _serialized(model: onnx.ModelProto, recipe: Recipe) -> bytes:
    upstream = UPSTREAM[recipe.source]
    metadata = {
        "livefg.source": recipe.source,
        "livefg.source_sha256": upstream.sha256,
        "livefg.licence": upstream.licence,
        **recipe.metadata,
    }
    helper.set_model_props(model, dict(sorted(metadata.items())))
    return bytes(model.SerializeToString(deterministic=True))


def _entry(name: str, recipe: Recipe, model: bytes, parity: dict[str, Any]) -> dict[str, Any]:
    upstream = UPSTREAM[recipe.source]
    return {
        "file": f"{name}.onnx",
        "source": recipe.source,
        "source_sha256": upstream.sha256,
        "licence": upstream.licence,
        "notice": upstream.notice,
        **describe(model),
        "parity": parity,
        "card": f"cards/{name}.md",
    }


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exits 0, 1 with one sentence on stderr, or 2 for wrong use."""
    try:
        command.main(arguments, prog_name="python -m training.convert")
    except LivefgError as error:
        click.echo(f"python -m training.convert: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
