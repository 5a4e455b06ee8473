"""`liandong setup` and `liandong dashboard`: what a fresh machine needs besides Python packages.

Fetches the broker's jars, lets Java keep their classes in an archive, and builds the screens with the node that comes
as a wheel. Jars and an archive that are there already are not made again.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import typer
from rich.console import Console

from ops.embedded.archive import make as make_archive
from ops.embedded.jars import ensure, listed
from runtime.faults import Fault
from runtime.settings import Settings, load_settings

DASHBOARD = Path(__file__).parent.parent / "dashboard"
BUILD_S_MAX = 600

dashboard_app = typer.Typer(help="The screens: build and check them.", no_args_is_help=True)


def setup() -> None:
    """Fetch the broker's jars (once a user), let Java keep their classes (once an installation of Java), and build the
    screens (whenever their sources changed)."""
    settings = load_settings()
    jars = ensure(settings.cache_dir)
    size = sum(jar.size for jar in listed()) / 1_000_000
    typer.echo(f"Kafka: {len(jars)} jars, {size:.0f} MB, verified in {settings.cache_dir / 'jars'}")
    keep_classes(settings)
    build()


def keep_classes(settings: Settings) -> None:
    """Make the archive of the broker's classes. Without it the broker starts all the same, so what went wrong is only
    said."""
    try:
        with Console(stderr=True).status("Kafka: 类归档,约十秒 the archive of its classes, some ten seconds"):
            archive = asyncio.run(make_archive(settings.cache_dir, settings.java))
    except Fault as fault:
        typer.echo("\n".join(fault.lines()), err=True)
    else:
        typer.echo(f"Kafka: 类归档 the archive of its classes is {archive}")


@dashboard_app.command("build")
def build() -> None:
    """Build the screens into what the API serves."""
    _require_sources()
    _npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
    _npm("run", "build")
    typer.echo("dashboard: built")


@dashboard_app.command("check")
def check() -> None:
    """Type-check the screens and run their own tests."""
    _require_sources()
    if not (DASHBOARD / "node_modules").exists():
        _npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
    _npm("run", "check")
    _npm("test")


def _require_sources() -> None:
    if not (DASHBOARD / "package.json").exists():
        raise Fault(
            "dashboard.no_sources",
            f"没有大屏源码:{DASHBOARD}。",
            f"The sources of the screens are not there: {DASHBOARD}.",
            hint_zh="请在完整的项目目录中运行。",
            hint_en="Run this in a whole checkout.",
        )


def _npm(*arguments: str) -> None:
    beside = Path(sys.executable).with_name("npm")
    program = str(beside) if beside.exists() else shutil.which("npm")
    if program is None:
        raise Fault(
            "dashboard.no_node",
            "没有 node。",
            "There is no node.",
            hint_zh="请运行 make setup。",
            hint_en="Run make setup.",
        )
    done = subprocess.run([program, *arguments], cwd=DASHBOARD, timeout=BUILD_S_MAX, check=False)
    if done.returncode != 0:
        raise Fault(
            "dashboard.failed",
            f"npm {' '.join(arguments)} 失败。",
            f"npm {' '.join(arguments)} failed.",
            hint_zh="原因见上方输出。",
            hint_en="The reason stands above.",
        )
