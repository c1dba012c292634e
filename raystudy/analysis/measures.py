"""What an efficiency study tests: each measure compared across the levels, its repetitions as blocks.

Trials ──design, compare──▶ Comparison of each measure ──inference, soundness──▶ Tables
"""

from raystudy.analysis.findings import Table
from raystudy.analysis.inference import differences, effects_table, pairs_table, sizes_table, trends_table
from raystudy.analysis.soundness import soundness_table
from raystudy.analysis.trials import Trials
from raystudy.analysis.words import listing
from raystudy.stats.checks import check
from raystudy.stats.comparison import Along, Comparison, compare

FIRST, BLOCKS = "measure", "blocks"
IN_DETAIL = ("loss_heldout", "energy_j_per_token")
"""The measures whose pairs and trends are shown."""
_BLOCKS = "Its subjects are the blocks, one repetition each."


def tables(trials: Trials) -> tuple[Table, ...]:
    """Return the tests of all levels at once, of pairs and lines, and the second thoughts on them."""
    titles = _measures(trials)
    compared = {column: compare(trials.design(column)) for column in titles}
    tested = {titles[column]: (each.effect, each.decision) for column, each in compared.items()}
    detail = {titles[column]: compared[column].along[0] for column in IN_DETAIL}
    checked = {name: (along, check(along.data)) for name, along in detail.items()}
    note = " ".join(part for part in (_BLOCKS, _dropped_note(titles, compared), trials.joules.note) if part)
    kind = {"first": FIRST, "subjects": BLOCKS}
    return (
        effects_table(tested, **kind, note=note),
        pairs_table({name: differences(each.pairs) for name, each in detail.items()}, **kind, note=trials.joules.note),
        sizes_table(tested, **kind, note=trials.joules.note),
        *_trends(trials, detail),
        soundness_table(checked, **kind, note=trials.joules.note),
    )


def _trends(trials: Trials, detail: dict[str, Along]) -> tuple[Table, ...]:
    """Return the trends, where the levels are numbers."""
    trends = {name: each.trend for name, each in detail.items()}
    table = trends_table(trends, first=FIRST, subjects=BLOCKS, note=trials.joules.note)
    return (table,) if trials.numeric else ()


def _measures(trials: Trials) -> dict[str, str]:
    """Return what is tested, by column."""
    joules = trials.joules
    return {
        "loss_heldout": "held-out loss, nats/token",
        joules.train_j: joules.title("training energy", "J"),
        "energy_j_per_token": joules.title("energy per token", "J/token"),
        "loss_drop_per_kj": joules.title("loss drop", "nats/kJ"),
        "parameter_efficiency_published": joules.mark("PE as published"),
        "parameter_efficiency_recounted": joules.mark("PE recounted"),
    }


def _dropped_note(titles: dict[str, str], compared: dict[str, Comparison]) -> str:
    """Say which blocks were left out of which test, where a measure exists at all."""
    said = [
        f"{titles[column]}: {listing([str(dropped) for dropped in each.data.dropped])}"
        for column, each in compared.items()
        if each.data.dropped and each.data.subjects
    ]
    return f"Left out, since incomplete: {'; '.join(said)}." if said else ""
