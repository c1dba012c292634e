"""An observation puts together what was trained and what was read; what others may have used is kept apart."""

import dataclasses

import pytest

from raystudy.record.energy import Idle
from raystudy.record.observation import Observation
from raystudy.record.outcome import Interval, Span
from raystudy.record.segment import Part
from raystudy.sweep.observe import observe
from tests.observations import observation, segment, study_of, trace

IDLE = (
    Idle(scope="gpu", device="GPU-5f3a", power_w=10.0, u_w=0.2),
    Idle(scope="package", device="package-0", power_w=5.0, u_w=0.1),
)
NODE = (
    trace("energy_j"),
    trace("energy_j", device="GPU-other"),
    trace("energy_j", device="package-0", scope="package", max_w=100.0),
)
"""What a node of two boards reads, each of its three devices at 50 W."""


def observed(*, exclusive: bool) -> Observation:
    """Return what comes of a trial on GPU-5f3a that trained for 8.5 s."""
    study = study_of(resources__exclusive=str(exclusive).lower(), resources__gpus="1")
    made = observation(next(study.trials()), study=study)
    parts = (Part(segment=segment(), traces=NODE),)
    return observe(study, next(study.trials()), made.outcome, parts=parts, idle=IDLE, provenance=made.provenance)


@pytest.mark.parametrize("exclusive", [True, False])
def test_boards_of_others_are_not_kept(exclusive: bool) -> None:  # noqa: FBT001 - a case
    """The traces are those of the trial's GPU and of what a node has once, shared or not."""
    kept = [trace.channel.device for trace in observed(exclusive=exclusive).measurements.traces]

    assert ["GPU-5f3a", "package-0"] == kept


def test_all_its_boards_are_its_own() -> None:
    """A trial on two GPUs is charged for both, whether it went on or not: 3 x 50 W x 8.5 s."""
    study = study_of(resources__gpus="2")
    made = observation(next(study.trials()), study=study)
    parts = (Part(segment=segment(device="GPU-5f3a+GPU-other"), traces=NODE),)
    found = observe(study, next(study.trials()), made.outcome, parts=parts, idle=(), provenance=made.provenance)

    assert ["GPU-5f3a", "GPU-other", "package-0"] == [each.channel.device for each in found.measurements.traces]
    assert pytest.approx(3 * 50.0 * 8.5) == found.totals.energy_j


def test_a_node_of_its_own_belongs_to_the_trial() -> None:
    """Board and package count: 2 x 50 W x 8.5 s, less 15 W of idle power."""
    totals = observed(exclusive=True).totals

    assert (pytest.approx(850.0), "gpu+package", None) == (
        totals.energy_j,
        totals.energy_scopes,
        totals.energy_shared_j,
    )
    assert pytest.approx(850.0 - 15.0 * 8.5) == totals.energy_net_j


def test_the_interval_of_net_joules_holds_that_of_idle() -> None:
    """0.3 W for 8.5 s come on top of the interval of the gross joules."""
    totals = observed(exclusive=True).totals

    assert totals.energy_u_j is not None
    assert pytest.approx(totals.energy_u_j + 0.3 * 8.5) == totals.energy_net_u_j


def test_a_shared_package_is_kept_apart() -> None:
    """On a node that others may use the package is in no total but its own, and marked."""
    found = observed(exclusive=False)
    shared = {figure.device: figure.shared for figure in found.measurements.energies}

    assert (pytest.approx(425.0), pytest.approx(425.0), "gpu") == (
        found.totals.energy_j,
        found.totals.energy_shared_j,
        found.totals.energy_scopes,
    )
    assert {"GPU-5f3a": False, "package-0": True} == shared


def test_each_observation_is_judged() -> None:
    """Sound readings meet what is expected of them; the verdict is a column of the row."""
    found = observed(exclusive=True)
    row = found.to_arrow().to_pylist()[0]

    assert (True, 6) == (row["expectations_met"], len(row["expectations"]))
    assert [dataclasses.asdict(each) for each in found.measurements.expectations] == row["expectations"]


COMPANY = (0.0,) * 11 + (1.0,) * 110
"""Who is on a board: nobody until the training at 100.5 s; then the trial itself, which is another to the monitor."""


def continued(*, device: str) -> Observation:
    """Return a trial of two segments, 3 s and 5.5 s of training, on one board or on two, at 50 W each."""
    study = study_of(resources__gpus="1")
    made = observation(next(study.trials()), study=study)
    spans = (
        Span(name="train", start_s=100.5, end_s=103.5),
        Span(name="load", start_s=104.0, end_s=104.5),
        Span(name="train", start_s=104.5, end_s=110.0),
    )
    outcome = dataclasses.replace(made.outcome, spans=spans, intervals=(during(100.5, 103.5), during(104.5, 110.0)))
    parts = (
        Part(
            segment=segment(end_s=103.5),
            traces=(trace("energy_j"), trace("temperature_c", *[40.0] * 121), trace("other_processes", *COMPANY)),
        ),
        Part(segment=segment(start_s=104.0, device=device), traces=(trace("energy_j", device=device),)),
    )
    return observe(study, next(study.trials()), outcome, parts=parts, idle=(), provenance=made.provenance)


def during(start_s: float, at_s: float) -> Interval:
    """Return an interval that trained between two times."""
    known = {"start_s": start_s, "at_s": at_s, "tokens_seen": 1}
    return Interval(**dict.fromkeys(field.name for field in dataclasses.fields(Interval)) | known)  # type: ignore[arg-type]


@pytest.mark.parametrize("device", ["GPU-5f3a", "GPU-other"])
def test_a_continued_trial_is_the_sum_of_its_segments(device: str) -> None:
    """50 W for 3 s and for 5.5 s, whether it went on where it was or elsewhere; what lies between is not counted."""
    found = continued(device=device)
    measured = found.measurements

    assert [pytest.approx(150.0), pytest.approx(275.0)] == [part.energy_j for part in measured.segments]
    assert [pytest.approx(150.0), pytest.approx(275.0)] == [each.energy_j for each in measured.interval_energies]
    assert (pytest.approx(425.0), pytest.approx(50.0)) == (found.totals.energy_j, found.totals.power_rms_w)
    assert measured.expectations_met


def test_an_interval_tells_how_warm_it_was() -> None:
    """The greatest temperature that was read in it; null where none was."""
    first, second = continued(device="GPU-other").measurements.interval_energies

    assert (40.0, None) == (first.temperature_c, second.temperature_c)
