"""Every error that a user of tenfold can cause.

.. code-block:: text

    TenfoldError                 exit code 1
    ├── UsageError               exit code 2   a flag, an argument, a recipe field
    │   └── MissingExtraError    exit code 2   a package that only an extra installs
    ├── DataError                exit code 1   image files, folders, tables, downloads
    ├── ModelError               exit code 1   a model file, or a model put to the wrong use
    └── RunError                 exit code 1   a run folder or a checkpoint
        └── RunExistsError       exit code 1   a folder that is not free for a new run

Each message is one line: what was found, what was expected, how to mend it. The command line prints
that line alone and exits with the code; from Python they are raised like any exception.
"""


class TenfoldError(Exception):
    """The root of the tree: ``except tenfold.TenfoldError`` catches whatever a user can mend."""

    exit_code = 1


class UsageError(TenfoldError, ValueError):
    """An argument, a flag or a recipe field has a value that it cannot take."""

    exit_code = 2


class MissingExtraError(UsageError):
    """The call needs a package that only an extra of tenfold installs."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed; expected tenfold with its "
            f"extra '{extra}': pip install '.[{extra}]' in tenfold's source folder"
        )


class DataError(TenfoldError):
    """Images or labels are missing, damaged or contradictory."""


class ModelError(TenfoldError):
    """A model file is damaged, or a model does not fit what it is asked to do."""


class RunError(TenfoldError):
    """A run folder or checkpoint cannot be written, read or continued."""


class RunExistsError(RunError):
    """The folder of a new run is taken: a run never overwrites another."""
