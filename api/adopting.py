"""The routes that change reference contents: a draft is checked whole and published, a version is adopted.

Owns the order: nothing with a fault is published, and only what is published can be adopted. An adoption goes to every
partition under one id; repeated, it is finished (design document §1.8).
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from api.accounts import Person
from api.parts import Parts, now_ms
from api.problems import REPEAT, Problem
from domain.adoption.actions import Adopt
from domain.adoption.values import Note, Version
from domain.case.reasons import SENTENCES
from domain.case.values import Actor, Role
from domain.finding import Finding, faults
from eventlog import refs
from eventlog.adopting import append_adoption
from eventlog.record import AdoptionRecord, Outcome
from projections import adoptions
from reference.contents import Contents, pack, rules_of
from runtime import failpoints

DRAFT_BYTES_MAX = 16 * 1024 * 1024
WORKBOOK_BYTES_MAX = 5_000_000
FINDINGS_SHOWN_MAX = 500
TOUCHED_SHOWN_MAX = 200
DECIDED_S_MAX = 10.0
UNDER_WAY_S_MAX = 2.0
"""Less than any answer of the database may take (`opening.ANSWER_S_MAX`): a turn that does not come is no absence."""


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parts that replace those in force, and changes of the grid tree on top, each with its effective time."""

    parts: dict[str, msgspec.Raw] = {}
    grid_changes: tuple[msgspec.Raw, ...] = ()


class Adoption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Adopt a published version; `base` is what it was previewed against."""

    action_id: uuid.UUID
    version: Version
    base: Version | None = None
    note: Note = ""


def add_adopting(app: FastAPI, parts: Parts) -> None:
    """For the administrator only."""

    @app.post("/api/reference/drafts")
    async def draft(request: Request) -> Response:
        await _admin(parts, request)
        asked = _read(await _body(request, DRAFT_BYTES_MAX), Draft)
        base, contents = await parts.in_force()
        given = {part: bytes(raw) for part, raw in asked.parts.items()}
        changes = b'{"changes":[' + b",".join(bytes(raw) for raw in asked.grid_changes) + b"]}"
        new, findings = await asyncio.to_thread(_amended, contents, given, changes if asked.grid_changes else b"")
        return await _drafted(parts, base, contents, new, findings)

    @app.post("/api/reference/drafts/standard.xlsx")
    async def standard(request: Request, version: str = "") -> Response:
        await _admin(parts, request)
        content = await _body(request, WORKBOOK_BYTES_MAX)
        base, contents = await parts.in_force()
        new, findings = await asyncio.to_thread(_imported, contents, content, version or None)
        return await _drafted(parts, base, contents, new, findings)

    @app.post("/api/reference/adoptions")
    async def adopt(request: Request) -> Response:
        person, actor = await _admin(parts, request)
        parts.spend(person.username)
        asked = _read(await _body(request, DRAFT_BYTES_MAX), Adoption)
        assert parts.editions is not None, "an administrator was let in, so the parts are there"
        if asked.version not in await parts.editions.named(asked.version):
            raise Problem("not_found", found=asked.version, hint="POST /api/reference/drafts")
        try:
            async with parts.pool.acquire() as connection, adoptions.one_at_a_time(connection, UNDER_WAY_S_MAX):
                return await _adopted(parts, asked, actor)
        except adoptions.AdoptionUnderWay as error:
            raise Problem(error.code, hint=REPEAT) from error


async def _adopted(parts: Parts, asked: Adoption, actor: Actor) -> Response:
    begun = await _rows(parts, asked)
    base, contents = await parts.in_force()
    if not begun and asked.version not in {base, *parts.hub.in_force.values()}:
        findings = await asyncio.to_thread(_checked, contents, await parts.contents(asked.version))
        if faults(findings):
            return _refused(findings)
    adopt = Adopt(asked.version, asked.base, asked.note)
    offsets = await append_adoption(parts.appender, str(asked.action_id), actor, adopt, now_ms())
    waits = [parts.hub.decisions.outcome(partition, offset, DECIDED_S_MAX) for partition, offset in offsets.items()]
    found = dict(zip(offsets, await asyncio.gather(*waits), strict=True))
    failpoints.hit("api.adoption_decided")
    records = {p: r for p, r in found.items() if isinstance(r, AdoptionRecord)}
    if any(r.outcome is Outcome.REPEATED for r in records.values()):
        first = await _rows(parts, asked)
        records = {p: first.get(p, r) if r.outcome is Outcome.REPEATED else r for p, r in records.items()}
    return _told(asked, records, len(offsets))


async def _rows(parts: Parts, asked: Adoption) -> dict[int, AdoptionRecord]:
    """What was decided first about this action id, as far as the rows know."""
    async with parts.pool.acquire() as connection:
        rows = await adoptions.read_rows(connection)
    return {p: row.record for p, row in adoptions.decided_first(rows, str(asked.action_id)).items()}


async def _drafted(parts: Parts, base: str, old: Contents, new: Contents | None, findings: list[Finding]) -> Response:
    """Check, publish what has no fault, and say what differs and whom it touches."""
    from reference.draft import differences, open_case, touched

    if new is None or faults(findings):
        return _refused(findings)
    findings = [*findings, *await asyncio.to_thread(_checked, old, new)]
    if faults(findings):
        return _refused(findings)
    version, contents = pack(new)
    added = await refs.publish(parts.bootstrap, parts.names, contents)
    zone = ZoneInfo(parts.profile.about.zone)
    found = await asyncio.to_thread(differences, old, new, zone)
    cases = [case async for file in parts.hub.open_files() if (case := open_case(file)) is not None]
    preview = await asyncio.to_thread(lambda: touched(rules_of(old, base), rules_of(new, version), cases, now_ms()))
    body = {
        "version": version,
        "base": base,
        "published": added,
        "findings": msgspec.to_builtins(findings[:FINDINGS_SHOWN_MAX]),
        "differences": msgspec.to_builtins(found),
        "preview": {
            "open_cases": preview.seen,
            "touched": len(preview.standard.touched),
            "by_class": preview.standard.by_class,
            "by_unit": preview.standard.by_unit,
            "examples": msgspec.to_builtins(preview.standard.touched[:TOUCHED_SHOWN_MAX]),
            "moves": len(preview.moves),
            "move_examples": msgspec.to_builtins(preview.moves[:TOUCHED_SHOWN_MAX]),
        },
    }
    return Response(msgspec.json.encode(body), 201 if added else 200, media_type="application/json")


def _told(asked: Adoption, records: Mapping[int, AdoptionRecord], wanted: int) -> Response:
    body: dict[str, Any] = {
        "action_id": str(asked.action_id),
        "version": asked.version,
        "decided": len(records),
        "partitions": {
            str(p): {"outcome": str(r.outcome), "action_offset": r.origin.offset, "at_ms": r.at_ms}
            for p, r in sorted(records.items())
        },
    }
    rejected = next((r.rejection for r in records.values() if r.rejection is not None), None)
    if rejected is not None:
        zh, en = SENTENCES[rejected.code]
        problem = {"type": f"urn:liandong:reason:{rejected.code}", "title": zh, "title_en": en, "status": 409}
        code = {"code": str(rejected.code), **rejected.detail}
        return JSONResponse({**problem, **code, **body}, 409, media_type="application/problem+json")
    if len(records) < wanted:
        return JSONResponse({**body, "hint": "repeat with the same action_id"}, 202)
    changed = any(r.outcome is Outcome.ACCEPTED for r in records.values())
    return JSONResponse({**body, "outcome": "accepted" if changed else "unchanged"}, 200)


async def _admin(parts: Parts, request: Request) -> tuple[Person, Actor]:
    person = await parts.person(request)
    actor = next(
        (p for p in person.posts if p.role is Role.ADMIN and parts.profile.about.root.startswith(p.scope)), None
    )
    if actor is None:
        raise Problem("forbidden", found=[str(post.role) for post in person.posts], allowed=["admin"])
    _ = parts.hub
    return person, actor


async def _body(request: Request, bytes_max: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > bytes_max:
            raise Problem("too_large", found=len(body), allowed=bytes_max)
    return bytes(body)


def _read(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("malformed", found=str(error), allowed=list(kind.__struct_fields__)) from error


def _refused(findings: list[Finding]) -> Response:
    wrong = faults(findings)
    raise Problem(
        "reference_faults",
        found=len(wrong),
        allowed=0,
        findings=msgspec.to_builtins([*wrong, *(f for f in findings if f not in wrong)][:FINDINGS_SHOWN_MAX]),
    )


def _amended(old: Contents, given: Mapping[str, bytes], changes: bytes) -> tuple[Contents | None, list[Finding]]:
    from domain.grid.changes import apply_changes
    from reference.draft import amended
    from reference.grid_changes import read_changes

    new, findings = amended(old, given)
    if new is None or not changes:
        return new, findings
    read, wrong = read_changes("changes.json", changes)
    wrong += [_without_time(number) for number, one in enumerate(read, start=1) if one is not None and one.at is None]
    applied = apply_changes(new.grids, new.posts, read, now_ms())
    grown = msgspec.structs.replace(new, grids=applied.grids, posts=applied.posts)
    return grown, [*findings, *wrong, *applied.findings]


def _without_time(row: int) -> Finding:
    """A draft waits to be adopted, and nobody knows until when: what it changes needs an instant that lies ahead."""
    return Finding(
        "grid_change.time_missing",
        "changes",
        f"第 {row} 项没有写明生效时间 at,应为将来的时刻,如 2027-01-01T00:00:00+08:00。",
        f"Item {row} states no effective time 'at'; it needs one that lies ahead, like 2027-01-01T00:00:00+08:00.",
        "",
        "2027-01-01T00:00:00+08:00",
        row=row,
    )


def _imported(old: Contents, content: bytes, version: str | None) -> tuple[Contents | None, list[Finding]]:
    from reference.standard_workbook import import_workbook

    with TemporaryDirectory(prefix="liandong-") as folder:
        path = Path(folder) / "standard.xlsx"
        path.write_bytes(content)
        standard, findings = import_workbook(path, old.standard, old.units, version)
    return (None if standard is None else msgspec.structs.replace(old, standard=standard)), findings


def _checked(old: Contents, new: Contents) -> list[Finding]:
    from reference.draft import check_draft

    return check_draft(old, new, now_ms())
