"""Boards: which ones a trial's joules are of, and what is left of the levels without the boards' gains."""

from typing import Any

import pytest

from raystudy.analysis.boards import adjusted, boards_of, tables
from raystudy.study import Trial
from tests.analysis.made import OUTCOME, alternating, battery, by_level, on_boards, sharing, trials
from tests.observations import energy, estimated


class TestBoardsOf:
    def test_what_is_added_up_counts(self) -> None:
        """Shared devices, estimates and evaluations are no board of a trial; several are joined."""
        figures = (
            energy(OUTCOME, device="GPU-b"),
            energy(OUTCOME, device="GPU-a"),
            energy(OUTCOME, device="GPU-c", shared=True),
            energy(OUTCOME, device="cpu", method="estimated", u_j=None),
            energy(OUTCOME, device="GPU-d", span="eval"),
        )

        assert {"GPU-a+GPU-b"} == set(boards_of(trials(lambda _: {"energies": figures}))["boards"])

    def test_a_battery_is_a_board(self) -> None:
        """A laptop's joules are those of its battery."""
        assert {"BAT0"} == set(boards_of(trials(battery))["boards"])

    def test_a_name_of_several_machines(self) -> None:
        """`package-0` is another one on each machine; a UUID is one wherever it is."""

        def changes(trial: Trial) -> dict[str, Any]:
            zone = energy(OUTCOME, device="package-0", scope="package")
            machine = f"host{trial.repetition % 2}"
            own = energy(OUTCOME, device=f"GPU-{machine}")
            return {"host_hash": machine, "energies": (own, zone), "energy_scopes": "gpu+package"}

        assert {"GPU-host0+package-0 on host0", "GPU-host1+package-0 on host1"} == set(
            boards_of(trials(changes))["boards"]
        )

    def test_no_joule_of_its_own(self) -> None:
        """A trial on shared devices has no board."""
        assert boards_of(trials(sharing)).is_empty()


class TestAdjusted:
    def test_a_gain_is_found_and_taken_out(self) -> None:
        """A gain of 5 % on one of two boards is found to 0.1 %, and moves no level by that much."""
        same = trials(on_boards(lambda _: "GPU-0"), order='"latin_square"', repetitions="6")
        mixed = trials(on_boards(alternating, gain=1.05), order='"latin_square"', repetitions="6")
        energies, boards = tables(mixed)
        plain = [each.effect for each in adjusted(same, "energy_j").levels]

        assert (pytest.approx(5.0, abs=0.1), pytest.approx(plain, abs=0.002)) == (
            energies.frame["boards differ by, %"][0],
            [each.effect for each in adjusted(mixed, "energy_j").levels],
        )
        assert ["level"] * 3 + ["board"] * 2 == boards.frame["of"].to_list()

    def test_levels_stand_in_their_order(self) -> None:
        """50,000 comes before 100,000, as in every table."""
        _, boards = tables(trials(on_boards(alternating)))

        assert ["50,000", "100,000", "200,000", "GPU-0", "GPU-1"] == boards.frame["name"].to_list()

    def test_a_level_on_a_board_of_its_own(self) -> None:
        """It cannot be compared, has no effect, and takes a degree of freedom with it."""
        tests, boards = tables(trials(on_boards(by_level(200_000))))

        assert (1, [False, False, True, True, True]) == (
            tests.frame["df"][0],
            boards.frame["training energy, %"].is_null().to_list(),
        )

    def test_groups_that_can_be_compared(self) -> None:
        """Two levels on one board and two on another are two groups."""
        study = {"levels": "[50_000, 100_000, 200_000, 400_000]"}
        _, boards = tables(trials(on_boards(by_level(200_000, 400_000)), **study))

        assert ([1, 1, 2, 2, None, None], True) == (
            boards.frame["group"].to_list(),
            boards.note.endswith("Only rows of one group can be compared with each other."),
        )

    @pytest.mark.parametrize(
        "changes",
        [on_boards(lambda _: "GPU-0"), on_boards(lambda trial: f"GPU-{trial.repetition}"), estimated, sharing],
        ids=["one board", "a board a block", "estimated", "shared"],
    )
    def test_nothing_to_adjust(self, changes: Any) -> None:
        """There is no table where boards go with blocks, or no joule is measured."""
        assert () == tables(trials(changes))

    def test_nothing_that_could_be_adjusted(self) -> None:
        """Where every level has a board of its own the table says so in place of F."""
        tests, _ = tables(trials(on_boards(lambda trial: f"GPU-{trial.recipe.tokens}")))

        assert (None, "confounded: every level ran on boards of its own, so nothing tells levels from boards") == (
            tests.frame["F"][0],
            tests.frame["no test, because"][0],
        )

    def test_one_block(self) -> None:
        """A single block has no test, and there are no effects to show."""
        (tests,) = tables(trials(on_boards(alternating), repetitions="1"))

        assert "fewer than two complete blocks" == tests.frame["no test, because"][0]
