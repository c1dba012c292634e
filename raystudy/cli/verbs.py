"""The verbs of the command line, one file each, imported late themselves: `raystudy plan` starts at once."""

import typer

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
