"""How long to wait before what ended is started again: longer each time, short again once it has lived for a while."""

from __future__ import annotations

import time

PAUSE_S_MIN = 0.2
PAUSE_S_MAX = 5.0
LIVED_S_MIN = 30.0


class Restarts:
    """The pauses of one part. They end by themselves: who keeps ending is tried every PAUSE_S_MAX, for ever."""

    def __init__(self) -> None:
        self._pause_s = PAUSE_S_MIN
        self._since = time.monotonic()

    def started(self) -> None:
        """Note that it was started just now."""
        self._since = time.monotonic()

    def pause_s(self) -> float:
        """Seconds to wait after an end: PAUSE_S_MIN after a life of LIVED_S_MIN, else twice the last pause."""
        if time.monotonic() - self._since >= LIVED_S_MIN:
            self._pause_s = PAUSE_S_MIN
        pause, self._pause_s = self._pause_s, min(self._pause_s * 2, PAUSE_S_MAX)
        return pause
