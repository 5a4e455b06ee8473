"""The hub tails `events` and folds it with the projection's own functions, so that it holds what the board holds.

Owns the wall's frames. How far they are behind the log is known by its `marks`.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import structlog
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from api.audits import Audits
from api.decisions import Decisions
from api.marks import Marks
from api.ticker import TickerEntry, told
from eventlog.casefile import CaseFile
from eventlog.open_letters import OpenLetters
from eventlog.position import PARTITIONS, partition_of, write_position
from eventlog.record import AdoptionRecord, Decided
from eventlog.stored import read_entry
from eventlog.tail import ends, tail
from eventlog.topics import TopicNames
from projections import adoptions, board, case_state, checkpoint
from projections.board import BoardRow, CountKey, Counts
from projections.database import AWAY
from projections.returning import bring_back
from projections.steps import ELSEWHERE, Adoption, Folder, Step
from projections.towns import Towns
from runtime import failpoints
from runtime.faults import Fault

log = structlog.get_logger("hub")

FRAME_MS = 12
FRAMES_KEPT_MAX = 4_096
ENDED_KEPT_MAX = 2_000
"""Cases that ended here while the rows may not hold them yet: whoever asks about one is not told that there is none."""
AGAIN_S = 0.5
FILES_AT_ONCE = 200
TICKER_KEPT = 5
TICKER_PER_FRAME_MAX = 20

COLUMNS = (
    *("id", "no", "cls", "grid", "town", "lon", "lat"),
    *("st", "due", "dl", "nr", "stage", "unit", "opened", "un"),
)
"""The wall's short names of a BoardRow's fields, in their order."""


class Frame(msgspec.Struct, frozen=True):
    """One change of the wall: its number, the place in the log after it, and what changed by key."""

    seq: int
    pos: str
    changes: dict[str, Any]
    ticker: tuple[TickerEntry, ...]


class Hub:
    """The live board of one city. `log` is the id of `events`; run `load`, then `follow`, `publish`, `marks.follow`,
    `letters.follow` and `audits.follow` as tasks. Beyond `letters_max` open dead letters no decider decides."""

    def __init__(
        self, bootstrap: str, names: TopicNames, log: str, zone: str, towns: Sequence[str], letters_max: int
    ) -> None:
        self.log = log
        self.decisions = Decisions()
        self.audits = Audits()
        self.letters = OpenLetters(bootstrap, names.dead_letters, letters_max)
        self.seq = 0
        self.changed = asyncio.Event()
        """Set when there is a new frame; the fan clears it."""
        self.frames: deque[Frame] = deque(maxlen=FRAMES_KEPT_MAX)
        self.rows: dict[str, BoardRow] = {}
        self.counts: dict[CountKey, Counts] = {}
        self.in_force: dict[int, str] = {}
        self._bootstrap = bootstrap
        self._names = names
        self._zone = ZoneInfo(zone)
        self._shown = dict.fromkeys(towns)
        self._towns = {partition: Towns(towns) for partition in range(PARTITIONS)}
        self._folders = {partition: Folder(partition, only_open=True) for partition in range(PARTITIONS)}
        self.marks = Marks(bootstrap, names, self._folders)
        self._live: dict[str, list[int]] = {}
        self._dirty: dict[str, None] = {}
        self._ticker: list[TickerEntry] = []
        self._last_ticker: deque[TickerEntry] = deque(maxlen=TICKER_KEPT)
        self._day = ""
        self._ended: OrderedDict[str, CaseFile] = OrderedDict()

    async def load(self, pool: Any) -> None:
        """The board at the place where the projection stands, all in one transaction. Raises WrongLog."""
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            places = await checkpoint.read(connection, board.NAME)
            self.rows = {row.case_id: row for row in await board.read_rows(connection)}
            self.counts = await board.read_counts(connection)
            adopted = await adoptions.read_rows(connection)
            for partition, place in places.items():
                self._folders[partition] = Folder(partition, place, only_open=True)
                files = await case_state.load_open(connection, partition)
                self._folders[partition].put((file.id for file in files), {file.id: file for file in files})
        upto = await ends(self._bootstrap, self._names.events)  # read last: the rows go on meanwhile, never beyond it
        for partition, place in places.items():
            checkpoint.require_log(place, self.log, upto[partition])
        for adoption in adopted:
            self._know(adoption.partition, adoption.record)
        for row in self.rows.values():
            self._towns[partition_of(row.case_id)].put(row.case_id, row.town)
            self._count_row(row, 1)
        self._day = self._today()
        self.frames.append(Frame(self.seq, self.position(), {}, ()))

    @property
    def version(self) -> str | None:
        """The version that most partitions decide by: all of them, except in the moment of an adoption."""
        counted = Counter(self.in_force.values())
        return max(counted, key=lambda version: (counted[version], version)) if counted else None

    def position(self) -> str:
        """The place in the log up to which this hub has folded."""
        return write_position({partition: folder.next_offset for partition, folder in self._folders.items()})

    async def follow(self, pool: Any) -> None:
        """Fold the log for ever; where it breaks off, go on from the place reached. Raises Fault, Hole, Unreadable.

        What comes back after it had ended is read from the rows, through the pool.
        """
        while True:
            try:
                await self._follow(pool)
            except OffsetOutOfRangeError as error:
                raise Fault(
                    "log.lost_range",
                    f"events 中缺少要读的位置:{error}。",
                    f"The log does not hold what is to be read next: {error}.",
                    hint_zh="请从备份恢复主题 events。",
                    hint_en="Restore the topic events from a backup.",
                ) from error
            except (KafkaError, *AWAY) as error:
                log.warning("hub.reads_again", reason=repr(error))
                await asyncio.sleep(AGAIN_S)

    async def _follow(self, pool: Any) -> None:
        starts = {partition: folder.next_offset for partition, folder in self._folders.items()}
        async for chunk in tail(self._bootstrap, self._names.events, starts):
            for stored in chunk:
                entry = read_entry(stored)
                folder = self._folders[stored.partition]
                await bring_back(pool, folder, entry)
                self._apply(folder.fold(entry))
                if isinstance(entry.record, Decided):
                    self.decisions.note(entry.record)
            failpoints.hit("api.folded")
            self.marks.settle()

    async def publish(self) -> None:
        """Make a frame of what changed, at most every FRAME_MS."""
        while True:
            await asyncio.sleep(FRAME_MS / 1000)
            self.flush()

    def flush(self) -> None:
        """Close the present frame, if anything changed."""
        if (today := self._today()) != self._day:
            self._day = today
            self._dirty.update({f"t:{town}": None for town in self._shown} | {"day": None})
        if not self._dirty and not self._ticker:
            return
        self.seq += 1
        changes = {key: self._value(key) for key in self._dirty}
        changes["kpi"] = self.kpi()
        frame = Frame(self.seq, self.position(), changes, tuple(self._ticker[-TICKER_PER_FRAME_MAX:]))
        self._dirty, self._ticker = {}, []
        self.frames.append(frame)
        failpoints.hit("api.frame_made")
        self.changed.set()

    def town(self, code: str) -> list[int]:
        """The seven numbers of a township: open, near, overdue, then accepted, closed, should, handled of today."""
        today = self.counts.get((code, self._day), Counts())
        return [*self._live.get(code, [0, 0, 0]), *msgspec.structs.astuple(today)]

    def kpi(self) -> list[int]:
        """The seven numbers of the city."""
        codes = {*self._shown, ELSEWHERE}
        return [sum(numbers) for numbers in zip(*(self.town(code) for code in codes), strict=True)]

    def snapshot(self) -> dict[str, Any]:
        """Everything the wall shows, at a frame's end."""
        self.flush()
        rows = list(self.rows.values())
        columns = zip(*(msgspec.structs.astuple(row) for row in rows), strict=True) if rows else ([] for _ in COLUMNS)
        cols = {name: list(column) for name, column in zip(COLUMNS, columns, strict=True)}
        towns = {code: self.town(code) for code in self._shown}
        return {
            "log": self.log,
            "pos": self.frames[-1].pos,
            "seq": self.seq,
            "as_of": self.marks.as_of_ms,
            "cols": cols,
            "agg": {"day": self._day, "towns": towns, "kpi": self.kpi()},
            "e": list(self._last_ticker),
        }

    def since(self, seq: int, upto: int | None = None) -> list[Frame] | None:
        """The frames after that number, up to another one if it is given; None if some are no longer kept."""
        if seq > self.seq or self.frames[0].seq > seq:
            return None
        newest_first = itertools.takewhile(lambda frame: frame.seq > seq, reversed(self.frames))
        return [frame for frame in list(newest_first)[::-1] if upto is None or frame.seq <= upto]

    def frame_at(self, pos: str) -> Frame | None:
        """The frame that ended at that place, or None."""
        return next((frame for frame in reversed(self.frames) if frame.pos == pos), None)

    def state(self) -> tuple[str, list[BoardRow], dict[CountKey, Counts]]:
        """The board of this instant with its place in the log: copies that nobody changes any more."""
        return self.position(), list(self.rows.values()), dict(self.counts)

    async def open_files(self) -> AsyncIterator[CaseFile]:
        """The files of all open cases, as this hub knows them; others get their turn now and then."""
        for folder in self._folders.values():
            for number, case_id in enumerate(list(folder.files), 1):
                if (file := folder.files.get(case_id)) is not None:
                    yield file
                if number % FILES_AT_ONCE == 0:
                    await asyncio.sleep(0)

    def case(self, case_id: str) -> CaseFile | None:
        """The file of an open case as this hub knows it: it may be ahead of the rows."""
        return self._folders[partition_of(case_id)].files.get(case_id)

    def ended_case(self, case_id: str) -> CaseFile | None:
        """The file of a case as it ended here lately; the rows may be behind it, or ahead."""
        return self._ended.get(case_id)

    def _apply(self, step: Step | Adoption | None) -> None:
        if isinstance(step, Adoption):
            self._adopt(step.partition, step.record)
            return
        if step is None or not step.changed:
            return
        step = self._towns[step.partition].place(step)
        case_id = step.after.id
        row = board.row_of(step)
        before = self.rows.pop(case_id, None)
        if before is not None:
            self._count_row(before, -1)
        if row is not None:
            self.rows[case_id] = row
            self._count_row(row, 1)
        if row != before:
            self._dirty[f"c:{case_id}"] = None
            self._dirty.update({f"t:{shown.town}": None for shown in (before, row) if shown})
        for key, counts in board.counted(step, self._zone).items():
            self.counts[key] = self.counts.get(key, Counts()).plus(counts)
            self._dirty[f"t:{key[0]}"] = None
        for one in told(step):
            self._ticker.append(one)
            self._last_ticker.append(one)
        self._folders[step.entry.stored.partition].forget_ended([case_id])
        if step.after.case is not None and not step.after.case.open:
            self._ended[case_id] = step.after
            self._ended.move_to_end(case_id)
            if len(self._ended) > ENDED_KEPT_MAX:
                self._ended.popitem(last=False)

    def _adopt(self, partition: int, record: AdoptionRecord) -> None:
        """Screens read the site's names again once every partition decides by the new version."""
        self._know(partition, record)
        if record.events and set(self.in_force.values()) == {record.events[-1].version}:
            self._dirty["book"] = None

    def _know(self, partition: int, record: AdoptionRecord) -> None:
        for event in record.events:
            self._towns[partition].adopt(event.towns)
            self._shown |= dict.fromkeys(event.towns)
            self.in_force[partition] = event.version

    def _count_row(self, row: BoardRow, sign: int) -> None:
        live = self._live.setdefault(row.town, [0, 0, 0])
        live[0] += sign
        if row.due:
            live[row.due] += sign

    def _value(self, key: str) -> Any:
        if key.startswith("c:"):
            row = self.rows.get(key[2:])
            return None if row is None else list(msgspec.structs.astuple(row))[1:]
        if key == "book":
            return self.version
        return self._day if key == "day" else self.town(key[2:])

    def _today(self) -> str:
        return board.day_of(time.time_ns() // 1_000_000, self._zone)
