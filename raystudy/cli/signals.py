"""What a signal does to a sweep: the first has it tidied up, the second ends it at once.

signal ──▶ KeyboardInterrupt in the main thread ──▶ contexts end ──▶ exit code 128 + its number
   └ another one ──▶ what was left to be done, two seconds of it ──▶ the same exit code, at once
"""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import NoReturn, Self

import typer
from rich.console import Console

BY_SIGNAL = 128
"""Added to the number of a signal, it is the exit code of what that signal has ended."""

TIDY_S = 2.0


class Signals:
    """
    What ends a sweep: the first Ctrl-C, SIGTERM or SIGHUP has it tidied up, the next one ends the process at once.

    An error that leaves the context after the first is that signal's. One that was ignored before (`nohup`) stays
    ignored.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._first: int | None = None
        self._left: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        """Take them."""
        taken = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        self._before = {each: now for each in taken if (now := signal.getsignal(each)) is not signal.SIG_IGN}
        for number in self._before:
            signal.signal(number, self._on)
        return self

    def check(self) -> None:
        """Raise KeyboardInterrupt if one came: what is raised while Python collects garbage goes no further."""
        if self._first is not None:
            raise KeyboardInterrupt

    def leave(self, tidy: Callable[[], None]) -> None:
        """Take what is to be done where the second signal comes, the last one first, if it takes no longer than 2 s."""
        self._left.append(tidy)

    def end_at_once(self, code: int) -> NoReturn:
        """End the process with what was left to be done, from any thread."""
        tidying = threading.Thread(target=self._tidy, daemon=True)
        tidying.start()
        tidying.join(TIDY_S)  # a store or a terminal may not answer
        os._exit(code)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give them back; once one came they stay, so that the next one ends in silence whatever Python does then."""
        if self._first is None:
            for number, handler in self._before.items():
                signal.signal(number, handler)
        elif error is not None and not isinstance(error, typer.Exit | SystemExit):
            raise typer.Exit(BY_SIGNAL + self._first) from None

    def exit_code(self, error: BaseException) -> int | None:
        """Return what to exit with, as a shell would say it; null where no signal was the cause of an error."""
        if isinstance(error, SystemExit) and error.code == signal.SIGTERM:
            return BY_SIGNAL + signal.SIGTERM  # it came while ray.init had just taken it
        return None if self._first is None else BY_SIGNAL + self._first

    def _on(self, number: int, _frame: FrameType | None) -> None:
        if self._first is not None:
            self.end_at_once(BY_SIGNAL + self._first)
        self._first = number
        raise KeyboardInterrupt

    def _tidy(self) -> None:
        # The terminal comes last: the main thread may have been stopped as it wrote to it.
        left: list[Callable[[], object]] = [*reversed(self._left), self.console.show_cursor]
        for tidy in left:
            with suppress(Exception):
                tidy()
