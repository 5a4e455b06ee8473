"""However far the rows are behind: a case that has ended is there, and nobody is told less than there is."""

from __future__ import annotations

import signal
import uuid

from tests.support.city import GRID
from tests.support.live import Live, eventually

FOLDED_S_MAX = 10.0


def test_the_same_action_again_on_a_case_that_it_ended_is_answered_while_the_rows_are_behind(live: Live) -> None:
    projector = live.part("project")
    projector.send_signal(signal.SIGSTOP)
    try:
        case_id = live.report(GRID)
        void = {"action_id": str(uuid.uuid4()), "action": "void", "reason": "reported_in_error"}
        told = [live.call("shift_head", "POST", f"/api/cases/{case_id}/actions", void) for _ in range(2)]
        read = live.call("leader", "GET", f"/api/cases/{case_id}")
    finally:
        projector.send_signal(signal.SIGCONT)
    assert [answer.status_code for answer in told] == [200, 200], told[-1].text
    assert told[0].json()["origin"] == told[1].json()["origin"]
    assert (read.status_code, read.json()["status"]) == (200, "void")


def test_a_case_that_the_rows_do_not_have_yet_is_not_compared_without_its_text(live: Live) -> None:
    projector = live.part("project")
    projector.send_signal(signal.SIGSTOP)
    try:
        case_id = live.report(GRID)
        early = live.call("acceptor", "GET", f"/api/cases/{case_id}/duplicates")
    finally:
        projector.send_signal(signal.SIGCONT)
    assert (early.status_code, early.json()["code"]) == (503, "behind"), early.text

    def compared() -> bool:
        return live.call("acceptor", "GET", f"/api/cases/{case_id}/duplicates").status_code == 200

    eventually(compared, FOLDED_S_MAX, "the rows have the case")
