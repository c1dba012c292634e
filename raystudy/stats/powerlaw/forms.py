"""The forms of scaling laws by name, each with its formula, its source, and the inputs it takes.

    name ──FORMS──▶ Form ──build(columns)──▶ Model

Where an input in brackets is left out, so is what depends on it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from raystudy.errors import AnalysisError
from raystudy.stats.powerlaw import accuracy, repeated, size
from raystudy.stats.powerlaw.model import Columns, Model


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """A scaling law: its formula as text, and what makes a model of it."""

    name: str
    formula: str
    source: str
    inputs: tuple[tuple[str, ...], ...]
    """Each choice of inputs that it can be fitted on, the fullest first."""
    build: Callable[[Columns], Model]

    def choice(self, names: Sequence[str]) -> tuple[str, ...] | None:
        """Return the inputs it would take out of these, or None where they do not suffice."""
        return next((inputs for inputs in self.inputs if set(inputs) <= set(names)), None)


_VOLUME_INPUTS = (("V", "M"), ("N", "L", "M"), ("V",), ("N", "L"))

FORMS: Mapping[str, Form] = {
    form.name: form
    for form in (
        Form(
            name="chinchilla",
            formula="loss = E + A / N^alpha + B / D^beta",
            source="arXiv 2203.15556, estimator of 2404.10102",
            inputs=(("N", "D"), ("D",)),
            build=size.chinchilla,
        ),
        Form(
            name="fine-tuning",
            formula="loss = E + A / (N^alpha D^beta)",
            source="arXiv 2402.17193",
            inputs=(("N", "D"),),
            build=size.fine_tuning,
        ),
        Form(
            name="rectified",
            formula="loss = E + B / (D_l + D^beta)",
            source="arXiv 2402.02314",
            inputs=(("D",),),
            build=size.rectified,
        ),
        Form(
            name="data-constrained",
            formula="loss = E + A / N'^alpha + B / D'^beta",
            source="arXiv 2305.16264, parameters and tokens both of falling worth",
            inputs=(("N", "D", "U"),),
            build=repeated.both,
        ),
        Form(
            name="repeated-tokens",
            formula="loss = E + A / N^alpha + B / D'^beta, D' = U + U R* (1 - exp(-R / R*)), R = D / U - 1",
            source="arXiv 2305.16264, tokens only",
            inputs=(("N", "D", "U"), ("D", "U")),
            build=repeated.tokens,
        ),
        Form(
            name="repetition-penalty",
            formula="loss = E + A / N^alpha + B / D^beta + P R^delta (N / U)^kappa, R = D / U - 1",
            source="arXiv 2605.01640",
            inputs=(("N", "D", "U"), ("D", "U")),
            build=repeated.penalty,
        ),
        Form(
            name="volume",
            formula="accuracy = A V^beta M^gamma + E, V = N L",
            source="arXiv 2505.06150",
            inputs=_VOLUME_INPUTS,
            build=accuracy.volume,
        ),
        Form(
            name="split",
            formula="accuracy = A N^beta_examples L^beta_length M^gamma + E",
            source="arXiv 2505.06150, V = N L taken apart",
            inputs=(("N", "L", "M"), ("N", "L")),
            build=accuracy.split,
        ),
        Form(
            name="saturating",
            formula="accuracy = E - A V^-beta M^-gamma, with A, beta and gamma not negative",
            source="arXiv 2505.06150, bounded above by E",
            inputs=_VOLUME_INPUTS,
            build=accuracy.saturating,
        ),
    )
}


def form_named(name: str) -> Form:
    """Return a form by its name; `_` may stand for `-`."""
    form = FORMS.get(name.lower().replace("_", "-"))
    if form is None:
        raise AnalysisError(f"No law is called {name!r}. A form is one of: {', '.join(FORMS)}.")
    return form
