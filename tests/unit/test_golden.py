"""Stored bytes are for ever: what was written once is read and written again byte for byte."""

from __future__ import annotations

from pathlib import Path

import msgspec

from domain.case import actions as a
from domain.case.values import Channel, Place, Role
from eventlog.record import TakeoverRecord, decode, encode
from tests.support.city import GRID, TEAM, actor, ms
from tests.support.desk import Desk

GOLDEN = Path(__file__).parent.parent / "support" / "golden_v1.jsonl"


def written() -> list[bytes]:
    """Records of a short case, as this release writes them; the rulebook's version is left out of the comparison."""
    desk = Desk()
    at = ms("2018-10-15T11:00")
    steps = (
        (actor(Role.ACCEPTOR), a.Report(Place(GRID, 113.3, 34.5), Channel.HOTLINE, "010101")),
        (actor(Role.ACCEPTOR), a.Accept()),
        (actor(Role.SHIFT_HEAD), a.File("010101", "01")),
        (actor(Role.DISPATCHER), a.Dispatch(TEAM)),
        (actor(Role.SHIFT_HEAD), a.Close()),
        (actor(Role.HANDLER, "li", TEAM), a.Acknowledge()),
    )
    for number, (who, action) in enumerate(steps):
        desk.act(who, action, at + number, f"action-{number}")
    takeover = TakeoverRecord(partition=3, topic="t", next_offset=9, worker="w", release="test")
    return [*map(encode, desk.records), encode(takeover)]


def test_the_first_version_is_read_and_written_byte_for_byte() -> None:
    lines = GOLDEN.read_bytes().splitlines()
    assert [encode(decode(line)) for line in lines] == lines


def test_this_release_writes_the_shape_of_the_first_version() -> None:
    fields = [sorted(_keys(decode(line))) for line in GOLDEN.read_bytes().splitlines()]
    assert [sorted(_keys(decode(line))) for line in written()] == fields


def _keys(record: object) -> list[str]:
    return list(msgspec.to_builtins(record))
