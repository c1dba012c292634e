"""Energy figures on curves whose truth is known."""

import math
from collections.abc import Callable, Collection, Sequence

import pytest

from raystudy.record.energy import Energy, belonging, energies, idle_power_w, totals
from raystudy.record.outcome import Span, SpanName
from raystudy.record.trace import Channel, Quantity, Reading, Scope, Trace

Curve = Callable[[float], float]


def trace(
    curve: Curve,
    times_s: Sequence[float],
    *,
    quantity: Quantity = "power_w",
    device: str = "GPU-1",
    scope: Scope = "gpu",
    estimated: bool = False,
    failed: Collection[int] = (),
    started_s: float = -100.0,
) -> Trace:
    """Read a curve at some times; the readings numbered in `failed` fail."""
    channel = Channel(name=f"{device}/{quantity}", quantity=quantity, scope=scope, device=device, estimated=estimated)
    readings = tuple(
        Reading(at_s=at_s, half_width_s=0.001, value=None, error="gone")
        if number in failed
        else Reading(at_s=at_s, half_width_s=0.001, value=curve(at_s))
        for number, at_s in enumerate(times_s)
    )
    return Trace(channel=channel, readings=readings, sampler_started_s=started_s)


def every(period_s: float, start_s: float, end_s: float) -> list[float]:
    """Return times at equal distances, both ends included."""
    return [start_s + i * period_s for i in range(round((end_s - start_s) / period_s) + 1)]


def span(start_s: float, end_s: float, name: SpanName = "train") -> Span:
    """Return a span."""
    return Span(name=name, start_s=start_s, end_s=end_s)


def steady(power_w: float) -> Curve:
    """Return a curve of one value."""
    return lambda _: power_w


def counted(power_w: float, *, step_s: float = 0.0) -> Curve:
    """A counter of constant power, that moves every `step_s`."""
    return lambda at_s: power_w * (math.floor(at_s / step_s + 1e-9) * step_s if step_s else at_s)


def figure(*traces: Trace, spans: Sequence[Span]) -> Energy:
    """Return the one figure of one device."""
    (energy,) = energies(traces, spans, {})
    return energy


class TestKnownCurves:
    def test_half_a_second_of_300_w_is_150_j(self) -> None:
        """Power at 10 Hz: the edges of a short window are not cut off (Zeus: 120.2 J)."""
        energy = figure(trace(steady(300), every(0.1, -0.07, 1.03)), spans=[span(0.0, 0.5)])

        assert pytest.approx(150, rel=0.001) == energy.energy_j

    def test_constant_power_is_not_lost(self) -> None:
        """Exactly constant 100 W over 6 s are 600 J (Zeus: 0.0 J)."""
        energy = figure(trace(steady(100), every(0.1, -0.05, 7.05)), spans=[span(0.0, 6.0)])

        assert pytest.approx(600) == energy.energy_j

    def test_a_step_counts_for_as_long_as_it_lasts(self) -> None:
        """400 W for 1 s, then 60 W for 9 s, are 940 J within 1 %, and within what is stated (perun: 1110 J)."""
        energy = figure(trace(lambda at_s: 400 if at_s < 1 else 60, every(0.1, -0.03, 11.0)), spans=[span(0.0, 10.0)])

        assert pytest.approx(940, rel=0.01) == energy.energy_j
        assert abs(float(energy.energy_j or 0) - 940) <= float(energy.u_j or 0)

    @pytest.mark.parametrize(("end_s", "relative"), [(5.0, 0.01), (60.0, 0.001)])
    def test_a_counter_of_coarse_steps_is_interpolated(self, end_s: float, relative: float) -> None:
        """Steps of 100 ms, read at 10 Hz: within 1 % at 5 s, within 0.1 % at 60 s."""
        counter = trace(counted(400, step_s=0.1), every(0.1, -0.13, 61.0), quantity="energy_j")
        energy = figure(counter, spans=[span(0.033, 0.033 + end_s)])

        assert pytest.approx(400 * end_s, rel=relative) == energy.energy_j

    def test_a_short_window_of_a_coarse_counter_states_how_little_it_knows(self) -> None:
        """20 ms at 400 W, 8 J, lie within the stated interval (Zeus: 0 J, or up to five times too much)."""
        counter = trace(counted(400, step_s=0.1), every(0.1, -0.13, 2.0), quantity="energy_j")
        energy = figure(counter, spans=[span(1.01, 1.03)])

        assert abs(float(energy.energy_j or 0) - 8) <= float(energy.u_j or 0)


class TestFailedReadings:
    @pytest.mark.parametrize("quantity", ["power_w", "energy_j"])
    def test_one_failed_read_does_not_matter(self, quantity: Quantity) -> None:
        """100 W over 10 s are 1000 J, a failed read in between or not; it is counted (perun: 263,143 J)."""
        curve = steady(100) if quantity == "power_w" else counted(100)
        energy = figure(trace(curve, every(0.1, -0.05, 11.05), quantity=quantity, failed={50}), spans=[span(0, 10)])

        assert pytest.approx(1000) == energy.energy_j
        assert (101, 1) == (energy.n_readings, energy.n_errors)

    def test_power_that_was_silent_for_most_of_a_span_gives_no_figure(self) -> None:
        """Two seconds at either side say nothing of the six between: null, and the reason."""
        energy = figure(trace(steady(100), every(0.1, -0.05, 11.05), failed=range(20, 90)), spans=[span(0, 10)])

        assert energy.energy_j is None
        assert "was silent for 7.1 s of a span of 10.0 s" in str(energy.reason)

    def test_a_counter_bridges_a_gap(self) -> None:
        """A counter went on counting while nobody read it."""
        counter = trace(counted(100), every(0.1, -0.05, 11.05), quantity="energy_j", failed=range(20, 90))

        assert pytest.approx(1000) == figure(counter, spans=[span(0, 10)]).energy_j

    def test_power_stands_in_for_a_counter_that_fails(self) -> None:
        """The figure comes from the counter; where it says nothing, from the integral of power, and says so."""
        times_s = every(0.1, -0.05, 11.05)
        counter = trace(counted(100), times_s, quantity="energy_j", failed=range(len(times_s)))
        energy = figure(counter, trace(steady(100), times_s), spans=[span(0, 10)])

        assert ("integrated", pytest.approx(1000), None) == (energy.method, energy.energy_j, energy.reason)


class TestNull:
    @pytest.mark.parametrize("quantity", ["power_w", "energy_j"])
    @pytest.mark.parametrize(
        ("start_s", "end_s", "reason"),
        [
            (-1.0, 5.0, "no reading before the span"),
            (1.0, 11.0, "no reading after the span"),
            (3.0, 3.0, "no duration"),
        ],
    )
    def test_a_window_without_bracket_is_null_with_its_reason(
        self, quantity: Quantity, start_s: float, end_s: float, reason: str
    ) -> None:
        """Nothing is extrapolated, and nothing that is missing is 0."""
        energy = figure(trace(counted(100), every(0.1, 0.0, 10.0), quantity=quantity), spans=[span(start_s, end_s)])

        assert (None, None, None, None) == (energy.energy_j, energy.u_j, energy.power_mean_w, energy.power_rms_w)
        assert reason in str(energy.reason)

    def test_a_sampler_that_was_started_within_the_span_is_named(self) -> None:
        """After a restart the reason says what happened."""
        energy = figure(trace(steady(9), every(0.1, 2.0, 11.0), started_s=1.9), spans=[span(0, 10)])

        assert "The sampler was started within the span" in str(energy.reason)

    def test_no_reading_at_all_is_null(self) -> None:
        """A channel that never answered has a figure without value."""
        energy = figure(trace(steady(9), []), spans=[span(0, 10)])

        assert (None, 0, 0, None) == (energy.energy_j, energy.n_readings, energy.n_errors, energy.rate_hz)

    def test_a_counter_that_does_not_move_is_null(self) -> None:
        """A window shorter than a counter's step is not 0 J."""
        energy = figure(trace(steady(77), every(0.1, -1, 2), quantity="energy_j"), spans=[span(0.02, 0.04)])

        assert (None, True) == (energy.energy_j, "did not move" in str(energy.reason))

    def test_a_counter_that_falls_back_is_null(self) -> None:
        """A driver that was loaded anew does not make energy negative (Zeus: -760 J)."""
        counter = trace(lambda at_s: 100 * at_s - (800 if at_s > 5 else 0), every(0.1, -1, 11), quantity="energy_j")
        energy = figure(counter, spans=[span(0, 10)])

        assert (None, True) == (energy.energy_j, "fell back" in str(energy.reason))

    def test_one_span_without_figure_leaves_the_sum_null(self) -> None:
        """Spans of one name are added up, and a sum that lacks a part is null."""
        energy = figure(trace(steady(9), every(0.1, -1, 11)), spans=[span(0, 5), span(6, 12)])

        assert energy.energy_j is None


class TestFigure:
    def test_energy_of_the_counter_and_rms_of_the_power(self) -> None:
        """A board that has both: its counter gives the joules, its power the RMS."""
        times_s = every(0.1, -1, 11)
        power = trace(lambda at_s: 300 if at_s < 5 else 100, times_s)
        energy = figure(power, trace(counted(200), times_s, quantity="energy_j"), spans=[span(0, 10)])

        assert ("counter", pytest.approx(2000), pytest.approx(200)) == (
            energy.method,
            energy.energy_j,
            energy.power_mean_w,
        )
        assert pytest.approx(math.sqrt((300**2 + 100**2) / 2), rel=0.01) == energy.power_rms_w

    def test_rms_of_a_counter_alone_is_that_of_its_seconds(self) -> None:
        """5 s of 300 W and 5 s of 100 W have a mean of 200 W and an RMS of 223.6 W, counted or sampled."""
        counter = trace(
            lambda at_s: 300 * min(at_s, 5) + 100 * max(at_s - 5, 0), every(0.1, -1, 11), quantity="energy_j"
        )

        assert pytest.approx(223.607, rel=1e-4) == figure(counter, spans=[span(0, 10)]).power_rms_w

    def test_spans_of_one_name_are_added_up(self) -> None:
        """Training is cut where an evaluation interrupts it; each joule goes to its own name."""
        power = trace(lambda at_s: 50 if 4 <= at_s < 6 else 100, every(0.01, -1, 11))
        train, evaluation = energies([power], [span(0, 4), span(4, 6, "eval"), span(6, 10)], {})

        assert ("train", pytest.approx(800, rel=0.001)) == (train.span, train.energy_j)
        assert ("eval", pytest.approx(100, rel=0.005)) == (evaluation.span, evaluation.energy_j)

    def test_the_half_width_of_a_counter_is_its_steps_and_its_calls(self) -> None:
        """100 W at 10 Hz: half a step of 10 J at each edge, and 100 W x 1 ms of call at each."""
        energy = figure(trace(counted(100), every(0.1, -1.05, 11.05), quantity="energy_j"), spans=[span(0, 10)])

        assert pytest.approx(10.2) == energy.u_j

    def test_an_estimate_is_marked_and_has_no_interval(self) -> None:
        """A nameplate says joules, and nobody knows how far they are off; an idle machine may have none."""
        estimate = trace(steady(77), every(0.1, -1, 11), quantity="energy_j", estimated=True)
        energy = figure(estimate, spans=[span(0, 10)])

        assert ("estimated", 0.0, None, 0.0) == (energy.method, energy.energy_j, energy.u_j, energy.power_rms_w)

    def test_the_rate_is_that_of_the_readings(self) -> None:
        """What was achieved, not what was asked for."""
        assert pytest.approx(5) == figure(trace(steady(9), every(0.2, -1, 11)), spans=[span(0, 10)]).rate_hz

    def test_temperature_has_no_joules(self) -> None:
        """Channels that do not tell of energy give no figure."""
        assert () == energies([trace(steady(40), every(0.1, -1, 11), quantity="temperature_c")], [span(0, 10)], {})


class TestBelonging:
    gpu_1 = trace(steady(1), [0.0], device="GPU-1")
    gpu_2 = trace(steady(1), [0.0], device="GPU-2")
    package = trace(steady(1), [0.0], device="package-0", scope="package")

    def test_a_trial_has_its_own_gpus(self) -> None:
        """The board of another trial is not in its figures, and the package only where the node was its own."""
        traces = (self.gpu_1, self.gpu_2, self.package)

        assert (self.gpu_2,) == belonging(traces, gpu_uuids=frozenset({"GPU-2"}), exclusive=False)
        assert (self.gpu_2, self.package) == belonging(traces, gpu_uuids=frozenset({"GPU-2"}), exclusive=True)

    def test_a_trial_without_gpu_has_none(self) -> None:
        """A CPU trial does not pay for idle boards."""
        assert (self.package,) == belonging((self.gpu_1, self.package), gpu_uuids=frozenset(), exclusive=True)


class TestTotals:
    times_s = every(0.1, -1.05, 13.05)
    spans = (span(0, 10), span(10, 12, "eval"))
    gpu = trace(counted(300), times_s, quantity="energy_j")
    package = trace(counted(50), times_s, quantity="energy_j", device="package-0", scope="package")
    estimate = trace(counted(20), times_s, quantity="energy_j", device="nameplate", scope="package", estimated=True)

    def test_devices_are_added_up(self) -> None:
        """Joules, half-widths and RMS of all measured devices, training and evaluation apart."""
        total = totals(energies([self.gpu, self.package], self.spans, {}), self.spans)

        assert (3500, 700, 350) == pytest.approx((total.energy_j, total.energy_eval_j, total.power_rms_w))
        assert "gpu+package" == total.energy_scopes
        assert pytest.approx(30 + 5 + 0.6 + 0.1) == total.energy_u_j

    def test_net_is_less_the_baseline_of_every_device(self) -> None:
        """Gross less idle power x duration; null where one device has no baseline; it may be negative."""
        both, one = {"GPU-1": 310.0, "package-0": 50.0}, {"GPU-1": 310.0}
        known = totals(energies([self.gpu, self.package], self.spans, both), self.spans)
        unknown = totals(energies([self.gpu, self.package], self.spans, one), self.spans)

        assert pytest.approx(-100) == known.energy_net_j
        assert unknown.energy_net_j is None

    def test_a_total_that_lacks_a_part_is_null(self) -> None:
        """Where one measured device has no figure, the sum has none."""
        lost = trace(counted(50), [], quantity="energy_j", device="package-0", scope="package")
        total = totals(energies([self.gpu, lost], self.spans, {}), self.spans)

        assert (None, None, None) == (total.energy_j, total.energy_u_j, total.power_rms_w)

    def test_measured_and_estimated_never_meet(self) -> None:
        """An estimate does not enter a measured total, and has columns of its own where nothing is measured."""
        measured = totals(energies([self.gpu, self.estimate], self.spans, {}), self.spans)
        estimated = totals(energies([self.estimate], self.spans, {}), self.spans)

        assert (pytest.approx(3000), None) == (measured.energy_j, measured.energy_estimated_j)
        assert (None, None, None) == (estimated.energy_j, estimated.energy_scopes, estimated.power_rms_w)
        assert (200, 40, 20) == pytest.approx(
            (estimated.energy_estimated_j, estimated.energy_eval_estimated_j, estimated.power_rms_estimated_w)
        )

    def test_a_board_is_not_added_to_its_parts(self) -> None:
        """A board or module contains others; its figure stays in the list of energies."""
        board = trace(counted(900), self.times_s, quantity="energy_j", device="battery", scope="board")
        total = totals(energies([self.gpu, board], self.spans, {}), self.spans)

        assert pytest.approx(3000) == total.energy_j

    def test_nothing_read_is_null(self) -> None:
        """Without traces every column is null."""
        total = totals(energies([], self.spans, {}), self.spans)

        assert {None} == {getattr(total, name) for name in total.__dataclass_fields__}


def test_idle_power_is_the_mean_of_each_device() -> None:
    """The baseline holds the devices whose power can be told, and leaves the others out."""
    times_s = every(0.1, -1, 6)
    lost = trace(steady(1), [], device="GPU-2")

    assert {"GPU-1": pytest.approx(70)} == idle_power_w([trace(steady(70), times_s), lost], start_s=0, end_s=5)
