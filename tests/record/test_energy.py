"""Energy figures on curves whose truth is known."""

import math

import pytest

from raystudy.record.energy import Energy, belongs, energies, idle_powers
from raystudy.record.trace import Quantity, Scope, Trace
from tests.record.traces import counted, every, figure, span, steady, trace


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
        assert (99, 1) == (energy.quality.n_readings, energy.quality.n_errors)

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


class TestNonsense:
    def test_a_sample_beyond_what_the_device_can_draw_is_dropped_and_counted(self) -> None:
        """4 MW for two readings are not 400 kJ."""
        power = trace(lambda at_s: 4e6 if 5 < at_s < 5.25 else 100, every(0.1, -0.05, 11.05), max_w=1_400)
        energy = figure(power, spans=[span(0, 10)])

        assert (pytest.approx(1000), 2) == (energy.energy_j, energy.quality.n_glitches)

    def test_a_counter_that_is_read_very_often_has_an_interval(self) -> None:
        """At 100 Hz neighbours lie too close to tell a power; those further apart do."""
        counter = trace(counted(100), every(0.01, -1, 3), quantity="energy_j", update_s=0.001)

        assert 0 < (figure(counter, spans=[span(0, 2)]).u_j or 0) < 2


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

        assert (None, None, 0) == (energy.energy_j, energy.quality.coverage, energy.quality.n_readings)

    def test_a_counter_that_does_not_move_is_null(self) -> None:
        """A window shorter than a counter's step is not 0 J."""
        energy = figure(trace(steady(77), every(0.1, -1, 2), quantity="energy_j"), spans=[span(0.02, 0.04)])

        assert (None, True) == (energy.energy_j, "did not move" in str(energy.reason))

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
        train, evaluation = energies([power], [span(0, 4), span(4, 6, "eval"), span(6, 10)])

        assert ("train", pytest.approx(800, rel=0.001)) == (train.span, train.energy_j)
        assert ("eval", pytest.approx(100, rel=0.005)) == (evaluation.span, evaluation.energy_j)

    def test_the_half_width_of_a_counter_is_half_a_step_at_either_edge(self) -> None:
        """100 W at 10 Hz: at either edge the counter stood between two readings 10 J apart."""
        energy = figure(trace(counted(100), every(0.1, -1.05, 11.05), quantity="energy_j"), spans=[span(0, 10)])

        assert pytest.approx(10) == energy.u_j

    def test_power_sampled_between_the_steps_sharpens_a_counter(self) -> None:
        """With samples of 100 W the way to the nearest reading is known but for a quarter: 2 x (1.25 + 0.1) J."""
        times_s = every(0.1, -1.05, 201.05)
        energy = figure(
            trace(counted(100), times_s, quantity="energy_j"), trace(steady(100), times_s), spans=[span(0, 200)]
        )

        assert ("counter", pytest.approx(2.7)) == (energy.method, energy.u_j)

    def test_an_estimate_is_marked_and_has_no_interval(self) -> None:
        """A nameplate says joules, and nobody knows how far they are off; an idle machine may have none."""
        estimate = trace(steady(77), every(0.1, -1, 11), quantity="energy_j", estimated=True)
        energy = figure(estimate, spans=[span(0, 10)])

        assert ("estimated", 0.0, None, 0.0) == (energy.method, energy.energy_j, energy.u_j, energy.power_rms_w)

    def test_the_rate_is_that_of_the_readings(self) -> None:
        """What was achieved, not what was asked for."""
        assert pytest.approx(5) == figure(trace(steady(9), every(0.2, -1.1, 11.1)), spans=[span(0, 10)]).quality.rate_hz

    def test_temperature_has_no_joules(self) -> None:
        """Channels that do not tell of energy give no figure."""
        assert () == energies([trace(steady(40), every(0.1, -1, 11), quantity="temperature_c")], [span(0, 10)])


class TestAgreement:
    times_s = every(0.1, -1, 11)

    def figure(self, counter_w: float, power_w: float) -> Energy:
        """Return the figure of a device whose counter and samples may say different things."""
        counter = trace(counted(counter_w), self.times_s, quantity="energy_j")
        return figure(counter, trace(steady(power_w), self.times_s), spans=[span(0, 10)])

    @pytest.mark.parametrize(("power_w", "agree"), [(100, True), (104, True), (110, False)])
    def test_counter_and_integral_agree_within_five_percent(self, power_w: float, *, agree: bool) -> None:
        """Both figures are had where both channels are; further apart, and one of them is wrong."""
        energy = self.figure(100, power_w)

        assert (agree, pytest.approx(100 / power_w)) == (energy.agree, energy.counter_over_integral)

    def test_a_counter_that_disagrees_is_as_uncertain_as_they_are_apart(self) -> None:
        """Half of what the samples say: nobody knows which is right, and the interval holds both."""
        energy = self.figure(100, 200)

        assert (False, "counter") == (energy.agree, energy.method)
        assert pytest.approx(1000, rel=0.01) == energy.u_j

    def test_a_counter_that_stopped_counting_disagrees(self) -> None:
        """It stands still while 100 W flow: the samples give the figure, and the reader is told."""
        stopped = trace(steady(7), self.times_s, quantity="energy_j", update_s=0.1)
        energy = figure(stopped, trace(steady(100), self.times_s), spans=[span(0, 10)])

        assert ("integrated", 0.0, False) == (energy.method, energy.counter_over_integral, energy.agree)

    def test_a_span_shorter_than_what_power_averages_over_is_not_compared(self) -> None:
        """The mean of the second before says nothing of three tenths of one."""
        averaged = trace(steady(400), self.times_s, average_s=1.0)
        counter = trace(counted(800), self.times_s, quantity="energy_j")

        assert figure(counter, averaged, spans=[span(5, 5.3)]).agree is None

    def test_alone_neither_agrees_nor_disagrees(self) -> None:
        """What was not compared is null."""
        assert figure(trace(steady(1), self.times_s), spans=[span(0, 10)]).agree is None

    def test_in_a_span_of_few_steps_the_integral_stands_in(self) -> None:
        """Half a second of a counter of 100 ms steps is vague; samples beside it are not, and bear the difference."""
        counter = trace(counted(300, step_s=0.1), every(0.1, -1.03, 2), quantity="energy_j", update_s=0.1)
        energy = figure(counter, trace(steady(300), every(0.1, -1.03, 2)), spans=[span(0, 0.5)])

        assert ("integrated", pytest.approx(150)) == (energy.method, energy.energy_j)
        assert 0 < (energy.u_j or 0) < 15


class TestShared:
    times_s = every(0.1, -1, 11)
    package = trace(counted(50), times_s, quantity="energy_j", device="package-0", scope="package")
    gpu = trace(counted(300), times_s, quantity="energy_j")

    def shared(self, *traces: Trace, exclusive: bool = True) -> list[bool]:
        """Return for each device whether it is marked."""
        return [energy.shared for energy in energies(traces, [span(0, 10)], exclusive=exclusive)]

    def test_a_node_that_others_use_too_shares_its_package(self) -> None:
        """The GPU is the trial's own all the same."""
        assert [False, True] == self.shared(self.gpu, self.package, exclusive=False)
        assert [False, False] == self.shared(self.gpu, self.package)

    def test_a_partitioned_board_is_shared(self) -> None:
        """MIG: the board's joules are those of all its instances."""
        mig = trace(counted(300), self.times_s, quantity="energy_j", partitioned=True)

        assert [True] == self.shared(mig)

    def test_a_board_on_which_another_process_computed_at_the_start_is_shared(self) -> None:
        """What ran there before the first span was not the trial; what came during it may be, in all of its spans."""
        before = trace(lambda at_s: 1.0 if at_s < 0 else 2.0, self.times_s, quantity="other_processes")
        later = trace(lambda at_s: 0.0 if at_s < 1 else 1.0, self.times_s, quantity="other_processes")
        spans = [span(0, 3, "load"), span(3, 9)]
        marks = [[e.shared for e in energies([self.gpu, told], spans)] for told in (before, later)]

        assert [[True, True], [False, False]] == marks

    def test_a_process_that_trained_before_counts_as_the_trials_own(self) -> None:
        """Where trials share a process, its own context is on the board from the start."""
        before = trace(steady(1), self.times_s, quantity="other_processes")
        (energy,) = energies([self.gpu, before], [span(0, 10)], own_processes=1)

        assert not energy.shared


class TestBelonging:
    @pytest.mark.parametrize(
        ("device", "scope", "own"), [("GPU-1", "gpu", False), ("GPU-2", "gpu", True), ("package-0", "package", True)]
    )
    def test_a_trial_has_its_own_gpus_and_what_the_node_has_once(self, device: str, scope: Scope, *, own: bool) -> None:
        """The board of another trial is not in its figures."""
        channel = trace(steady(1), [0.0], device=device, scope=scope).channel

        assert own == belongs(channel, frozenset({"GPU-2"}))


class TestIdle:
    def test_idle_power_is_the_mean_of_each_device(self) -> None:
        """The baseline holds the devices whose power can be told, and leaves the others out."""
        lost = trace(steady(1), [], device="GPU-2")
        (idle,) = idle_powers([trace(steady(70), every(0.1, -1, 6)), lost], start_s=0, end_s=5)

        assert ("GPU-1", pytest.approx(70), pytest.approx(0.0, abs=0.1)) == (idle.device, idle.power_w, idle.u_w)

    def test_an_unquiet_node_has_an_uncertain_baseline(self) -> None:
        """Five seconds of 60, 80, 60, 80 and 60 W: their mean is uncertain by 2.776 x 10.95 / sqrt(5) W or more."""
        counter = trace(lambda at_s: 60 * at_s + 20 * _odd_s(at_s), every(0.1, -1, 6), quantity="energy_j")
        (idle,) = idle_powers([counter], start_s=0, end_s=5)

        assert pytest.approx(68) == idle.power_w
        assert (idle.u_w or 0) > 13.6


def _odd_s(at_s: float) -> float:
    """Return how much of the time before lies in the second, fourth, sixth ... second."""
    whole, rest = divmod(max(at_s, 0.0), 2.0)
    return whole + max(rest - 1.0, 0.0)
