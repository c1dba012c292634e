"""Numbers and lists as people write them in sentences."""

import math
from collections.abc import Sequence

from raystudy.stats.reason import Reason


def number(value: float, *, digits: int = 3) -> str:
    """Return a number with so many significant digits, or all before the point: 1,234, 12.3, 0.00123, 1.23e-11."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if not 1e-4 <= abs(value) < 1e15:
        return _scientific(value, digits=digits)
    return f"{value:,.{decimals(value, digits=digits)}f}"


def decimals(value: float, *, digits: int) -> int:
    """Return how many decimals a number needs to have so many significant digits."""
    return max(0, digits - 1 - int(f"{value:.{digits - 1}e}".partition("e")[2]))


def listing(words: Sequence[str], *, longest: int = 6) -> str:
    """Join words with commas and an `and`; leaves out the middle of a long list."""
    if len(words) > longest:
        return f"{', '.join(words[: longest - 2])}, ... and {words[-1]}"
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def counted(count: int, noun: str) -> str:
    """Return `1 trial`, `2 trials`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def p_value(p: float) -> str:
    """Return `0.031`, `1.2e-13`, or `< 1e-308` where p is too small for a float."""
    if p == 0:
        return "< 1e-308"
    return f"{p:.3f}" if p >= 0.001 else _scientific(p, digits=2)


def equals(p: float) -> str:
    """Return `p = 0.031`, or `p < 1e-308`."""
    value = p_value(p)
    return f"p {value}" if value.startswith("<") else f"p = {value}"


def because(reason: Reason | None) -> str | None:
    """Return why a statistic is missing, in the words of a study, whose subjects are its blocks."""
    return None if reason is None else reason.replace("subject", "block")


def in_unit(values_j: Sequence[float]) -> tuple[float, str]:
    """Return the divisor and the name of the unit in which these joules read best."""
    greatest = max(map(abs, values_j), default=0.0)
    return (1e6, "MJ") if greatest >= 2e6 else (1e3, "kJ") if greatest >= 2e3 else (1.0, "J")


def _scientific(value: float, *, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"
