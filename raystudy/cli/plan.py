"""`raystudy plan`: what a study will do, before it does it."""

import statistics
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from raystudy.cli.arguments import StudyFile
from raystudy.errors import HubError
from raystudy.study import Condition, Recipe, Study, load

if TYPE_CHECKING:
    from raystudy.training.forecast import Forecast


def plan(
    file: StudyFile,
    *,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Train a few steps here to tell the time.")] = False,
) -> None:
    """
    Show the trials of a study, their order, tokens, repetition, parameters and FLOPs; nothing is trained.

    Refuses a study that could not be analysed.

    Example: `raystudy plan jobs/efficiency_laptop.toml --calibrate`
    """
    from raystudy.analysis import KINDS

    study, console = load(file), Console()
    KINDS[study.kind].check(study)
    console.print(Text(study.name, style="bold"), Text(study.question), sep=": ")
    forecasts = _forecasts(study, Console(stderr=True))
    console.print(_conditions(study, forecasts))
    console.print(_order(study))
    if calibrate:
        _tell_time(study, forecasts, console)


def _forecasts(study: Study, log: Console) -> "dict[Condition, Forecast | None]":
    """Forecast each condition; null where a model or a corpus would have to be downloaded first."""
    from raystudy.training.forecast import forecast
    from raystudy.training.models import source_of
    from raystudy.training.tokens import prepare

    def tell(text: str) -> None:
        log.print(Text(text, style="dim"))

    found: dict[Condition, Forecast | None] = {}
    for condition in study.conditions:
        recipe = condition.applied_to(study.recipe)
        try:
            source = source_of(recipe, allow_hub=False)
            corpus = prepare(recipe, tokenizer=source.tokenizer, tokenizer_file=source.tokenizer_file, tell=tell)
        except HubError:
            if not study.allow_hub:
                raise
            found[condition] = None  # a plan downloads nothing
        else:
            found[condition] = forecast(recipe, corpus, source)
    return found


def _conditions(study: Study, forecasts: "dict[Condition, Forecast | None]") -> Table:
    table = Table(title="Conditions, each trial", title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD)
    for column in ("condition", "tokens", "padding", "unique", "epochs", "steps", "parameters", "FLOPs"):
        table.add_column(column, justify="left" if column == "condition" else "right", no_wrap=column == "condition")
    for condition, told in forecasts.items():
        if told is None:
            table.add_row(str(condition), "not downloaded", *["—"] * 6)
            continue
        table.add_row(
            str(condition),
            f"{told.tokens:,}",
            f"{told.padding_share:.0%}" if told.padding_share else "none",
            f"{told.unique_tokens:,}",
            f"{told.epochs:.2f}",
            f"{told.steps:,}",
            "—" if told.parameters is None else f"{told.parameters:,}",
            "—" if told.flops is None else f"{told.flops:.3g}",
        )
    flops = [told.flops if told else None for told in forecasts.values()]
    if all(flops):
        table.caption = f"{sum(filter(None, flops)) * study.repetitions:.3g} FLOPs in all"
    return table


def _order(study: Study) -> Table:
    trials = list(study.trials())
    table = Table(title=f"{len(trials)} trials, order {study.order}", title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("block", "seed", "order in the block"):
        table.add_column(column, overflow="fold")
    for repetition in range(1, study.repetitions + 1):
        block = [trial for trial in trials if trial.repetition == repetition]
        table.add_row(str(repetition), str(block[0].seed), "  ".join(trial.id for trial in block))
    return table


def _tell_time(study: Study, forecasts: "dict[Condition, Forecast | None]", console: Console) -> None:
    """Train a few steps of each kind of recipe on this machine, and extrapolate by tokens."""
    rates: dict[Recipe, tuple[float, float]] = {}
    seconds = 0.0
    for condition, told in forecasts.items():
        if told is None:
            console.print(
                "The time cannot be told before model and corpus are downloaded; `raystudy run` does that first."
            )
            return
        recipe = condition.applied_to(study.recipe)
        short = _shortened(recipe)
        if short not in rates:
            rates[short] = _rates(short, study)
        train_per_s, eval_per_s = rates[short]
        seconds += told.tokens / train_per_s + 2 * min(recipe.eval_tokens, told.heldout_tokens) / eval_per_s
    rates_told = ", ".join(f"{rate:,.0f}" for rate, _ in rates.values())
    console.print(
        f"About {seconds * study.repetitions / 60:.1f} min of training and evaluation, one trial at a time, "
        f"at {rates_told} tokens/s as measured here just now; Ray adds some seconds."
    )


def _shortened(recipe: Recipe) -> Recipe:
    """Return the recipe with a budget of 20 steps."""
    changes = {"tokens": 20 * recipe.batch_size * recipe.context, "epochs": None, "eval_every_tokens": None}
    return Recipe.model_validate(recipe.model_dump() | changes | {"eval_tokens": 4096, "unique_tokens": None})


def _rates(recipe: Recipe, study: Study) -> tuple[float, float]:
    """Return tokens per second of training, its median interval's, and of evaluation."""
    from raystudy.training.loop import train
    from raystudy.training.placement import place

    outcome = train(recipe, seed=study.seed, placement=place(study.resources), allow_hub=study.allow_hub)
    rate = statistics.median(
        (after.tokens_seen - before.tokens_seen) / (after.at_s - before.at_s)
        for before, after in pairwise(outcome.intervals)
    )
    return rate, 2 * outcome.heldout_tokens / outcome.eval_s
