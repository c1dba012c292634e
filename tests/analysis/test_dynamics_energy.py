"""The joules of trajectories: prices, stops and costs by hand, and nulls where nothing was bought or reached."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from raystudy.analysis.dynamics_energy import past_of, tables, targets
from raystudy.analysis.trajectories import Trajectories
from raystudy.study import Trial
from tests.analysis.curves import dynamics, found
from tests.observations import trajectory

JOULES = (10.0, 20.0, 30.0, 40.0, 50.0)


def of(*curves: Sequence[float], joules: Sequence[float] = JOULES, **columns: Any) -> Trajectories:
    """Return the trajectories of seeds 1, 2, ... with these losses."""

    def changes(trial: Trial) -> Mapping[str, Any]:
        curve = curves[(trial.recipe.init_seed or 0) - 1]
        return trajectory(curve, joules[: len(curve) - 1], **columns)

    return found(dynamics(levels=str([*range(1, len(curves) + 1)])), changes)


def frame(told: Trajectories, name: str) -> pl.DataFrame:
    """Return the frame of one table."""
    return next(table.frame for table in tables(told) if table.name == name)


def test_a_price_is_joules_over_nats() -> None:
    """20 J for half a nat are 40 J/nat; where the mean loss did not fall, there is no price."""
    prices = frame(of([5, 3, 2.4, 2.4, 2.6, 2.5], [5, 3, 2.6, 2.4, 2.6, 2.5]), "prices")

    assert [5, pytest.approx(40), pytest.approx(300), None] == prices["price, J/nat"].to_list()[:4]
    assert [10, 30, 60, 100, 150] == prices["so far, J"].to_list()


def test_a_price_has_no_upper_bound_where_nothing_may_have_been_bought() -> None:
    """An interval of the nats that holds zero bounds the price from below only."""
    prices = frame(of([5, 3, 2.4, 2.4, 2.6, 2.5], [5, 3, 2.6, 2.4, 2.6, 2.5]), "prices").row(2, named=True)

    assert prices["95 % low"] < 0 < prices["price low"]
    assert prices["price high"] is None


def test_energy_past_the_minimum_of_each_seed() -> None:
    """Minima at 2,000 and 3,000 tokens leave 120 and 90 J of 150: 105 J, with Student's interval over two seeds."""
    past = past_of(of([5, 3, 2, 2.4, 2.6, 2.5], [5, 3, 2.6, 2.4, 2.6, 2.5]).arms[0])

    assert past is not None
    assert (105, pytest.approx(0.7), pytest.approx(1.25)) == (past.energy_j.mean, past.share.mean, past.u_j)
    assert past.energy_j.low == pytest.approx(105 - 12.706 * 15, abs=0.01)


def test_the_gain_counts_for_the_joules_themselves() -> None:
    """5 % of 90 J are added to what the readings leave of the two intervals past the minimum."""
    stops = frame(of([5, 3, 2.6, 2.4, 2.6, 2.5], [5, 3, 2.6, 2.4, 2.6, 2.5]), "stops").row(0, named=True)

    assert (90, 1, 5.5) == (stops["past the minimum, J"], stops["± from readings, J"], stops["± with gain, J"])


def test_the_cheapest_stop_has_the_least_price_from_the_start() -> None:
    """10 J for a nat, then 20 J for three: 7.5 J/nat at 2,000 tokens; the next interval makes it dearer."""
    stops = frame(of([5, 4, 1, 1, 1, 1], [5, 4, 1, 1, 1, 1]), "stops").row(0, named=True)

    assert (2_000, 7.5, 3_000) == (stops["cheapest at"], stops["there, J/nat"], stops["dearer from"])


def test_a_loss_costs_what_it_took_to_reach_it() -> None:
    """2.5 lies halfway through 20 J; a loss that one seed of two never reaches is the other's, without interval."""
    costs = frame(of([5, 3, 2, 2.1, 2.2, 2.3], [5, 3, 2.4, 2.5, 2.6, 2.7]), "costs")
    at = {row["held-out loss"]: row for row in costs.iter_rows(named=True)}

    assert (2, 2) == (at[2.6]["reached by"], at[2.6]["of"])
    assert at[2.6]["training energy, J"] == pytest.approx((18 + 10 + 20 * 0.4 / 0.6) / 2)
    assert (1, pytest.approx(26), pytest.approx(1_800), None) == (
        at[2.2]["reached by"], at[2.2]["training energy, J"], at[2.2]["tokens"], at[2.2]["95 % low"],
    )  # fmt: skip


def test_a_run_without_joules_is_in_no_mean_of_joules() -> None:
    """Its tokens still count."""

    def changes(trial: Trial) -> Mapping[str, Any]:
        whole = trajectory([5, 3, 2, 2.1, 2.2, 2.3], JOULES)
        return whole | ({"interval_energies": ()} if trial.recipe.init_seed == 1 else {})

    told = found(dynamics(levels="[1, 2]"), changes)
    cost = frame(told, "costs").row(0, named=True)

    assert (60 + 0, 2) == (frame(told, "prices")["so far, J"][2], cost["reached by"])


def test_runs_with_joules_are_counted_where_not_all_have_them() -> None:
    """Prices, stops and costs say of how many runs their joules are; where all have them, there is no such column."""

    def changes(trial: Trial) -> Mapping[str, Any]:
        whole = trajectory([5, 3, 2, 2.1, 2.2, 2.3], JOULES)
        return whole | ({"interval_energies": ()} if trial.recipe.init_seed == 1 else {})

    some, every = found(dynamics(), changes), of(*[[5, 3, 2, 2.1, 2.2, 2.3]] * 3)
    names = ("prices", "stops", "costs")

    assert [2, 2, 2] == [frame(some, name)["runs with joules"][0] for name in names]
    assert not any("runs with joules" in frame(every, name).columns for name in names)


def test_joules_of_an_arm_that_was_cut_say_where() -> None:
    """Where all runs stopped early, joules past the minimum are those up to the last interval that all reached."""
    stops = frame(of([5, 3, 2, 2.4, 2.6, 2.5], [5, 3, 2.0, 2.4, 2.6], stopped="patience"), "stops")
    whole = frame(of([5, 3, 2, 2.4, 2.6, 2.5], [5, 3, 2.0, 2.4, 2.6, 2.7]), "stops")

    assert (4_000, 70) == (stops["up to"][0], stops["past the minimum, J"][0])
    assert "up to" not in whole.columns


def test_notes_explain_the_columns_that_are_there() -> None:
    """An estimate has no half-width and no gain, so the notes of its tables have no word of them."""
    measured = of([5, 3, 2, 2.4, 2.6, 2.5], [5, 3, 2, 2.4, 2.6, 2.5])
    unsure = found(dynamics(), without_half_widths)
    notes = [" ".join(table.note for table in tables(told)) for told in (measured, unsure)]

    assert [(True, True), (False, False)] == [("± from readings" in note, "± with gain" in note) for note in notes]


def without_half_widths(_: Trial) -> Mapping[str, Any]:
    """Return the changes of a trial whose joules have no interval, as those of an estimate."""
    whole = trajectory([5, 3, 2, 2.1, 2.2, 2.3], JOULES)
    return whole | {"interval_energies": tuple(replace(each, energy_u_j=None) for each in whole["interval_energies"])}


def test_orders_of_one_seed_of_the_weights_count_once() -> None:
    """In a crossed design, joules past the minimum are averaged over the orders of each seed of the weights."""

    def changes(trial: Trial) -> Mapping[str, Any]:
        early = (trial.recipe.init_seed, trial.recipe.order_seed) == (1, 7)
        return trajectory([5, 3, 2, 2.1, 2.2, 2.3] if early else [5, 3, 2.2, 2.1, 2.2, 2.3], JOULES)

    past = past_of(found(dynamics(levels="[1, 2]", factors__order_seed="[7, 8]"), changes).arms[0])

    assert past is not None
    assert past.energy_j.mean == pytest.approx((105 + 90) / 2)
    assert past.energy_j.low == pytest.approx((105 + 90) / 2 - 12.706 * 7.5, abs=0.01)


def test_targets_are_round_and_within_what_was_reached() -> None:
    """At most ten round losses, from that after the first interval down to the least mean."""
    found_targets = targets(of([8.4, 3.7, 3.1, 2.9, 2.8, 2.9], [8.4, 3.7, 3.1, 2.9, 2.8, 2.9]).arms)

    assert [3.7, 3.6, 3.5, 3.4, 3.3, 3.2, 3.1, 3.0, 2.9, 2.8] == found_targets


@pytest.mark.parametrize("curve", [[2.0] * 6, [3, 4, 5, 6, 7, 8]], ids=["level", "rising"])
def test_nothing_was_bought(curve: list[float]) -> None:
    """A loss that never falls has no price and no cheapest stop, and no error."""
    told = of(curve, curve)

    assert "price, J/nat" not in frame(told, "prices").columns
    assert "cheapest at" not in frame(told, "stops").columns
