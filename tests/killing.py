"""The end of a trial's process as an out-of-memory kill makes it."""

import contextlib
import os
import signal

import psutil


def kill_trials() -> list[int]:
    """Kill every process of this one's that trains a trial, and return their numbers; what has ended is passed over."""
    killed = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one, too
            if "Trial" in " ".join(process.cmdline()):
                os.kill(process.pid, signal.SIGKILL)
                killed.append(process.pid)
    return killed
