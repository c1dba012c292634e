"""A trial begins on a cool node, and on boards that are its own."""

import os
from collections.abc import Iterator

import pytest

from raystudy.errors import ClusterError
from raystudy.power.nvml_memory import BoardMemory
from raystudy.study import Metering
from raystudy.sweep.waiting import Clock, Waited, cool_down, wait_for_memory


class Passing:
    """A time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def sleep(self, duration_s: float) -> None:
        """Let it pass."""
        self.now_s += duration_s

    @property
    def clock(self) -> Clock:
        """The clock that shows it."""
        return Clock(now_s=lambda: self.now_s, sleep=self.sleep)


def cooling(*steps_c: float) -> Iterator[dict[str, float]]:
    """Yield the temperatures of a board, second by second, the last one for ever; a cool one is beside it."""
    while True:
        yield {"GPU-a": 20.0, "GPU-b": steps_c[0]}
        steps_c = steps_c[1:] or steps_c


def memory(used_gib: float, *pids: int) -> BoardMemory:
    """Return a board of 100 GiB."""
    by_process_bytes: dict[int, int | None] = dict.fromkeys(pids, int(used_gib * 2**30))
    return BoardMemory(
        uuid="GPU-a",
        name="FAKE H200",
        used_bytes=int(used_gib * 2**30),
        total_bytes=100 * 2**30,
        by_process_bytes=by_process_bytes,
    )


def test_nothing_is_waited_for_unless_the_study_asks() -> None:
    """No time, and no reason: the row says null, not 0 s."""
    assert Waited(cooled_s=None, reasons={}) == cool_down(Metering(), lambda: {"GPU-b": 90.0}, lambda _: None)


def test_a_study_may_ask_for_a_time() -> None:
    """It is waited, whatever the temperature."""
    waited = cool_down(Metering(cooldown_s=30), lambda: {"GPU-b": 90.0}, lambda _: None, clock=Passing().clock)

    assert Waited(cooled_s=30.0, reasons={}) == waited


def test_a_study_may_ask_for_a_temperature() -> None:
    """The warmest device of the node counts, and the board says what is waited for."""
    steps, told = cooling(70, 65, 60), list[str]()
    waited = cool_down(Metering(cool_below_c=60), lambda: next(steps), told.append, clock=Passing().clock)

    assert Waited(cooled_s=2.0, reasons={}) == waited
    assert "cools down: GPU-b is at 70 C, 60 C is asked for" == told[0]


def test_a_node_that_stays_warm_is_used_all_the_same() -> None:
    """Ten minutes, then the trial goes on, and its row says so."""
    waited = cool_down(Metering(cool_below_c=30), lambda: {"GPU-b": 45.0}, lambda _: None, clock=Passing().clock)

    assert Waited(cooled_s=600.0, reasons={"cooling": "gone on after 600 s: GPU-b was at 45 C, not 30 C"}) == waited


def test_a_node_without_a_thermometer_is_not_waited_for() -> None:
    """Nobody could tell when it is cool."""
    waited = cool_down(Metering(cool_below_c=30), dict, lambda _: None, clock=Passing().clock)

    assert (0.0, ["cooling"]) == (waited.cooled_s, list(waited.reasons))


def test_memory_that_is_given_back_is_waited_for() -> None:
    """A worker that has just ended keeps its memory for some seconds."""
    boards, told = iter([memory(40, 1), memory(40, 1), memory(0.5)]), list[str]()
    wait_for_memory(lambda: [next(boards)], told.append, own_process=False, clock=Passing().clock)

    assert 2 == len(told)


def test_memory_that_is_kept_fails_the_trial() -> None:
    """The sentence names the board, the amount, and who has it."""
    with pytest.raises(
        ClusterError, match=r"^40.0 of 100 GiB of FAKE H200 \(GPU-a\) are in use by process 1, 2. .* within 60 s"
    ):
        wait_for_memory(lambda: [memory(40, 1, 2)], lambda _: None, own_process=False, clock=Passing().clock)


def test_a_little_is_left_to_others() -> None:
    """Drivers and displays have some of each board."""
    wait_for_memory(lambda: [memory(4.9, 1)], lambda _: None, own_process=False, clock=Passing().clock)


@pytest.mark.parametrize("pids", [(os.getpid(),), (1,), ()])
def test_the_trial_before_it_in_the_same_process_is_no_other(pids: tuple[int, ...]) -> None:
    """What this process holds is its own; in a container nobody can tell which process it is, if any."""
    wait_for_memory(lambda: [memory(40, *pids)], lambda _: None, own_process=True, clock=Passing().clock)
