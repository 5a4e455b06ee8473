"""What a request is answered with: a decision's outcome, a case, a case's story. Personal data only where it may be."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi.responses import JSONResponse, Response

from api.problems import MEDIA
from api.sealing import Keys
from domain.case.decision import ReasonCode
from domain.case.events import Handled
from domain.case.reasons import SENTENCES
from domain.case.state import Case
from domain.case.values import Sealed
from eventlog.record import DecisionRecord, Outcome

FORBIDDEN = frozenset({ReasonCode.WRONG_ROLE, ReasonCode.WRONG_LEVEL})
UNSEEN = frozenset({ReasonCode.OUT_OF_SCOPE, ReasonCode.UNKNOWN_CASE})
PERSONAL = ("text", "contact", "instructions", "result", "without")
MASK = "***"


def answer(record: DecisionRecord, created: int) -> Response:
    """The outcome as HTTP: accepted 200/201, unchanged 200, refused by a rule 409, 403 or 404 (design document §7)."""
    assert record.attempt is not None, "an answer is to an attempt"
    body: dict[str, Any] = {
        "case_id": record.case,
        "action_id": record.attempt.id,
        "action": record.attempt.action.__struct_config__.tag,
        "outcome": str(record.outcome),
        "version": record.version,
        "at_ms": record.at_ms,
        "origin": {"partition": record.origin.partition, "offset": record.origin.offset},
        "events": [_bare(event) for event in record.events],
    }
    if record.detail:
        body["detail"] = record.detail
    if record.outcome is Outcome.REJECTED and record.rejection is not None:
        code = record.rejection.code
        status = 403 if code in FORBIDDEN else 404 if code in UNSEEN else 409
        zh, en = SENTENCES[code]
        problem = {"type": f"urn:liandong:reason:{code}", "title": zh, "title_en": en, "status": status}
        detail = {"code": str(code), "state": record.rejection.state, **record.rejection.detail}
        return JSONResponse({**problem, **detail, **body}, status, media_type=MEDIA)
    return JSONResponse(body, created if record.outcome is Outcome.ACCEPTED else 200)


def case_view(case_id: str, case: Case) -> dict[str, Any]:
    """A case as its readers see it."""
    return {"case_id": case_id, **msgspec.to_builtins(case)}


async def story(record: DecisionRecord, keys: Keys, masked: bool) -> dict[str, Any]:
    """One link of a case's story; sealed text is opened, or masked for who may not read it."""
    assert record.attempt is not None, "an effective record has its attempt"
    events: list[dict[str, Any]] = []
    for event in record.events:
        shown = msgspec.to_builtins(event)
        for name in PERSONAL:
            value = getattr(event, name, None)
            if isinstance(value, Sealed):
                shown[name] = MASK if masked else await keys.open(value)
            elif name == "contact" and value is not None:
                shown[name] = {
                    part: MASK if masked else await keys.open(getattr(value, part)) for part in ("name", "phone")
                }
        if isinstance(event, Handled):
            told = [MASK if masked else await keys.open(waiver.reason) for waiver in event.without]
            shown |= {
                "without": [{"unit": w.unit, "reason": text} for w, text in zip(event.without, told, strict=True)]
            }
        events.append(shown)
    return {
        "seq": record.seq,
        "at_ms": record.at_ms,
        "action": record.attempt.action.__struct_config__.tag,
        "actor": msgspec.to_builtins(record.attempt.actor),
        "outcome": str(record.outcome),
        "rejection": msgspec.to_builtins(record.rejection),
        "events": events,
    }


def _bare(event: Any) -> dict[str, Any]:
    return {key: value for key, value in msgspec.to_builtins(event).items() if key not in PERSONAL}
