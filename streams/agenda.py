"""The agenda: which open case has something falling due at which instant next. Cases by their id, instants in ms.

Owns the order of the instants. Of a case it holds no more than its id and that instant, so that a million open cases
take some 300 MB; and nothing else grows, however often an instant changes.
"""

from __future__ import annotations

import heapq

from eventlog.position import partition_of

AGAIN_MS = 250


class Agenda:
    """The next instant of every open case of some partitions."""

    def __init__(self) -> None:
        self._due: dict[int, dict[str, int]] = {}
        self._heap: list[tuple[int, str]] = []
        """Each case of `_due` stands here at its instant, or at one that has passed; what stands elsewhere is old."""

    def __len__(self) -> int:
        return sum(len(cases) for cases in self._due.values())

    def note(self, partition: int, case_id: str, due_ms: int | None) -> None:
        """What falls due next in this case; None: nothing that is known."""
        cases = self._due.setdefault(partition, {})
        if due_ms is None:
            cases.pop(case_id, None)
        elif cases.get(case_id) != due_ms:
            cases[case_id] = due_ms
            heapq.heappush(self._heap, (due_ms, case_id))

    def forget(self, partition: int) -> None:
        """Nothing is known of this partition any more."""
        self._due.pop(partition, None)

    def take(self, now_ms: int, most: int) -> list[tuple[str, int]]:
        """At most so many cases whose instant has passed, each with it; they are given again AGAIN_MS later unless
        something else was noted by then."""
        taken: list[tuple[str, int]] = []
        while self._heap and self._heap[0][0] < now_ms and len(taken) < most:
            at_ms, case_id = heapq.heappop(self._heap)
            due_ms = self._due.get(partition_of(case_id), {}).get(case_id)
            if due_ms is not None and due_ms <= at_ms:
                taken.append((case_id, due_ms))
                heapq.heappush(self._heap, (now_ms + AGAIN_MS, case_id))
        return taken
