"""NVIDIA boards through NVML: energy, power and state of each, by UUID.

    Nvml ──a thread a board──▶ _Opening ──deadline──▶ the lines of each board; of a lost one, a line that may come back

NVML sees every board of the node, whatever CUDA_VISIBLE_DEVICES says; which of them belong to a trial is asked later.
"""

import contextlib
import threading
import time
from collections.abc import Iterator

import pynvml

from raystudy.errors import MeterError, NoMeterError
from raystudy.power.meter import Line
from raystudy.power.nvml_board import board_of, lost_line

OPEN_S = 3.0
"""What a board has not told after this is not waited for; a sound one takes some milliseconds."""


class Nvml:
    """All NVIDIA boards of this node. Raises NoMeterError where there is none, MeterError where none can be read."""

    def __init__(self, *, open_s: float = OPEN_S) -> None:
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            raise _refusal(error) from error
        try:
            self._lines = tuple(_all_lines(pynvml.nvmlDeviceGetCount(), time.monotonic() + open_s))
        except pynvml.NVMLError as error:
            self.close()
            raise _refusal(error) from error
        except MeterError:
            self.close()
            raise

    @property
    def lines(self) -> tuple[Line, ...]:
        """Energy, power and state of each board, as far as the board has them."""
        return self._lines

    def close(self) -> None:
        """Let go of the library."""
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _refusal(error: Exception) -> MeterError:
    """Return what to tell a user whose NVML does not open."""
    if isinstance(error, pynvml.NVMLError_LibraryNotFound | pynvml.NVMLError_DriverNotLoaded):
        return NoMeterError(
            f"NVML cannot be opened: {error}.",
            "It comes with the NVIDIA driver (libnvidia-ml.so.1): install the driver, or start the container with "
            "the GPUs given to it (`docker run --gpus all`).",
        )
    if isinstance(error, pynvml.NVMLError_LibRmVersionMismatch):
        return MeterError(f"NVML cannot be opened: {error}.", "The driver was updated while loaded: restart the node.")
    return MeterError(
        f"NVML cannot be opened: {error}.", "`nvidia-smi` should work for this user; /dev/nvidiactl must be readable."
    )


def _all_lines(boards: int, until_s: float) -> Iterator[Line]:
    """Yield the lines of each board; one that is lost, or hangs, has a line that fails, and harms no other."""
    if not boards:
        raise NoMeterError("NVML finds no board.", "`nvidia-smi -L` should list at least one.")
    openings = [_Opening(index) for index in range(boards)]
    for opening in openings:
        opening.join(max(until_s - time.monotonic(), 0.0))
    if all(opening.uuid is None for opening in openings):
        raise MeterError(f"None of {boards} boards answers NVML: {openings[0].error}.", "`nvidia-smi` may tell more.")
    for index, opening in enumerate(openings):
        yield from tuple(opening.lines) or (lost_line(index, opening.uuid),)


class _Opening(threading.Thread):
    """Asks one board what it has; where that never ends, what is known stays, and the thread is left alone."""

    def __init__(self, index: int) -> None:
        super().__init__(name=f"raystudy-nvml-{index}", daemon=True)
        self._index = index
        self.uuid: str | None = None
        self.lines: list[Line] = []
        self.error: Exception = pynvml.NVMLError(pynvml.NVML_ERROR_TIMEOUT)
        """What went wrong, `timeout` while it is asked."""
        self.start()

    def run(self) -> None:
        """Ask."""
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(self._index)
            self.uuid = pynvml.nvmlDeviceGetUUID(handle)
            for line in board_of(handle, self.uuid).lines():
                self.lines.append(line)  # each stays, should the next never come
        except Exception as error:  # noqa: BLE001 - a board may fail in any way, and the others shall be read
            self.error = error
