"""The command line: one file a command, which parses, calls the function of its name, and prints."""

from __future__ import annotations

import io
import sys

import typer

from tenfold.cli.data import app as data_app
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

app = typer.Typer(
    name="tenfold",
    help="Folders of labelled images in, a trustworthy softmax classifier out.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
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
):
    app.command()(command)
app.add_typer(data_app, name="data")


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    """Print the version, or the help where no command is given."""
    if version:
        from tenfold import __version__

        typer.echo(f"tenfold {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line; a user's mistake ends in one line on stderr and exit code 1 or 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a class may be called お where the terminal knows no kana
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(standalone_mode=False)
    except TenfoldError as error:
        code = _complain(str(error), error.exit_code)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "tenfold"
        message = f"{error.format_message().rstrip('.')}; {command} --help shows what there is"
        code = _complain(message, error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except OSError as error:
        code = _complain(f"{error.filename or 'file'}: {error.strerror or error}", 1)
    sys.exit(code)


def _complain(message: str, code: int) -> int:
    print("error:", " ".join(message.split()), file=sys.stderr)
    return code
