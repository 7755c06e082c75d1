"""The `livefg` command. Each command lives in a module of its own that is imported only when it is used."""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from livefg.errors import LivefgError

__all__ = ["main"]

# Name -> (module, one line for `livefg --help`); the object in the module is called `command`.
_COMMANDS = {
    "demo": ("livefg.cli.demo", "Show what livefg does on the clip that comes with it."),
    "live": ("livefg.cli.live", "Watch a camera, stream or file with the overlay."),
    "process": ("livefg.cli.process", "Videos and images to data files and annotated video."),
    "enroll": ("livefg.cli.enroll", "Introduce a person by pictures or before a camera."),
    "people": ("livefg.cli.people", "List, rename, merge and forget the people you introduced."),
    "collect": ("livefg.cli.collect", "Record examples of a gesture of your own."),
    "train": ("livefg.cli.train", "Make a classifier of your own from examples."),
    "evaluate": ("livefg.cli.evaluate", "Measure a classifier on examples."),
    "cameras": ("livefg.cli.cameras", "List the cameras and what each can give."),
    "doctor": ("livefg.cli.doctor", "Check this machine and say what to do about each problem."),
    "models": ("livefg.cli.models", "List and verify the networks; choose the one that names gestures."),
    "settings": ("livefg.cli.settings", "Show what can be set, what is set, and where."),
    "bench": ("livefg.cli.bench", "Measure how fast this machine is, stage by stage."),
}


class _LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, _ = _COMMANDS[cmd_name]
        command = importlib.import_module(module).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(
    cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="livefg")
def _livefg() -> None:
    """Real-time face and gesture recognition. Everything runs on this machine; nothing is sent anywhere."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; exits 0, 1 with one sentence on stderr, 2 for wrong use, or 130 after Ctrl-C."""
    try:
        status = _livefg.main(args=arguments, prog_name="livefg", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except LivefgError as error:
        click.echo(f"livefg: {error}", err=True)
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)
