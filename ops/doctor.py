"""`liandong doctor`: what is there, which version, and what to do about what is missing."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ops.embedded.jars import listed, missing
from ops.embedded.java import find_java
from ops.embedded.postgres import find_binaries
from ops.setup import DASHBOARD
from reference.profile import load_profile
from runtime.failpoints import SETTING, named_folder
from runtime.faults import Fault
from runtime.settings import Settings, load_settings

FREE_MB_MIN = 2_000
ASK_S_MAX = 10


def doctor() -> None:
    """Look at everything a start needs; exits 1 if something is missing."""
    settings = load_settings()
    table = Table("项目 what", "状态 state", "说明 found, and what to do", show_lines=False)
    sound = True
    for name, look in CHECKS.items():
        try:
            state, told = "✓", look(settings)
        except Fault as fault:
            state, told, sound = "✗", "\n".join(fault.lines()), False
        table.add_row(name, state, escape(told))
    Console().print(table)
    if not sound:
        raise typer.Exit(1)


def _python(_settings: Settings) -> str:
    return sys.version.split()[0]


def _java(settings: Settings) -> str:
    program, version = find_java(settings.java)
    return f"Java {version}, {program}"


def _jars(settings: Settings) -> str:
    absent = missing(settings.cache_dir / "jars", listed())
    if absent:
        raise Fault(
            "jar.missing",
            f"缺少 {len(absent)} 个 Kafka jar。",
            f"{len(absent)} of Kafka's jars are missing.",
            hint_zh="请运行 make setup(需联网)。",
            hint_en="Run make setup (needs the network).",
        )
    return f"{len(listed())} jars, SHA-256 verified"


def _postgres(_settings: Settings) -> str:
    said = subprocess.run(
        [str(find_binaries() / "postgres"), "--version"], capture_output=True, text=True, timeout=ASK_S_MAX, check=True
    )
    return said.stdout.strip()


def _dashboard(_settings: Settings) -> str:
    if not (DASHBOARD.parent / "api" / "static" / "index.html").exists():
        raise Fault(
            "dashboard.not_built",
            "大屏尚未构建。",
            "The screens are not built.",
            hint_zh="请运行 make setup。",
            hint_en="Run make setup.",
        )
    return "built"


def _profile(settings: Settings) -> str:
    about = load_profile(settings.profile).about
    return f"{about.name_zh} {about.name_en}"


def _disk(settings: Settings) -> str:
    there = next(path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists())
    free = shutil.disk_usage(there).free // 1_000_000
    if free < FREE_MB_MIN:
        raise Fault(
            "disk.low",
            f"{there} 仅剩 {free} MB,至少需要 {FREE_MB_MIN} MB。",
            f"{there} has {free} MB left; {FREE_MB_MIN} MB are needed.",
            hint_zh="请清理磁盘,或用 LIANDONG_DATA_DIR 另指目录。",
            hint_en="Make room, or name another folder with LIANDONG_DATA_DIR.",
        )
    return f"{settings.data_dir}, {free} MB free"


def _port(settings: Settings) -> str:
    with socket.socket() as probe:
        if probe.connect_ex((settings.host, settings.port)) == 0:
            return f"{settings.port}: 已在使用(可能是联动自己) / in use, perhaps by liandong itself"
    return f"{settings.port}: free"


def _failpoints(_settings: Settings) -> str:
    if (folder := named_folder()) is not None:
        raise Fault(
            "failpoints.on",
            f"故障点已打开:{SETTING} 指定了 {folder}。",
            f"Failpoints are on: {SETTING} names {folder}.",
            hint_zh="仅供测试。生产环境请取消该变量并重新启动:能写入该目录者可以终止本系统的进程。",
            hint_en="They are for tests only. In production unset it and start again: whoever may write into that "
            "folder ends our processes.",
        )
    return "关闭 off"


CHECKS: dict[str, Callable[[Settings], str]] = {
    "Python": _python,
    "Java": _java,
    "Kafka": _jars,
    "PostgreSQL": _postgres,
    "大屏 screens": _dashboard,
    "城市档案 profile": _profile,
    "数据目录 data": _disk,
    "端口 port": _port,
    "故障点 failpoints": _failpoints,
}
"""What is looked at: its name, and what says what was found. Each raises Fault where it is not as it must be."""
