"""Findings on any table: the answer, what to know first, and the tables behind it."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from raystudy.analysis.findings import Findings, Table
from raystudy.analysis.levels import MOST_PAIRS, Columns, compared, findings
from raystudy.errors import AnalysisError

ONE = Columns(subject="seed", within=("tokens",), value="loss")
NAMES = ["means", "anova", "sizes", "trend", "pairwise", "soundness"]
TWO = Columns(subject="seed", within=("tokens", "model"), between=("board",), value="loss")


def made(levels: Sequence[object] = (1000, 2000, 4000), *, n: int = 6, models: str = "x") -> pl.DataFrame:
    """Return losses of seeds at numbers of tokens, of models, each seed on one of two boards."""
    random = np.random.default_rng(1)
    rows = [
        (f"s{seed}", str(level), model, "AB"[seed % 2], place + float(random.normal()))
        for seed in range(n)
        for place, level in enumerate(levels)
        for model in models
    ]
    return pl.DataFrame(rows, schema=["seed", "tokens", "model", "board", "loss"], orient="row")


def without(table: pl.DataFrame, seed: str, tokens: str) -> pl.DataFrame:
    """Return the table without a cell."""
    return table.filter((pl.col("seed") != seed) | (pl.col("tokens") != tokens))


def found(
    table: pl.DataFrame, columns: Columns = ONE, *, equivalent: float | None = None, mixed: bool = False
) -> Findings:
    """Return the findings on a table."""
    return findings(compared(table.lazy(), columns, equivalent=equivalent, mixed=mixed))


def named(name: str, findings_: Findings) -> Table:
    """Return the table of a name."""
    (table,) = [table for table in findings_.tables if table.name == name]
    return table


def test_question_and_answer() -> None:
    """The question is in the words of the table; the answer says which way, by which test, and why that one."""
    result = found(made())

    assert ("loss", "Does loss differ by tokens?") == (result.study, result.question)
    assert "loss differs by tokens: its means go from -0.223 at 1000 to 2.15 at 4000." == result.answer[0]
    assert result.answer[1].startswith("tokens, Greenhouse-Geisser: F(")
    assert "The design chose the test of tokens: sphericity is not assumed" in result.answer[2]


def test_several_factors() -> None:
    """Each factor within subjects has a verdict and its test, what else shows a sentence, each effect a row."""
    result = found(made(models="xy"), TWO)

    assert "Does loss differ by board, tokens and model?" == result.question
    assert ["tokens", "model"] == [sentence.partition(",")[0] for sentence in result.answer[1:4:2]]
    assert "Not shown to matter: " in " ".join(result.answer)
    assert [
        "board",
        "tokens",
        "board:tokens",
        "model",
        "board:model",
        "tokens:model",
        "board:tokens:model",
    ] == named("anova", result).frame["effect"].to_list()


def test_order_of_tables() -> None:
    """Means first, then the test of all levels, then along which line and which, then second thoughts."""
    assert NAMES == [table.name for table in found(made()).tables]


def test_levels_that_are_no_numbers_have_no_trend() -> None:
    """A table of nothing but reasons is left out."""
    assert "trend" not in {table.name for table in found(made("abc")).tables}


def test_means() -> None:
    """Each level has its mean, and an interval without what differs between subjects."""
    table = made()
    frame = named("means", found(table)).frame
    expected = table.group_by("tokens", maintain_order=True).agg(pl.col("loss").mean())["loss"].to_list()

    assert pytest.approx(expected) == frame["mean"].to_list()
    assert ["1000", "2000", "4000"] == frame["level"].to_list()


def test_who_is_dropped_is_named() -> None:
    """A caveat says how many of how many, who, and what each lacks."""
    (caveat,) = found(without(made(), "s3", "2000")).caveats

    assert "1 subject of 6 left out, since a cell is empty: s3 has no value at 2000." == caveat


def test_replicates_are_told() -> None:
    """Rows that were averaged buy no certainty, and the reader knows."""
    (caveat,) = found(pl.concat([made(), made()])).caveats

    assert "Up to 2 rows stand for a cell of one subject, which is their mean." == caveat


def test_too_few_subjects_for_mauchly() -> None:
    """Six seeds at eight levels: the ceiling of epsilon is 5 / 7."""
    (caveat,) = found(made(range(8))).caveats

    assert "6 subjects for 8 levels of tokens: Mauchly's test does not exist" in caveat
    assert "cannot exceed 0.714" in caveat


def test_nothing_to_know() -> None:
    """Complete data of subjects enough have no caveat."""
    assert () == found(made()).caveats


def test_too_many_pairs_to_read() -> None:
    """Ten levels have 45 pairs, which are shown; eleven have 55, which JSON has."""
    ten, eleven = (found(made(range(levels))) for levels in (10, 11))

    assert MOST_PAIRS == named("pairwise", ten).frame.height
    assert "pairwise" not in [table.name for table in eleven.tables]
    assert "The 55 pairs of tokens are too many to read here; --format json has all." in eleven.caveats


def test_differences_have_one_direction() -> None:
    """Whether of a t test or of equivalence, the later level comes first in every table of a report."""
    result = found(made(), equivalent=0.5)
    pairs, equivalences = (named(name, result).frame for name in ("pairwise", "equivalence"))

    assert pairs["pair"].to_list() == equivalences["pair"].to_list()
    assert pytest.approx(pairs["difference"].to_list()) == equivalences["difference"].to_list()


def test_a_mixed_model_uses_every_value() -> None:
    """A subject that lacks a cell counts in it, and in its note."""
    table = named("mixed", found(without(made(), "s3", "2000"), mixed=True))

    assert [6, 5, 6] == table.frame["n"].to_list()
    assert "Random intercept for each of 6 subjects, all 17 cells" in table.note


def test_no_table_that_was_not_asked_for() -> None:
    """Equivalence and the mixed model are asked for."""
    assert set() == {"mixed", "equivalence"} & {table.name for table in found(made()).tables}


def test_one_subject_alone_is_refused() -> None:
    """A column that names one thing is not what is measured repeatedly."""
    with pytest.raises(AnalysisError, match="A comparison within subjects needs two or more"):
        compared(made(n=1).lazy(), ONE)


def test_a_mixed_model_of_several_factors_is_refused() -> None:
    """It knows one factor."""
    with pytest.raises(AnalysisError, match="fitted to one within factor alone"):
        compared(made(models="xy").lazy(), TWO, mixed=True)


def test_all_subjects_dropped() -> None:
    """Where nobody is complete, the answer is why, and every table is made."""
    table = made(n=2)
    result = found(without(without(table, "s0", "1000"), "s1", "2000"))

    assert (
        "Whether loss differs by tokens cannot be told.",
        "tokens: there is no test: no subject has a value at every level.",
    ) == result.answer
    assert NAMES == [table.name for table in result.tables]


def test_one_level() -> None:
    """One level is a table of one mean, and the reason why there is no test."""
    assert "tokens: there is no test: one level only." == found(made([1000])).answer[1]


def test_a_dropped_cell_of_two_factors_reads_as_one() -> None:
    """Two cells that are missing are told apart from one cell of two factors."""
    table = made(models="xy").filter((pl.col("seed") != "s3") | (pl.col("tokens") != "2000"))
    caveat = found(table, TWO).caveats[0]

    assert "s3 has no value at 2000, x, 2000, y." not in caveat


def test_an_interaction_that_shows_is_a_caveat() -> None:
    """What one factor does depends on the other: the means over the other hide it, and people are told."""
    table = made(models="xy").with_columns(
        loss=pl.when(pl.col("model") == "y").then(-pl.col("loss")).otherwise(pl.col("loss"))
    )
    result = found(table, TWO)

    assert [] != [caveat for caveat in result.caveats if "What model does depends on tokens" in caveat]


def test_a_subject_column_that_names_each_row_is_refused() -> None:
    """A run's own number is nothing that conditions share."""
    table = made().with_row_index("run").with_columns(seed=pl.col("run").cast(pl.String))

    with pytest.raises(AnalysisError, match="has a 'seed' of its own, so nothing is compared within one"):
        found(table)


def test_sizes_written_as_text_are_told() -> None:
    """1K and 2K are no numbers: they stand as they appear, without a trend."""
    result = found(made(["1K", "2K", "10K"]))

    assert [] != [caveat for caveat in result.caveats if "The levels of tokens are text ('1K', ...)" in caveat]
