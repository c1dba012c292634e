"""The command line: one file a verb, imported late, so that `raystudy --help` and `raystudy plan` start at once.

Exit codes: 0 all is well, 1 trials failed, 2 bad input; 129, 130, 143 ended by a signal (what is finished is kept).
"""

import errno
import sys
from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

from raystudy.cli import (
    analyze,
    anova,
    dynamics,
    law,
    measure,
    meters,
    plan,
    results,
    run,
    schema,
    serve,
    status,
    submit,
)
from raystudy.errors import RaystudyError

app = typer.Typer(
    name="raystudy",
    help="Runs training studies of language models and tells what they cost.\n\n"
    "Start with `raystudy plan jobs/efficiency_laptop.toml`, then `raystudy run` the same file.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (
    plan.plan,
    run.run,
    submit.submit,
    status.status,
    results.results,
    serve.serve,
    analyze.analyze,
    anova.anova,
    dynamics.dynamics,
    law.law,
    meters.meters,
    schema.schema,
):
    app.command()(verb)
app.command(context_settings={"allow_interspersed_args": False})(measure.measure)  # options after COMMAND are its own


def main() -> None:
    """Run the command; a mistake of the user's becomes a sentence on stderr and exit code 2."""
    try:
        app()
    except RaystudyError as error:
        _end_with(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _end_with("The output cannot be written: the disk is full.")
        _end_with(
            f"A file, or the place of the results, cannot be used: {error}. Bring it back, and run the same line again."
        )


def _end_with(sentence: str) -> NoReturn:
    Console(stderr=True, soft_wrap=True).print(Text("error", style="red"), Text(sentence), sep=": ")
    sys.exit(2)
