"""How often bands of a mean trajectory hold all of it, and how often a rise is found where there is none.

    .venv/bin/python benchmarks/trajectory_bands.py        half an hour on one core

drawn studies (seeds, intervals) whose mean is known ──▶ intervals, bands, rises of each ──▶ share that holds, or errs

Beside our band: the pointwise intervals all at once; the quantile of the greatest |t| over all flips of the seeds'
signs; that of drawn studies with the sample's whole correlation; Bonferroni's t. The means fall for six intervals and
are flat for fifteen, where choosing the lowest goes wrong most. Each is studentised, so a spread that grows along the
trajectory changes nothing. The last columns are the share of studies with a rise found: by a plain t, on both sides, of
the differences that other seeds chose; by ours; and in some increment.
"""

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from raystudy.stats.bands import simultaneous_quantile
from raystudy.stats.design import one_way
from raystudy.stats.probability import t_quantile
from raystudy.stats.turning import turning

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Array]

RUNS, SEED, DRAWS = 500, 2026, 999
SIZES = ((3, 21), (6, 21), (10, 21), (30, 21), (6, 7))
FLIPS_UP_TO = 10


def autoregressive(rho: float) -> Draw:
    """Return stationary errors, each that part of its neighbour's, and new noise."""

    def draw(random: np.random.Generator, shape: tuple[int, int]) -> Array:
        values = random.normal(size=shape)
        for column in range(1, shape[1]):
            values[:, column] = rho * values[:, column - 1] + math.sqrt(1 - rho**2) * values[:, column]
        return values

    return draw


def walk(random: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return errors that add up, so they grow."""
    return np.asarray(random.normal(size=shape).cumsum(axis=1))


def cubic(random: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return seeds that differ by a smooth curve and a little noise, so that far ends correlate in any way."""
    line = np.linspace(-1, 1, shape[1])
    return np.asarray(
        random.normal(size=(shape[0], 4)) @ line ** np.arange(4)[:, None] + 0.05 * random.normal(size=shape)
    )


MODELS: Mapping[str, Draw] = {
    "independent": autoregressive(0.0),
    "AR .5": autoregressive(0.5),
    "AR .9": autoregressive(0.9),
    "walk": walk,
    "cubic": cubic,
}


def flips(values: Array) -> float:
    """Return the 95 % quantile of the greatest |t| over all flips of residuals."""
    n = len(values)
    signs = np.where(np.arange(2 ** (n - 1))[:, None] >> np.arange(n) & 1, -1.0, 1.0)
    rest = values - values.mean(axis=0)
    means = signs @ rest / n
    variance = ((rest**2).sum(axis=0) - n * means**2) / (n - 1)
    greatest = (np.abs(means) / np.sqrt(np.maximum(variance, 1e-12) / n)).max(axis=1)
    return float(np.quantile(greatest, 0.95, method="higher"))


def whole_correlation(values: Array) -> float:
    """Return that of drawn studies whose intervals correlate as the sample's do, pair by pair."""
    n = len(values)
    drawn = np.random.default_rng(0).normal(size=(DRAWS, n, n)) @ ((values - values.mean(axis=0)) / values.std(axis=0))
    t = drawn.mean(axis=1) / (drawn.std(axis=1, ddof=1) / math.sqrt(n))
    return float(np.quantile(np.abs(t).max(axis=1), 0.95))


def curve(k: int) -> Array:
    """Return a mean that falls steeply for less than a third of the intervals, and stays."""
    falling = k * 2 // 7
    return np.concatenate([np.linspace(150, 0, falling), np.zeros(k - falling)])


def one(values: Array, mean: Array) -> dict[str, float]:
    """Return whether each band of one study holds, whether each rise is found, and our band's width."""
    n, k = values.shape
    greatest = float((np.abs(values.mean(axis=0) - mean) / (values.std(axis=0, ddof=1) / math.sqrt(n))).max())
    ours, found = simultaneous_quantile(values), turning(one_way(values))
    chosen = [int(label) for label in found.chosen]
    differences = values[:, -1] - values[np.arange(n), chosen]
    error = differences.std(ddof=1) / math.sqrt(n)
    row: dict[str, float] = {"pointwise": greatest <= t_quantile(n - 1)}
    if n <= FLIPS_UP_TO:
        row["sign flips"] = greatest <= flips(values)
    return row | {
        "whole correlation": greatest <= whole_correlation(values),
        "Bonferroni": greatest <= t_quantile(n - 1, share=1 - 0.05 / k),
        "our band": greatest <= ours,
        "width, of Bonferroni's": ours / t_quantile(n - 1, share=1 - 0.05 / k),
        "rise, plain t": error > 0 and abs(differences.mean()) / error > t_quantile(n - 1),
        "rise": found.rise.p is not None and found.rise.p < 0.05,
        "first rise": found.first_rise is not None,
    }


def simulated(n: int, k: int, model: str, runs: int) -> dict[str, float]:
    """Return the means over studies."""
    random = np.random.default_rng((SEED, n, k, list(MODELS).index(model)))
    mean = curve(k)
    rows = [one(mean + MODELS[model](random, (n, k)), mean) for _ in range(runs)]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def lines() -> Iterator[str]:
    """Yield the table, line by line."""
    columns = ["pointwise", "sign flips", "whole correlation", "Bonferroni", "our band", "width, of Bonferroni's"]
    columns += ["rise, plain t", "rise", "first rise"]
    yield "| seeds x intervals, errors | " + " | ".join(columns) + " |\n" + "|---" * (len(columns) + 1) + "|"
    for n, k in SIZES:
        for model in MODELS:
            found = simulated(n, k, model, RUNS)
            told = (f"{found[name]:.3f}" if name in found else "-" for name in columns)
            yield f"| {n} x {k}, {model} | " + " | ".join(told) + " |"


def main() -> None:
    """Print the table."""
    print(f"{RUNS:,} studies each: share whose 95 % bands hold every interval; share in which a rise is found.\n")
    for line in lines():
        print(line, flush=True)


if __name__ == "__main__":
    main()
