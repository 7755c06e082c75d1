"""`livefg people`: who is enrolled, and what one may want to change about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livefg.errors import LivefgError

if TYPE_CHECKING:
    from livefg.gallery import Person

__all__ = ["command"]

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.group()
def command() -> None:
    """List, show, rename, merge, forget, export or import the people you have enrolled."""


@command.command("list")
@_json_option
def list_people(as_json: bool) -> None:
    """List everybody who is enrolled."""
    from livefg.gallery import GalleryFile

    file = GalleryFile()
    people = file.load().people
    if as_json:
        _print_json([_summary(person) for person in people])
    elif not people:
        click.echo("Nobody is enrolled; `livefg enroll NAME IMAGE...` introduces somebody.")
    for person in () if as_json else people:
        count = len(person.portraits)
        click.echo(f"{person.name}  ({count} portrait{'' if count == 1 else 's'})")


@command.command()
@click.argument("name")
@_json_option
def show(name: str, as_json: bool) -> None:
    """Show what is kept of NAME: each portrait, when it was enrolled, how good it is, how well it fits the others."""
    from livefg.gallery import GalleryFile

    person = GalleryFile().load().person(name)
    portraits = [
        {
            "number": number,
            "added": portrait.added.isoformat(),
            "quality": round(portrait.quality, 2),
            "fits": _fit(person, number - 1),
            "thumbnail": portrait.thumbnail is not None,
        }
        for number, portrait in enumerate(person.portraits, start=1)
    ]
    if as_json:
        _print_json({**_summary(person), "portraits": portraits})
        return
    click.echo(person.name)
    for portrait in portraits:
        fits = f", fits {portrait['fits']:.2f}" if portrait["fits"] is not None else ""
        kept = ", with thumbnail" if portrait["thumbnail"] else ""
        click.echo(
            f"{portrait['number']:4}  {portrait['added']}  quality {portrait['quality']:.2f}{fits}{kept}"
        )


@command.command()
@click.argument("name")
@click.argument("new_name")
def rename(name: str, new_name: str) -> None:
    """Give NAME the name NEW_NAME."""
    from livefg.gallery import GalleryFile

    with GalleryFile().edit() as edit:
        edit.gallery = edit.gallery.renamed(name, new_name)
        new = edit.gallery.person(new_name).name
    click.echo(f"{name} is called {new} now")


@command.command()
@click.argument("name")
@click.argument("into")
def merge(name: str, into: str) -> None:
    """Move all portraits of NAME to the person INTO, and drop NAME."""
    from livefg.gallery import GalleryFile

    with GalleryFile().edit() as edit:
        edit.gallery = edit.gallery.merged(name, into)
        stays = edit.gallery.person(into)
    click.echo(f"{stays.name} has {len(stays.portraits)} portraits now")


@command.command()
@click.argument("name", required=False)
@click.option(
    "--portrait", type=click.IntRange(1), help="Forget only this portrait, by its number in `show`."
)
@click.option("--all", "everybody", is_flag=True, help="Forget everybody.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(name: str | None, portrait: int | None, everybody: bool, yes: bool) -> None:
    """Forget NAME: embeddings and thumbnails leave the file, and nothing else holds any."""
    from livefg.gallery import GalleryFile

    if (name is None) != everybody or (everybody and portrait is not None):
        raise click.UsageError("Give NAME, NAME with --portrait NUMBER, or --all alone.")
    file = GalleryFile()
    what = "everybody" if name is None else file.load().person(name).name
    if portrait is not None:
        what = f"portrait {portrait} of {what}"
    if not yes:
        click.confirm(f"Forget {what}?", abort=True)
    if name is None:
        file.clear()
    else:
        with file.edit() as edit:
            edit.gallery = (
                edit.gallery.without(name)
                if portrait is None
                else edit.gallery.without_portrait(name, portrait)
            )
    click.echo(f"Forgot {what}")


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--person", "names", multiple=True, help="Export this person only; may be given more than once."
)
@click.option("--force", is_flag=True, help="Write over a file that exists.")
def export_people(file: Path, names: tuple[str, ...], force: bool) -> None:
    """Write people to FILE, which `import` reads on another machine. Only you may read it; keep it safe."""
    from livefg.gallery import Gallery, GalleryFile

    if file.exists() and not force:
        raise LivefgError(f"{file} exists already; --force writes over it.")
    gallery = GalleryFile().load()
    if names:
        gallery = Gallery.of({id(person): person for person in map(gallery.person, names)}.values())
    if not gallery.people:
        raise LivefgError("Nobody is enrolled, so there is nobody to export.")
    from livefg.gallery.store import export_gallery

    export_gallery(gallery, file)
    click.echo(f"{file}: {len(gallery)} {'person' if len(gallery) == 1 else 'people'}")


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_people(file: Path) -> None:
    """Add the people in FILE. Who is enrolled already gets the portraits that are new."""
    from livefg.gallery import GalleryFile

    others = GalleryFile(file).load()
    with GalleryFile().edit() as edit:
        for person in others.people:
            edit.gallery = edit.gallery.with_portraits(person.name, person.portraits)
    click.echo(f"{len(others)} {'person' if len(others) == 1 else 'people'} from {file}")


def _summary(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "portraits": len(person.portraits),
        "added": min(portrait.added for portrait in person.portraits).isoformat(),
        "quality": round(max(portrait.quality for portrait in person.portraits), 2),
        "thumbnails": any(portrait.thumbnail is not None for portrait in person.portraits),
    }


def _fit(person: Person, place: int) -> float | None:
    """Cosine of a portrait with the middle of the person's others; None if it is the only one."""
    from livefg.gallery import Person

    others = (*person.portraits[:place], *person.portraits[place + 1 :])
    if not others:
        return None
    return round(float(Person(person.name, others).prototype @ person.portraits[place].embedding), 2)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
