"""The command line: one file a command, which parses, calls the function of its name, and prints."""

from __future__ import annotations

import atexit
import gc
import io
import sys
from importlib import import_module

import click

import tenfold
from tenfold.errors import TenfoldError

COMMANDS = (
    "train",
    "tune",
    "evaluate",
    "predict",
    "explain",
    "robustness",
    "suspects",
    "report",
    "export",
    "serve",
    "inspect",
    "doctor",
    "data",
)
"""In the order in which one needs them; each is a module here, and imported when it is asked for."""


class Commands(click.Group):
    """The commands of `COMMANDS`."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the commands' names in their order."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import a command, where there is one of this name."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"tenfold.cli.{name}"), name)
        return command


@click.group("tenfold", cls=Commands, invoke_without_command=True)
@click.version_option(tenfold.__version__, message="tenfold %(version)s")
@click.pass_context
def app(context: click.Context) -> None:
    """Folders of labelled images in, a trustworthy softmax classifier out."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """Run the command line; a user's mistake ends in one line on stderr and exit code 1 or 2."""
    atexit.register(gc.freeze)  # what is left at the end goes with the process, unsearched
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a class may be called お where the terminal knows no kana
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(standalone_mode=False, complete_var="_TENFOLD_COMPLETE")
    except TenfoldError as error:
        code = _complain(str(error), error.exit_code)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "tenfold"
        message = f"{error.format_message().rstrip('.')}; {command} --help shows what there is"
        code = _complain(message, error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        code = 130
    except OSError as error:
        code = _complain(f"{error.filename or 'standard output'}: {error.strerror or error}", 1)
    sys.exit(code)


def _complain(message: str, code: int) -> int:
    print("error:", " ".join(message.split()), file=sys.stderr)
    return code
