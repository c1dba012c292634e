"""What a sweep shows where its output is piped: a line when something has changed, and no more."""

import dataclasses
import io
import os
import subprocess
import sys

from rich.console import Console

from raystudy.cli.display import Display
from raystudy.record.live import Running, Snapshot

RUNNING = Running(
    trial_id="a",
    node="0123456789ab",
    host="h",
    device="cpu",
    tokens_seen=500,
    budget_tokens=1000,
    tokens_per_s=10.0,
    loss=2.0,
)
SNAPSHOT = Snapshot(
    what="trials", planned=2, done=0, failed=0, running=(RUNNING,), power_w={}, elapsed_s=61.0, left_s=None
)


SWEEP = """
import os, sys
from rich.console import Console
from raystudy.cli.display import Display
display = Display("s", Console())
for _ in range(3):
    display.tell("nobody reads this")
print("went on", file=sys.stderr)
"""


def shown(*snapshots: Snapshot) -> list[str]:
    """Return the lines that a display writes of some snapshots."""
    written = io.StringIO()
    with Display("s", Console(file=written, width=200)) as display:
        for snapshot in snapshots:
            display.watch(snapshot)
    return written.getvalue().splitlines()


def test_a_line_whenever_a_trial_has_finished() -> None:
    """Seconds that pass are no news; a trial that is done is."""
    later, done = dataclasses.replace(SNAPSHOT, elapsed_s=62.0), dataclasses.replace(SNAPSHOT, done=1, elapsed_s=63.0)

    assert ["s: 0 of 2 trials, 1:01 gone", "s: 1 of 2 trials, 1:03 gone"] == shown(SNAPSHOT, later, done)


def test_a_line_when_a_trial_waits() -> None:
    """What hinders a trial is said once, though its words change with each second; and that it goes on."""
    full, fuller = (
        dataclasses.replace(SNAPSHOT, running=(dataclasses.replace(RUNNING, doing=f"waits {n} s"),)) for n in (1, 2)
    )

    assert ["s: 0 of 2 trials, 1:01 gone, a: waits 1 s", "s: 0 of 2 trials, 1:01 gone"] == shown(full, fuller, SNAPSHOT)


def test_a_closed_pipe_ends_no_sweep() -> None:
    """A sweep whose output is piped to `head` goes on in silence."""
    here, there = os.pipe()
    os.close(here)
    sweep = subprocess.run([sys.executable, "-c", SWEEP], stdout=there, stderr=subprocess.PIPE, text=True, check=False)
    os.close(there)

    assert (0, "went on\n") == (sweep.returncode, sweep.stderr)
