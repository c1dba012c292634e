"""The interval of a share that was counted."""

import pytest

from raystudy.stats.proportion import wilson


def test_published() -> None:
    """81 of 263: .255 to .366 (R. G. Newcombe, Stat. Med. 17, 857 (1998), table I, method 3)."""
    assert pytest.approx((0.2553, 0.3662), abs=5e-5) == wilson(81, 263)


def test_none_of_a_few() -> None:
    """0 of 20 is 0 to .1611 (ibid.): a share of zero is not known exactly."""
    assert pytest.approx((0.0, 0.1611), abs=5e-5) == wilson(0, 20)


def test_never_beyond_what_a_share_can_be() -> None:
    """All of 29 ends at 1, not above it."""
    low, high = wilson(29, 29)

    assert (True, 1.0) == (0.88 < low < 0.89, high)
