"""`liandong topics`: what must stand in the cluster before a part starts: topics, contents, the first adoption.

Owns the beginning of a log: nothing can be decided before something is adopted in the partition (design §1.8). Later
adoptions are people's (`liandong reference adopt`), never a side effect of a start; the demo and an import say so.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from enum import StrEnum

import typer

from domain.adoption.actions import Adopt
from domain.adoption.state import InForce
from domain.case.values import Actor, Role
from eventlog import refs
from eventlog.adopting import append_adoption
from eventlog.append import BULK_MS_MAX, Appender
from eventlog.broker import reach
from eventlog.position import PARTITIONS
from eventlog.topics import TopicNames, create_and_check, topic_ids
from ops.serve import require_cluster
from projections import adoptions
from projections.adoptions import AdoptionRow
from projections.database import migrate, open_pool
from reference.contents import pack
from reference.profile import Profile, load_profile
from runtime import failpoints
from runtime.faults import Fault
from runtime.settings import load_settings

FIRST = uuid.UUID("c1a5b7de-52a4-5d0e-8a43-2f0f4a1f6d11")
NOTE = "liandong topics"
UNDER_WAY_S_MAX = 30.0


class Adopting(StrEnum):
    """When the profile's contents are adopted."""

    FIRST = "first"
    """Where nothing is in force: on a cluster the law changes only when somebody says so."""
    NEW = "new"
    """Also when they never were: the demo of a newer release shows its own contents, once."""
    ALWAYS = "always"
    """Whenever they are not in force: an import brings its own city along."""


def topics() -> None:
    """Create the topics that are missing, check the others, publish the profile's contents and adopt the first."""
    settings = load_settings()
    bootstrap, postgres = require_cluster(settings)
    profile = load_profile(settings.profile)
    for line in prepare(bootstrap, postgres, TopicNames(settings.topic_prefix), profile, settings.replication):
        typer.echo(line)


def prepare(
    bootstrap: str,
    postgres: str,
    names: TopicNames,
    profile: Profile,
    replication: int,
    adopting: Adopting = Adopting.FIRST,
    under_way_s_max: float = UNDER_WAY_S_MAX,
) -> list[str]:
    """Create and check the topics, publish the contents, adopt them; gives lines for people. Raises Fault."""
    asyncio.run(reach(bootstrap))
    report = create_and_check(bootstrap, names, replication)
    failpoints.hit("topics.created")
    if report.differences:
        shown = "; ".join(f"{d.topic} {d.setting}: {d.found} ≠ {d.wanted}" for d in report.differences)
        raise Fault(
            "topics.differ",
            f"主题设置不符:{shown}。",
            f"Topics are not as they must be: {shown}.",
            hint_zh="主题不会被自动修改;请核对集群后手工处理。",
            hint_en="They are never changed by themselves: check the cluster and mend them by hand.",
        )
    log = topic_ids(bootstrap, [names.actions])[names.actions]
    added, adopted, line = asyncio.run(_contents(bootstrap, postgres, names, profile, adopting, log, under_way_s_max))
    lines = [f"created {name}" for name in report.created] + [f"right   {name}" for name in report.right]
    return [*lines, f"refs: {added} contents added", f"adopted in {adopted} of {PARTITIONS} partitions", *line]


async def _contents(
    bootstrap: str,
    postgres: str,
    names: TopicNames,
    profile: Profile,
    adopting: Adopting,
    log: str,
    under_way_s_max: float,
) -> tuple[int, int, list[str]]:
    version, contents = pack(profile.contents)
    added = await refs.publish(bootstrap, names, contents)
    actor = Actor("setup", Role.ADMIN, profile.about.root)
    pool = await open_pool(postgres, 1, "liandong-topics")
    try:
        async with pool.acquire() as connection:
            await migrate(connection)
            async with adoptions.one_at_a_time(connection, under_way_s_max):
                rows = await adoptions.read_rows(connection)
                action_id, partitions = wanted(version, rows, adopting, log)
                if partitions:
                    async with Appender(bootstrap, names, BULK_MS_MAX) as appender:
                        now = time.time_ns() // 1_000_000
                        adopt = Adopt(version, note=NOTE)
                        await append_adoption(appender, action_id, actor, adopt, now, partitions)
    finally:
        await pool.close()
    states = adoptions.in_force(rows)
    others = sorted({s.version[:12] for s in states.values() if s.version not in (None, version)} - {None})
    kept = not partitions and bool(others)
    line = [
        f"in force {', '.join(others)}, not the profile's {version[:12]}: liandong reference adopt --profile "
        f"{profile.about.name}"
    ]
    return added, len(partitions), line if kept else []


def wanted(version: str, rows: list[AdoptionRow], adopting: Adopting, log: str) -> tuple[str, list[int]]:
    """The action id, and the partitions in which the version is to be adopted; `log` is the id of `actions`."""
    states = adoptions.in_force(rows)
    empty = [p for p in range(PARTITIONS) if states.get(p, InForce()).version is None]
    known = {event.version for row in rows for event in row.record.events}
    if adopting is Adopting.ALWAYS or (adopting is Adopting.NEW and known and version not in known):
        others = [p for p in range(PARTITIONS) if states.get(p, InForce()).version != version]
        if len(others) > len(empty):
            return str(uuid.uuid4()), others
    # One id for the beginning of this log, whatever the contents: rows that were lost begin nothing anew.
    return str(uuid.uuid5(FIRST, log)), empty
