"""A case that has ended is still there for whoever asks, however far the rows are behind."""

from __future__ import annotations

import signal
import uuid

from tests.support.city import GRID
from tests.support.live import Live


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
