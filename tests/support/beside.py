"""A system of one's own on a broker and database: another topic prefix, another database, parts by hand."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from domain.case.actions import Attempt, CaseAction, Report
from domain.case.values import Actor, Channel, Place, Role
from eventlog.append import BULK_MS_MAX, Appender
from eventlog.broker import KNOWN_S_MAX
from eventlog.history import records
from eventlog.record import Decided, LogRecord
from eventlog.stored import read_entry
from eventlog.tail import ends
from eventlog.topics import TopicNames
from ops.prepare import prepare
from reference.profile import load_profile
from tests.support.city import GRID
from tests.support.live import eventually

DECIDED_S_MAX = 40.0
ENDED_S_MAX = 20.0
COMMAND_S_MAX = 120.0
LOOK_S = 0.3
"""Between two looks that read a whole topic."""
REPORTER = Actor("acceptor", Role.ACCEPTOR, "410183")


class Cluster(Protocol):
    """Where a broker and a database are: `tests.support.nodes.Nodes`, or a test's own."""

    @property
    def kafka(self) -> str: ...

    def settings(self) -> dict[str, str]:
        """What a process needs to join."""
        ...


class Beside:
    """Topics and a database nobody else uses. Its processes run only while a test wants them."""

    def __init__(self, nodes: Cluster, folder: Path) -> None:
        mark = uuid.uuid4().hex[:8]
        self.names = TopicNames(f"t{mark}-")
        self.kafka = nodes.kafka
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        settings = nodes.settings()
        main = settings["LIANDONG_POSTGRES"]
        self.postgres = f"{main.rpartition('/')[0]}/t{mark}"
        asyncio.run(self._create(main, f"t{mark}"))
        self.env = {
            **os.environ,
            **settings,
            "LIANDONG_POSTGRES": self.postgres,
            "LIANDONG_TOPIC_PREFIX": self.names.prefix,
            "LIANDONG_DATA_DIR": str(folder),
        }
        prepare(self.kafka, self.postgres, self.names, load_profile("xinmi"), 1)

    async def _create(self, main: str, name: str) -> None:
        connection = await asyncpg.connect(main)
        try:
            await connection.execute(f'create database "{name}"')
        finally:
            await connection.close()

    def start(self, part: str, engine: Path | None = None, /, **settings: str) -> subprocess.Popen[bytes]:
        """Run `liandong serve PART`, of the tree that lies in `engine` if one is named; what it says goes to PART.log
        in the test's folder."""
        with (self._folder / f"{part}.log").open("ab") as out:
            command = [sys.executable, "-m", "ops.cli", "serve", part]
            process = subprocess.Popen(command, env={**self.env, **settings}, stdout=out, stderr=out, cwd=engine)
        self._running.append(process)
        return process

    def said(self, part: str) -> str:
        """What the part logged so far."""
        return (self._folder / f"{part}.log").read_text()

    def command(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run `liandong ARGUMENTS` to its end, with that text on standard input."""
        command = [sys.executable, "-m", "ops.cli", *arguments]
        return subprocess.run(
            command, env=self.env, input=given, capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False
        )

    def report(self, count: int) -> list[tuple[int, int]]:
        """Append that many reports; gives their places on `actions`."""
        return self.append([a_report() for _ in range(count)])

    def append(self, attempts: Iterable[Attempt]) -> list[tuple[int, int]]:
        """Append actions, many under way at once; gives their places on `actions`."""

        async def send() -> list[tuple[int, int]]:
            async with Appender(self.kafka, self.names, BULK_MS_MAX) as appender:
                return list(await asyncio.gather(*(appender.append(attempt) for attempt in attempts)))

        return asyncio.run(send())

    def entries(self) -> list[tuple[int, LogRecord]]:
        """All of `events`: each record with its partition."""
        read = (read_entry(stored) for stored in records(self.kafka, self.names.events))
        return [(entry.stored.partition, entry.record) for entry in read]

    def decisions(self) -> dict[int, list[int]]:
        """Partition → the action offsets decided, in the order in which they stand on `events`."""
        found: dict[int, list[int]] = {partition: [] for partition in range(24)}
        for partition, record in self.entries():
            if isinstance(record, Decided):
                found[partition].append(record.origin.offset)
        return found

    def all_decided(self) -> dict[int, list[int]]:
        """Wait until every action has a decision; gives `decisions()`."""
        wanted = asyncio.run(ends(self.kafka, self.names.actions, KNOWN_S_MAX))

        def done() -> dict[int, list[int]] | None:
            found = self.decisions()
            return found if all(max(found[p], default=-1) + 1 >= end for p, end in wanted.items()) else None

        return eventually(done, DECIDED_S_MAX, "a decision of every action", LOOK_S)

    def rows_hold_everything(self) -> bool:
        """True once every projection stands at the end of `events`."""
        wanted = asyncio.run(ends(self.kafka, self.names.events, KNOWN_S_MAX))
        places = self.query("select projection, partition, next_offset from checkpoint")
        behind = [row for row in places if row["next_offset"] != wanted[row["partition"]]]
        return bool(places) and not behind

    def set_topic(self, topic: str, setting: str, value: str) -> None:
        """Set what the broker asks of one of its topics."""
        admin: Any = KafkaAdminClient(bootstrap_servers=self.kafka)
        try:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs={setting: value})])
        finally:
            admin.close()

    def query(self, sql: str, *values: Any) -> list[Any]:
        """Rows of its database."""

        async def ask() -> list[Any]:
            connection = await asyncpg.connect(self.postgres)
            try:
                return list(await connection.fetch(sql, *values))
            finally:
                await connection.close()

        return asyncio.run(ask())

    def close(self) -> None:
        """Kill what still runs."""
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.wait(ENDED_S_MAX)


def a_report() -> Attempt:
    """A new case of the shipped city."""
    report = Report(Place(GRID), Channel.HOTLINE, "010101")
    return Attempt(str(uuid.uuid4()), str(uuid.uuid4()), REPORTER, report, 0, "d")


def on_each(cases: Iterable[Attempt], action: CaseAction) -> list[Attempt]:
    """That action on each of these cases, by the one who reported it."""
    return [Attempt(str(uuid.uuid4()), attempt.case, REPORTER, action, 0, "d") for attempt in cases]
