"""`python -m training.synthetic --out DIR --per-class N`: rendered hands, and the landmarks found in them."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from livefg.errors import LivefgError
from training.synthetic.generate import generate
from training.synthetic.pictures import pictured_hands
from training.synthetic.report import report
from training.synthetic.sheet import write_sheets
from training.synthetic.table import compact, joined, write_table

__all__ = ["command", "main"]


@click.command()
@click.option(
    "--out",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for pictures, landmarks and table.npz; a run that was stopped goes on there.",
)
@click.option(
    "--per-class",
    required=True,
    type=click.IntRange(min=1),
    help="Pictures a gesture; none gets 4 times that.",
)
@click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(min=1), help="Processes side by side."
)
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Another seed, other pictures."
)
@click.option(
    "--table",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the well-found samples alone as a small table for training.",
)
@click.option(
    "--pictures",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write some well-found samples with pictures of the hands, for networks that look at pixels.",
)
@click.option(
    "--pictures-per-class",
    default=120,
    show_default=True,
    type=click.IntRange(min=1),
    help="So many of them; none gets 4 times that.",
)
@click.option("--sheets", is_flag=True, help="Also write a contact sheet a class, to look at.")
def command(
    folder: Path,
    per_class: int,
    jobs: int,
    seed: int,
    table: Path | None,
    pictures: Path | None,
    pictures_per_class: int,
    sheets: bool,
) -> None:
    """Render hands that show every gesture, and find their landmarks with livefg's own perception."""
    wanted = generate(folder, per_class, seed, jobs)
    whole = joined(folder, wanted)
    write_table(folder / "table.npz", whole)
    if table:
        write_table(table, compact(whole))
    if pictures:
        pictured_hands(folder, wanted, pictures_per_class).save(pictures, half=True)
    if sheets:
        write_sheets(folder, wanted)
    Console().print(report(whole))


def main() -> None:
    """Run the command; what a user can put right is said in one sentence."""
    try:
        command(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Stopped; what is finished is kept, and the same command goes on.", err=True)
        sys.exit(1)
    except LivefgError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
