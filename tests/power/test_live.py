"""Watts for a display, from samples or from the slope of a counter."""

import pytest

from raystudy.power.live import latest_w
from raystudy.power.ring import Ring
from raystudy.record.trace import NS_PER_S, Channel, Quantity, Reading

Readings = list[tuple[float, float | None]]


def rings(
    quantity: Quantity, readings: Readings, *, device: str = "d", wraps_at_j: float | None = None
) -> dict[Channel, Ring]:
    """Return the ring of one channel with some readings; null is a failed one."""
    channel = Channel(
        name=f"fake/{device}/{quantity}",
        quantity=quantity,
        scope="gpu",
        device=device,
        wraps_at_j=wraps_at_j,
        max_w=1_000,
    )
    ring = Ring()
    for at_s, value in readings:
        error = None if value is not None else "gone"
        ring.append(Reading(t_mono_ns=round(at_s * NS_PER_S), half_width_s=0.0, value=value, error=error))
    return {channel: ring}


def test_watts_come_from_the_power_channel() -> None:
    """Where a device has both, its power channel is shown."""
    both = rings("energy_j", [(0.0, 0.0), (1.0, 50.0)]) | rings("power_w", [(0.0, 90.0), (1.0, 100.0)])

    assert {"d": 100.0} == latest_w(both)


def test_watts_of_a_counter_are_its_slope() -> None:
    """A counter alone shows its mean over the last half second or more."""
    assert {"d": 60.0} == latest_w(rings("energy_j", [(0.0, 0.0), (1.0, 10.0), (1.25, 25.0), (1.75, 55.0)]))


def test_watts_of_a_counter_that_wrapped_are_plausible() -> None:
    """From 262,134 J over the range of 262,144 J to 10 J in a second are 20 W."""
    assert {"d": 20.0} == latest_w(rings("energy_j", [(0.0, 262_134.0), (1.0, 10.0)], wraps_at_j=262_144))


@pytest.mark.parametrize(
    ("quantity", "readings"),
    [
        ("power_w", []),
        ("power_w", [(0.0, 90.0), (1.0, None)]),
        ("energy_j", []),
        ("energy_j", [(0.0, 1.0)]),
        ("energy_j", [(0.0, 1.0), (0.3, 2.0)]),
        ("energy_j", [(0.0, 1.0), (1.0, None)]),
    ],
)
def test_watts_that_cannot_be_told_are_null(quantity: Quantity, readings: Readings) -> None:
    """Before the first readings, and after a failed one, there are no watts: null, never 0."""
    assert {"d": None} == latest_w(rings(quantity, readings))
