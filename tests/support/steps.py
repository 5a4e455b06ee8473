"""Which failpoint is reached by what: of every one, in which processes it lies, and what makes somebody come by.

Owns the table. A test holds every failpoint to be in it, so that a new one is killed at, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from eventlog.position import PARTITIONS
from ops.failpoints import POINTS
from ops.system import PROCESSORS
from tests.support import ways
from tests.support.ways import Way

ADOPTERS = ("api", "react", "command")
APPENDERS = ("api", "clock", "react")
OFTEN = 10


class Step(NamedTuple):
    """A failpoint: who comes to it, what makes them, and up to which hit it is worth waiting."""

    name: str
    processes: Sequence[str]
    way: Mapping[str, Way]
    nth_max: int = 1


def _load(names: str, process: str, nth_max: int = OFTEN) -> Iterator[Step]:
    for name in names.split():
        yield Step(f"{process}.{name}", (process,), {process: ways.wait}, nth_max)


def _made(prefix: str, names: str, process: str, way: Way, nth_max: int = 1) -> Iterator[Step]:
    for name in names.split():
        yield Step(f"{prefix}.{name}", (process,), {process: way}, nth_max)


def _shared(
    prefix: str, names: str, processes: Sequence[str], way: Mapping[str, Way], nth_max: int = 1
) -> Iterator[Step]:
    for name in names.split():
        yield Step(f"{prefix}.{name}", processes, way, nth_max)


_ADOPTED: Mapping[str, Way] = {"api": ways.adopt, "react": ways.adjudicate, "command": ways.adopt_by_command}
_ANYWHERE: Mapping[str, Way] = dict.fromkeys(PROCESSORS, ways.start)
_STOPPED: Mapping[str, Way] = dict.fromkeys(PROCESSORS, ways.stop)
STEPS: Sequence[Step] = (
    *_shared("appender", "before_send sent acked", APPENDERS, dict.fromkeys(APPENDERS, ways.wait), OFTEN),
    *_shared("contents", "before_one published", ADOPTERS, _ADOPTED),
    *_shared("adoption", "before_partition partition_appended", ADOPTERS, _ADOPTED, PARTITIONS),
    *_shared("adoption", "appended", ADOPTERS, _ADOPTED),
    *_made("topics", "created", "command", ways.topics),
    *_made("api", "before_load loaded accounts_seeded", "api", ways.start),
    *_made("api", "adoption_decided", "api", ways.adopt),
    *_made("api", "closing", "api", ways.stop),
    *_load("action_read key_kept action_made action_appended outcome_found before_answer", "api"),
    *_load("decision_seen folded frame_made before_frame token_kept before_catch_up", "api", 3),
    *_made("account", "before_post", "command", ways.new_account),
    *_made("account", "tokens_ended", "command", ways.new_password),
    *_shared("worker", "before_join placed", PROCESSORS, _ANYWHERE),
    *_shared("worker", "fetch_done", PROCESSORS, dict.fromkeys(PROCESSORS, ways.wait), OFTEN),
    *_shared("worker", "revoked", PROCESSORS, dict.fromkeys(PROCESSORS, ways.share)),
    *_shared("worker", "before_drain drained left", PROCESSORS, _STOPPED),
    *_made("dispatch", "before_place rows_read before_takeover took", "dispatch", ways.start),
    *_made("dispatch", "takeover_sent takeover_acked", "dispatch", ways.start, PARTITIONS),
    *_load("fetch_begun before_decisions decided sent acked mid_batch", "dispatch"),
    *_made("dispatch", "adoption_decided", "dispatch", ways.adopt, PARTITIONS),
    *_made("dispatch", "before_dead_letter dead_letter_sent", "dispatch", ways.junk, OFTEN),
    *_made("dispatch", "draining", "dispatch", ways.stop_while_sending),
    *_made("project", "rows_read place_begun", "project", ways.start, PARTITIONS),
    *_made("project", "before_fill filled", "project", ways.forget_rows),
    *_load("before_transaction place_held before_position before_commit committed", "project"),
    *_load("rows_of_one", "project", 3 * OFTEN),
    *_made("clock", "partition_loaded", "clock", ways.start, PARTITIONS),
    *_load("folded before_tick tick_appended", "clock", 3),
    *_load("before_follow_up follow_up_appended before_place rulings_noted before_commit place_kept", "react", 3),
    *_made("ruling", "turn_taken before_ruled ruled", "react", ways.adjudicate),
    *_made("ruling", "before_finishing", "react", ways.break_off_a_ruling),
    *_made(
        "rebuild",
        "table_made mid_fold caught_up locked before_swap table_dropped table_swapped swapped",
        "command",
        ways.rebuild,
    ),
    *_made("system", "part_started", "system", ways.start_everything, 5),
    *_made("system", "before_restart", "system", ways.lose_a_part),
    *_made("system", "part_stopped", "system", ways.stop_everything, 5),
)

SOLO = ("ruling.before_finishing",)
"""What takes more than one process to be in a certain way: nothing else is armed meanwhile."""
LANES = ("api", *PROCESSORS, "command")
"""One failpoint in each of these may be armed at the same time; those of `system` are armed alone."""


def wanted_steps() -> Sequence[Step]:
    """All of them, in the order of the list of failpoints."""
    order = {name: number for number, name in enumerate(POINTS)}
    return sorted(STEPS, key=lambda step: order[step.name])
