"""Laws of losses in the size of models and of data, every token seen once: N parameters, D tokens.

arXiv 2203.15556 (the sum), arXiv 2402.17193 (the product, of fine-tuning), arXiv 2402.02314 (rectified)
"""

import numpy as np

from raystudy.stats.powerlaw.model import Columns, Exponent, Model, Scale, Vector, falling, logs, power_terms

_GRID = tuple(np.geomspace(0.05, 1.6, 13))


def chinchilla(x: Columns) -> Model:
    """Return E + A / N^alpha + B / D^beta; without N, the law of one model."""
    if "N" not in x:
        return Model(
            exponents=(falling("beta", _GRID),),
            amplitudes=("B",),
            log_terms=power_terms([[-np.log(x["D"])]]),
            scale=Scale.LOG,
            drivers=logs(x, "D"),
        )
    return Model(
        exponents=(falling("alpha", _GRID), falling("beta", _GRID)),
        amplitudes=("A", "B"),
        log_terms=power_terms([[-np.log(x["N"]), None], [None, -np.log(x["D"])]]),
        scale=Scale.LOG,
        drivers=logs(x, "N", "D"),
    )


def fine_tuning(x: Columns) -> Model:
    """Return E + A / (N^alpha D^beta)."""
    return Model(
        exponents=(falling("alpha", _GRID), falling("beta", _GRID)),
        amplitudes=("A",),
        log_terms=power_terms([[-np.log(x["N"]), -np.log(x["D"])]]),
        scale=Scale.LOG,
        drivers=logs(x, "N", "D"),
    )


def rectified(x: Columns) -> Model:
    """
    Return E + B / (D_l + D^beta).

    Searched are the exponent and ln D0, where D_l = D0^beta: D0 is a number of tokens, which the data bound.
    """
    log_d = np.log(x["D"])
    low, high = float(log_d.min()) - 12.0, float(log_d.max()) + 4.0
    grid = tuple(np.linspace(log_d.min() - 3.0, log_d.max(), 7))

    def log_terms(exponents: Vector) -> tuple[Vector, Vector]:
        beta, log_d0 = exponents[:, :1], exponents[:, 1:]
        share = 1 / (1 + np.exp(np.clip(-beta * (log_d - log_d0), -700, 700)))  # of D^beta in D0^beta + D^beta
        logs = -np.logaddexp(beta * log_d0, beta * log_d)
        slopes = np.stack([-(share * log_d + (1 - share) * log_d0), -beta * (1 - share)], axis=-1)
        return logs[..., None], slopes[..., None, :]

    return Model(
        exponents=(falling("beta", _GRID), Exponent(name="D_l", low=low, high=high, grid=grid)),
        amplitudes=("B",),
        log_terms=log_terms,
        scale=Scale.LOG,
        derived={"D_l": lambda values: np.exp(values["beta"] * values["D_l"])},
        drivers={"D": log_d},
    )
