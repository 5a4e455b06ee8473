"""One adoption at a time in the whole city, whichever process appends it: command, API, or the start of a log."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from msgspec.structs import replace
from rich.console import Console

from api.accounts import create_tables
from eventlog.record import AdoptionRecord
from ops.prepare import Adopting, prepare
from ops.reference.adopting import carry_out, new_adoption
from ops.reference.library import Cluster
from projections.adoptions import LOCK, AdoptionUnderWay, one_at_a_time
from reference.contents import Contents, pack
from reference.profile import load_profile
from tests.integration.test_reference_api import City
from tests.integration.test_reference_commands import COMMAND_S_MAX, WRITTEN_S_MAX, reference, started
from tests.support.beside import Beside
from tests.support.live import eventually

WAIT_S = 0.2
XINMI = load_profile("xinmi")


def another(name: str) -> Contents:
    """The city's contents under another name of their standard: another version."""
    return replace(XINMI.contents, standard=replace(XINMI.contents.standard, version=name))


@contextmanager
def somebody_adopting(beside: Beside) -> Iterator[None]:
    """Another adoption that has its turn until the context is left."""
    has_it, enough = threading.Event(), threading.Event()

    async def hold() -> None:
        connection = await asyncpg.connect(beside.postgres)
        try:
            async with one_at_a_time(connection, WAIT_S):
                has_it.set()
                await asyncio.to_thread(enough.wait)
        finally:
            await connection.close()

    holding = threading.Thread(target=lambda: asyncio.run(hold()))
    holding.start()
    assert has_it.wait(WRITTEN_S_MAX)
    try:
        yield
    finally:
        enough.set()
        holding.join()


def waiting(beside: Beside) -> bool:
    sql = "select 1 from pg_locks where locktype = 'advisory' and objid = $1 and not granted"
    return bool(beside.query(sql, LOCK))


def adoptions_appended(beside: Beside) -> set[str]:
    return {r.attempt.action.version for _, r in beside.entries() if isinstance(r, AdoptionRecord)}


def test_a_command_waits_for_its_turn_and_appends_nothing_before(beside: Beside, tmp_path: Path) -> None:
    started(beside)
    part = tmp_path / "standard.json"
    reference(beside, "export", "standard", str(part))
    part.write_text(json.dumps({**json.loads(part.read_text()), "version": "later"}))
    command = [sys.executable, "-m", "ops.cli", "reference", "adopt", "--standard", str(part), "--yes"]
    with somebody_adopting(beside):
        before = adoptions_appended(beside)
        adopting = subprocess.Popen(
            command, env=beside.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        eventually(lambda: waiting(beside) or adopting.poll() is not None, COMMAND_S_MAX, "the command waits")
        assert adopting.poll() is None, adopting.communicate()[0]
        assert adoptions_appended(beside) == before
    said, _ = adopting.communicate(timeout=COMMAND_S_MAX)
    assert adopting.returncode == 0, said
    assert len(adoptions_appended(beside)) == 2


def test_whoever_cannot_wait_any_longer_is_told_so_with_one_code_and_nothing_is_appended(beside: Beside) -> None:
    city = City(beside)
    draft = {"standard": {**city.call("admin", "GET", "/api/reference/in-force/standard").json(), "version": "api"}}
    drafted = city.draft(parts=draft).json()
    before = adoptions_appended(beside)
    at = Cluster(beside.kafka, beside.postgres, beside.names)
    contents = another("command")
    adoption = new_adoption(contents, pack(XINMI.contents)[0], "", str(uuid.uuid4()))
    with somebody_adopting(beside):
        with pytest.raises(AdoptionUnderWay) as command:
            carry_out(at, adoption, contents, ZoneInfo("Asia/Shanghai"), Console(file=StringIO()), WAIT_S)
        refused = city.adopt(drafted["version"], base=drafted["base"])
        assert (refused.status_code, refused.json()["code"]) == (503, command.value.code)
        assert adoptions_appended(beside) == before
    assert city.adopt(drafted["version"], base=drafted["base"]).status_code == 200
    moved = Console(file=StringIO())
    assert not carry_out(at, adoption, contents, ZoneInfo("Asia/Shanghai"), moved), "it was compared with another base"


def test_the_start_of_a_log_takes_its_turn_like_any_other_and_holds_up_no_tables(beside: Beside) -> None:
    profile = replace(XINMI, contents=another("import"))

    async def make_tables() -> None:
        connection = await asyncpg.connect(beside.postgres)
        try:
            async with asyncio.timeout(WRITTEN_S_MAX):
                await create_tables(connection)
        finally:
            await connection.close()

    with somebody_adopting(beside):
        with pytest.raises(AdoptionUnderWay):
            prepare(beside.kafka, beside.postgres, beside.names, profile, 1, Adopting.ALWAYS, WAIT_S)
        asyncio.run(make_tables())
    said = prepare(beside.kafka, beside.postgres, beside.names, profile, 1, Adopting.ALWAYS)
    assert "adopted in 24 of 24 partitions" in said
