"""Trials made of observations that nobody measured: plain, shared, on battery, too hot; and a caveat of theirs."""

from collections.abc import Callable, Mapping
from typing import Any

from raystudy.analysis.caveats import caveats
from raystudy.analysis.trials import Trials, trials_of
from raystudy.record.archive import Baseline
from raystudy.record.gate import Expectation
from raystudy.record.outcome import Span
from raystudy.study import Trial
from tests.observations import Changes, energy, observation, study_of, table_of, trace

OUTCOME = observation(next(study_of().trials()), study=study_of()).outcome

Boards = Callable[[Trial], str]


def trials(changes: Changes = lambda _: {}, *, baselines: tuple[Baseline, ...] = (), **keys: str) -> Trials:
    """Return the trials of a study, changed so."""
    study = study_of(**keys)
    return trials_of(study, table_of(study, changes), baselines)


def said(text: str, found: Trials) -> str:
    """Return the one caveat that holds a text."""
    (caveat,) = [caveat for caveat in caveats(found) if text in caveat]
    return caveat


def sharing(trial: Trial) -> Mapping[str, Any]:
    """Return the changes that have every two trials run at once on one package, which drew 50 W."""
    start_s = 100.0 + 10 * ((trial.position - 1) // 2)
    spans = (Span(name="train", start_s=start_s, end_s=start_s + 5),)
    figure = energy(OUTCOME, device="package-0", scope="package", shared=True, energy_j=250.0, power_mean_w=50.0)
    counter = trace(
        "energy_j",
        *[5.0 * i for i in range(71)],
        device="package-0",
        scope="package",
        start_s=start_s - 1,
        max_w=100.0,
    )
    return {
        "spans": spans,
        "train_s": 5.0,
        "eval_s": 0.0,
        "load_s": 0.0,
        "energies": (figure,),
        "traces": (counter,),
        "energy_shared_j": 250.0,
        "energy_j": None,
    }


def alternating(trial: Trial) -> str:
    """Return one of two boards, by the order of the trials: a Latin square's blocks hold both."""
    return f"GPU-{trial.position % 2}"


def by_level(*levels: int) -> Boards:
    """Return a board of their own for some levels."""
    return lambda trial: f"GPU-{int(trial.recipe.tokens in levels)}"


def on_boards(board: Boards, *, gain: float = 1.0, **columns: Any) -> Changes:
    """Return the changes that have each trial run on a board; that of `GPU-1` tells more than it takes."""

    def changes(trial: Trial) -> Mapping[str, Any]:
        device, whole = board(trial), observation(trial, study=study_of())
        energy_j = (whole.totals.energy_j or 0.0) * (gain if device == "GPU-1" else 1.0)
        figure = energy(whole.outcome, device=device, energy_j=energy_j)
        return {"device": device, "energies": (figure,), "energy_j": energy_j} | columns

    return changes


def battery(_: Trial) -> Mapping[str, Any]:
    """Return the changes of a trial on a laptop on battery, whose processor nothing but a nameplate tells of."""
    own = energy(OUTCOME, device="BAT0", label="BAT0", scope="board", method="integrated", rel_gain=None)
    nameplate = energy(OUTCOME, device="cpu", label="cpu", scope="package", method="estimated", u_j=None)
    return {
        "device": "cpu",
        "energies": (own, nameplate),
        "energy_scopes": "board",
        "energy_rel_gain": None,
        "traces": (trace("power_w", device="BAT0", scope="board"),),
    }


def throttled(trial: Trial) -> Mapping[str, Any]:
    """Return the changes of a trial that was too hot, the first; of the last nothing can be told."""
    met = None if trial.position == 15 else trial.position > 1
    found = (Expectation(name="throttling", met=met, found="GPU-5f3a: hw_thermal_slowdown"),)
    return {"expectations": found, "expectations_met": met}
