"""What a point of accuracy costs, where any was gained; and the pretrainings, apart."""

import polars as pl
import pytest

from raystudy.analysis.composition_cost import tables
from raystudy.analysis.compositions import compositions_of
from raystudy.analysis.findings import Table
from raystudy.analysis.trials import trials_of
from raystudy.record.labelled import HeldoutAnswer
from raystudy.record.schema import Float32
from raystudy.study import Study, Trial
from tests.composed import answered, composed
from tests.observations import Changes, estimated, observation, table, table_of


def answers(*, right: int, before: int, items: int = 200) -> dict[str, object]:
    """Return so many right answers after and before the training; the first examples are the easy ones."""
    return {
        "heldout_answers": tuple(
            HeldoutAnswer(
                example=f"{item:012x}",
                correct=item < right,
                loglik=Float32(-1.0),
                correct_before=item < before,
                loglik_before=Float32(-2.0),
            )
            for item in range(items)
        )
    }


def made(trial: Trial) -> dict[str, object]:
    """Return a trial that took 300 +- 3 J and 6 TFLOP for 30 points of accuracy, seeds alike."""
    spent = {"energy_j": 300.0, "energy_u_j": 3.0, "flops": 6e12}
    return answered(trial, effect=0.0, slope=0.3, items=1) | spent | answers(right=80, before=20)


def told(study: Study, changes: Changes = made) -> tuple[Table, ...]:
    """Return the tables of the cost."""
    return tables(compositions_of(trials_of(study, table_of(study, changes))))


def test_a_price_is_joules_over_points() -> None:
    """300 J for 30 points are 10 J a point, and 6 TFLOP are 0.2."""
    row = told(composed())[0].frame.row(0, named=True)

    assert pytest.approx(30.0) == row["gain, points"]
    assert pytest.approx(10.0) == row["price, J/point"]
    assert pytest.approx(0.2) == row["TFLOP/point"]


def test_bounds_of_a_price_hold_gain_and_readings() -> None:
    """The least price is of the fewest joules for the most points, and the other way round."""
    row = told(composed())[0].frame.row(0, named=True)

    assert pytest.approx(297.0 / row["95 % high"]) == row["price low"]
    assert pytest.approx(303.0 / row["95 % low"]) == row["price high"]


def test_no_gain_has_no_price() -> None:
    """Where the interval of the gain holds zero, the price is null, and what was spent is not."""
    frame = told(composed(), lambda trial: made(trial) | answers(right=21, before=20))[0].frame

    assert frame.height == frame["price, J/point"].null_count() == frame["TFLOP/point"].null_count()
    assert pytest.approx(300.0) == frame["training energy, J"][0]


def test_some_joules_are_no_price() -> None:
    """Where one seed was not measured, the mean of the others is not shown as that of all."""
    half = {"energy_j": None, "energy_u_j": None}
    frame = told(composed(), lambda trial: made(trial) | (half if trial.repetition == 1 else {}))[0].frame

    assert frame.height == frame["price, J/point"].null_count()


def test_estimates_are_named() -> None:
    """Joules of the nameplate are an estimate in every column and in the note."""
    (cost,) = told(composed(), lambda trial: made(trial) | estimated(trial))

    assert "price (estimate), J/point" in cost.frame.columns
    assert "± from readings, J" not in cost.frame.columns
    assert "not a measurement" in cost.note


def test_configurations_are_named() -> None:
    """One task goes unnamed; arm, sampler and budget stand in front."""
    assert ["arm", "sampler", "budget"] == told(composed())[0].frame.columns[:3]


def test_pretrainings_stand_apart() -> None:
    """A pretraining of 900 J that 18 finished trials started from is 50 J for each, and in no price."""
    study = composed(pretraining__corpus='"stdlib-areas-text"', repetitions=2)
    before = [
        observation(trial, study=study, energy_j=900.0, energy_u_j=9.0, tokens_seen=5000)
        for trial in study.pretrainings()
    ]
    rows = pl.concat([table_of(study, made), table(before)])
    cost, pretrainings = tables(compositions_of(trials_of(study, rows)))

    assert pytest.approx(10.0) == cost.frame["price, J/point"][0]
    assert ["tiny-0.1m", "tiny-1m"] == pretrainings.frame["model"].to_list()
    assert [18, 50.0] == list(pretrainings.frame.select("trials", "per trial, J").row(0))
