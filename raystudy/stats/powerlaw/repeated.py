"""Laws for tokens seen more than once: D tokens in all, U of them unique, R = D / U - 1 repetitions.

D' and N' are what D tokens and N parameters are worth (N. Muennighoff et al., arXiv 2305.16264, section 5 and
appendix A); the penalty is that of arXiv 2605.01640, and can make the loss rise again.
"""

import numpy as np

from raystudy.stats.powerlaw.model import Array, Columns, Exponent, Model, Scale, Vector, falling, power_terms

_GRID = (0.15, 0.25, 0.36, 0.5, 0.8)
_WORTH_GRID = tuple(np.log([2.0, 6.0, 15.0, 40.0]))
_WORTH_LOW, _WORTH_HIGH = float(np.log(0.05)), float(np.log(5000.0))


def tokens(x: Columns) -> Model:
    """Return the law in which repeated tokens lose their worth; without N, the law of one model."""
    log_unique, repetitions = _repeated(x)
    log_n = np.log(x["N"]) if "N" in x else None

    def log_terms(exponents: Array) -> tuple[Array, Array]:
        beta, log_worth = exponents[:, -2:-1], exponents[:, -1:]
        gain, slope = worth(repetitions, log_worth)
        effective = log_unique + gain
        logs, slopes = (-beta * effective)[..., None], np.stack([-effective, -beta * slope], axis=-1)[..., None, :]
        return (logs, slopes) if log_n is None else _beside_parameters(exponents[:, :1], log_n, logs, slopes)

    parameters = () if log_n is None else (falling("alpha", _GRID),)
    return Model(
        exponents=(*parameters, falling("beta", _GRID), _worth("R_D_star")),
        amplitudes=("B",) if log_n is None else ("A", "B"),
        log_terms=log_terms,
        scale=Scale.LOG,
        drivers={name: np.log(x[name]) for name in ("N", "D") if name in x},
    )


def both(x: Columns) -> Model:
    """
    Return the whole law, in which parameters beyond N_opt(U) lose their worth too.

    N_opt(U) = U^(beta/alpha) G^((alpha+beta)/alpha) with G = (alpha A / (beta B))^(1/(alpha+beta)), so that N' depends
    on A / B. The logarithm of this ratio is therefore searched with the exponents, and B alone is linear.
    """
    log_unique, repetitions = _repeated(x)
    log_n, log_u = np.log(x["N"]), log_unique

    def log_terms(exponents: Array) -> tuple[Array, Array]:
        alpha, beta, log_d_worth, log_n_worth, log_ratio = np.moveaxis(exponents[:, :, None], 1, 0)
        gain, gain_slope = worth(repetitions, log_d_worth)
        effective_d = log_unique + gain
        log_best = (beta * log_u + np.log(alpha / beta) + log_ratio) / alpha
        excess = np.maximum(log_n - log_best, 0.0)
        n_gain, n_slope, n_fall = worth_of_excess(excess, log_n_worth)
        # N' = N as far as N_opt, then N_opt times what the excess is worth.
        effective_n = np.where(excess > 0, log_best + n_gain, log_n)
        by_best = np.where(excess > 0, 1 - n_fall, 0.0)
        log_a, log_b = log_ratio - alpha * effective_n, -beta * effective_d
        logs = np.logaddexp(log_a, log_b)
        a, b = np.exp(log_a - logs), np.exp(log_b - logs)
        slopes = [
            a * (-effective_n - alpha * by_best * (1 / alpha - log_best) / alpha),
            a * (-alpha * by_best * (log_u - 1 / beta) / alpha) - b * effective_d,
            -b * beta * gain_slope,
            -a * alpha * np.where(excess > 0, n_slope, 0.0),
            a * (1 - by_best),
        ]
        return logs[..., None], np.stack(slopes, axis=-1)[..., None, :]

    return Model(
        exponents=(
            falling("alpha", _GRID),
            falling("beta", _GRID),
            _worth("R_D_star"),
            _worth("R_N_star"),
            Exponent(name="A", low=-30.0, high=30.0, grid=(-3.0, -1.0, 1.0)),
        ),
        amplitudes=("B",),
        log_terms=log_terms,
        scale=Scale.LOG,
        derived={"A": lambda values: values["B"] * np.exp(values["A"])},
        drivers={"N": log_n, "D": np.log(x["D"])},
    )


def penalty(x: Columns) -> Model:
    """Return the law that can rise again; without N, the law of one model, which has neither A nor kappa."""
    _, repetitions = _repeated(x)
    log_d, log_r = np.log(x["D"]), np.where(repetitions > 0, np.log(np.maximum(repetitions, 1e-300)), -np.inf)
    rising = Exponent(name="delta", low=0.05, high=6.0, grid=(0.3, 0.7, 1.2, 2.0, 3.0))
    if "N" not in x:
        return Model(
            exponents=(falling("beta", _GRID), rising),
            amplitudes=("B", "P"),
            log_terms=power_terms([[-log_d, None], [None, log_r]]),
            scale=Scale.LOG,
            drivers={"D": log_d},
        )
    log_n = np.log(x["N"])
    return Model(
        exponents=(
            falling("alpha", _GRID),
            falling("beta", _GRID),
            rising,
            Exponent(name="kappa", low=-6.0, high=6.0, grid=(-1.0, -0.3, 0.3, 1.0)),
        ),
        amplitudes=("A", "B", "P"),
        log_terms=power_terms(
            [[-log_n, None, None, None], [None, -log_d, None, None], [None, None, log_r, log_n - np.log(x["U"])]]
        ),
        scale=Scale.LOG,
        drivers={"N": log_n, "D": log_d},
    )


def worth(repetitions: Vector, log_worth: Array) -> tuple[Array, Array]:
    """Return ln(1 + R* (1 - exp(-R / R*))) and its slope by ln R*."""
    star = np.exp(log_worth)
    past = repetitions / star
    kept = -np.expm1(-past)
    gained = 1 + star * kept
    return np.log(gained), star * (kept - past * np.exp(-past)) / gained


def worth_of_excess(log_excess: Array, log_worth: Array) -> tuple[Array, Array, Array]:
    """Return the worth of an excess by its logarithm, the slope by ln R*, and the slope by the logarithm of it."""
    times = np.exp(np.minimum(log_excess, 600.0))
    gain, slope = worth(times - 1, log_worth)
    return gain, slope, np.exp(-(times - 1) / np.exp(log_worth) - gain) * times


def _repeated(x: Columns) -> tuple[Vector, Vector]:
    """Return ln U and R; no more tokens can be unique than were seen."""
    unique = np.minimum(x["U"], x["D"])
    return np.log(unique), x["D"] / unique - 1


def _beside_parameters(alpha: Array, log_n: Vector, logs: Array, slopes: Array) -> tuple[Array, Array]:
    """Put the term of the parameters before the term of the tokens."""
    both_logs = np.concatenate([(-alpha * log_n)[..., None], logs], axis=-1)
    wide = np.zeros((*both_logs.shape, slopes.shape[-1] + 1))
    wide[..., 0, 0] = -log_n
    wide[..., 1:, 1:] = slopes
    return both_logs, wide


def _worth(name: str) -> Exponent:
    """Return R*, searched as its logarithm."""
    return Exponent(name=name, low=_WORTH_LOW, high=_WORTH_HIGH, grid=_WORTH_GRID, told=np.exp)
