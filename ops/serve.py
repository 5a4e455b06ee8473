"""`liandong serve`: one part of the system as a process.

A part imports what it runs on and no other part's: importing is most of the time that a killed part is away.
"""

from __future__ import annotations

import asyncio
import functools
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeVar

import structlog
import typer
from aiokafka.errors import KafkaError as AioKafkaError
from kafka.errors import KafkaError

from eventlog.broker import Unreachable, reach
from eventlog.topics import TopicNames, topic_ids
from ops import failpoints
from reference.profile import Profile, load_profile
from runtime.faults import EXIT_NOT_THERE, Fault
from runtime.logs import configure_logging
from runtime.metrics import process_registry, serve_metrics, told, worker_name
from runtime.settings import Settings, load_settings

if TYPE_CHECKING:
    from streams.worker import Processor

MASTER_KEY_CHARS_MIN = 32

THERE_S_MAX = 60.0
API_REACH_S_MAX = 3.0
"""The API opens its door while the log is away; only a log-in that is refused ends it at once."""
ASK_AGAIN_S = 0.5

Answer = TypeVar("Answer")

log = structlog.get_logger("serve")

serve_app = typer.Typer(help="Run one part of the system in the foreground.", no_args_is_help=True)


def part(serve: Callable[[], None]) -> Callable[[], None]:
    """A part's command: a Fault is printed and ends it with its exit code, for whoever supervises it."""

    @functools.wraps(serve)
    def served() -> None:
        try:
            serve()
        except Fault as fault:
            typer.echo("\n".join(fault.lines()), err=True)
            sys.exit(fault.exit_code)

    return served


def require_cluster(settings: Settings) -> tuple[str, str]:
    """The configured Kafka and PostgreSQL. Raises Fault where one is not named."""
    postgres = settings.postgres.get_secret_value()
    if not settings.kafka or not postgres:
        raise Fault(
            "settings.no_cluster",
            "未指定 LIANDONG_KAFKA 或 LIANDONG_POSTGRES。",
            "LIANDONG_KAFKA or LIANDONG_POSTGRES is not set.",
            hint_zh="单机请用 liandong demo 或 liandong up。",
            hint_en="On one machine use liandong demo or liandong up.",
        )
    return settings.kafka, postgres


@serve_app.command()
@part
def dispatch() -> None:
    """The decider: reads actions, appends one decision an action."""
    from eventlog.open_letters import OpenLetters
    from reference.editions import Editions
    from streams.dispatch import Dispatch

    settings, bootstrap, postgres, names, ids, profile = _start("dispatch")
    editions, release = Editions(bootstrap, names), version("liandong")
    letters = OpenLetters(bootstrap, names.dead_letters, settings.open_letters_max)
    zone, worker, files_max = profile.about.zone, worker_name(), settings.files_a_partition_max
    processor = Dispatch(bootstrap, postgres, names, ids, editions, letters, zone, release, worker, files_max)
    _run(processor, settings, bootstrap)


@serve_app.command()
@part
def project() -> None:
    """The projections: folds events into rows."""
    from streams.project import Project

    settings, bootstrap, postgres, names, ids, profile = _start("project")
    zone, files_max = profile.about.zone, settings.files_a_partition_max
    processor = Project(bootstrap, postgres, names, ids[names.events], zone, profile.towns, files_max)
    _run(processor, settings, bootstrap)


@serve_app.command()
@part
def clock() -> None:
    """The clock: appends a tick when something falls due."""
    from streams.clock import Clock

    settings, bootstrap, postgres, names, ids, _ = _start("clock")
    _run(Clock(bootstrap, postgres, names, ids[names.events], settings.files_a_partition_max), settings, bootstrap)


@serve_app.command()
@part
def react() -> None:
    """The reactor: appends what must follow in another case."""
    from streams.react import React

    settings, bootstrap, postgres, names, ids, _ = _start("react")
    _run(React(bootstrap, postgres, names, ids[names.events]), settings, bootstrap)


@serve_app.command()
@part
def audit() -> None:
    """The auditor: computes every open clock from the log a second time and compares the board with it."""
    from ops.audit import process

    settings, bootstrap, postgres, names, _, _ = _start("audit")
    registry = process_registry("audit", version("liandong"))
    with serve_metrics(registry, settings.data_dir, "audit", settings.host, settings.metrics_port):
        process.run(bootstrap, postgres, names.events, settings.audit_every_s, registry)


@serve_app.command()
@part
def api() -> None:
    """The HTTP and websocket API with the screens."""
    from api import server

    settings = load_settings()
    configure_logging(settings.log_level, "api")
    failpoints.begin("api")
    bootstrap, postgres = require_cluster(settings)
    _require_master_key(settings)
    with suppress(Unreachable):
        asyncio.run(reach(bootstrap, API_REACH_S_MAX))
    with told(settings.data_dir, "api", settings.host, settings.port):
        server.run(settings, load_profile(settings.profile), bootstrap, postgres)


def _require_master_key(settings: Settings) -> None:
    if len(settings.master_key.get_secret_value()) < MASTER_KEY_CHARS_MIN:
        raise Fault(
            "settings.no_master_key",
            f"LIANDONG_MASTER_KEY 未设置或不足 {MASTER_KEY_CHARS_MIN} 个字符。",
            f"LIANDONG_MASTER_KEY is not set or has fewer than {MASTER_KEY_CHARS_MIN} characters.",
            hint_zh="它加密个人信息:用 openssl rand -hex 32 生成一次,妥善备份,所有接口进程共用。",
            hint_en="It seals personal data: make it once (openssl rand -hex 32), back it up, give every API the same.",
        )


def _start(name: str) -> tuple[Settings, str, str, TopicNames, dict[str, str], Profile]:
    settings = load_settings()
    configure_logging(settings.log_level, name)
    failpoints.begin(name)
    bootstrap, postgres = require_cluster(settings)
    once_there("kafka", lambda: asyncio.run(reach(bootstrap)))
    names = TopicNames(settings.topic_prefix)
    ids = once_there("kafka", lambda: topic_ids(bootstrap, [names.actions, names.events, names.dead_letters]))
    return settings, bootstrap, postgres, names, ids, load_profile(settings.profile)


def once_there(what: str, ask: Callable[[], Answer]) -> Answer:
    """Ask until the log answers. Ends the process with EXIT_NOT_THERE when it does not within THERE_S_MAX."""
    deadline = time.monotonic() + THERE_S_MAX
    said = False
    while True:
        try:
            return ask()
        except (Unreachable, AioKafkaError, KafkaError, OSError, TimeoutError) as error:
            if not said:
                log.warning("serve.waits", waits_for=what, reason=repr(error))
                said = True
        if time.monotonic() > deadline:
            log.error("serve.not_there", waited_for=what, limit_s=THERE_S_MAX)
            sys.exit(EXIT_NOT_THERE)
        time.sleep(ASK_AGAIN_S)


def _run(processor: Processor, settings: Settings, bootstrap: str) -> None:
    from streams.worker import Limits, run

    group = f"{settings.topic_prefix}{processor.name}"
    limits = Limits(settings.session_s, settings.assigned_s_max, settings.member)
    registry = process_registry(processor.name, version("liandong"))
    with serve_metrics(registry, settings.data_dir, processor.name, settings.host, settings.metrics_port):
        code = run(processor, group, bootstrap, settings.data_dir / "faust" / group, limits, registry)
    sys.exit(code)


if __name__ == "__main__":
    parts = typer.Typer()
    parts.add_typer(serve_app, name="serve")
    parts()
