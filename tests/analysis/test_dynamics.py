"""The dynamics study: what it refuses, what it answers, its tables and figures, and what it tells of half a study."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from raystudy.analysis import KINDS
from raystudy.analysis.findings import Bands, Findings
from raystudy.errors import AnalysisError
from raystudy.report import render_markdown
from raystudy.study import Study, Trial
from tests.analysis.curves import ARMS, analysed, dynamics, losses, run, table_named
from tests.observations import segment, study_of, trajectory

UNKNOWN: dict[str, Any] = {"energy_j": None, "energy_net_j": None, "energy_eval_j": None, "interval_energies": ()}


@pytest.fixture(scope="module")
def arms() -> Findings:
    """Return the findings of a repeated and a fresh arm, three seeds each."""
    return analysed(dynamics(**ARMS))


@pytest.fixture(scope="module")
def seeds() -> Findings:
    """Return the findings of three seeds that repeat nothing, and rise."""
    return analysed(dynamics())


def row(findings: Findings, name: str, place: int = 0) -> dict[str, Any]:
    """Return one row of a table."""
    return table_named(findings, name).frame.row(place, named=True)


class TestCheck:
    @pytest.mark.parametrize(
        "study", [dynamics(), dynamics(**ARMS), dynamics(repetitions="2"), dynamics(factors__order_seed="[1, 2]")]
    )
    def test_accepts_what_can_be_analysed(self, study: Study) -> None:
        """Seeds of weights, of order, of repetitions, and one arm beside them."""
        assert KINDS["dynamics"].check(study) is None

    @pytest.mark.parametrize(
        ("study", "said"),
        [
            (
                dynamics("stop_patience", "[2, 3]", factors__batch_size="[8, 16]"),
                "batch_size and stop_patience; a study",
            ),
            (dynamics(levels="[1]"), "trains with one seed"),
            (dynamics(recipe__order_seed="3", repetitions="2"), "2 repetitions, which would be copies"),
            (study_of(kind="dynamics"), "no trajectory. Give recipe.eval_every_tokens"),
            (dynamics(recipe__tokens="1_000"), "every 1,000 of 1,000 tokens, 2 intervals"),
            (dynamics("eval_every_tokens", "[1_000, 5_000]", repetitions="2"), "every 5,000 of 5,000 tokens"),
        ],
    )
    def test_refuses_what_cannot_be_analysed(self, study: Study, said: str) -> None:
        """Before any energy is burnt, one sentence says what is wrong, and what to do."""
        with pytest.raises(AnalysisError, match=said):
            KINDS["dynamics"].check(study)


class TestTables:
    def test_the_trajectory_holds_all_of_an_interval(self, arms: Findings) -> None:
        """Losses and bands, text, schedule, speed, joules of training and of evaluation, temperature."""
        whole = row(arms, "trajectory", 2)

        assert {"tokens": 2_000, "unique tokens": 1_000, "epochs": 2, "runs": 3, "tokens/s": 1_000, "°C": 60} == {
            name: whole[name] for name in ("tokens", "unique tokens", "epochs", "runs", "tokens/s", "°C")
        }
        assert {"training energy, J": 100, "evaluation energy, J": 5, "± from text": pytest.approx(0.02)} == {
            name: whole[name] for name in ("training energy, J", "evaluation energy, J", "± from text")
        }
        assert whole["all low"] < whole["95 % low"] < whole["held-out loss"] < whole["95 % high"] < whole["all high"]
        assert whole["held-out loss"] - whole["training loss"] == pytest.approx(whole["gap"])

    def test_the_verdict_on_overfitting(self, arms: Findings) -> None:
        """The repeated arm overfits; the fresh one does not rise."""
        frame = table_named(arms, "overfitting").frame

        assert ["overfits", "no rise: the loss is least at the end"] == frame["verdict"].to_list()
        assert [3, 5] == [row(arms, "overfitting")["epochs at best"], row(arms, "overfitting")["epochs at end"]]

    def test_every_trial_shows_the_seeds_it_used(self) -> None:
        """The seeds of weights and order, where the study names them, else that of the repetition."""
        frame = table_named(analysed(dynamics(recipe__order_seed="7")), "trials").frame

        assert ([1, 2, 3], {7}) == (sorted(frame["init seed"]), set(frame["order seed"]))
        assert "seed" not in frame.columns

    def test_arms_are_paired_by_seed(self, arms: Findings) -> None:
        """Later level less earlier one, within seeds."""
        pair = row(arms, "arms")

        assert ("50,000 − 1,000", 5_000, 3) == (pair["pair"], pair["tokens"], pair["seeds"])
        assert pair["difference"] == pytest.approx(-0.505, abs=0.001)

    def test_mauchly_is_refused(self, seeds: Findings) -> None:
        """Fewer seeds than intervals have no test of sphericity; the note says why, the trend decides."""
        table = table_named(seeds, "anova")

        assert "Where Mauchly's p is missing: singular" in table.note
        assert ["own-error linear trend"] == table.frame["decided by"].to_list()

    def test_no_line_over_logarithms_of_zero_tokens(self, seeds: Findings) -> None:
        """A trajectory begins at zero tokens, so only the line and the bend over tokens are told."""
        assert ["line", "bend"] == table_named(seeds, "trend").frame["trend"].to_list()

    def test_the_published_rule_stands_beside_one_that_can_fire(self, seeds: Findings) -> None:
        """Telemetry shows both rates, and its note the arithmetic of the refused one."""
        table = table_named(seeds, "telemetry")

        assert {"spike rate", "spike rate, lagged"} < set(table.frame.columns)
        assert "sqrt(5 - 1) = 2" in table.note

    def test_each_seed(self, seeds: Findings) -> None:
        """A run is told by its own minimum, and what it spent after it."""
        each = row(seeds, "seeds")

        assert ("init 1", 3_000, 200, 40) == (
            each["seed"], each["best at"], each["past the minimum, J"], each["of all, %"],
        )  # fmt: skip

    def test_steps_that_stand_out_are_counted(self) -> None:
        """A step far above the steps before it is a spike of its run."""
        smooth = [3.0 + 0.01 * (step % 7) for step in range(200)]

        def changes(trial: Trial) -> Mapping[str, Any]:
            spiked = [*smooth[:150], 9.0, *smooth[150:]] if trial.recipe.init_seed == 2 else smooth
            return {**run(trial), "step_losses": tuple(spiked)}

        assert [0, 1, 0] == table_named(analysed(dynamics(), changes), "seeds").frame["step spikes"].to_list()

    def test_two_seeds_crossed_have_components(self) -> None:
        """Weights crossed with order have variances of their own; one order alone leaves them confounded."""
        crossed = analysed(dynamics(factors__order_seed="[7, 8]"))
        alone = table_named(analysed(dynamics(recipe__order_seed="7")), "components").frame

        assert ["initial weights", "data order", "rest"] == table_named(crossed, "components").frame["due to"][
            :3
        ].to_list()
        assert table_named(crossed, "components").frame["SD"][2] > 0
        assert alone["remark"][0].startswith("confounded: with one data order")

    def test_the_law_is_told_where_it_is_identified(self, arms: Findings) -> None:
        """Few points of few seeds tell no constant of the law; the table says so, and why."""
        table = table_named(arms, "law")

        assert ["none is told"] * 2 == table.frame["constant"].to_list()
        assert "30 rows at 3 configurations for 5 constants are too few" in table.note

    def test_fresh_text_has_no_law_of_repetition(self, seeds: Findings) -> None:
        """Where nothing was repeated there is nothing to fit."""
        assert "law" not in [table.name for table in seeds.tables]

    def test_early_stops_have_a_table_of_their_own(self) -> None:
        """Seed, rule, tokens, loss, joules, beside the mean of full length at the same interval."""

        def changes(trial: Trial) -> Mapping[str, Any]:
            short = trajectory(losses(trial)[:5], stopped="patience")
            return short if trial.recipe.init_seed == 4 else run(trial)

        findings = analysed(dynamics(levels="[1, 2, 3, 4]"), changes)
        early = row(findings, "early")

        assert ("init 4", "patience", 4_000, 400) == (
            early["seed"], early["stopped by"], early["tokens"], early["training energy, J"],
        )  # fmt: skip
        assert early["full length there"] == pytest.approx(2.6, abs=0.05)
        assert [3, 3] == table_named(findings, "trajectory").frame["runs"].head(2).to_list()

    def test_interrupted_runs_are_told_segment_by_segment(self) -> None:
        """Only a run of more than one segment is listed, each with its tokens and joules."""
        parts = (segment(tokens_from=0, tokens_to=3_000, energy_j=300.0), segment(tokens_from=3_000, tokens_to=5_000))

        def changes(trial: Trial) -> Mapping[str, Any]:
            return {**run(trial), "segments": parts if trial.recipe.init_seed == 2 else parts[:1]}

        frame = table_named(analysed(dynamics(), changes), "segments").frame

        assert ["init_seed-2--r01"] * 2 == frame["trial"].to_list()
        assert ([0, 3_000], [3_000, 5_000], 300) == (
            frame["from tokens"].to_list(), frame["to tokens"].to_list(), frame["training energy, J"][0],
        )  # fmt: skip


class TestFigures:
    def test_all_are_told(self, arms: Findings) -> None:
        """Loss and gap over tokens, price over tokens, loss over joules, and power over one trial."""
        assert ["loss", "gap", "nats-per-kj", "loss-over-joules", "power"] == [each.name for each in arms.figures]

    def test_the_least_mean_is_marked(self, arms: Findings) -> None:
        """Each arm has a mark where its mean is least."""
        loss = next(figure for figure in arms.figures if isinstance(figure, Bands))

        assert [3_000, 5_000] == loss.marks["x"].to_list()

    def test_the_loss_of_zero_tokens_is_not_drawn(self, arms: Findings) -> None:
        """It would dwarf all that follows; the caption says so."""
        loss = next(figure for figure in arms.figures if isinstance(figure, Bands))

        assert 1_000 == loss.each["x"].min()
        assert "zero tokens, is left out" in loss.caption

    def test_without_joules_only_losses_are_drawn(self) -> None:
        """Figures and tables of joules stand only where joules are known; tokens are told in any case."""
        findings = analysed(dynamics(), lambda trial: {**run(trial), **UNKNOWN})
        costs = table_named(findings, "costs").frame

        assert ["loss", "gap", "power"] == [each.name for each in findings.figures]
        assert not {"stops", "prices"} & {table.name for table in findings.tables}
        assert ("tokens" in costs.columns, "training energy, J" in costs.columns) == (True, False)


class TestHalfAStudy:
    def test_mixed_corpora_are_refused(self) -> None:
        """Seeds that read different text cannot be compared."""
        with pytest.raises(AnalysisError, match="2 different corpora"):
            analysed(dynamics(), lambda trial: {**run(trial), "corpus_fingerprint": f"{trial.recipe.init_seed == 1}"})

    @pytest.mark.parametrize(
        "rows",
        [pl.col("position") == 1, pl.col("unique_tokens") == 50_000, pl.col("init_seed") == 1],
        ids=["one trial", "one arm", "one seed"],
    )
    def test_what_can_be_told_is_told(self, rows: pl.Expr) -> None:
        """Any part of a study is analysed and written, without a traceback."""
        findings = analysed(dynamics(**ARMS), rows=rows)

        assert "Not finished:" in render_markdown(findings)

    def test_no_interval_was_evaluated(self) -> None:
        """Trials without a trajectory are told as trials, and the answer says what is missing."""
        findings = analysed(dynamics(), lambda _: {})

        assert (
            "No trial has a held-out loss at every interval, so there is no trajectory to tell.",
        ) == findings.answer
        assert ["whole", "trials"] == [table.name for table in findings.tables]
