"""The command line: one file a command, which parses, calls the function of its name, and prints."""

from __future__ import annotations

import io
import sys

import click

import tenfold
from tenfold.cli.data import data
from tenfold.cli.doctor import doctor
from tenfold.cli.evaluate import evaluate
from tenfold.cli.explain import explain
from tenfold.cli.export import export
from tenfold.cli.inspect import inspect
from tenfold.cli.predict import predict
from tenfold.cli.report import report
from tenfold.cli.robustness import robustness
from tenfold.cli.serve import serve
from tenfold.cli.suspects import suspects
from tenfold.cli.train import train
from tenfold.cli.tune import tune
from tenfold.errors import TenfoldError


class InOrder(click.Group):
    """Commands that are listed in the order in which one needs them."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the commands' names as they were added."""
        return list(self.commands)


@click.group("tenfold", cls=InOrder, invoke_without_command=True)
@click.version_option(tenfold.__version__, message="tenfold %(version)s")
@click.pass_context
def app(context: click.Context) -> None:
    """Folders of labelled images in, a trustworthy softmax classifier out."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (
    train,
    tune,
    evaluate,
    predict,
    explain,
    robustness,
    suspects,
    report,
    export,
    serve,
    inspect,
    doctor,
    data,
):
    app.add_command(command)


def main() -> None:
    """Run the command line; a user's mistake ends in one line on stderr and exit code 1 or 2."""
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
        code = _complain(f"{error.filename or 'file'}: {error.strerror or error}", 1)
    sys.exit(code)


def _complain(message: str, code: int) -> int:
    print("error:", " ".join(message.split()), file=sys.stderr)
    return code
