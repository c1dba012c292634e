"""Power over one trial: nothing is drawn where the trial did not run."""

import pytest

from raystudy.analysis.power_figure import power_figure
from raystudy.record.trace import joined
from tests.analysis.made import trials
from tests.observations import segment, trace


def test_the_line_breaks_between_segments() -> None:
    """A later segment starts after a gap: a point without watts stands there, and no slope reaches over it."""
    before, after = trace("energy_j"), trace("energy_j", *[900.0 + 5 * i for i in range(50)], start_s=200.0)
    parts = (segment(), segment(start_s=199.0, end_s=210.0))
    changes = {"segments": parts, "traces": joined([before], [after])}
    (figure,) = power_figure(trials(lambda _: changes))
    watts = figure.readings["power_w"]

    assert 1 == watts.null_count()
    assert [pytest.approx(50.0)] * watts.count() == watts.drop_nulls().to_list()
