"""A counter of finite range, made endless: its value never runs backwards."""


class Counter:
    """Counts the laps of one hardware counter. It must see every reading, so each counter has one reader."""

    def __init__(self, modulus: int) -> None:
        self._modulus = modulus
        self._laps = 0
        self._last = 0

    def unwrapped(self, raw: int) -> int:
        """Return what the counter would show had it never started again; in its own unit."""
        if raw < self._last:
            self._laps += 1
        self._last = raw
        return raw + self._laps * self._modulus
