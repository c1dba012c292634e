"""Findings on losses along training: the answer, what to know first, and what is refused."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from raystudy.analysis.findings import Findings
from raystudy.analysis.trajectory import Trajectory, findings, followed
from raystudy.errors import AnalysisError
from raystudy.stats.spikes import Rule

FALLS = (8.0, 5.0, 4.0, 3.5, 3.2, 3.0)
TURNS = (8.0, 4.0, 3.0, 3.2, 3.5, 3.9)
JUMPS = (8.0, 7.0, 6.1, 5.0, 4.1, 6.0)


def made(*curves: Sequence[float], intervals: Sequence[object] = range(6), noise: float = 0.01) -> pl.DataFrame:
    """Return losses of seeds 101, 202 ... at intervals, in no order."""
    random = np.random.default_rng(1)
    rows = [
        (str(101 * (seed + 1)), str(interval), loss + noise * float(random.normal()))
        for seed, curve in enumerate(curves)
        for interval, loss in zip(intervals, curve, strict=True)
    ]
    table = pl.DataFrame(rows, schema={"seed": pl.String, "tokens": pl.String, "loss": pl.Float64}, orient="row")
    return table.sample(fraction=1, shuffle=True, seed=2)


def follow(table: pl.DataFrame, *, rule: Rule | None = None) -> Trajectory:
    """Return the trajectory of a table."""
    return followed(table.lazy(), seed="seed", interval="tokens", loss="loss", rule=rule)


def found(table: pl.DataFrame, *, rule: Rule | None = None) -> Findings:
    """Return its findings."""
    return findings(follow(table, rule=rule))


def text(told: Findings) -> str:
    """Return the answer as it is read."""
    return " ".join(told.answer)


class TestAnswer:
    def test_a_loss_that_turns(self) -> None:
        """Where the mean is least, that it rises again, by how much, and from where on."""
        said = text(found(made(*[TURNS] * 6)))

        assert "The mean loss of 6 seeds is least at tokens 2, 3.00, and 3.90 at the end, tokens 5." in said
        assert "It rises again, by 0.90" in said
        assert "The first rise that is established, all differences tested together, ends at 3" in said
        assert "Differences between intervals that are rises: 0 of 12 up to there and 18 of 18 after it." in said
        assert "The curve bends up" in said

    def test_a_loss_that_falls(self) -> None:
        """Least at the end: no rise, and no test of one."""
        said = text(found(made(*[FALLS] * 6)))

        assert "The mean loss of 6 seeds is least at the end, tokens 5: 3.00." in said
        assert "least loss" not in said
        assert "It rises again" not in said

    def test_noise_is_no_rise(self) -> None:
        """A flat tail ends above its least value by chance, and that is not taken for a rise."""
        flat = (8.0, 4.0, 3.0, 3.0, 3.0, 3.0)

        assert "It rises again, by" not in text(found(made(*[flat] * 6, noise=0.05)))

    def test_spikes_by_both_windows(self) -> None:
        """How many by which window, where, and how many noise would give."""
        said = text(found(made(JUMPS, FALLS)))

        assert (
            "none by a window of 5 differences, itself among them, which can find none; 1 (101 at 5) by the 5 before"
            in said
        )

    def test_a_rule_that_can_find_spikes(self) -> None:
        """It is used, and nothing is said of void."""
        result = found(made(JUMPS, FALLS), rule=Rule(z=1.5))

        assert "1 (101 at 5) by a window of 5 differences, itself among them; 1 (101 at 5) by the 5 before" in text(
            result
        )
        assert [] == [caveat for caveat in result.caveats if "void" in caveat]


class TestCaveats:
    def test_the_published_rule_is_void(self) -> None:
        """With its arithmetic: here there are five differences, as in its window."""
        caveats = " ".join(found(made(*[TURNS] * 6)).caveats)

        assert "The published rule for spikes is void." in caveats
        assert "sqrt(5 - 1) = 2" in caveats

    def test_who_lacks_an_interval_is_named(self) -> None:
        """A seed with a gap is left out of everything, and people are told."""
        table = made(*[TURNS] * 6).filter((pl.col("seed") != "303") | (pl.col("tokens") != "4"))
        result = follow(table)

        assert ("101", "202", "404", "505", "606") == tuple(each.seed for each in result.telemetry.seeds)
        assert "1 seed of 6 left out, since an interval is empty: 303 has no value at 4." in findings(result).caveats

    @pytest.mark.parametrize("loss", [None, float("inf")])
    def test_a_loss_that_is_none(self, loss: float | None) -> None:
        """A missing loss, or one that is not finite, leaves its seed out."""
        here = (pl.col("seed") == "303") & (pl.col("tokens") == "4")
        table = made(*[TURNS] * 6).with_columns(loss=pl.when(here).then(loss).otherwise("loss"))

        assert "1 seed of 6 left out" in " ".join(found(table).caveats)

    def test_rows_that_are_averaged(self) -> None:
        """Two rows of a seed at an interval are one loss."""
        table = made(*[TURNS] * 6)

        assert "Up to 2 rows stand for an interval of one seed, which is their mean." in (
            found(pl.concat([table, table])).caveats
        )

    def test_few_seeds(self) -> None:
        """Three seeds cannot tell the sphericity of six intervals."""
        assert "3 seeds for 6 intervals: Mauchly's test does not exist" in " ".join(found(made(*[TURNS] * 3)).caveats)

    def test_one_seed(self) -> None:
        """It is not tested, and what it did is told."""
        result = found(made(TURNS))

        assert "nothing is tested" in " ".join(result.caveats)
        assert "3 of 3 after it" in text(result)

    def test_uneven_intervals(self) -> None:
        """Differences over unlike stretches are not alike."""
        caveats = found(made(*[TURNS] * 6, intervals=[0, 1, 2, 4, 8, 16])).caveats

        assert "The intervals are not evenly spaced (1.00 to 8.00)" in " ".join(caveats)

    def test_intervals_of_whole_steps_are_even(self) -> None:
        """Tokens at the first step past each mark differ by a step."""
        caveats = found(made(*[TURNS] * 6, intervals=[0, 10_240, 20_480, 30_208, 40_448, 50_176])).caveats

        assert "spaced" not in " ".join(caveats)


class TestRefusals:
    def test_intervals_that_are_no_numbers(self) -> None:
        """A trajectory needs an order."""
        with pytest.raises(AnalysisError, match="holds 'start', where a number is expected"):
            follow(made(TURNS[:3], TURNS[:3], intervals=["start", "middle", "end"]))

    def test_two_intervals(self) -> None:
        """Two ends have no way between them."""
        with pytest.raises(AnalysisError, match="holds 0 and 1 only; a trajectory has 3 intervals or more"):
            follow(made(TURNS[:2], TURNS[:2], intervals=[0, 1]))

    def test_no_complete_seed(self) -> None:
        """A seed column that names each row leaves nobody."""
        table = made(*[TURNS] * 2).with_row_index("row").with_columns(seed=pl.col("row").cast(pl.String))

        with pytest.raises(AnalysisError, match="No seed has a loss at each of the 6 intervals: 0 has no value at"):
            follow(table)

    def test_a_rule_that_can_never_fire(self) -> None:
        """By its own window, or by the length of the trajectory."""
        with pytest.raises(AnalysisError, match=r"Spikes of 5 differences and z 2 are refused.*sqrt\(5 - 1\)"):
            follow(made(TURNS), rule=Rule())
        with pytest.raises(AnalysisError, match=r"the 5 that there are lies at most sqrt\(5 - 1\)"):
            follow(made(TURNS), rule=Rule(window=40, z=5))


def test_order_of_tables() -> None:
    """The way first, then the seeds, then the tests, and when it settles."""
    names = ["trajectory", "seeds", "anova", "sizes", "trend", "stability"]

    assert names == [table.name for table in found(made(*[TURNS] * 6)).tables]


def test_measures() -> None:
    """The loss is tested, and what arXiv 2606.13370 tests besides."""
    assert ["loss", "perplexity", "rolling volatility"] == [*follow(made(*[TURNS] * 6)).tested]


def test_no_perplexity_of_what_is_no_loss_in_nats() -> None:
    """A value whose exponential is no number has none."""
    assert ["loss", "rolling volatility"] == [*follow(made(*[[100 * each for each in TURNS]] * 6)).tested]


def test_rows_in_any_order() -> None:
    """Intervals stand by size, 10 after 2, wherever their rows are."""
    intervals = [0, 1, 2, 10, 11, 100]

    assert tuple(map(str, intervals)) == follow(made(*[TURNS] * 6, intervals=intervals)).data.levels


def test_ties() -> None:
    """Of equal losses the first is the best, and nothing is divided by a spread that is none."""
    flat = (3.0,) * 6
    result = follow(made(*[flat] * 6, noise=0))

    assert {"0"} == {each.best_interval for each in result.telemetry.seeds}
    assert "there is no test" in text(findings(result))
