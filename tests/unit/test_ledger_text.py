"""A case's ledger as text, and who may see the totals of whom."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from api.accounts import Person
from api.ledger import accountant
from api.ledger_text import span, table
from api.problems import Problem
from domain.case import actions as a
from domain.case.values import ForceReason, Role, SuspensionReason
from tests.support.city import TOWN, actor
from tests.unit.test_ledger import AT, HANDLER, LEADER, MINUTE, TO_WORK, ledger, lived

ZONE = ZoneInfo("Asia/Shanghai")
PAUSED = (
    *TO_WORK,
    (20, HANDLER, a.RequestSuspension(SuspensionReason.SEASON, AT + 100 * MINUTE)),
    (25, LEADER, a.DecideSuspension(granted=True)),
)
TEXT = """\
轮 round  起 from                  止 to                    时长 span     责任方 holder        层级 level  状态 status  时钟 clock
1         2018-10-15 09:00:00.000  2018-10-15 09:02:00.000  00:02:00.000  desk:0               0           reported     accept
1         2018-10-15 09:02:00.000  2018-10-15 09:05:00.000  00:03:00.000  desk:0               0           accepted     file
1         2018-10-15 09:05:00.000  2018-10-15 09:09:00.000  00:04:00.000  desk:0               0           filed        dispatch
1         2018-10-15 09:09:00.000  2018-10-15 09:14:00.000  00:05:00.000  unit:410183001-team  0           dispatched   handle
1         2018-10-15 09:14:00.000  2018-10-15 09:25:00.000  00:11:00.000  unit:410183001-team  0           handling     handle
1         2018-10-15 09:25:00.000  —                        00:35:00.001  (suspended)          0           suspended    —
协办 co-handlers, beside the sum
1         2018-10-15 09:09:00.000  2018-10-15 09:25:00.000  00:16:00.000  unit:410183-urban    0           dispatched   co_handle
合计 sum 01:00:00.001 · 历时 elapsed 01:00:00.001 · 相等 equal
"""  # noqa: E501  # as it is printed


def test_a_ledger_reads_as_a_table_with_its_sum_beside_what_elapsed() -> None:
    assert table(ledger(lived(*PAUSED)), AT + 60 * MINUTE + 1, ZONE) == TEXT


def test_an_ended_case_without_co_handlers_has_no_lanes_and_no_open_end() -> None:
    text = table(ledger(lived(*TO_WORK[:2], (7, LEADER, a.ForceClose(ForceReason.IN_COURT, "x")))), 0, ZONE)
    assert text.splitlines()[-1] == "合计 sum 00:07:00.000 · 历时 elapsed 00:07:00.000 · 相等 equal"
    assert "co-handlers" not in text
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize(
    ("ms", "said"), [(0, "00:00:00.000"), (86_399_999, "23:59:59.999"), (93_784_005, "1d 02:03:04.005")]
)
def test_a_span_is_days_and_the_time_of_a_clock(ms: int, said: str) -> None:
    assert span(ms) == said


def test_totals_are_seen_by_those_who_account_for_others_each_in_the_scope_of_that_post() -> None:
    chief = actor(Role.LEADER)
    both = Person("x", (actor(Role.HANDLER), actor(Role.DISPATCHER, scope=TOWN)))
    assert accountant(Person("x", (chief,)), None) is chief
    assert accountant(Person("x", (chief,)), TOWN) is chief
    assert accountant(both, TOWN + "001").scope == TOWN
    for person, scope in ((both, "410183"), (both, ""), (Person("x", (chief,)), "41"), (Person("x", ()), None)):
        with pytest.raises(Problem, match="forbidden"):
            accountant(person, scope)


@pytest.mark.parametrize("role", sorted(set(Role)))
def test_nobody_else_sees_them(role: Role) -> None:
    allowed = {Role.LEADER, Role.INSPECTOR, Role.APPRAISER, Role.AUDITOR, Role.DISPATCHER, Role.SHIFT_HEAD}
    person = Person("x", (actor(role),))
    if role in allowed:
        assert accountant(person, None).role is role
        return
    with pytest.raises(Problem, match="forbidden"):
        accountant(person, None)
