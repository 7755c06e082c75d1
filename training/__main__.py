"""`python -m training`: everything that makes a file in `models/`."""

from __future__ import annotations

import sys

import click

from livefg.errors import LivefgError
from training.cli import gestures
from training.extra import require_training_extra
from training.motion_cli import motions

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def command() -> None:
    """Make the networks: `gestures` and `motions` from examples, `convert` from upstream files."""


def _elsewhere(name: str, module: str, summary: str) -> None:
    """A command whose own module reads its arguments."""

    @command.command(
        name,
        help=summary,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    @click.pass_context
    def run(context: click.Context) -> None:
        require_training_extra()
        import importlib  # noqa: PLC0415 - the others need packages that this one may lack

        importlib.import_module(module).main(context.args)


_elsewhere("convert", "training.convert.__main__", "Make livefg's networks from the upstream files.")
command.add_command(gestures)
command.add_command(motions)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exits 0, 1 with one sentence on stderr, 2 for wrong use, or 130 after Ctrl-C."""
    try:
        command.main(arguments, prog_name="python -m training")
    except LivefgError as error:
        click.echo(f"python -m training: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
