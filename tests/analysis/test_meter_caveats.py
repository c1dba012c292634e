"""Doubts about what the instruments read: each says what it knows of the trials it names, and nothing more."""

import dataclasses
from typing import Any

import pytest

from raystudy.analysis.caveats import caveats
from raystudy.record.archive import Baseline
from raystudy.record.energy import Idle
from tests.analysis.made import OUTCOME, said, trials
from tests.observations import Changes, energy

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
        (
            lambda trial: {"device": f"GPU-{trial.repetition % 2}"},
            "2 boards (GPU-0 and GPU-1), each with a gain of its",
        ),
        (
            lambda trial: {"device": f"GPU-{trial.repetition % 2}"},
            "each block ran on one, so comparisons within blocks",
        ),
        (lambda trial: {"device": f"GPU-{trial.position % 2}"}, "5 of 5 blocks ran on more than one"),
        (lambda trial: {"device": f"GPU-{trial.position % 2}", "energy_rel_gain": None}, "(not specified)"),
    ],
)
def test_each_doubt_of_the_meters(changes: Changes, text: str) -> None:
    """The table holds the reason, and one caveat tells it."""
    assert said(text, trials(changes))


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
