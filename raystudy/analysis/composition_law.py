"""Laws of a study of composition, fitted to the means of its configurations, and whether only N x L counts.

rows ──mean of each configuration──▶ N, L, V = N x L, M ──volume and rivals──▶ comparisons, constants
     ──mean of each sample──▶ N, L ──one exponent or two──▶ test

Repetitions of a configuration share what no law of volume explains, and so do models that are trained on the same
sample, so neither are rows of their own in the test. With 7 or 9 samples, 3 models, 3 seeds, and a lack of fit of .01
beside noise of .01 or .02, it rejects a true law of volume in 4 to 7 % of studies at a level of 5 %, whether models
share the lack of fit or not (1,000 simulated of each); with a row for each model it rejects in 28 % where they share
it (250). The price is power: with 7 samples, 11 to 58 % of these studies have no effect that is sure enough to be
tested, with 9 up to 6 %. Of 383 studies made example by example, whose accuracies are no exact power law
(tests/composed.py), it tests 297 and rejects in 9 % of these.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from raystudy.analysis import composition_rivals
from raystudy.analysis.composition_rivals import (
    Contest,
    Outcome,
    accuracy_of,
    contest,
    has_law,
    key_of,
    loss_of,
    samples_of,
)
from raystudy.analysis.compositions import Compositions
from raystudy.analysis.findings import Table
from raystudy.analysis.inference import REASON, Row
from raystudy.analysis.words import equals, number
from raystudy.stats.powerlaw.checks import decisive, input_notes
from raystudy.stats.powerlaw.compare import VolumeTest, volume_test
from raystudy.stats.powerlaw.fit import fit
from raystudy.stats.powerlaw.forms import FORMS, LEAST_ROWS
from raystudy.stats.powerlaw.identify import whole_test
from raystudy.stats.powerlaw.law import Law, fit_law
from raystudy.stats.powerlaw.losses import Loss
from raystudy.stats.powerlaw.problem import Problem
from raystudy.stats.probability import ALPHA

_TEST = (
    "F tests one exponent of N x L against one of N and one of L. Each sampler at each budget is one row, the mean of "
    "seeds and models: models share their samples, and so what these hold beside N and L. Not rejected is not proven"
)
_APART = ": the constants of the law split below say how far apart the exponents may be."
_CONSTANTS = "95 % intervals by a bootstrap over configurations; constants are told only where the data tell them."
_SHARED = "Models share their samples, which these intervals leave out: they are too narrow."


def tables(found: Compositions) -> tuple[Table, ...]:
    """Return the rivals for accuracy and for the answer loss, the test of volume, and the constants that are told."""
    if unseen(found) is not None:
        return ()
    enough = [task for task in found.tasks if accuracy_of(found, task).y.size >= LEAST_ROWS]
    if not enough:
        return ()
    accuracies = [contest(accuracy_of(found, task)) for task in enough]
    losses = [contest(loss_of(found, task)) for task in enough]
    constants = _constants(accuracies, losses)
    split = constants.frame.filter(pl.col("law").str.starts_with("split"), pl.col("value").is_not_null())
    tested = _tests([samples_of(found, task) for task in enough], constants=not split.is_empty())
    return (*composition_rivals.tables(accuracies, losses), tested, constants)


def volume_sentence(found: Compositions) -> str:
    """Say whether only N x L counts, in each task."""
    if (what := unseen(found)) is not None:
        return f"Whether only the volume N x L counts cannot be tested: {what}"
    return " ".join(_said(samples_of(found, task), several=len(found.tasks) > 1) for task in found.tasks)


def has_laws(found: Compositions) -> bool:
    """Tell whether any law is fitted."""
    return unseen(found) is None and any(has_law(accuracy_of(found, task)) for task in found.tasks)


def volume_tested(accuracy: Outcome) -> VolumeTest | str:
    """Test whether only the volume counts, or say why that cannot be tested."""
    if accuracy.y.size < LEAST_ROWS:
        return f"too few samples ({accuracy.y.size}) had an accuracy of every model"
    split = Problem(model=FORMS["split"].build(accuracy.inputs), y=accuracy.y)
    if notes := input_notes(split.model.drivers):
        return f"{notes[0]}".rstrip(".")
    if not split.enough():
        return f"{accuracy.y.size} samples are too few for the {split.k} constants of the law split"
    if whole_test(fit(split, Loss.SQUARES)).decisive_p >= ALPHA:
        return f"{', '.join(accuracy.inputs)} explain the accuracy no better than a constant does (5 %)"
    return volume_test(accuracy.inputs, accuracy.y)


def unseen(found: Compositions) -> str | None:
    """Say what a law of N, L and M does not see, if anything: a factor beside the model would pass for noise."""
    if found.rows["model"].n_unique() != len(found.arms):
        return f"the study varies more than models, samplers and budgets ({found.arms[0]}), which no law here sees."
    if found.tokenizers > 1:
        return f"the models have {found.tokenizers} different tokenizers, so N x L counts other tokens in each."
    return None


def _tests(accuracies: Sequence[Outcome], *, constants: bool) -> Table:
    rows = [key_of(each, several=len(accuracies) > 1) | _test(volume_tested(each)) for each in accuracies]
    kinds = {"F": pl.Float64, "df": pl.Int64, "df error": pl.Int64, "p": pl.Float64, REASON: pl.String}
    frame = pl.DataFrame(rows, schema_overrides=kinds, infer_schema_length=None)
    return Table(
        name="volume-test",
        title="Does only the volume N x L count?",
        frame=frame,
        note=f"{_TEST}{_APART if constants else '.'}",
    )


def _test(found: VolumeTest | str) -> Row:
    if isinstance(found, str):
        return {"F": None, "df": None, "df error": None, "p": None, REASON: found}
    return {"F": found.f, "df": found.df[0], "df error": found.df[1], "p": found.p, REASON: None}


def _said(accuracy: Outcome, *, several: bool) -> str:
    found, where = volume_tested(accuracy), f" of {accuracy.task}" if several else ""
    if isinstance(found, str):
        return f"Whether only the volume N x L{where} counts cannot be tested: {found}."
    told = f"(F({found.df[0]}, {found.df[1]}) = {number(found.f)}, {equals(found.p)})"
    if found.p >= ALPHA:
        return f"That only the volume N x L{where} counts is not rejected {told}, which does not prove it."
    return (
        f"That only the volume N x L{where} counts is rejected {told}: at equal tokens more examples and longer ones "
        "differ, or what their samplers take does."
    )


def _constants(accuracies: Sequence[Contest], losses: Sequence[Contest]) -> Table:
    """Return the constants of the volume law, of the split one, and of the best law of the loss."""
    asked = [(each.outcome, form) for each in accuracies for form in ("volume", "split")]
    asked += [(each.outcome, each.law.form) for each in losses if each.law is not None]
    rows, notes = [], []
    for outcome, form in asked:
        law = fit_law(FORMS[form].taken(outcome.inputs), outcome.y, form=form, group=np.arange(outcome.y.size))
        named = f"{form} ({outcome.task})" if len(accuracies) > 1 else form
        rows += _told(named, law)
        doubts = law.notes if law.identified else decisive(law.notes)
        notes += [f"{named}: {' '.join(map(str, doubts))}"] if doubts else []
    shared = [_SHARED] if any(each.outcome.labels for each in accuracies) else []
    kinds = dict.fromkeys(("value", "95 % from", "to"), pl.Float64)
    frame = pl.DataFrame(rows, schema={"law": pl.String, "constant": pl.String, **kinds})
    return Table(name="law", title="Constants of the laws", frame=frame, note=" ".join((_CONSTANTS, *shared, *notes)))


def _told(named: str, law: Law) -> list[Row]:
    if not law.identified:
        return [{"law": named, "constant": "none is told"}]
    return [
        {"law": named, "constant": name, "value": told.value, "95 % from": told.ci_low, "to": told.ci_high}
        for name, told in law.constants.items()
    ]
