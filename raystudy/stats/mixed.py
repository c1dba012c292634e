"""The mixed model with a random intercept for each subject, which uses every value of subjects that lack some cells.

    rows of subject, level, value ──▶ cells, filled or not ──REML──▶ level means, two variances, Wald F of the levels

For missing cells only, never the default: it takes any two levels of a subject to correlate alike. On trajectories,
where neighbours correlate more, it is invalid: of random walks that have no effect (6 subjects, 21 levels), its F finds
one in 20 %, a trend on its error in 57 %, at a nominal 5 %.

The likelihood is profiled down to one unknown, the ratio theta of the variance between subjects to the residual one. In
the eigenvectors of the subjects' cross products (level means taken out) everything else is a closed form of theta:
H. M. Kang et al., Genetics 178, 1709 (2008), on H. D. Patterson & R. Thompson, Biometrika 58, 545 (1971). statsmodels'
MixedLM climbs in both variances at once; with subjects 1e6 apart it stops far from the top (the residual variance 5,000
times too great) and says that it converged.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from raystudy.errors import AnalysisError
from raystudy.stats.contrasts import ROUNDING
from raystudy.stats.design import Matrix
from raystudy.stats.probability import f_tail
from raystudy.stats.reason import Reason, too_few


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelMean:
    """Mean of a level as if all subjects had been there, with its standard error."""

    level: str
    n: int
    """Subjects that have a value there."""
    mean: float
    se: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Mixed:
    """The fitted model, or the reason why there is none."""

    n_cells: int
    """Subject and level pairs that hold a value; several rows of one pair are averaged."""
    n_subjects: int
    means: tuple[LevelMean, ...] = ()
    """The levels that have a value, in the order asked for."""
    var_subject: float | None = None
    """0 is an answer: the subjects' means lie no further apart than the residuals alone would put them."""
    var_residual: float | None = None
    icc: float | None = None
    """Share of the variance that lies between subjects."""
    f: float | None = None
    df_effect: int | None = None
    df_error: int | None = None
    """Between-within: cells - subjects - (levels - 1), what the residuals have left."""
    p: float | None = None
    log10_p: float | None = None
    log_likelihood: float | None = None
    """Restricted, for a mean at each level or R's treatment coding; R's sum coding gives log(levels) less."""
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class _Cells:
    """The values in two parts, subject's first + rest, so that an offset of a subject costs no digit."""

    held: Matrix
    """(subjects, levels): 1 where there is a value, else 0"""
    first: Matrix
    """(subjects,) less the first subject's one"""
    rest: Matrix
    """(subjects, levels), 0 where there is no value"""
    origin: float
    rounding: float

    @property
    def sizes(self) -> Matrix:
        """Subjects at each level, (levels,)."""
        return np.asarray(self.held.sum(axis=0))

    @property
    def df_error(self) -> int:
        """Degrees of freedom that subjects and levels leave."""
        return int(self.held.sum()) - sum(self.held.shape) + 1

    def level_means(self, values: Matrix) -> Matrix:
        """Return the mean of the held cells of each level, (levels,)."""
        return np.asarray((self.held * values).sum(axis=0) / self.sizes)

    def level_centred(self, values: Matrix) -> Matrix:
        """Return the held cells, the mean of their level taken out."""
        return self.held * (values - self.level_means(values))


@dataclass(frozen=True, slots=True)
class _Spectrum:
    """The cells in the eigenvectors of the subjects' cross products, level means taken out."""

    values: Matrix
    """(subjects,) eigenvalues, 0 for what no comparison within levels can see"""
    vectors: Matrix
    first: Matrix
    """(subjects,) the subjects' first values"""
    rest: Matrix
    """(subjects,) sums over levels of the rest"""
    ss_residual: float
    """Sum of squares that subjects and levels leave."""

    @property
    def seen(self) -> Matrix:
        """Return the part of the eigenvalues above zero."""
        return self.values[self.values > 0]

    @property
    def squares(self) -> Matrix:
        """Return the squares of what lies between subjects, one for each eigenvalue above zero."""
        between = (self.values * self.first + self.rest)[self.values > 0]
        return np.asarray(between**2 / self.seen)


def mixed_model(table: pl.DataFrame, *, subject: str, level: str, value: str, levels: Sequence[str]) -> Mixed:
    """Fit level means and a random intercept by restricted maximum likelihood to all rows that hold a finite value."""
    if table[subject].has_nulls():
        raise AnalysisError(f"Some rows have no {subject}; every value needs one. Fill it in, or leave the rows out.")
    names = pl.col(subject).cast(pl.String).alias("subject"), pl.col(level).cast(pl.String).alias("level")
    found = (
        table.group_by(*names)
        .agg(value=pl.col(value).cast(pl.Float64).mean())
        .filter(pl.col("level").is_in(list(levels)), pl.col("value").is_finite())
    )
    held = set(found["level"])
    present = tuple(name for name in levels if name in held)
    n_subjects = found["subject"].n_unique()
    if n_subjects < 2 or len(present) < 2:
        reason = too_few(n_subjects) if n_subjects < 2 else Reason.ONE_LEVEL
        return Mixed(n_cells=found.height, n_subjects=n_subjects, reason=reason)
    return _fit(_cells(_grid(found, present)), present)


def _grid(found: pl.DataFrame, levels: Sequence[str]) -> Matrix:
    """Return the cells as (subjects, levels), NaN where there is none; subjects sorted, so that rows have no order."""
    known = found["subject"].unique().sort().to_list(), levels
    places = (
        found[key].cast(pl.Enum(names)).to_physical().to_numpy()
        for key, names in zip(("subject", "level"), known, strict=True)
    )
    values = np.full([len(names) for names in known], np.nan)
    values[tuple(places)] = found["value"].to_numpy()
    return values


def _cells(values: Matrix) -> _Cells:
    held = np.isfinite(values)
    first = values[np.arange(len(values)), held.argmax(axis=1)]
    rest = np.where(held, values - first[:, None], 0.0)
    rounding = ROUNDING * float(np.abs(values[held]).max())
    return _Cells(held.astype(np.float64), first - first[0], rest, float(first[0]), rounding)


def _fit(cells: _Cells, levels: Sequence[str]) -> Mixed:
    (n, k), n_cells = cells.held.shape, int(cells.held.sum())
    if cells.df_error < 1:
        return Mixed(n_cells=n_cells, n_subjects=n, reason=Reason.SATURATED)
    spectrum, df = _spectrum(cells), n_cells - k
    if math.sqrt(spectrum.ss_residual / n_cells) <= cells.rounding:
        flat = np.abs(cells.rest).max() <= cells.rounding
        return Mixed(n_cells=n_cells, n_subjects=n, reason=Reason.CONSTANT if flat else Reason.ZERO_ERROR)
    theta = _variance_ratio(spectrum, df)
    inflated = 1 + theta * spectrum.seen
    variance = (spectrum.ss_residual + float((spectrum.squares / inflated).sum())) / df
    means, root = _level_means(cells, spectrum, theta)
    f = _wald_f(means, root) / variance
    tail = f_tail(f, df_effect=k - 1, df_error=cells.df_error)
    log_determinant = float(np.log(cells.sizes).sum() + np.log(inflated).sum())
    return Mixed(
        n_cells=n_cells,
        n_subjects=n,
        means=_named(cells, levels, means, np.sqrt(variance * (root**2).sum(axis=1))),
        var_subject=theta * variance,
        var_residual=variance,
        icc=theta / (1 + theta),
        f=f,
        df_effect=k - 1,
        df_error=cells.df_error,
        p=tail.p,
        log10_p=tail.log10_p,
        log_likelihood=-(df * (math.log(2 * math.pi * variance) + 1) + log_determinant) / 2,
    )


def _named(cells: _Cells, levels: Sequence[str], means: Matrix, errors: Matrix) -> tuple[LevelMean, ...]:
    return tuple(
        LevelMean(level=name, n=int(size), mean=cells.origin + float(mean), se=float(error))
        for name, size, mean, error in zip(levels, cells.sizes, means, errors, strict=True)
    )


def _spectrum(cells: _Cells) -> _Spectrum:
    values, vectors = np.linalg.eigh(np.diag(cells.held.sum(axis=1)) - cells.held / cells.sizes @ cells.held.T)
    unseen = values <= 1e-10 * values[-1]
    centred = cells.level_centred(cells.rest)
    values[unseen] = 0.0
    rest = np.where(unseen, 0.0, vectors.T @ centred.sum(axis=1))
    subjects = vectors @ (rest / np.where(unseen, 1.0, values))
    residuals = cells.level_centred(centred - subjects[:, None])
    return _Spectrum(values, vectors, vectors.T @ cells.first, rest, float((residuals**2).sum()))


def _variance_ratio(spectrum: _Spectrum, df: int) -> float:
    """Return the theta of the greatest restricted likelihood, by the roots of its slope; 0 where it only falls."""
    from scipy.optimize import brentq

    seen, squares, residual = spectrum.seen, spectrum.squares, spectrum.ss_residual

    def deviance(theta: float) -> float:
        inflated = 1 + theta * seen
        return float(np.log(inflated).sum() + df * np.log(residual + (squares / inflated).sum()))

    def slope(log_theta: float) -> float:
        inflated = 1 + math.exp(log_theta) * seen
        return float(
            (seen / inflated).sum()
            - df * (squares * seen / inflated**2).sum() / (residual + (squares / inflated).sum())
        )

    least, most = 1e-9 / seen.max(), 2 * df * float((squares / seen).max()) / residual  # beyond half of it, slope > 0
    logs = np.linspace(math.log(least), math.log(max(most, least)), num=120)
    rising = [slope(log_theta) > 0 for log_theta in logs]
    valleys = [place for place in range(1, logs.size) if rising[place] and not rising[place - 1]]
    roots = [float(brentq(slope, logs[place - 1], logs[place], xtol=1e-14)) for place in valleys]
    return min([0.0, *map(math.exp, roots)], key=deviance)


def _level_means(cells: _Cells, spectrum: _Spectrum, theta: float) -> tuple[Matrix, Matrix]:
    """
    Return the means (levels,) and a root of their covariance in units of the residual variance.

    C. R. Henderson's equations, Biometrics 31, 423 (1975): means of what is left when the subjects' predicted
    intercepts are taken out, here as first value less intercept, so that two great numbers are never subtracted.
    """
    inflated = 1 + theta * spectrum.values
    left = spectrum.vectors @ ((spectrum.first - theta * spectrum.rest) / inflated)
    shares = (cells.held / cells.sizes).T @ spectrum.vectors
    root = np.hstack([np.diag(1 / np.sqrt(cells.sizes)), shares * np.sqrt(theta / inflated)])
    return cells.level_means(cells.rest + left[:, None]), root


def _wald_f(means: Matrix, root: Matrix) -> float:
    """Return F of the differences to the first level, for a residual variance of 1."""
    contrasts: Matrix = root[1:] - root[0]
    differences: Matrix = means[1:] - means[0]
    return float(differences @ np.linalg.solve(contrasts @ contrasts.T, differences)) / differences.size
