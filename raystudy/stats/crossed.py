"""The mean of a table of seeds x examples, where seeds and examples are both a sample of those there could be.

    values (seeds, examples) ──mean squares──▶ spread of seeds, of examples, of the rest ──▶ mean, interval, p

All trials of a study answer the same held-out examples, so a difference between two of them holds luck of two kinds:
other seeds would give another one, and so would other examples. Seeds that agree tell nothing of the second, and a
binomial interval, which takes every answer for a new one, tells of neither (H. H. Clark, J. Verb. Learn. Verb. Behav.
12, 335 (1973)).
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from raystudy.stats.contrasts import ROUNDING
from raystudy.stats.design import Matrix
from raystudy.stats.intervals import sample_mean
from raystudy.stats.probability import ALPHA, t_quantile

LEAST_P = 1e-12
"""No smaller p should be told: nothing hangs on it, and no table of seeds x examples is as normal as that."""
_LEAST_LOG10_P = -15.0
"""Below it 1 - p is 1 in double precision."""
_NO_SEED = "no seed was run with all of them"
_NO_EXAMPLE = "no example that all were asked"
_ONE_EXAMPLE = "one example only"
CONSTANT = "constant: all values are equal"


@dataclass(frozen=True, kw_only=True, slots=True)
class Crossed:
    """A mean over seeds and examples with its 95 % interval, or the reason why it has none."""

    seeds: int
    """With one, the interval is that of the examples alone, and says nothing of other seeds."""
    examples: int
    estimate: float | None = None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    """Of a mean of zero, both sides; of equal values, which have no spread, by the signs of the examples."""
    sd_seeds: float | None = None
    """Standard deviation of what is a seed's own; 0 where seeds lie no further apart than the rest would put them."""
    sd_examples: float | None = None
    sd_rest: float | None = None
    reason: str | None = None

    @property
    def half_width(self) -> float | None:
        """How far the interval reaches to either side."""
        return None if self.high is None or self.low is None else (self.high - self.low) / 2


@dataclass(frozen=True, kw_only=True, slots=True)
class _Squares:
    """Mean squares of a table, each over the number of values: what it adds to the variance of the mean."""

    seeds: float
    examples: float
    rest: float
    df_seeds: int
    df_examples: int

    @property
    def variance(self) -> float:
        """The variance of the mean: the rest is in both mean squares, and counts once."""
        return max(self.seeds + self.examples - self.rest, self.examples)

    def half_width(self, share: float) -> float:
        """Return how far the interval that holds the mean with this probability reaches to either side."""
        over_examples = t_quantile(self.df_examples, share=share) ** 2
        squared = over_examples * self.examples
        if self.df_seeds:
            over_seeds = t_quantile(self.df_seeds, share=share) ** 2
            both = over_seeds * self.seeds + over_examples * max(self.examples - self.rest, 0.0)
            squared = max(squared, both)
        return math.sqrt(squared)


def crossed_mean(values: Matrix, *, alpha: float = ALPHA) -> Crossed:
    """
    Return the mean of a table (seeds, examples) with its interval of 1 - alpha; every seed has to hold every example.

    half-width² = t²(seeds - 1) MS_seeds / n + t²(examples - 1) (MS_examples - MS_rest) / n, with n values: each part
    with the quantile of its own degrees of freedom, which holds what it says whatever their ratio (S. K. Banerjee,
    Sankhyā 22, 357 (1960)); never less than the interval over examples alone.

    In drawn tables of 2, 3 and 5 seeds x 100, 300 and 1,000 examples, binary and continuous, with seeds and examples
    that add nothing to much, it holds the truth in 94 to 99.7 %. At their worst, others hold it in 34 % (Student's t
    over the means of seeds), 2 % (over those of examples), 4 % (a binomial interval of all answers), 91 % (the wider
    of the first two), and 85, 91 and 93 % with 2, 3 and 5 seeds (the variance by mean squares, with Satterthwaite's
    degrees of freedom). It is wide where seeds are few: t is 12.7 with 2 of them, 4.3 with 3, 2.8 with 5. All this is
    of examples that lie about their mean evenly: of skewed ones, as log-likelihoods are (squares of exponentials were
    drawn, with one seed and three), it holds the truth in 82 to 84 % with 24 examples, and in 91 to 92 % with 200.

    Values that are all equal have no spread to make an interval of. Their p is that of the sign test over examples,
    2 / 2^examples (W. J. Dixon & A. M. Mood, J. Am. Stat. Assoc. 41, 557 (1946)).
    """
    seeds, examples = values.shape
    found = Crossed(seeds=seeds, examples=examples)
    if not values.size:
        return replace(found, reason=_NO_EXAMPLE if seeds else _NO_SEED)
    estimate = sample_mean(values.reshape(-1))
    if examples < 2:
        return replace(found, estimate=estimate, reason=_ONE_EXAMPLE)
    if np.abs(values - values[0, 0]).max() <= ROUNDING * np.abs(values).max():
        return replace(found, estimate=estimate, p=_sign_test(estimate, examples), reason=CONSTANT)
    squares = _squares(values)
    half = squares.half_width(1 - alpha)
    return replace(
        _with_spread(found, squares),
        estimate=estimate,
        se=math.sqrt(squares.variance),
        low=estimate - half,
        high=estimate + half,
        p=_p(abs(estimate), squares),
    )


def _squares(values: Matrix) -> _Squares:
    """Return the mean squares; with one seed the examples' holds all there is."""
    seeds, examples = values.shape
    centred = values - values[0, 0]
    centred -= centred.mean()
    by_seed, by_example = centred.mean(axis=1), centred.mean(axis=0)
    df = (seeds - 1) * (examples - 1)
    left = centred - by_seed[:, None] - by_example
    return _Squares(
        seeds=float(by_seed.var(ddof=1)) / seeds if df else 0.0,
        examples=float(by_example.var(ddof=1)) / examples,
        rest=float((left**2).sum()) / df / values.size if df else 0.0,
        df_seeds=seeds - 1,
        df_examples=examples - 1,
    )


def _with_spread(found: Crossed, squares: _Squares) -> Crossed:
    """Add the standard deviations of the three parts, which one seed cannot tell apart."""
    if not squares.df_seeds:
        return found
    own = (found.seeds * (squares.seeds - squares.rest), found.examples * (squares.examples - squares.rest))
    of_seeds, of_examples = (math.sqrt(max(each, 0.0)) for each in own)
    rest = math.sqrt(squares.rest * found.seeds * found.examples)
    return replace(found, sd_seeds=of_seeds, sd_examples=of_examples, sd_rest=rest)


def _sign_test(estimate: float, examples: int) -> float | None:
    """Return the p of so many examples on one side of zero; none where they lie on it."""
    return float(max(2.0 ** (1 - examples), 10**_LEAST_LOG10_P)) if estimate else None


def _p(size: float, squares: _Squares) -> float:
    """Return the p at which the interval would end at zero, by bisection of its logarithm."""
    low, high = _LEAST_LOG10_P, 0.0
    for _ in range(50):
        middle = (low + high) / 2
        reaches = squares.half_width(1 - 10**middle) >= size
        low, high = (middle, high) if reaches else (low, middle)
    return float(10**high)
