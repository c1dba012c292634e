"""The value of a counter never runs backwards."""

from raystudy.power.counter import Counter


def test_a_counter_that_goes_round_adds_its_modulus() -> None:
    """After 9, a reading of 1 of a counter modulo 10 is 11."""
    counter = Counter(10)

    assert [9, 11] == [counter.unwrapped(9), counter.unwrapped(1)]


def test_a_thousand_laps_are_exact() -> None:
    """What is unwrapped is what was counted, however often the counter went round."""
    counter, truth = Counter(262_143_328_851), range(0, 262_143_328_851 * 1_000, 100_000_000_003)
    seen = [counter.unwrapped(value % 262_143_328_851) for value in truth]

    assert list(truth) == seen


def test_a_counter_that_stands_still_makes_no_lap() -> None:
    """Two equal readings are no lap."""
    counter = Counter(10)

    assert [7, 7] == [counter.unwrapped(7), counter.unwrapped(7)]
