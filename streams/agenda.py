"""The agenda: which open case has something falling due at which instant next. Cases by their id, instants in ms.

Owns the order of the instants. Of a case it holds no more than its id and that instant, so that a million open cases
take some 300 MB; and nothing else grows, however often an instant changes.
"""

from __future__ import annotations

import heapq

from eventlog.position import partition_of

AGAIN_MS = 250
OLD_TIMES_MAX, OLD_SPARED = 2, 1_000
"""Old entries are thrown out once there are more entries than that many times the cases, and some to spare."""


class Agenda:
    """The next instant of every open case of some partitions."""

    def __init__(self) -> None:
        self._due: dict[int, dict[str, int]] = {}
        self._again: dict[str, int] = {}
        """Cases that were given and not noted since → when they are given again."""
        self._heap: list[tuple[int, str]] = []
        """Each case of `_due` stands here once where it is given next (`_stands`); what stands elsewhere is old."""

    def __len__(self) -> int:
        return sum(len(cases) for cases in self._due.values())

    @property
    def kept(self) -> int:
        """How many entries are held, old ones too."""
        return len(self._heap)

    def note(self, partition: int, case_id: str, due_ms: int | None) -> None:
        """What falls due next in this case; None: nothing that is known."""
        cases = self._due.setdefault(partition, {})
        if due_ms is None:
            cases.pop(case_id, None)
            self._again.pop(case_id, None)
        elif cases.get(case_id) != due_ms:
            cases[case_id] = due_ms
            self._again.pop(case_id, None)
            heapq.heappush(self._heap, (due_ms, case_id))
            self._tidy()

    def forget(self, partition: int) -> None:
        """Nothing is known of this partition any more."""
        for case_id in self._due.pop(partition, {}):
            self._again.pop(case_id, None)

    def take(self, now_ms: int, most: int) -> list[tuple[str, int]]:
        """At most so many cases whose instant has passed, each with it; they are given again AGAIN_MS later unless
        something else was noted by then."""
        taken: list[tuple[str, int]] = []
        while self._heap and self._heap[0][0] < now_ms and len(taken) < most:
            at_ms, case_id = heapq.heappop(self._heap)
            due_ms = self._due.get(partition_of(case_id), {}).get(case_id)
            if due_ms is not None and at_ms == self._stands(case_id, due_ms):
                taken.append((case_id, due_ms))
                self._again[case_id] = now_ms + AGAIN_MS
                heapq.heappush(self._heap, (now_ms + AGAIN_MS, case_id))
        return taken

    def _stands(self, case_id: str, due_ms: int) -> int:
        return self._again.get(case_id, due_ms)

    def _tidy(self) -> None:
        if len(self._heap) > OLD_TIMES_MAX * len(self) + OLD_SPARED:
            self._heap = [(self._stands(c, due), c) for cases in self._due.values() for c, due in cases.items()]
            heapq.heapify(self._heap)
