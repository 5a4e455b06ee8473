"""The registers' rows: opened by what is asked for, finished by what is decided, and never with a text."""

from __future__ import annotations

from domain.case import actions as a
from domain.case.evolve import fold, moves, states
from domain.case.values import Channel, ExtensionReason, Place, ReturnReason, Role, VoidReason
from projections import timeline
from projections.registers import Entry, entered
from tests.support.city import GRID, TEAM, actor, ms
from tests.support.desk import Desk

NINE = ms("2018-10-10T09:00")
MINUTE_MS = 60_000
MEMBER = actor(Role.HANDLER, "wang", TEAM)


def at_work() -> Desk:
    """A broken manhole cover that its lead has signed for."""
    desk = Desk()
    for minute, (role, action) in enumerate(
        [
            (Role.ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101")),
            (Role.ACCEPTOR, a.Accept()),
            (Role.SHIFT_HEAD, a.File(condition="02")),
            (Role.DISPATCHER, a.Dispatch(TEAM)),
        ]
    ):
        assert desk.act(actor(role), action, NINE + minute * MINUTE_MS).outcome == "accepted"
    assert desk.act(MEMBER, a.Acknowledge(), NINE + 5 * MINUTE_MS).outcome == "accepted"
    return desk


def rows(desk: Desk) -> list[Entry]:
    """The case's rows, all its events in one go."""
    return entered([], "case-1", 0, timeline.moves(desk.records))


def test_a_granted_extension_a_return_and_a_void_have_a_row_each() -> None:
    desk = at_work()
    desk.act(MEMBER, a.RequestExtension(ExtensionReason.WEATHER, "1WH", "下雨"), NINE + 6 * MINUTE_MS)
    assert [(row.register, row.outcome, row.amount) for row in rows(desk)] == [("extensions", "open", "1WH")]
    desk.act(actor(Role.SHIFT_HEAD), a.DecideExtension(granted=True), NINE + 7 * MINUTE_MS)
    desk.act(MEMBER, a.Return(ReturnReason.NOT_OURS, "不是我们"), NINE + 8 * MINUTE_MS)
    desk.act(actor(Role.SHIFT_HEAD), a.Void(VoidReason.DUPLICATE), NINE + 9 * MINUTE_MS)
    found = rows(desk)
    assert [(r.register, r.reason, r.outcome, r.person, r.decided_by, r.status) for r in found] == [
        ("extensions", "weather", "granted", "wang", "shift_head", "handling"),
        ("returns", "not_ours", "done", "wang", None, "handling"),
        ("voids", "duplicate", "done", "shift_head", None, "filed"),
    ]
    assert (found[0].at_ms, found[0].decided_ms) == (NINE + 6 * MINUTE_MS, NINE + 7 * MINUTE_MS)
    assert not any("不是" in str(row) or "下雨" in str(row) for row in found)


def test_a_request_that_dies_says_why_and_the_next_one_is_another_row() -> None:
    desk = at_work()
    asked = a.RequestExtension(ExtensionReason.WEATHER, "1WH")
    desk.act(MEMBER, asked, NINE + 6 * MINUTE_MS)
    desk.act(actor(Role.SHIFT_HEAD), a.DecideExtension(granted=False), NINE + 7 * MINUTE_MS)
    desk.act(MEMBER, asked, NINE + 8 * MINUTE_MS)
    desk.act(MEMBER, a.Return(ReturnReason.NOT_OURS), NINE + 9 * MINUTE_MS)
    assert [(r.register, r.outcome, r.cause) for r in rows(desk)] == [
        ("extensions", "refused", None),
        ("extensions", "dropped", "state_left"),
        ("returns", "done", None),
    ]


def test_folded_record_after_record_the_rows_are_those_of_one_go() -> None:
    desk = at_work()
    desk.act(MEMBER, a.RequestExtension(ExtensionReason.WEATHER, "1WH"), NINE + 6 * MINUTE_MS)
    desk.act(actor(Role.SHIFT_HEAD), a.DecideExtension(granted=True), NINE + 7 * MINUTE_MS)
    whole = rows(desk)

    held: list[Entry] = []
    case = None
    for record in desk.records:
        held = entered(held, "case-1", 0, moves(case, record.events, states(case, record.events)))
        case = fold(case, record.events)
    assert held == whole
