"""What the whole study used: shared joules once, trials left out too, and a note that contradicts none of it."""

from collections.abc import Mapping
from typing import Any

import pytest

from raystudy.analysis.caveats import caveats
from raystudy.analysis.conditions import each_trial, tables
from raystudy.analysis.whole import much_lost, uncovered
from raystudy.analysis.whole import table as whole
from raystudy.record.attempt import Attempt
from raystudy.study import Trial
from tests.analysis.made import OUTCOME, battery, said, sharing, throttled, trials
from tests.observations import energy, estimated

NO_ENERGY = "No energy is known"
NONE_ALONE = "No joule belongs to one trial alone: the devices were shared."


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

    def test_shared_joules_are_known(self) -> None:
        """What is known of shared devices is neither called unknown, nor any trial's own."""
        found = trials(sharing, repetitions="2", resources__exclusive="false")

        assert all(NONE_ALONE in table.note and NO_ENERGY not in table.note for table in tables(found))

    def test_the_total_does_not_contradict_itself(self) -> None:
        """Where the table holds joules its note does not say that none is known, or none a trial's."""
        unknown = {"energy_j": None, "energy_net_j": None, "energy_eval_j": None}
        notes = [whole(trials(changes))[0].note for changes in (sharing, lambda _: unknown)]

        assert not any(sentence in note for sentence in (NO_ENERGY, NONE_ALONE) for note in notes)

    def test_a_device_without_joules_says_so(self) -> None:
        """Where no instrument gave a figure for anything, the note of the empty table says so."""
        silent = {"energies": (energy(OUTCOME, energy_j=None),), "energy_j": None, "energy_net_j": None}

        assert NO_ENERGY in whole(trials(lambda _: silent))[0].note

    def test_an_estimate_on_a_shared_node_is_no_column_of_its_own(self) -> None:
        """Estimates of a shared node are those of the tables, and the caveat does not deny it."""
        nameplate = energy(OUTCOME, device="cpu", scope="package", method="estimated", u_j=None, shared=True)
        found = trials(lambda trial: estimated(trial) | {"energies": (nameplate,)}, resources__exclusive="false")

        assert "in no other figure" not in said("Others may have used", found)


class TestLeftOut:
    def test_a_trial_that_is_left_out_was_used(self) -> None:
        """15 trials took what they took, though the analysis leaves one out; the note says so."""
        every, fewer = (trials(throttled, analysis__leave_out_failed=left_out) for left_out in ("false", "true"))
        (all_15,), (also_15,) = whole(every), whole(fewer)

        assert (14, True) == (fewer.rows.height, all_15.frame.equals(also_15.frame))
        assert "those that are left out elsewhere, too," in also_15.note

    def test_nothing_is_said_of_none(self) -> None:
        """Where no trial is left out the note does not speak of it."""
        assert "left out" not in whole(trials())[0].note


def interrupted(trial: Trial) -> Mapping[str, Any]:
    """Return the changes of a trial, the first, two attempts at which came to nothing; of one no joule is known."""
    died = Attempt(at_utc="2026", reason="It died.", node="0123456789ab", lost_s=20.0, lost_j=1_000.0)
    gone = Attempt(at_utc="2026", reason="Its node is gone.", lost_s=1.5)
    return {"attempts": (died, gone) if trial.position == 1 else ()}


class TestLost:
    def test_it_is_told_beside_the_sums(self) -> None:
        """21.5 s and 1,000 J belong to no trial: the table is the same as without, and its note tells them."""
        (plain,), (told,) = whole(trials()), whole(trials(interrupted))

        assert told.frame.equals(plain.frame)
        assert (
            "2 attempts at 1 trial came to nothing before one came through: 21.5 s, 1,000 J (the joules of 1 are not "
            "known), which are in no figure."
        ) in told.note

    def test_much_is_worth_a_caveat(self) -> None:
        """21.5 s are much beside one trial that trained for 5 s, and little beside 15 that trained for longer."""
        short = trials(lambda trial: interrupted(trial) | {"train_s": 5.0})

        caveat = said("came to nothing", short)
        assert "That is 29% of the time that the finished trials trained. The folder" in caveat
        assert [] == list(much_lost(trials(lambda trial: interrupted(trial) | {"train_s": 500.0})))

    def test_nothing_is_said_of_none(self) -> None:
        """Where every attempt came through, neither the note nor a caveat speaks of it."""
        assert "came to nothing" not in whole(trials())[0].note
        assert [] == list(much_lost(trials()))


class TestBattery:
    def test_the_battery_is_a_measurement(self) -> None:
        """A laptop on battery measures the whole machine: no estimate, no part that is missing."""
        found = trials(battery)

        assert ("energy_j", False) == (found.joules.train_j, found.joules.estimated)
        assert not any("No instrument measured" in each or "The joules cover" in each for each in caveats(found))

    def test_the_total_is_the_batterys(self) -> None:
        """The nameplate's estimate beside it is in no sum."""
        (table,) = whole(trials(battery))

        assert [("BAT0", "board")] == table.frame.select("device", "covers").rows()
        assert "estimate" not in table.note

    def test_trials_at_the_plug_are_told_apart(self) -> None:
        """Trials on battery cover the machine, others their parts: the caveats say which joules lack something."""
        found = trials(lambda trial: battery(trial) if trial.repetition == 1 else {})

        assert "Trials differ in what their joules cover (board and gpu)" in said("Trials differ", found)
        assert said("The joules of some trials cover gpu;", found)
