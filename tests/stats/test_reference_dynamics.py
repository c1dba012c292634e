"""Published telemetry of arXiv 2606.13370 from its raw losses, which lie where RAYSTUDY_REFERENCE says."""

import os
from pathlib import Path

import polars as pl
import pytest

from raystudy.stats.cells import design
from raystudy.stats.design import Design
from raystudy.stats.stability import sensitivity
from raystudy.stats.telemetry import Telemetry, telemetry

FOLDER = os.environ.get("RAYSTUDY_REFERENCE")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="RAYSTUDY_REFERENCE names no folder with the reference data")

MEANS = [
    *(8.3552, 3.6949, 3.0680, 2.9080, 2.7996, 2.8077, 2.8924, 2.8972, 3.0553, 3.2296, 3.2597),
    *(3.4278, 3.5284, 3.5355, 3.6745, 3.7822, 3.7636, 3.8281, 3.9025, 3.8702, 3.9010),
]
"""Mean validation loss, published, at 0, 1, ... 20 million tokens."""


def losses() -> Design:
    """Return the losses as seeds x intervals."""
    assert FOLDER is not None
    wide = pl.read_csv(Path(FOLDER) / "p2" / "p2_val_loss.csv")
    table = wide.unpivot(index="seed", variable_name="interval", value_name="loss")
    return design(table, subject="seed", within=["interval"], value="loss")


def published() -> Telemetry:
    """Return the telemetry by the published rule."""
    return telemetry(losses())


def test_means() -> None:
    """All 21 published means, to their last digit."""
    assert pytest.approx(MEANS, abs=5e-5) == [each.mean for each in published().intervals]


def test_no_spike_and_nothing_stable() -> None:
    """Both rates are 0 at every interval: the first by arithmetic, the second by its own quarter."""
    assert {(0.0, 0.0)} == {(each.spike_rate, each.stable_share) for each in published().intervals}


def test_three_spikes_by_the_differences_before() -> None:
    """Seed 202 at 8, 303 at 9, 606 at 8; independent noise would give eleven."""
    found = published()

    assert {"202": ("8",), "303": ("9",), "606": ("8",)} == {
        each.seed: each.spikes_lagged for each in found.seeds if each.spikes_lagged
    }
    assert pytest.approx(10.9, abs=0.05) == found.lagged_by_chance


def test_backslides() -> None:
    """None of 24 differences up to 4 million tokens, 76 of 96 after."""
    rises = [each.backslides for each in published().intervals]

    assert (0, 76) == (sum(rises[:5]), sum(rises[5:]))


def test_best_intervals() -> None:
    """Seeds turn at four or five million tokens."""
    assert ["5", "4", "5", "4", "4", "5"] == [each.best_interval for each in published().seeds]


def test_early_volatility_is_the_first_drop() -> None:
    """While the drop from 8.36 to 3.69 is in the window volatility is 2 to 2.9 nats, without it 0.3."""
    early = published().intervals[3:6]

    assert pytest.approx([2.4745, 2.1934, 1.9997], abs=5e-5) == [each.rolling_volatility for each in early]
    assert pytest.approx([0.3302, 0.2859, 0.2795], abs=5e-5) == [each.volatility_without_first for each in early]


def test_it_never_settles() -> None:
    """No seed has two intervals running within 0.05 nats of an even pace, whatever backslides are allowed."""
    assert {0.0} == {each.share for each in sensitivity(losses()) if each.threshold <= 0.05}
