"""Doubts about what the instruments read: each says what it knows of the trials it names, and nothing more."""

import dataclasses
from typing import Any

import pytest

from raystudy.analysis.caveats import caveats
from raystudy.record.archive import Baseline
from raystudy.record.energy import Idle
from raystudy.study import Trial
from tests.analysis.made import OUTCOME, said, trials
from tests.observations import Changes, energy, estimated

OWN = energy(OUTCOME)


def baselines(device: str, power_w: float) -> tuple[Baseline, Baseline]:
    """Return a board's 60 W before a run, and what it drew after it, each with an interval of 0.5 W."""
    before, after = (
        Baseline(
            node="a1b2c3d4e5f6",
            run="2026-01-05T08:00:00",
            when="before",
            idle=(Idle(scope="gpu", device=device, power_w=watts, u_w=0.5),),
        )
        for watts in (60.0, power_w)
    )
    return before, dataclasses.replace(after, when="after")


BEFORE, AFTER = baselines("GPU-5f3a", 61.5)


def test_idle_power_that_drifted() -> None:
    """1.5 W apart with intervals of 0.5 W each is drift."""
    caveat = said("Idle power drifted", trials(baselines=(BEFORE, AFTER)))

    assert (
        "GPU-5f3a on node a1b2c3d4 60.0 ± 0.50 W before the run of 2026-01-05T08:00:00, 61.5 ± 0.50 W after" in caveat
    )


def test_idle_power_that_did_not_drift() -> None:
    """0.9 W apart with intervals of 0.5 W each is none."""
    found = trials(baselines=baselines("GPU-5f3a", 60.9))

    assert not any("Idle power drifted" in caveat for caveat in caveats(found))


@pytest.mark.parametrize(
    ("device", "changes"),
    [
        ("GPU-77", {}),
        ("GPU-5f3a", {"node": "another"}),
        ("GPU-5f3a", {"energies": (dataclasses.replace(OWN, shared=True),)}),
        ("GPU-5f3a", {"energies": (dataclasses.replace(OWN, method="estimated", u_j=None),)}),
        ("GPU-5f3a", {"energies": (dataclasses.replace(OWN, span="eval"),)}),
        ("GPU-5f3a", {"energy_net_j": None}),
    ],
    ids=["no trial's", "of another node", "shared", "estimated", "not in training", "no net joules"],
)
def test_only_devices_that_net_joules_rest_on_can_drift(device: str, changes: dict[str, Any]) -> None:
    """A board that belongs to no trial of its node, or to none alone, has its idle power in no figure."""
    found = trials(lambda _: changes, baselines=baselines(device, 90.0))

    assert not any("Idle power drifted" in caveat for caveat in caveats(found))


@pytest.mark.parametrize(
    "kept",
    [(BEFORE,), (BEFORE, dataclasses.replace(AFTER, run="another")), (BEFORE, dataclasses.replace(AFTER, node="b"))],
)
def test_baselines_of_other_runs_and_nodes_are_not_compared(kept: tuple[Baseline, ...]) -> None:
    """Drift is that of one node within one run."""
    assert not any("Idle power drifted" in caveat for caveat in caveats(trials(baselines=kept)))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            lambda trial: {"energy_net_j": -3.0 if trial.position == 1 else 9.0},
            "1 trial took less than nothing: tokens-",
        ),
        (
            lambda trial: {"reasons": {"power": "the monitor was lost"}} if trial.position == 2 else {},
            "(the monitor was lost)",
        ),
    ],
)
def test_each_doubt_of_the_meters(changes: Changes, text: str) -> None:
    """The table holds the reason, and one caveat tells it."""
    assert said(text, trials(changes))


class TestWithinUncertainty:
    """What a test calls real, and errors of reading could make."""

    def steady(self, trial: Trial, *, step_j: float) -> dict[str, Any]:
        """Return joules that rise by a step a level, and vary by a thousandth of it."""
        level = {50_000: 0, 100_000: 1, 200_000: 2}[trial.recipe.tokens or 0]
        return {"energy_j": 100.0 + step_j * (level + (trial.position * 7 % 5) / 1000), "energy_u_j": 0.5}

    @pytest.mark.parametrize(
        ("step_j", "limit"),
        [(0.2, "the measurement's own uncertainty"), (0.3, "errors of reading that all act together could make it")],
    )
    def test_both_verdicts(self, step_j: float, limit: str) -> None:
        """0.4 J are within ±0.47 J, 0.6 J only within the ±1 J of errors that act together."""
        caveat = said("differ in training energy by the test", trials(lambda trial: self.steady(trial, step_j=step_j)))

        assert f"yet no difference is larger than {limit}: 200,000 − 50,000 is {2 * step_j:.3f} J" in caveat
        assert "± 0.47 if each errs by itself, ± 1.0 at worst" in caveat

    @pytest.mark.parametrize("changes", [{"step_j": 0.6}, {"step_j": 0.0}])
    def test_nothing_to_doubt(self, changes: dict[str, float]) -> None:
        """1.2 J are beyond ±1 J; where the test shows nothing there is nothing to take back."""
        found = trials(lambda trial: self.steady(trial, **changes))

        assert not any("differ in training energy by the test" in caveat for caveat in caveats(found))

    def test_estimates_have_no_readings(self) -> None:
        """A nameplate's joules have no errors of reading to hold anything against."""
        assert not any("by the test" in caveat for caveat in caveats(trials(estimated)))


CAUSE = "The node was not idle while its baseline was measured"


@pytest.mark.parametrize(("u_j", "below"), [(2.9, True), (3.1, False), (None, True)])
def test_only_what_is_surely_below_nothing_has_a_cause(u_j: float | None, below: bool) -> None:  # noqa: FBT001 - a case
    """-3 ± 2.9 J is less than nothing, and a wrong baseline its cause; -3 ± 3.1 J may be nothing, and has none."""
    changes = {"energy_net_j": -3.0, "energy_net_u_j": u_j}
    caveat = said("Less the idle power", trials(lambda trial: changes if trial.position == 1 else {}))

    assert (below, not below) == (CAUSE in caveat, "do not differ from nothing within their interval" in caveat)


def test_net_joules_are_told_with_their_interval() -> None:
    """A reader sees how far a net figure is from nothing."""
    found = trials(lambda trial: {"energy_net_j": -3.0, "energy_net_u_j": 4.0} if trial.position == 1 else {})

    assert "(-3.00 ± 4.0 J)" in said("Less the idle power", found)


LOST = {"power": "the monitor was lost"}
SPILT = {"power on disk": "older readings could not be kept (No space left on device)"}


def test_readings_that_are_not_on_disk_are_not_missing() -> None:
    """What memory held is there: nothing is missing unless a gap is listed, and no interval is said to be wider."""
    found = trials(lambda trial: {"reasons": SPILT} if trial.position == 1 else {})
    (caveat,) = [each for each in caveats(found) if "Readings of power" in each]

    assert "could not be kept on disk in tokens-" in caveat
    assert "(older readings could not be kept (No space left on device)); nothing is missing unless a gap" in caveat


@pytest.mark.parametrize(
    ("energy_j", "rest"),
    [(120.0, ". Counters count on meanwhile, and the figures have wider intervals"), (None, "; none of these has a")],
)
def test_only_a_figure_has_a_wider_interval(energy_j: float | None, rest: str) -> None:
    """Of a trial without joules the caveat says that it has no figure, not that its figure has a wider interval."""
    changes = {"reasons": LOST, "energy_j": energy_j}
    caveat = said("Readings of power are missing", trials(lambda trial: changes if trial.position == 1 else {}))

    assert (True, energy_j is not None) == (f"(the monitor was lost){rest}" in caveat, "wider intervals" in caveat)
