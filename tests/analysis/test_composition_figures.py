"""The figures of composition: one line a sampler, and their contrasts."""

import polars as pl
import pytest

from raystudy.analysis.composition_figures import figures
from raystudy.analysis.compositions import compositions_of
from raystudy.analysis.findings import Bands, Differences, Figure
from raystudy.analysis.trials import trials_of
from raystudy.report.charts import chart_svgs
from tests.composed import composed, composed_table


def drawn(effect: float = 0.0, **study: str) -> dict[str, Figure]:
    """Return the figures of a made-up study by name."""
    made = composed(**study)
    found = compositions_of(trials_of(made, composed_table(made, effect=effect, items=50)))
    return {figure.name: figure for figure in figures(found)}


def test_each_arm_has_a_figure_of_each_outcome() -> None:
    """Two models: two of the accuracy, two of the log-likelihood, then the contrasts."""
    names = list(drawn())

    assert ["accuracy-1", "accuracy-2", "loglik-1", "loglik-2"] == names[:4]
    assert ["samplers-accuracy", "samplers-log-likelihood"] == names[4:6]


def test_lines_meet_where_all_is_taken() -> None:
    """At 100,000 tokens every sampler has the same mean, and there alone."""
    figure = drawn()["accuracy-1"]
    assert isinstance(figure, Bands)
    different = figure.mean.group_by("x").agg(pl.col("y").n_unique())

    assert {25_000.0: 3, 50_000.0: 3, 100_000.0: 1} == dict(different.iter_rows())


def test_one_budget_has_no_line() -> None:
    """A single point makes no line; the contrasts are drawn all the same."""
    assert ["samplers-accuracy", "samplers-log-likelihood", "power"] == list(drawn(fractions="[0.25]"))


def test_contrasts_are_in_points() -> None:
    """A sampler that is far better has an interval above zero, in points and not in shares."""
    figure = drawn(effect=3.0)["samplers-accuracy"]
    assert isinstance(figure, Differences)
    first = figure.pairs.row(0, named=True)

    assert "few_long − many_short" == first["pair"]
    assert first["low"] > 1.0


@pytest.mark.parametrize("name", ["accuracy-1", "samplers-accuracy"])
def test_figures_can_be_drawn(name: str) -> None:
    """A picture comes out, with the samplers' names in it."""
    (picture,) = chart_svgs([drawn()[name]]).values()

    assert "few_long" in picture
