"""What readings of a sound trial meet: each expectation is met, failed, or cannot be told, and says what it found."""

import dataclasses
import re
from typing import Any

import pynvml
import pytest

from raystudy.record.gate import NORMAL, SLOWED, Expectation, all_met, expectations
from raystudy.record.outcome import Span
from raystudy.record.trace import Trace
from raystudy.study import Trial
from tests.observations import energy, observation, quality, reading, study_of, trace

STUDY = study_of()
FIRST: Trial = next(STUDY.trials())
OUTCOME = observation(FIRST, study=STUDY).outcome
COUNTER = trace("energy_j")
UNREAD = dataclasses.replace(COUNTER, readings=COUNTER.readings[:20])
FAILED = dataclasses.replace(
    COUNTER, readings=tuple(reading(r.at_s, None, error="EIO") if r.at_s > 108.95 else r for r in COUNTER.readings)
)
RESTARTED = dataclasses.replace(COUNTER, sampling=dataclasses.replace(COUNTER.sampling, started_s=103.0))
LATER = trace("throttle_reasons", *[8.0] * 5, start_s=109.5)


def judged(name: str, *traces: Trace, **known: Any) -> tuple[bool | None, str]:
    """Return the verdict on one expectation of a training whose figure is special in some fields."""
    found = expectations((energy(OUTCOME, **known),), (COUNTER, *traces) if traces else (COUNTER,), OUTCOME.spans)
    return next((each.met, each.found) for each in found if each.name == name)


@pytest.mark.parametrize(
    ("power_mean_w", "met"), [(50.0, True), (10.0, True), (8.9, True), (8.8, False), (730.0, True), (740.0, False)]
)
def test_power_lies_between_idle_and_limit(power_mean_w: float, met: bool) -> None:  # noqa: FBT001 - a case
    """10 ± 0.1 W idle less 10 % is 8.9 W, and a limit of 700 W plus 5 % is 735 W."""
    limit = trace("power_limit_w", *[700.0] * 100)

    assert met is judged("power", limit, power_mean_w=power_mean_w)[0]


@pytest.mark.parametrize(
    ("name", "known", "verdict"),
    [
        ("power", {"power_idle_w": None}, (None, "GPU-5f3a: 50.0 W; idle not measured, limit not known")),
        ("power", {"power_mean_w": None}, (None, "GPU-5f3a: no mean power is known")),
        ("coverage", {"quality": quality(coverage=0.95)}, (True, "GPU-5f3a: 95.0%")),
        ("coverage", {"quality": quality(coverage=0.94)}, (False, "GPU-5f3a: 94.0%")),
        ("coverage", {"quality": quality(coverage=None)}, (None, "GPU-5f3a: no readings")),
        ("agreement", {}, (True, "GPU-5f3a: counter / integral = 1.001")),
        (
            "agreement",
            {"agree": False, "counter_over_integral": 0.5},
            (False, "GPU-5f3a: counter / integral = 0.500"),
        ),
        ("agreement", {"agree": None, "counter_over_integral": None}, (None, "GPU-5f3a: only one of them")),
        ("edges", {}, (True, "GPU-5f3a: read")),
        ("sampler", {}, (True, "GPU-5f3a: ran throughout")),
        ("throttling", {}, (None, "GPU-5f3a: not told")),
    ],
)
def test_what_a_figure_tells(name: str, known: dict[str, Any], verdict: tuple[bool | None, str]) -> None:
    """Each verdict comes with what was found; what cannot be told is null."""
    assert verdict == judged(name, **known)


@pytest.mark.parametrize(
    ("name", "counter", "verdict"),
    [
        ("edges", UNREAD, (False, "GPU-5f3a: no reading on one side of an edge")),
        ("edges", FAILED, (False, "GPU-5f3a: a read at an edge failed: EIO")),
        ("sampler", RESTARTED, (False, "GPU-5f3a: started again 2.5 s after the training began")),
    ],
)
def test_what_the_readings_tell(name: str, counter: Trace, verdict: tuple[bool, str]) -> None:
    """Edges without a good reading beside them, and a sampler that was started within, are flaws."""
    (found,) = [e for e in expectations((energy(OUTCOME),), (counter,), OUTCOME.spans) if e.name == name]

    assert verdict == (found.met, found.found)


@pytest.mark.parametrize(
    ("bits", "verdict"),
    [
        (0x00, (True, "no reason")),
        (0x05, (True, "gpu_idle, sw_power_cap")),
        (0x08, (False, "hw_slowdown")),
        (0x24, (False, "sw_thermal_slowdown, sw_power_cap")),
        (0x40, (False, "hw_thermal_slowdown")),
        (0x80, (False, "hw_power_brake_slowdown")),
    ],
)
def test_a_board_at_its_power_limit_is_not_throttled(bits: int, verdict: tuple[bool, str]) -> None:
    """Heat and the power brake slow a board down from outside; its own power cap is how boards work."""
    met, found = judged("throttling", trace("throttle_reasons", *[0.0] * 50, float(bits), *[0.0] * 40))

    assert verdict == (met, found.removeprefix("GPU-5f3a: "))


def test_bits_are_those_of_nvml() -> None:
    """The names and numbers are NVML's own, so that a reader finds them in its documentation."""
    known = {
        re.sub(r"(?<!^)(?=[A-Z])", "_", name.removeprefix("nvmlClocksThrottleReason")).lower(): getattr(pynvml, name)
        for name in dir(pynvml)
        if name.startswith("nvmlClocksThrottleReason")
    }

    assert {name: bit for bit, name in (SLOWED | NORMAL).items()}.items() <= known.items()


def test_what_happened_after_the_training_is_no_flaw() -> None:
    """Throttling in the evaluation after the training says nothing of the training's joules."""
    assert judged("throttling", LATER) == (None, "GPU-5f3a: not told")


def test_one_device_fails_for_all() -> None:
    """A trial on two devices meets what both meet."""
    figures = (energy(OUTCOME), energy(OUTCOME, device="package-0", scope="package", agree=False))
    found = {each.name: each.met for each in expectations(figures, (COUNTER,), OUTCOME.spans)}

    assert (False, True) == (found["agreement"], found["coverage"])


def test_an_estimate_meets_and_fails_nothing() -> None:
    """A nameplate tells of no device: every verdict is null, and so is that of the trial."""
    found = expectations((energy(OUTCOME, method="estimated"),), (COUNTER,), OUTCOME.spans)

    assert ({None}, None) == ({each.met for each in found}, all_met(found))


@pytest.mark.parametrize(
    ("verdicts", "met"), [([True, None], True), ([True, False, None], False), ([None, None], None), ([], None)]
)
def test_a_trial_meets_all_that_can_be_told(verdicts: list[bool | None], met: bool | None) -> None:  # noqa: FBT001 - a case
    """What cannot be told neither makes nor spoils a trial."""
    assert met is all_met([Expectation(name="made", met=verdict, found="") for verdict in verdicts])


def test_without_training_there_is_nothing_to_judge() -> None:
    """Figures of other spans are not judged."""
    spans = (Span(name="eval", start_s=100.0, end_s=101.0),)
    found = expectations((energy(OUTCOME, span="eval"),), (COUNTER,), spans)

    assert {"nothing was measured"} == {each.found for each in found}
