"""Power and the number of subjects, against G*Power's formula as R evaluates it."""

import pytest

from raystudy.stats.power import MOST, RequiredN, Signal, power_of, required_n, subjects_for


def planned(f: float, *, levels: int, correlation: float, epsilon: float = 1.0) -> Signal:
    """Return the signal of Cohen's f between levels whose values correlate over subjects (Cohen 1988, 8; G*Power)."""
    return Signal(noncentrality=f**2 * levels * epsilon / (1 - correlation), df_effect=(levels - 1) * epsilon)


@pytest.mark.parametrize(
    ("signal", "n", "power"),
    [
        (planned(0.25, levels=3, correlation=0.5), 12, 0.408570414491025),
        (planned(0.25, levels=3, correlation=0.5), 28, 0.812454611232873),
        (planned(0.1, levels=3, correlation=0.8, epsilon=0.75), 50, 0.584578722690536),
        (planned(0.4, levels=21, correlation=0.5, epsilon=0.25), 6, 0.573275875272969),
    ],
)
def test_power(signal: Signal, n: int, power: float) -> None:
    """The noncentral F with n f2 k epsilon / (1 - r), as R 4.2.2 gives it."""
    assert pytest.approx(power, abs=1e-8) == power_of(signal, n=n)


@pytest.mark.parametrize(
    ("signal", "power", "n"),
    [
        (planned(0.25, levels=3, correlation=0.5), 0.8, 28),
        (planned(0.1, levels=3, correlation=0.8, epsilon=0.75), 0.9, 106),
    ],
)
def test_required_number(signal: Signal, power: float, n: int) -> None:
    """A medium f of .25 in three levels takes 28 subjects; R finds the same two numbers."""
    assert n == subjects_for(signal, power=power)


def test_it_is_the_smallest_number() -> None:
    """One subject fewer misses the power."""
    signal = Signal(noncentrality=0.5, df_effect=2)
    n = subjects_for(signal, power=0.8)

    assert n is not None
    assert (True, True) == (power_of(signal, n=n - 1) < 0.8, power_of(signal, n=n) >= 0.8)


def test_an_f_that_was_seen() -> None:
    """F(2, 22) = 4 in 12 subjects is a noncentrality of 8, of which chance brought 2."""
    eight, six = (Signal(noncentrality=total / 12, df_effect=2) for total in (8, 6))
    expected = tuple(
        RequiredN(power=power, as_seen=subjects_for(eight, power=power), corrected=subjects_for(six, power=power))
        for power in (0.8, 0.9)
    )

    assert expected == required_n(4.0, df_effect=2, n=12)


def test_a_huge_effect_takes_two_subjects() -> None:
    """Nothing fails at F = 24,268."""
    assert {(2, 2)} == {(each.as_seen, each.corrected) for each in required_n(24_268.0, df_effect=2, n=50)}


def test_no_effect_takes_more_than_there_are() -> None:
    """Without what chance adds, F = .9 leaves no effect, and no number of subjects finds it."""
    assert [None, None] == [each.corrected for each in required_n(0.9, df_effect=2, n=50)]


def test_the_search_ends() -> None:
    """An effect that ten million subjects would not show has no required number."""
    faint = Signal(noncentrality=1 / MOST, df_effect=2)

    assert subjects_for(faint, power=0.8) is None
