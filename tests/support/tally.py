"""What a torture broke and what came of it: one JSON line each, added up to the summary that people read.

A leg is one system from its start to its verdict. What was broken in a leg without a verdict was not verified: it is
told as such, and its failpoints are not counted as done.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ops.verify.log import Wrong

DIVERGENCES = (
    Wrong.TOLD_OTHERWISE,
    Wrong.DECIDED_OTHERWISE,
    Wrong.ROWS_DIFFER,
    Wrong.OUT_OF_ORDER,
    "screen",
    "hub",
    "audit",
)
COUNTED = {
    "lost": (Wrong.LOST, Wrong.HOLE, Wrong.UNDECIDED),
    "doubled": (Wrong.DOUBLED, "copy_decided"),
    "forks": (Wrong.FORK, Wrong.BROKEN_CHAIN),
    "divergences": DIVERGENCES,
}
"""What the summary counts under one word; whatever else is wrong stands there in its own words."""


class Broken(msgspec.Struct, frozen=True, omit_defaults=True, tag="broken"):
    """One fault: seconds until people were answered, and until all parts worked again. `name`, `nth` and `process` are
    of a failpoint: which kill of it this was, and who died."""

    leg: str
    kind: str
    answered_s: float
    live_s: float
    name: str = ""
    nth: int = 0
    process: str = ""


class Missed(msgspec.Struct, frozen=True, omit_defaults=True, tag="missed"):
    """A fault that could not be made, and why."""

    leg: str
    what: str
    why: str


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, tag="verdict"):
    """The end of a leg: what people did, and what the checker found. `minutes` is how long things broke at random on
    one machine, `cluster_minutes` on a cluster; `per_second` is how many outcomes people were told in a second: the
    median, faults included, and the most."""

    leg: str
    seed: int
    seconds: float
    minutes: float = 0.0
    cluster_minutes: float = 0.0
    actions: int = 0
    acknowledged: int = 0
    unknown: int = 0
    per_second: tuple[int, int] = (0, 0)
    acts: dict[str, int] = {}
    breaches: int = 0
    decisions: int = 0
    copies: int = 0
    joined_again: int = 0
    findings: dict[str, int] = {}
    wrong: list[str] = []


Line = Broken | Missed | Verdict
_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


class Tally:
    """All lines so far; with a file also those of earlier runs. `add` writes each at once, so that none is lost; one
    that was cut off by the end of its run is dropped."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self.lines: list[Line] = []
        if file is not None and file.exists():
            whole, _, _ = file.read_bytes().rpartition(b"\n")
            self.lines = [_decoder.decode(line) for line in whole.splitlines()]
            file.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in self.lines))

    def add(self, line: Line) -> None:
        """One more."""
        self.lines.append(line)
        if self._file is not None:
            with self._file.open("ab") as output:
                output.write(msgspec.json.encode(line) + b"\n")

    @property
    def verdicts(self) -> list[Verdict]:
        """The legs that came to their end."""
        return [line for line in self.lines if isinstance(line, Verdict)]

    @property
    def wrong(self) -> list[str]:
        """Everything that any leg found wrong."""
        return [f"{verdict.leg}: {text}" for verdict in self.verdicts for text in verdict.wrong]

    def broken(self, verified: bool) -> list[Broken]:
        """The faults of legs with a verdict, or of those without one."""
        ended = {verdict.leg for verdict in self.verdicts}
        return [line for line in self.lines if isinstance(line, Broken) and (line.leg in ended) is verified]

    def killed_at(self) -> Counter[str]:
        """How often each failpoint has killed in legs with a verdict."""
        return Counter(line.name for line in self.broken(verified=True) if line.name)

    def summary(self, wanted: Sequence[str] = ()) -> list[str]:
        """The table that people read; `wanted` are the failpoints that were to kill."""
        done, ended = self.broken(verified=True), self.verdicts
        seconds = sum(verdict.seconds for verdict in ended)
        told = {
            word: sum(getattr(verdict, word) for verdict in ended) for word in ("actions", "acknowledged", "unknown")
        }
        lines = [
            f"seeds {sorted({verdict.seed for verdict in ended})}: {len(ended)} systems, {seconds:.0f} s, "
            + ", ".join(f"{count} {word}" for word, count in told.items()),
            "  outcomes a second, median / most: "
            + ", ".join(f"{median} / {most}" for median, most in sorted({verdict.per_second for verdict in ended})),
            f"  {len(done)} faults; people answered again / everything live again, in seconds",
            *_table({line.kind for line in done if not line.name}, done, lambda line: line.kind),
        ]
        points = [line for line in done if line.name]
        if points:
            kills = f"{len(points)} kills at {len({line.name for line in points})} failpoints"
            lines += [
                f"  {kills}, by who died",
                *_table({p.process for p in points}, points, lambda line: line.process),
            ]
        if never := [name for name in wanted if not self.killed_at()[name]]:
            lines.append(f"  NEVER REACHED: {', '.join(never)}")
        lines += _missed(line for line in self.lines if isinstance(line, Missed))
        if open_ended := self.broken(verified=False):
            lines.append(
                f"  NOT VERIFIED: {len(open_ended)} faults of systems that were broken off; they are done again"
            )
        return [*lines, *self._verdict(ended)]

    def _verdict(self, ended: Sequence[Verdict]) -> list[str]:
        found: Counter[str] = Counter()
        for verdict in ended:
            found.update(verdict.findings)
        counts = {word: sum(found[str(one)] for one in kinds) for word, kinds in COUNTED.items()}
        sums = {
            word: sum(getattr(v, word) for v in ended) for word in ("decisions", "copies", "breaches", "joined_again")
        }
        accepted: Counter[str] = Counter()
        for verdict in ended:
            accepted.update(verdict.acts)
        return [
            "  " + ", ".join(f"{word} {count}" for word, count in counts.items()),
            f"  decided again {sums['decisions']}, copies of records {sums['copies']}, deadlines that passed "
            f"{sums['breaches']}, the screen joined again {sums['joined_again']} times",
            "  accepted: " + ", ".join(f"{act} {count}" for act, count in accepted.most_common()),
            *(f"  WRONG: {text}" for text in self.wrong),
        ]


def _table(rows: Iterable[str], lines: Sequence[Broken], row: Any) -> list[str]:
    shown: list[str] = []
    for name in sorted(rows):
        here = [line for line in lines if row(line) == name]
        answered, live = [line.answered_s for line in here], [line.live_s for line in here]
        shown.append(
            f"  {name:24} {len(here):5}   median {statistics.median(answered):5.1f} / {statistics.median(live):5.1f}"
            f"   most {max(answered):5.1f} / {max(live):5.1f}"
        )
    return shown


def _missed(lines: Iterable[Missed]) -> list[str]:
    why: dict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        why[line.what, line.why] += 1
    return [f"  NOT DONE: {what} ({count} times): {reason}" for (what, reason), count in sorted(why.items())]
