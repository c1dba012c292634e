"""`raystudy plan`: what a study will do, before it does it."""

import statistics
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from raystudy.cli.arguments import StudyFile
from raystudy.errors import HubError
from raystudy.study import SEED_FIELDS, Condition, Recipe, Study, load

if TYPE_CHECKING:
    from raystudy.analysis.findings import Table
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
    from raystudy.report.terminal import show_table

    study, console = load(file), Console()
    KINDS[study.kind].check(study)
    console.print(Text(study.name, style="bold"), Text(study.question), sep=": ")
    forecasts = _forecasts(study, Console(stderr=True))
    show_table(_conditions(study, forecasts), console)
    console.print(_order(study))
    if calibrate:
        _tell_time(study, forecasts, console)


def _apart(condition: Condition) -> Condition:
    """Return a condition without its seeds."""
    return Condition(levels=tuple(level for level in condition.levels if level[0] not in SEED_FIELDS))


def _trials(study: Study) -> Counter[Condition]:
    """Return how many trials each condition has, seeds apart."""
    return Counter(_apart(trial.condition) for trial in study.trials())


def _forecasts(study: Study, log: Console) -> "dict[Condition, Forecast | None]":
    """Forecast each condition, seeds apart; null where a model or a corpus would have to be downloaded first."""
    from raystudy.training.forecast import forecast
    from raystudy.training.models import source_of
    from raystudy.training.tokens import prepare

    def tell(text: str) -> None:
        log.print(Text(text, style="dim"))

    found: dict[Condition, Forecast | None] = {}
    for condition in dict.fromkeys(map(_apart, study.conditions)):
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


def _conditions(study: Study, forecasts: "dict[Condition, Forecast | None]") -> "Table":
    """Tell what each condition will take; null where it is not downloaded yet."""
    import polars as pl

    from raystudy.analysis.findings import Table
    from raystudy.training.shapes import shape_of

    trials, told = _trials(study), list(forecasts.values())
    recipes = [condition.applied_to(study.recipe) for condition in forecasts]
    shapes = [shape_of(recipe.model) for recipe in recipes]
    columns: dict[str, list[object]] = {
        "condition": [str(condition) or "any seed" for condition in forecasts],
        "trials": [trials[condition] for condition in forecasts],
        "tokens": [each.tokens if each else recipe.nominal_tokens for each, recipe in zip(told, recipes, strict=True)],
        "padding, %": [each and 100 * each.padding_share for each in told],
        "unique tokens": [each and each.unique_tokens for each in told],
        "epochs": [each and each.epochs for each in told],
        "steps": [each and each.steps for each in told],
        "evaluations": [each and each.evaluations for each in told],
        "parameters": [shape and shape.parameters for shape in shapes],
        "FLOPs": [each and each.flops for each in told],
    }
    flops = [each.flops * trials[of] if each and each.flops else None for of, each in forecasts.items()]
    note = f"{sum(filter(None, flops)):.3g} FLOPs in all." if all(flops) else ""
    if None in told:
        note = f"{note} What is not told has to be downloaded first.".strip()
    return Table(name="conditions", title="Conditions, each trial", frame=pl.DataFrame(columns), note=note)


def _order(study: Study) -> RichTable:
    trials = list(study.trials())
    table = RichTable(title=f"{len(trials)} trials, order {study.order}", title_justify="left", box=box.SIMPLE_HEAD)
    one_seed = not study.factors.keys() & set(SEED_FIELDS)
    for column in ("block", *(["seed"] if one_seed else []), "order in the block"):
        table.add_column(column, overflow="fold")
    for repetition in range(1, study.repetitions + 1):
        block = [trial for trial in trials if trial.repetition == repetition]
        seed = [str(block[0].seed)] if one_seed else []
        table.add_row(str(repetition), *seed, "  ".join(trial.id for trial in block))
    return table


def _tell_time(study: Study, forecasts: "dict[Condition, Forecast | None]", console: Console) -> None:
    """Train a few steps of each kind of recipe on this machine, and extrapolate by tokens."""
    rates: dict[Recipe, tuple[float, float]] = {}
    seconds, trials = 0.0, _trials(study)
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
        evaluated = told.evaluations * min(recipe.eval_tokens, told.heldout_tokens)
        seconds += trials[condition] * (told.tokens / train_per_s + evaluated / eval_per_s)
    rates_told = ", ".join(f"{rate:,.0f}" for rate, _ in rates.values())
    console.print(
        f"About {seconds / 60:.1f} min of training and evaluation, one trial at a time, "
        f"at {rates_told} tokens/s as measured here just now; Ray adds some seconds."
    )


def _shortened(recipe: Recipe) -> Recipe:
    """Return the recipe with a budget of 20 steps."""
    budget = {"tokens": 20 * recipe.batch_size * recipe.context, "epochs": None, "unique_tokens": None}
    evaluation = {"eval_tokens": 4096, "eval_every_tokens": None, "stop": "budget", "stop_j_per_nat": None}
    return Recipe.model_validate(recipe.model_dump() | budget | evaluation)


def _rates(recipe: Recipe, study: Study) -> tuple[float, float]:
    """Return tokens per second of training, its median interval's, and of evaluation."""
    from raystudy.training.loop import train
    from raystudy.training.placement import place

    outcome = train(recipe, seed=study.seed, placement=place(study.resources), allow_hub=study.allow_hub)
    rate = statistics.median(
        (after.tokens_seen - before.tokens_seen) / (after.at_s - after.start_s)
        for before, after in pairwise(outcome.intervals)
    )
    return rate, 2 * outcome.heldout_tokens / outcome.eval_s
