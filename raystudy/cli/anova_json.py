"""A comparison as one JSON object: keys as the field writes them, null where there is no value, and the reason why."""

from collections.abc import Mapping
from typing import Any

from raystudy.analysis.apa import sentence
from raystudy.analysis.levels import Levels
from raystudy.cli.plain_json import plain
from raystudy.stats.anova import Correction, Effect
from raystudy.stats.checks import Checks
from raystudy.stats.comparison import Along
from raystudy.stats.design import Design
from raystudy.stats.effect_size import EffectSize
from raystudy.stats.sphericity import Mauchly

CORRECTIONS: Mapping[str, str] = {
    "gg": "greenhouse_geisser",
    "hf": "huynh_feldt",
    "cm": "chi_muller",
    "lower_bound": "lower_bound",
}
"""What the field calls them, and what raystudy does."""


def as_json(found: Levels) -> dict[str, Any]:
    """Return the record of a comparison; what is said along a factor stands for the first one at the top."""
    comparison, data = found.comparison, found.comparison.data
    first, *others = [_along(*each) for each in zip(comparison.along, found.checks, strict=True)]
    record = {
        "n_given": data.n_given,
        "n_used": len(data.subjects),
        "dropped": dropped_json(data),
        "replicates": data.replicates,
        "levels": _levels(data),
        "effects": [effect_json(effect) for effect in comparison.effects],
        **first,
        "equivalence": found.equivalence,
        "mixed": found.mixed,
        "decision": comparison.decision,
        "decisions": comparison.decisions,
        "apa": sentence(comparison.effect, comparison.decision),
    }
    if others:
        record["along"] = {each.factor: said for each, said in zip(comparison.along, (first, *others), strict=True)}
    return {key: plain(value) for key, value in record.items()}


def dropped_json(data: Design) -> list[dict[str, str]]:
    """Return one entry for each subject, with all that is wrong with it."""
    reasons: dict[str, list[str]] = {}
    for each in data.dropped:
        reasons.setdefault(each.subject, []).append(each.reason)
    return [{"subject": subject, "reason": "; ".join(several)} for subject, several in reasons.items()]


def _levels(data: Design) -> object:
    """Return a list for one factor, else a list for each factor."""
    factors = (*data.between, *data.within)
    return factors[0].levels if len(factors) == 1 else {factor.name: factor.levels for factor in factors}


def effect_json(effect: Effect) -> dict[str, Any]:
    """Return one effect, with the reason where it has no test."""
    named = {key: getattr(effect, key) for key in ("name", "ss_effect", "df_effect", "ss_error", "df_error")}
    return named | _test(effect) | {"reason": effect.reason}


def _test(effect: Effect) -> dict[str, Any]:
    test, sizes = effect.test, effect.sizes
    corrections: dict[str, Correction | None] = {
        short: None if test is None else getattr(test, long) for short, long in CORRECTIONS.items()
    }
    return {
        "F": None if test is None else test.f,
        "p": None if test is None else test.p,
        "log10_p": None if test is None else test.log10_p,
        **{f"eps_{short}": each and each.epsilon for short, each in corrections.items()},
        **{f"p_{short}": each and each.p for short, each in corrections.items()},
        **{f"log10_p_{short}": each and each.log10_p for short, each in corrections.items()},
        "mauchly": _mauchly(Mauchly(reason=effect.reason) if test is None else test.mauchly),
        **{name: sizes and getattr(sizes, name).value for name in ("ges", "pes", "omega2")},
        **{f"{name}_ci": sizes and _bounds(getattr(sizes, name)) for name in ("ges", "pes", "omega2")},
    }


def _bounds(size: EffectSize) -> list[float | None]:
    return [size.low, size.high]


def _mauchly(test: Mauchly) -> dict[str, Any]:
    return {
        "defined": test.w is not None,
        "W": test.w,
        "chi2": test.chi2,
        "df": test.df,
        "p_anderson": test.p,
        "p_R": test.p_r,
        "reason": test.reason,
    }


def _along(along: Along, checks: Checks) -> dict[str, Any]:
    friedman = plain(along.friedman)
    return {
        "pairwise": along.pairs,
        "trend": along.trend,
        "friedman": {"W": friedman.pop("w"), **friedman},
        "page": along.page,
        **plain(checks),
    }
