"""Observations that nobody measured: whole tables for tests, in the real schema, a few keywords away from each other.

study file text ──study_of──▶ Study ──trials──▶ observation(trial, changed columns) ──table──▶ polars
"""

import dataclasses
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from raystudy.record.energy import Energy
from raystudy.record.observation import Measurements, Observation, Provenance
from raystudy.record.outcome import Interval, Outcome, Span
from raystudy.record.quality import Quality
from raystudy.record.segment import IntervalEnergy, Segment
from raystudy.record.totals import EnergyTotals
from raystudy.record.trace import NS_PER_S, Channel, Quantity, Reading, Sampling, Trace
from raystudy.study import Study, Trial, parse
from raystudy.sweep.observe import identity_of

PARAMETERS = 1_000_000
Changes = Callable[[Trial], Mapping[str, Any]]


def study_of(
    factor: str = "tokens", levels: str = "[50_000, 100_000, 200_000]", *, kind: str = "efficiency", **keys: str
) -> Study:
    """Return a study; `keys` are further lines of its file, as TOML, `table__key` for a key of a table."""
    top = {"repetitions": "5"} | {key: value for key, value in keys.items() if "__" not in key}
    lines = [f'kind = "{kind}"', 'name = "made"', 'question = "What does more cost?"']
    lines += [f"{key} = {value}" for key, value in top.items()]
    lines += [f"{key.replace('__', '.')} = {value}" for key, value in keys.items() if "__" in key]
    return parse("\n".join([*lines, f"factors.{factor} = {levels}"]), name="made.toml")


def table_of(study: Study, changes: Changes = lambda _: {}) -> pl.DataFrame:
    """Return the table of all trials of a study; `changes` gives the columns in which a trial is special."""
    return table(observation(trial, study=study, **changes(trial)) for trial in study.trials())


def table(observations: Iterable[Observation]) -> pl.DataFrame:
    """Return observations as the archive would hand them over."""
    frame = pl.from_arrow(pa.concat_tables([each.to_arrow() for each in observations]))
    assert isinstance(frame, pl.DataFrame)
    return frame


def observation(trial: Trial, *, study: Study, **columns: Any) -> Observation:
    """Return what a trial might have given, measured by one GPU; `columns` replaces any column of it."""
    outcome = _outcome(trial)
    whole = Observation(
        identity=identity_of(study, trial),
        recipe=trial.recipe,
        outcome=outcome,
        totals=_totals(outcome),
        provenance=_provenance(),
        measurements=Measurements(
            energies=(energy(outcome),),
            traces=(trace("energy_j"),),
            interval_energies=(),
            segments=(),
            expectations=(),
            expectations_met=True,
        ),
    )
    return _changed(whole, columns)


def estimated(trial: Trial) -> dict[str, Any]:
    """Return the changes that turn a measured trial into one with a nameplate estimate only."""
    totals = _totals(_outcome(trial))
    unknown = dict.fromkeys(field.name for field in dataclasses.fields(EnergyTotals))
    return unknown | {
        "energy_estimated_j": totals.energy_j,
        "energy_eval_estimated_j": totals.energy_eval_j,
        "power_rms_estimated_w": totals.power_rms_w,
        "energies": (dataclasses.replace(energy(_outcome(trial)), method="estimated", u_j=None, power_idle_w=None),),
        "traces": (trace("energy_j", estimated=True),),
        "expectations_met": None,
    }


def trajectory(
    losses: Sequence[float],
    joules: Sequence[float] | None = None,
    *,
    tokens: int = 1_000,
    unique: int | None = None,
    **columns: Any,
) -> dict[str, Any]:
    """
    Return the changes of a trial with these held-out losses, from zero tokens on, evaluated every so many tokens.

    `joules` are those of the training in each interval but the first; of text of `unique` tokens, else all are unique.
    """
    seen = [tokens * place for place in range(len(losses))]
    known = [None, *(joules if joules is not None else [100.0] * (len(losses) - 1))]
    return {
        "intervals": tuple(
            _interval(at, loss, unique=min(at, unique or at)) for at, loss in zip(seen, losses, strict=True)
        ),
        "interval_energies": tuple(_interval_energy(joule) for joule in known),
        "loss_initial": losses[0],
        "loss_heldout": losses[-1],
        "tokens_seen": seen[-1],
        "tokens_unique": min(seen[-1], unique or seen[-1]),
        "epochs_seen": seen[-1] / (unique or seen[-1]),
        "train_s": seen[-1] / 1e3,
        "energy_j": math.fsum(joule for joule in known if joule is not None),
    } | columns


def _interval(at: int, loss: float, *, unique: int) -> Interval:
    """Train a thousand tokens a second, and evaluate for a tenth of a second."""
    return Interval(
        start_s=max(at / 1e3 - 1, 0.0),
        at_s=at / 1e3,
        evaluated_s=at / 1e3 + 0.1,
        steps=at // 100,
        tokens_seen=at,
        tokens_unique=unique,
        epochs_seen=at / max(unique, 1),
        loss_train=None if at == 0 else loss - 0.1 * at / max(unique, 1),
        loss_heldout=loss,
        loss_heldout_low=loss - 0.02,
        loss_heldout_high=loss + 0.02,
        learning_rate=None if at == 0 else 1e-3,
        gradient_norm=None if at == 0 else 0.5,
        suspended_s=0.0,
    )


def _interval_energy(train_j: float | None) -> IntervalEnergy:
    return IntervalEnergy(
        energy_j=train_j,
        energy_u_j=None if train_j is None else 0.5,
        energy_eval_j=5.0,
        energy_estimated_j=None,
        energy_eval_estimated_j=None,
        temperature_c=None if train_j is None else 60.0,
    )


def trace(quantity: Quantity, *values: float, device: str = "GPU-5f3a", start_s: float = 99.5, **known: Any) -> Trace:
    """Return ten readings a second, at a steady 50 W from 0.5 s before to 0.5 s after the spans; or these values."""
    channel = Channel(name=f"{device}/{quantity}", quantity=quantity, device=device, **({"scope": "gpu"} | known))
    steady = [50.0 if quantity == "power_w" else 50.0 * tenth / 10 for tenth in range(121)]
    return Trace(
        channel=channel,
        readings=tuple(reading(start_s + i / 10, value) for i, value in enumerate(values or steady)),
        period_s=0.1,
        sampling=Sampling(started_s=0.0, started_unix_s=1.7e9, cpu_share=0.004),
    )


def reading(at_s: float, value: float | None, *, error: str | None = None) -> Reading:
    """Return one reading."""
    return Reading(t_mono_ns=round(at_s * NS_PER_S), half_width_s=1e-4, late_s=2e-4, value=value, error=error)


def segment(**known: Any) -> Segment:
    """Return the one segment of a trial, from before its spans to their end; `known` replaces any field of it."""
    whole = Segment(
        started_utc="2026-01-05T08:00:00+00:00",
        host_hash="0123456789ab",
        boot_hash="b007b007b007",
        device="GPU-5f3a",
        clock_shift_s=0.0,
        start_s=99.5,
        end_s=110.0,
        tokens_from=0,
        tokens_to=50_000,
    )
    return dataclasses.replace(whole, **known)


def _changed(whole: Observation, columns: Mapping[str, Any]) -> Observation:
    """Replace columns wherever they lie; a column that no part has is the test's mistake."""
    left, parts = dict(columns), {}
    for name in ("identity", "outcome", "totals", "provenance", "measurements"):
        part = getattr(whole, name)
        mine = {field.name: left.pop(field.name) for field in dataclasses.fields(part) if field.name in left}
        parts[name] = dataclasses.replace(part, **mine)
    return dataclasses.replace(whole, **parts, **left)


def _outcome(trial: Trial) -> Outcome:
    """Make the loss fall with the logarithm of the tokens, a little differently in each trial."""
    tokens, noise = trial.recipe.tokens or 100_000, random.Random(trial.id).gauss(0.0, 1.0)
    loss, flops, train_s = 6.0 - 0.3 * math.log(tokens / 1e3) + 0.01 * noise, 6.0 * PARAMETERS * tokens, tokens / 2e4
    return Outcome(
        parameters=PARAMETERS,
        steps=math.ceil(tokens / 2048),
        tokens_seen=tokens,
        tokens_padding=0,
        tokens_unique=tokens,
        epochs_seen=1.0,
        flops=flops,
        train_s=train_s,
        eval_s=1.0,
        load_s=0.5,
        flops_ceiling_per_s=1e12,
        mfu=flops / train_s / 1e12,
        peak_memory_bytes=None,
        loss_train=loss - 0.1,
        loss_initial=6.0,
        loss_heldout=loss,
        loss_heldout_low=loss - 0.02,
        loss_heldout_high=loss + 0.02,
        bits_per_byte=loss / math.log(2) / 4,
        perplexity=math.exp(loss),
        perplexity_sentence=None,
        heldout_tokens=200_000,
        heldout_documents=400,
        corpus_fingerprint="c0ffee" * 10,
        corpus_synthetic=trial.recipe.corpus == "stories",
        tokenizer_fingerprint="70ce" * 16,
        device="GPU-5f3a",
        threads=2,
        reasons={"device": "cuda, since there is one"},
        spans=(
            Span(name="load", start_s=100.0, end_s=100.5),
            Span(name="train", start_s=100.5, end_s=109.0),
            Span(name="eval", start_s=109.0, end_s=110.0),
        ),
        intervals=(),
        stopped="budget",
        step_losses=(),
    )


def _totals(outcome: Outcome) -> EnergyTotals:
    """Measure about 50 W, a little more in training that does worse."""
    energy_j = 50.0 * outcome.train_s * (1 + 0.1 * (outcome.loss_heldout - round(outcome.loss_heldout, 1)))
    return EnergyTotals(
        energy_j=energy_j,
        energy_u_j=0.5,
        energy_rel_gain=0.05,
        energy_net_j=energy_j - 10.0 * outcome.train_s,
        energy_net_u_j=0.8,
        energy_eval_j=40.0,
        energy_scopes="gpu",
        energy_shared_j=None,
        power_rms_w=1.01 * energy_j / outcome.train_s,
        energy_estimated_j=None,
        energy_eval_estimated_j=None,
        power_rms_estimated_w=None,
    )


def energy(outcome: Outcome, **known: Any) -> Energy:
    """Return what one GPU took for the training; `known` replaces any field of it."""
    figure = Energy(
        span="train",
        device="GPU-5f3a",
        label="A GPU",
        scope="gpu",
        method="counter",
        energy_j=50.0 * outcome.train_s,
        u_j=0.5,
        rel_gain=0.05,
        power_mean_w=50.0,
        power_rms_w=50.5,
        power_idle_w=10.0,
        power_idle_u_w=0.1,
        quality=quality(),
        counter_over_integral=1.001,
        agree=True,
        shared=False,
    )
    return dataclasses.replace(figure, **known)


def quality(**known: Any) -> Quality:
    """Return how well a device was read: without a flaw, but for what is `known`."""
    sound = Quality(
        coverage=1.0,
        rate_hz=10.0,
        late_p50_s=2e-4,
        late_p99_s=1e-3,
        n_readings=100,
        n_errors=0,
        errors=(),
        n_glitches=0,
        gaps=(),
    )
    return dataclasses.replace(sound, **known)


def _provenance() -> Provenance:
    return Provenance(
        started_utc="2026-01-05T08:00:00+00:00",
        host_hash="0123456789ab",
        node="a1b2c3d4e5f6",
        boot_hash="b007b007b007",
        cpu_name="A processor",
        cpu_count=8,
        cpu_governor=None,
        gpu_name="A GPU",
        study_sha256="5ca1ab1e" * 8,
        git_commit="0badc0de",
        versions={"python": "3.11", "raystudy": "0.1.0"},
        cooled_s=None,
        attempts=(),
    )
