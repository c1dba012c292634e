"""What a trial waits for before it begins: a node that has cooled down, boards whose memory is free.

    cooldown_s, cool_below_c ──latest_c──▶ Waited        memory of its boards ──▶ free | ClusterError

Nothing of it is measured; the board says what is waited for.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from raystudy.errors import ClusterError
from raystudy.power.nvml_memory import BoardMemory
from raystudy.study import Metering

COOL_S = 600.0
"""A node that is not cool after this has other work, or stands in the sun."""
FREE_S = 60.0
"""Workers that Ray has just ended give their memory back within seconds."""
LEAST_TAKEN = 0.05
"""Share of a board that may be in use by others: drivers, displays and daemons have some."""

_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Waited:
    """How a node cooled down."""

    cooled_s: float | None
    """Null where the study asks for nothing."""
    reasons: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """The time, and how to let it pass; a test has its own."""

    now_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def cool_down(
    metering: Metering,
    latest_c: Callable[[], Mapping[str, float]],
    tell: Callable[[str], None],
    *,
    clock: Clock = Clock(),
) -> Waited:
    """Wait as long as the study asks, then until every device that tells its temperature is cool enough."""
    limit_c = metering.cool_below_c
    if not metering.cooldown_s and limit_c is None:
        return Waited(cooled_s=None, reasons={})
    began_s = clock.now_s()
    if metering.cooldown_s:
        tell(f"cools down for {metering.cooldown_s:g} s")
        clock.sleep(metering.cooldown_s)
    reasons = {} if limit_c is None else _below(limit_c, latest_c, tell, clock)
    return Waited(cooled_s=clock.now_s() - began_s, reasons=reasons)


def _below(
    limit_c: float, latest_c: Callable[[], Mapping[str, float]], tell: Callable[[str], None], clock: Clock
) -> dict[str, str]:
    """Wait until no device is warmer; returns why the trial goes on where one is, or none tells."""
    until_s = clock.now_s() + COOL_S
    while True:
        told_c = latest_c()
        if not told_c:
            return {"cooling": "not waited for: no device of the node tells its temperature"}
        device, warmest_c = max(told_c.items(), key=lambda each: each[1])
        if warmest_c <= limit_c:
            return {}
        if clock.now_s() >= until_s:
            return {"cooling": f"gone on after {COOL_S:.0f} s: {device} was at {warmest_c:.0f} C, not {limit_c:g} C"}
        tell(f"cools down: {device} is at {warmest_c:.0f} C, {limit_c:g} C is asked for")
        clock.sleep(_LOOK_EVERY_S)


def wait_for_memory(
    memory: Callable[[], Iterable[BoardMemory]],
    tell: Callable[[str], None],
    *,
    own_process: bool,
    clock: Clock = Clock(),
) -> None:
    """
    Wait until others hold no more than a little of each board; raises ClusterError where they do not give it back.

    `own_process`: this process has computed on the boards before, so what it holds is no other's.
    """
    until_s = clock.now_s() + FREE_S
    while taken := [sentence for board in memory() if (sentence := _taken(board, own_process=own_process))]:
        if clock.now_s() >= until_s:
            raise ClusterError(
                f"{'; '.join(taken)}. It was not given back within {FREE_S:.0f} s, and a trial would share the board. "
                "End those processes, or give Ray other GPUs."
            )
        tell(f"waits for memory: {taken[0]}")
        clock.sleep(_LOOK_EVERY_S)


def _taken(board: BoardMemory, *, own_process: bool) -> str | None:
    """Say how much of a board others hold; null where it is little, or cannot be told from what is our own."""
    own_bytes = board.by_process_bytes.get(os.getpid())
    if own_process and own_bytes is None:
        return None  # in a container NVML counts processes as the host does, or names none: ours may be one of them
    others_bytes = board.used_bytes - (own_bytes or 0)
    if others_bytes <= LEAST_TAKEN * board.total_bytes:
        return None
    pids = ", ".join(str(pid) for pid in board.by_process_bytes if pid != os.getpid())
    return (
        f"{others_bytes / 2**30:.1f} of {board.total_bytes / 2**30:.0f} GiB of {board.name} ({board.uuid}) are in use "
        f"by {f'process {pids}' if pids else 'processes that NVML does not name'}"
    )
