"""How often 95 % intervals of generalised eta squared hold the true one: ours, and those of R's effectsize.

tables (subjects, levels) with a known effect ──▶ ges and its interval, both ways ──▶ share that holds, median width

True is effect / (effect + variance of the values about it), summed over the levels: what ges comes to with many
subjects. effectsize takes ges for the partial eta squared of an F of its own, uncorrected, and takes the
noncentralities of that: of Winer's drugs 0 to .7027, as R prints.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raystudy.stats.anova import FTest, anova
from raystudy.stats.design import one_way
from raystudy.stats.noncentral import noncentrality_at

Array = NDArray[np.float64]
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Truth:
    """A design whose effect is known."""

    n: int
    k: int
    ges: float
    subjects: float
    """Variance between subjects, of 1 in all."""
    walk: bool = False
    """Whether the rest is a random walk, else independent."""

    def covariance(self) -> Array:
        """Return that of the levels, with a mean variance of 1."""
        places = np.arange(1, self.k + 1)
        within = np.minimum.outer(places, places) / places.mean() if self.walk else np.eye(self.k)
        return np.asarray(self.subjects + (1 - self.subjects) * within)

    def means(self) -> Array:
        """Return evenly spaced levels whose effect has the share `ges`."""
        line = np.arange(self.k) - (self.k - 1) / 2
        return np.asarray(line * np.sqrt(self.ges / (1 - self.ges) * self.k / (line**2).sum()))


TRUTHS: Mapping[str, Truth] = {
    f"{each.n} x {each.k}, {'walks' if each.walk else 'independent'}, subjects {each.subjects:.0%}": each
    for each in (
        Truth(n=10, k=3, ges=0.1, subjects=0.5),
        Truth(n=10, k=3, ges=0.5, subjects=0.0),
        Truth(n=10, k=3, ges=0.5, subjects=0.9),
        Truth(n=50, k=3, ges=0.1, subjects=0.5),
        Truth(n=50, k=3, ges=0.8, subjects=0.9),
        Truth(n=20, k=5, ges=0.3, subjects=0.5),
        Truth(n=20, k=5, ges=0.3, subjects=0.5, walk=True),
        Truth(n=6, k=21, ges=0.3, subjects=0.5),
        Truth(n=6, k=21, ges=0.3, subjects=0.5, walk=True),
    )
}


def effectsize(test: FTest, df: tuple[int, int]) -> Bounds:
    """Return the interval of the F that has ges as its partial eta squared."""
    ges = test.sizes.ges.value
    assert ges is not None
    f = ges / (1 - ges) * df[1] / df[0]
    low, high = (noncentrality_at(below, f, df_effect=df[0], df_error=df[1]) for below in (0.975, 0.025))
    return low / (low + df[1]), high / (high + df[1])


def show_coverage(runs: int, seed: int = 2026) -> None:
    """Print the table."""
    print(f"\n95 % intervals of generalised eta squared, {runs:,} runs each.\n")
    print("| design | true | ours hold | below | above | median width | effectsize's hold | median width |")
    print("|---" * 8 + "|")
    for name, truth in TRUTHS.items():
        draw = np.random.default_rng((seed, truth.n, truth.k))
        values = draw.multivariate_normal(truth.means(), truth.covariance(), size=(runs, truth.n))
        tests = [found for each in values if (found := anova(one_way(each))[0].test) is not None]
        ours = np.array([(test.sizes.ges.low, test.sizes.ges.high) for test in tests])
        df = truth.k - 1, (truth.k - 1) * (truth.n - 1)
        theirs = np.array([effectsize(test, df) for test in tests])
        cells = [name, f"{truth.ges:g}", f"{_held(ours, truth.ges):.1%}", f"{(ours[:, 1] < truth.ges).mean():.1%}"]
        cells += [f"{(ours[:, 0] > truth.ges).mean():.1%}", f"{_width(ours):.3f}"]
        cells += [f"{_held(theirs, truth.ges):.1%}", f"{_width(theirs):.3f}"]
        print("| " + " | ".join(cells) + " |", flush=True)


def _held(bounds: Array, true: float) -> float:
    return float(((bounds[:, 0] <= true) & (true <= bounds[:, 1])).mean())


def _width(bounds: Array) -> float:
    return float(np.median(bounds[:, 1] - bounds[:, 0]))
