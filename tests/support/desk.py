"""Carries one case through the rules as the decider does: attempts in, records out."""

from __future__ import annotations

import uuid

from msgspec.structs import replace

from domain.case.actions import Attempt, CaseAction
from domain.case.frame import Rules
from domain.case.values import Actor
from eventlog.casefile import CaseFile, absorb
from eventlog.record import DecisionRecord, Origin, Outcome, encode
from eventlog.verdict import Arrived, Office, judge
from tests.support.city import rules


class Desk:
    """One case and its records so far; `rules` may be replaced, as an adoption does."""

    def __init__(self, case_id: str = "case-1", by: Rules | None = None) -> None:
        self.rules = by or rules()
        self.file = CaseFile(case_id)
        self.records: list[DecisionRecord] = []

    def act(
        self,
        actor: Actor,
        action: CaseAction,
        at_ms: int,
        action_id: str = "",
        digest: str = "d",
        expected_version: int | None = None,
    ) -> DecisionRecord:
        """Decide one attempt at that instant of the log."""
        made = action_id or str(uuid.uuid4())
        attempt = Attempt(made, self.file.id, actor, action, at_ms, digest, expected_version=expected_version)
        arrived = Arrived(Origin("t", 0, len(self.records)), at_ms, self.file.id.encode(), b"")
        record = judge(self.file, attempt, arrived, Office(self.rules, "test", "20261124-00-0001"))
        self.file = absorb(self.file, record, encode(record))
        self.records.append(record)
        return record

    def after(self, *steps: tuple[Actor, CaseAction], step_ms: int = 1) -> Desk:
        """The same desk once these steps were accepted, each so long after the last record."""
        for who, action in steps:
            record = self.act(who, action, self.records[-1].at_ms + step_ms)
            assert record.outcome is Outcome.ACCEPTED, (action, record.rejection)
        return self

    def holding(self, **fields: object) -> Desk:
        """The same desk with so much in these fields of the case, as if a long life had filled them."""
        assert self.file.case is not None
        self.file = replace(self.file, case=replace(self.file.case, **fields))
        return self
