"""`livefg settings`: what can be set, what is set, and where."""

from __future__ import annotations

import json

import click

from livefg.errors import LivefgError

__all__ = ["command"]


@click.command()
@click.option("--init", is_flag=True, help="Write a settings file to fill in, with every default in it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(init: bool, as_json: bool) -> None:
    """Show every setting, its value and its meaning, and the file in which it is changed."""
    from livefg.settings import TABLE, load_settings, settings_file, template

    path = settings_file()
    if init:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(template())
        except FileExistsError:
            raise LivefgError(f"{path} exists already; it stays as it is.") from None
        except OSError as error:
            raise LivefgError(f"{path} cannot be written ({error.strerror}).") from error
        click.echo(str(path))
        return
    settings = load_settings(path)
    rows = [
        {
            "name": f"{setting.section}.{setting.name}",
            "value": getattr(getattr(settings, setting.section), setting.name),
            "default": setting.default,
            "unit": setting.unit,
            "meaning": setting.meaning,
        }
        for setting in TABLE
    ]
    if as_json:
        found = {"file": str(path), "exists": path.exists(), "settings": rows}
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    click.echo(f"{path}" + ("" if path.exists() else " (not there: `livefg settings --init` writes one)"))
    for row in rows:
        value = f"{row['value']} {row['unit']}".strip()
        changed = "" if row["value"] == row["default"] else f" (default: {row['default']})"
        click.echo(f"{row['name']:22} {value:8} {row['meaning']}{changed}")
