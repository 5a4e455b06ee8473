"""Adopting: publish, append to every partition under one action id, wait until each has decided, and say since where.

Owns the adoption from the command line. It is safe to break off anywhere: the same action id finishes what was begun,
and a version that was compared with what is no longer in force is refused by the decision itself (`base_moved`).
"""

from __future__ import annotations

import asyncio
import getpass
import uuid
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import msgspec
from rich.console import Console

from domain.adoption.actions import Adopt
from domain.case.values import Actor, Role
from domain.instant import written
from eventlog import refs
from eventlog.adopting import append_adoption
from eventlog.append import Appender, LogUnreachable
from eventlog.position import PARTITIONS
from eventlog.record import Outcome
from ops.bars import bars
from ops.reference.library import SHORT_CHARS, Cluster
from ops.reference.options import now_ms
from ops.reference.tables import sheet
from projections import adoptions
from projections.adoptions import AdoptionRow
from reference.contents import Contents, pack
from runtime.faults import Fault

DECIDED_S_MAX = 60.0
DECIDED_PAUSE_S = 0.1
UNDER_WAY_S_MAX = DECIDED_S_MAX
"""As long as an adoption by another command may take: then that one has ended or will not."""


class Adoption(msgspec.Struct, frozen=True):
    """What is to be appended, and to which partitions."""

    action_id: str
    adopt: Adopt
    actor: Actor
    partitions: Sequence[int] = range(PARTITIONS)


def new_adoption(contents: Contents, base: str, note: str, action_id: str | None) -> Adoption:
    """Of contents that were compared with that base."""
    root = next((grid.code for grid in contents.grids if grid.level == 0), "")
    adopt = Adopt(pack(contents)[0], base, note)
    return Adoption(action_id or str(uuid.uuid4()), adopt, Actor(_person(), Role.ADMIN, root))


def half_done(rows: Sequence[AdoptionRow], action_id: str) -> Adoption | None:
    """The adoption with that id where some partitions have decided it, for those that have not; None if none has."""
    begun = [row for row in rows if row.record.attempt.id == action_id]
    if not begun:
        return None
    attempt = begun[0].record.attempt
    open_ones = sorted(set(range(PARTITIONS)) - {row.partition for row in begun})
    return Adoption(action_id, attempt.action, attempt.actor, open_ones)


def carry_out(
    at: Cluster,
    adoption: Adoption,
    contents: Contents | None,
    zone: tzinfo,
    out: Console,
    under_way_s_max: float = UNDER_WAY_S_MAX,
) -> bool:
    """Adopt, show since where each partition decides by it; False if a partition refused it.

    `contents` None: they stand on `refs` already. Another adoption meanwhile is waited for. Raises Fault
    `log.unreachable`, `reference.undecided`, `adoption_under_way`.
    """
    try:
        rows = asyncio.run(_in_turn(at, adoption, contents, under_way_s_max))
    except LogUnreachable as error:
        raise _break_off(
            "log.unreachable", f"日志无应答({error})", f"the log does not answer ({error})", adoption
        ) from None
    show_decided(rows, adoption, zone, out)
    return all(row.record.outcome is not Outcome.REJECTED for row in rows)


async def _in_turn(
    at: Cluster, adoption: Adoption, contents: Contents | None, under_way_s_max: float
) -> list[AdoptionRow]:
    async def use(connection: Any) -> list[AdoptionRow]:
        async with adoptions.one_at_a_time(connection, under_way_s_max):
            return await _carried_out(connection, at, adoption, contents)

    return await at.ask(use)


async def _carried_out(
    connection: Any, at: Cluster, adoption: Adoption, contents: Contents | None
) -> list[AdoptionRow]:
    with bars() as progress:
        if contents is not None:
            await refs.publish(at.kafka, at.names, pack(contents)[1])
        appending = progress.add_task("写入 append", total=len(adoption.partitions))
        async with Appender(at.kafka, at.names) as appender:

            async def one(partition: int) -> None:
                action, actor = adoption.adopt, adoption.actor
                await append_adoption(appender, adoption.action_id, actor, action, now_ms(), [partition])
                progress.advance(appending)

            await asyncio.gather(*(one(partition) for partition in adoption.partitions))
        deciding = progress.add_task("裁定 decided", total=PARTITIONS)
        return await _decided(connection, adoption, lambda count: progress.update(deciding, completed=count))


async def _decided(connection: Any, adoption: Adoption, told: Any) -> list[AdoptionRow]:
    """The first decision of each partition on this id. Raises Fault `reference.undecided`."""
    deadline = asyncio.get_running_loop().time() + DECIDED_S_MAX
    while True:
        rows = await adoptions.read_rows(connection)
        first = adoptions.decided_first(rows, adoption.action_id)
        told(len(first))
        if len(first) == PARTITIONS:
            return [first[partition] for partition in range(PARTITIONS)]
        if asyncio.get_running_loop().time() > deadline:
            decided = f"{len(first)}/{PARTITIONS}"
            zh = f"{DECIDED_S_MAX:.0f} 秒内只有 {decided} 个分区作出裁定"
            en = f"within {DECIDED_S_MAX:.0f} s {decided} partitions decided"
            raise _break_off("reference.undecided", zh, en, adoption)
        await asyncio.sleep(DECIDED_PAUSE_S)


def show_decided(rows: Sequence[AdoptionRow], adoption: Adoption, zone: tzinfo, out: Console) -> None:
    """Since which place of the log each partition decides by the version, or why it does not."""
    version = adoption.adopt.version[:SHORT_CHARS]
    table = sheet("分区\npartition", "actions 位置\noffset", "events 位置\noffset", "自 since", "结果 outcome")
    for row in rows:
        record = row.record
        why = f" {record.rejection.code}" if record.rejection is not None else ""
        since = written(record.at_ms, zone)
        table.add_row(
            str(row.partition), str(record.origin.offset), str(row.event_offset), since, f"{record.outcome}{why}"
        )
    out.print(table)
    refused = sum(row.record.outcome is Outcome.REJECTED for row in rows)
    if refused:
        out.print(f"{refused} 个分区拒绝采用 {version}:请重新比较后再采用。")
        out.print(f"{refused} partitions refused {version}: compare it again with what is in force, then adopt it.")
    else:
        out.print(f"已采用 adopted {version}, 采用编号 action id {adoption.action_id}")


def _break_off(code: str, zh: str, en: str, adoption: Adoption) -> Fault:
    again = f"--action-id {adoption.action_id}"
    return Fault(
        code,
        f"采用没有做完:{zh}。",
        f"The adoption was not finished: {en}.",
        hint_zh=f"请用同一命令加 {again} 把它做完;重复是安全的。",
        hint_en=f"Finish it by the same command with {again}; repeating it is safe.",
    )


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "admin"
