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
from ops.audit.compare import Auditor, Compared, RowsBehind, RowsWentBack
from ops.audit.log import Log
from projections import audited
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

    def note(self, found: Compared, cycle: audited.Cycle) -> None:
        """One more cycle."""
        self._allowed.set(cycle.allowed_s)
        self._cycles.inc()
        self._last.set(found.at_ms / 1000)
        self._seconds.set(found.seconds)
        self._cases.set(found.cases)
        self._clocks.set(found.clocks)
        self._divergent.set(found.divergent)


def run(bootstrap: str, postgres: str, topic: str, every_s: float, registry: CollectorRegistry) -> None:
    """Compare every `every_s` seconds until SIGTERM or SIGINT. Raises ValueError where the log itself has a hole."""
    asyncio.run(_run(bootstrap, postgres, topic, every_s, Measures(registry)))


async def _run(bootstrap: str, postgres: str, topic: str, every_s: float, measures: Measures) -> None:
    told, ending = asyncio.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    auditor = Auditor()
    watching = asyncio.create_task(_watch(auditor, bootstrap, postgres, topic, every_s, measures, ending))
    asked = asyncio.create_task(told.wait())
    await asyncio.wait([watching, asked], return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    ending.set()
    if watching.done():
        watching.result()
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


async def _watch(
    auditor: Auditor,
    bootstrap: str,
    postgres: str,
    topic: str,
    every_s: float,
    measures: Measures,
    ending: threading.Event,
) -> None:
    """Cycle after cycle; where the log does not answer, on another connection from where it had read."""
    while True:
        source: Log | None = None
        try:
            await reach(bootstrap, REACH_S_MAX)  # a consumer that finds no broker would leave a thread behind
            source = await asyncio.to_thread(Log, bootstrap, topic, auditor.next_offsets, ending)
            await _cycles(auditor, source, postgres, every_s, measures)
        except (KafkaError, HistoryStalled, Unreachable) as error:
            log.warning("audit.reads_again", reason=repr(error))
            if source is not None:
                source.close()
            await asyncio.sleep(AGAIN_S)


async def _cycles(auditor: Auditor, source: Log, postgres: str, every_s: float, measures: Measures) -> None:
    while True:
        began = time.monotonic()
        try:
            connection = await asyncpg.connect(postgres, timeout=CONNECT_S_MAX, command_timeout=COMMAND_S_MAX)
            try:
                found = await auditor.cycle(source, connection)
                cycle = audited.Cycle(found.at_ms, found.seconds, every_s, found.cases, found.clocks, found.divergent)
                await audited.write(connection, cycle)
            finally:
                connection.terminate()
        except (RowsWentBack, RowsBehind, *AWAY) as error:
            log.warning("audit.no_rows", reason=repr(error))
            await asyncio.sleep(AGAIN_S)
            continue
        measures.note(found, cycle)
        for one in found.examples:
            log.error("audit.divergent", case=one.case, field=one.field, log=one.log, row=one.row)
        await asyncio.sleep(max(every_s - (time.monotonic() - began), 0))
