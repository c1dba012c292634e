"""What an expert asks of a comparison next: does it hold without normality, without pairs, without any one subject?

Design ──▶ Resampled, Welch, Pairing, Diagnostics, Influence, RequiredN
"""

from dataclasses import dataclass

from raystudy.stats.decision import Decision, decided
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
    effect, decision = decided(data)
    return Checks(
        sign_flip=sign_flip(data),
        permutation=permutation(data),
        welch=welch(data),
        pairing=pairing(data),
        diagnostics=diagnostics(data),
        influence=leave_one_out(data, lambda rest: decided(rest)[1].p),
        required=_required(decision, effect.n),
    )


def _required(decision: Decision, n: int) -> tuple[RequiredN, ...]:
    if decision.value is None:
        return ()
    if decision.statistic == "t":
        return required_n(decision.value**2, df_effect=1, n=n)
    return required_n(decision.value, df_effect=decision.df[0], n=n)
