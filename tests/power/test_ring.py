"""Readings are kept bounded, and cut with a good one on either side."""

import dataclasses

import pytest

from raystudy.power.ring import FAILED_IN_A_ROW, Ring
from raystudy.record.trace import NS_PER_S, Reading


def reading(at_s: float, *, error: str | None = None) -> Reading:
    """Return a reading of ten times its time, or a failed one."""
    value = None if error else 10 * at_s
    return Reading(t_mono_ns=round(at_s * NS_PER_S), half_width_s=0.0, late_s=None, value=value, error=error)


def ring(*readings: Reading, keep: int = 100) -> Ring:
    """Return a ring of some readings."""
    filled = Ring(keep=keep)
    for one in readings:
        filled.append(one)
    return filled


def times_s(cut: tuple[Reading, ...]) -> list[float]:
    """Return when the readings of a cut were made."""
    return [one.at_s for one in cut]


def test_what_goes_in_comes_out() -> None:
    """Values, errors and times survive the compact form."""
    readings = (reading(1.0), reading(2.0, error="gone"), reading(3.0))

    assert readings == ring(*readings).readings()


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected_s"),
    [(3.5, 3.7, [2, 3, 4, 5]), (3.0, 4.0, [2, 3, 4, 5]), (0.5, 1.5, [1, 2, 3]), (5.5, 7.0, [4, 5])],
    ids=["between", "on readings", "begins too early", "ends too late"],
)
def test_a_cut_keeps_two_readings_on_either_side(start_s: float, end_s: float, expected_s: list[float]) -> None:
    """The inner one brackets the span, the outer one tells whether the inner one is a glitch."""
    cut = ring(*(reading(at_s) for at_s in (1.0, 2.0, 3.0, 4.0, 5.0))).cut(start_s, end_s)

    assert expected_s == times_s(cut)


def test_a_cut_looks_past_failed_readings() -> None:
    """A failed reading brackets nothing: the good ones beyond are taken too."""
    cut = ring(reading(1.0), reading(2.0, error="x"), reading(3.0), reading(4.0, error="x"), reading(5.0)).cut(2.5, 2.9)

    assert [1.0, 2.0, 3.0, 4.0, 5.0] == times_s(cut)


def test_a_reading_without_value_is_never_a_zero() -> None:
    """A meter that gives neither value nor reason still gave no value."""
    (kept,) = ring(Reading(t_mono_ns=1, half_width_s=0.0, value=None)).readings()

    assert (None, "no value") == (kept.value, kept.error)


def test_an_empty_ring_cuts_to_nothing() -> None:
    """Before the first reading there is nothing to give."""
    assert () == Ring().cut(0.0, 1.0)


def test_lateness_is_kept_and_null_where_nothing_was_planned() -> None:
    """A reading out of turn has no lateness; 0 would say that it was on time."""
    planned = dataclasses.replace(reading(1.0), late_s=0.25)

    assert [0.25, None] == [one.late_s for one in ring(planned, reading(2.0)).readings()]


def test_memory_is_bounded() -> None:
    """The oldest readings go."""
    full = ring(*(reading(float(at_s)) for at_s in range(1_000)), keep=100)

    assert 100 <= len(full.readings()) <= 110
    assert full.readings()[-1].at_s == 999.0


def test_memory_is_bounded_however_many_errors_differ() -> None:
    """A thousand different messages are kept; all others share one."""
    many = ring(*(reading(float(at_s), error=f"error {at_s}") for at_s in range(1_200)), keep=2_000).readings()

    assert ["error 998", "another error", "another error"] == [many[998].error, many[999].error, many[1_199].error]


def test_a_span_is_settled_by_a_good_reading_after_it() -> None:
    """A reading at the end settles a span; a failed one does not, for the next may be good."""
    now = ring(reading(1.0), reading(2.0), reading(3.0, error="x"))

    assert [True, False] == [now.settled(2.0), now.settled(2.5)]


def test_a_channel_that_always_fails_is_given_up() -> None:
    """Nobody waits for a channel whose last ten readings failed."""
    dead = ring(*(reading(float(at_s), error="gone") for at_s in range(FAILED_IN_A_ROW)))

    assert dead.settled(1_000.0)
