"""What a trial's joules add up to, and what never meets in one sum."""

from dataclasses import replace

import pytest

from raystudy.record.energy import Idle, energies
from raystudy.record.totals import added, totals
from tests.record.traces import counted, every, span, steady, trace


class TestTotals:
    times_s = every(0.1, -1.05, 13.05)
    spans = (span(0, 10), span(10, 12, "eval"))
    gpu = trace(counted(300), times_s, quantity="energy_j")
    package = trace(counted(50), times_s, quantity="energy_j", device="package-0", scope="package")
    estimate = trace(counted(20), times_s, quantity="energy_j", device="nameplate", scope="package", estimated=True)

    def test_devices_are_added_up(self) -> None:
        """Joules, half-widths and RMS of all measured devices, training and evaluation apart."""
        total = totals(energies([self.gpu, self.package], self.spans), self.spans)

        assert (3500, 700, 350) == pytest.approx((total.energy_j, total.energy_eval_j, total.power_rms_w))
        assert "gpu+package" == total.energy_scopes
        assert pytest.approx(30 + 5) == total.energy_u_j

    def test_net_is_less_the_baseline_of_every_device(self) -> None:
        """Gross less idle power x duration, uncertain by both; null where a device has no baseline; may be negative."""
        package, gpu = (
            Idle(scope=scope, device=device, power_w=w, u_w=1.0)
            for scope, device, w in (("package", "package-0", 50.0), ("gpu", "GPU-1", 310.0))
        )
        both = energies([self.gpu, self.package], self.spans, [gpu, package])
        known = totals(both, self.spans)
        unknown = totals(energies([self.gpu, self.package], self.spans, [gpu]), self.spans)

        assert pytest.approx(-100) == known.energy_net_j
        assert pytest.approx((known.energy_u_j or 0) + 20) == known.energy_net_u_j
        assert (None, None) == (unknown.energy_net_j, unknown.energy_net_u_j)

    def test_gains_of_devices_add_as_squares(self) -> None:
        """5 % of 3000 J and 5 % of 500 J are 4.35 % of both; unknown where one maker specifies none."""
        gpu = trace(counted(300), self.times_s, quantity="energy_j", rel_gain=0.05)
        package = trace(counted(50), self.times_s, quantity="energy_j", device="p", scope="package", rel_gain=0.05)
        known, unknown = (totals(energies([gpu, p], self.spans), self.spans) for p in (package, self.package))

        assert pytest.approx(0.05 * (3000**2 + 500**2) ** 0.5 / 3500) == known.energy_rel_gain
        assert unknown.energy_rel_gain is None

    def test_what_is_shared_is_told_apart(self) -> None:
        """Joules that others may have caused are no part of the trial's own."""
        total = totals(energies([self.gpu, self.package], self.spans, exclusive=False), self.spans)

        assert ("gpu", pytest.approx(3000)) == (total.energy_scopes, total.energy_j)
        assert pytest.approx(500) == total.energy_shared_j

    def test_a_total_that_lacks_a_part_is_null(self) -> None:
        """Where one measured device has no figure, the sum has none."""
        lost = trace(counted(50), [], quantity="energy_j", device="package-0", scope="package")
        total = totals(energies([self.gpu, lost], self.spans), self.spans)

        assert (None, None, None) == (total.energy_j, total.energy_u_j, total.power_rms_w)

    def test_measured_and_estimated_never_meet(self) -> None:
        """An estimate does not enter a measured total, and has columns of its own where nothing is measured."""
        measured = totals(energies([self.gpu, self.estimate], self.spans), self.spans)
        estimated = totals(energies([self.estimate], self.spans), self.spans)

        assert (pytest.approx(3000), None) == (measured.energy_j, measured.energy_estimated_j)
        assert (None, None, None) == (estimated.energy_j, estimated.energy_scopes, estimated.power_rms_w)
        assert (200, 40, 20) == pytest.approx(
            (estimated.energy_estimated_j, estimated.energy_eval_estimated_j, estimated.power_rms_estimated_w)
        )

    def test_a_board_is_not_added_to_its_parts(self) -> None:
        """A board or module contains others; its figure stays in the list of energies."""
        board = trace(counted(900), self.times_s, quantity="energy_j", device="battery", scope="board")
        total = totals(energies([self.gpu, board], self.spans), self.spans)

        assert pytest.approx(3000) == total.energy_j

    @pytest.mark.parametrize(("power_w", "covers"), [(30.0, "board"), (None, None)])
    def test_a_board_speaks_where_no_part_is_measured(self, power_w: float | None, covers: str | None) -> None:
        """A laptop on battery tells the whole machine; at the plug it says nothing, and the estimate is kept."""
        failed = range(len(self.times_s)) if power_w is None else ()
        battery = trace(steady(power_w or 0.0), self.times_s, device="battery", scope="board", failed=failed)
        total = totals(energies([battery, self.estimate], self.spans), self.spans)

        assert (covers, power_w is None) == (total.energy_scopes, total.energy_estimated_j is not None)

    def test_nothing_read_is_null(self) -> None:
        """Without traces every column is null."""
        total = totals(energies([], self.spans), self.spans)

        assert {None} == {getattr(total, name) for name in total.__dataclass_fields__}

    def test_places_are_added_up(self) -> None:
        """Joules add, gains of two boards add as squares, RMS powers by their squares over time."""
        gpu = trace(counted(300), self.times_s, quantity="energy_j", rel_gain=0.05)
        here = totals(energies([gpu], self.spans), self.spans)
        both = added([(here, 10.0), (replace(here, energy_j=1000.0, power_rms_w=100.0), 10.0)])

        assert (pytest.approx(4000), "gpu") == (both.energy_j, both.energy_scopes)
        assert pytest.approx(0.05 * (3000**2 + 1000**2) ** 0.5 / 4000) == both.energy_rel_gain
        assert pytest.approx(((300**2 + 100**2) / 2) ** 0.5) == both.power_rms_w

    def test_a_place_without_joules_leaves_no_sum(self) -> None:
        """What one place lacks, the trial lacks; what covers different parts has no one name."""
        here = totals(energies([self.gpu], self.spans), self.spans)
        both = added([(here, 10.0), (replace(here, energy_j=None, energy_scopes="package"), 10.0)])

        assert (None, None) == (both.energy_j, both.energy_scopes)
