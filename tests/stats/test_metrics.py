"""Metrics: the published formula to the last digit, and nulls that stay null."""

import polars as pl
import pytest

from raystudy.stats.metrics import METRICS, Inputs, Metric, energy_j_per_token, parameter_efficiency_published

P1 = Inputs(pe_cs_tflops=68.16)
P1_ROWS = [
    (500_000, 0.2372, 165.4348793777115, 5.922623709856469e-11),
    (500_000, 0.2351, 167.63041584359752, 5.793304315416683e-11),
    (1_000_000, 0.2248, 177.25607052603007, 2.6193391192091192e-11),
    (1_000_000, 0.2387, 173.1223172577625, 2.84771092992619e-11),
    (2_000_000, 0.2251, 179.15730915720502, 1.2975004227933062e-11),
    (2_000_000, 0.2148, 177.5122912634204, 1.2496039555729822e-11),
]
"""Trials 1 and 25 of each condition of arXiv 2601.06649, from the author's run logs (MIT): tokens, invPPL, W, PE."""


def trial(**columns: object) -> pl.DataFrame:
    """Return one trial: 1,000 tokens in 2 s for 50 ± 10 J."""
    base = {
        "energy_j": 50.0,
        "energy_u_j": 10.0,
        "energy_estimated_j": None,
        "power_rms_w": 26.0,
        "tokens_seen": 1_000,
        "nominal_tokens": 2_000,
        "train_s": 2.0,
        "flops": 6e9,
        "flops_ceiling_per_s": 3e10,
        "parameters": 1_000_000,
        "loss_initial": 6.0,
        "loss_heldout": 5.0,
        "loss_heldout_low": 4.8,
        "loss_heldout_high": 5.1,
        "perplexity": 148.413,
        "perplexity_sentence": None,
    }
    return pl.DataFrame({name: [value] for name, value in (base | columns).items()}).with_columns(
        pl.col("energy_estimated_j", "perplexity_sentence").cast(pl.Float64)
    )


def value(metric: Metric, table: pl.DataFrame, inputs: Inputs = Inputs()) -> float | None:  # noqa: B008 - frozen
    """Return a metric of the only row."""
    result: float | None = table.select(metric(inputs)).item()
    return result


@pytest.mark.parametrize(("tokens", "quality", "power_w", "published"), P1_ROWS)
def test_parameter_efficiency_as_published(tokens: int, quality: float, power_w: float, published: float) -> None:
    """K (invPPL (CS / W)) / (params TT_norm) gives the paper's column to twelve digits."""
    table = trial(
        perplexity_sentence=1 / quality, power_rms_w=power_w, nominal_tokens=3 * tokens, parameters=1_100_048_384
    )

    assert pytest.approx(published, rel=1e-12) == value(parameter_efficiency_published, table, P1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("energy_j_per_token", 0.05),
        ("energy_u_j_per_token", 0.01),
        ("tokens_per_s", 500.0),
        ("flops_per_s", 3e9),
        ("loss_drop_per_kj", 20.0),
        ("loss_drop_per_kj_low", 15.0),
        ("loss_drop_per_kj_high", 30.0),
        ("power_mean_w", 25.0),
        ("parameter_efficiency_published", 0.0067 * (0.03 / 26) / (1e6 * 2e-3)),
        ("parameter_efficiency_recounted", (1 / 148.413) * (0.003 / 25) / (1e6 * 1e-3)),
    ],
)
def test_each_metric(name: str, expected: float) -> None:
    """1,000 tokens in 2 s for 50 ± 10 J, and a loss that fell by one nat: by 0.9 or 1.2, as its interval has it."""
    assert pytest.approx(expected) == value(METRICS[name], trial())


def test_energy_of_another_column() -> None:
    """A metric takes its joules where it is told to, never elsewhere."""
    table = trial(energy_estimated_j=20.0)

    assert 0.02 == value(energy_j_per_token, table, Inputs(energy_j="energy_estimated_j"))


def test_an_estimate_has_no_interval() -> None:
    """Where no column holds a half-width there are no bounds, whatever the joules."""
    inputs = Inputs(energy_j="energy_estimated_j", energy_u_j=None)
    bounds = [METRICS[name] for name in ("energy_u_j_per_token", "loss_drop_per_kj_low", "loss_drop_per_kj_high")]

    assert [None] * 3 == [value(bound, trial(energy_estimated_j=20.0), inputs) for bound in bounds]


def test_joules_that_may_be_none_bound_nothing() -> None:
    """50 ± 50 J: what a kilojoule bought has no upper bound."""
    table = trial(energy_u_j=50.0)

    assert (pytest.approx(9.0), None) == (
        value(METRICS["loss_drop_per_kj_low"], table),
        value(METRICS["loss_drop_per_kj_high"], table),
    )


def test_bounds_hold_where_both_intervals_do() -> None:
    """Of 100 trials of 20 nats/kJ, 5 losses and another's joules are outside their intervals: 94 are held, no more."""
    sound = {"energy_u_j": 0.0, "loss_heldout_low": 5.0, "loss_heldout_high": 5.0}
    changes = [{"loss_heldout_high": 4.9, "loss_heldout_low": 4.8}] * 5 + [{"energy_j": 51.0}] + [{}] * 94
    table = pl.concat([trial(**sound | each) for each in changes])
    low, high = (METRICS[f"loss_drop_per_kj_{end}"](Inputs()) for end in ("low", "high"))

    assert 94 == table.select(((low <= 20.0) & (high >= 20.0)).sum()).item()


def test_bounds_leave_the_gain_out() -> None:
    """A board's gain scales every drop alike: the bounds are the same, however uncertain it is."""
    names = ["loss_drop_per_kj_low", "loss_drop_per_kj_high"]

    assert [15.0, 30.0] == [pytest.approx(value(METRICS[name], trial(energy_rel_gain=0.5))) for name in names]


def test_a_loss_that_rose_is_worst_for_the_fewest_joules() -> None:
    """A rise of 0.1 nats for 40 J is a lower bound of -2.5 nats/kJ."""
    table = trial(loss_heldout=6.0, loss_heldout_high=6.1)

    assert pytest.approx(-2.5) == value(METRICS["loss_drop_per_kj_low"], table)


@pytest.mark.parametrize("name", sorted(name for name in METRICS if name not in {"tokens_per_s", "flops_per_s"}))
def test_what_is_not_measured_stays_null(name: str) -> None:
    """No joules, no metric of joules: null, not zero."""
    lacking = dict.fromkeys(("energy_j", "energy_u_j", "power_rms_w"), pl.lit(None, pl.Float64))
    table = trial().with_columns(**lacking)

    assert value(METRICS[name], table) is None


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_ratio_over_nothing_is_null(name: str) -> None:
    """Zero joules, zero seconds, zero tokens: null, neither infinite nor NaN."""
    table = trial(energy_j=0.0, energy_u_j=0.0, power_rms_w=0.0, train_s=0.0, tokens_seen=0)

    assert value(METRICS[name], table) is None
