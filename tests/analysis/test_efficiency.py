"""The efficiency study: what it refuses, what it answers, and that estimates are marked wherever joules are shown."""

import dataclasses
import math
from typing import Any

import polars as pl
import pytest

from raystudy.analysis import KINDS
from raystudy.analysis.findings import Differences, Findings, Lines, PowerTrace, Table
from raystudy.errors import AnalysisError
from raystudy.study import Study, Trial
from tests.observations import estimated, observation, quality, study_of, table_of

UNKNOWN: dict[str, Any] = {"energy_j": None, "energy_net_j": None, "energy_eval_j": None, "power_rms_w": None}


def findings_of(study: Study, table: pl.DataFrame) -> Findings:
    """Analyse as the command line does."""
    return KINDS[study.kind].analyse(study, table)


def table_named(findings: Findings, name: str) -> Table:
    """Return one table."""
    return next(table for table in findings.tables if table.name == name)


def anova_row(findings: Findings, measure: str) -> dict[str, Any]:
    """Return the row of one measure."""
    return table_named(findings, "anova").frame.row(by_predicate=pl.col("measure").str.starts_with(measure), named=True)


class TestCheck:
    def test_accepts_what_can_be_analysed(self) -> None:
        """Two levels of one factor, twice, can be analysed."""
        study = study_of(levels="[1_000, 2_000]", repetitions="2")

        assert KINDS["efficiency"].check(study) is None

    @pytest.mark.parametrize(
        ("study", "said"),
        [
            (study_of(factors__batch_size="[8, 16]"), "varies 2 factors \\(batch_size, tokens\\)"),
            (study_of(levels="[1_000]"), "'tokens' one level, 1000"),
            (study_of(repetitions="1"), "one repetition"),
        ],
    )
    def test_refuses_what_cannot_be_analysed(self, study: Study, said: str) -> None:
        """Before any energy is burnt, one sentence says what is wrong."""
        with pytest.raises(AnalysisError, match=said):
            KINDS["efficiency"].check(study)


class TestAnswer:
    def test_two_sentences(self) -> None:
        """The answer is two sentences: cost, then gain."""
        study = study_of()
        cost, bought = findings_of(study, table_of(study)).answer

        assert (
            "Training on 50,000, 100,000 and 200,000 tokens cost ",
            "From 6.00 nats per token before training, ",
        ) == (
            cost[:52],
            bought[:42],
        )

    def test_measured_joules_are_not_called_estimated(self) -> None:
        """The word `estimated` stands only where it is true."""
        study = study_of()

        assert "estimated" not in findings_of(study, table_of(study)).answer[0]

    def test_estimated_joules_are_called_so(self) -> None:
        """The first sentence says that its joules are an estimate."""
        study = study_of()

        assert "cost an estimated 125.4 ± " in findings_of(study, table_of(study, estimated)).answer[0]

    def test_no_joules(self) -> None:
        """Where no instrument gave a figure the sentence says so and tells the seconds."""
        study = study_of()
        cost = findings_of(study, table_of(study, lambda _: UNKNOWN)).answer[0]

        assert cost.endswith("took 2.50, 5.00 and 10.0 s; what it cost in joules is not known at every level.")

    def test_an_effect_that_data_show(self) -> None:
        """A loss that falls far beyond the spread is hardly chance."""
        study = study_of()

        assert (
            "hardly chance (Greenhouse-Geisser: F(1.07, 4.28) = 2,019, p = 6.5e-7, 5 blocks)."
            in findings_of(study, table_of(study)).answer[1]
        )

    def test_an_effect_that_data_cannot_tell(self) -> None:
        """Levels that do nothing are not told apart."""
        study = study_of("learning_rate", "[0.001, 0.003]")

        assert (
            "the data cannot tell the levels apart (paired t test: t(4) = "
            in findings_of(study, table_of(study)).answer[1]
        )

    def test_an_effect_that_cannot_be_tested(self) -> None:
        """One finished block cannot tell, and the sentence gives the reason."""
        study = study_of()
        table = table_of(study).filter(pl.col("repetition") == 1)

        assert (
            findings_of(study, table).answer[1].endswith("whether the levels differ (fewer than two complete blocks).")
        )

    def test_tokens_that_are_not_what_their_label_says(self) -> None:
        """Tokens really processed come first, the label second."""
        study = study_of()
        table = table_of(study, lambda trial: {"tokens_seen": (trial.recipe.tokens or 0) // 2})
        cost = findings_of(study, table).answer[0]

        assert cost.startswith(
            "Training on 25,000, 50,000 and 100,000 tokens, nominally 50,000, 100,000 and 200,000, cost"
        )


class TestTables:
    def test_names(self) -> None:
        """These tables, in this order."""
        study = study_of()

        assert [
            "conditions",
            "quality",
            "marginal",
            "certainty",
            "certainty-differences",
            "anova",
            "pairwise",
            "sizes",
            "trend",
            "soundness",
            "parameter-efficiency",
            "parameter-efficiency-parts",
            "ratios",
            "whole",
            "trials",
        ] == [table.name for table in findings_of(study, table_of(study)).tables]

    def test_estimates_are_marked_in_every_table_that_shows_joules(self) -> None:
        """No column shows a joule or a watt of an estimate without the word; each table has it in its note or a row."""
        study = study_of()
        found = findings_of(study, table_of(study, estimated))
        bare = [
            (table.name, column)
            for table in found.tables
            for column in table.frame.columns
            if column.endswith((", J", ", W", "J/token", "J/nat", "nats/kJ"))
            and "(estimate)" not in column
            and "±" not in column
        ]

        assert ([], True) == (bare, all("estimate" in f"{table.note} {table.frame.rows()}" for table in found.tables))

    def test_measured_and_estimated_never_mix(self) -> None:
        """One estimate among measured trials counts as not measured, and its block drops out of the test."""
        study = study_of()
        table = table_of(study, lambda trial: estimated(trial) if trial.position == 1 else {})
        found = findings_of(study, table)

        assert (4, 5, 1) == (
            anova_row(found, "training energy")["blocks"],
            anova_row(found, "held-out loss")["blocks"],
            table_named(found, "trials").frame["training energy, J"].null_count(),
        )

    def test_net_of_idle_only_with_a_baseline(self) -> None:
        """Without an idle baseline there is no such column, rather than an empty one."""
        study = study_of()
        with_baseline = findings_of(study, table_of(study))
        without = findings_of(study, table_of(study, lambda _: {"energy_net_j": None}))

        assert (True, False) == tuple(
            "net of idle, J" in table_named(found, "conditions").frame.columns for found in (with_baseline, without)
        )

    def test_marginal_price(self) -> None:
        """Joules per nat are the extra joules over the nats bought."""
        study = study_of()
        row = table_named(findings_of(study, table_of(study)), "marginal").frame.row(0, named=True)

        assert pytest.approx(row["extra energy, J"] / row["nats bought"]) == row["price, J/nat"]

    def test_no_price_for_a_loss_that_rose(self) -> None:
        """Where the loss does not fall there is no price, and the note says why."""
        study = study_of()
        table = table_of(study, lambda trial: {"loss_heldout": 4.0 + math.log(trial.recipe.tokens or 1) / 100})
        marginal = table_named(findings_of(study, table), "marginal")

        assert ([None, None], True) == (marginal.frame["price, J/nat"].to_list(), "did not fall" in marginal.note)

    def test_pairs_are_later_less_earlier(self) -> None:
        """More tokens, lower loss: the difference is negative and named so."""
        study = study_of()
        pair = table_named(findings_of(study, table_of(study)), "pairwise").frame.row(0, named=True)

        assert ("100,000 − 50,000", True) == (pair["pair"], pair["95 % high"] < 0)

    def test_no_energy_no_test_but_a_reason(self) -> None:
        """A measure that nobody measured has a reason in place of F."""
        study = study_of()
        row = anova_row(findings_of(study, table_of(study, lambda _: UNKNOWN)), "energy per token")

        assert (None, "no block has a value at every level") == (row["F"], row["no test, because"])

    def test_published_efficiency_uses_the_named_inputs(self) -> None:
        """K and CS_TFLOPS come from the study file and are shown."""
        study = study_of(analysis__pe_cs_tflops="68.16", analysis__pe_k="2.0")
        row = table_named(findings_of(study, table_of(study)), "parameter-efficiency").frame.row(0, named=True)

        assert (2.0, 68.16, 50_000.0) == (row["K"], row["CS_TFLOPS"], row["nominal tokens"])

    def test_sphericity_is_tested_where_it_can_be(self) -> None:
        """Three levels and five blocks have Mauchly's test."""
        study = study_of()

        assert 0 < anova_row(findings_of(study, table_of(study)), "held-out loss")["Mauchly p"] <= 1

    def test_sphericity_of_two_levels(self) -> None:
        """Two levels have no Mauchly's test, and the note says why."""
        study = study_of(levels="[50_000, 100_000]")
        anova = table_named(findings_of(study, table_of(study)), "anova")

        assert (len(anova.frame), True) == (
            anova.frame["Mauchly p"].null_count(),
            "Where Mauchly's p is missing: two levels have one contrast" in anova.note,
        )


class TestFigures:
    def test_names(self) -> None:
        """Six figures where energy is known."""
        study = study_of()

        assert ["loss", "differences", "energy-per-token", "energy", "loss-drop-per-kj", "power"] == [
            figure.name for figure in findings_of(study, table_of(study)).figures
        ]

    def test_without_energy_there_are_no_energy_figures(self) -> None:
        """What was not measured is not drawn."""
        study = study_of()
        table = table_of(study, lambda _: UNKNOWN | {"traces": ()})

        assert ["loss", "differences"] == [figure.name for figure in findings_of(study, table).figures]

    def test_estimates_are_marked(self) -> None:
        """Every figure of joules says that they are an estimate."""
        study = study_of()
        figures = findings_of(study, table_of(study, estimated)).figures
        bare = {figure.name for figure in figures if "(estimate)" not in figure.title}
        bare_axes = {
            figure.name
            for figure in figures
            if not isinstance(figure, Differences) and "(estimate)" not in figure.y_title
        }

        assert ({"loss", "differences"}, {"loss"}) == (bare, bare_axes)

    def test_levels_that_are_names(self) -> None:
        """A factor without numbers has its names on the axis, as the study file orders them."""
        study = study_of("model", '["tiny-1m", "tiny-0.3m"]')
        loss = findings_of(study, table_of(study)).figures[0]

        assert isinstance(loss, Lines)
        assert (["tiny-1m", "tiny-0.3m"], False) == (loss.mean["x"].to_list(), loss.log_x)

    @pytest.mark.parametrize(
        ("factor", "levels", "axis"),
        [
            ("learning_rate", "[1, 0.5, 0.001]", [0.001, 0.5, 1.0]),
            ("deterministic", "[true, false]", ["true", "false"]),
            ("epochs", "[2, 1]", [1, 2]),
        ],
    )
    def test_levels_of_any_type(self, factor: str, levels: str, axis: list[object]) -> None:
        """Whole and broken numbers share an axis, in order; true and false are names."""
        study = study_of(factor, levels)
        loss = findings_of(study, table_of(study)).figures[0]

        assert isinstance(loss, Lines)
        assert axis == loss.mean["x"].to_list()

    def test_mean_has_its_interval(self) -> None:
        """The mean lies between its bounds, one row a level in numeric order."""
        study = study_of(levels="[200_000, 50_000, 100_000]")
        loss = findings_of(study, table_of(study)).figures[0]

        assert isinstance(loss, Lines)
        assert ([50_000, 100_000, 200_000], True) == (
            loss.mean["x"].to_list(),
            loss.mean.select(((pl.col("low") < pl.col("y")) & (pl.col("y") < pl.col("high"))).all()).item(),
        )

    @pytest.mark.parametrize(
        ("left_out", "said"),
        [
            (pl.lit(value=False), " at all levels alike."),
            (
                pl.col("position") == 1,
                " the 4 complete blocks; the means of the tables are over all trials with a value.",
            ),
            (pl.col("condition").rank("dense") % 2 == pl.col("repetition") % 2, "so there is no mean."),
        ],
    )
    def test_a_mean_that_is_not_that_of_the_tables(self, left_out: pl.Expr, said: str) -> None:
        """Only where blocks are dropped, the caption says over how many the mean line is."""
        study = study_of()
        loss = findings_of(study, table_of(study).filter(~left_out)).figures[0]

        assert loss.caption.endswith(said)

    def test_differences_have_every_pair(self) -> None:
        """Three levels, three pairs."""
        study = study_of()
        figure = findings_of(study, table_of(study)).figures[1]

        assert isinstance(figure, Differences)
        assert ["100,000 − 50,000", "200,000 − 50,000", "200,000 − 100,000"] == figure.pairs["pair"].to_list()

    def test_power_is_the_slope_of_the_counter(self) -> None:
        """A counter that gains 5 J every 0.1 s is 50 W; time counts from the first span."""
        study = study_of()
        power = findings_of(study, table_of(study)).figures[-1]

        assert isinstance(power, PowerTrace)
        assert (pytest.approx([50.0] * 120), pytest.approx(-0.4), 0.0) == (
            power.readings["power_w"].to_list(),
            power.readings["at_s"][0],
            power.spans["start_s"][0],
        )


class TestWhatMustNotMix:
    def test_two_corpora_are_refused(self) -> None:
        """Losses on different text are never compared."""
        study = study_of()
        table = table_of(study, lambda trial: {"corpus_fingerprint": "a" * 64 if trial.position < 4 else "b" * 64})

        with pytest.raises(AnalysisError, match=r"2 different corpora.*aaaaaaaaaaaa \(3 trials\)"):
            findings_of(study, table)

    def test_a_study_of_corpora_may_mix_between_levels(self) -> None:
        """Where the corpus is the factor, each level has its own, with a caveat."""
        study = study_of("corpus", '["stdlib", "tinystories"]')
        found = findings_of(study, table_of(study, lambda trial: {"corpus_fingerprint": trial.recipe.corpus}))

        assert 1 == sum("2 different corpora" in caveat for caveat in found.caveats)

    def test_trials_of_other_levels_are_left_out(self) -> None:
        """What the study file does not ask for is left out, and said."""
        wide, narrow = study_of(), study_of(levels="[50_000, 100_000]")
        found = findings_of(narrow, table_of(wide))

        assert (2, 1) == (
            table_named(found, "conditions").frame.height,
            sum("5 finished trials" in caveat for caveat in found.caveats),
        )

    def test_no_trial_at_all(self) -> None:
        """A table of another study has nothing to say."""
        study = study_of("batch_size", "[8, 16]")

        with pytest.raises(AnalysisError, match="No finished trial of study 'made'"):
            findings_of(study, table_of(study_of()))


def test_facts_name_machine_and_method() -> None:
    """A reader finds where and how it was measured."""
    study = study_of()
    facts = dict(findings_of(study, table_of(study)).facts)

    assert ("A GPU", "energy counter of GPU-5f3a, covering gpu", "15 of 15 finished") == (
        facts["GPU"],
        facts["energy"],
        facts["trials"],
    )


def test_facts_of_an_estimate() -> None:
    """An estimate is of no device."""
    study = study_of()

    assert "nameplate estimate" == dict(findings_of(study, table_of(study, estimated)).facts)["energy"]


def test_rates_that_read_alike_are_one() -> None:
    """Rates of 10.00 and 10.01 Hz are 10.0 per second."""
    study = study_of()
    figure = observation(next(study.trials()), study=study).measurements.energies[0]
    figures = tuple(dataclasses.replace(figure, quality=quality(rate_hz=rate_hz)) for rate_hz in (10.0, 10.01))
    facts = dict(findings_of(study, table_of(study, lambda _: {"energies": figures})).facts)

    assert facts["readings"].startswith("10.0 per second, 99 % of them at most ")


def test_p1_from_raw_rows() -> None:
    """Two published trials of each condition go through the whole path and keep their efficiency to 1e-12."""
    rows = {
        (500_000, 1): (0.2372, 165.4348793777115, 5.922623709856469e-11),
        (500_000, 2): (0.2351, 167.63041584359752, 5.793304315416683e-11),
        (1_000_000, 1): (0.2248, 177.25607052603007, 2.6193391192091192e-11),
        (1_000_000, 2): (0.2387, 173.1223172577625, 2.84771092992619e-11),
        (2_000_000, 1): (0.2251, 179.15730915720502, 1.2975004227933062e-11),
        (2_000_000, 2): (0.2148, 177.5122912634204, 1.2496039555729822e-11),
    }
    study = study_of(levels="[500_000, 1_000_000, 2_000_000]", repetitions="2", analysis__pe_cs_tflops="68.16")

    def published(trial: Trial) -> dict[str, Any]:
        tokens = trial.recipe.tokens or 0
        quality, power_w, _ = rows[tokens, trial.repetition]
        return {
            "perplexity_sentence": 1 / quality,
            "power_rms_w": power_w,
            "nominal_tokens": 3 * tokens,
            "parameters": 1_100_048_384,
        }

    frame = table_named(findings_of(study, table_of(study, published)), "parameter-efficiency").frame
    means = [(rows[tokens, 1][2] + rows[tokens, 2][2]) / 2 for tokens in (500_000, 1_000_000, 2_000_000)]

    assert pytest.approx(means, rel=1e-12) == frame["PE as published"].to_list()
