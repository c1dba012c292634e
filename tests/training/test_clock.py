"""Spans follow each other without a gap, and a machine that slept is noticed."""

from itertools import pairwise

import torch

from raystudy.record.outcome import Span
from raystudy.training.clock import Clock, machine_asleep_s

CPU = torch.device("cpu")


def test_sleep_is_told_once() -> None:
    """The clock of the boot ran ahead of the monotonic one by an hour; what looking itself takes is 0."""
    asleep_s = iter([5.0, 5.0001, 3605.0, 3605.0])
    clock = Clock(CPU, asleep_s=lambda: next(asleep_s))

    assert [0.0, 3599.9999, 0.0] == [clock.slept_s() for _ in range(3)]


def test_a_machine_that_does_not_tell_says_null() -> None:
    """Where no clock runs on in sleep, it is not known whether there was any."""
    assert Clock(CPU, asleep_s=lambda: None).slept_s() is None


def test_this_machine_has_not_slept_just_now() -> None:
    """Both clocks of a running machine keep step."""
    first, second = machine_asleep_s(), machine_asleep_s()

    assert first is None or second is None or abs(second - first) < 0.1


def test_earlier_spans_come_first() -> None:
    """A training that goes on has the spans of its first part before its own."""
    before = Span(name="train", start_s=1.0, end_s=2.0)
    clock = Clock(CPU, before=[before])
    switched_s = clock.switch("eval")
    ended_s = clock.switch("save")
    spans = clock.spans

    assert before == spans[0]
    assert ["load", "eval"] == [span.name for span in spans[1:]]
    assert [switched_s, ended_s] == [span.end_s for span in spans[1:]]
    assert all(one.end_s == other.start_s for one, other in pairwise(spans[1:]))
