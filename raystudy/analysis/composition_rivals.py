"""Laws of the configurations of a study of composition side by side: what each explains, and what each foretells.

rows ──mean of each configuration──▶ Outcome ──every law that its inputs allow──▶ Contest ──▶ sentence, Table
                  ──mean of its models──▶ Outcome of each sample
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from raystudy.analysis.compositions import Compositions
from raystudy.analysis.findings import Table
from raystudy.analysis.inference import Row, frame_as_told
from raystudy.analysis.words import counted, number
from raystudy.stats.powerlaw.compare import Rival, compare, rivals_of
from raystudy.stats.powerlaw.forms import FORMS
from raystudy.stats.powerlaw.left_out import left_out
from raystudy.stats.powerlaw.model import Columns, Labels, Vector
from raystudy.stats.powerlaw.problem import Problem

CLEARLY = 2.0
"""AICc by which a law must be below a mean to be called better (K. P. Burnham & D. R. Anderson, 2002, 2.6)."""
_MEANS = (
    "Each configuration is one row: the mean of its seeds, with V = N x L the tokens really used, and M the "
    "parameters, left out where one model is trained. The sampler is no input, so exponents of N and of L apart also "
    "fit what a sampler does to content."
)
_LOSS = (
    "Each configuration is one row: the mean of its seeds. Answer loss: nats per answer; N: parameters, D: tokens "
    "really used."
)
_OFF = (
    "Off by: root mean square error in configurations that were left out of the fit, each in turn, or the largest "
    "quarter at once. All by least squares."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One outcome of the configurations of one task, and the inputs of its laws."""

    task: str
    family: str
    """A form of its laws"""
    inputs: Columns
    y: Vector
    labels: Mapping[str, Labels]
    """The model of each configuration, where there are several models"""
    unit: str
    in_unit: float
    """What y is multiplied by to be in that unit"""

    @property
    def problem(self) -> Problem:
        """The outcome beside the inputs."""
        return Problem(model=FORMS[self.family].build(self.inputs), y=self.y)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contest:
    """The laws of one outcome, the best first."""

    outcome: Outcome
    rivals: tuple[Rival, ...]
    errors: Mapping[str, float | None]
    """Of each rival, with each configuration left out in turn"""

    @property
    def mean(self) -> Rival:
        """What a law must beat: a constant, or a mean for each model, whichever is better."""
        return next(rival for rival in self.rivals if rival.form not in FORMS)

    @property
    def law(self) -> Rival | None:
        """The best law; null where none can be fitted."""
        return next((rival for rival in self.rivals if rival.form in FORMS), None)

    def off(self, law: str, mean: str) -> str:
        """Say how far off both are in what was left out, which may rank them in another way than AICc."""
        missed = [self.errors[law], self.errors[mean]]
        told = [number(self.outcome.in_unit * error) for error in missed if error is not None]
        if len(told) < len(missed):
            return ""
        return (
            f" By configurations left out in turn, {law} is off by {told[0]} and a {mean} by {told[1]} "
            f"{self.outcome.unit}."
        )


def accuracy_of(found: Compositions, task: str) -> Outcome:
    """Return the accuracy of each configuration, with N, L, and M where it varies."""
    means = _means(found, task)
    examples = means["N"].to_numpy()
    inputs = {"N": examples, "L": means["V"].to_numpy() / examples}
    if means["M"].n_unique() > 1:
        inputs["M"] = means["M"].to_numpy()
    return Outcome(
        task=task,
        family="volume",
        inputs=inputs,
        y=means["accuracy"].to_numpy(),
        labels=_models(means),
        unit="points",
        in_unit=100.0,
    )


def samples_of(found: Compositions, task: str) -> Outcome:
    """
    Return the accuracy of each sample, sampler and budget, as the mean of the models, with N and L.

    Models share their samples and what these hold beside N and L, so they are no rows of their own. Of samples that
    not every model was trained on none is taken: another mix of models would pass for an effect of the sample.
    """
    means = _means(found, task)
    each = means.group_by("sampler", "budget", maintain_order=True).agg(
        pl.col("N", "V", "accuracy").mean(), models=pl.col("model").n_unique()
    )
    shared = each.filter(pl.col("models") == means["model"].n_unique())
    examples = shared["N"].to_numpy()
    return Outcome(
        task=task,
        family="volume",
        inputs={"N": examples, "L": shared["V"].to_numpy() / examples},
        y=shared["accuracy"].to_numpy(),
        labels={},
        unit="points",
        in_unit=100.0,
    )


def loss_of(found: Compositions, task: str) -> Outcome:
    """Return the loss of each configuration on the right answer, with D, and N where it varies."""
    means = _means(found, task)
    inputs = {"D": means["V"].to_numpy()}
    if means["M"].n_unique() > 1:
        inputs["N"] = means["M"].to_numpy()
    return Outcome(
        task=task,
        family="chinchilla",
        inputs=inputs,
        y=means["loss"].to_numpy(),
        labels=_models(means),
        unit="nats",
        in_unit=1.0,
    )


def has_law(outcome: Outcome) -> bool:
    """Tell whether there are configurations enough for any law."""
    return any(rival.enough() for form, rival in rivals_of(outcome.inputs, outcome.problem) if form in FORMS)


def contest(outcome: Outcome) -> Contest:
    """Fit every law that the inputs allow."""
    rivals = compare(outcome.inputs, outcome.problem, outcome.labels)
    errors = left_out(outcome.inputs, outcome.problem, outcome.labels)
    return Contest(outcome=outcome, rivals=rivals, errors=errors)


def best_law(found: Contest) -> str:
    """Say in a sentence which law is best, or that none is better than a mean."""
    mean, law = found.mean, found.law
    if law is None or law.aicc is None or mean.aicc is None:
        return f"{counted(found.outcome.y.size, 'configuration')} are too few to compare laws."
    ahead, off = mean.aicc - law.aicc, found.off(law.form, mean.form)
    if ahead < CLEARLY:
        return f"By AICc no law is better than a {mean.form}; the best one is {law.form}.{off}"
    return f"By AICc the law {law.form} is best, {number(ahead)} below a {mean.form}.{off}"


def tables(accuracies: Sequence[Contest], losses: Sequence[Contest]) -> tuple[Table, ...]:
    """Return the laws of the accuracy and those of the answer loss, one contest a task; none where no law fits."""
    told = (
        _rivals("rivals", "Laws of the accuracy", accuracies, note=_MEANS),
        _rivals("rivals-loss", "Laws of the answer loss", losses, note=_LOSS),
    )
    return told if any(each.law is not None for each in accuracies) else ()


def key_of(outcome: Outcome, *, several: bool) -> Row:
    """Return the column that names a task, where there are several."""
    return {"task": outcome.task} if several else {}


def _means(found: Compositions, task: str) -> pl.DataFrame:
    """Return the mean of each configuration; it is a share of right answers that the laws of accuracy speak of."""
    rows = found.at(task=task).drop_nulls(["sample_tokens", "accuracy", "answer_loglik"])
    return rows.group_by("configuration", "model", "sampler", "budget", maintain_order=True).agg(
        N=pl.col("sample_examples").mean(),
        V=pl.col("sample_tokens").mean(),
        M=pl.col("parameters").cast(pl.Float64).mean(),
        accuracy=pl.col("accuracy").mean(),
        loss=-pl.col("answer_loglik").mean(),
    )


def _models(means: pl.DataFrame) -> dict[str, Labels]:
    return {"model": means["model"].to_numpy()} if means["model"].n_unique() > 1 else {}


def _rivals(name: str, title: str, contests: Sequence[Contest], *, note: str) -> Table:
    several = len(contests) > 1
    rows = [key_of(each.outcome, several=several) | row for each in contests for row in _compared(each)]
    said = [f"{each.outcome.task}: {best_law(each)}" if several else best_law(each) for each in contests]
    forms = dict.fromkeys(rival.form for each in contests for rival in each.rivals if rival.form in FORMS)
    formulas = [f"{form}: {FORMS[form].formula}." for form in forms]
    frame = frame_as_told(rows)
    return Table(name=name, title=title, frame=frame, note=" ".join((*said, *formulas, note, _OFF)))


def _compared(found: Contest) -> Iterator[Row]:
    unit, in_unit = found.outcome.unit, found.outcome.in_unit
    for rival in found.rivals:
        each, largest = found.errors[rival.form], rival.holdout_rmse
        yield {
            "law": rival.form,
            "constants": rival.k,
            "AICc above least": rival.delta_aicc,
            "weight": rival.weight,
            f"off by, {unit}": None if each is None else in_unit * each,
            f"in the largest quarter, {unit}": None if largest is None else in_unit * largest,
        }
