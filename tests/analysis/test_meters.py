"""What an analysis makes of the meters: how certain joules are, what was shared, and trials that failed."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from raystudy.analysis.caveats import caveats
from raystudy.analysis.certainty import tables as certainty
from raystudy.analysis.conditions import each_trial
from raystudy.analysis.trials import Trials, trials_of
from raystudy.analysis.whole import table as whole
from raystudy.analysis.whole import uncovered
from raystudy.errors import AnalysisError
from raystudy.record.archive import Baseline
from raystudy.record.energy import Idle
from raystudy.record.gate import Expectation
from raystudy.record.outcome import Span
from raystudy.study import Trial
from tests.observations import Changes, energy, estimated, observation, quality, study_of, table_of, trace

SPAN_NAMES = ("load", "train", "eval")


def trials(changes: Changes = lambda _: {}, *, baselines: tuple[Baseline, ...] = (), **keys: str) -> Trials:
    """Return the trials of a study, changed so."""
    study = study_of(**keys)
    return trials_of(study, table_of(study, changes), baselines)


def said(text: str, found: Trials) -> str:
    """Return the one caveat that holds a text."""
    (caveat,) = [caveat for caveat in caveats(found) if text in caveat]
    return caveat


class TestCertainty:
    def test_relative_and_absolute_are_apart(self) -> None:
        """0.5 J from the readings; with a gain of 5 % of 125 J it is 6.8 J."""
        row = certainty(trials(lambda _: {"energy_j": 125.0}))[0].frame.row(0, named=True)

        assert (0.5, pytest.approx(0.4), pytest.approx(6.75), pytest.approx(5.4)) == (
            row["± from readings, J"],
            row["± from readings, %"],
            row["± with gain, J"],
            row["± with gain, %"],
        )

    def test_a_gain_that_is_not_specified_is_not_nothing(self) -> None:
        """Without the maker's word there is no absolute precision, and the note says why."""
        (table,) = certainty(trials(lambda _: {"energy_rel_gain": None}))

        assert (True, True) == (
            table.frame["± with gain, J"].is_null().all(),
            table.note.endswith("not specified by the maker."),
        )

    def test_how_it_was_read(self) -> None:
        """The least coverage of a level, its agreement and its methods stand beside."""
        figures = {
            "energies": (
                energy(OUTCOME, quality=quality(coverage=0.9)),
                energy(OUTCOME, span="eval", method="integrated"),
            )
        }
        row = certainty(trials(lambda trial: figures if trial.repetition == 1 else {}))[0].frame.row(0, named=True)

        assert (90.0, pytest.approx(1.001), "energy counter") == (
            row["least coverage, %"],
            row["counter / integral"],
            row["method"],
        )

    def test_an_estimate_has_no_such_table(self) -> None:
        """What a nameplate says has no interval."""
        assert () == certainty(trials(estimated))


OUTCOME = observation(next(study_of().trials()), study=study_of()).outcome


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


class TestSharing:
    def test_shared_joules_are_counted_once(self) -> None:
        """Four trials, two at a time, 5 s at 50 W: 500 J were used, though their figures add up to 1,000 J."""
        found = trials(sharing, levels="[1_000, 2_000]", repetitions="2", resources__exclusive="false")
        row = whole(found)[0].frame.row(0, named=True)

        assert (True, pytest.approx(500.0, rel=1e-6), 1_000.0, pytest.approx(10.0)) == (
            row["shared"],
            row["energy, J"],
            row["added up over trials, J"],
            row["time, s"],
        )

    def test_own_devices_are_added_up(self) -> None:
        """15 trials of an exclusive board: their figures add up, and no column speaks of sharing."""
        frame = whole(trials())[0].frame

        assert (pytest.approx(15 * 50.0 * 350 / 60), False) == (frame["energy, J"].item(), "shared" in frame.columns)

    def test_the_caveat_has_both_numbers(self) -> None:
        """A reader learns what was counted once, and what the trials' figures would add up to."""
        found = trials(sharing, levels="[1_000, 2_000]", repetitions="2", resources__exclusive="false")

        assert "package-0 (500 J, where the trials' figures add up to 1,000 J)" in said("Others may have used", found)

    def test_trials_show_it_apart(self) -> None:
        """The joules of a shared device stand in a column of their own."""
        frame = each_trial(trials(sharing, repetitions="2", resources__exclusive="false")).frame

        assert (True, [250.0] * 6) == (
            frame["training energy, J"].is_null().all(),
            frame["on shared devices, J"].to_list(),
        )

    @pytest.mark.parametrize(
        ("covered", "left"),
        [
            ([], [(0.0, 10.0)]),
            ([(-5.0, 5.0)], [(5.0, 10.0)]),
            ([(2.0, 3.0), (8.0, 20.0)], [(0.0, 2.0), (3.0, 8.0)]),
            ([(-1.0, 11.0)], []),
            ([(20.0, 30.0)], [(0.0, 10.0)]),
        ],
    )
    def test_what_is_left_of_a_stretch(
        self, covered: list[tuple[float, float]], left: list[tuple[float, float]]
    ) -> None:
        """What others have covered is taken out, wherever it lies."""
        assert left == uncovered((0.0, 10.0), covered)


def throttled(trial: Trial) -> Mapping[str, Any]:
    """Return the changes of a trial that was too hot, the first; of the last nothing can be told."""
    met = None if trial.position == 15 else trial.position > 1
    found = (Expectation(name="throttling", met=met, found="GPU-5f3a: hw_thermal_slowdown"),)
    return {"expectations": found, "expectations_met": met}


class TestExpectations:
    def test_a_trial_that_failed_is_named(self) -> None:
        """The caveat says which, what, and how to leave it out."""
        caveat = said("failed an expectation", trials(throttled))

        assert "1 trial failed an expectation: tokens-" in caveat
        assert "(throttling: GPU-5f3a: hw_thermal_slowdown)" in caveat

    def test_the_study_file_leaves_it_out(self) -> None:
        """With leave_out_failed the others count, those of which nothing can be told too, and the caveat says n."""
        found = trials(throttled, analysis__leave_out_failed="true")

        assert (14, 0) == (found.rows.height, found.n_left_out)
        assert "All numbers rest on the other 14 trials." in said("Left out, for their readings", found)

    def test_a_trial_that_is_left_out_is_not_missing(self) -> None:
        """It is finished: running the study again would add nothing."""
        found = trials(throttled, analysis__leave_out_failed="true")

        assert not any("Not finished" in caveat for caveat in caveats(found))

    def test_nothing_left_is_an_error(self) -> None:
        """Where all trials failed there is nothing to conclude."""
        with pytest.raises(AnalysisError, match="All 15 finished trials of study 'made' failed an expectation"):
            trials(lambda _: {"expectations_met": False}, analysis__leave_out_failed="true")

    def test_each_trial_shows_its_verdict(self) -> None:
        """Throttled or not, and null where it cannot be told."""
        frame = each_trial(trials(throttled)).frame

        assert ([True, False, None], [False, True, None]) == (
            frame["throttled"].gather([0, 1, 14]).to_list(),
            frame["readings as expected"].gather([0, 1, 14]).to_list(),
        )


def test_the_state_of_the_board_at_both_ends() -> None:
    """Temperature and clock at the start and the end of each trial stand where the driver told them."""
    told = {
        "traces": (trace("temperature_c", 41.0, 50.0, 67.0), trace("clock_hz", 1.98e9, 1.755e9)),
    }
    frame = each_trial(trials(lambda _: told)).frame

    assert (41.0, 67.0, 1_980.0, 1_755.0) == frame.select(
        "GPU at start, °C", "GPU at end, °C", "clock at start, MHz", "clock at end, MHz"
    ).row(0)


def test_what_no_driver_told_has_no_column() -> None:
    """An empty column would only ask what it means."""
    assert [] == [name for name in each_trial(trials()).frame.columns if "GPU" in name or "throttled" in name]


BEFORE = Baseline(
    node="a1b2c3d4e5f6",
    run="2026-01-05T08:00:00",
    when="before",
    idle=(
        Idle(scope="gpu", device="GPU-5f3a", power_w=60.0, u_w=0.5),
        Idle(scope="gpu", device="GPU-77", power_w=60.0, u_w=0.5),
    ),
)
AFTER = dataclasses.replace(
    BEFORE,
    when="after",
    idle=(
        Idle(scope="gpu", device="GPU-5f3a", power_w=61.5, u_w=0.5),
        Idle(scope="gpu", device="GPU-77", power_w=60.9, u_w=0.5),
    ),
)


def test_idle_power_that_drifted() -> None:
    """1.5 W apart with intervals of 0.5 W each is drift; 0.9 W apart is none."""
    caveat = said("Idle power drifted", trials(baselines=(BEFORE, AFTER)))

    assert (
        "GPU-5f3a on node a1b2c3d4 60.0 ± 0.50 W before the run of 2026-01-05T08:00:00, 61.5 ± 0.50 W after" in caveat
    )
    assert "GPU-77" not in caveat


@pytest.mark.parametrize(
    "baselines",
    [(BEFORE,), (BEFORE, dataclasses.replace(AFTER, run="another")), (BEFORE, dataclasses.replace(AFTER, node="b"))],
)
def test_baselines_of_other_runs_and_nodes_are_not_compared(baselines: tuple[Baseline, ...]) -> None:
    """Drift is that of one node within one run."""
    assert not any("Idle power drifted" in caveat for caveat in caveats(trials(baselines=baselines)))


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


def test_what_is_missing_is_no_choice() -> None:
    """Facts list what the program chose; what a monitor lost is a caveat."""
    from raystudy.analysis.facts import facts

    found = trials(lambda _: {"reasons": {"power": "the monitor was lost", "device": "there is one"}})

    assert ["chosen: device"] == [name for name, _ in facts(found) if name.startswith("chosen")]
