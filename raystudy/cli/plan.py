"""`raystudy plan`: what a study will do, before it does it."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from raystudy.cli.arguments import StudyFile
from raystudy.cli.calibrate import Planned, tell_time
from raystudy.errors import HubError
from raystudy.study import SEED_FIELDS, Condition, Recipe, Study, load

if TYPE_CHECKING:
    from raystudy.analysis.findings import Table
    from raystudy.training.preparing import Ready

CUT_FIELDS = ("sampler", "unique_tokens", "unique_fraction")
"""The recipe fields that choose among labelled examples."""
_MOST_SHOWN = 32
"""Of blocks with more trials only the first is shown."""


def plan(
    file: StudyFile,
    *,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Train a few steps here to tell the time.")] = False,
) -> None:
    """
    Show the trials of a study, their order, tokens, repetition, parameters and FLOPs; nothing is trained.

    Refuses a study that could not be analysed. Of labelled examples it shows which a sampler takes, and which
    conditions would take the same.

    Example: `raystudy plan jobs/efficiency_laptop.toml --calibrate`
    """
    from raystudy.analysis import KINDS
    from raystudy.report.terminal import show_table

    study, console = load(file), Console()
    KINDS[study.kind].check(study)
    console.print(Text(study.name, style="bold"), Text(study.question), sep=": ")
    pretrainings, conditions = _planned(study, Console(stderr=True))
    if pretrainings:
        before = _table("pretrainings", "Pretrainings, once each, before the trials", pretrainings)
        show_table(before, console, most_rows=None)
    each = _table("conditions", f"Conditions ({', '.join(study.factors)}), each trial", conditions)
    show_table(each, console, most_rows=None)
    for sentence in _copies(study, conditions):
        console.print(sentence)
    console.print(_order(study))
    if calibrate:
        tell_time(study, pretrainings + conditions, console)


def _apart(condition: Condition) -> Condition:
    """Return a condition without its seeds."""
    return Condition(levels=tuple(level for level in condition.levels if level[0] not in SEED_FIELDS))


def _name(condition: Condition) -> str:
    """Return its levels; a level that stands alone tells its factor too."""
    several = len(condition.levels) > 1
    return ", ".join(str(level) for _, level in condition.levels) if several else str(condition) or "any seed"


def _planned(study: Study, log: Console) -> tuple[list[Planned], list[Planned]]:
    """Forecast the pretrainings, and the conditions, seeds apart; examples are sampled from the first seed."""
    from raystudy.training.preparing import Preparing
    from raystudy.training.shapes import shape_of

    def tell(text: str) -> None:
        log.print(Text(text, style="dim"))

    def planned(name: str, recipe: Recipe, trials: int, ready: "Callable[[Recipe], Ready]") -> Planned:
        try:
            found = ready(recipe)
        except HubError:
            if not study.allow_hub:
                raise
            shape, told = shape_of(recipe.model), None  # a plan downloads nothing
        else:
            shape, told = found.source.known_shape, found.forecast(seed=study.seed)
        parameters = shape.parameters if shape else None
        return Planned(name=name, recipe=recipe, trials=trials, parameters=parameters, told=told)

    preparing = Preparing(study, allow_hub=False, tell=tell)
    trials = Counter(_apart(trial.condition) for trial in study.trials())
    conditions = dict.fromkeys(map(_apart, study.conditions))
    return (
        [planned(each.recipe.model, each.recipe, 1, preparing.pretraining) for each in study.pretrainings()],
        [planned(_name(each), each.applied_to(study.recipe), trials[each], preparing.trial) for each in conditions],
    )


def _table(name: str, title: str, planned: list[Planned]) -> "Table":
    """Tell what each recipe will take; null where it is not downloaded yet."""
    import polars as pl

    from raystudy.analysis.findings import Table

    told, labelled = [each.told for each in planned], any(each.recipe.labelled for each in planned)
    columns: dict[str, list[object]] = {
        "condition": [each.name for each in planned],
        "trials": [each.trials for each in planned],
        **(_sample_columns(planned) if labelled else {}),
        "tokens": [each.told.tokens if each.told else each.recipe.nominal_tokens for each in planned],
        "padding, %": [each and 100 * each.padding_share for each in told],
        **({} if labelled else {"unique tokens": [each and each.unique_tokens for each in told]}),
        "epochs": [each and each.epochs for each in told],
        "steps": [each and each.steps for each in told],
        "evaluations": [each and each.evaluations for each in told],
        "parameters": [each.parameters for each in planned],
        "FLOPs": [each and each.flops for each in told],
    }
    flops = [each.told.flops * each.trials if each.told and each.told.flops else None for each in planned]
    note = f"{sum(filter(None, flops)):.3g} FLOPs in all." if all(flops) else ""
    if None in told:
        note = f"{note} What is not told has to be downloaded first.".strip()
    return Table(name=name, title=title, frame=pl.DataFrame(columns), note=note)


def _sample_columns(planned: list[Planned]) -> dict[str, list[object]]:
    """Tell which labelled examples each condition takes; null where it reads text."""
    samples = [each.told.sample if each.told else None for each in planned]
    return {
        "examples": [each and each.examples for each in samples],
        "cut, %": [each and 100 * each.cut / each.examples for each in samples],
        "mean length": [each and each.mean_tokens for each in samples],
        "tokens used": [each and each.tokens for each in samples],
        "filled, %": [each and 100 * each.tokens / each.budget_tokens for each in samples],
    }


def _copies(study: Study, conditions: list[Planned]) -> list[str]:
    """Name the conditions that take the same examples, all else equal: samplers that take everything, for one."""
    cut = [name for name in CUT_FIELDS if name in study.factors]
    alike: dict[tuple[str, Recipe], list[str]] = defaultdict(list)
    for each in conditions:
        if each.told and each.told.sample:
            rest = each.recipe.model_copy(update={name: Recipe.model_fields[name].default for name in CUT_FIELDS})
            levels = " ".join(str(getattr(each.recipe, name)) for name in cut)
            alike[each.told.sample.sha256, rest].append(levels)
    times = Counter(tuple(levels) for levels in alike.values() if len(levels) > 1)
    return [
        f"At {', '.join(cut)} = {'; '.join(levels)} the examples are the same{f' ({n} times)' if n > 1 else ''}: "
        "these trials would be copies, of which the analysis counts one."
        for levels, n in times.items()
    ]


def _order(study: Study) -> RichTable:
    trials = list(study.trials())
    table = RichTable(title=f"{len(trials)} trials, order {study.order}", title_justify="left", box=box.SIMPLE_HEAD)
    table.caption_justify = "left"
    one_seed = not study.factors.keys() & set(SEED_FIELDS)
    for column in ("block", *(["seed"] if one_seed else []), "order in the block"):
        table.add_column(column, overflow="fold")
    shown = study.repetitions if len(study.conditions) <= _MOST_SHOWN else 1
    if shown < study.repetitions:
        rest = "block 2 runs" if study.repetitions == 2 else f"blocks 2 to {study.repetitions} run"
        table.caption = f"Not shown: {rest} the same trials, {study.order.replace('_', ' ')} likewise."
    for repetition in range(1, shown + 1):
        block = [trial for trial in trials if trial.repetition == repetition]
        seed = [str(block[0].seed)] if one_seed else []
        table.add_row(str(repetition), *seed, "  ".join(trial.id for trial in block))
    return table
