"""A segment ran on devices, by their identities."""

import pytest

from raystudy.record.segment import gpus_of


@pytest.mark.parametrize(
    ("device", "gpus"), [("cpu", set()), ("GPU-a", {"GPU-a"}), ("GPU-a+GPU-b", {"GPU-a", "GPU-b"})]
)
def test_the_device_of_a_trial_names_its_gpus(device: str, gpus: set[str]) -> None:
    """UUIDs joined by a plus sign are taken apart; the CPU is none."""
    assert gpus == gpus_of(device)
