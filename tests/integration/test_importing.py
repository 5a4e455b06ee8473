"""An import whose log stops answering ends with what to do next."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest
from aiokafka.errors import KafkaError

from eventlog.append import LogUnreachable
from eventlog.tail import ends, tail
from ops import importing
from ops.importing import bring_in, read_rows
from reference.mapping import load_mapping
from runtime.faults import Fault
from runtime.settings import Settings
from tests.support.beside import Beside
from tests.support.live import eventually
from tests.support.nodes import Nodes

FILE = Path(__file__).parent.parent / "support" / "bad_rows.csv"
ROWS = 20_000
"""Of which the first few hundred come in, however busy the machine is when somebody looks."""
SHORT_MS = 1_500
AGAIN_S_MAX = 60.0


def test_a_log_that_stops_answering_in_the_middle_of_an_import_is_named_with_what_to_do(
    beside: Beside, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BULK_MS_MAX", SHORT_MS)
    city = load_mapping("boston")
    good = read_rows(FILE, city)[0]
    rows = [{**good, "CASE_ENQUIRY_ID": str(number)} for number in range(ROWS)]
    settings = Settings(topic_prefix=beside.names.prefix)
    broker = nodes.broker()

    async def broken_off() -> None:
        before = await ends(beside.kafka, beside.names.actions)
        stopping = asyncio.create_task(_stop_in_the_middle(beside, before, broker))
        try:
            with pytest.raises(Fault) as ended:
                await bring_in(beside.env, settings, city, rows, None)
        finally:
            broker.resume()
            await stopping
        assert ended.value.code == "log.unreachable"
        assert "同一命令" in ended.value.hint_zh
        assert "same command" in ended.value.hint_en

    asyncio.run(broken_off())
    eventually(lambda: _takes(beside), AGAIN_S_MAX, "the broker, which others use, is as it was")


async def _stop_in_the_middle(beside: Beside, before: dict[int, int], broker: psutil.Process) -> None:
    """Once some rows stand in the log; most are still to come, a few hundred at a time."""
    async for _ in tail(beside.kafka, beside.names.actions, before):
        broker.suspend()
        return


def _takes(beside: Beside) -> bool:
    """One that stood does not know itself for a moment."""
    try:
        return bool(beside.report(1))
    except (KafkaError, LogUnreachable):
        return False
