"""Signals end a sweep with the exit code that a shell would give: the first tidies up, the second does not."""

import os
import signal
import subprocess
import sys

import pytest
from rich.console import Console

from raystudy.cli.signals import Signals

SWEEP = """
import os, sys, time
from rich.console import Console
from raystudy.cli.signals import Signals
signals = Signals(Console())
with signals:
    signals.leave(lambda: os.write(1, b"deletes its folder\\n"))  # print waits for one that a signal has stopped
    try:
        try:
            print("sweeps", flush=True)
            time.sleep(60)
        finally:
            print("tidies up", flush=True)
            time.sleep({tidying_s})
            raise RuntimeError("Ray is gone already")
    except BaseException as error:
        sys.exit(signals.exit_code(error))
"""


def sweep(*, tidying_s: float = 0.0, before: str = "") -> "subprocess.Popen[str]":
    """Return a process that sweeps, and does something `before`."""
    code = before + SWEEP.format(tidying_s=tidying_s)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line(process)
    return process


def line(process: "subprocess.Popen[str]") -> str:
    """Return the next line of what a process says."""
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_has_the_sweep_tidied_up(number: signal.Signals, code: int) -> None:
    """Whatever breaks meanwhile, the exit code is that of the signal, and nobody sees a traceback."""
    process = sweep()
    process.send_signal(number)
    said, errors = process.communicate(timeout=30)

    assert (code, "tidies up\n", "") == (process.returncode, said, errors)


def test_a_second_one_ends_it_at_once() -> None:
    """
    An impatient Ctrl-C is not waited for; the exit code is that of the first signal.

    What is quick is done all the same: nothing is left behind.
    """
    process = sweep(tidying_s=60)
    process.send_signal(signal.SIGTERM)
    line(process)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=30)

    assert (143, "deletes its folder\n", "") == (process.returncode, said, errors)


def test_a_store_that_hangs_is_not_waited_for() -> None:
    """What is left to be done has two seconds."""
    code = "import time\nfrom rich.console import Console\nfrom raystudy.cli.signals import Signals\n"
    code += "signals = Signals(Console())\nsignals.leave(lambda: time.sleep(60))\nsignals.end_at_once(130)"

    assert 130 == subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode


LOST = """
import signal, sys
from rich.console import Console
from raystudy.cli.signals import Signals
class Garbage:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
sys.unraisablehook = lambda _: None
signals = Signals(Console())
with signals:
    try:
        Garbage()
        print("is lost", flush=True)
        signals.check()
    except KeyboardInterrupt as error:
        sys.exit(signals.exit_code(error))
"""


def test_one_that_python_loses_is_found() -> None:
    """What is raised while garbage is collected goes no further; the sweep, which asks, ends all the same."""
    ended = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, timeout=30, check=False)

    assert (130, "is lost\n", "") == (ended.returncode, ended.stdout, ended.stderr)


IMPORTS = """
import importlib.abc, os, signal, sys
class Impatient(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "raystudy.cli.verbs":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Impatient())
sys.argv = ["raystudy", "plan"]
from raystudy.cli import main
main()
"""


def test_ctrl_c_while_it_starts_is_silent() -> None:
    """Nothing has begun: no traceback of an import, and no error that C code makes of it."""
    ended = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, timeout=30, check=False)

    assert (130, "", "") == (ended.returncode, ended.stdout, ended.stderr)


def test_what_was_ignored_stays_ignored() -> None:
    """Under `nohup` the end of the terminal is not the end of the sweep."""
    process = sweep(before="import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)")
    process.send_signal(signal.SIGHUP)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=30)

    assert 130 == process.returncode


def test_rays_own_end_of_a_term_is_told_alike() -> None:
    """ray.init takes SIGTERM for itself and exits with 15, which is no exit code of a signal."""
    assert 143 == Signals(Console()).exit_code(SystemExit(signal.SIGTERM))
    assert None is Signals(Console()).exit_code(SystemExit(1))
