"""The interval of a share that was counted: so many of n."""

import math
from statistics import NormalDist

from raystudy.stats.probability import ALPHA


def wilson(successes: int, n: int) -> tuple[float, float]:
    """
    Return the 95 % interval of a binomial share (E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927)).

    Unlike share ± 1.96 se it stays within 0 and 1, and holds what it says at shares near them too.
    """
    z = NormalDist().inv_cdf(1 - ALPHA / 2)
    share, widened = successes / n, 1 + z**2 / n
    middle = (share + z**2 / (2 * n)) / widened
    half = z / widened * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)
