"""From a request's body to an attempt: parsed once into the rules' own structs, sealed, and given its digest."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec
from fastapi import Request
from msgspec import Meta
from msgspec.structs import replace

from api.problems import Problem
from api.sealing import Keys
from domain.case.actions import (
    CASE_ACTIONS,
    Attempt,
    CaseAction,
    Handle,
    ImportCase,
    Report,
    SystemAction,
)
from domain.case.values import TEXT_CHARS_MAX, Actor, Contact, Waiver
from domain.standard.text import unseen
from eventlog.verdict import ACTION_BYTES_MAX

BODY_BYTES_MAX = 48 * 1024
CASE_NAMESPACE = uuid.UUID("0b2f3a54-5c3a-5b55-8f5c-6a1d7d9c2b11")
ENVELOPE = ("action_id", "expected_version", "occurred_at_ms")

TEXTS = ("text", "instructions", "result")
"""What people write freely: sealed, wherever an action has it."""

_Version = Annotated[int, Meta(ge=0)]


class Envelope(msgspec.Struct, frozen=True):
    """What every action's body has around the action itself."""

    action_id: uuid.UUID
    expected_version: _Version | None = None
    occurred_at_ms: int | None = None


async def read_body(request: Request) -> bytes:
    """The body, read no further than BODY_BYTES_MAX. Raises Problem `too_large`."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise Problem("too_large", found=len(body), allowed=BODY_BYTES_MAX)
    return bytes(body)


def case_of_report(action_id: str) -> str:
    """The id of the case that a report opens: a repeated report meets the same case."""
    return str(uuid.uuid5(CASE_NAMESPACE, action_id))


def read_action(body: bytes, *, report: bool) -> tuple[Envelope, CaseAction, dict[str, Any]]:
    """The envelope, the action, and the plain action body. Raises Problem `malformed`, naming the field."""
    try:
        plain = msgspec.json.decode(body, type=dict[str, Any])
        envelope = msgspec.convert({key: plain[key] for key in ENVELOPE if key in plain}, Envelope)
        bare = {key: value for key, value in plain.items() if key not in ENVELOPE}
        if report:
            action: CaseAction = msgspec.convert({"action": "report", **bare}, Report)
        else:
            action = msgspec.convert(bare, CaseAction)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        names = [kind.__struct_config__.tag for kind in CASE_ACTIONS]
        raise Problem("malformed", found=str(error), allowed=names) from error
    require_readable(bare)
    if not report and isinstance(action, Report | ImportCase | SystemAction):
        raise Problem("malformed", found=plain.get("action"), hint="POST /api/cases")
    return envelope, action, bare


def require_readable(plain: Any, field: str = "") -> None:
    """Refuse text that shows something else than it holds, or more of it than TEXT_CHARS_MAX characters.

    Line breaks and tabs are seen. Raises Problem `unseen_character`, `text_too_long`, naming the field.
    """
    if isinstance(plain, dict):
        for key, value in plain.items():
            require_readable(value, f"{field}.{key}" if field else str(key))
    elif isinstance(plain, list):
        for number, value in enumerate(plain):
            require_readable(value, f"{field}[{number}]")
    elif isinstance(plain, str):
        if len(plain) > TEXT_CHARS_MAX:
            raise Problem("text_too_long", field=field, found=len(plain), allowed=TEXT_CHARS_MAX)
        if (found := unseen(plain.replace("\r", "").replace("\t", ""))) is not None:
            raise Problem("unseen_character", field=field, found=found)


async def make_attempt(
    keys: Keys, actor: Actor, case_id: str, envelope: Envelope, action: CaseAction, plain: Any, now_ms: int
) -> Attempt:
    """The attempt as it goes into the log: free text and contacts sealed, with the digest of the plain body.

    Raises Problem `too_large`: sealing makes text longer, and what no decider would read must not be appended.
    """
    digest = keys.digest([actor.person, plain, envelope.expected_version])
    attempt = Attempt(
        id=str(envelope.action_id),
        case=case_id,
        actor=actor,
        action=await _sealed(keys, case_id, action),
        received_at_ms=now_ms,
        digest=digest,
        occurred_at_ms=envelope.occurred_at_ms,
        expected_version=envelope.expected_version,
    )
    size = len(msgspec.json.encode(attempt))
    if size > ACTION_BYTES_MAX:
        raise Problem("too_large", found=size, allowed=ACTION_BYTES_MAX)
    return attempt


async def _sealed(keys: Keys, kid: str, action: CaseAction) -> CaseAction:
    texts = {name: text for name in TEXTS if (text := getattr(action, name, None)) is not None}
    waivers = action.without if isinstance(action, Handle) else ()
    contact = getattr(action, "contact", None)
    told = {n: t for n in ("name", "phone") if isinstance(t := getattr(contact, n, None), str)}
    if not texts and not waivers and not told:
        return action
    seal = await keys.sealer(kid)
    changed: dict[str, Any] = {name: seal(str(text)) for name, text in texts.items()}
    if waivers:
        changed["without"] = tuple(Waiver(one.unit, seal(str(one.reason))) for one in waivers)
    if told:
        changed["contact"] = Contact(**{name: seal(text) for name, text in told.items()})
    return replace(action, **changed)
