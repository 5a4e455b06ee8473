"""What `liandong status` finds, and what of it is not in order.

Owns the judgement: which findings make a system degraded, in words that say what to do. It asks nobody anything.
"""

from __future__ import annotations

import msgspec

from eventlog.open_letters import LETTERS_LIMIT
from eventlog.topics import Kept

FEED_LAG_S_MAX = 5.0
LAG_RECORDS_MAX = 10_000
DISK_FREE_BYTES_MIN = 2_000_000_000
HEALTHY, DEGRADED, NOT_RUNNING = 0, 1, 2
SAME, DIFFERENT, NOT_COMPARABLE = "same", "different", "not_comparable"


class ProcessFound(msgspec.Struct, frozen=True):
    """One process: `restarts` is None where nobody counts them, everything is None for one that is silent."""

    part: str
    pid: int | None = None
    memory_bytes: int | None = None
    uptime_s: float | None = None
    restarts: int | None = None


class ServiceFound(msgspec.Struct, frozen=True):
    """Kafka or PostgreSQL: its version, how long one question took, or why there is no answer."""

    version: str = ""
    answer_ms: float | None = None
    fault: str = ""


class PlaceFound(msgspec.Struct, frozen=True):
    """A partition: the next offset of whoever reads it, and the topic's end."""

    partition: int
    next_offset: int
    end: int

    @property
    def lag(self) -> int:
        """Records not worked through."""
        return max(self.end - self.next_offset, 0)


class FoldFound(msgspec.Struct, frozen=True):
    """`decide` or a projection: its place in every partition; `stuck` are the partitions that are behind and stand."""

    name: str
    places: tuple[PlaceFound, ...]
    stuck: tuple[int, ...] = ()

    @property
    def lag(self) -> int:
        """Over all partitions."""
        return sum(place.lag for place in self.places)

    @property
    def worst(self) -> PlaceFound | None:
        """The partition that is furthest behind; None if none is."""
        return max((p for p in self.places if p.lag), key=lambda p: p.lag, default=None)


class BoardFound(msgspec.Struct, frozen=True):
    """The board twice: the rows' digest and the hub's, each with its place in the log."""

    verdict: str = NOT_COMPARABLE
    why: str = ""
    rows_pos: str = ""
    rows_digest: str = ""
    hub_pos: str = ""
    hub_digest: str = ""


class DiskFound(msgspec.Struct, frozen=True):
    """The data folder: what is in it, and what its disk has left."""

    folder: str
    used_bytes: int
    free_bytes: int


class AuditFound(msgspec.Struct, frozen=True):
    """The auditor's last comparison of the board with the log: seconds since then (since its start where there was
    none), how many cases differed (None: there was none), and after how many seconds it counts as silent."""

    age_s: float
    divergent: int | None
    allowed_s: float


class Reason(msgspec.Struct, frozen=True):
    """Why the system is not in order, and what to do."""

    code: str
    zh: str
    en: str


class Findings(msgspec.Struct, frozen=True):
    """Everything that one look found."""

    at: str
    processes: tuple[ProcessFound, ...]
    kafka: ServiceFound
    postgres: ServiceFound
    topics: tuple[Kept, ...]
    folds: tuple[FoldFound, ...]
    board: BoardFound
    dead_letters: int | None
    """How many are open; None where they could not be counted."""
    dead_letters_max: int
    feed_lag_s: float | None
    audit: AuditFound | None
    """None where no auditor answers."""
    disk: DiskFound

    @property
    def running(self) -> bool:
        """False if nothing at all answers."""
        silent = all(process.pid is None for process in self.processes)
        return not (silent and self.kafka.fault and self.postgres.fault)


def reasons(found: Findings) -> list[Reason]:
    """What is not in order, the worst first; nothing for a healthy system."""
    return [*_services(found), *_parts(found), *_folds(found), *_state(found)]


def _services(found: Findings) -> list[Reason]:
    services = (("kafka", "Kafka", found.kafka), ("postgres", "PostgreSQL", found.postgres))
    return [
        Reason(
            f"{code}.silent",
            f"{name} 无应答({service.fault});请查看其日志与磁盘。",
            f"{name} does not answer ({service.fault}); look at its log and its disk.",
        )
        for code, name, service in services
        if service.fault
    ]


def _parts(found: Findings) -> list[Reason]:
    silent = [process.part for process in found.processes if process.pid is None]
    return [
        Reason(
            "part.silent",
            f"{part} 无应答;请查看 logs/{part}.log。",
            f"{part} does not answer; look at logs/{part}.log.",
        )
        for part in silent
    ]


def _folds(found: Findings) -> list[Reason]:
    told: list[Reason] = []
    together: dict[tuple[int, ...], list[FoldFound]] = {}
    for fold in found.folds:
        if fold.stuck:
            together.setdefault(fold.stuck, []).append(fold)
        elif fold.lag > LAG_RECORDS_MAX:
            zh = f"{fold.name} 积压 {fold.lag} 条,正在追赶。"
            told.append(Reason("fold.behind", zh, f"{fold.name} is {fold.lag} records behind and catching up."))
    for stuck, folds in together.items():
        names, where = ", ".join(fold.name for fold in folds), ", ".join(map(str, stuck))
        lag = max(fold.lag for fold in folds)
        zh = f"{names} 停在分区 {where},积压 {lag} 条。"
        en = f"{names}: behind by {lag} and not moving at partition {where}."
        told.append(Reason("fold.stuck", zh, en))
    return told


def _state(found: Findings) -> list[Reason]:
    told: list[Reason] = []
    if found.dead_letters is not None and found.dead_letters > found.dead_letters_max:
        count, limit = found.dead_letters, found.dead_letters_max
        zh = f"有 {count} 条无法解读的记录待处理,超过上限 {limit},已停止作出决定;请用 liandong dead-letters 处理。"
        en = f"{count} dead letters are open, the limit is {limit}: deciding stands; see liandong dead-letters."
        told.append(Reason(LETTERS_LIMIT, zh, en))
    if found.board.verdict == DIFFERENT:
        zh = "大屏与数据库在同一位置上不一致;请运行 liandong rebuild board,再重启 api。"
        en = "The wall and the rows differ at one position; run liandong rebuild board, then restart the api."
        told.append(Reason("board.different", zh, en))
    if found.audit is not None and found.audit.divergent:
        count = found.audit.divergent
        zh = f"对账发现看板有 {count} 件与日志不一致;请看 logs/audit.log:仅 due、stage 不同为时钟滞后;"
        zh += "否则运行 liandong rebuild board,再重启 api。"
        en = f"The auditor found {count} cases that the board shows otherwise than the log; see logs/audit.log: "
        en += "where only due or stage differ the clock is late; else run liandong rebuild board, then restart the api."
        told.append(Reason("audit.different", zh, en))
    if found.audit is not None and found.audit.age_s > found.audit.allowed_s:
        zh = f"对账已有 {found.audit.age_s:.0f} 秒没有结果;请看 logs/audit.log。"
        en = f"The auditor compared nothing for {found.audit.age_s:.0f} s; see logs/audit.log."
        told.append(Reason("audit.silent", zh, en))
    if found.feed_lag_s is not None and found.feed_lag_s > FEED_LAG_S_MAX:
        zh = f"大屏数据已过 {found.feed_lag_s:.0f} 秒。"
        told.append(Reason("feed.behind", zh, f"The wall's data are {found.feed_lag_s:.0f} s old."))
    if found.disk.free_bytes < DISK_FREE_BYTES_MIN:
        free = found.disk.free_bytes // 1_000_000
        zh, en = f"磁盘仅剩 {free} MB;请清理或扩容。", f"The disk has {free} MB left; make room."
        told.append(Reason("disk.low", zh, en))
    return told
