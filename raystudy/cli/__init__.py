"""The command line; all that is slow to import is imported late, so that `raystudy --help` starts at once.

Exit codes: 0 all is well, 1 trials failed, 2 bad input; 129, 130, 143 ended by a signal (what is finished is kept).
"""

import errno
import os
import signal
import sys
from typing import NoReturn

from raystudy.errors import RaystudyError

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


def main() -> None:
    """Run the command; a mistake of the user's becomes a sentence on stderr and exit code 2."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        # A KeyboardInterrupt in an import is a traceback, or another error where C code imports.
        signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(INTERRUPTED))
    from raystudy.cli.verbs import app

    signal.signal(signal.SIGINT, before)
    try:
        app()
    except RaystudyError as error:
        end_with(str(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            end_with("The output cannot be written: the disk is full.")
        end_with(
            f"A file, or the place of the results, cannot be used: {error}. Bring it back, and run the same line again."
        )


def end_with(sentence: str) -> NoReturn:
    """Say on stderr what went wrong, and exit."""
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, soft_wrap=True).print(Text("error", style="red"), Text(sentence), sep=": ")
    sys.exit(2)
