"""What an analysis makes of the meters: how certain joules are, and trials that failed."""

import pytest

from raystudy.analysis.caveats import caveats
from raystudy.analysis.certainty import tables as certainty
from raystudy.analysis.conditions import each_trial
from raystudy.analysis.facts import facts
from raystudy.errors import AnalysisError
from tests.analysis.made import OUTCOME, battery, said, throttled, trials
from tests.observations import energy, estimated, quality, trace


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
        table = certainty(trials(lambda _: {"energy_rel_gain": None}))[0]

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

    def test_only_what_is_added_up_counts(self) -> None:
        """A nameplate beside a laptop's battery, and a board beside its GPU, say nothing of how the joules were had."""
        table = certainty(trials(battery))[0]

        assert {"integral of sampled power"} == set(table.frame["method"])
        assert "integral of sampled power of BAT0, covering board" == dict(facts(trials(battery)))["energy"]

    def test_an_estimate_has_no_such_table(self) -> None:
        """What a nameplate says has no interval."""
        assert () == certainty(trials(estimated))


class TestDifferences:
    def test_a_difference_and_its_half_widths(self) -> None:
        """Five blocks of ±0.5 J at both levels: 1.487 sqrt(2 x 5) 0.5 / 5 = 0.470 J if independent, 1 J at worst."""
        found = trials(lambda trial: {"energy_j": 100.0 + (trial.recipe.tokens or 0) / 1e5 + trial.repetition % 2})
        row = certainty(found)[1].frame.row(0, named=True)

        assert ("100,000 − 50,000", pytest.approx(0.5), pytest.approx(0.4703, abs=1e-4), 1.0, "if independent") == (
            row["pair"],
            row["difference"],
            row["± if independent"],
            row["± at worst"],
            row["larger?"],
        )

    def test_what_further_errors_do_to_the_test(self) -> None:
        """The note tells it of each measure: the share of the error, and the range of p."""
        note = certainty(trials())[1].note

        assert 2 == note.count(" % of the error variance; log10 p is ")
        assert "energy per token, J/token: readings explain " in note

    def test_a_half_width_that_is_missing(self) -> None:
        """Nothing can be held against it, and both the pairs and the note say so."""
        table = certainty(trials(lambda _: {"energy_u_j": None}))[1]

        assert {"not known: a half-width is missing"} == set(table.frame["larger?"])
        assert "training energy, J: the test cannot be made again, for a half-width is missing." in table.note

    def test_a_test_that_cannot_be_made(self) -> None:
        """One block has differences, and no test."""
        table = certainty(trials(repetitions="1"))[1]

        assert "training energy, J: the test cannot be made again, fewer than two complete blocks." in table.note


def test_what_the_bounds_of_a_drop_promise() -> None:
    """The note promises what Bonferroni's inequality does for 95 % and 99 %, and says that the gain is not in it."""
    note = each_trial(trials()).note

    assert "the truth in 94 % of trials at least. The instrument's gain is not included" in note


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

        assert "15 of 15 finished (1 left out)" == dict(facts(found))["trials"]
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


def test_what_is_missing_is_no_choice() -> None:
    """Facts list what the program chose; what a monitor lost is a caveat."""
    found = trials(lambda _: {"reasons": {"power": "the monitor was lost", "device": "there is one"}})

    assert ["chosen: device"] == [name for name, _ in facts(found) if name.startswith("chosen")]
