"""A model beside its data: residuals with their slopes, for many sets of constants at once.

    (fits, constants) ──contributions──▶ (fits, rows, terms) ──▶ residuals (fits, rows), slopes (fits, rows, constants)

A set of constants is: the exponents, an amplitude for each term, E. Each term is divided by its geometric mean over the
rows, so that an amplitude is what the term contributes in the middle of the data, and not at N = D = 1, some twenty
powers of e outside. On the logarithmic scale amplitudes and E are themselves logarithms, hence positive.
"""

from dataclasses import dataclass, replace

import numpy as np

from raystudy.stats.powerlaw.model import Array, Mask, Model, Scale, Values, Vector

IN_THE_MIDDLE = "_at_geometric_mean"
"""Ends the name of an amplitude as it is in the middle of the data."""
_FAR = 14.0
"""Powers of e below the smallest y at which a constant of a law of losses counts as zero."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Rows to be explained."""

    model: Model
    y: Vector
    """(rows,)"""
    middle: bool = True
    """Whether terms are divided by their geometric means; if not, amplitudes are those of the formula."""

    @property
    def k(self) -> int:
        """The number of constants."""
        return self.model.k

    @property
    def searched(self) -> int:
        """The number of constants that are searched, the exponents, which come first."""
        return len(self.model.exponents)

    @property
    def logarithmic(self) -> bool:
        """Whether residuals are differences of logarithms."""
        return self.model.scale is Scale.LOG

    @property
    def told(self) -> Vector:
        """The outcome on the scale of the residuals, (rows,)."""
        return np.log(self.y) if self.logarithmic else self.y

    @property
    def unit(self) -> float:
        """The size of y on the scale of the residuals, against which rounding is judged."""
        return 1.0 if self.logarithmic else float(np.sqrt((self.y**2).mean())) or 1.0

    def points(self, among: Mask | None = None) -> int:
        """Return how many different points the law sees: 7 volumes, not the 16 cells of N x L that they come from."""
        logs, slopes = self.model.log_terms(np.array([[np.median(exponent.grid) for exponent in self.model.exponents]]))
        seen = np.concatenate([logs[0], slopes[0].reshape(self.y.size, -1), np.zeros((self.y.size, 1))], axis=1)
        return len(np.unique(np.round(seen if among is None else seen[among], 9), axis=0))

    def enough(self, among: Mask | None = None) -> bool:
        """Whether rows are enough to fit on: two more than constants, at as many different points as constants."""
        rows = self.y.size if among is None else int(among.sum())
        return rows >= self.k + 2 and self.points(among) >= self.k

    def bounds(self) -> tuple[Vector, Vector]:
        """Return the lowest and the highest value of each constant, (constants,) each."""
        terms = len(self.model.amplitudes)
        low, high = np.full(self.k, -np.inf), np.full(self.k, np.inf)
        low[: self.searched] = [exponent.low for exponent in self.model.exponents]
        high[: self.searched] = [exponent.high for exponent in self.model.exponents]
        if self.logarithmic:
            low[-1], high[-1] = np.log(self.y.min()) - _FAR, np.log(self.y.max())
            if self.middle:
                low[self.searched : -1] = low[-1]
        elif self.model.signs is not None:
            signs = np.array(self.model.signs)
            low[self.searched : self.searched + terms] = np.where(signs > 0, 0.0, -np.inf)
            high[self.searched : self.searched + terms] = np.where(signs > 0, np.inf, 0.0)
        return low, high

    def log_terms(self, exponents: Array) -> tuple[Array, Array, Array]:
        """Return logarithms of the terms, their slopes, and the logarithms of what they were divided by."""
        logs, slopes = self.model.log_terms(exponents)
        there = np.isfinite(logs)
        count = np.maximum(there.sum(axis=1, keepdims=True), 1)
        middles = np.where(there, logs, 0.0).sum(axis=1, keepdims=True) / count
        if not self.middle:
            return logs, slopes, middles[:, 0]
        mean_slopes = np.where(there[..., None], slopes, 0.0).sum(axis=1, keepdims=True) / count[..., None]
        return logs - middles, slopes - mean_slopes, middles[:, 0]

    def predicted(self, values: Array) -> Array:
        """Return the law's y for each row."""
        return self._parts(values)[1]

    def residuals(self, values: Array) -> Array:
        """Return what the law is above y, or its logarithm above that of y: (fits, rows)."""
        predicted = self.predicted(values)
        return (np.log(predicted) if self.logarithmic else predicted) - self.told

    def sloped(self, values: Array) -> tuple[Array, Array]:
        """Return residuals, and their slopes by each constant (fits, rows, constants)."""
        terms, predicted, slopes = self._parts(values)
        jacobian = np.empty((*predicted.shape, self.k))
        amplitudes = values[:, None, self.searched : -1]
        contributions = terms if self.logarithmic else terms * amplitudes
        jacobian[..., : self.searched] = np.einsum("brt,brtp->brp", contributions, slopes)
        jacobian[..., self.searched : -1] = terms
        jacobian[..., -1] = np.exp(values[:, -1:]) if self.logarithmic else 1.0
        if not self.logarithmic:
            return predicted - self.told, jacobian
        return np.log(predicted) - self.told, jacobian / predicted[..., None]

    def _parts(self, values: Array) -> tuple[Array, Array, Array]:
        """Return the terms (with their amplitudes on the logarithmic scale), the law's y, and the slopes."""
        logs, slopes, _ = self.log_terms(values[:, : self.searched])
        amplitudes = values[:, None, self.searched : -1]
        slopes = np.broadcast_to(slopes, (values.shape[0], self.y.size, *slopes.shape[2:]))
        if self.logarithmic:
            terms = np.exp(np.minimum(logs + amplitudes, 700.0))
            return terms, terms.sum(axis=-1) + np.exp(values[:, -1:]), slopes
        terms = np.exp(np.minimum(logs, 300.0))
        return terms, (terms * amplitudes).sum(axis=-1) + values[:, -1:], slopes

    def linear_part(self, exponents: Array, weights: Array) -> Array:
        """
        Return each fit's whole set of constants, with those that enter linearly at their least squares.

        On the logarithmic scale relative errors are squared, which is the same to first order, and constants that
        come out negative are put just above zero. `weights` is (1 or fits, rows).
        """
        logs, _, _ = self.log_terms(exponents)
        design = np.ones((exponents.shape[0], self.y.size, logs.shape[-1] + 1))
        design[..., :-1] = np.exp(np.minimum(logs, 300.0))
        size = np.sqrt((design**2).mean(axis=1, keepdims=True)) + 1e-300
        scaled = design / size
        relative = weights / self.y**2 if self.logarithmic else weights
        normal = np.swapaxes(scaled * relative[..., None], 1, 2)
        right = normal @ self.y[:, None]
        linear = _solve(normal @ scaled, right[..., 0]) / size[:, 0]
        if self.logarithmic:
            linear = np.log(np.maximum(linear, 1e-3 * self.y.min()))
        values = np.concatenate([np.broadcast_to(exponents, (linear.shape[0], exponents.shape[1])), linear], axis=1)
        low, high = self.bounds()
        clipped: Array = np.clip(values, low, high)
        return clipped

    def constants(self, values: Array) -> Values:
        """Return the constants of the formula by name, (fits,) each."""
        told = {e.name: e.told(values[:, i]) for i, e in enumerate(self.model.exponents)}
        for t, name in enumerate(self.model.amplitudes):
            told[name] = self._amplitude(values, t)
        if self.middle and not self.logarithmic:
            middles = values[:, self.searched : -1] * np.array(self.model.signs or 1.0)
            names = (name + IN_THE_MIDDLE for name in self.model.amplitudes)
            told |= dict(zip(names, middles.T, strict=True))
        told["E"] = np.exp(values[:, -1]) if self.logarithmic else values[:, -1]
        return told | {name: of(told) for name, of in self.model.derived.items()}

    def at_one(self, values: Array) -> tuple["Problem", Array]:
        """Return the same fit with amplitudes as in the formula, whose inputs are then 1."""
        middles = self.log_terms(values[:, : self.searched])[2]
        moved = values.copy()
        amplitudes = moved[:, self.searched : -1]
        moved[:, self.searched : -1] = amplitudes - middles if self.logarithmic else amplitudes * np.exp(-middles)
        return replace(self, middle=False), moved

    def _amplitude(self, values: Array, term: int) -> Array:
        amplitude = values[:, self.searched + term]
        shift: Array = self.log_terms(values[:, : self.searched])[2][:, term] * (1.0 if self.middle else 0.0)
        if self.logarithmic:
            return np.exp(np.minimum(amplitude - shift, 700.0))
        sign = 1.0 if self.model.signs is None else self.model.signs[term]
        at_one: Array = sign * amplitude * np.exp(np.clip(-shift, -700.0, 700.0))
        return at_one


def _solve(matrices: Array, right: Array) -> Array:
    """Solve each system, with a ridge of rounding's size so that collinear columns share instead of failing."""
    trace = np.trace(matrices, axis1=1, axis2=2)[:, None, None] / matrices.shape[-1]
    ridge = 1e-13 * (trace + 1e-300) * np.eye(matrices.shape[-1])
    solution: Array = np.linalg.solve(matrices + ridge, right[..., None])[..., 0]
    return solution
