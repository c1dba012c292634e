"""A realistic study: three token levels, five repetitions, each kind of figure, tables with all kinds of values."""

import math
import random

import polars as pl
import pytest

from raystudy.analysis.findings import Bands, Differences, Figure, Findings, Lines, PowerTrace, Table
from raystudy.report import render_html

LEVELS = (50_000, 100_000, 200_000)
REPETITIONS = 5


def _lines(name: str, title: str, y_title: str, *, at_level: tuple[float, ...], spread: float) -> Lines:
    rng = random.Random(name)
    offsets = [rng.gauss(0, spread) for _ in range(REPETITIONS)]
    each = [
        {"x": level, "y": middle * (1 + offset + rng.gauss(0, spread / 4)), "series": f"r{place:02}"}
        for place, offset in enumerate(offsets)
        for level, middle in zip(LEVELS, at_level, strict=True)
    ]
    rows = pl.DataFrame(each)
    half = 2.78 * pl.col("y").std() / math.sqrt(REPETITIONS)
    mean = rows.group_by("x", maintain_order=True).agg(
        y=pl.col("y").mean(), low=pl.col("y").mean() - half, high=pl.col("y").mean() + half
    )
    caption = (
        "Each thin line is one repetition (same seed, same order of data); the bars are 95 % intervals of the mean."
    )
    return Lines(
        name=name, title=title, caption=caption, x_title="Training tokens", y_title=y_title, each=rows, mean=mean
    )


def _trajectory() -> Lines:
    rng = random.Random(5)
    steps = [round(4_000 * 1.25**step) for step in range(18)]
    each = pl.DataFrame(
        [
            {"x": at, "y": 2.2 + 90 * at**-0.42 + rng.gauss(0, 0.03), "series": f"r{place:02}"}
            for place in range(REPETITIONS)
            for at in steps
        ]
    )
    mean = each.group_by("x", maintain_order=True).agg(
        y=pl.col("y").mean(), low=pl.col("y").mean() - 0.06, high=pl.col("y").mean() + 0.06
    )
    return Lines(
        name="trajectory",
        title="Held-out loss falls with tokens",
        caption="Evaluated on 102,400 held-out tokens; the band is the 95 % interval of the mean over repetitions.",
        x_title="Training tokens",
        y_title="Held-out loss (nats per token)",
        each=each,
        mean=mean,
    )


def _bands() -> Bands:
    rng = random.Random(7)
    arms = {"unique_tokens 10,000": 0.06, "unique_tokens 200,000": 0.0}
    each = pl.DataFrame(
        [
            {"x": 10_000.0 * place, "y": 4 / place + rise * place + rng.gauss(0, 0.03), "series": f"r{run}", "arm": arm}
            for arm, rise in arms.items()
            for run in range(REPETITIONS)
            for place in range(1, 12)
        ]
    )
    y = pl.col("y").mean()
    bounds = {"low": y - 0.03, "high": y + 0.03, "all_low": y - 0.06, "all_high": y + 0.06}
    mean = each.group_by("x", "arm", maintain_order=True).agg(y=y, **bounds)
    return Bands(
        name="bands",
        title="Held-out loss over tokens",
        caption="The dark band is the 95 % interval of the mean, the light one holds all means at once.",
        x_title="training tokens",
        y_title="held-out loss, nats per token",
        each=each,
        mean=mean,
        marks=mean.filter(pl.col("y") == pl.col("y").min().over("arm")).select("x", "y", "arm"),
    )


def _differences() -> Differences:
    pairs = pl.DataFrame(
        {
            "pair": ["100,000 − 50,000", "200,000 − 50,000", "200,000 − 100,000"],
            "difference": [-0.412, -0.803, -0.021],
            "low": [-0.471, -0.869, -0.090],
            "high": [-0.353, -0.737, 0.048],
        }
    )
    return Differences(
        name="pairs",
        title="How much lower the loss is, pair by pair",
        caption="Mean difference over repetitions with its Bonferroni interval (family 95 %).",
        x_title="Difference of held-out loss (nats per token)",
        pairs=pairs,
    )


def _power_trace() -> PowerTrace:
    rng = random.Random(3)
    spans = [
        ("load", 0.0, 1.4),
        ("train", 1.4, 13.2),
        ("eval", 13.2, 14.0),
        ("train", 14.0, 24.6),
        ("eval", 24.6, 26.0),
    ]

    def watts(at_s: float, busy: float, idle: float) -> float:
        name = next((span for span, start, end in spans if start <= at_s <= end), "load")
        level = {"train": busy, "eval": 0.8 * busy, "load": idle}[name]
        return level + rng.gauss(0, 0.03 * level)

    readings = [
        {"device": device, "at_s": step / 20, "power_w": watts(step / 20, busy, idle)}
        for device, busy, idle in (("package-0 (RAPL)", 64.0, 22.0), ("dram-0 (RAPL)", 9.0, 4.0))
        for step in range(-4, 26 * 20 + 5)
    ]
    return PowerTrace(
        name="power",
        title="Power of one trial: tokens-200000--r02",
        caption="Read 20 times a second; energy is summed over the shaded spans.",
        y_title="Power (W)",
        readings=pl.DataFrame(readings),
        spans=pl.DataFrame(spans, schema=["span", "start_s", "end_s"], orient="row"),
    )


def _conditions() -> Table:
    return Table(
        name="conditions",
        title="What each level cost and bought",
        frame=pl.DataFrame(
            {
                "tokens": LEVELS,
                "n": [5, 5, 5],
                "energy_j": [412.31, 798.6, 1584.02],
                "energy_sd_j": [9.1, 14.42, 30.8],
                "energy_j_per_token": [0.0082462, 0.007986, 0.0079201],
                "tokens_per_s": [7412.2, 7633.9, 7701.4],
                "mfu": [0.3121, 0.3214, 0.3243],
                "loss_nats": [3.4121, 3.0002, 2.6091],
                "marginal_j_per_nat": [None, 937.9, 2008.2],
            }
        ),
        note="MFU: share of the matrix-product ceiling measured on the same machine. Energy is that of training only.",
    )


def _anova() -> Table:
    return Table(
        name="anova",
        title="Repeated-measures analysis of variance",
        frame=pl.DataFrame(
            {
                "metric": ["energy_j", "loss_nats", "PE"],
                "F": [24268.2288, 812.4, 3.1],
                "df1": [2.0, 2.0, 2.0],
                "df2": [98.0, 98.0, 98.0],
                "p": [1.23e-131, 4.2e-9, 0.0614],
                "GG epsilon": [0.742522, 0.81, float("nan")],
                "p (GG)": [2.2e-98, 3.8e-8, None],
                "partial eta2": [0.99802, 0.9951, 0.437],
                "generalised eta2": [0.997147, 0.9702, 0.201],
            }
        ),
        note="GG: Greenhouse and Geisser's correction of the degrees of freedom.",
    )


def _pairwise() -> Table:
    return Table(
        name="pairwise",
        title="Pairwise differences of the held-out loss",
        frame=pl.DataFrame(
            {
                "pair": ["100,000 − 50,000", "200,000 − 50,000", "200,000 − 100,000"],
                "difference_nats": [-0.412, -0.803, -0.021],
                "low_nats": [-0.471, -0.869, -0.090],
                "high_nats": [-0.353, -0.737, 0.048],
                "t": [-38.2, -64.1, -0.9],
                "p": [2.1e-6, 3.0e-7, 0.419],
                "p Bonferroni": [6.3e-6, 9.0e-7, 1.0],
                "g_av": [-4.1, -8.0, -0.31],
            }
        ),
    )


def _trials() -> Table:
    rng = random.Random(11)
    rows = [
        {
            "trial": f"tokens-{level}--r{place:02}",
            "seed": 1_000 + place,
            "duration_s": level / 7500 + rng.random(),
            "energy_j": level * 0.008 + rng.random() * 9,
            "energy_uncertainty_j": None if place == 3 else 2.5 + rng.random(),
            "loss_nats": 3.4 - math.log2(level / 50_000) * 0.4 + rng.gauss(0, 0.02),
            "method": "nameplate estimate" if place == 3 else "counter",
        }
        for level in LEVELS
        for place in range(REPETITIONS)
    ]
    return Table(name="trials", title="Every trial", frame=pl.DataFrame(rows), note="—: the instrument gave no value.")


def _recipe() -> Table:
    return Table(
        name="recipe",
        title="What every trial trains",
        frame=pl.DataFrame(
            {
                "field": ["model", "corpus", "batch_size", "learning_rate"],
                "value": ["tiny-0.8m", "stdlib", "32", "0.001"],
                "why": ["fits two cores", "needs no network", "as published", "found by the sweep of issue 4"],
            }
        ),
    )


def _figures() -> tuple[Figure, ...]:
    return (
        _lines(
            "energy",
            "Energy per token by tokens trained on",
            "Energy (J per token)",
            at_level=(0.00825, 0.00799, 0.00792),
            spread=0.01,
        ),
        _lines(
            "loss",
            "Held-out loss by tokens trained on",
            "Held-out loss (nats per token)",
            at_level=(3.41, 3.0, 2.61),
            spread=0.008,
        ),
        _trajectory(),
        _bands(),
        _differences(),
        _power_trace(),
    )


@pytest.fixture(scope="session")
def findings() -> Findings:
    """Give the study that every test of the report reads."""
    return example()


def example() -> Findings:
    """Build the study by hand."""
    return Findings(
        study="efficiency-laptop",
        question="What do 50K, 100K and 200K training tokens cost on a laptop, and how much held-out loss do they buy?",
        answer=(
            "Going from 50,000 to 200,000 tokens took 3.8 times the energy and lowered the held-out loss by 0.80 nats.",
            "Each further nat cost more than the last: 938 J between the first levels, 2,008 J between the last.",
        ),
        caveats=(
            "Three of 15 trials have no instrument reading; their energy is an estimate (nameplate watts x CPU time).",
            "The package counter covers all processes of this machine, and no baseline of its idle power was recorded.",
            "Five repetitions bound the standard deviation only within a factor of 0.6 to 2.9 (95 %).",
            "98 % of the change of PE comes from its own denominator, the tokens that the study set by hand.",
        ),
        tables=(_conditions(), _anova(), _pairwise(), _recipe(), _trials()),
        figures=_figures(),
        facts=(
            ("Machine", "2 x Intel Xeon (Sapphire Rapids), 4 GB, Debian 12"),
            ("Versions", "raystudy 0.1.0, torch 2.13.0, ray 2.60.0, Python 3.11.2"),
            ("Corpus", "stdlib, 1,912,410 tokens, fingerprint 9f21c0de"),
            ("Power", "RAPL package-0 and dram-0 at 20 Hz, edges interpolated"),
            ("Study file", "jobs/efficiency_laptop.toml, sha256 4be1…c09a"),
        ),
    )


@pytest.fixture(scope="session")
def page(findings: Findings) -> str:
    """Give the page of the study, rendered once for all tests."""
    return render_html(findings)
