"""`liandong replay`: a case's story straight from the record, through a client that shares nothing with ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from eventlog.history import case_history
from eventlog.record import DecisionRecord, record_hash
from eventlog.topics import TopicNames
from ops.system import join
from reference.profile import load_profile
from runtime.faults import Fault


def replay(
    case: Annotated[str, typer.Option("--case", help="The case's id.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the stored records, one a line.")] = False,
) -> None:
    """Print a case's story from the `events` topic (kafka-python; no projection in between) and check its chain."""
    settings = join()
    if not settings.kafka:
        raise Fault(
            "settings.no_cluster",
            "未指定 LIANDONG_KAFKA。",
            "LIANDONG_KAFKA is not set.",
            hint_zh="运行中的 demo 会打印 Kafka 地址。",
            hint_en="A running demo prints where its Kafka is.",
        )
    zone = ZoneInfo(load_profile(settings.profile).about.zone)
    head: str | None = None
    links = 0
    for entry in case_history(settings.kafka, TopicNames(settings.topic_prefix), case):
        record = entry.record
        if not isinstance(record, DecisionRecord):
            continue
        if as_json:
            typer.echo((entry.stored.value or b"").decode())
            continue
        typer.echo(_line(record, zone, broken=record.chained and record.prev != head))
        if record.chained:
            head, links = record_hash(entry.stored.value or b""), links + 1
    if not links and not as_json:
        raise Fault("replay.unknown_case", f"记录中没有案件 {case}。", f"The record knows no case {case}.")


def _line(record: DecisionRecord, zone: ZoneInfo, *, broken: bool) -> str:
    at = datetime.fromtimestamp(record.at_ms / 1000, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    attempt = record.attempt
    who = f"{attempt.actor.role} {attempt.actor.person}" if attempt else "-"
    what = attempt.action.__struct_config__.tag if attempt else "-"
    parts = [f"{at}  {what} ({who}) → {record.outcome}"]
    if record.rejection is not None:
        parts.append(f"{record.rejection.code}, state {record.rejection.state}")
    for event in record.events:
        told = {
            k: v for k, v in msgspec.to_builtins(event).items() if k in ("clock", "limit", "verdict", "kind", "unit")
        }
        parts.append(f"{event.__struct_config__.tag} {told or ''}".rstrip())
    return ("!! 断链 broken chain  " if broken else "") + "\n      ".join(parts)
