"""Runs a command as if nobody stood between it and the shell: its streams, its signals, its exit code.

    Ctrl-C ──terminal──▶ the command, and this process: it waits       SIGTERM ──▶ this process ──▶ the command

What a shell says by an exit code is said by the same one: not found, not executable, ended by a signal.
"""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import Self

NOT_EXECUTABLE, NOT_FOUND, BY_SIGNAL = 126, 127, 128
"""Exit codes as a shell gives them (POSIX.1-2024, Shell Command Language, 2.8.2)."""

PASS_ON_S = 1.0
"""An interrupt that comes from no terminal is passed on if the command has not ended of it after this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A command that has ended, or could not be started."""

    exit_code: int
    start_s: float
    """Monotonic clock, as the end."""
    end_s: float
    refusal: str | None = None
    """Why it could not be started."""


def run(words: Sequence[str], signals: "Signals", *, stdout: int | None = None) -> Ended:
    """Run a command to its end and return how it ended; `stdout` is the descriptor it writes to, else its own."""
    signals.take()
    start_s = time.monotonic()
    try:
        # What this process was given, as a jobserver of make, is the command's, too; what Python opens is not.
        child = subprocess.Popen(words, stdout=stdout, close_fds=False)  # noqa: S603 - it is the user's own
    except (OSError, ValueError) as error:
        code, refusal = _refusal(words[0], error)
        return Ended(exit_code=code, start_s=start_s, end_s=time.monotonic(), refusal=refusal)
    signals.pass_to(child)
    code = child.wait()
    return Ended(exit_code=BY_SIGNAL - code if code < 0 else code, start_s=start_s, end_s=time.monotonic())


def _refusal(name: str, error: Exception) -> tuple[int, str]:
    """Return the exit code and the sentence for a command that cannot be started."""
    why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    if isinstance(error, FileNotFoundError) and shutil.which(name) is None:
        return NOT_FOUND, f"The command {name!r} was not found: a program on the PATH, or the path of one, is expected."
    if isinstance(error, FileNotFoundError):
        return NOT_EXECUTABLE, f"The command {name!r} cannot be run: the interpreter in its first line was not found."
    return NOT_EXECUTABLE, f"The command {name!r} cannot be run: {why}. An executable file is expected."


class Signals:
    """
    Signals that end a command, from when it starts on until this closes: they are the command's, and end nothing here.

    So an impatient second Ctrl-C, which comes when the command has ended, does not cost what is to be told of it. One
    that was ignored before stays ignored, for the command as well.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._waiting: list[int] = []
        self._handlers = {
            signal.SIGINT: self._on_interrupt,
            signal.SIGQUIT: self._on_interrupt,
            signal.SIGTERM: self._on_terminate,
            signal.SIGHUP: self._on_terminate,
        }

    def __enter__(self) -> Self:
        self._before = {number: signal.getsignal(number) for number in self._handlers}
        return self

    def __exit__(self, *_error: object) -> None:
        for number, earlier in self._before.items():
            signal.signal(number, earlier)

    def take(self) -> None:
        """Take them from now on; those that come before the command is there wait for it."""
        for number, handler in self._handlers.items():
            if self._before[number] is not signal.SIG_IGN:
                signal.signal(number, handler)

    def pass_to(self, child: "subprocess.Popen[bytes]") -> None:
        """Take the command, and tell it what came before."""
        self._child = child
        for number in self._waiting:
            self._tell(number)

    def _tell(self, number: int) -> None:
        """Pass a signal on, unless the command has ended."""
        if self._child is None:
            self._waiting.append(number)
        else:
            with suppress(ProcessLookupError):
                self._child.send_signal(number)

    def _on_terminate(self, number: int, _frame: FrameType | None) -> None:
        """Pass on what was meant for the command and came here."""
        self._tell(number)

    def _on_interrupt(self, number: int, _frame: FrameType | None) -> None:
        """A terminal has told the command itself; any other sender may have meant the group, or this process alone."""
        if not _in_foreground():
            later = threading.Timer(PASS_ON_S, self._tell, (number,))
            later.daemon = True
            later.start()


def _in_foreground() -> bool:
    """Whether this process is of the group to which its terminal sends Ctrl-C."""
    with suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        finally:
            os.close(terminal)
    return False
