"""Reference contents changed by command while cases are being filed: the standard, and a township that is split."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl

from domain.case.actions import Accept, Attempt, CaseAction, File, Report, Tick
from domain.case.events import Filed, Rehomed
from domain.case.values import Actor, Channel, Place, Role
from eventlog.append import BULK_MS_MAX, Appender
from eventlog.position import PARTITIONS
from eventlog.record import AdoptionRecord, DecisionRecord
from reference.profile import load_profile
from tests.support.beside import Beside
from tests.support.city import GRID
from tests.support.live import eventually

COMMAND_S_MAX = 150
WRITTEN_S_MAX = 60
FILED_BEFORE = 60
PARTS = ("project", "dispatch", "clock")
ACCEPTOR = Actor("acceptor", Role.ACCEPTOR, "410183")
CLOCK = Actor("clock", Role.SYSTEM, "")
SHIFT_HEAD = Actor("shift_head", Role.SHIFT_HEAD, "410183")
TOWN, VILLAGE, NEW_TOWN = "410183001", "410183001001", "410183114"
NEW_GRID = f"{NEW_TOWN}00101"


def reference(beside: Beside, *arguments: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "ops.cli", "reference", *arguments]
    ended = subprocess.run(
        command,
        env=beside.env,
        capture_output=True,
        text=True,
        timeout=COMMAND_S_MAX,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert ended.returncode == code, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout


async def file_one(appender: Appender) -> str:
    """A case reported, accepted and filed: three actions on one partition, in order; gives its id."""
    case = str(uuid.uuid4())
    steps: tuple[tuple[Actor, CaseAction], ...] = (
        (ACCEPTOR, Report(Place(GRID), Channel.HOTLINE, "010101")),
        (ACCEPTOR, Accept()),
        (SHIFT_HEAD, File(condition="01")),
    )
    for who, action in steps:
        await appender.append(Attempt(str(uuid.uuid4()), case, who, action, 0, "d"))
    return case


def file_some(beside: Beside, count: int) -> list[str]:
    async def run() -> list[str]:
        async with Appender(beside.kafka, beside.names, BULK_MS_MAX) as appender:
            return [await file_one(appender) for _ in range(count)]

    return asyncio.run(run())


def look_at(beside: Beside, cases: list[str]) -> None:
    """What the clock does when something falls due."""

    async def run() -> None:
        async with Appender(beside.kafka, beside.names, BULK_MS_MAX) as appender:
            for case in cases:
                await appender.append(Attempt(str(uuid.uuid4()), case, CLOCK, Tick(), 0, "d"))

    asyncio.run(run())


@contextmanager
def people_filing(beside: Beside) -> Iterator[None]:
    """Case after case is filed until the context is left."""
    enough = threading.Event()

    async def run() -> None:
        async with Appender(beside.kafka, beside.names, BULK_MS_MAX) as appender:
            while not enough.is_set():
                await file_one(appender)

    filing = threading.Thread(target=lambda: asyncio.run(run()))
    filing.start()
    try:
        yield
    finally:
        enough.set()
        filing.join()


def started(beside: Beside) -> None:
    """The parts run, and every partition has decided the first adoption."""
    for part in PARTS:
        beside.start(part)

    def adopted() -> bool:
        return bool(beside.query("select count(*) as n from adoptions")[0]["n"] == PARTITIONS)

    eventually(adopted, WRITTEN_S_MAX, "the first adoption in the rows of every partition")


def written(beside: Beside, open_cases: int) -> None:
    """Wait until the rows know that many filed cases."""

    def there() -> bool:
        sql = "select count(*) as n from case_state where status = 'filed'"
        return bool(beside.query(sql)[0]["n"] >= open_cases)

    eventually(there, WRITTEN_S_MAX, f"{open_cases} filed cases in the rows")


def filings(beside: Beside) -> list[tuple[int, int, Filed]]:
    """Partition, action offset and event of every filing in the log."""
    return [
        (partition, record.origin.offset, event)
        for partition, record in beside.entries()
        if isinstance(record, DecisionRecord)
        for event in record.events
        if isinstance(event, Filed)
    ]


def adopted_at(beside: Beside, version: str) -> dict[int, int]:
    """Partition → the action offset from which on it decides by the version, read from the log."""
    return {
        partition: record.origin.offset
        for partition, record in beside.entries()
        if isinstance(record, AdoptionRecord)
        for event in record.events
        if event.version == version
    }


def test_a_limit_changed_in_the_workbook_holds_from_the_offset_that_the_command_names(
    beside: Beside, tmp_path: Path
) -> None:
    started(beside)
    form = tmp_path / "standard.xlsx"
    reference(beside, "export", "standard", str(form))
    book = openpyxl.load_workbook(form)
    assert book.worksheets[0]["I2"].value == "2UH"
    book.worksheets[0]["I2"] = "3UH"
    book.save(form)
    draft = ("--standard", str(form), "--name", "revised")

    file_some(beside, FILED_BEFORE)
    written(beside, FILED_BEFORE)
    seen = json.loads(reference(beside, "preview", *draft, "--json"))
    assert [each["en"] for each in seen["differences"]] == ["010101/01 limit: “2UH” → “3UH”."]
    assert seen["preview"]["standard"]["by_class"] == {"010101": {"limit": FILED_BEFORE}}

    with people_filing(beside):
        said = reference(beside, "adopt", *draft, "--yes", "--note", "revision")
    beside.all_decided()

    history: Any = json.loads(reference(beside, "list", "--json"))
    first, last = history["adopted"]
    assert history["in_force"] == [last["version"]]
    assert (last["differs_in"], last["note"], last["rejected"]) == (["standard"], "revision", 0)
    since = adopted_at(beside, last["version"])
    assert {int(p): offset for p, offset in last["since_offsets"].items()} == since
    assert len(since) == PARTITIONS
    assert last["action_id"] in said

    old, new = 0, 0
    for partition, offset, filed in filings(beside):
        if offset < since[partition]:
            assert (filed.limit, filed.rulebook) == ("2UH", first["version"])
            old += 1
        else:
            assert (filed.limit, filed.rulebook) == ("3UH", last["version"])
            new += 1
    assert old > FILED_BEFORE, "some were filed while the adoption was under way"
    assert new > 0
    again = reference(beside, "adopt", "--action-id", last["action_id"])
    assert last["action_id"] in again, "repeating a finished adoption changes nothing"
    assert adopted_at(beside, last["version"]) == since
    assert "nothing to adopt" in reference(beside, "adopt", *draft, "--yes")


def test_a_township_is_split_while_its_cases_are_open_and_each_of_them_follows(beside: Beside, tmp_path: Path) -> None:
    started(beside)
    before = datetime.now(UTC).isoformat()
    villages = sorted(g.code for g in load_profile("xinmi").contents.grids if g.level == 2 and g.code.startswith(TOWN))
    changes = tmp_path / "split.json"
    split = {
        "change": "split",
        "code": TOWN,
        "parts": [
            {"code": TOWN, "zh": "青屏街街道", "children": [code for code in villages if code != VILLAGE]},
            {
                "code": NEW_TOWN,
                "zh": "新街道",
                "children": [VILLAGE],
                "posts": [{"person": "chen", "role": role} for role in ("acceptor", "shift_head", "dispatcher")],
            },
        ],
    }
    changes.write_text(json.dumps({"changes": [split]}))
    cases = file_some(beside, 5)
    written(beside, 5)

    seen = json.loads(reference(beside, "preview", "--grid-changes", str(changes), "--json"))
    assert [move["grid"] for move in seen["preview"]["moves"]] == [NEW_GRID] * 5
    reference(beside, "adopt", "--grid-changes", str(changes), "--yes")
    look_at(beside, cases)

    def moved() -> bool:
        rows = beside.query("select grid from case_state where open")
        return {row["grid"] for row in rows} == {NEW_GRID}

    eventually(moved, WRITTEN_S_MAX, "every open case in its new grid")
    events = [e for _, record in beside.entries() if isinstance(record, DecisionRecord) for e in record.events]
    assert [(e.before, e.grid) for e in events if isinstance(e, Rehomed)] == [(GRID, NEW_GRID)] * 5

    then = json.loads(reference(beside, "who", GRID, "--at", before, "--json"))
    assert then["ancestors"] == [GRID, VILLAGE, TOWN, "410183"]
    now = json.loads(reference(beside, "who", NEW_GRID, "--json"))
    assert now["ancestors"] == [NEW_GRID, NEW_GRID[:12], NEW_TOWN, "410183"]
    assert now["responsible"]["acceptor"][0]["person"] == "chen"
    assert then["responsible"]["acceptor"][0]["person"] == f"acceptor-{TOWN}"
    reference(beside, "who", GRID, code=1)
    backdated = tmp_path / "past.json"
    back = {"change": "rename", "code": VILLAGE[:9] + VILLAGE[9:-1] + "2", "zh": "旧名", "at": before}
    backdated.write_text(json.dumps({"changes": [back]}))
    reference(beside, "check", "--grid-changes", str(backdated), code=2)
