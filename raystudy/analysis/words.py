"""Numbers and lists as people write them in sentences."""

import math
from collections.abc import Sequence


def number(value: float, *, digits: int = 3) -> str:
    """Return a number with so many significant digits, thousands parted: 1,230, 12.3, 0.00123, 1.23e-11."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.{digits - 1}e}")
    if not 1e-4 <= abs(rounded) < 1e9:
        return f"{value:.{digits - 1}e}"
    return f"{rounded:,.{max(0, digits - 1 - math.floor(math.log10(abs(rounded))))}f}"


def listing(words: Sequence[str], *, longest: int = 6) -> str:
    """Join words with commas and an `and`; leaves out the middle of a long list."""
    if len(words) > longest:
        return f"{', '.join(words[: longest - 2])}, ... and {words[-1]}"
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def counted(count: int, noun: str) -> str:
    """Return `1 trial`, `2 trials`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def p_value(p: float, log10_p: float) -> str:
    """Return `p = 0.012`; by its logarithm where p is too small for a float."""
    if log10_p < -300:
        return f"p < 1e{math.ceil(log10_p)}"
    return f"p = {p:.0e}" if p < 0.001 else f"p = {p:.2g}"


def in_unit(values_j: Sequence[float]) -> tuple[float, str]:
    """Return the divisor and the name of the unit in which these joules read best."""
    greatest = max(map(abs, values_j), default=0.0)
    return (1e6, "MJ") if greatest >= 2e6 else (1e3, "kJ") if greatest >= 2e3 else (1.0, "J")
