"""Laws of accuracies under a budget of tokens: N examples of mean length L, V = N x L, and M parameters.

arXiv 2505.06150, its exponents apart, and its form that cannot go above E. Without M, the laws of one model.
"""

import numpy as np

from raystudy.stats.powerlaw.model import Columns, Exponent, Model, Scale, falling, logs, power_terms

_SIGNED_GRID = (-1.2, -0.8, -0.5, -0.3, -0.15, -0.05, 0.05, 0.15, 0.3, 0.5, 0.8)
_FALLING_GRID = (0.03, 0.08, 0.15, 0.25, 0.4, 0.6, 0.9, 1.3)


def volume(x: Columns) -> Model:
    """Return A V^beta M^gamma + E."""
    return _free(("beta", "gamma"), _volume_logs(x))


def split(x: Columns) -> Model:
    """Return A N^beta_examples L^beta_length M^gamma + E."""
    return _free(("beta_examples", "beta_length", "gamma"), logs(x, *(name for name in ("N", "L", "M") if name in x)))


def saturating(x: Columns) -> Model:
    """Return E - A V^-beta M^-gamma with constants that are not negative, so that E bounds it."""
    drivers = _volume_logs(x)
    return Model(
        exponents=tuple(falling(name, _FALLING_GRID, low=0.0) for name in ("beta", "gamma")[: len(drivers)]),
        amplitudes=("A",),
        log_terms=power_terms([[-column for column in drivers.values()]]),
        scale=Scale.RAW,
        signs=(-1.0,),
        drivers=drivers,
    )


def _free(names: tuple[str, ...], drivers: Columns) -> Model:
    """Return A x the product of powers + E, with exponents of either sign; the last name goes unused without M."""
    exponents = (Exponent(name=name, low=-3.0, high=3.0, grid=_SIGNED_GRID) for name in names[: len(drivers)])
    return Model(
        exponents=tuple(exponents),
        amplitudes=("A",),
        log_terms=power_terms([list(drivers.values())]),
        scale=Scale.RAW,
        drivers=drivers,
    )


def _volume_logs(x: Columns) -> Columns:
    """Return ln V, where V is given or N x L, and ln M if there is one."""
    volume = logs(x, "V")["V"] if "V" in x else np.log(x["N"]) + np.log(x["L"])
    return {"V": volume} | (logs(x, "M") if "M" in x else {})
