"""`liandong status`: is the system in order, and if not, what is to be done?

Owns what is printed and the exit code: 0 in order, 1 degraded, 2 not running. Asks (ops/observe.py) and judges
(ops/findings.py) elsewhere.
"""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ops.findings import (
    DEGRADED,
    DIFFERENT,
    HEALTHY,
    NOT_RUNNING,
    SAME,
    Findings,
    FoldFound,
    Reason,
    ServiceFound,
    reasons,
)
from ops.observe import observe
from ops.system import join
from runtime.settings import Settings

WATCH_S = 2.0
STATE = {HEALTHY: "healthy", DEGRADED: "degraded", NOT_RUNNING: "not_running"}
STILL = Reason(
    "system.not_running",
    "系统未运行。请用 liandong up(或 liandong demo)启动;若在集群上,请设置 LIANDONG_KAFKA 与 LIANDONG_POSTGRES。",
    "The system is not running. Start it with liandong up (or liandong demo); on a cluster set LIANDONG_KAFKA and "
    "LIANDONG_POSTGRES.",
)
COMPARED = {SAME: "一致 the same", DIFFERENT: "不一致 DIFFERENT"}


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
    partitions: Annotated[bool, typer.Option("--partitions", help="Every partition, not only the worst.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every 2 s, until Ctrl-C.")] = False,
) -> None:
    """How the running system is; exits 0 in order, 1 degraded (with the reasons), 2 not running."""
    settings = join()
    if watch and not as_json:
        _watch(settings, partitions)
        return
    found = _look(settings)
    code, told = judged(found)
    if as_json:
        typer.echo(msgspec.json.encode(_plain(found, code, told)).decode())
    else:
        Console().print(shown(found, told, partitions))
    raise typer.Exit(code)


def judged(found: Findings | None) -> tuple[int, list[Reason]]:
    """The exit code and why; None is a system that nobody could even look for."""
    if found is None or not found.running:
        return NOT_RUNNING, [STILL]
    told = reasons(found)
    return (DEGRADED if told else HEALTHY), told


def shown(found: Findings | None, told: list[Reason], partitions: bool) -> RenderableType:
    """The findings as tables, then the reasons, for people."""
    verdict = [Text(f"✗ [{r.code}] {r.zh}\n  {r.en}", style="red") for r in told] or [Text("✓ 正常 in order")]
    if found is None or not found.running:
        return Group(*verdict)
    parts: list[RenderableType] = [_processes(found), _services(found), _topics(found), _folds(found)]
    if partitions:
        parts.append(_partitions(found.folds))
    return Group(*parts, _rest(found), *verdict)


def _look(settings: Settings) -> Findings | None:
    return asyncio.run(observe(settings)) if settings.kafka else None


def _watch(settings: Settings, partitions: bool) -> None:
    with Live(console=Console(), auto_refresh=False, screen=True) as live:
        while True:
            found = _look(settings)
            live.update(shown(found, judged(found)[1], partitions), refresh=True)
            time.sleep(WATCH_S)


def _plain(found: Findings | None, code: int, told: list[Reason]) -> dict[str, Any]:
    plain: dict[str, Any] = {"state": STATE[code], "reasons": told}
    if found is None:
        return plain
    lags = {fold.name: {"lag": fold.lag, "worst": fold.worst} for fold in found.folds}
    return plain | {"lags": lags} | msgspec.to_builtins(found)


def _processes(found: Findings) -> Table:
    table = Table("进程 process", "pid", "内存 memory", "已运行 up", "重启 restarts", title_justify="left")
    for process in found.processes:
        if process.pid is None:
            table.add_row(process.part, "无应答 silent", "", "", _or_dash(process.restarts))
            continue
        memory, up = _size(process.memory_bytes), _span(process.uptime_s)
        table.add_row(process.part, str(process.pid), memory, up, _or_dash(process.restarts))
    return table


def _services(found: Findings) -> Table:
    table = Table("服务 service", "版本 version", "应答 answer")
    services: tuple[tuple[str, ServiceFound], ...] = (("Kafka", found.kafka), ("PostgreSQL", found.postgres))
    for name, service in services:
        table.add_row(name, service.version, service.fault or f"{service.answer_ms} ms")
    return table


def _topics(found: Findings) -> Table:
    table = Table("主题 topic", "记录 records", "大小 size")
    for topic in found.topics:
        table.add_row(topic.name, str(topic.records), _size(topic.size_bytes))
    return table


def _folds(found: Findings) -> Table:
    table = Table("积压 lag", "记录 records", "最落后分区 worst partition")
    for fold in found.folds:
        worst = fold.worst
        told = "" if worst is None else f"{worst.partition}: {worst.lag}"
        stuck = f"  停滞 stands still: {', '.join(map(str, fold.stuck))}" if fold.stuck else ""
        table.add_row(fold.name, str(fold.lag), told + stuck)
    return table


def _partitions(folds: tuple[FoldFound, ...]) -> Table:
    table = Table("分区 partition", *(f"{fold.name} (lag)" for fold in folds))
    for row in zip(*(fold.places for fold in folds), strict=True):
        table.add_row(str(row[0].partition), *(f"{place.next_offset} ({place.lag})" for place in row))
    return table


def _rest(found: Findings) -> Table:
    board = found.board
    why = {"moving": "记录不断到达,位置未对齐 records keep coming, no common place"}.get(board.why, board.why)
    compared = COMPARED.get(board.verdict, f"目前无法比较 not comparable now ({why})")
    lag = "-" if found.feed_lag_s is None else f"{found.feed_lag_s:.1f} s"
    table = Table(show_header=False)
    table.add_row("大屏与数据库 wall and rows", f"{compared}  {board.rows_digest[:16]}")
    table.add_row("位置 position", board.rows_pos)
    table.add_row("大屏数据延迟 feed lag", lag)
    audit = "-"
    if found.audit is not None and found.audit.divergent is not None:
        verdict = COMPARED[DIFFERENT if found.audit.divergent else SAME]
        audit = f"{verdict}  不同 differ {found.audit.divergent},{found.audit.age_s:.0f} 秒前 s ago"
    table.add_row("看板与日志(对账)board and log (auditor)", audit)
    letters = f"{_or_dash(found.dead_letters)}, 上限 limit {found.dead_letters_max}"
    table.add_row("无法解读,待处理 open dead letters", letters)
    disk = found.disk
    table.add_row("数据目录 data", f"{disk.folder}, {_size(disk.used_bytes)}, 剩余 free {_size(disk.free_bytes)}")
    return table


def _or_dash(count: int | None) -> str:
    return "-" if count is None else str(count)


def _size(count: int | None) -> str:
    if count is None:
        return "-"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
