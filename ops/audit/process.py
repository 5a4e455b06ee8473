"""The auditor as a process: cycle after cycle, what each found on `/metrics` and in the rows, for the wall.

Owns the cycle and its heartbeat. Where log or rows are away it says nothing, and that silence is the alarm: whoever
shows the board tells people how long ago it was compared.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from contextlib import suppress

import asyncpg
import structlog
from kafka.errors import KafkaError
from prometheus_client import CollectorRegistry, Counter, Gauge

from eventlog.broker import Unreachable, reach
from eventlog.history import HistoryStalled
from ops.audit.compare import Auditor, RowsBehind, RowsWentBack
from ops.audit.log import Log
from projections import audited
from projections.audited import Cycle
from projections.database import AWAY, COMMAND_S_MAX, CONNECT_S_MAX

AGAIN_S = 1.0
REACH_S_MAX = 3.0

log = structlog.get_logger("audit")


class Measures:
    """What the auditor tells on `/metrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._cycles = Counter(
            "liandong_audit_cycles", "Comparisons of the whole board with the log", registry=registry
        )
        self._last = Gauge(
            "liandong_audit_last_timestamp_seconds",
            "The moment of the rows that was compared last; 0: none yet",
            registry=registry,
        )
        self._allowed = Gauge(
            "liandong_audit_allowed_seconds",
            "So long after the last comparison an auditor of whom nothing was heard is silent",
            registry=registry,
        )
        self._seconds = Gauge("liandong_audit_cycle_seconds", "How long the last comparison took", registry=registry)
        self._cases = Gauge("liandong_audit_cases", "Open cases, counted from the log", registry=registry)
        self._clocks = Gauge("liandong_audit_clocks", "Running clocks, counted from the log", registry=registry)
        self._divergent = Gauge(
            "liandong_audit_divergent_cases",
            "Open cases of which the board shows something else than the log says",
            registry=registry,
        )

    def note(self, cycle: Cycle) -> None:
        """One more cycle."""
        self._cycles.inc()
        self._last.set(cycle.at_ms / 1000)
        self._allowed.set(cycle.allowed_s)
        self._seconds.set(cycle.seconds)
        self._cases.set(cycle.cases)
        self._clocks.set(cycle.clocks)
        self._divergent.set(cycle.divergent)


def run(bootstrap: str, postgres: str, topic: str, every_s: float, registry: CollectorRegistry) -> None:
    """Compare every `every_s` seconds until SIGTERM or SIGINT. Raises ValueError where the log itself has a hole."""
    asyncio.run(_run(_Watch(bootstrap, postgres, topic, every_s, Measures(registry))))


async def _run(watch: _Watch) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    watching, asked = asyncio.create_task(watch.go_on()), asyncio.create_task(told.wait())
    await asyncio.wait([watching, asked], return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    watch.ending.set()
    if watching.done():
        watching.result()
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


class _Watch:
    """Cycle after cycle. Once `ending` is set, what is under way is broken off."""

    def __init__(self, bootstrap: str, postgres: str, topic: str, every_s: float, measures: Measures) -> None:
        self.ending = threading.Event()
        self._bootstrap = bootstrap
        self._postgres = postgres
        self._topic = topic
        self._every_s = every_s
        self._measures = measures
        self._auditor = Auditor(every_s)

    async def go_on(self) -> None:
        """For ever; where the log does not answer, on another connection from where it had read."""
        while True:
            source: Log | None = None
            try:
                await reach(self._bootstrap, REACH_S_MAX)  # a consumer that finds no broker would leave a thread behind
                source = await asyncio.to_thread(Log, self._bootstrap, self._topic, self.ending)
                await self._cycles(source)
            except (KafkaError, HistoryStalled, Unreachable) as error:
                log.warning("audit.reads_again", reason=repr(error))
                if source is not None:
                    source.close()
                await asyncio.sleep(AGAIN_S)

    async def _cycles(self, source: Log) -> None:
        while True:
            began = time.monotonic()
            try:
                await self._cycle(source)
            except (RowsWentBack, RowsBehind, *AWAY) as error:
                log.warning("audit.no_rows", reason=repr(error))
                await asyncio.sleep(AGAIN_S)
            else:
                await asyncio.sleep(max(self._every_s - (time.monotonic() - began), 0))

    async def _cycle(self, source: Log) -> None:
        connection = await asyncpg.connect(self._postgres, timeout=CONNECT_S_MAX, command_timeout=COMMAND_S_MAX)
        try:
            cycle, examples = await self._auditor.cycle(source, connection)
            await audited.write(connection, cycle)
        finally:
            connection.terminate()
        self._measures.note(cycle)
        for one in examples:
            log.error("audit.divergent", case=one.case, field=one.field, log=one.log, row=one.row)
