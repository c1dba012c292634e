"""What an expert asks of a comparison next: does it hold without normality, without pairs, without any one subject?

Design ──▶ Resampled, Welch, Pairing, Diagnostics, Influence, RequiredN
"""

from dataclasses import dataclass

from raystudy.stats.decision import decided
from raystudy.stats.design import Design
from raystudy.stats.diagnostics import Diagnostics, diagnostics
from raystudy.stats.influence import Influence, leave_one_out
from raystudy.stats.power import RequiredN, required_n
from raystudy.stats.resample import Resampled, permutation, sign_flip
from raystudy.stats.unpaired import Pairing, Welch, pairing, welch


@dataclass(frozen=True, kw_only=True, slots=True)
class Checks:
    """The looks at one factor within subjects, averaged over the other ones."""

    sign_flip: Resampled
    permutation: Resampled
    welch: Welch
    pairing: Pairing
    diagnostics: Diagnostics
    influence: Influence
    """Of the p that decides."""
    required: tuple[RequiredN, ...]
    """Subjects to plan with; empty where there is no test."""


def check(data: Design) -> Checks:
    """Look at the only within factor of a design."""
    return Checks(
        sign_flip=sign_flip(data),
        permutation=permutation(data),
        welch=welch(data),
        pairing=pairing(data),
        diagnostics=diagnostics(data),
        influence=leave_one_out(data, lambda rest: decided(rest)[1].p),
        required=_required(data),
    )


def _required(data: Design) -> tuple[RequiredN, ...]:
    effect, _ = decided(data)
    if effect.test is None:
        return ()
    return required_n(effect.test.f, df_effect=effect.test.chi_muller.df_effect, n=effect.n)
