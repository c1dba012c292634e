"""How well a device was read."""

import dataclasses

import pytest

from raystudy.record.curve import Curve
from raystudy.record.quality import ErrorCount, Gap, Quality, quality_of
from raystudy.record.trace import Trace
from tests.record.traces import every, steady, trace


def quality(*traces: Trace) -> Quality:
    """Return the quality over the seconds 0 to 10."""
    return quality_of([Curve(each) for each in traces], [(0, 10)])


def test_a_gap_is_listed_and_not_covered() -> None:
    """From 2 s to 5 s nothing was read: seven tenths are covered."""
    found = quality(trace(steady(1), [*every(0.1, -1, 2), *every(0.1, 5, 11)]))

    assert (Gap(start_s=2.0, end_s=5.0),) == found.gaps
    assert pytest.approx(0.7) == found.coverage


def test_what_lies_before_the_first_reading_and_after_the_last_is_not_covered() -> None:
    """A sampler that came late and went early leaves a gap at either end."""
    found = quality(trace(steady(1), every(0.1, 1, 8)))

    assert (0.7, 2) == (pytest.approx(found.coverage), len(found.gaps))


def test_failed_reads_are_counted_by_code_over_all_channels() -> None:
    """Errors of the counter and of the samples are told together."""
    times_s = every(0.1, -1, 11)
    found = quality(trace(steady(1), times_s, failed={30, 31}), trace(steady(1), times_s, failed={40}))

    assert ((ErrorCount(code="EIO", n=3),), 3) == (found.errors, found.n_errors)


def test_lateness_is_told_by_its_median_and_its_worst_hundredth() -> None:
    """A hundred reads, one of them 50 ms late."""
    on_time = trace(steady(1), every(0.1, 0.05, 9.95))
    late = [dataclasses.replace(r, late_s=0.05 if i == 42 else 0.001) for i, r in enumerate(on_time.readings)]
    found = quality(dataclasses.replace(on_time, readings=tuple(late)))

    assert (0.001, 0.05) == (found.late_p50_s, found.late_p99_s)


def test_nothing_read_is_null() -> None:
    """Neither rate nor lateness nor coverage can be told."""
    found = quality(trace(steady(1), []))

    assert (None, None, None, None) == (found.coverage, found.rate_hz, found.late_p50_s, found.late_p99_s)
